/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what the range service answers is what the log and the state hold; proofs hold against
 * the served root; a wait ends when the head moves; nonsense is refused and hurts nobody. Shown: on
 * a sample ledger served over a socket in a temporary directory.
 */
#include "eventstore/bus.h"
#include "eventstore/range.h"
#include "eventstore/tile.h"
#include "tests/support/cmocka.h"
#include "tests/support/sample_log.h"
#include "tests/support/temp_dir.h"

#include <pthread.h>

struct fixture {
    struct cf_temp_dir dir;
    char range_url[128], head_url[128];
    struct cf_sample_log sample;
    struct cf_range_server *server;
    struct cf_range_client *client;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    cf_temp_dir_make(&fixture->dir);
    snprintf(fixture->range_url, sizeof fixture->range_url, "ipc://%s/range", fixture->dir.path);
    snprintf(fixture->head_url, sizeof fixture->head_url, "ipc://%s/head", fixture->dir.path);
    cf_sample_log_open(&fixture->sample, fixture->dir.path, NULL);
    cf_sample_log_append(&fixture->sample, 700);
    assert_int_equal(cf_range_server_open(fixture->sample.log, fixture->sample.state,
                                          fixture->range_url, fixture->head_url, &fixture->server,
                                          NULL),
                     CF_OK);
    assert_int_equal(
        cf_range_client_open(fixture->range_url, fixture->head_url, &fixture->client, NULL), CF_OK);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    cf_range_client_close(fixture->client);
    cf_range_server_close(fixture->server);
    cf_sample_log_close(&fixture->sample);
    cf_temp_dir_remove(&fixture->dir);
    free(fixture);
    return 0;
}

static void test_range__serves_the_records(void **state)
{
    struct fixture *fixture = *state;
    struct cf_range_records records = {0};
    struct cf_buf expected;
    cf_buf_init(&expected, CF_RECORD_SIZE_MAX);
    static const size_t sizes[] = {1, 1000, 1 << 30};
    for (size_t i = 0; i < 3; i++) {
        uint64_t next = 1;
        while (next <= 700) {
            struct cf_fault fault = {0};
            enum cf_status status =
                cf_range_read(fixture->client, next, sizes[i], &records, &fault);
            if (status != CF_OK)
                fail_msg("%s %s", cf_status_name(status), fault.text);
            assert_int_equal(records.head, 700);
            assert_int_equal(records.first, next);
            assert_true(records.count > 0);
            if (i == 0)
                assert_int_equal(records.count, 1);
            for (size_t at = 0; at < records.count; at++) {
                assert_int_equal(cf_log_read(fixture->sample.log, next + at, &expected, NULL),
                                 CF_OK);
                assert_true(cf_bytes_equal(records.records[at], cf_buf_bytes(&expected)));
            }
            next += records.count;
        }
        assert_int_equal(next, 701);
    }
    assert_int_equal(cf_range_read(fixture->client, 701, 1000, &records, NULL), CF_OK);
    assert_int_equal(records.count, 0);
    assert_int_equal(cf_range_read(fixture->client, 0, 1000, &records, NULL), CF_INVALID);
    cf_buf_clean_up(&expected);
    cf_range_records_clean_up(&records);
}

static void test_range__proofs_hold_against_the_root(void **state)
{
    struct fixture *fixture = *state;
    struct cf_hash root, root_old, leaf;
    struct cf_proof proof;
    struct cf_range_records records = {0};
    assert_int_equal(cf_range_root(fixture->client, 700, &root, NULL), CF_OK);
    assert_int_equal(cf_range_inclusion(fixture->client, 321, 700, &proof, NULL), CF_OK);
    assert_int_equal(cf_range_read(fixture->client, 321, 1, &records, NULL), CF_OK);
    cf_hash_leaf(records.records[0], &leaf);
    assert_true(cf_tree_verify_inclusion(320, 700, &leaf, &proof, &root));
    assert_int_equal(cf_range_root(fixture->client, 99, &root_old, NULL), CF_OK);
    assert_int_equal(cf_range_consistency(fixture->client, 99, 700, &proof, NULL), CF_OK);
    assert_true(cf_tree_verify_consistency(99, 700, &root_old, &root, &proof));
    assert_int_equal(cf_range_root(fixture->client, 701, &root, NULL), CF_RANGE);
    assert_int_equal(cf_range_inclusion(fixture->client, 0, 700, &proof, NULL), CF_RANGE);
    assert_int_equal(cf_range_consistency(fixture->client, 1, 701, &proof, NULL), CF_RANGE);
    cf_range_records_clean_up(&records);
}

static void test_range__checkpoint_is_the_newest_signed(void **state)
{
    struct fixture *fixture = *state;
    struct cf_buf note, served;
    cf_buf_init(&note, CF_CHECKPOINT_SIZE_MAX);
    cf_buf_init(&served, CF_CHECKPOINT_SIZE_MAX);
    assert_int_equal(cf_range_checkpoint(fixture->client, &served, NULL), CF_NOT_FOUND);
    assert_int_equal(
        cf_checkpoint_sign_head(fixture->sample.log, &fixture->sample.signer, &note, NULL), CF_OK);
    assert_int_equal(cf_range_server_checkpoint(fixture->server, cf_buf_bytes(&note), NULL), CF_OK);
    assert_int_equal(cf_range_checkpoint(fixture->client, &served, NULL), CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(&note), cf_buf_bytes(&served)));
    cf_buf_clean_up(&note);
    cf_buf_clean_up(&served);
}

static void test_range__serves_tiles(void **state)
{
    struct fixture *fixture = *state;
    struct cf_buf tile;
    cf_buf_init(&tile, (size_t)1 << 25);
    static const struct {
        const char *path;
        enum cf_status status;
        size_t size;
    } rows[] = {
        {"tile/0/000", CF_OK, 8192},           {"tile/0/001", CF_OK, 8192},
        {"tile/0/002", CF_NOT_FOUND, 0},       {"tile/0/002.p/188", CF_OK, 188 * 32},
        {"tile/0/002.p/189", CF_NOT_FOUND, 0}, {"tile/1/000.p/2", CF_OK, 64},
        {"tile/2/000.p/1", CF_NOT_FOUND, 0},   {"tile/entries/002", CF_NOT_FOUND, 0},
        {"tile/8/000", CF_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(
            cf_range_tile(fixture->client, cf_bytes_from_text(rows[i].path), &tile, NULL),
            rows[i].status);
        if (rows[i].status == CF_OK)
            assert_int_equal(tile.size, rows[i].size);
    }

    /* The entries hash to the tile's leaves, and the tile hashes to its node one level up. */
    struct cf_buf entries;
    cf_buf_init(&entries, (size_t)1 << 25);
    struct cf_frontier frontier = {0};
    assert_int_equal(cf_range_tile(fixture->client, CF_BYTES_LITERAL("tile/0/001"), &tile, NULL),
                     CF_OK);
    assert_int_equal(
        cf_range_tile(fixture->client, CF_BYTES_LITERAL("tile/entries/001"), &entries, NULL),
        CF_OK);
    size_t at = 0;
    for (size_t i = 0; i < CF_TILE_WIDTH; i++) {
        size_t size = (size_t)entries.data[at] << 8 | entries.data[at + 1];
        struct cf_hash leaf;
        cf_hash_leaf(cf_bytes_from(entries.data + at + 2, size), &leaf);
        assert_memory_equal(tile.data + i * CF_HASH_SIZE, leaf.bytes, CF_HASH_SIZE);
        cf_frontier_add(&frontier, &leaf);
        at += 2 + size;
    }
    assert_int_equal(at, entries.size);
    struct cf_hash root;
    cf_frontier_root(&frontier, &root);
    assert_int_equal(
        cf_range_tile(fixture->client, CF_BYTES_LITERAL("tile/1/000.p/2"), &tile, NULL), CF_OK);
    assert_memory_equal(tile.data + CF_HASH_SIZE, root.bytes, CF_HASH_SIZE);
    cf_buf_clean_up(&tile);
    cf_buf_clean_up(&entries);
}

static void test_range__looks_up_streams_subjects_and_requests(void **state)
{
    struct fixture *fixture = *state;
    uint64_t sequences[200], newest, subject_count;
    size_t count;
    assert_int_equal(
        cf_range_stream(fixture->client, cf_sample_stream(3), 1, sequences, 200, &count, NULL),
        CF_OK);
    assert_int_equal(count, 100);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sequences[i], 1 + 7 * i);
    assert_int_equal(
        cf_range_stream(fixture->client, cf_sample_stream(3), 99, sequences, 200, &count, NULL),
        CF_OK);
    assert_int_equal(count, 2);
    assert_int_equal(
        cf_range_subject(fixture->client, cf_sample_subject(1), &newest, &subject_count, NULL),
        CF_OK);
    assert_true(newest > 690 && subject_count > 100);
    assert_int_equal(cf_range_subject(fixture->client, (struct cf_id){.bytes = {1}}, &newest,
                                      &subject_count, NULL),
                     CF_NOT_FOUND);

    struct cf_range_request requests[50];
    assert_int_equal(cf_range_requests(fixture->client, 0, requests, 50, &count, NULL), CF_OK);
    assert_true(count > 3);
    for (size_t i = 1; i < count; i++)
        assert_true(requests[i - 1].sequence < requests[i].sequence);
    size_t after;
    assert_int_equal(
        cf_range_requests(fixture->client, requests[1].sequence, requests, 50, &after, NULL),
        CF_OK);
    assert_int_equal(after, count - 2);
    struct cf_id id;
    assert_int_equal(
        cf_range_lookup(fixture->client, CF_LOOKUP_INTENT, CF_BYTES_LITERAL("intent-5"), &id, NULL),
        CF_OK);
    assert_int_equal(id.bytes[15], 5);
    assert_int_equal(
        cf_range_lookup(fixture->client, CF_LOOKUP_SLUG, CF_BYTES_LITERAL("intent-5"), &id, NULL),
        CF_NOT_FOUND);
}

static void test_range__walks_over_the_outside_names_of_a_kind(void **state)
{
    struct fixture *fixture = *state;
    char last[CF_RANGE_NAME_SIZE] = "", name[CF_RANGE_NAME_SIZE];
    struct cf_id id;
    size_t count = 0;
    while (cf_range_name_behind(fixture->client, CF_LOOKUP_INTENT, cf_bytes_from_text(last), name,
                                NULL) == CF_OK) {
        assert_true(strcmp(last, name) < 0);
        assert_int_equal(
            cf_range_lookup(fixture->client, CF_LOOKUP_INTENT, cf_bytes_from_text(name), &id, NULL),
            CF_OK);
        memcpy(last, name, sizeof last);
        count++;
    }
    assert_true(count > 3);
    assert_int_equal(
        cf_range_name_behind(fixture->client, CF_LOOKUP_SLUG, (struct cf_bytes){0}, name, NULL),
        CF_NOT_FOUND);
}

static void *append_one(void *context)
{
    struct fixture *fixture = context;
    cf_sample_log_append(&fixture->sample, 1);
    cf_range_server_announce(fixture->server, cf_log_head(fixture->sample.log));
    return NULL;
}

static void *interrupt(void *context)
{
    struct fixture *fixture = context;
    cf_range_client_interrupt(fixture->client);
    return NULL;
}

static void test_range__wait_ends_when_the_head_moves(void **state)
{
    struct fixture *fixture = *state;
    uint64_t head;
    pthread_t thread;
    assert_int_equal(cf_range_client_wait(fixture->client, 699, 1000, &head, NULL), CF_OK);
    assert_int_equal(head, 700);
    assert_int_equal(cf_range_client_wait(fixture->client, 700, 20, &head, NULL), CF_TIMEOUT);
    pthread_create(&thread, NULL, append_one, fixture);
    assert_int_equal(cf_range_client_wait(fixture->client, 700, 20000, &head, NULL), CF_OK);
    assert_int_equal(head, 701);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, interrupt, fixture);
    assert_int_equal(cf_range_client_wait(fixture->client, 701, 20000, &head, NULL), CF_CLOSED);
    pthread_join(thread, NULL);
}

static void test_range__nonsense_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct cf_bus_client *bus;
    struct cf_buf reply;
    cf_buf_init(&reply, CF_BUS_MESSAGE_SIZE_MAX);
    assert_int_equal(cf_bus_client_open(fixture->range_url, &bus, NULL), CF_OK);
    static const struct cf_bytes requests[] = {
        CF_BYTES_LITERAL("\x90"),
        CF_BYTES_LITERAL("\x91\x00"),
        CF_BYTES_LITERAL("\x91\x63"),
        CF_BYTES_LITERAL("\xc1"),
        CF_BYTES_LITERAL("\x91\x02"),
        CF_BYTES_LITERAL("\x92\x08\xa1x"),
        CF_BYTES_LITERAL("\x92\x08\xc4\x0f"),
        CF_BYTES_LITERAL("\xdd\xff\xff\xff\xff"),
        CF_BYTES_LITERAL("\x94\x07\x00\x00\x00"),
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        assert_int_equal(cf_bus_client_call(bus, requests[i], 5000, &reply, NULL), CF_OK);
        assert_int_equal(reply.size, 1);
        assert_int_equal(reply.data[0], 3);
    }
    cf_bus_client_close(bus);
    cf_buf_clean_up(&reply);
    uint64_t head;
    assert_int_equal(cf_range_head(fixture->client, &head, NULL), CF_OK);
}

static void test_tile__paths_have_one_spelling(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        struct cf_tile tile;
    } good[] = {
        {"tile/0/x001/x234/067", {0, 1234067, 256}},
        {"tile/1/x001/000", {1, 1000, 256}},
        {"tile/7/000.p/255", {7, 0, 255}},
        {"tile/entries/999.p/1", {CF_TILE_LEVEL_ENTRIES, 999, 1}},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct cf_tile tile;
        char path[CF_TILE_PATH_SIZE];
        assert_int_equal(cf_tile_parse(cf_bytes_from_text(good[i].path), &tile), CF_OK);
        assert_memory_equal(&tile, &good[i].tile, sizeof tile);
        cf_tile_print(&tile, path);
        assert_string_equal(path, good[i].path);
    }
    static const char *const bad[] = {
        "",
        "tile/",
        "tile/8/000",
        "tile/00/000",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000/",
        "tile/8/0/x001/067",
        "/tile/0/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/-1/000",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cf_tile tile;
        if (cf_tile_parse(cf_bytes_from_text(bad[i]), &tile) == CF_OK)
            fail_msg("%s was accepted", bad[i]);
    }
    /* The published examples of partial widths, for 70,000 and 256 leaves. */
    assert_int_equal(cf_tile_width(0, 272, 70000), 256);
    assert_int_equal(cf_tile_width(0, 273, 70000), 112);
    assert_int_equal(cf_tile_width(0, 274, 70000), 0);
    assert_int_equal(cf_tile_width(1, 0, 70000), 256);
    assert_int_equal(cf_tile_width(1, 1, 70000), 17);
    assert_int_equal(cf_tile_width(2, 0, 70000), 1);
    assert_int_equal(cf_tile_width(0, 0, 256), 256);
    assert_int_equal(cf_tile_width(0, 1, 256), 0);
    assert_int_equal(cf_tile_width(1, 0, 256), 1);
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(test_range__serves_the_records),
        TEST(test_range__proofs_hold_against_the_root),
        TEST(test_range__checkpoint_is_the_newest_signed),
        TEST(test_range__serves_tiles),
        TEST(test_range__looks_up_streams_subjects_and_requests),
        TEST(test_range__wait_ends_when_the_head_moves),
        TEST(test_range__nonsense_is_refused),
        TEST(test_range__walks_over_the_outside_names_of_a_kind),
        cmocka_unit_test(test_tile__paths_have_one_spelling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
