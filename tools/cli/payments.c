/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer payments: what waits for the provider, why, since when, and when it is tried next; what was put aside
 * for people; how the gateway fares, endpoint by endpoint.
 *
 * Three sources: the requests that are open (range service), the retries that are due later (the writer's
 * timers), and the newest records of the provider's stream, which say why.
 */
#include "commands/link.h"
#include "core/aggregate/deferred.h"
#include "core/event/record.h"
#include "core/json_writer.h"
#include "core/time.h"
#include "eventstore/bus.h"
#include "eventstore/data_dir.h"
#include "eventstore/range.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>

#define PAGE 256
#define RECORDS_LOOKED_AT 4096 /* of the provider's stream, from its end */
#define WAITING_MAX 4096
#define TIMEOUT_MS 5000
#define STATUS_SIZE_MAX ((size_t)64 << 10)

enum state { OPEN, RETRY, PARKED };

static const char *const state_names[] = {[OPEN] = "open", [RETRY] = "retry", [PARKED] = "parked"};

struct waiting {
    struct cf_id subject;
    enum cf_request request;
    enum state state;
    uint64_t sequence;   /* of the asking event; 0 not known */
    int64_t asked_us;    /* 0 not known */
    int64_t retry_at_us; /* RETRY */
    uint32_t attempt;    /* tries so far; 0 not known */
    char reason[160];
};

struct payments {
    struct cf_range_client *range;
    struct cf_link *link;
    struct waiting waiting[WAITING_MAX];
    size_t count;
    struct waiting reopened[WAITING_MAX]; /* was put aside once, and asked for again */
    size_t reopened_count;
    size_t unlisted; /* what did not fit */
    uint64_t quarantined;
    int64_t now_us;
};

static struct waiting *find_in(struct waiting *list, size_t count, struct cf_id subject,
                               enum cf_request request)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].request == request && cf_id_equal(list[i].subject, subject))
            return &list[i];
    return NULL;
}

static struct waiting *find(struct payments *payments, struct cf_id subject,
                            enum cf_request request)
{
    return find_in(payments->waiting, payments->count, subject, request);
}

static void add(struct payments *payments, const struct waiting *waiting)
{
    if (payments->count < WAITING_MAX)
        payments->waiting[payments->count++] = *waiting;
    else
        payments->unlisted++;
}

/* -- What waits ------------------------------------------------------------------------------ */

static enum cf_status read_open(struct payments *payments, struct cf_fault *reterr_fault)
{
    struct cf_range_request page[PAGE];
    uint64_t after = 0;
    size_t count;
    do {
        CF_TRY(cf_range_requests(payments->range, after, page, PAGE, &count, reterr_fault));
        for (size_t i = 0; i < count; i++) {
            add(payments, &(struct waiting){.subject = page[i].subject,
                                            .request = (enum cf_request)page[i].kind,
                                            .state = OPEN,
                                            .sequence = page[i].sequence});
            after = page[i].sequence;
        }
    } while (count == PAGE);
    return CF_OK;
}

/* The retries among the timers that are due first. */
static enum cf_status read_retries(struct payments *payments, struct cf_fault *reterr_fault)
{
    static struct cf_link_timer timers[CF_LINK_TIMERS_MAX];
    size_t count;
    CF_TRY(cf_link_timers(payments->link, TIMEOUT_MS, timers, CF_LINK_TIMERS_MAX, &count,
                          &payments->now_us, reterr_fault));
    for (size_t i = 0; i < count; i++) {
        enum cf_request request;
        if (cf_timer_is_retry(timers[i].timer, &request))
            add(payments, &(struct waiting){.subject = timers[i].subject,
                                            .request = request,
                                            .state = RETRY,
                                            .retry_at_us = timers[i].due_us});
    }
    return CF_OK;
}

/* -- Why ------------------------------------------------------------------------------------- */

static void note_reason(struct waiting *waiting, uint64_t sequence, uint32_t attempt,
                        struct cf_bytes reason)
{
    if (waiting->reason[0] != '\0')
        return; /* a newer record said so */
    waiting->sequence = waiting->sequence == 0 ? sequence : waiting->sequence;
    waiting->attempt = attempt;
    snprintf(waiting->reason, sizeof waiting->reason, "%.*s", (int)reason.size,
             (const char *)reason.data);
}

/* Newest first: what a record says of a request that still waits, or was put aside. */
static void note(struct payments *payments, const struct cf_event *event)
{
    const struct cf_event_request_deferred *deferred = &event->request_deferred;
    const struct cf_event_request_parked *parked = &event->request_parked;
    struct waiting *waiting;
    if (event->type == CF_EVENT_REQUEST_DEFERRED) {
        waiting = find(payments, deferred->subject_id, deferred->request);
        if (waiting != NULL)
            note_reason(waiting, deferred->requested_by, deferred->attempt, deferred->reason);
    } else if (event->type == CF_EVENT_REQUEST_PARKED) {
        waiting = find(payments, parked->subject_id, parked->request);
        if (waiting != NULL || find_in(payments->reopened, payments->reopened_count,
                                       parked->subject_id, parked->request) != NULL)
            return;
        struct waiting aside = {
            .subject = parked->subject_id, .request = parked->request, .state = PARKED};
        note_reason(&aside, parked->requested_by, 0, parked->reason);
        add(payments, &aside);
    } else if (event->type == CF_EVENT_REQUEST_REOPENED) {
        if (payments->reopened_count < WAITING_MAX)
            payments->reopened[payments->reopened_count++] =
                (struct waiting){.subject = event->request_reopened.subject_id,
                                 .request = event->request_reopened.request};
    } else if (event->type == CF_EVENT_PROVIDER_EVENT_QUARANTINED) {
        payments->quarantined++;
    }
}

static enum cf_status read_event(struct payments *payments, uint64_t sequence,
                                 struct cf_range_records *records, struct cf_record *ret_record,
                                 struct cf_event *ret_event, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_range_read(payments->range, sequence, 1, records, reterr_fault));
    if (records->count == 0)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "a record of the provider's stream is not there");
    CF_TRY(cf_record_decode(records->records[0], ret_record, reterr_fault));
    return cf_record_event(ret_record, ret_event, reterr_fault);
}

/* The stream's length: the versions that are there are those up to it. */
static enum cf_status stream_length(struct payments *payments, uint32_t *ret_length,
                                    struct cf_fault *reterr_fault)
{
    uint32_t low = 0, high = UINT32_MAX;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        uint64_t sequence;
        size_t count;
        CF_TRY(cf_range_stream(payments->range, CF_PROVIDER_STREAM, middle, &sequence, 1, &count,
                               reterr_fault));
        if (count == 0)
            high = middle;
        else
            low = middle;
    }
    *ret_length = low;
    return CF_OK;
}

static enum cf_status read_reasons(struct payments *payments, struct cf_fault *reterr_fault)
{
    static uint64_t sequences[RECORDS_LOOKED_AT];
    CF_CLEANUP(cf_range_records_clean_up) struct cf_range_records records = {0};
    uint32_t length;
    size_t count = 0;
    CF_TRY(stream_length(payments, &length, reterr_fault));
    uint32_t first = length > RECORDS_LOOKED_AT ? length - RECORDS_LOOKED_AT + 1 : 1;
    for (size_t got = 1; got > 0 && count < RECORDS_LOOKED_AT; count += got)
        CF_TRY(cf_range_stream(payments->range, CF_PROVIDER_STREAM, first + (uint32_t)count,
                               sequences + count, RECORDS_LOOKED_AT - count, &got, reterr_fault));
    while (count > 0) {
        struct cf_record record;
        struct cf_event event;
        CF_TRY(read_event(payments, sequences[--count], &records, &record, &event, reterr_fault));
        note(payments, &event);
    }
    return CF_OK;
}

/* When each was asked for, by the record that asked. */
static enum cf_status read_ages(struct payments *payments, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_range_records_clean_up) struct cf_range_records records = {0};
    for (size_t i = 0; i < payments->count; i++) {
        struct cf_record record;
        if (payments->waiting[i].sequence == 0)
            continue;
        CF_TRY(cf_range_read(payments->range, payments->waiting[i].sequence, 1, &records,
                             reterr_fault));
        if (records.count > 0 && cf_record_decode(records.records[0], &record, NULL) == CF_OK)
            payments->waiting[i].asked_us = record.time_us;
    }
    return CF_OK;
}

/* -- Printing -------------------------------------------------------------------------------- */

/* "3d 4h", "12m", "5s". */
static const char *span(int64_t us, char ret_text[32])
{
    if (us >= CF_DAY_US)
        snprintf(ret_text, 32, "%lldd %lldh", (long long)(us / CF_DAY_US),
                 (long long)(us % CF_DAY_US / CF_HOUR_US));
    else if (us >= CF_HOUR_US)
        snprintf(ret_text, 32, "%lldh %lldm", (long long)(us / CF_HOUR_US),
                 (long long)(us % CF_HOUR_US / CF_MINUTE_US));
    else if (us >= CF_MINUTE_US)
        snprintf(ret_text, 32, "%lldm", (long long)(us / CF_MINUTE_US));
    else
        snprintf(ret_text, 32, "%llds", (long long)(us > 0 ? us / CF_SECOND_US : 0));
    return ret_text;
}

static void print_table(const struct payments *payments)
{
    if (payments->count == 0)
        printf("Nothing waits for the provider.\n");
    else
        printf("%-7s %-18s %-36s %8s %6s %9s  %s\n", "state", "request", "about", "since", "tries",
               "next try", "why");
    for (size_t i = 0; i < payments->count; i++) {
        const struct waiting *waiting = &payments->waiting[i];
        char subject[CF_ID_TEXT_SIZE], since[32] = "-", next[32] = "-", tries[16] = "-";
        cf_id_print(waiting->subject, subject);
        if (waiting->asked_us != 0)
            span(payments->now_us - waiting->asked_us, since);
        if (waiting->retry_at_us != 0)
            span(waiting->retry_at_us - payments->now_us, next);
        if (waiting->attempt != 0)
            snprintf(tries, sizeof tries, "%u", waiting->attempt);
        printf("%-7s %-18s %-36s %8s %6s %9s  %s\n", state_names[waiting->state],
               cf_request_name(waiting->request), subject, since, tries, next, waiting->reason);
    }
    if (payments->unlisted > 0)
        printf("and %zu more\n", payments->unlisted);
    if (payments->quarantined > 0)
        printf("%llu notices were quarantined lately: `coffer replay --type "
               "provider_event_quarantined`\n",
               (unsigned long long)payments->quarantined);
}

static struct cf_json *to_json(const struct payments *payments)
{
    struct cf_json *list = cf_json_array();
    for (size_t i = 0; i < payments->count; i++) {
        const struct waiting *waiting = &payments->waiting[i];
        char subject[CF_ID_TEXT_SIZE], time[CF_TIME_TEXT_SIZE];
        struct cf_json *item = cf_json_object();
        cf_id_print(waiting->subject, subject);
        cf_json_set_text(item, "state", state_names[waiting->state]);
        cf_json_set_text(item, "request", cf_request_name(waiting->request));
        cf_json_set_text(item, "subject", subject);
        cf_json_set_integer(item, "sequence", (int64_t)waiting->sequence);
        cf_json_set_integer(item, "tries", waiting->attempt);
        cf_json_set_text(item, "reason", waiting->reason);
        if (waiting->asked_us != 0) {
            cf_time_print(waiting->asked_us, time);
            cf_json_set_text(item, "asked_at", time);
        }
        if (waiting->retry_at_us != 0) {
            cf_time_print(waiting->retry_at_us, time);
            cf_json_set_text(item, "retry_at", time);
        }
        cf_json_append(list, item);
    }
    return list;
}

/* How the gateway fares, in its own words; NULL where it does not answer. */
static struct cf_json *ask_gateway(const struct cf_data_dir *dir)
{
    struct cf_bus_client *client = NULL;
    struct cf_json *json = NULL;
    struct cf_buf about;
    cf_buf_init(&about, STATUS_SIZE_MAX);
    if (cf_bus_client_open(cf_data_dir_socket(dir, "gateway").text, &client, NULL) != CF_OK ||
        cf_bus_client_call(client, CF_BYTES_LITERAL("status"), TIMEOUT_MS, &about, NULL) != CF_OK ||
        cf_json_parse(cf_buf_bytes(&about), &json, NULL) != CF_OK)
        json = NULL;
    cf_bus_client_close(client);
    cf_buf_clean_up(&about);
    return json;
}

static void print_gateway(const struct cf_json *gateway)
{
    if (gateway == NULL) {
        printf("The gateway does not answer: nothing is performed until it runs.\n");
        return;
    }
    const struct cf_json *provider = cf_json_get(gateway, "provider");
    printf("gateway: %lld under way, %lld performed, %lld deferred, %lld parked since its start\n",
           (long long)cf_json_integer_at(gateway, "under_way", 0),
           (long long)cf_json_integer_at(gateway, "performed", 0),
           (long long)cf_json_integer_at(gateway, "deferred", 0),
           (long long)cf_json_integer_at(gateway, "parked", 0));
    printf("provider: breaker %s, %lld calls waiting, %lld flying; %lld calls, %lld retries, %lld "
           "limited, %lld failures\n",
           cf_json_text_at(provider, "breaker"),
           (long long)cf_json_integer_at(provider, "waiting", 0),
           (long long)cf_json_integer_at(provider, "in_flight", 0),
           (long long)cf_json_integer_at(provider, "calls", 0),
           (long long)cf_json_integer_at(provider, "retries", 0),
           (long long)cf_json_integer_at(provider, "limited", 0),
           (long long)cf_json_integer_at(provider, "failures", 0));
}

static void print_endpoints(const struct cf_json *provider)
{
    const struct cf_json *endpoints = cf_json_get(provider, "endpoints");
    for (size_t i = 0; i < cf_json_size(endpoints); i++) {
        const struct cf_json *endpoint = cf_json_item(endpoints, i);
        char rate[48] = "no limit";
        int64_t per_second = cf_json_integer_at(endpoint, "rate_per_second", 0);
        if (per_second > 0)
            snprintf(rate, sizeof rate, "at most %lld a second", (long long)per_second);
        printf("  %-14s %8lld calls, %6lld waiting, %s\n", cf_json_text_at(endpoint, "operation"),
               (long long)cf_json_integer_at(endpoint, "calls", 0),
               (long long)cf_json_integer_at(endpoint, "waiting", 0), rate);
    }
}

/* -- All of it ------------------------------------------------------------------------------- */

static enum cf_status read_all(struct payments *payments, const struct cf_data_dir *dir,
                               struct cf_fault *reterr_fault)
{
    CF_TRY(cf_link_open(cf_data_dir_socket(dir, "writer").text, &payments->link, reterr_fault));
    CF_TRY(cf_range_client_open(cf_data_dir_socket(dir, "range").text, NULL, &payments->range,
                                reterr_fault));
    CF_TRY(read_open(payments, reterr_fault));
    CF_TRY(read_retries(payments, reterr_fault));
    CF_TRY(read_reasons(payments, reterr_fault));
    return read_ages(payments, reterr_fault);
}

static enum cf_status print_all(const struct payments *payments, struct cf_json *gateway, bool json)
{
    if (!json) {
        print_table(payments);
        print_gateway(gateway);
        if (gateway != NULL)
            print_endpoints(cf_json_get(gateway, "provider"));
        cf_json_destroy(gateway);
        return CF_OK;
    }
    struct cf_buf text;
    struct cf_json *object = cf_json_object();
    cf_json_set(object, "waiting", to_json(payments));
    cf_json_set_integer(object, "unlisted", (int64_t)payments->unlisted);
    cf_json_set_integer(object, "quarantined", (int64_t)payments->quarantined);
    if (gateway != NULL)
        cf_json_set(object, "gateway", gateway);
    cf_buf_init(&text, (size_t)16 << 20);
    enum cf_status status = cf_json_print(object, &text);
    if (status == CF_OK)
        printf("%.*s\n", (int)text.size, (const char *)text.data);
    cf_buf_clean_up(&text);
    cf_json_destroy(object);
    return status;
}

int cf_cli_payments(int argc, char **argv)
{
    static struct payments payments;
    const char *data = NULL;
    bool json = false;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_FLAG("json", &json, "one object for programs"),
    };
    const struct cf_usage usage = {"payments", options, sizeof options / sizeof options[0], 0, 0};
    struct cf_fault fault = {0};
    struct cf_data_dir dir;
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    enum cf_status status = cf_data_dir_open_ledger(data, &dir, &fault);
    if (status == CF_OK)
        status = read_all(&payments, &dir, &fault);
    cf_range_client_close(payments.range);
    cf_link_close(payments.link);
    if (status == CF_OK)
        status = print_all(&payments, ask_gateway(&dir), json);
    return status == CF_OK ? CF_EXIT_GOOD : cf_cli_fail("payments", &fault);
}
