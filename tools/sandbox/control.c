/* SPDX-License-Identifier: Apache-2.0 */
/* The controls of tests: clock, faults, limits. */
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>
#include <time.h>

void cf_sandbox_control_clock(struct cf_call *call)
{
    struct cf_sandbox *sandbox = call->sandbox;
    struct cf_json *clock = cf_json_object();
    cf_json_set_integer(clock, "now", call->now);
    cf_json_set_bool(clock, "frozen", sandbox->frozen);
    cf_json_set_integer(clock, "next_due", cf_store_due_next(call->store));
    cf_json_set_integer(clock, "webhooks_under_way",
                        (int64_t)sandbox->deliveries_in_flight + sandbox->next_asked);
    cf_json_set_bool(clock, "in_order", sandbox->options.in_order);
    cf_call_answer_taken(call, clock);
}

/* Forwards only. What falls due on the way happens as of the moment when it was due. */
void cf_sandbox_control_clock_set(struct cf_call *call)
{
    struct cf_sandbox *sandbox = call->sandbox;
    int64_t target = cf_call_integer(call, "now", call->now + cf_call_integer(call, "advance", 0));
    bool frozen = cf_json_get(call->params, "frozen") == NULL ? sandbox->frozen
                                                              : cf_call_is_true(call, "frozen");
    if (target < call->now) {
        cf_call_refuse(call, 400, NULL, "now", "The clock goes forwards only.");
        return;
    }
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    cf_sandbox_clock_set(sandbox, frozen, frozen ? target : target - (int64_t)real.tv_sec);
    call->now = target;
    sandbox->next_asked = sandbox->options.in_order && cf_call_is_true(call, "next");
    cf_sandbox_control_clock(call);
}

void cf_sandbox_control_fault_add(struct cf_call *call)
{
    for (size_t i = 0; i < CF_SANDBOX_FAULT_COUNT_MAX; i++) {
        struct cf_sandbox_fault *fault = &call->sandbox->faults[i];
        const char *path = cf_call_text(call, "path");
        if (fault->count != 0)
            continue;
        *fault = (struct cf_sandbox_fault){.count = cf_call_integer(call, "count", 1),
                                           .delay_ms = cf_call_integer(call, "delay_ms", 0)};
        snprintf(fault->kind, sizeof fault->kind, "%s", cf_call_text(call, "kind"));
        snprintf(fault->path, sizeof fault->path, "%s", path == NULL ? "" : path);
        cf_call_answer_taken(call, cf_json_object());
        return;
    }
    cf_call_refuse(call, 400, NULL, NULL, "Too many faults at once.");
}

void cf_sandbox_control_fault_clear(struct cf_call *call)
{
    memset(call->sandbox->faults, 0, sizeof call->sandbox->faults);
    cf_call_answer_taken(call, cf_json_object());
}

void cf_sandbox_control_traffic(struct cf_call *call)
{
    const struct cf_sandbox *sandbox = call->sandbox;
    struct cf_json *traffic = cf_json_object();
    cf_json_set_integer(traffic, "requests", sandbox->request_count);
    cf_json_set_integer(traffic, "limited", sandbox->limited_count);
    cf_json_set_integer(traffic, "busiest_second", sandbox->busiest_second);
    cf_json_set_integer(traffic, "busiest_endpoint_second", sandbox->busiest_endpoint_second);
    cf_call_answer_taken(call, traffic);
}

void cf_sandbox_control_limits(struct cf_call *call)
{
    struct cf_sandbox *sandbox = call->sandbox;
    sandbox->window = 0; /* what came before in this second does not count */
    sandbox->request_count = sandbox->limited_count = 0;
    sandbox->busiest_second = sandbox->busiest_endpoint_second = 0;
    call->sandbox->limit_global = cf_call_integer(call, "global", 0);
    call->sandbox->limit_per_endpoint = cf_call_integer(call, "per_endpoint", 0);
    cf_call_answer_taken(call, cf_json_object());
}
