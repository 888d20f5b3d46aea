/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/batch.h"

#include "commands/tags.h"
#include "core/aggregate/ledger.h"
#include "core/aggregate/subjects.h"
#include "core/base/assert.h"

#include <stdio.h>

static void emit(struct cf_decision *decision, const struct cf_event *event);
static const struct cf_decision_facts facts;

enum cf_status cf_batch_init(struct cf_batch *batch, struct cf_log *log, struct cf_state *state,
                             struct cf_fault *reterr_fault)
{
    *batch =
        (struct cf_batch){.decision = {.emit = emit, .facts = &facts}, .log = log, .state = state};
    batch->capacity = CF_BATCH_RECORDS_MAX + 4096; /* one command may exceed the limit */
    batch->ends = calloc(batch->capacity, sizeof *batch->ends);
    batch->records = calloc(batch->capacity, sizeof *batch->records);
    cf_buf_init(&batch->bytes, 4 * CF_BATCH_SIZE_MAX);
    cf_buf_init(&batch->earlier, CF_RECORD_SIZE_MAX);
    if (batch->ends == NULL || batch->records == NULL ||
        cf_buf_reserve(&batch->bytes, CF_BATCH_SIZE_MAX / 8) != CF_OK) {
        cf_batch_clean_up(batch);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for batches");
    }
    return CF_OK;
}

void cf_batch_clean_up(struct cf_batch *batch)
{
    free(batch->ends);
    free(batch->records);
    cf_buf_clean_up(&batch->bytes);
    cf_buf_clean_up(&batch->earlier);
    *batch = (struct cf_batch){0};
}

enum cf_status cf_batch_begin(struct cf_batch *batch, size_t command_count,
                              struct cf_fault *reterr_fault)
{
    CF_TRY(cf_state_begin(batch->state, command_count, reterr_fault));
    CF_ASSERT(cf_state_sequence(batch->state) == cf_log_head(batch->log));
    batch->decision.book = cf_state_book(batch->state);
    batch->count = 0;
    batch->next = cf_log_head(batch->log) + 1;
    batch->status = CF_OK;
    cf_buf_clear(&batch->bytes);
    return CF_OK;
}

void cf_batch_set_time(struct cf_batch *batch, int64_t real_us)
{
    const struct cf_ledger *ledger =
        cf_book_find(batch->decision.book, CF_ROW_LEDGER, &CF_LEDGER_STREAM);
    int64_t now_us = real_us;
    if (ledger != NULL && ledger->clock == CF_CLOCK_SIMULATED)
        now_us = ledger->clock_now_us != 0 ? ledger->clock_now_us : ledger->genesis_us;
    if (now_us > batch->last_us)
        batch->last_us = now_us;
    batch->decision.now_us = batch->last_us;
}

/* -- One event ------------------------------------------------------------------------------ */

static enum cf_status emit_or_fail(struct cf_batch *batch, const struct cf_event *event)
{
    struct cf_fault *fault = &batch->fault;
    struct cf_record *record = &batch->head;
    if (batch->count == batch->capacity)
        CF_FAIL(fault, CF_NO_SPACE, "one command made too many events");
    CF_TRY(cf_shape_check(cf_event_shape((uint32_t)event->type), cf_event_value(event), fault));

    struct cf_id subjects[CF_EVENT_SUBJECTS_MAX];
    record->sequence = batch->next;
    record->time_us = batch->decision.now_us;
    record->event_number = (uint32_t)event->type;
    record->stream_id = cf_event_stream_id(event);
    if (record->command != 0)
        batch->stream_id = record->stream_id;
    record->stream_version = cf_state_stream_version(batch->state, &record->stream_id) + 1;
    record->subject_count = cf_event_subjects(event, record->actor_id, subjects);
    for (uint32_t i = 0; i < record->subject_count; i++) {
        uint64_t count;
        record->subjects[i].id = subjects[i];
        record->subjects[i].previous = cf_state_subject_newest(batch->state, &subjects[i], &count);
    }

    struct cf_wire_writer writer = cf_wire_writer_to(&batch->bytes);
    cf_record_encode_event(record, event, &writer);
    if (cf_wire_writer_finish(&writer) != CF_OK)
        CF_FAIL(fault, CF_NO_MEMORY, "no memory for a record");
    if (writer.size > CF_RECORD_SIZE_MAX)
        CF_FAIL(fault, CF_NO_SPACE, "a record is too large");
    CF_TRY(cf_state_apply(batch->state, record, event, fault));
    batch->ends[batch->count++] = batch->bytes.size;
    batch->next++;
    /* Number and tags are the first record's alone. */
    record->command = 0;
    record->tag_count = 0;
    return CF_OK;
}

static void emit(struct cf_decision *decision, const struct cf_event *event)
{
    struct cf_batch *batch = (struct cf_batch *)decision;
    if (batch->status == CF_OK)
        batch->status = emit_or_fail(batch, event);
}

/* -- One command ---------------------------------------------------------------------------- */

static struct cf_reply failed(const char *text, const char *detail)
{
    struct cf_reply reply = {.kind = CF_REPLY_FAILED};
    snprintf(reply.text, sizeof reply.text, "%s%s%s", text, detail[0] == '\0' ? "" : ": ", detail);
    return reply;
}

/* A record of this batch or of the log; borrowed until the next call. */
static enum cf_status read_back(struct cf_batch *batch, uint64_t sequence,
                                struct cf_record *ret_record)
{
    uint64_t head = cf_log_head(batch->log);
    if (sequence > head) {
        size_t index = (size_t)(sequence - head - 1);
        size_t start = index == 0 ? 0 : batch->ends[index - 1];
        return cf_record_decode(
            cf_bytes_from(batch->bytes.data + start, batch->ends[index] - start), ret_record,
            &batch->fault);
    }
    cf_buf_clear(&batch->earlier);
    CF_TRY(cf_log_read(batch->log, sequence, &batch->earlier, &batch->fault));
    return cf_record_decode(cf_buf_bytes(&batch->earlier), ret_record, &batch->fault);
}

/* The last record of the command whose first one this is: the next command's begins with a number. */
static enum cf_status last_of(struct cf_batch *batch, uint64_t first, uint64_t *ret_last)
{
    struct cf_record record;
    uint64_t last = first;
    while (last + 1 < batch->next) {
        CF_TRY(read_back(batch, last + 1, &record));
        if (record.command != 0)
            break;
        last++;
    }
    *ret_last = last;
    return CF_OK;
}

/* A key that was accepted before: the original outcome, or how the content differs. */
static enum cf_status repeat(struct cf_batch *batch, const struct cf_command_spec *spec,
                             uint64_t first, struct cf_reply *ret_reply)
{
    struct cf_record original;
    const struct cf_record *again = &batch->head;
    CF_TRY(read_back(batch, first, &original));
    *ret_reply = (struct cf_reply){.kind = CF_REPLY_CONFLICT};
    if (original.command != again->command)
        return CF_OK;
    ret_reply->conflict_field =
        cf_tags_compare(spec, again->tags, again->tag_count, original.tags, original.tag_count);
    if (ret_reply->conflict_field != 0)
        return CF_OK;
    *ret_reply = (struct cf_reply){
        .kind = CF_REPLY_ACCEPTED, .first_sequence = first, .stream_id = original.stream_id};
    return last_of(batch, first, &ret_reply->last_sequence);
}

/* batch->head has actor, key, number and tags; the input is checked. */
static void decide(struct cf_batch *batch, const struct cf_command_spec *spec, const void *input,
                   struct cf_reply *ret_reply)
{
    batch->status = cf_state_next_command(batch->state, &batch->fault);
    if (batch->status != CF_OK) {
        *ret_reply = failed("the books cannot be written", batch->fault.detail);
        return;
    }
    uint64_t before =
        cf_state_accepted(batch->state, &batch->head.actor_id, batch->head.idempotency_key);
    if (before != 0) {
        batch->status = repeat(batch, spec, before, ret_reply);
        return;
    }
    uint64_t first = batch->next;
    batch->decision.actor = batch->head.actor_id;
    uint32_t verdict = spec->decide(&batch->decision, input);
    if (batch->status == CF_OK)
        batch->status = cf_book_status(batch->decision.book);
    if (batch->status != CF_OK) {
        *ret_reply = failed("the command broke the books", batch->fault.detail);
        return;
    }
    CF_ASSERT((verdict == 0) == (batch->next > first));
    if (verdict != 0)
        *ret_reply = (struct cf_reply){.kind = CF_REPLY_REFUSED, .verdict = verdict};
    else
        *ret_reply = (struct cf_reply){.kind = CF_REPLY_ACCEPTED,
                                       .first_sequence = first,
                                       .last_sequence = batch->next - 1,
                                       .stream_id = batch->stream_id};
}

void cf_batch_decide(struct cf_batch *batch, const struct cf_link_entry *entry,
                     struct cf_reply *ret_reply)
{
    const struct cf_command_spec *spec = cf_command_find(entry->number);
    if (spec == NULL) {
        *ret_reply = failed("there is no such command", "");
        return;
    }
    struct cf_fault fault = {0};
    struct cf_wire_cursor cursor = cf_wire_cursor_over(entry->fields, CF_WIRE_LENIENT);
    memset(batch->input, 0, spec->shape.size);
    if (cf_shape_decode(&spec->shape, &cursor, batch->input, &fault) != CF_OK ||
        cf_wire_finish(&cursor, &fault) != CF_OK) {
        *ret_reply = failed("malformed", fault.detail);
        return;
    }
    batch->head = (struct cf_record){
        .actor_id = entry->actor, .idempotency_key = entry->key, .command = entry->number};
    cf_tags_make(spec, batch->input, entry->sealed_tags, entry->sealed_tag_count, &batch->head,
                 batch->tag_bytes);
    decide(batch, spec, batch->input, ret_reply);
}

void cf_batch_decide_input(struct cf_batch *batch, const struct cf_command_input *input,
                           struct cf_id actor, struct cf_bytes key, struct cf_reply *ret_reply)
{
    batch->head = (struct cf_record){
        .actor_id = actor, .idempotency_key = key, .command = input->spec->shape.number};
    cf_tags_make(input->spec, input->bytes, NULL, 0, &batch->head, batch->tag_bytes);
    decide(batch, input->spec, input->bytes, ret_reply);
}

/* -- The end -------------------------------------------------------------------------------- */

enum cf_status cf_batch_commit(struct cf_batch *batch, struct cf_fault *reterr_fault)
{
    CF_ASSERT(batch->status == CF_OK);
    if (batch->count == 0) {
        cf_state_abort(batch->state);
        return CF_OK;
    }
    size_t start = 0;
    for (size_t i = 0; i < batch->count; i++) {
        batch->records[i] = cf_bytes_from(batch->bytes.data + start, batch->ends[i] - start);
        start = batch->ends[i];
    }
    enum cf_status status = cf_state_prepare(batch->state, reterr_fault);
    if (status == CF_OK)
        status = cf_log_append(batch->log, batch->records, batch->count, reterr_fault);
    if (status != CF_OK) {
        cf_state_abort(batch->state);
        return status;
    }
    CF_ASSERT(cf_log_head(batch->log) == batch->next - 1);
    struct cf_hash root;
    cf_frontier_root(cf_log_frontier(batch->log), &root);
    return cf_state_commit(batch->state, &root, reterr_fault);
}

void cf_batch_abort(struct cf_batch *batch)
{
    cf_state_abort(batch->state);
}

/* -- Facts ---------------------------------------------------------------------------------- */

static uint64_t subject_newest(const struct cf_decision *decision, struct cf_id subject,
                               uint64_t *ret_count)
{
    return cf_state_subject_newest(((const struct cf_batch *)decision)->state, &subject, ret_count);
}

static int64_t timer_next(const struct cf_decision *decision)
{
    struct cf_state_timer next;
    struct cf_state *state = ((const struct cf_batch *)decision)->state;
    return cf_state_timers(state, INT64_MAX, &next, 1) == 0 ? INT64_MAX : next.due_us;
}

static bool requests_any(const struct cf_decision *decision)
{
    return cf_state_requests_any(((const struct cf_batch *)decision)->state);
}

static const struct cf_decision_facts facts = {
    .subject_newest = subject_newest,
    .timer_next = timer_next,
    .requests_any = requests_any,
};
