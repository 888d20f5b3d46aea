/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sample_log.h"

#include "core/aggregate/pledge.h"
#include "core/base/assert.h"
#include "tests/support/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define BATCH_MAX 4096

struct cf_id cf_sample_stream(uint64_t number)
{
    return (struct cf_id){.bytes = {0x11, [15] = (uint8_t)(number % CF_SAMPLE_STREAMS)}};
}

struct cf_id cf_sample_subject(uint64_t number)
{
    return (struct cf_id){.bytes = {0x22, [15] = (uint8_t)(number % CF_SAMPLE_SUBJECTS)}};
}

static void must(enum cf_status status, const struct cf_fault *fault)
{
    if (status == CF_OK)
        return;
    fprintf(stderr, "%s: %s (%s) at %s:%d\n", cf_status_name(status), fault->text, fault->detail,
            fault->file, fault->line);
    abort();
}

void cf_sample_log_open(struct cf_sample_log *sample, const char *directory, const char *boot_id)
{
    cf_sample_log_open_reserved(sample, directory, boot_id, 0);
}

void cf_sample_log_open_reserved(struct cf_sample_log *sample, const char *directory,
                                 const char *boot_id, uint64_t reserve_size)
{
    struct cf_fault fault = {0};
    *sample = (struct cf_sample_log){0};
    snprintf(sample->directory, sizeof sample->directory, "%s", directory);
    mkdir(directory, 0700);
    char path[256];
    struct cf_log_genesis genesis = {.origin = "coffer.local/sample", .clock = CF_LOG_CLOCK_REAL};
    const uint8_t seed[CF_SIGN_SEED_SIZE] = {42};
    must(cf_note_signer_make(genesis.origin, CF_NOTE_ED25519, seed, &sample->signer), &fault);
    memcpy(genesis.key, sample->signer.verifier.key, sizeof genesis.key);

    snprintf(path, sizeof path, "%s/log", directory);
    const struct cf_log_options log_options = {
        .directory = path,
        .create = &genesis,
        .step_size = 1 << 20,
        .reserve_size = reserve_size,
    };
    must(cf_log_open(&log_options, &sample->log, &fault), &fault);

    snprintf(path, sizeof path, "%s/state", directory);
    const struct cf_state_options state_options = {.directory = path,
                                                   .log = sample->log,
                                                   .evolve = cf_sample_evolve,
                                                   .boot_id = boot_id,
                                                   .step_size = 1 << 20,
                                                   .reserve_size = reserve_size};
    must(cf_state_open(&state_options, &sample->state, &sample->start, &fault), &fault);
}

void cf_sample_log_close(struct cf_sample_log *sample)
{
    cf_state_close(CF_TAKE(sample->state));
    cf_log_close(CF_TAKE(sample->log));
}

/* Record `sequence`, number `part` of the command that began at `first`. */
static struct cf_record record_of(struct cf_sample_log *sample, uint64_t sequence, uint64_t first,
                                  const char *key)
{
    struct cf_record record = {
        .sequence = sequence,
        .time_us = INT64_C(1700000000000000) + (int64_t)sequence * 1000,
        .stream_id = cf_sample_stream(sequence * 3),
        .actor_id = cf_sample_subject(first),
        .idempotency_key = cf_bytes_from_text(key),
        .subject_count = 1 + sequence % 2,
    };
    record.stream_version = cf_state_stream_version(sample->state, &record.stream_id) + 1;
    for (uint32_t i = 0; i < record.subject_count; i++) {
        struct cf_subject_link *link = &record.subjects[i];
        link->id = cf_sample_subject(first + i);
        link->previous = cf_state_subject_newest(sample->state, &link->id, NULL);
    }
    if (sequence == first) {
        record.command = 7;
        record.tag_count = 2;
        record.tags[0] = (struct cf_field_tag){.key = 1, .tag = CF_BYTES_LITERAL("tag one")};
        record.tags[1] = (struct cf_field_tag){.key = 4, .tag = cf_bytes_from_text(key)};
    }
    return record;
}

static enum cf_status fill(struct cf_sample_log *sample, const struct cf_event *given,
                           struct cf_bytes *records, size_t record_count, struct cf_buf *bytes,
                           struct cf_fault *reterr_fault)
{
    uint64_t head = cf_log_head(sample->log), first = head + 1;
    size_t offsets[BATCH_MAX + 1] = {0};
    for (size_t i = 0; i < record_count; i++) {
        uint64_t sequence = head + 1 + i;
        /* Commands begin at each multiple of 3 and each number one above it. */
        if (sequence % 3 < 2 || i == 0)
            first = sequence;
        char key[32];
        snprintf(key, sizeof key, "key-%llu", (unsigned long long)first);
        struct cf_record record = record_of(sample, sequence, first, key), decoded;
        struct cf_event event =
            given != NULL ? *given
                          : cf_sample_event(CF_EVENT_CLOCK_ADVANCED, (uint32_t)sequence, false);
        struct cf_wire_writer writer = cf_wire_writer_to(bytes);
        cf_record_encode_event(&record, &event, &writer);
        if (cf_wire_writer_finish(&writer) != CF_OK)
            CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a record");
        offsets[i + 1] = bytes->size;
        CF_TRY(cf_record_decode(cf_bytes_from(bytes->data + offsets[i], bytes->size - offsets[i]),
                                &decoded, reterr_fault));
        if (decoded.command != 0)
            CF_TRY(cf_state_next_command(sample->state, reterr_fault));
        CF_TRY(cf_state_apply(sample->state, &decoded, &event, reterr_fault));
    }
    for (size_t i = 0; i < record_count; i++)
        records[i] = cf_bytes_from(bytes->data + offsets[i], offsets[i + 1] - offsets[i]);
    return CF_OK;
}

/* One batch; `given` NULL takes sample events. */
static enum cf_status append_batch(struct cf_sample_log *sample, const struct cf_event *given,
                                   size_t record_count, struct cf_fault *reterr_fault)
{
    CF_ASSERT(record_count > 0 && record_count <= BATCH_MAX);
    struct cf_bytes records[BATCH_MAX];
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf bytes;
    cf_buf_init(&bytes, (size_t)1 << 26);
    CF_TRY(cf_state_begin(sample->state, record_count, reterr_fault));
    enum cf_status status = fill(sample, given, records, record_count, &bytes, reterr_fault);
    if (status == CF_OK)
        status = cf_state_prepare(sample->state, reterr_fault);
    if (status == CF_OK)
        status = cf_log_append(sample->log, records, record_count, reterr_fault);
    if (status != CF_OK) {
        cf_state_abort(sample->state);
        return status;
    }
    struct cf_hash root;
    cf_frontier_root(cf_log_frontier(sample->log), &root);
    return cf_state_commit(sample->state, &root, reterr_fault);
}

enum cf_status cf_sample_log_try_append(struct cf_sample_log *sample, size_t record_count,
                                        struct cf_fault *reterr_fault)
{
    return append_batch(sample, NULL, record_count, reterr_fault);
}

void cf_sample_log_append_event(struct cf_sample_log *sample, const struct cf_event *event)
{
    struct cf_fault fault = {0};
    must(append_batch(sample, event, 1, &fault), &fault);
}

void cf_sample_log_append(struct cf_sample_log *sample, size_t record_count)
{
    struct cf_fault fault = {0};
    must(cf_sample_log_try_append(sample, record_count, &fault), &fault);
}

enum cf_status cf_sample_evolve(struct cf_book *book, const struct cf_record *record,
                                const struct cf_event *event, struct cf_fault *reterr_fault)
{
    (void)event, (void)reterr_fault;
    const struct cf_id *stream = &record->stream_id;
    uint64_t sequence = record->sequence;
    struct cf_pledge *pledge = cf_book_make(book, CF_ROW_PLEDGE, stream);
    pledge->amount_minor += (int64_t)sequence;
    pledge->version = record->stream_version;
    const struct cf_account account = {.kind = CF_ACCOUNT_ESCROW, .owner = *stream};
    book->ops->balance_set(book, &account, book->ops->balance(book, &account) + (int64_t)sequence);

    enum cf_timer timer = (enum cf_timer)(1 + sequence % 4);
    book->ops->timer_set(book, stream, timer, sequence % 5 == 0 ? 0 : (int64_t)(sequence * 1000));
    enum cf_request request = (enum cf_request)(1 + sequence % 3);
    book->ops->request_set(book, stream, request, sequence % 4 == 0 ? 0 : sequence);

    struct cf_id id = {.bytes = {0x33}};
    for (size_t i = 0; i < 8; i++)
        id.bytes[8 + i] = (uint8_t)(sequence >> (56 - 8 * i));
    book->ops->pledge_list(book, stream, &id);
    char name[32];
    snprintf(name, sizeof name, "intent-%llu", (unsigned long long)sequence);
    book->ops->lookup_set(book, CF_LOOKUP_INTENT, cf_bytes_from_text(name), &id);
    return cf_book_status(book);
}
