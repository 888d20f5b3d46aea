/* SPDX-License-Identifier: Apache-2.0 */
/* The state's batches: what one record changes beside the rows that evolve knows. */
#include "eventstore/state.h"

#include "core/base/assert.h"
#include "eventstore/state_private.h"

/* --- Outcomes --------------------------------------------------------------------------------- */

/* A stored outcome: these, then each tag as its key, its size and its bytes. */
struct outcome_head {
    uint64_t first;
    uint64_t last;
    uint32_t command;
    uint32_t tag_count;
};

#define OUTCOME_SIZE_MAX                                                                           \
    (sizeof(struct outcome_head) + (size_t)CF_TAGS_MAX * (sizeof(uint32_t) + 1 + CF_TAG_SIZE_MAX))

struct cf_tables_key cf_state_key_of_outcome(const struct cf_id *actor, struct cf_bytes key)
{
    struct cf_tables_key row_key = {0};
    cf_tables_key_add(&row_key, cf_id_bytes(actor));
    cf_tables_key_add(&row_key, key);
    return row_key;
}

static size_t outcome_print(const struct cf_state_outcome *outcome, uint8_t *ret_bytes)
{
    const struct outcome_head head = {.first = outcome->first,
                                      .last = outcome->last,
                                      .command = outcome->command,
                                      .tag_count = outcome->tag_count};
    memcpy(ret_bytes, &head, sizeof head);
    size_t size = sizeof head;
    for (uint32_t i = 0; i < outcome->tag_count; i++) {
        const struct cf_field_tag *tag = &outcome->tags[i];
        memcpy(ret_bytes + size, &tag->key, sizeof tag->key);
        size += sizeof tag->key;
        ret_bytes[size++] = (uint8_t)tag->tag.size;
        memcpy(ret_bytes + size, tag->tag.data, tag->tag.size);
        size += tag->tag.size;
    }
    CF_ASSERT(size <= OUTCOME_SIZE_MAX);
    return size;
}

static bool outcome_parse(struct cf_bytes bytes, struct cf_state_outcome *ret_outcome)
{
    struct outcome_head head;
    if (bytes.size < sizeof head)
        return false;
    memcpy(&head, bytes.data, sizeof head);
    if (head.tag_count > CF_TAGS_MAX)
        return false;
    ret_outcome->first = head.first;
    ret_outcome->last = head.last;
    ret_outcome->command = head.command;
    ret_outcome->tag_count = head.tag_count;
    size_t at = sizeof head, tag_at = 0;
    for (uint32_t i = 0; i < head.tag_count; i++) {
        struct cf_field_tag *tag = &ret_outcome->tags[i];
        if (bytes.size - at < sizeof tag->key + 1)
            return false;
        memcpy(&tag->key, bytes.data + at, sizeof tag->key);
        size_t size = bytes.data[at + sizeof tag->key];
        at += sizeof tag->key + 1;
        if (size > CF_TAG_SIZE_MAX || bytes.size - at < size)
            return false;
        memcpy(ret_outcome->tag_bytes + tag_at, bytes.data + at, size);
        tag->tag = cf_bytes_from(ret_outcome->tag_bytes + tag_at, size);
        at += size;
        tag_at += size;
    }
    return at == bytes.size;
}

static void pending_write(struct cf_state *state)
{
    if (state->pending_key.size == 0)
        return;
    uint8_t bytes[OUTCOME_SIZE_MAX];
    size_t size = outcome_print(&state->pending, bytes);
    cf_tables_put(&state->store, CF_STATE_keys, cf_tables_key_bytes(&state->pending_key),
                  cf_bytes_from(bytes, size));
    state->pending_key.size = 0;
}

bool cf_state_outcome(struct cf_state *state, const struct cf_id *actor, struct cf_bytes key,
                      struct cf_state_outcome *ret_outcome)
{
    CF_ASSERT(key.size <= CF_IDEMPOTENCY_KEY_SIZE_MAX);
    pending_write(state);
    struct cf_tables_key row_key = cf_state_key_of_outcome(actor, key);
    struct cf_bytes value;
    return cf_tables_get(&state->store, CF_STATE_keys, cf_tables_key_bytes(&row_key), &value) &&
           outcome_parse(value, ret_outcome);
}

static enum cf_status outcome_apply(struct cf_state *state, const struct cf_record *record,
                                    struct cf_fault *reterr_fault)
{
    struct cf_tables_key key = cf_state_key_of_outcome(&record->actor_id, record->idempotency_key);
    if (record->command == 0) {
        /* A further record of its command, whose first may lie in an earlier batch of a rebuild. */
        if (!cf_bytes_equal(cf_tables_key_bytes(&key), cf_tables_key_bytes(&state->pending_key)) &&
            !cf_state_outcome(state, &record->actor_id, record->idempotency_key, &state->pending))
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record's command has no first record",
                       "sequence %llu", (unsigned long long)record->sequence);
        state->pending_key = key;
        state->pending.last = record->sequence;
        return CF_OK;
    }
    pending_write(state);
    struct cf_state_outcome *pending = &state->pending;
    pending->first = record->sequence;
    pending->last = record->sequence;
    pending->command = record->command;
    pending->tag_count = record->tag_count;
    size_t at = 0;
    for (uint32_t i = 0; i < record->tag_count; i++) {
        struct cf_bytes tag = record->tags[i].tag;
        memcpy(pending->tag_bytes + at, tag.data, tag.size);
        pending->tags[i] = (struct cf_field_tag){
            .key = record->tags[i].key, .tag = cf_bytes_from(pending->tag_bytes + at, tag.size)};
        at += tag.size;
    }
    state->pending_key = key;
    return CF_OK;
}

/* --- Streams and subjects --------------------------------------------------------------------- */

static uint32_t *stream_cell(struct cf_state *state, const struct cf_id *stream, bool edit)
{
    return cf_tables_cell(&state->store, CF_STATE_streams, cf_id_bytes(stream), sizeof(uint32_t),
                          edit, edit);
}

static struct cf_state_subject *subject_cell(struct cf_state *state, const struct cf_id *subject,
                                             bool edit)
{
    return cf_tables_cell(&state->store, CF_STATE_subjects, cf_id_bytes(subject),
                          sizeof(struct cf_state_subject), edit, edit);
}

uint32_t cf_state_stream_version(struct cf_state *state, const struct cf_id *stream)
{
    const uint32_t *version = stream_cell(state, stream, false);
    return version == NULL ? 0 : *version;
}

uint64_t cf_state_subject_newest(struct cf_state *state, const struct cf_id *subject,
                                 uint64_t *ret_count)
{
    const struct cf_state_subject *cell = subject_cell(state, subject, false);
    if (ret_count != NULL)
        *ret_count = cell == NULL ? 0 : cell->count;
    return cell == NULL ? 0 : cell->newest;
}

static enum cf_status stream_apply(struct cf_state *state, const struct cf_record *record,
                                   struct cf_fault *reterr_fault)
{
    uint32_t *version = stream_cell(state, &record->stream_id, true);
    if (record->stream_version != *version + 1)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record does not follow its stream's last one",
                   "sequence %llu: version %u after %u", (unsigned long long)record->sequence,
                   record->stream_version, *version);
    *version = record->stream_version;
    struct cf_tables_key key = {0};
    cf_tables_key_add(&key, cf_id_bytes(&record->stream_id));
    cf_tables_key_add_number(&key, record->stream_version, 4);
    cf_tables_put(&state->store, CF_STATE_stream_records, cf_tables_key_bytes(&key),
                  cf_bytes_from(&record->sequence, sizeof record->sequence));
    return CF_OK;
}

static enum cf_status subjects_apply(struct cf_state *state, const struct cf_record *record,
                                     struct cf_fault *reterr_fault)
{
    for (uint32_t i = 0; i < record->subject_count; i++) {
        struct cf_state_subject *subject = subject_cell(state, &record->subjects[i].id, true);
        if (record->subjects[i].previous != subject->newest)
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record's back-link is wrong",
                       "sequence %llu: %llu, not %llu", (unsigned long long)record->sequence,
                       (unsigned long long)record->subjects[i].previous,
                       (unsigned long long)subject->newest);
        subject->newest = record->sequence;
        subject->count++;
    }
    return CF_OK;
}

static enum cf_status indexes_apply(struct cf_state *state, const struct cf_record *record,
                                    struct cf_fault *reterr_fault)
{
    CF_TRY(stream_apply(state, record, reterr_fault));
    CF_TRY(subjects_apply(state, record, reterr_fault));
    return outcome_apply(state, record, reterr_fault);
}

/* --- The batch -------------------------------------------------------------------------------- */

enum cf_status cf_state_begin(struct cf_state *state, size_t record_count,
                              struct cf_fault *reterr_fault)
{
    CF_TRY(cf_tables_begin(&state->store, record_count, reterr_fault));
    state->sequence_batch = state->sequence;
    state->pending_key.size = 0;
    return CF_OK;
}

struct cf_book *cf_state_book(struct cf_state *state)
{
    CF_ASSERT(state->store.txn != NULL);
    return &state->book.book;
}

uint64_t cf_state_sequence(const struct cf_state *state)
{
    return state->sequence;
}

enum cf_status cf_state_apply(struct cf_state *state, const struct cf_record *record,
                              const struct cf_event *event, struct cf_fault *reterr_fault)
{
    CF_ASSERT(state->store.txn != NULL);
    if (record->sequence != state->sequence_batch + 1)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record does not follow the last one",
                   "sequence %llu after %llu", (unsigned long long)record->sequence,
                   (unsigned long long)state->sequence_batch);
    if (state->half != CF_STATE_BOOK)
        CF_TRY(indexes_apply(state, record, reterr_fault));
    enum cf_status status = CF_OK;
    if (state->half != CF_STATE_INDEXES)
        status = state->evolve(&state->book.book, record, event, reterr_fault);
    /* What the tables could not do explains whatever evolve made of it. */
    CF_TRY(cf_tables_status(&state->store, reterr_fault));
    CF_TRY(status);
    state->sequence_batch = record->sequence;
    return CF_OK;
}

enum cf_status cf_state_prepare(struct cf_state *state, struct cf_fault *reterr_fault)
{
    pending_write(state);
    return cf_tables_flush(&state->store, reterr_fault);
}

enum cf_status cf_state_commit(struct cf_state *state, const struct cf_hash *root,
                               struct cf_fault *reterr_fault)
{
    pending_write(state);
    const struct cf_state_applied applied = {
        .sequence = state->sequence_batch,
        .root = *root,
        .layout_version = CF_STATE_LAYOUT_VERSION,
        .book_layout_version = CF_BOOK_LAYOUT_VERSION,
    };
    cf_tables_put(&state->store, CF_STATE_meta, CF_BYTES_LITERAL("applied"),
                  cf_bytes_from(&applied, sizeof applied));
    CF_TRY(cf_tables_commit(&state->store, reterr_fault));
    state->sequence = state->sequence_batch;
    cf_state_copy_when_due(state);
    return CF_OK;
}

void cf_state_abort(struct cf_state *state)
{
    cf_tables_abort(&state->store);
}

/* --- Timers and requests ---------------------------------------------------------------------- */

#define TIMER_KEY_SIZE (8 + CF_ID_SIZE + 1)

size_t cf_state_timers(struct cf_state *state, int64_t until_us, struct cf_state_timer *ret_timers,
                       size_t count_max)
{
    size_t count = 0;
    struct cf_tables_key after = {0};
    cf_tables_key_add_number(&after, 0, 8);
    while (count < count_max) {
        uint8_t key[TIMER_KEY_SIZE];
        if (cf_tables_scan(&state->store, CF_STATE_timers_due, cf_tables_key_bytes(&after), 0, true,
                           key, sizeof key, 1) == 0)
            break;
        struct cf_bytes bytes = cf_bytes_from(key, sizeof key);
        struct cf_state_timer *timer = &ret_timers[count];
        timer->due_us = (int64_t)cf_tables_key_number(bytes, 0, 8);
        if (timer->due_us > until_us)
            break;
        memcpy(timer->subject.bytes, key + 8, CF_ID_SIZE);
        timer->timer = (enum cf_timer)key[8 + CF_ID_SIZE];
        after.size = 0;
        cf_tables_key_add(&after, bytes);
        count++;
    }
    return count;
}

bool cf_state_requests_any(struct cf_state *state)
{
    const uint8_t first[8] = {0};
    uint8_t key[8 + 1 + CF_ID_SIZE];
    return cf_tables_scan(&state->store, CF_STATE_requests_open, cf_bytes_from(first, sizeof first),
                          0, false, key, sizeof key, 1) == 1;
}
