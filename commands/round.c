/* SPDX-License-Identifier: Apache-2.0 */
/* One round of the writer: the commands of some messages and the timers that are due, as one batch. */
#include "commands/writer_private.h"
#include "core/base/assert.h"

#include <stdio.h>
#include <time.h>

/* Why a round begins again. */
enum again { DECIDED, BROKEN };

int64_t cf_writer_real_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * CF_SECOND_US + now.tv_nsec / 1000;
}

int64_t cf_writer_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct cf_reply failed(const char *text)
{
    struct cf_reply reply = {.kind = CF_REPLY_FAILED};
    snprintf(reply.text, sizeof reply.text, "%s", text);
    return reply;
}

static bool is_broken(const struct cf_writer_message *message, uint32_t index)
{
    return (message->broken[index / 64] >> (index % 64) & 1) != 0;
}

static void decide_entry(struct cf_writer *writer, struct cf_writer_message *message,
                         const struct cf_link_entry *entry, uint32_t index, int64_t real_us,
                         struct cf_reply *ret_reply)
{
    if (entry->number == CF_COMMAND_key_rotate) {
        *ret_reply = failed("the writer rotates its own key: coffer rotate-key");
    } else if (is_broken(message, index)) {
        *ret_reply = failed("the command broke the books; nothing happened");
    } else if (entry->deadline_us < real_us) {
        *ret_reply = failed("its deadline had passed");
    } else {
        cf_batch_decide(&writer->batch, entry, ret_reply);
        if (cf_batch_broken(&writer->batch))
            message->broken[index / 64] |= UINT64_C(1) << (index % 64);
    }
}

/* The commands of one message, in their order, and their replies. */
static enum again decide_commands(struct cf_writer *writer, struct cf_writer_message *message,
                                  struct cf_wire_cursor *cursor, uint32_t count)
{
    int64_t real_us = cf_writer_real_us();
    struct cf_wire_writer reply = cf_wire_writer_to(&message->reply);
    cf_link_write_reply_head(&reply, count);
    for (uint32_t i = 0; i < count; i++) {
        struct cf_link_entry entry;
        struct cf_reply outcome;
        /* The whole message was read once before anything was decided. */
        enum cf_status status = cf_link_read_entry(cursor, &entry, NULL);
        CF_ASSERT(status == CF_OK);
        decide_entry(writer, message, &entry, i, real_us, &outcome);
        if (cf_batch_broken(&writer->batch))
            return BROKEN;
        cf_link_write_reply(&reply, &outcome);
    }
    CF_ASSERT(cf_wire_writer_finish(&reply) == CF_OK);
    writer->figures.commands += count;
    return DECIDED;
}

static enum cf_status read_whole(struct cf_bytes bytes, struct cf_link_request *ret_request,
                                 struct cf_fault *fault)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(bytes, CF_WIRE_LENIENT);
    CF_TRY(cf_link_read_request_head(&cursor, ret_request, fault));
    for (uint32_t i = 0; i < ret_request->command_count; i++) {
        struct cf_link_entry entry;
        CF_TRY(cf_link_read_entry(&cursor, &entry, fault));
    }
    return cf_wire_finish(&cursor, fault);
}

static void answer_once(struct cf_writer_message *message, const struct cf_reply *outcome)
{
    struct cf_wire_writer reply = cf_wire_writer_to(&message->reply);
    cf_link_write_reply_head(&reply, 1);
    cf_link_write_reply(&reply, outcome);
    CF_ASSERT(cf_wire_writer_finish(&reply) == CF_OK);
}

/* From the last commit: also where no batch can begin. */
static void answer_timers(struct cf_writer *writer, struct cf_writer_message *message,
                          uint32_t count)
{
    CF_CLEANUP(cf_scope_cf_state_view_end) struct cf_state_view *view = NULL;
    struct cf_state_timer due[CF_LINK_TIMERS_MAX];
    struct cf_fault fault = {0};
    size_t found;
    enum cf_status status = cf_state_view_begin(writer->state, &view, &fault);
    if (status == CF_OK)
        status = cf_state_view_timers(view, due, count, &found, &fault);
    if (status != CF_OK) {
        const struct cf_reply outcome = failed(fault.text);
        answer_once(message, &outcome);
        return;
    }
    int64_t now_us = writer->simulated ? writer->batch.last_us : cf_writer_real_us();
    struct cf_wire_writer reply = cf_wire_writer_to(&message->reply);
    cf_link_write_timers_head(&reply, now_us, (uint32_t)found);
    for (size_t i = 0; i < found; i++)
        cf_link_write_timer(&reply, &(struct cf_link_timer){.due_us = due[i].due_us,
                                                            .subject = due[i].subject,
                                                            .timer = due[i].timer});
    CF_ASSERT(cf_wire_writer_finish(&reply) == CF_OK);
}

static void answer_cosigned(struct cf_writer *writer, struct cf_writer_message *message,
                            struct cf_bytes note)
{
    struct cf_fault fault = {0};
    struct cf_reply outcome = {.kind = CF_REPLY_ACCEPTED};
    if (cf_writer_keep_cosigned(writer, note, &fault) != CF_OK)
        outcome = failed(fault.text);
    answer_once(message, &outcome);
}

static enum again answer_rotate(struct cf_writer *writer, struct cf_writer_message *message)
{
    struct cf_fault fault = {0};
    struct cf_reply outcome = failed("the rotation broke the books; nothing happened");
    if (!is_broken(message, 0) && cf_writer_rotate(writer, &outcome, &fault) != CF_OK)
        outcome = failed(fault.text);
    answer_once(message, &outcome);
    message->broken[0] |= cf_batch_broken(&writer->batch);
    return cf_batch_broken(&writer->batch) ? BROKEN : DECIDED;
}

static enum again decide_message(struct cf_writer *writer, struct cf_writer_message *message)
{
    struct cf_fault fault = {0};
    struct cf_link_request request;
    struct cf_bytes bytes = cf_bus_request_bytes(message->request);
    cf_buf_clear(&message->reply);
    if (read_whole(bytes, &request, &fault) != CF_OK) {
        const struct cf_reply nonsense = failed(fault.text);
        answer_once(message, &nonsense);
        return DECIDED;
    }
    if (request.timers_max > 0) {
        answer_timers(writer, message, request.timers_max);
        return DECIDED;
    }
    if (request.cosigned.size > 0) {
        answer_cosigned(writer, message, request.cosigned);
        return DECIDED;
    }
    if (request.rotate)
        return answer_rotate(writer, message);
    struct cf_wire_cursor cursor = cf_wire_cursor_over(bytes, CF_WIRE_LENIENT);
    struct cf_link_request again;
    enum cf_status status = cf_link_read_request_head(&cursor, &again, NULL);
    CF_ASSERT(status == CF_OK);
    return decide_commands(writer, message, &cursor, request.command_count);
}

/* Everything of a round, decided. */
static enum again decide_all(struct cf_writer *writer, size_t count, size_t *ret_done)
{
    size_t done = 0;
    cf_batch_set_time(&writer->batch, cf_writer_real_us());
    while (done < count && !cf_batch_is_full(&writer->batch)) {
        if (decide_message(writer, &writer->messages[done]) == BROKEN)
            return BROKEN;
        done++;
    }
    struct cf_state_timer broken;
    writer->figures.timers +=
        cf_timers_fire(&writer->batch, writer->skipped, writer->skipped_count, &broken);
    if (cf_batch_broken(&writer->batch)) {
        CF_ASSERT(writer->skipped_count < CF_TIMERS_SKIPPED_MAX);
        writer->skipped[writer->skipped_count++] = broken;
        return BROKEN;
    }
    writer->timer_next_us = cf_timers_next(&writer->batch, writer->skipped, writer->skipped_count);
    cf_batch_set_time(&writer->batch, cf_writer_real_us()); /* a simulated clock may have moved */
    *ret_done = done;
    return DECIDED;
}

/* The same reply to every command of some messages; who asks for timers gets them. */
static void write_all(struct cf_writer *writer, struct cf_writer_message *messages, size_t count,
                      const struct cf_reply *outcome)
{
    for (size_t i = 0; i < count; i++) {
        struct cf_writer_message *message = &messages[i];
        struct cf_link_request request = {0};
        struct cf_fault fault = {0};
        if (read_whole(cf_bus_request_bytes(message->request), &request, &fault) != CF_OK ||
            request.command_count == 0)
            request.command_count = 1;
        cf_buf_clear(&message->reply);
        if (request.timers_max > 0) {
            answer_timers(writer, message, request.timers_max);
            continue;
        }
        struct cf_wire_writer reply = cf_wire_writer_to(&message->reply);
        cf_link_write_reply_head(&reply, request.command_count);
        for (uint32_t j = 0; j < request.command_count; j++)
            cf_link_write_reply(&reply, outcome);
        CF_ASSERT(cf_wire_writer_finish(&reply) == CF_OK);
    }
}

/* Returns how many replies could not be handed on. */
static uint64_t reply_all(struct cf_writer_message *messages, size_t count)
{
    uint64_t lost = 0;
    for (size_t i = 0; i < count; i++) {
        struct cf_writer_message *message = &messages[i];
        if (cf_bus_request_reply(message->request, cf_buf_bytes(&message->reply)) != CF_OK)
            lost++; /* its sender asks again with the same keys */
        message->request = NULL;
    }
    return lost;
}

void cf_writer_put_off(struct cf_writer *writer, size_t count)
{
    const struct cf_reply busy = {.kind = CF_REPLY_BUSY,
                                  .retry_after_ms = CF_WRITER_RETRY_AFTER_MS};
    write_all(writer, writer->surplus, count, &busy);
    writer->figures.replies_lost += reply_all(writer->surplus, count);
    writer->figures.put_off += count;
}

enum cf_status cf_writer_round(struct cf_writer *writer, size_t count, size_t *ret_done,
                               struct cf_fault *reterr_fault)
{
    struct cf_batch *batch = &writer->batch;
    struct cf_fault fault = {0};
    uint64_t head = cf_log_head(writer->log);
    size_t done = 0;
    enum cf_status status;
    for (size_t i = 0; i < count; i++)
        memset(writer->messages[i].broken, 0, sizeof writer->messages[i].broken);
    for (;;) {
        writer->rotating = false;
        status = cf_batch_begin(batch, CF_BATCH_RECORDS_MAX / 8, &fault);
        if (status != CF_OK || decide_all(writer, count, &done) == DECIDED)
            break;
        fprintf(stderr, "coffer writer: a command broke the books: %s (%s)\n", batch->fault.text,
                batch->fault.detail);
        cf_batch_abort(batch);
    }
    if (status == CF_OK)
        status = cf_batch_commit(batch, &fault);
    if (status == CF_OK && writer->rotating)
        status = cf_writer_take_key(writer, &fault);
    if (status == CF_NO_SPACE && !cf_log_failed(writer->log)) {
        struct cf_reply full = failed("the disk is full: nothing new is taken until there is room");
        write_all(writer, writer->messages, count, &full);
        done = count;
        writer->full_until_ms = cf_writer_monotonic_ms() + CF_WRITER_FULL_PAUSE_MS;
    } else if (status != CF_OK) {
        if (reterr_fault != NULL)
            *reterr_fault = fault;
        return status;
    }
    writer->figures.replies_lost += reply_all(writer->messages, done);
    *ret_done = done;
    if (cf_log_head(writer->log) == head)
        return CF_OK;
    writer->figures.batches++;
    writer->figures.records += cf_log_head(writer->log) - head;
    writer->appended_last_ms = cf_writer_monotonic_ms();
    if (writer->unsigned_since_ms == 0)
        writer->unsigned_since_ms = writer->appended_last_ms;
    cf_range_server_announce(writer->range, cf_log_head(writer->log));
    return CF_OK;
}
