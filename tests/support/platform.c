/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/platform.h"

#include "commands/timers.h"
#include "core/time.h"
#include "tests/support/cmocka.h"

#include <stdlib.h>

#define PUT_OFF_US CF_HOUR_US

static struct cf_platform *platform_of(const struct cf_decision *decision)
{
    return (struct cf_platform *)(uintptr_t)decision; /* its first member */
}

static void emit(struct cf_decision *decision, const struct cf_event *event)
{
    struct cf_platform *platform = platform_of(decision);
    static uint8_t memory[CF_RECORD_SIZE_MAX];
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, sizeof memory);
    struct cf_event written;
    /* As the writer does: what an event says is written down before folding it changes the rows that it may
     * have borrowed from. */
    cf_event_encode(event, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    struct cf_wire_cursor cursor =
        cf_wire_cursor_over(cf_bytes_from(memory, writer.size), CF_WIRE_CANONICAL);
    assert_int_equal(cf_event_decode(event->type, &cursor, &written, NULL), CF_OK);
    platform->history.now_us = decision->now_us;
    cf_history_append(&platform->history, &written);
}

/* Keeps the record's bytes, for whoever is asked by it. */
static void keep(void *context, const struct cf_record *record, const struct cf_event *event)
{
    struct cf_platform *platform = context;
    struct cf_wire_writer writer = cf_wire_writer_to(&platform->records);
    cf_record_encode_event(record, event, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    if (record->sequence > platform->record_capacity) {
        platform->record_capacity = platform->record_capacity * 2 + 1024;
        platform->record_ends =
            realloc(platform->record_ends, platform->record_capacity * sizeof(size_t));
        assert_non_null(platform->record_ends);
    }
    platform->record_ends[record->sequence - 1] = platform->records.size;
    if (platform->on_event != NULL)
        platform->on_event(platform->context, record, event);
}

static uint64_t subject_newest(const struct cf_decision *decision, struct cf_id subject,
                               uint64_t *ret_count)
{
    (void)subject;
    *ret_count = 1;
    return platform_of(decision)->history.sequence;
}

static int64_t timer_next(const struct cf_decision *decision)
{
    struct cf_id subject;
    enum cf_timer timer;
    int64_t due_us;
    bool any =
        cf_book_memory_next_timer(platform_of(decision)->history.memory, &subject, &timer, &due_us);
    return any ? due_us : INT64_MAX;
}

static bool requests_any(const struct cf_decision *decision)
{
    (void)decision;
    return false;
}

void cf_platform_init(struct cf_platform *platform, int64_t now_us)
{
    static const struct cf_decision_facts facts = {subject_newest, timer_next, requests_any};
    *platform = (struct cf_platform){.decision = {.now_us = now_us, .emit = emit, .facts = &facts}};
    cf_history_init(&platform->history);
    platform->decision.book = platform->history.book;
    platform->history.on_event = keep;
    platform->history.context = platform;
    cf_buf_init(&platform->records, (size_t)1 << 30);
}

void cf_platform_clean_up(struct cf_platform *platform)
{
    cf_history_clean_up(&platform->history);
    cf_buf_clean_up(&platform->records);
    free(platform->record_ends);
}

uint32_t cf_platform_send(struct cf_platform *platform, struct cf_id actor,
                          const struct cf_command_input *input)
{
    uint64_t before = platform->history.sequence;
    struct cf_fault fault = {0};
    if (cf_shape_check(&input->spec->shape, input->bytes, &fault) != CF_OK)
        fail_msg("%s: %s (%s)", input->spec->shape.name, fault.text, fault.detail);
    platform->decision.actor = actor;
    uint32_t verdict = input->spec->decide(&platform->decision, input->bytes);
    if ((verdict == 0) != (platform->history.sequence > before))
        fail_msg("%s: verdict %u with %llu events", input->spec->shape.name, verdict,
                 (unsigned long long)(platform->history.sequence - before));
    platform->refused += verdict != 0;
    return verdict;
}

void cf_platform_do(struct cf_platform *platform, struct cf_id actor,
                    const struct cf_command_input *input)
{
    uint32_t verdict = cf_platform_send(platform, actor, input);
    if (verdict != 0)
        fail_msg("%s is refused: %s", input->spec->shape.name,
                 cf_command_refusal(input->spec, verdict)->name);
}

struct cf_event cf_platform_event(const struct cf_platform *platform, uint64_t sequence)
{
    struct cf_record record;
    struct cf_event event;
    assert_true(sequence >= 1 && sequence <= platform->history.sequence);
    size_t from = sequence == 1 ? 0 : platform->record_ends[sequence - 2];
    struct cf_bytes bytes =
        cf_bytes_from(platform->records.data + from, platform->record_ends[sequence - 1] - from);
    assert_int_equal(cf_record_decode(bytes, &record, NULL), CF_OK);
    assert_int_equal(cf_record_event(&record, &event, NULL), CF_OK);
    return event;
}

static void put_off(struct cf_platform *platform, const struct cf_state_timer *timer,
                    const char *reason)
{
    struct cf_command_input input;
    cf_command_input_init(&input, CF_COMMAND_timer_defer);
    cf_command_set_id(&input, "subject_id", timer->subject);
    cf_command_set_signed(&input, "timer", timer->timer);
    cf_command_set_signed(&input, "until", platform->decision.now_us + PUT_OFF_US);
    cf_command_set_text(&input, "reason", cf_bytes_from_text(reason));
    cf_platform_do(platform, CF_ACTOR_SYSTEM, &input);
}

void cf_platform_fire(struct cf_platform *platform)
{
    struct cf_state_timer timer;
    int fired = 0;
    while (cf_book_memory_next_timer(platform->history.memory, &timer.subject, &timer.timer,
                                     &timer.due_us) &&
           timer.due_us <= platform->decision.now_us) {
        struct cf_command_input input;
        if (++fired > 20000)
            fail_msg("%s fires and stays due", cf_timer_name(timer.timer));
        cf_timers_command(&timer, &input);
        uint32_t verdict = cf_platform_send(platform, CF_ACTOR_SYSTEM, &input);
        if (verdict != 0)
            put_off(platform, &timer, cf_command_refusal(input.spec, verdict)->name);
    }
}
