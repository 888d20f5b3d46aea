/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/history.h"

#include "core/aggregate/evolve.h"
#include "core/aggregate/subjects.h"
#include "tests/support/cmocka.h"

void cf_history_init(struct cf_history *history)
{
    *history = (struct cf_history){.memory = cf_book_memory_new(),
                                   .replay = cf_book_memory_new(),
                                   .now_us = INT64_C(1767225600000000)};
    assert_non_null(history->memory);
    assert_non_null(history->replay);
    history->book = cf_book_memory_book(history->memory);
}

void cf_history_clean_up(struct cf_history *history)
{
    cf_book_memory_destroy(history->memory);
    cf_book_memory_destroy(history->replay);
}

struct cf_id cf_history_id(struct cf_history *history)
{
    uint32_t count = ++history->ids;
    const uint8_t random[CF_ID_RANDOM_SIZE] = {0,
                                               0,
                                               0,
                                               0,
                                               0,
                                               0,
                                               (uint8_t)(count >> 24),
                                               (uint8_t)(count >> 16),
                                               (uint8_t)(count >> 8),
                                               (uint8_t)count};
    return cf_id_make(INT64_C(1767225600000000), random);
}

static void replay(struct cf_history *history, const struct cf_record *record,
                   const struct cf_event *event)
{
    static uint8_t bytes[CF_RECORD_SIZE_MAX];
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_record_encode_event(record, event, &writer);
    struct cf_record decoded;
    struct cf_event decoded_event;
    struct cf_fault fault = {0};
    struct cf_bytes written = cf_bytes_from(bytes, writer.size);
    if (cf_record_decode(written, &decoded, &fault) != CF_OK ||
        cf_record_event(&decoded, &decoded_event, &fault) != CF_OK ||
        cf_fold(cf_book_memory_book(history->replay), &decoded, &decoded_event, &fault) != CF_OK)
        fail_msg("the record of %s does not read back: %s (%s)",
                 cf_event_name((uint32_t)event->type), fault.text, fault.detail);
}

enum cf_status cf_history_try(struct cf_history *history, const struct cf_event *event)
{
    struct cf_record record = {
        .sequence = ++history->sequence,
        .time_us = history->now_us,
        .event_number = (uint32_t)event->type,
        .stream_id = cf_event_stream_id(event),
        .actor_id = CF_ACTOR_SYSTEM,
        .idempotency_key = CF_BYTES_LITERAL("k"),
    };
    record.stream_version =
        cf_stream_version(history->book, cf_event_stream(event->type), &record.stream_id) + 1;
    history->fault = (struct cf_fault){0};
    CF_TRY(cf_fold(history->book, &record, event, &history->fault));
    replay(history, &record, event);
    if (history->on_event != NULL)
        history->on_event(history->context, &record, event);
    return CF_OK;
}

void cf_history_append(struct cf_history *history, const struct cf_event *event)
{
    if (cf_history_try(history, event) != CF_OK)
        fail_msg("%s: %s", history->fault.text, history->fault.detail);
}

void cf_history_check_replay(const struct cf_history *history)
{
    const char *what = "";
    if (!cf_book_memory_equal(history->memory, history->replay, &what))
        fail_msg("a replay gives other %s", what);
}

int64_t cf_history_balance(const struct cf_history *history, enum cf_account_kind kind,
                           enum cf_currency currency, const struct cf_id *owner)
{
    struct cf_account account = {.kind = kind, .currency = currency};
    if (owner != NULL)
        account.owner = *owner;
    return history->book->ops->balance(history->book, &account);
}
