/* SPDX-License-Identifier: Apache-2.0 */
/* What goes wrong on purpose, and the provider's limits. */
#include "tools/sandbox/exchange.h"

#include <time.h>

bool cf_sandbox_fault_take(struct cf_sandbox *sandbox, const char *kind, const char *path,
                           struct cf_sandbox_fault *ret_fault)
{
    for (size_t i = 0; i < CF_SANDBOX_FAULT_COUNT_MAX; i++) {
        struct cf_sandbox_fault *fault = &sandbox->faults[i];
        if (fault->count == 0 || strcmp(fault->kind, kind) != 0 ||
            strncmp(path, fault->path, strlen(fault->path)) != 0)
            continue;
        fault->count--;
        *ret_fault = *fault;
        return true;
    }
    return false;
}

static bool over_limit(struct cf_sandbox *sandbox, const struct cf_endpoint *endpoint)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec != sandbox->window) {
        sandbox->window = now.tv_sec;
        sandbox->window_count = 0;
        memset(sandbox->window_counts, 0, sizeof sandbox->window_counts);
    }
    int64_t *count = &sandbox->window_counts[endpoint - cf_endpoints];
    ++*count;
    ++sandbox->window_count;
    ++sandbox->request_count;
    if (sandbox->window_count > sandbox->busiest_second)
        sandbox->busiest_second = sandbox->window_count;
    if (*count > sandbox->busiest_endpoint_second)
        sandbox->busiest_endpoint_second = *count;
    bool over = (sandbox->limit_global > 0 && sandbox->window_count > sandbox->limit_global) ||
                (sandbox->limit_per_endpoint > 0 && *count > sandbox->limit_per_endpoint);
    sandbox->limited_count += over;
    return over;
}

bool cf_exchange_fails_before(struct cf_exchange *exchange)
{
    struct cf_sandbox *sandbox = exchange->call.sandbox;
    struct cf_call *call = &exchange->call;
    const char *path = (const char *)exchange->request->path.data;
    struct cf_sandbox_fault fault;
    if (cf_sandbox_fault_take(sandbox, "slow", path, &fault))
        exchange->delay_ms = fault.delay_ms;
    if (cf_sandbox_fault_take(sandbox, "lost_request", path, &fault)) {
        exchange->lost = true;
        cf_call_refuse(call, 503, NULL, NULL, "Lost on the way");
    } else if (over_limit(sandbox, exchange->endpoint) ||
               cf_sandbox_fault_take(sandbox, "rate_limit", path, &fault)) {
        cf_call_refuse(call, 429, "rate_limit", NULL, "Too many requests hit the API too quickly.");
    } else if (cf_sandbox_fault_take(sandbox, "conflict", path, &fault)) {
        cf_call_refuse(call, 409, "idempotency_key_in_use", NULL,
                       "There is currently another in-progress request using this Idempotent Key.");
    } else if (cf_sandbox_fault_take(sandbox, "error", path, &fault)) {
        cf_call_refuse(call, 500, NULL, NULL, "An unknown error occurred.");
    }
    return call->status != 0;
}

void cf_exchange_fails_after(struct cf_exchange *exchange)
{
    struct cf_sandbox_fault fault;
    struct cf_call *call = &exchange->call;
    const char *path = (const char *)exchange->request->path.data;
    if (cf_sandbox_fault_take(call->sandbox, "error_after", path, &fault)) {
        cf_json_destroy(CF_TAKE(call->answer));
        call->status = 0;
        cf_call_refuse(call, 500, NULL, NULL, "An unknown error occurred.");
    }
    if (cf_sandbox_fault_take(call->sandbox, "lost_response", path, &fault))
        exchange->lost = true;
}
