/* SPDX-License-Identifier: Apache-2.0 */
/* The state's batches: what one record changes beside the rows that evolve knows. */
#include "eventstore/state.h"

#include "core/base/assert.h"
#include "eventstore/sodium.h"
#include "eventstore/state_private.h"

/* Copies wait for an idle moment so many times as long as they would have to. */
#define COPY_BUSY_TIMES 16

/* --- Idempotency keys ------------------------------------------------------------------------- */

/* Keys come in no order, so each touches a page of its own: short rows keep those pages few. The
 * rest of the outcome stands in the log, where the few who ask for it again read it. */
static struct cf_bytes key_of_command(struct cf_state *state, const struct cf_id *actor,
                                      struct cf_bytes key)
{
    CF_ASSERT(key.size <= CF_IDEMPOTENCY_KEY_SIZE_MAX);
    uint8_t whole[sizeof state->asked];
    size_t size = CF_ID_SIZE + key.size;
    memcpy(whole, actor->bytes, CF_ID_SIZE);
    if (key.size > 0)
        memcpy(whole + CF_ID_SIZE, key.data, key.size);
    if (size != state->asked_size || memcmp(whole, state->asked, size) != 0) {
        memcpy(state->asked, whole, size);
        state->asked_size = size;
        cf_short_hash(cf_bytes_from(whole, size), state->asked_hash);
    }
    return cf_bytes_from(state->asked_hash, CF_SHORT_HASH_SIZE);
}

uint64_t cf_state_accepted(struct cf_state *state, const struct cf_id *actor, struct cf_bytes key)
{
    struct cf_bytes value;
    uint64_t sequence = 0;
    if (cf_tables_get(&state->store, CF_STATE_keys, key_of_command(state, actor, key), &value) &&
        value.size == sizeof sequence)
        memcpy(&sequence, value.data, sizeof sequence);
    return sequence;
}

/* Once for a command: its first record binds the key, and the further ones find it bound. */
static enum cf_status key_apply(struct cf_state *state, const struct cf_record *record,
                                struct cf_fault *reterr_fault)
{
    if (record->command == 0) {
        uint64_t first = cf_state_accepted(state, &record->actor_id, record->idempotency_key);
        if (first == 0)
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record's command has no first record",
                       "sequence %llu", (unsigned long long)record->sequence);
        return CF_OK;
    }
    cf_tables_put(&state->store, CF_STATE_keys,
                  key_of_command(state, &record->actor_id, record->idempotency_key),
                  cf_bytes_from(&record->sequence, sizeof record->sequence));
    return CF_OK;
}

/* --- Streams and subjects --------------------------------------------------------------------- */

static struct cf_state_subject *subject_cell(struct cf_state *state, const struct cf_id *subject,
                                             bool edit)
{
    return cf_tables_cell(&state->store, CF_STATE_subjects, cf_id_bytes(subject),
                          sizeof(struct cf_state_subject), edit, edit);
}

static struct cf_tables_key key_of_stream(const struct cf_id *stream, uint32_t version)
{
    struct cf_tables_key key;
    key.size = 0;
    cf_tables_key_add(&key, cf_id_bytes(stream));
    cf_tables_key_add_number(&key, version, sizeof version);
    return key;
}

static void stream_remember(struct cf_state *state, const struct cf_id *stream, uint32_t version)
{
    state->stream = *stream;
    state->stream_version = version;
    state->stream_known = true;
}

uint32_t cf_state_stream_version(struct cf_state *state, const struct cf_id *stream)
{
    if (state->stream_known && cf_id_equal(state->stream, *stream))
        return state->stream_version;
    struct cf_tables_key end = key_of_stream(stream, UINT32_MAX);
    uint8_t tail[sizeof(uint32_t)];
    uint64_t version = 0;
    if (cf_tables_last(&state->store, CF_STATE_streams, cf_tables_key_bytes(&end), CF_ID_SIZE, tail,
                       sizeof tail))
        version = cf_tables_key_number(cf_bytes_from(tail, sizeof tail), 0, sizeof tail);
    stream_remember(state, stream, (uint32_t)version);
    return (uint32_t)version;
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
    uint32_t version = cf_state_stream_version(state, &record->stream_id);
    if (record->stream_version != version + 1)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record does not follow its stream's last one",
                   "sequence %llu: version %u after %u", (unsigned long long)record->sequence,
                   record->stream_version, version);
    struct cf_tables_key key = key_of_stream(&record->stream_id, record->stream_version);
    cf_tables_put(&state->store, CF_STATE_streams, cf_tables_key_bytes(&key),
                  cf_bytes_from(&record->sequence, sizeof record->sequence));
    stream_remember(state, &record->stream_id, record->stream_version);
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
    return key_apply(state, record, reterr_fault);
}

/* --- The batch -------------------------------------------------------------------------------- */

enum cf_status cf_state_begin(struct cf_state *state, size_t record_count,
                              struct cf_fault *reterr_fault)
{
    CF_TRY(cf_tables_begin(&state->store, record_count, reterr_fault));
    state->sequence_batch = state->sequence;
    state->stream_known = false;
    return CF_OK;
}

enum cf_status cf_state_next_command(struct cf_state *state, struct cf_fault *reterr_fault)
{
    return cf_tables_settle(&state->store, reterr_fault);
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
    return cf_tables_flush(&state->store, reterr_fault);
}

enum cf_status cf_state_commit(struct cf_state *state, const struct cf_hash *root,
                               struct cf_fault *reterr_fault)
{
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
    cf_state_copy_after(state, COPY_BUSY_TIMES * state->copy_every);
    return CF_OK;
}

void cf_state_abort(struct cf_state *state)
{
    cf_tables_abort(&state->store);
}

/* --- Timers and requests ---------------------------------------------------------------------- */

size_t cf_state_timers(struct cf_state *state, int64_t until_us, struct cf_state_timer *ret_timers,
                       size_t count_max)
{
    size_t count = 0;
    struct cf_tables_key after;
    after.size = 0;
    cf_tables_key_add_number(&after, 0, 8);
    while (count < count_max) {
        uint8_t key[CF_STATE_TIMER_KEY_SIZE];
        if (cf_tables_scan(&state->store, CF_STATE_timers_due, cf_tables_key_bytes(&after), 0, true,
                           key, sizeof key, 1) == 0)
            break;
        struct cf_bytes bytes = cf_bytes_from(key, sizeof key);
        ret_timers[count] = cf_state_timer_of_key(bytes);
        if (ret_timers[count].due_us > until_us)
            break;
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
