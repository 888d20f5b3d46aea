/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a person's history is exported whole, with proofs that hold against the checkpoint, and a
 * file that was changed in any way is found out; who recomputes the back-links finds forks, forged links
 * and a newest record that was kept back. After an erasure no key byte and no clear text is in any file
 * of log, state and vault, and the certificate proves the erasure.
 * Shown: on a ledger in a temporary directory, with its range service and a keeper on real sockets.
 */
#include "eventstore/subject_export.h"

#include "eventstore/bus.h"
#include "eventstore/keeper_range.h"
#include "tests/support/cmocka.h"
#include "tests/support/files_with.h"
#include "tests/support/sample_log.h"
#include "tests/support/temp_dir.h"

#include <pthread.h>
#include <time.h>

#define PATIENCE_MS 20000
#define EMAIL "ada.lovelace@example.org"
#define NAME "Augusta Ada King"
#define NO_KEY ((struct cf_bytes){0}) /* one of its own */
#define KEY CF_BYTES_LITERAL("registration-1")

struct fixture {
    struct cf_temp_dir dir;
    char range_url[128], head_url[128], keeper_url[128], vault[128], master[128];
    struct cf_sample_log sample;
    struct cf_range_server *server;
    struct cf_range_client *range, *keepers_range;
    struct cf_keeper_range keeper_range;
    struct cf_keeper *keeper;
    struct cf_keeper_client *client;
    pthread_t thread;
    struct cf_buf file;  /* the last export */
    struct cf_id person; /* after register_person */
};

/* ---- The ledger ---- */

/* Appends one event that names these subjects, as the writer does, and signs the head. */
static uint64_t append(struct fixture *fixture, struct cf_bytes key, const struct cf_event *event,
                       const struct cf_id *subjects, uint32_t subject_count)
{
    struct cf_sample_log *sample = &fixture->sample;
    struct cf_record record = {.sequence = cf_log_head(sample->log) + 1,
                               .time_us = INT64_C(1700000000000000),
                               .stream_id = cf_sample_stream(1),
                               .actor_id = cf_sample_subject(1),
                               .idempotency_key = key,
                               .subject_count = subject_count,
                               .command = 1};
    uint8_t bytes[8192];
    char unique[32];
    struct cf_record decoded;
    struct cf_hash root;
    struct cf_fault fault = {0};
    struct cf_buf note;
    cf_buf_init(&note, CF_CHECKPOINT_SIZE_MAX);
    snprintf(unique, sizeof unique, "appended-%llu", (unsigned long long)record.sequence);
    if (key.size == 0)
        record.idempotency_key = cf_bytes_from_text(unique);
    assert_int_equal(cf_state_begin(sample->state, 1, NULL), CF_OK);
    record.stream_version = cf_state_stream_version(sample->state, &record.stream_id) + 1;
    for (uint32_t i = 0; i < subject_count; i++)
        record.subjects[i] = (struct cf_subject_link){
            subjects[i], cf_state_subject_newest(sample->state, &subjects[i], NULL)};
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_record_encode_event(&record, event, &writer);
    struct cf_bytes stored = cf_bytes_from(bytes, writer.size);
    assert_int_equal(cf_record_decode(stored, &decoded, NULL), CF_OK);
    if (cf_state_apply(sample->state, &decoded, event, &fault) != CF_OK)
        fail_msg("%s: %s %s", cf_status_name(fault.status), fault.text, fault.detail);
    assert_int_equal(cf_state_prepare(sample->state, NULL), CF_OK);
    assert_int_equal(cf_log_append(sample->log, &stored, 1, NULL), CF_OK);
    cf_frontier_root(cf_log_frontier(sample->log), &root);
    assert_int_equal(cf_state_commit(sample->state, &root, NULL), CF_OK);
    assert_int_equal(cf_checkpoint_sign_head(sample->log, &sample->signer, &note, NULL), CF_OK);
    assert_int_equal(cf_range_server_checkpoint(fixture->server, cf_buf_bytes(&note), NULL), CF_OK);
    cf_buf_clean_up(&note);
    return record.sequence;
}

static int64_t real_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void *run_keeper(void *argument)
{
    struct fixture *fixture = argument;
    assert_int_equal(cf_keeper_run(fixture->keeper, NULL, NULL, NULL), CF_OK);
    return NULL;
}

static void start_keeper(struct fixture *fixture)
{
    assert_int_equal(cf_range_client_open(fixture->range_url, NULL, &fixture->keepers_range, NULL),
                     CF_OK);
    fixture->keeper_range = (struct cf_keeper_range){.client = fixture->keepers_range};
    const struct cf_keeper_options options = {.vault_directory = fixture->vault,
                                              .master_key_path = fixture->master,
                                              .url = fixture->keeper_url,
                                              .log = cf_keeper_range_log(&fixture->keeper_range),
                                              .now_us = real_us};
    assert_int_equal(cf_keeper_open(&options, &fixture->keeper, NULL), CF_OK);
    pthread_create(&fixture->thread, NULL, run_keeper, fixture);
    assert_int_equal(
        cf_keeper_client_open(fixture->keeper_url, PATIENCE_MS, &fixture->client, NULL), CF_OK);
}

static void stop_keeper(struct fixture *fixture)
{
    cf_keeper_client_close(fixture->client);
    cf_keeper_stop(fixture->keeper);
    pthread_join(fixture->thread, NULL);
    cf_keeper_close(fixture->keeper);
    cf_keeper_range_clean_up(&fixture->keeper_range);
    cf_range_client_close(fixture->keepers_range);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    cf_sodium_init();
    cf_temp_dir_make(&fixture->dir);
    const char *path = fixture->dir.path;
    snprintf(fixture->range_url, sizeof fixture->range_url, "ipc://%s/range", path);
    snprintf(fixture->head_url, sizeof fixture->head_url, "ipc://%s/head", path);
    snprintf(fixture->keeper_url, sizeof fixture->keeper_url, "ipc://%s/keeper", path);
    snprintf(fixture->vault, sizeof fixture->vault, "%s/vault", path);
    snprintf(fixture->master, sizeof fixture->master, "%s/master", path);
    cf_sample_log_open(&fixture->sample, path, NULL);
    cf_sample_log_append(&fixture->sample, 100);
    assert_int_equal(cf_range_server_open(fixture->sample.log, fixture->sample.state,
                                          fixture->range_url, fixture->head_url, &fixture->server,
                                          NULL),
                     CF_OK);
    assert_int_equal(cf_range_client_open(fixture->range_url, NULL, &fixture->range, NULL), CF_OK);
    cf_buf_init(&fixture->file, (size_t)1 << 26);
    start_keeper(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    stop_keeper(fixture);
    cf_range_client_close(fixture->range);
    cf_range_server_close(fixture->server);
    cf_sample_log_close(&fixture->sample);
    cf_buf_clean_up(&fixture->file);
    cf_temp_dir_remove(&fixture->dir);
    free(fixture);
    return 0;
}

/* ---- A person ---- */

static void register_person(struct fixture *fixture)
{
    struct cf_buf buf;
    cf_buf_init(&buf, CF_BUS_MESSAGE_SIZE_MAX);
    assert_int_equal(
        cf_keeper_reserve(fixture->client, CF_BYTES_LITERAL(EMAIL), KEY, &fixture->person, NULL),
        CF_OK);
    struct cf_keeper_field fields[] = {
        {.name = "email", .clear = CF_BYTES_LITERAL(EMAIL)},
        {.name = "display_name", .clear = CF_BYTES_LITERAL(NAME)},
    };
    assert_int_equal(
        cf_keeper_seal(fixture->client, fixture->person, false, KEY, fields, 2, &buf, NULL), CF_OK);
    struct cf_event event = {.type = CF_EVENT_USER_REGISTERED,
                             .user_registered = {.user_id = fixture->person,
                                                 .email = fields[0].sealed,
                                                 .display_name = fields[1].sealed,
                                                 .terms_version = CF_BYTES_LITERAL("1")}};
    append(fixture, KEY, &event, &fixture->person, 1);
    cf_buf_clean_up(&buf);
}

/* Records in between: of others, and of the person. */
static void live(struct fixture *fixture)
{
    for (uint32_t i = 0; i < 5; i++) {
        cf_sample_log_append(&fixture->sample, 40);
        struct cf_event event = {.type = CF_EVENT_USER_EMAIL_VERIFIED,
                                 .user_email_verified = {.user_id = fixture->person}};
        const struct cf_id subjects[] = {cf_sample_subject(i), fixture->person};
        append(fixture, NO_KEY, &event, subjects, 2);
    }
}

static enum cf_status keep_line(void *context, struct cf_bytes line, struct cf_fault *fault)
{
    (void)fault;
    return cf_buf_append(context, line);
}

static uint64_t export_person(struct fixture *fixture)
{
    uint64_t newest, count;
    assert_int_equal(cf_range_subject(fixture->range, fixture->person, &newest, &count, NULL),
                     CF_OK);
    struct cf_event event = {
        .type = CF_EVENT_HISTORY_EXPORTED,
        .history_exported = {.subject_id = fixture->person, .count = count, .newest = newest}};
    uint64_t sequence = append(fixture, NO_KEY, &event, &fixture->person, 1);
    struct cf_fault fault = {0};
    cf_buf_clear(&fixture->file);
    if (cf_subject_export(fixture->range, fixture->client, fixture->person, sequence, PATIENCE_MS,
                          keep_line, &fixture->file, &fault) != CF_OK)
        fail_msg("%s: %s %s", cf_status_name(fault.status), fault.text, fault.detail);
    return sequence;
}

static enum cf_status check(struct fixture *fixture, struct cf_bytes file,
                            struct cf_subject_proved *proved, struct cf_fault *fault)
{
    return cf_subject_export_check(file, &fixture->sample.signer.verifier, proved, fault);
}

static bool holds(struct cf_bytes bytes, const char *text)
{
    return memmem(bytes.data, bytes.size, text, strlen(text)) != NULL;
}

/* ---- Export ---- */

static void test_export__is_whole_and_proves_it(void **state)
{
    struct fixture *fixture = *state;
    struct cf_subject_proved proved;
    register_person(fixture);
    live(fixture);
    uint64_t sequence = export_person(fixture);
    cf_sample_log_append(&fixture->sample, 30); /* the log goes on */
    assert_int_equal(check(fixture, cf_buf_bytes(&fixture->file), &proved, NULL), CF_OK);
    assert_false(proved.erasure);
    assert_true(cf_id_equal(proved.subject, fixture->person));
    assert_int_equal(proved.count, 7); /* registered, five times verified, exported */
    assert_int_equal(proved.newest, sequence);
    assert_int_equal(proved.size, sequence);
    assert_string_equal(proved.origin, "coffer.local/sample");
    assert_true(holds(cf_buf_bytes(&fixture->file), "\"opened\":{\"email\":\"" EMAIL "\""));
    assert_true(holds(cf_buf_bytes(&fixture->file), NAME));
    assert_true(holds(cf_buf_bytes(&fixture->file), "recomputes the log's back-links"));
    /* A second one has the first one in it. */
    export_person(fixture);
    assert_int_equal(check(fixture, cf_buf_bytes(&fixture->file), &proved, NULL), CF_OK);
    assert_int_equal(proved.count, 8);
}

/* The file without line `index`, or with it twice. */
static void edit_lines(const struct cf_buf *file, size_t index, bool twice, struct cf_buf *edited)
{
    cf_buf_clear(edited);
    size_t line = 0;
    for (size_t offset = 0; offset < file->size; line++) {
        const uint8_t *start = file->data + offset;
        size_t size =
            (size_t)((const uint8_t *)memchr(start, '\n', file->size - offset) - start) + 1;
        for (int i = 0; i < (line != index ? 1 : twice ? 2 : 0); i++)
            assert_int_equal(cf_buf_append(edited, cf_bytes_from(start, size)), CF_OK);
        offset += size;
    }
}

static void test_export__a_changed_file_is_found_out(void **state)
{
    struct fixture *fixture = *state;
    struct cf_subject_proved proved;
    struct cf_fault fault;
    struct cf_buf edited;
    cf_buf_init(&edited, (size_t)1 << 26);
    register_person(fixture);
    live(fixture);
    export_person(fixture);
    for (size_t line = 0; line < 8; line++) {
        edit_lines(&fixture->file, line, false, &edited);
        assert_int_not_equal(check(fixture, cf_buf_bytes(&edited), &proved, &fault), CF_OK);
        edit_lines(&fixture->file, line, true, &edited);
        assert_int_not_equal(check(fixture, cf_buf_bytes(&edited), &proved, &fault), CF_OK);
    }
    assert_int_not_equal(check(fixture, cf_bytes_from(NULL, 0), &proved, &fault), CF_OK);
    for (size_t size = 1; size < fixture->file.size; size += 97)
        assert_int_not_equal(
            check(fixture, cf_bytes_from(fixture->file.data, size), &proved, &fault), CF_OK);

    /* Every character of what is proved counts: note, bytes, proofs, head. */
    uint8_t *bytes = fixture->file.data;
    size_t noticed = 0, unproved = 0;
    for (size_t i = 0; i < fixture->file.size; i += 13) {
        uint8_t old = bytes[i];
        bytes[i] = old == 'A' ? 'B' : 'A';
        if (check(fixture, cf_buf_bytes(&fixture->file), &proved, &fault) == CF_OK)
            unproved++;
        else
            noticed++;
        bytes[i] = old;
    }
    assert_true(noticed > 100);
    assert_true(unproved > 0); /* "record" and "opened" are for the reader: the bytes are proved */
    assert_int_equal(check(fixture, cf_buf_bytes(&fixture->file), &proved, &fault), CF_OK);

    struct cf_note_signer stranger;
    const uint8_t seed[CF_SIGN_SEED_SIZE] = {7};
    assert_int_equal(cf_note_signer_make("coffer.local/sample", CF_NOTE_ED25519, seed, &stranger),
                     CF_OK);
    assert_int_equal(
        cf_subject_export_check(cf_buf_bytes(&fixture->file), &stranger.verifier, &proved, &fault),
        CF_NOT_FOUND);
    cf_buf_clean_up(&edited);
}

static void test_export__another_record_is_no_history(void **state)
{
    struct fixture *fixture = *state;
    struct cf_fault fault;
    register_person(fixture);
    assert_int_equal(cf_subject_export(fixture->range, NULL, fixture->person, 101, PATIENCE_MS,
                                       keep_line, &fixture->file, &fault),
                     CF_INVALID);
    assert_int_equal(cf_subject_export(fixture->range, NULL, fixture->person, 999, PATIENCE_MS,
                                       keep_line, &fixture->file, &fault),
                     CF_NOT_FOUND);
}

/* ---- Recomputing ---- */

static struct cf_subject_answer recompute(struct fixture *fixture,
                                          const struct cf_subject_proved *proved)
{
    struct cf_log_view *view;
    struct cf_subject_answer answer = {CF_SUBJECT_MISCOUNTED, 0};
    assert_int_equal(cf_log_view_begin(fixture->sample.log, &view, NULL), CF_OK);
    assert_int_equal(cf_subject_recompute(view, proved, &answer, NULL), CF_OK);
    cf_log_view_end(view);
    return answer;
}

static void test_recompute__holds_a_file_against_the_log(void **state)
{
    struct fixture *fixture = *state;
    struct cf_subject_proved proved, changed;
    register_person(fixture);
    live(fixture);
    uint64_t sequence = export_person(fixture);
    assert_int_equal(check(fixture, cf_buf_bytes(&fixture->file), &proved, NULL), CF_OK);
    assert_int_equal(recompute(fixture, &proved).finding, CF_SUBJECT_WHOLE);

    /* Later records of the person do not belong to that history. */
    live(fixture);
    assert_int_equal(recompute(fixture, &proved).finding, CF_SUBJECT_WHOLE);

    changed = proved;
    changed.count--;
    assert_int_equal(recompute(fixture, &changed).finding, CF_SUBJECT_MISCOUNTED);
    changed = proved;
    changed.root.bytes[0] ^= 1;
    struct cf_log_view *view;
    struct cf_subject_answer answer;
    assert_int_equal(cf_log_view_begin(fixture->sample.log, &view, NULL), CF_OK);
    assert_int_equal(cf_subject_recompute(view, &changed, &answer, NULL), CF_CORRUPT);
    changed.size = sequence + 10000;
    assert_int_equal(cf_subject_recompute(view, &changed, &answer, NULL), CF_RANGE);
    cf_log_view_end(view);
}

static enum cf_status add_sequence(void *context, const struct cf_record *record,
                                   struct cf_bytes bytes, struct cf_fault *fault)
{
    (void)bytes, (void)fault;
    *(uint64_t *)context = *(uint64_t *)context * 10 + record->sequence;
    return CF_OK;
}

/* A log whose writer means ill: records that it wrote as it liked, signed with the good key. */
static uint64_t forge(struct cf_log *log, struct cf_id subject, uint64_t previous)
{
    uint8_t bytes[512];
    struct cf_event event = {.type = CF_EVENT_USER_EMAIL_VERIFIED,
                             .user_email_verified = {.user_id = subject}};
    struct cf_record record = {.sequence = cf_log_head(log) + 1,
                               .time_us = 1,
                               .stream_version = 1,
                               .stream_id = subject,
                               .actor_id = subject,
                               .idempotency_key = CF_BYTES_LITERAL("k"),
                               .subject_count = 1,
                               .subjects = {{subject, previous}}};
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_record_encode_event(&record, &event, &writer);
    struct cf_bytes stored = cf_bytes_from(bytes, writer.size);
    assert_int_equal(cf_log_append(log, &stored, 1, NULL), CF_OK);
    return record.sequence;
}

static void test_recompute__finds_the_branch_that_was_kept_back(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    struct cf_log *log;
    struct cf_log_view *view;
    const struct cf_log_genesis genesis = {.origin = "coffer.local/ill", .clock = 1};
    struct cf_id subject = {.bytes = {5}}, other = {.bytes = {6}};
    cf_sodium_init();
    cf_temp_dir_make(&dir);
    const struct cf_log_options options = {
        .directory = dir.path, .create = &genesis, .step_size = 1 << 20};
    assert_int_equal(cf_log_open(&options, &log, NULL), CF_OK);
    uint64_t first = forge(log, subject, 0);
    uint64_t hidden = forge(log, subject, first);
    forge(log, other, 0);
    uint64_t shown = forge(log, subject, first); /* beside the hidden one */
    struct cf_subject_proved proved = {
        .subject = subject, .size = cf_log_head(log), .newest = shown, .count = 2};
    cf_frontier_root(cf_log_frontier(log), &proved.root);

    /* Whoever walks the chain sees two records and nothing wrong. */
    struct cf_subject_answer answer;
    uint64_t visited = 0, count;
    assert_int_equal(cf_log_view_begin(log, &view, NULL), CF_OK);
    assert_int_equal(cf_subject_walk(cf_subject_view_source(view), subject, shown, add_sequence,
                                     &visited, &count, NULL),
                     CF_OK);
    assert_int_equal(visited, shown * 10 + first);
    /* Whoever recomputes finds the fork. */
    assert_int_equal(cf_subject_recompute(view, &proved, &answer, NULL), CF_OK);
    assert_int_equal(answer.finding, CF_SUBJECT_FORKED);
    assert_int_equal(answer.sequence, shown);
    /* As does who is shown the other branch: there is something newer. */
    proved.newest = hidden;
    assert_int_equal(cf_subject_recompute(view, &proved, &answer, NULL), CF_OK);
    assert_int_equal(answer.finding, CF_SUBJECT_WHOLE); /* up to there, nothing is missing */
    proved.newest = shown;
    proved.count = 3;
    assert_int_equal(cf_subject_recompute(view, &proved, &answer, NULL), CF_OK);
    assert_int_equal(answer.finding, CF_SUBJECT_FORKED);
    cf_log_view_end(view);
    cf_log_close(log);
    cf_temp_dir_remove(&dir);
}

static struct cf_record named(uint64_t sequence, struct cf_id subject, uint64_t previous)
{
    return (struct cf_record){
        .sequence = sequence, .subject_count = 1, .subjects = {{subject, previous}}};
}

/* A log of ten records; those of `subject` are 2, 5, 6 and 9, unless changed. */
struct forgery {
    uint64_t previous[11]; /* by sequence; 0 is the first, UINT64_MAX does not name it */
    uint64_t newest, count;
    enum cf_subject_finding finding;
    uint64_t sequence;
};

#define NOT UINT64_MAX

static void test_scan__names_what_is_wrong_and_where(void **state)
{
    (void)state;
    static const struct forgery rows[] = {
        {{0, NOT, 0, NOT, NOT, 2, 5, NOT, NOT, 6, NOT}, 9, 4, CF_SUBJECT_WHOLE, 0},
        /* 6 and 5 follow 2: whoever walks from 9 never sees 5. */
        {{0, NOT, 0, NOT, NOT, 2, 2, NOT, NOT, 6, NOT}, 9, 3, CF_SUBJECT_FORKED, 6},
        /* 5 begins anew. */
        {{0, NOT, 0, NOT, NOT, 0, 5, NOT, NOT, 6, NOT}, 9, 3, CF_SUBJECT_FORKED, 5},
        /* 6 points at 4, which names somebody else; 9 at the future. */
        {{0, NOT, 0, NOT, NOT, 2, 4, NOT, NOT, 6, NOT}, 9, 4, CF_SUBJECT_FORGED, 6},
        {{0, NOT, 0, NOT, NOT, 2, 5, NOT, NOT, 10, NOT}, 9, 4, CF_SUBJECT_FORGED, 9},
        /* The chain shown begins below the newest, or beside it. */
        {{0, NOT, 0, NOT, NOT, 2, 5, NOT, NOT, 6, NOT}, 6, 3, CF_SUBJECT_NEWEST_MISSING, 9},
        {{0, NOT, 0, NOT, NOT, 2, 5, NOT, NOT, 6, NOT}, 0, 0, CF_SUBJECT_NEWEST_MISSING, 9},
        {{0, NOT, 0, NOT, NOT, 2, 5, NOT, NOT, 6, NOT}, 8, 4, CF_SUBJECT_NEWEST_WRONG, 8},
        {{0, NOT, 0, NOT, NOT, 2, 5, NOT, NOT, 6, NOT}, 9, 3, CF_SUBJECT_MISCOUNTED, 9},
    };
    struct cf_id subject = {.bytes = {1}}, other = {.bytes = {2}};
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct cf_subject_scan scan;
        cf_subject_scan_begin(&scan, subject);
        for (uint64_t sequence = 1; sequence <= 10; sequence++) {
            uint64_t previous = rows[row].previous[sequence];
            struct cf_record record =
                previous == NOT ? named(sequence, other, 0) : named(sequence, subject, previous);
            assert_int_equal(cf_subject_scan_record(&scan, &record, NULL), CF_OK);
        }
        cf_subject_scan_compare(&scan, rows[row].newest, rows[row].count);
        assert_int_equal(scan.finding, rows[row].finding);
        if (scan.finding != CF_SUBJECT_WHOLE)
            assert_int_equal(scan.sequence, rows[row].sequence);
        assert_true(strlen(cf_subject_finding_sentence(scan.finding)) > 10);
        cf_subject_scan_end(&scan);
    }
}

struct shelf {
    const uint64_t *previous;
    struct cf_id subject;
    int reads;
    uint8_t bytes[512];
};

static enum cf_status shelf_record(void *context, uint64_t sequence, struct cf_bytes *ret_bytes,
                                   struct cf_fault *fault)
{
    struct shelf *shelf = context;
    (void)fault;
    shelf->reads++;
    struct cf_event event = {.type = CF_EVENT_USER_EMAIL_VERIFIED,
                             .user_email_verified = {.user_id = shelf->subject}};
    struct cf_record record = named(sequence, shelf->subject, shelf->previous[sequence]);
    if (shelf->previous[sequence] == NOT)
        record.subject_count = 0;
    record.time_us = 1;
    record.stream_version = 1;
    record.stream_id = record.actor_id = shelf->subject;
    record.idempotency_key = CF_BYTES_LITERAL("k");
    struct cf_wire_writer writer = cf_wire_writer_fixed(shelf->bytes, sizeof shelf->bytes);
    cf_record_encode_event(&record, &event, &writer);
    *ret_bytes = cf_bytes_from(shelf->bytes, writer.size);
    return CF_OK;
}

static void test_walk__goes_from_the_newest_to_the_first(void **state)
{
    (void)state;
    static const uint64_t good[] = {0, NOT, 0, NOT, NOT, 2, 5, NOT, NOT, 6};
    static const uint64_t torn[] = {0, NOT, 0, NOT, NOT, 2, 4, NOT, NOT, 6};
    struct shelf shelf = {.previous = good, .subject = {.bytes = {1}}};
    struct cf_subject_source source = {&shelf, shelf_record};
    struct cf_fault fault = {0};
    uint64_t visited = 0, count;
    assert_int_equal(
        cf_subject_walk(source, shelf.subject, 9, add_sequence, &visited, &count, NULL), CF_OK);
    assert_int_equal(visited, 9652);
    assert_int_equal(shelf.reads, 4); /* what the history costs depends on the history alone */
    assert_int_equal(count, 4);
    shelf.previous = torn;
    assert_int_equal(
        cf_subject_walk(source, shelf.subject, 9, add_sequence, &visited, &count, &fault),
        CF_CORRUPT);
    assert_string_equal(fault.detail, "at record 4");
}

/* ---- Erasure, over all that there is ---- */

/* How many files of the whole data directory hold the bytes. */
static int files_with(struct fixture *fixture, struct cf_bytes bytes)
{
    return cf_files_with(fixture->dir.path, bytes);
}

static uint64_t erase_person(struct fixture *fixture)
{
    uint64_t newest, count, reached;
    assert_int_equal(cf_range_subject(fixture->range, fixture->person, &newest, &count, NULL),
                     CF_OK);
    struct cf_event event = {.type = CF_EVENT_SUBJECT_ERASED,
                             .subject_erased = {.subject_id = fixture->person, .newest = newest}};
    uint64_t sequence = append(fixture, NO_KEY, &event, &fixture->person, 1);
    assert_int_equal(cf_keeper_catch_up(fixture->client, &reached, NULL), CF_OK);
    assert_true(reached >= sequence);
    cf_keeper_forget(fixture->client, fixture->person);
    return sequence;
}

static void test_erasure__leaves_ciphertext_that_nobody_opens(void **state)
{
    struct fixture *fixture = *state;
    struct cf_subject_proved proved;
    static const char *const clear[] = {EMAIL, NAME, "difference engine"};
    register_person(fixture);
    assert_int_equal(cf_keeper_password_set(fixture->client, fixture->person,
                                            CF_BYTES_LITERAL("difference engine"), NULL),
                     CF_OK);
    live(fixture);
    export_person(fixture);
    /* What is not personal is found: in the log, in the state and in the vault. */
    assert_int_equal(files_with(fixture, cf_bytes_from(&fixture->person, sizeof fixture->person)),
                     3);
    /* Clear text is nowhere, not even before. */
    for (size_t i = 0; i < sizeof clear / sizeof clear[0]; i++)
        assert_int_equal(files_with(fixture, cf_bytes_from_text(clear[i])), 0);
    uint64_t sequence = erase_person(fixture);

    cf_buf_clear(&fixture->file);
    assert_int_equal(cf_subject_certify(fixture->range, fixture->person, sequence, PATIENCE_MS,
                                        keep_line, &fixture->file, NULL),
                     CF_OK);
    assert_int_equal(check(fixture, cf_buf_bytes(&fixture->file), &proved, NULL), CF_OK);
    assert_true(proved.erasure);
    assert_int_equal(proved.newest, sequence);
    assert_int_equal(proved.count, 1);

    /* The history can still be shown, without what was sealed; the vault knows the id as erased. */
    export_person(fixture);
    assert_int_equal(check(fixture, cf_buf_bytes(&fixture->file), &proved, NULL), CF_OK);
    assert_int_equal(proved.count, 9);
    for (size_t i = 0; i < sizeof clear / sizeof clear[0]; i++) {
        assert_false(holds(cf_buf_bytes(&fixture->file), clear[i]));
        assert_int_equal(files_with(fixture, cf_bytes_from_text(clear[i])), 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_export__is_whole_and_proves_it),
        TEST(test_export__a_changed_file_is_found_out),
        TEST(test_export__another_record_is_no_history),
        cmocka_unit_test(test_recompute__finds_the_branch_that_was_kept_back),
        TEST(test_recompute__holds_a_file_against_the_log),
        cmocka_unit_test(test_scan__names_what_is_wrong_and_where),
        cmocka_unit_test(test_walk__goes_from_the_newest_to_the_first),
        TEST(test_erasure__leaves_ciphertext_that_nobody_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
