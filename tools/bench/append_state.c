/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending with the state: pledges to one hot campaign, encoded, folded into the state, hashed and
 * durable, with as many idempotency keys present as a large platform has. Beside it the limit of two
 * environments: the same bytes hashed and appended durably to one, and the rows that a pledge leaves
 * looked up and put into another that never waits for the disk, by bare LMDB calls without anything
 * that knows what a pledge is.
 */
#include "tools/bench/append_state.h"

#include "core/aggregate/campaign.h"
#include "core/aggregate/pledge.h"
#include "eventstore/lmdb_env.h"
#include "eventstore/state.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH_MAX 4096
#define RECORD_ROOM 1024
#define TURNS 8
#define BACKERS 100000
#define TAG_SIZE 6
#define TAGS 7

static const struct cf_id campaign_id = {{1}};
static const struct cf_id creator_id = {{2}};

/* --- Ours ------------------------------------------------------------------------------------- */

struct course {
    struct cf_log *log;
    struct cf_state *state;
    struct cf_id_generator ids;
    size_t count;
    struct cf_bytes records[BATCH_MAX];
    uint8_t room[BATCH_MAX][RECORD_ROOM];
};

static void course_close(struct course **course)
{
    if (*course == NULL)
        return;
    cf_state_close((*course)->state);
    cf_log_close((*course)->log);
    free(*course);
}

static enum cf_status course_open(const char *parent, struct course **ret_course,
                                  struct cf_fault *reterr_fault)
{
    char directory[4096];
    CF_CLEANUP(course_close) struct course *course = calloc(1, sizeof *course);
    if (course == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the bench");
    snprintf(directory, sizeof directory, "%s/state-log", parent);
    const struct cf_log_genesis genesis = {.origin = "coffer.local/bench",
                                           .clock = CF_LOG_CLOCK_REAL};
    CF_TRY(cf_log_open(&(struct cf_log_options){.directory = directory, .create = &genesis},
                       &course->log, reterr_fault));
    snprintf(directory, sizeof directory, "%s/state", parent);
    struct cf_state_start start;
    CF_TRY(cf_state_open(&(struct cf_state_options){.directory = directory, .log = course->log},
                         &course->state, &start, reterr_fault));
    *ret_course = CF_TAKE(course);
    return CF_OK;
}

/* Encodes and applies one event, the first of a command of its own. */
static enum cf_status add(struct course *course, struct cf_id stream, struct cf_id actor,
                          const struct cf_event *event, struct cf_fault *reterr_fault)
{
    static const uint8_t tag[TAG_SIZE] = {1, 2, 3, 4, 5, 6};
    struct cf_id random_key;
    char key[CF_ID_TEXT_SIZE];
    CF_TRY(cf_state_next_command(course->state, reterr_fault));
    cf_random(random_key.bytes, sizeof random_key.bytes);
    cf_id_print(random_key, key);
    if (cf_state_accepted(course->state, &actor, cf_bytes_from_text(key)) != 0)
        CF_FAIL(reterr_fault, CF_CONFLICT, "a random key came twice");
    struct cf_record record = {
        .sequence = cf_log_head(course->log) + course->count + 1,
        .time_us = INT64_C(1795215786000000),
        .event_number = (uint32_t)event->type,
        .stream_id = stream,
        .stream_version = cf_state_stream_version(course->state, &stream) + 1,
        .actor_id = actor,
        .idempotency_key = cf_bytes_from_text(key),
        .subject_count = 2,
        .subjects = {{.id = actor}, {.id = campaign_id}},
        .command = 1,
        .tag_count = TAGS,
    };
    for (uint32_t i = 0; i < record.subject_count; i++)
        record.subjects[i].previous =
            cf_state_subject_newest(course->state, &record.subjects[i].id, NULL);
    for (uint32_t i = 0; i < TAGS; i++)
        record.tags[i] = (struct cf_field_tag){.key = i + 1, .tag = cf_bytes_from(tag, TAG_SIZE)};
    struct cf_wire_writer writer = cf_wire_writer_fixed(course->room[course->count], RECORD_ROOM);
    cf_record_encode_event(&record, event, &writer);
    CF_TRY(cf_wire_writer_finish(&writer));
    course->records[course->count] = cf_bytes_from(course->room[course->count], writer.size);
    course->count++;
    return cf_state_apply(course->state, &record, event, reterr_fault);
}

static enum cf_status end_batch(struct course *course, struct cf_fault *reterr_fault)
{
    struct cf_hash root;
    CF_TRY(cf_state_prepare(course->state, reterr_fault));
    CF_TRY(cf_log_append(course->log, course->records, course->count, reterr_fault));
    cf_frontier_root(cf_log_frontier(course->log), &root);
    course->count = 0;
    return cf_state_commit(course->state, &root, reterr_fault);
}

static enum cf_status launch(struct course *course, struct cf_fault *reterr_fault)
{
    const struct cf_sealed sealed = {CF_BYTES_LITERAL("ciphertext")};
    const struct cf_money goal = cf_money_of(INT64_C(1000000000000));
    const struct cf_event events[] = {
        {CF_EVENT_CAMPAIGN_DRAFTED, .campaign_drafted = {.campaign_id = campaign_id,
                                                         .creator_id = creator_id,
                                                         .model = CF_FUNDING_MODEL_AON,
                                                         .currency = CF_CURRENCY_EUR,
                                                         .goal = goal,
                                                         .title = sealed,
                                                         .slug = CF_BYTES_LITERAL("a-lamp")}},
        {CF_EVENT_CAMPAIGN_SUBMITTED, .campaign_submitted = {campaign_id}},
        {CF_EVENT_CAMPAIGN_APPROVED,
         .campaign_approved = {.campaign_id = campaign_id,
                               .platform_fee_bps = 500,
                               .processor_fee_bearer = CF_BEARER_CREATOR}},
        {CF_EVENT_CAMPAIGN_LAUNCHED, .campaign_launched = {.campaign_id = campaign_id,
                                                           .model = CF_FUNDING_MODEL_AON,
                                                           .currency = CF_CURRENCY_EUR,
                                                           .goal = goal,
                                                           .ends_at = INT64_C(1797807786000000)}},
    };
    size_t count = sizeof events / sizeof events[0];
    CF_TRY(cf_state_begin(course->state, count, reterr_fault));
    for (size_t i = 0; i < count; i++)
        CF_TRY(add(course, campaign_id, creator_id, &events[i], reterr_fault));
    return end_batch(course, reterr_fault);
}

static struct cf_id backer(uint64_t number)
{
    struct cf_id id = {{4}};
    number %= BACKERS;
    memcpy(id.bytes + 8, &number, sizeof number);
    return id;
}

static enum cf_status pledges(struct course *course, size_t count, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_state_begin(course->state, count, reterr_fault));
    for (size_t i = 0; i < count; i++) {
        uint8_t luck[CF_ID_RANDOM_SIZE];
        cf_random(luck, sizeof luck);
        struct cf_id pledge_id =
            cf_id_generator_next(&course->ids, INT64_C(1795215786000000), luck);
        struct cf_id backer_id = backer((uint64_t)luck[0] << 16 | (uint64_t)luck[1] << 8 | luck[2]);
        const struct cf_event event = {
            CF_EVENT_PLEDGE_PLACED,
            .pledge_placed = {.pledge_id = pledge_id,
                              .campaign_id = campaign_id,
                              .backer_id = backer_id,
                              .currency = CF_CURRENCY_EUR,
                              .amount = cf_money_of(2500),
                              .card_id = backer_id,
                              .payment_method = CF_BYTES_LITERAL("pm_1OqYzALkdIwHu7ixq")},
        };
        CF_TRY(add(course, pledge_id, backer_id, &event, reterr_fault));
    }
    return end_batch(course, reterr_fault);
}

/* --- The limit -------------------------------------------------------------------------------- */

enum { PLEDGES, STREAMS, LISTED, KEYS, SUBJECTS, BACKINGS, HOT, TABLES };

struct limit {
    struct cf_lmdb *log, *state;
    struct cf_lmdb_table rows, tables[TABLES];
    uint64_t sequence;
    struct cf_id_generator ids;
};

static void limit_close(struct limit *limit)
{
    cf_lmdb_close(limit->state);
    cf_lmdb_close(limit->log);
}

static enum cf_status limit_open(const char *parent, struct limit *limit,
                                 struct cf_fault *reterr_fault)
{
    char directory[4096], name[8];
    snprintf(directory, sizeof directory, "%s/limit-log", parent);
    CF_TRY(cf_lmdb_open(&(struct cf_lmdb_options){.directory = directory, .table_count_max = 1},
                        &limit->log, reterr_fault));
    snprintf(directory, sizeof directory, "%s/limit-state", parent);
    CF_TRY(cf_lmdb_open(&(struct cf_lmdb_options){.directory = directory,
                                                  .derived = true,
                                                  .table_count_max = TABLES},
                        &limit->state, reterr_fault));
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *log_txn = NULL;
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *state_txn = NULL;
    CF_TRY(cf_lmdb_begin_write(limit->log, &log_txn, reterr_fault));
    CF_TRY(cf_lmdb_table_open(log_txn, "rows", true, &limit->rows, reterr_fault));
    CF_TRY(cf_lmdb_begin_write(limit->state, &state_txn, reterr_fault));
    for (int i = 0; i < TABLES; i++) {
        snprintf(name, sizeof name, "%d", i);
        CF_TRY(cf_lmdb_table_open(state_txn, name, false, &limit->tables[i], reterr_fault));
    }
    CF_TRY(cf_lmdb_commit(&log_txn, reterr_fault));
    return cf_lmdb_commit(&state_txn, reterr_fault);
}

static enum cf_status limit_put(struct limit *limit, struct cf_lmdb_txn *txn, int table,
                                const uint8_t *key, size_t key_size, size_t value_size,
                                struct cf_fault *reterr_fault)
{
    static const uint8_t value[4096];
    return cf_lmdb_put(txn, limit->tables[table], cf_bytes_from(key, key_size),
                       cf_bytes_from(value, value_size), reterr_fault);
}

/* What anybody has to look up before writing a pledge: is the key free, the stream new, what named
 * the backer last, what does the backer have in this campaign. */
static enum cf_status limit_look(struct limit *limit, struct cf_lmdb_txn *txn, int table,
                                 const uint8_t *key, size_t key_size, struct cf_fault *reterr_fault)
{
    struct cf_bytes value;
    enum cf_status status =
        cf_lmdb_get(txn, limit->tables[table], cf_bytes_from(key, key_size), &value, reterr_fault);
    return status == CF_NOT_FOUND ? CF_OK : status;
}

/* The rows that one pledge leaves, by the sizes that they have in our state. */
#define PLEDGE_SIZE 128 /* packed, while it is young */
#define BACKING_SIZE 9

static enum cf_status limit_rows(struct limit *limit, struct cf_lmdb_txn *txn,
                                 struct cf_fault *reterr_fault)
{
    uint8_t luck[CF_ID_RANDOM_SIZE], key[64] = {1};
    cf_random(luck, sizeof luck);
    struct cf_id pledge_id = cf_id_generator_next(&limit->ids, INT64_C(1795215786000000), luck);
    struct cf_id backer_id = backer((uint64_t)luck[0] << 16 | (uint64_t)luck[1] << 8 | luck[2]);
    memcpy(key + 1, pledge_id.bytes, CF_ID_SIZE);
    CF_TRY(limit_put(limit, txn, PLEDGES, key, 17, PLEDGE_SIZE, reterr_fault));
    CF_TRY(limit_look(limit, txn, STREAMS, key + 1, 16, reterr_fault));
    CF_TRY(limit_put(limit, txn, STREAMS, key + 1, 20, 8, reterr_fault));
    memcpy(key, campaign_id.bytes, CF_ID_SIZE);
    memcpy(key + 16, pledge_id.bytes, CF_ID_SIZE);
    CF_TRY(limit_put(limit, txn, LISTED, key, 32, 0, reterr_fault));
    memcpy(key + 16, backer_id.bytes, CF_ID_SIZE);
    CF_TRY(limit_look(limit, txn, BACKINGS, key, 32, reterr_fault));
    CF_TRY(limit_put(limit, txn, BACKINGS, key, 32, BACKING_SIZE, reterr_fault));
    CF_TRY(limit_look(limit, txn, SUBJECTS, backer_id.bytes, 16, reterr_fault));
    CF_TRY(limit_put(limit, txn, SUBJECTS, backer_id.bytes, 16, 16, reterr_fault));
    cf_random(key, CF_ID_SIZE);
    CF_TRY(limit_look(limit, txn, KEYS, key, CF_ID_SIZE, reterr_fault));
    return limit_put(limit, txn, KEYS, key, CF_ID_SIZE, sizeof limit->sequence, reterr_fault);
}

static enum cf_status limit_batch(struct limit *limit, struct cf_bytes record, size_t count,
                                  struct cf_fault *reterr_fault)
{
    CF_TRY(cf_lmdb_reserve(limit->state, count * 65536, reterr_fault));
    CF_TRY(cf_lmdb_reserve(limit->log, count * 1024, reterr_fault));
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *log_txn = NULL;
    CF_CLEANUP(cf_lmdb_abort) struct cf_lmdb_txn *state_txn = NULL;
    CF_TRY(cf_lmdb_begin_write(limit->log, &log_txn, reterr_fault));
    CF_TRY(cf_lmdb_begin_write(limit->state, &state_txn, reterr_fault));
    for (size_t i = 0; i < count; i++) {
        struct cf_hash hashes[CF_TREE_LEVELS + 1];
        unsigned completed = cf_tree_completed_count(limit->sequence);
        cf_hash_leaf(record, &hashes[0]);
        for (unsigned level = 1; level < completed; level++)
            cf_hash_node(&hashes[level - 1], &hashes[level - 1], &hashes[level]);
        limit->sequence++;
        uint8_t *row;
        CF_TRY(cf_lmdb_append(log_txn, limit->rows,
                              cf_bytes_from(&limit->sequence, sizeof limit->sequence),
                              record.size + completed * CF_HASH_SIZE, &row, reterr_fault));
        memcpy(row, record.data, record.size);
        memcpy(row + record.size, hashes, completed * CF_HASH_SIZE);
        CF_TRY(limit_rows(limit, state_txn, reterr_fault));
    }
    /* Once a batch: the campaign, its balances, its subject, the position. */
    CF_TRY(limit_put(limit, state_txn, HOT, (const uint8_t *)"campaign", 8,
                     sizeof(struct cf_campaign), reterr_fault));
    CF_TRY(limit_put(limit, state_txn, HOT, (const uint8_t *)"pledged", 7, 8, reterr_fault));
    CF_TRY(limit_put(limit, state_txn, HOT, (const uint8_t *)"contra", 6, 8, reterr_fault));
    CF_TRY(limit_put(limit, state_txn, HOT, (const uint8_t *)"subject", 7, 16, reterr_fault));
    CF_TRY(limit_put(limit, state_txn, HOT, (const uint8_t *)"applied", 7, 48, reterr_fault));
    CF_TRY(cf_lmdb_commit(&log_txn, reterr_fault));
    return cf_lmdb_commit(&state_txn, reterr_fault);
}

/* --- Figures ---------------------------------------------------------------------------------- */

static enum cf_status figure(struct cf_bench *bench, struct course *course, struct limit *limit,
                             struct cf_bytes record, size_t batch, struct cf_fault *reterr_fault)
{
    int64_t turn_batches = (bench->quick ? 20000 : 200000) / (int64_t)batch / TURNS + 1;
    int64_t ours_ns = 0, limit_ns = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        int64_t began_ns = cf_bench_now_ns();
        for (int64_t i = 0; i < turn_batches; i++)
            CF_TRY(pledges(course, batch, reterr_fault));
        int64_t between_ns = cf_bench_now_ns();
        for (int64_t i = 0; i < turn_batches; i++)
            CF_TRY(limit_batch(limit, record, batch, reterr_fault));
        ours_ns += between_ns - began_ns;
        limit_ns += cf_bench_now_ns() - between_ns;
    }
    char name[32];
    int64_t batches = turn_batches * TURNS, records = batches * (int64_t)batch;
    snprintf(name, sizeof name, "append.state.batch%zu", batch);
    cf_figure_report(bench,
                     &(struct cf_figure){.name = name,
                                         .value = cf_bench_rate(records, ours_ns),
                                         .unit = "records/s",
                                         .against = "bare two environments",
                                         .against_value = cf_bench_rate(records, limit_ns),
                                         .syncs_per_second = cf_bench_rate(batches, ours_ns)});
    return CF_OK;
}

enum cf_status cf_bench_pledge_log(struct cf_bench *bench, uint64_t count, struct cf_log **ret_log,
                                   struct cf_fault *reterr_fault)
{
    CF_CLEANUP(course_close) struct course *course = NULL;
    CF_TRY(course_open(bench->directory, &course, reterr_fault));
    CF_TRY(launch(course, reterr_fault));
    while (cf_log_head(course->log) < count) {
        CF_TRY(pledges(course, BATCH_MAX, reterr_fault));
        cf_bench_progress(bench, "verify.state: pledges", cf_log_head(course->log), count);
    }
    *ret_log = CF_TAKE(course->log);
    return CF_OK;
}

enum cf_status cf_bench_append_state(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    uint64_t keys = bench->quick ? 200000 : 2000000;
    CF_CLEANUP(course_close) struct course *course = NULL;
    CF_CLEANUP(limit_close) struct limit limit = {0};
    CF_TRY(course_open(bench->directory, &course, reterr_fault));
    CF_TRY(limit_open(bench->directory, &limit, reterr_fault));
    CF_TRY(launch(course, reterr_fault));
    CF_TRY(pledges(course, 1, reterr_fault));
    uint8_t room[RECORD_ROOM];
    memcpy(room, course->room[0], sizeof room);
    struct cf_bytes record = cf_bytes_from(room, course->records[0].size);
    while (cf_log_head(course->log) < keys) {
        CF_TRY(pledges(course, BATCH_MAX, reterr_fault));
        CF_TRY(limit_batch(&limit, record, BATCH_MAX, reterr_fault));
        cf_bench_progress(bench, "append.state: keys present", cf_log_head(course->log), keys);
    }
    CF_TRY(figure(bench, course, &limit, record, 64, reterr_fault));
    return figure(bench, course, &limit, record, 512, reterr_fault);
}
