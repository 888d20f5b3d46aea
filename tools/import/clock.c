/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/clock.h"

#include "commands/gateway/inquiry.h"
#include "core/aggregate/book.h"

#include <poll.h>
#include <stdio.h>

#define TIMERS_TIMEOUT_MS 60000
#define GATEWAY_TIMEOUT_MS 1000
/* While something is under way: looks follow each other more and more slowly. */
#define WAIT_MAX_MS 2
/* A writer that was killed is started again. */
#define PATIENCE_MS 30000

/* What the sandbox says of its own time. */
struct provider_time {
    int64_t now_us;
    int64_t next_us; /* INT64_MAX: nothing is due */
    int64_t webhooks_under_way;
    bool in_order;
};

static enum cf_status ask_provider(struct cf_import_clock *clock, const char *method,
                                   const char *form, struct provider_time *ret_time,
                                   struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    CF_TRY(cf_import_provider_ask(clock->provider, method, "/_sandbox/clock",
                                  cf_bytes_from_text(form), &json, reterr_fault));
    int64_t next_s = cf_json_integer_at(json, "next_due", 0);
    bool none = next_s <= 0 || next_s > CF_TIME_MAX_US / CF_SECOND_US;
    *ret_time = (struct provider_time){.now_us = cf_json_integer_at(json, "now", 0) * CF_SECOND_US,
                                       .next_us = none ? INT64_MAX : next_s * CF_SECOND_US,
                                       .webhooks_under_way =
                                           cf_json_integer_at(json, "webhooks_under_way", 0),
                                       .in_order = cf_json_is_true(cf_json_get(json, "in_order"))};
    return CF_OK;
}

/* Reads the sandbox's clock, once it is at least there. Without a sandbox nothing is ever due. */
static enum cf_status move_provider(struct cf_import_clock *clock, int64_t to_us,
                                    struct provider_time *ret_time, struct cf_fault *reterr_fault)
{
    *ret_time = (struct provider_time){.now_us = INT64_MIN, .next_us = INT64_MAX};
    while (clock->provider != NULL && ret_time->now_us / CF_SECOND_US < to_us / CF_SECOND_US) {
        bool look = ret_time->now_us == INT64_MIN; /* it goes forwards only, and may be ahead */
        char form[48];
        snprintf(form, sizeof form, "now=%lld", (long long)(to_us / CF_SECOND_US));
        CF_TRY(
            ask_provider(clock, look ? "GET" : "POST", look ? "" : form, ret_time, reterr_fault));
    }
    return CF_OK;
}

/* Whether the sandbox tells something, or is about to, of what is due by then or by its own clock, which may be
 * ahead. */
static bool is_telling(const struct provider_time *provider, int64_t now_us)
{
    return provider->webhooks_under_way > 0 || provider->next_us <= now_us ||
           provider->next_us <= provider->now_us;
}

static enum cf_status ask_gateway(struct cf_import_clock *clock, bool *ret_idle,
                                  struct cf_fault *reterr_fault)
{
    *ret_idle = clock->gateway == NULL || clock->gateway_gone;
    if (*ret_idle)
        return CF_OK;
    enum cf_status status =
        cf_inquire_idle(clock->gateway, GATEWAY_TIMEOUT_MS, ret_idle, reterr_fault);
    if (status == CF_RETRY)
        clock->gateway_gone = *ret_idle = true;
    return status == CF_RETRY || status == CF_TIMEOUT || status == CF_CLOSED ? CF_OK : status;
}

/* Asks the ledger for one jump. Whether it was made goes to ret_moved. */
static enum cf_status jump(struct cf_import_clock *clock, int64_t to_us, bool *ret_moved,
                           struct cf_fault *reterr_fault)
{
    struct cf_command_input input;
    struct cf_fault fault = {0};
    uint32_t verdict = 0;
    char key[48];
    cf_command_input_init(&input, CF_COMMAND_clock_advance);
    cf_command_set_signed(&input, "to", to_us);
    snprintf(key, sizeof key, "import clock %lld", (long long)to_us);
    const struct cf_link_command command = {
        .input = &input, .actor = CF_ACTOR_OPERATOR, .key = cf_bytes_from_text(key)};
    enum cf_status status = cf_import_send(clock->sender, &command, &verdict, &fault);
    *ret_moved = status == CF_OK;
    const struct cf_refusal *refusal = cf_command_refusal(input.spec, verdict);
    bool later =
        refusal != NULL &&
        (strcmp(refusal->name, "TIMER_DUE") == 0 || strcmp(refusal->name, "REQUEST_OPEN") == 0 ||
         strcmp(refusal->name, "PAST_NEXT_TIMER") == 0 || strcmp(refusal->name, "BACKWARDS") == 0);
    if (status == CF_OK || later)
        return CF_OK;
    if (reterr_fault != NULL)
        *reterr_fault = fault;
    return status;
}

enum cf_status cf_import_clock_look(struct cf_import_clock *clock, struct cf_fault *reterr_fault)
{
    struct cf_link_timer timer;
    size_t count;
    return cf_link_timers(cf_import_sender_link(clock->sender), TIMERS_TIMEOUT_MS, &timer, 1,
                          &count, &clock->now_us, reterr_fault);
}

/* Whether nothing is under way at the clock's moment, to which the sandbox follows; what it says of itself goes to
 * ret_provider. */
static enum cf_status look_around(struct cf_import_clock *clock, struct provider_time *ret_provider,
                                  bool *ret_quiet, struct cf_fault *reterr_fault)
{
    struct cf_range_request request;
    uint64_t head, head_after;
    size_t requests;
    *ret_quiet = false;
    CF_TRY(cf_range_head(clock->log, &head, reterr_fault));
    CF_TRY(cf_range_requests(clock->log, 0, &request, 1, &requests, reterr_fault));
    if (requests > 0)
        return CF_OK; /* the gateway is at it; the sandbox has enough to do */
    CF_TRY(move_provider(clock, clock->now_us, ret_provider, reterr_fault));
    *ret_quiet = ret_provider->webhooks_under_way == 0;
    if (!*ret_quiet || !ret_provider->in_order)
        return CF_OK;
    /* A request is closed by the first of its outcomes. And what went from one place to the next meanwhile was
     * recorded on its way, if it was not seen. */
    CF_TRY(ask_gateway(clock, ret_quiet, reterr_fault));
    CF_TRY(cf_range_head(clock->log, &head_after, reterr_fault));
    *ret_quiet = *ret_quiet && head_after == head;
    return CF_OK;
}

/* One look at both clocks, and a jump where one is possible, or the sandbox's next thing where it goes in order. */
static enum cf_status step(struct cf_import_clock *clock, int64_t to_us, bool *ret_moved,
                           struct cf_fault *reterr_fault)
{
    struct cf_link_timer timer;
    struct provider_time provider = {0};
    size_t count;
    bool quiet;
    *ret_moved = false;
    CF_TRY(cf_link_timers(cf_import_sender_link(clock->sender), TIMERS_TIMEOUT_MS, &timer, 1,
                          &count, &clock->now_us, reterr_fault));
    if (clock->now_us >= to_us || (count > 0 && timer.due_us <= clock->now_us))
        return CF_OK; /* there, or the writer is at it */
    CF_TRY(look_around(clock, &provider, &quiet, reterr_fault));
    if (!quiet)
        return CF_OK;
    if (is_telling(&provider, clock->now_us)) {
        *ret_moved = provider.in_order;
        return provider.in_order ? ask_provider(clock, "POST", "next=true", &provider, reterr_fault)
                                 : CF_OK;
    }
    int64_t next_us = count > 0 && timer.due_us < to_us ? timer.due_us : to_us;
    if (provider.next_us < next_us) {
        next_us = provider.next_us; /* nothing is due with us then: its news are of that moment */
    } else if (provider.next_us == next_us && clock->now_us < next_us - 1) {
        next_us--; /* its news come before our timers, and not long before */
    } else {
        CF_TRY(move_provider(clock, next_us, &provider, reterr_fault));
        if (is_telling(&provider, clock->now_us))
            return CF_OK;
    }
    CF_TRY(jump(clock, next_us, ret_moved, reterr_fault));
    clock->jumps += *ret_moved;
    return CF_OK;
}

enum cf_status cf_import_clock_move(struct cf_import_clock *clock, int64_t to_us,
                                    struct cf_fault *reterr_fault)
{
    int away_ms = 0;
    for (int wait_ms = 1;;) {
        bool moved;
        enum cf_status status = step(clock, to_us, &moved, reterr_fault);
        away_ms = status == CF_OK ? 0 : away_ms + wait_ms;
        if (status != CF_OK && (status != CF_CLOSED || away_ms > PATIENCE_MS))
            return status;
        if (status == CF_OK && clock->now_us >= to_us)
            return CF_OK;
        if (cf_import_stop_asked(clock->stop))
            return cf_import_stopped(reterr_fault);
        if (moved) {
            wait_ms = 1;
            continue;
        }
        poll(NULL, 0, wait_ms);
        wait_ms = wait_ms < WAIT_MAX_MS ? 2 * wait_ms : WAIT_MAX_MS;
    }
}

enum cf_status cf_import_clock_settle(struct cf_import_clock *clock, struct cf_fault *reterr_fault)
{
    return cf_import_clock_move(clock, clock->now_us + 1000, reterr_fault);
}
