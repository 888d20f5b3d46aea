/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending: records of 256 bytes, hashed into the tree and durable, at several sizes of batch,
 * beside a bare LMDB table that gets rows of the same size after the same SHA-256 calls.
 *
 * Both take turns, a few batches at a time, so that a slow spell of the disk meets both.
 */
#include "eventstore/lmdb_env.h"
#include "eventstore/log.h"
#include "tools/bench/append_state.h"

#include <stdio.h>

#define RECORD_SIZE 256
#define BATCH_MAX 4096
#define TURNS 16

struct bare {
    struct cf_lmdb *env;
    struct cf_lmdb_table table;
    uint64_t sequence;
    struct cf_frontier frontier;
};

static uint8_t room[BATCH_MAX][RECORD_SIZE];
static struct cf_bytes records[BATCH_MAX];

/* Records differ, so that nothing below can tell them to be the same. */
static void fill(void)
{
    cf_random(room, sizeof room);
    for (size_t i = 0; i < BATCH_MAX; i++)
        records[i] = cf_bytes_from(room[i], RECORD_SIZE);
}

static enum cf_status bare_open(struct bare *bare, const char *directory,
                                struct cf_fault *reterr_fault)
{
    *bare = (struct bare){0};
    const struct cf_lmdb_options options = {.directory = directory, .table_count_max = 1};
    CF_TRY(cf_lmdb_open(&options, &bare->env, reterr_fault));
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *txn = NULL;
    CF_TRY(cf_lmdb_begin_write(bare->env, &txn, reterr_fault));
    CF_TRY(cf_lmdb_table_open(txn, "rows", true, &bare->table, reterr_fault));
    return cf_lmdb_commit(&txn, reterr_fault);
}

static enum cf_status bare_append(struct bare *bare, size_t count, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_lmdb_reserve(bare->env, count * (RECORD_SIZE + 100), reterr_fault));
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *txn = NULL;
    CF_TRY(cf_lmdb_begin_write(bare->env, &txn, reterr_fault));
    for (size_t i = 0; i < count; i++) {
        struct cf_hash hashes[CF_TREE_LEVELS + 1];
        unsigned completed = cf_tree_completed_count(bare->sequence);
        cf_hash_leaf(records[i], &hashes[0]);
        for (unsigned level = 1; level < completed; level++)
            cf_hash_node(&hashes[level - 1], &hashes[level - 1], &hashes[level]);
        bare->sequence++;
        uint8_t *row;
        CF_TRY(cf_lmdb_append(txn, bare->table,
                              cf_bytes_from(&bare->sequence, sizeof bare->sequence),
                              RECORD_SIZE + completed * CF_HASH_SIZE, &row, reterr_fault));
        memcpy(row, records[i].data, RECORD_SIZE);
        memcpy(row + RECORD_SIZE, hashes, completed * CF_HASH_SIZE);
    }
    return cf_lmdb_commit(&txn, reterr_fault);
}

static enum cf_status log_create(const char *directory, struct cf_log **ret_log,
                                 struct cf_fault *reterr_fault)
{
    const struct cf_log_genesis genesis = {.origin = "coffer.local/bench",
                                           .clock = CF_LOG_CLOCK_REAL};
    const struct cf_log_options options = {.directory = directory, .create = &genesis};
    return cf_log_open(&options, ret_log, reterr_fault);
}

static enum cf_status batch_figure(struct cf_bench *bench, struct cf_log *log, struct bare *bare,
                                   size_t batch, int64_t batches, struct cf_fault *reterr_fault)
{
    int64_t log_ns = 0, bare_ns = 0;
    int64_t turn_batches = batches / TURNS;
    for (int turn = 0; turn < TURNS; turn++) {
        int64_t began_ns = cf_bench_now_ns();
        for (int64_t i = 0; i < turn_batches; i++)
            CF_TRY(cf_log_append(log, records, batch, reterr_fault));
        int64_t between_ns = cf_bench_now_ns();
        for (int64_t i = 0; i < turn_batches; i++)
            CF_TRY(bare_append(bare, batch, reterr_fault));
        log_ns += between_ns - began_ns;
        bare_ns += cf_bench_now_ns() - between_ns;
    }
    char name[32];
    int64_t total = turn_batches * TURNS;
    snprintf(name, sizeof name, "append.batch%zu", batch);
    cf_figure_report(
        bench, &(struct cf_figure){.name = name,
                                   .value = cf_bench_rate(total * (int64_t)batch, log_ns),
                                   .unit = "records/s",
                                   .against = "bare LMDB",
                                   .against_value = cf_bench_rate(total * (int64_t)batch, bare_ns),
                                   .syncs_per_second = cf_bench_rate(total, log_ns)});
    return CF_OK;
}

/* The rate around `until` records. */
static enum cf_status grow(struct cf_bench *bench, struct cf_log *log, uint64_t until,
                           uint64_t measured, double *ret_rate, struct cf_fault *reterr_fault)
{
    int64_t began_ns = 0;
    uint64_t began = 0;
    while (cf_log_head(log) < until) {
        if (began_ns == 0 && cf_log_head(log) + measured >= until) {
            began_ns = cf_bench_now_ns();
            began = cf_log_head(log);
        }
        CF_TRY(cf_log_append(log, records, 512, reterr_fault));
        cf_bench_progress(bench, "append.flat: records", cf_log_head(log), until);
    }
    *ret_rate = cf_bench_rate((int64_t)(cf_log_head(log) - began), cf_bench_now_ns() - began_ns);
    return CF_OK;
}

static enum cf_status flat_figure(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    char directory[4096];
    snprintf(directory, sizeof directory, "%s/flat", bench->directory);
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_TRY(log_create(directory, &log, reterr_fault));
    uint64_t first = bench->quick ? 100000 : 1000000, last = bench->quick ? 1000000 : 20000000;
    uint64_t measured = first * 9 / 10;
    double rate_first, rate_last;
    CF_TRY(grow(bench, log, first, measured, &rate_first, reterr_fault));
    CF_TRY(grow(bench, log, last, measured, &rate_last, reterr_fault));
    cf_figure_report(
        bench, &(struct cf_figure){.name = bench->quick ? "append.flat1m" : "append.flat20m",
                                   .value = rate_last,
                                   .unit = "records/s",
                                   .against = bench->quick ? "at 100 thousand" : "at 1 million",
                                   .against_value = rate_first,
                                   .syncs_per_second = rate_last / 512});
    return CF_OK;
}

static enum cf_status batch_figures(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    static const size_t batches[] = {1, 64, 512, 4096};
    char log_directory[4096], bare_directory[4096];
    snprintf(log_directory, sizeof log_directory, "%s/log", bench->directory);
    snprintf(bare_directory, sizeof bare_directory, "%s/bare", bench->directory);
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_TRY(log_create(log_directory, &log, reterr_fault));
    struct bare bare;
    enum cf_status status = bare_open(&bare, bare_directory, reterr_fault);
    for (size_t i = 0; i < sizeof batches / sizeof batches[0] && status == CF_OK; i++) {
        int64_t records_total = bench->quick ? 200000 : 2000000;
        int64_t count = records_total / (int64_t)batches[i];
        int64_t count_max = bench->quick ? 800 : 8000;
        status = batch_figure(bench, log, &bare, batches[i], count < count_max ? count : count_max,
                              reterr_fault);
    }
    cf_lmdb_close(bare.env);
    return status;
}

/* The whole takes minutes: 2 million keys are put in twice, and 20 million records once. */
enum cf_status cf_bench_append(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    fill();
    if (cf_bench_wants(bench, "append.batch"))
        CF_TRY(batch_figures(bench, reterr_fault));
    if (cf_bench_wants(bench, "append.state"))
        CF_TRY(cf_bench_append_state(bench, reterr_fault));
    if (cf_bench_wants(bench, "append.flat"))
        CF_TRY(flat_figure(bench, reterr_fault));
    return CF_OK;
}
