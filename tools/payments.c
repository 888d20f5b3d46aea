/* SPDX-License-Identifier: Apache-2.0 */
/* Newest records first: the newest word on a request is the one that counts. */
#include "tools/payments.h"

#include "commands/link.h"
#include "core/base/assert.h"
#include "core/base/scope.h"
#include "eventstore/range.h"

#include <stdio.h>

#define PAGE 256
#define RECORDS_LOOKED_AT 4096 /* of the provider's stream, from its end */
#define TIMEOUT_MS 5000

/* Whom to ask, and what they said. */
struct reading {
    struct cf_range_client *range;
    struct cf_link *link;
    struct cf_payments *payments;
};

static struct cf_waiting_payment *find_in(struct cf_waiting_payment *list, size_t count,
                                          struct cf_id subject, enum cf_request request)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].request == request && cf_id_equal(list[i].subject, subject))
            return &list[i];
    return NULL;
}

static struct cf_waiting_payment *find(struct cf_payments *payments, struct cf_id subject,
                                       enum cf_request request)
{
    return find_in(payments->waiting, payments->count, subject, request);
}

static void add(struct cf_payments *payments, const struct cf_waiting_payment *waiting)
{
    if (payments->count < CF_PAYMENTS_WAITING_MAX)
        payments->waiting[payments->count++] = *waiting;
    else
        payments->unlisted++;
}

/* -- What waits ------------------------------------------------------------------------------ */

static enum cf_status read_open(struct reading *reading, struct cf_fault *reterr_fault)
{
    struct cf_range_request page[PAGE];
    uint64_t after = 0;
    size_t count;
    do {
        CF_TRY(cf_range_requests(reading->range, after, page, PAGE, &count, reterr_fault));
        for (size_t i = 0; i < count; i++) {
            add(reading->payments,
                &(struct cf_waiting_payment){.subject = page[i].subject,
                                             .request = (enum cf_request)page[i].kind,
                                             .wait = CF_PAYMENT_OPEN,
                                             .sequence = page[i].sequence});
            after = page[i].sequence;
        }
    } while (count == PAGE);
    return CF_OK;
}

/* The retries among the timers that are due first. */
static enum cf_status read_retries(struct reading *reading, struct cf_fault *reterr_fault)
{
    static struct cf_link_timer timers[CF_LINK_TIMERS_MAX];
    size_t count;
    CF_TRY(cf_link_timers(reading->link, TIMEOUT_MS, timers, CF_LINK_TIMERS_MAX, &count,
                          &reading->payments->now_us, reterr_fault));
    for (size_t i = 0; i < count; i++) {
        enum cf_request request;
        if (cf_timer_is_retry(timers[i].timer, &request))
            add(reading->payments, &(struct cf_waiting_payment){.subject = timers[i].subject,
                                                                .request = request,
                                                                .wait = CF_PAYMENT_RETRY,
                                                                .retry_at_us = timers[i].due_us});
    }
    return CF_OK;
}

/* -- Why ------------------------------------------------------------------------------------- */

static void note_reason(struct cf_waiting_payment *waiting, uint64_t sequence, uint32_t attempt,
                        struct cf_bytes reason)
{
    if (waiting->reason[0] != '\0')
        return; /* a newer record said so */
    waiting->sequence = waiting->sequence == 0 ? sequence : waiting->sequence;
    waiting->attempt = attempt;
    snprintf(waiting->reason, sizeof waiting->reason, "%.*s", (int)reason.size,
             (const char *)reason.data);
}

static void note_notice(struct cf_payments *payments,
                        const struct cf_event_provider_event_quarantined *quarantined)
{
    if (payments->notice_count++ >= CF_PAYMENTS_NOTICES_MAX)
        return;
    struct cf_quarantined_notice *notice = &payments->notices[payments->notice_count - 1];
    bool fits = cf_token_set(&notice->event, quarantined->event) &&
                cf_token_set(&notice->object, quarantined->object);
    CF_ASSERT(fits); /* both are tokens in the record */
    snprintf(notice->reason, sizeof notice->reason, "%.*s", (int)quarantined->reason.size,
             (const char *)quarantined->reason.data);
}

/* Newest first: what a record says of a request that still waits, or was put aside. */
static void note(struct cf_payments *payments, const struct cf_event *event)
{
    const struct cf_event_request_deferred *deferred = &event->request_deferred;
    const struct cf_event_request_parked *parked = &event->request_parked;
    struct cf_waiting_payment *waiting;
    if (event->type == CF_EVENT_REQUEST_DEFERRED) {
        waiting = find(payments, deferred->subject_id, deferred->request);
        if (waiting != NULL)
            note_reason(waiting, deferred->requested_by, deferred->attempt, deferred->reason);
    } else if (event->type == CF_EVENT_REQUEST_PARKED) {
        waiting = find(payments, parked->subject_id, parked->request);
        if (waiting != NULL || find_in(payments->reopened, payments->reopened_count,
                                       parked->subject_id, parked->request) != NULL)
            return;
        struct cf_waiting_payment aside = {
            .subject = parked->subject_id, .request = parked->request, .wait = CF_PAYMENT_PARKED};
        note_reason(&aside, parked->requested_by, 0, parked->reason);
        add(payments, &aside);
    } else if (event->type == CF_EVENT_REQUEST_REOPENED) {
        if (payments->reopened_count < CF_PAYMENTS_WAITING_MAX)
            payments->reopened[payments->reopened_count++] =
                (struct cf_waiting_payment){.subject = event->request_reopened.subject_id,
                                            .request = event->request_reopened.request};
    } else if (event->type == CF_EVENT_PROVIDER_EVENT_QUARANTINED) {
        note_notice(payments, &event->provider_event_quarantined);
    }
}

static enum cf_status read_event(struct reading *reading, uint64_t sequence,
                                 struct cf_range_records *records, struct cf_record *ret_record,
                                 struct cf_event *ret_event, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_range_read(reading->range, sequence, 1, records, reterr_fault));
    if (records->count == 0)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "a record of the provider's stream is not there");
    CF_TRY(cf_record_decode(records->records[0], ret_record, reterr_fault));
    return cf_record_event(ret_record, ret_event, reterr_fault);
}

/* The stream's length: the versions that are there are those up to it. */
static enum cf_status stream_length(struct reading *reading, uint32_t *ret_length,
                                    struct cf_fault *reterr_fault)
{
    uint32_t low = 0, high = UINT32_MAX;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        uint64_t sequence;
        size_t count;
        CF_TRY(cf_range_stream(reading->range, CF_PROVIDER_STREAM, middle, &sequence, 1, &count,
                               reterr_fault));
        if (count == 0)
            high = middle;
        else
            low = middle;
    }
    *ret_length = low;
    return CF_OK;
}

static enum cf_status read_reasons(struct reading *reading, struct cf_fault *reterr_fault)
{
    static uint64_t sequences[RECORDS_LOOKED_AT];
    CF_CLEANUP(cf_range_records_clean_up) struct cf_range_records records = {0};
    uint32_t length;
    size_t count = 0;
    CF_TRY(stream_length(reading, &length, reterr_fault));
    uint32_t first = length > RECORDS_LOOKED_AT ? length - RECORDS_LOOKED_AT + 1 : 1;
    for (size_t got = 1; got > 0 && count < RECORDS_LOOKED_AT; count += got)
        CF_TRY(cf_range_stream(reading->range, CF_PROVIDER_STREAM, first + (uint32_t)count,
                               sequences + count, RECORDS_LOOKED_AT - count, &got, reterr_fault));
    while (count > 0) {
        struct cf_record record;
        struct cf_event event;
        CF_TRY(read_event(reading, sequences[--count], &records, &record, &event, reterr_fault));
        note(reading->payments, &event);
    }
    return CF_OK;
}

/* When each was asked for, by the record that asked. */
static enum cf_status read_ages(struct reading *reading, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_range_records_clean_up) struct cf_range_records records = {0};
    for (size_t i = 0; i < reading->payments->count; i++) {
        struct cf_record record;
        if (reading->payments->waiting[i].sequence == 0)
            continue;
        CF_TRY(cf_range_read(reading->range, reading->payments->waiting[i].sequence, 1, &records,
                             reterr_fault));
        if (records.count > 0 && cf_record_decode(records.records[0], &record, NULL) == CF_OK)
            reading->payments->waiting[i].asked_us = record.time_us;
    }
    return CF_OK;
}

enum cf_status cf_payments_read(const struct cf_data_dir *dir, struct cf_payments *ret_payments,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_link_close) struct cf_link *link = NULL;
    CF_CLEANUP(cf_scope_cf_range_client_close) struct cf_range_client *range = NULL;
    memset(ret_payments, 0, sizeof *ret_payments);
    CF_TRY(cf_link_open(cf_data_dir_socket(dir, "writer").text, &link, reterr_fault));
    CF_TRY(cf_range_client_open(cf_data_dir_socket(dir, "range").text, NULL, &range, reterr_fault));
    struct reading reading = {.link = link, .range = range, .payments = ret_payments};
    CF_TRY(read_open(&reading, reterr_fault));
    CF_TRY(read_retries(&reading, reterr_fault));
    CF_TRY(read_reasons(&reading, reterr_fault));
    return read_ages(&reading, reterr_fault);
}
