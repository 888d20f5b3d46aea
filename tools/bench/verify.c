/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying: bytes and tree beside a bare loop of the same SHA-256 calls, on one core and on all;
 * replay of the state and its comparison; and what an inclusion proof and one person's export cost in a
 * large log.
 */
#include "eventstore/verify.h"

#include "core/aggregate/book.h"
#include "core/base/assert.h"
#include "eventstore/range.h"
#include "eventstore/state.h"
#include "eventstore/subject_export.h"
#include "tools/bench/append_state.h"

#include <stdio.h>
#include <unistd.h>

#define PROOFS 100000
#define TURNS 3
#define BATCH 4096
#define RECORD_SIZE 256
#define ORIGIN "coffer.local/bench"

/* The one whose history is exported, and how far it goes. */
static const struct cf_id person_id = {{9}};
struct person {
    uint64_t newest;
    uint64_t count;
};

/* The hashing that a log of so many such records needs, and nothing else: the bytes do not even come from
 * memory. */
static int64_t bare_hashing(struct cf_bytes record, uint64_t size)
{
    struct cf_hash hashes[CF_TREE_LEVELS + 1];
    int64_t began_ns = cf_bench_now_ns();
    for (uint64_t i = 0; i < size; i++) {
        unsigned count = cf_tree_completed_count(i);
        cf_hash_leaf(record, &hashes[0]);
        for (unsigned level = 1; level < count; level++)
            cf_hash_node(&hashes[level - 1], &hashes[level - 1], &hashes[level]);
    }
    return cf_bench_now_ns() - began_ns;
}

static unsigned all_cores(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : (unsigned)cores;
}

static enum cf_status timed_verify(const struct cf_verify_options *options,
                                   struct cf_verify_report *ret_report, int64_t *ret_ns,
                                   struct cf_fault *reterr_fault)
{
    int64_t began_ns = cf_bench_now_ns();
    CF_TRY(cf_verify(options, NULL, NULL, ret_report, reterr_fault));
    *ret_ns = cf_bench_now_ns() - began_ns;
    if (ret_report->verdict != CF_VERIFY_GOOD)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the bench's log does not verify", "%s",
                   ret_report->finding);
    return CF_OK;
}

/* Adds what it took. */
static enum cf_status verify_once(const char *directory, unsigned threads, int64_t *ns,
                                  struct cf_fault *reterr_fault)
{
    const struct cf_verify_options options = {.log_directory = directory, .thread_count = threads};
    struct cf_verify_report report;
    int64_t elapsed_ns;
    CF_TRY(timed_verify(&options, &report, &elapsed_ns, reterr_fault));
    *ns += elapsed_ns;
    return CF_OK;
}

/* In turns, so that a machine that slows down does so for all. */
static enum cf_status tree_figures(struct cf_bench *bench, const char *directory, uint64_t size,
                                   struct cf_bytes record, struct cf_fault *reterr_fault)
{
    int64_t bare_ns = 0, one_ns = 0, all_ns = 0;
    CF_TRY(verify_once(directory, 1, &one_ns, reterr_fault)); /* brings the file into memory */
    one_ns = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        bare_ns += bare_hashing(record, size);
        CF_TRY(verify_once(directory, 1, &one_ns, reterr_fault));
        CF_TRY(verify_once(directory, all_cores(), &all_ns, reterr_fault));
    }
    int64_t count = (int64_t)size * TURNS;
    double one = cf_bench_rate(count, one_ns);
    cf_figure_report(bench, &(struct cf_figure){.name = "verify.tree",
                                                .value = one,
                                                .unit = "records/s",
                                                .against = "bare SHA-256",
                                                .against_value = cf_bench_rate(count, bare_ns)});
    cf_figure_report(bench, &(struct cf_figure){.name = "verify.tree_all_cores",
                                                .value = cf_bench_rate(count, all_ns),
                                                .unit = "records/s",
                                                .against = "one core",
                                                .against_value = one});
    return CF_OK;
}

static enum cf_status proof_figure(struct cf_bench *bench, struct cf_log *log, uint64_t size,
                                   struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    struct cf_tree_source tree = cf_log_view_tree(view);
    uint64_t index = 1;
    struct cf_proof proof;
    int64_t elapsed_ns = 0;
    for (int round = 0; round < 2; round++) {
        /* The first round brings the pages into memory. */
        int64_t began_ns = cf_bench_now_ns();
        for (int i = 0; i < PROOFS; i++) {
            index = index * 6364136223846793005u + 1442695040888963407u;
            CF_TRY(cf_tree_prove_inclusion(tree, (index >> 16) % size, size, &proof, reterr_fault));
        }
        elapsed_ns = cf_bench_now_ns() - began_ns;
    }
    cf_figure_report(bench, &(struct cf_figure){.name = "proof.inclusion",
                                                .value = (double)elapsed_ns / PROOFS / 1000,
                                                .unit = "us"});
    return CF_OK;
}

static struct cf_note_signer signer_make(void)
{
    const uint8_t seed[CF_SIGN_SEED_SIZE] = {1};
    struct cf_note_signer signer;
    CF_ASSERT(cf_note_signer_make(ORIGIN, CF_NOTE_ED25519, seed, &signer) == CF_OK);
    return signer;
}

static enum cf_status log_create(const char *directory, struct cf_log **ret_log,
                                 struct cf_fault *reterr_fault)
{
    struct cf_note_signer signer = signer_make();
    struct cf_log_genesis genesis = {.origin = ORIGIN, .clock = CF_LOG_CLOCK_REAL};
    memcpy(genesis.key, signer.verifier.key, sizeof genesis.key);
    const struct cf_log_options options = {.directory = directory, .create = &genesis};
    return cf_log_open(&options, ret_log, reterr_fault);
}

/* The whole of it: bytes, tree, replay of pledges to one campaign through the writer's own fold, and
 * the comparison with the state that the writer left. */
static enum cf_status state_figure(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    char log_directory[4096], state_directory[4096], scratch_directory[4096];
    snprintf(log_directory, sizeof log_directory, "%s/state-log", bench->directory);
    snprintf(state_directory, sizeof state_directory, "%s/state", bench->directory);
    snprintf(scratch_directory, sizeof scratch_directory, "%s/scratch", bench->directory);
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_TRY(cf_bench_pledge_log(bench, bench->quick ? 200000 : 2000000, &log, reterr_fault));
    cf_log_close(CF_TAKE(log));
    const struct cf_verify_options options = {.log_directory = log_directory,
                                              .state_directory = state_directory,
                                              .scratch_directory = scratch_directory,
                                              .thread_count = all_cores()};
    struct cf_verify_report report;
    int64_t elapsed_ns;
    CF_TRY(timed_verify(&options, &report, &elapsed_ns, reterr_fault));
    if (report.state_rows == 0)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the state was not compared", "%s", report.state_note);
    cf_figure_report(bench,
                     &(struct cf_figure){.name = "verify.state",
                                         .value = cf_bench_rate((int64_t)report.size, elapsed_ns),
                                         .unit = "records/s"});
    return CF_OK;
}

/* --- The log ---------------------------------------------------------------------------------- */

/* Records that only their front tells apart, a batch of them. */
static enum cf_status add_batch(struct cf_log *log, struct cf_fault *reterr_fault)
{
    static uint8_t room[BATCH][RECORD_SIZE + 64], payload[RECORD_SIZE];
    struct cf_bytes records[BATCH];
    payload[0] = 0x81; /* one pair: 1 and a string of bytes */
    payload[1] = 0x01;
    payload[2] = 0xc4;
    payload[3] = 190;
    for (uint64_t i = 0; i < BATCH; i++) {
        const struct cf_record record = {
            .sequence = cf_log_head(log) + 1 + i,
            .time_us = INT64_C(1795215786000000),
            .event_number = CF_EVENT_CLOCK_ADVANCED,
            .stream_id = CF_LEDGER_STREAM,
            .stream_version = 1,
            .actor_id = CF_ACTOR_SYSTEM,
            .idempotency_key = CF_BYTES_LITERAL("key"),
            .payload = cf_bytes_from(payload, 194),
        };
        struct cf_wire_writer writer = cf_wire_writer_fixed(room[i], sizeof room[i]);
        cf_record_encode(&record, &writer);
        CF_TRY(cf_wire_writer_finish(&writer));
        records[i] = cf_bytes_from(room[i], writer.size);
    }
    return cf_log_append(log, records, BATCH, reterr_fault);
}

/* One record that names the person. */
static enum cf_status add_person(struct cf_log *log, struct person *person,
                                 struct cf_fault *reterr_fault)
{
    uint8_t room[RECORD_SIZE];
    const struct cf_event event = {CF_EVENT_HISTORY_EXPORTED,
                                   .history_exported = {.subject_id = person_id,
                                                        .count = person->count,
                                                        .newest = person->newest}};
    const struct cf_record record = {
        .sequence = cf_log_head(log) + 1,
        .time_us = INT64_C(1795215786000000),
        .event_number = CF_EVENT_HISTORY_EXPORTED,
        .stream_id = CF_LEDGER_STREAM,
        .stream_version = 1,
        .actor_id = CF_ACTOR_SYSTEM,
        .idempotency_key = CF_BYTES_LITERAL("key"),
        .subject_count = 1,
        .subjects = {{.id = person_id, .previous = person->newest}},
    };
    struct cf_wire_writer writer = cf_wire_writer_fixed(room, sizeof room);
    cf_record_encode_event(&record, &event, &writer);
    CF_TRY(cf_wire_writer_finish(&writer));
    const struct cf_bytes bytes = cf_bytes_from(room, writer.size);
    CF_TRY(cf_log_append(log, &bytes, 1, reterr_fault));
    person->newest = record.sequence;
    person->count++;
    return CF_OK;
}

static enum cf_status grow(struct cf_bench *bench, struct cf_log *log, uint64_t size,
                           struct person *person, struct cf_fault *reterr_fault)
{
    while (cf_log_head(log) < size) {
        cf_bench_progress(bench, "verify: records in the log", cf_log_head(log), size);
        CF_TRY(add_batch(log, reterr_fault));
        if (person != NULL)
            CF_TRY(add_person(log, person, reterr_fault));
    }
    return CF_OK;
}

/* --- One person's export ---------------------------------------------------------------------- */

static enum cf_status count_line(void *context, struct cf_bytes line, struct cf_fault *reterr_fault)
{
    (void)line, (void)reterr_fault;
    *(uint64_t *)context += 1;
    return CF_OK;
}

/* Through the range service, as the API does it; the second of two, so that the pages are there. */
static enum cf_status time_export(struct cf_bench *bench, struct cf_log *log,
                                  const struct person *person, double *ret_us_each,
                                  struct cf_fault *reterr_fault)
{
    char range_url[4096], head_url[4096];
    snprintf(range_url, sizeof range_url, "ipc://%s/range", bench->directory);
    snprintf(head_url, sizeof head_url, "ipc://%s/head", bench->directory);
    struct cf_note_signer signer = signer_make();
    CF_CLEANUP(cf_scope_cf_range_server_close) struct cf_range_server *server = NULL;
    CF_CLEANUP(cf_scope_cf_range_client_close) struct cf_range_client *client = NULL;
    CF_TRY(cf_checkpoint_sign_head(log, &signer, NULL, reterr_fault));
    CF_TRY(cf_log_checkpoint_flush(log, reterr_fault));
    CF_TRY(cf_range_server_open(log, NULL, range_url, head_url, &server, reterr_fault));
    CF_TRY(cf_range_client_open(range_url, NULL, &client, reterr_fault));
    for (int round = 0; round < 2; round++) {
        uint64_t lines = 0;
        int64_t began_ns = cf_bench_now_ns();
        CF_TRY(cf_subject_export(client, NULL, person_id, person->newest, 10000, count_line, &lines,
                                 reterr_fault));
        *ret_us_each = (double)(cf_bench_now_ns() - began_ns) / 1000 / (double)person->count;
        if (lines != person->count + 1)
            CF_FAIL(reterr_fault, CF_CORRUPT, "the export has not the person's records");
    }
    return CF_OK;
}

/* The same person's records in a log, and in one ten times as large. */
static enum cf_status export_figure(struct cf_bench *bench, struct cf_log *log, uint64_t size,
                                    struct cf_fault *reterr_fault)
{
    struct person person = {0};
    double small_us, large_us;
    CF_TRY(grow(bench, log, size / 10, &person, reterr_fault));
    CF_TRY(time_export(bench, log, &person, &small_us, reterr_fault));
    CF_TRY(grow(bench, log, size, NULL, reterr_fault));
    CF_TRY(time_export(bench, log, &person, &large_us, reterr_fault));
    cf_figure_report(bench, &(struct cf_figure){.name = "export.subject_record",
                                                .value = large_us,
                                                .unit = "us",
                                                .against = "in a tenth of the log",
                                                .against_value = small_us});
    return CF_OK;
}

/* Whatever needs the one large log. */
static enum cf_status log_figures(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    char directory[4096];
    snprintf(directory, sizeof directory, "%s/log", bench->directory);
    uint64_t size = bench->quick ? 1 << 19 : 10000000;
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_TRY(log_create(directory, &log, reterr_fault));
    CF_TRY(export_figure(bench, log, size, reterr_fault));
    size = cf_log_head(log);
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf record;
    cf_buf_init(&record, CF_RECORD_SIZE_MAX);
    CF_TRY(cf_log_read(log, size, &record, reterr_fault));
    CF_TRY(proof_figure(bench, log, size, reterr_fault));
    /* The verifying child opens the log for itself. */
    cf_log_close(CF_TAKE(log));
    return tree_figures(bench, directory, size, cf_buf_bytes(&record), reterr_fault);
}

/* The whole takes minutes: it makes a log of 10 million records, and one of 2 million pledges. */
enum cf_status cf_bench_verify(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    if (cf_bench_wants(bench, "export") || cf_bench_wants(bench, "proof") ||
        cf_bench_wants(bench, "verify.tree"))
        CF_TRY(log_figures(bench, reterr_fault));
    return cf_bench_wants(bench, "verify.state") ? state_figure(bench, reterr_fault) : CF_OK;
}
