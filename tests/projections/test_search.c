/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: search finds what was meant: any word of a published text with one letter too many, too few, wrong
 * or out of place, and long words with more wrong; what was typed comes first. It finds nothing of what was
 * erased, and no word of it is left. A keeper that is away holds up search alone.
 * Shown: on a made-up history, with texts of the test's own for its first campaigns.
 */
#include "core/base/scope.h"
#include "core/event/record.h"
#include "projections/services.h"
#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"
#include "tools/bench/history.h"

#include <stdio.h>
#include <stdlib.h>

enum { EVENTS_COUNT = 4000, CAMPAIGNS_COUNT = 30, PAGE = 7 };

/* The texts of the first campaigns; all others speak of gardens. Stories say the same as titles. */
static const char *const texts[] = {
    "A paper lighthouse for every harbour", "Bicycle lamps that last",
    "Castle of ink, drawn by my cat",       "Cattle in bronze",
    "Фонарь для маленького кота",           "Straße über Århus",
};
enum { TEXTS_COUNT = sizeof texts / sizeof texts[0] };

static struct cf_history *history;
static struct cf_id campaigns[TEXTS_COUNT], creators[TEXTS_COUNT];
static bool keeper_is_away;
static struct cf_test_followed followed;

static const char *text_of(struct cf_id campaign)
{
    for (size_t i = 0; i < TEXTS_COUNT; i++)
        if (cf_id_equal(campaigns[i], campaign))
            return texts[i];
    return "Gardens between the houses";
}

static enum cf_status open_text(void *context, struct cf_id subject, struct cf_bytes sealed,
                                struct cf_buf *ret_clear, struct cf_fault *reterr_fault)
{
    (void)context;
    (void)sealed;
    if (keeper_is_away)
        CF_FAIL(reterr_fault, CF_TIMEOUT, "the keeper does not answer");
    return cf_buf_append_text(ret_clear, text_of(subject));
}

static const struct cf_services services = {.open = open_text};

static void apply_all(void)
{
    cf_test_followed_apply(&followed, cf_history_records(history, 1), 1, cf_history_count(history));
}

static enum cf_status leave_sealed(void *context, const struct cf_query_sealed *sealed,
                                   size_t count, struct cf_fault *reterr_fault)
{
    (void)context;
    (void)sealed;
    (void)count;
    (void)reterr_fault;
    return CF_OK;
}

/* One page of what the words find. */
static struct cf_json *page_of(const char *words, size_t size, const char *cursor,
                               int64_t count_max)
{
    const struct cf_query_unsealer unsealer = {.unseal = leave_sealed};
    const struct cf_query_listing listing = {.words = cf_bytes_from((const uint8_t *)words, size),
                                             .cursor = cf_bytes_from_text(cursor),
                                             .count_max = count_max};
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    if (cf_query_campaigns(followed.query, &listing, &unsealer, &json, &fault) != CF_OK)
        fail_msg("%.*s: %s: %s", (int)size, words, fault.text, fault.detail);
    return json;
}

/* The place of a campaign among what the words find, from 0; -1 where it is not found. */
static int place_of(const char *words, size_t size, size_t text)
{
    char id[CF_ID_TEXT_SIZE];
    cf_id_print(campaigns[text], id);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = page_of(words, size, "", 100);
    const struct cf_json *list = cf_json_get(json, "campaigns");
    for (size_t i = 0; i < cf_json_size(list); i++)
        if (cf_json_is(cf_json_get(cf_json_item(list, i), "id"), id))
            return (int)i;
    return -1;
}

static int place(const char *words, size_t text)
{
    return place_of(words, strlen(words), text);
}

static size_t count_found(const char *words)
{
    CF_CLEANUP(cf_scope_cf_json_destroy)
    struct cf_json *json = page_of(words, strlen(words), "", 100);
    return cf_json_size(cf_json_get(json, "campaigns"));
}

static void test_search__finds_words_as_they_stand(void **state)
{
    (void)state;
    apply_all();
    assert_int_equal(place("paper lighthouse", 0), 0);
    assert_int_equal(place("LIGHTHOUSE", 0), 0);
    assert_int_equal(place("фонарь", 4), 0);
    assert_int_equal(place("\"castle of ink\"", 2), 0);
    assert_int_equal(count_found("gardens"), CAMPAIGNS_COUNT - TEXTS_COUNT);
    assert_int_equal(count_found("gardens -houses"), 0);
    assert_int_equal(count_found("submarine"), 0);
    static const char *const odd[] = {"",     "   ",  "'",    "\\",       "a & | ! (",
                                      "-",    "%_",   "\"",   "x'y\\z:*", "lamp:* | <->",
                                      "42 0", "e@x.", "ab c", "\t\n"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        (void)count_found(odd[i]);
}

/* -- Typing errors -------------------------------------------------------------------------- */

/* A word's letters, each with its bytes. */
struct letters {
    size_t count;
    struct cf_bytes of[32];
};

static struct letters letters_of(struct cf_bytes word)
{
    struct letters letters = {0};
    for (size_t at = 0; at < word.size;) {
        size_t size = 1;
        while (at + size < word.size && (word.data[at + size] & 0xc0) == 0x80)
            size++;
        letters.of[letters.count++] = cf_bytes_from(word.data + at, size);
        at += size;
    }
    return letters;
}

static void expect_found(const struct letters *letters, size_t text)
{
    char word[128];
    size_t size = 0;
    for (size_t i = 0; i < letters->count; i++) {
        memcpy(word + size, letters->of[i].data, letters->of[i].size);
        size += letters->of[i].size;
    }
    if (place_of(word, size, text) < 0)
        fail_msg("\"%.*s\" does not find \"%s\"", (int)size, word, texts[text]);
}

/* Every word that is one error away. */
static void try_errors(struct cf_bytes word, size_t text)
{
    const struct letters right = letters_of(word);
    const struct cf_bytes wrong = cf_bytes_from_text("z");
    for (size_t i = 0; i < right.count; i++) {
        struct letters letters = right;
        letters.of[i] = wrong;
        expect_found(&letters, text);
        memmove(&letters.of[i], &letters.of[i + 1], (31 - i) * sizeof letters.of[0]);
        letters.count--;
        if (letters.count >= 3)
            expect_found(&letters, text);
        letters = right;
        memmove(&letters.of[i + 1], &letters.of[i], (31 - i) * sizeof letters.of[0]);
        letters.count++;
        letters.of[i] = wrong;
        expect_found(&letters, text);
        if (i == 0)
            continue;
        letters = right;
        letters.of[i] = right.of[i - 1];
        letters.of[i - 1] = right.of[i];
        expect_found(&letters, text);
    }
}

static void test_search__forgives_any_one_error_in_any_word(void **state)
{
    (void)state;
    apply_all();
    for (size_t text = 0; text < TEXTS_COUNT; text++) {
        const char *at = texts[text];
        while (*at != '\0') {
            size_t size = strcspn(at, " ,");
            struct cf_bytes word = cf_bytes_from((const uint8_t *)at, size);
            if (letters_of(word).count >= 3)
                try_errors(word, text);
            at += size + strspn(at + size, " ,");
        }
    }
}

static void test_search__forgives_more_errors_in_long_words(void **state)
{
    (void)state;
    apply_all();
    assert_int_equal(place("bycicle", 1), 0);
    assert_int_equal(place("bicicle lapms", 1), 0);
    assert_int_equal(place("lyghthouze", 0), 0);
    assert_int_equal(place("lihgthous harbour", 0), 0);
    assert_int_equal(place("малинкого", 4), 0);
    assert_int_equal(count_found("laghthuuza"), 0);
}

static void test_search__what_was_typed_comes_first(void **state)
{
    (void)state;
    apply_all();
    assert_int_equal(place("castle", 2), 0);
    assert_int_equal(place("castle", 3), 1);
    assert_int_equal(place("cattle", 3), 0);
    assert_int_equal(place("cattle", 2), 1);
    /* Where many hold what was typed, nobody asks for its neighbours. */
    assert_int_equal(place("gardens", 2), -1);
}

static void test_search__pages_give_each_campaign_once(void **state)
{
    (void)state;
    apply_all();
    char cursor[128] = "";
    char seen[CAMPAIGNS_COUNT][CF_ID_TEXT_SIZE];
    size_t count = 0;
    for (;;) {
        CF_CLEANUP(cf_scope_cf_json_destroy)
        struct cf_json *json = page_of("gardens", 7, cursor, PAGE);
        const struct cf_json *list = cf_json_get(json, "campaigns");
        for (size_t i = 0; i < cf_json_size(list); i++) {
            const char *id = cf_json_text(cf_json_get(cf_json_item(list, i), "id"));
            for (size_t j = 0; j < count; j++)
                assert_string_not_equal(id, seen[j]);
            assert_true(count < CAMPAIGNS_COUNT);
            snprintf(seen[count++], sizeof seen[0], "%s", id);
        }
        const char *next = cf_json_text(cf_json_get(json, "next"));
        if (next == NULL)
            break;
        snprintf(cursor, sizeof cursor, "%s", next);
    }
    assert_int_equal(count, CAMPAIGNS_COUNT - TEXTS_COUNT);
}

/* -- Erasure -------------------------------------------------------------------------------- */

/* Runs a DO block that asserts something; the server's words on failure. */
static void expect(const char *assertion)
{
    char script[1024];
    struct cf_fault fault = {0};
    snprintf(script, sizeof script, "DO $$ BEGIN ASSERT %s; END $$", assertion);
    if (cf_pg_script(followed.pg, script, &fault) != CF_OK)
        fail_msg("%s: %s", fault.detail, assertion);
}

/* The words are those of the published texts, no more and no fewer, each with as many as hold it. */
static void expect_words_fit(void)
{
    expect(
        "NOT EXISTS ((SELECT word, holders FROM word EXCEPT ALL "
        "SELECT word, count(*) FROM (SELECT words_of(document) AS word FROM campaign_text WHERE "
        "is_published) AS held GROUP BY word) UNION ALL "
        "(SELECT word, count(*) FROM (SELECT words_of(document) AS word FROM campaign_text WHERE "
        "is_published) AS held GROUP BY word EXCEPT ALL SELECT word, holders FROM word))");
}

static void test_search__forgets_what_was_erased(void **state)
{
    (void)state;
    apply_all();
    expect_words_fit();
    expect("EXISTS (SELECT FROM word WHERE word = 'lighthouse')");
    expect("EXISTS (SELECT FROM word WHERE word = 'маленького')");
    cf_test_followed_erase(&followed, campaigns[0], cf_history_count(history) + 1);
    assert_int_equal(count_found("paper lighthouse"), 0);
    assert_int_equal(count_found("lihgthouse"), 0);
    expect(
        "NOT EXISTS (SELECT FROM campaign_text WHERE title LIKE '%lighthouse%' OR story LIKE "
        "'%lighthouse%' OR document::text LIKE '%lighthouse%' OR lead::text LIKE '%lighthouse%')");
    expect("NOT EXISTS (SELECT FROM word WHERE word IN ('lighthouse', 'paper', 'harbour'))");
    expect_words_fit();
}

static void test_search__forgets_all_texts_of_an_erased_creator(void **state)
{
    (void)state;
    static const char *const words[TEXTS_COUNT] = {"lighthouse", "bicycle", "castle",
                                                   "bronze",     "фонарь",  "århus"};
    apply_all();
    cf_test_followed_erase(&followed, creators[0], cf_history_count(history) + 1);
    size_t others = 0;
    for (size_t i = 0; i < TEXTS_COUNT; i++) {
        bool is_other = !cf_id_equal(creators[i], creators[0]);
        assert_int_equal(place(words[i], i) >= 0, is_other);
        others += is_other;
    }
    assert_true(others > 0);
    expect_words_fit();
}

/* A rebuild's former tables, and what a rebuild that was killed left, hold the texts too. */
static void test_search__forgets_in_replaced_tables_too(void **state)
{
    (void)state;
    const struct cf_model *search = cf_model_find("search");
    apply_all();
    cf_test_rebuild(followed.dsn, history, search, &services);
    expect("(SELECT count(*) FROM coffer_search_previous.campaign_text WHERE title LIKE "
           "'%lighthouse%') = 1");
    expect_words_fit();
    struct cf_fault fault = {0};
    assert_int_equal(cf_pg_script(followed.pg,
                                  "CREATE SCHEMA coffer_search_shadow; "
                                  "CREATE TABLE coffer_search_shadow.campaign_text AS "
                                  "SELECT * FROM coffer_search.campaign_text",
                                  &fault),
                     CF_OK);
    /* A runner begins again behind a rebuild. */
    const char *dsn = followed.dsn;
    cf_test_followed_clean_up(&followed);
    cf_test_follow_dsn(dsn, &services, &followed);
    cf_test_followed_erase(&followed, campaigns[0], cf_history_count(history) + 1);
    expect("to_regnamespace('coffer_search_previous') IS NULL");
    expect("to_regnamespace('coffer_search_shadow') IS NULL");
    expect("to_regnamespace('coffer_search') IS NOT NULL");
    assert_int_equal(cf_rebuild_roll_back(followed.pg, search, &fault), CF_NOT_FOUND);
    assert_int_equal(count_found("lighthouse"), 0);
    assert_int_equal(place("bicycle", 1), 0);
}

/* -- Without a keeper ----------------------------------------------------------------------- */

static void test_search__waits_for_the_keeper_alone(void **state)
{
    (void)state;
    keeper_is_away = true;
    uint64_t head = cf_history_count(history);
    apply_all();
    for (size_t i = 0; i < cf_runner_count(followed.runner); i++) {
        struct cf_reader_status status = cf_runner_status(followed.runner, i);
        bool is_search = status.model == cf_model_find("search");
        assert_int_equal(status.state, is_search ? CF_READER_WAITING : CF_READER_RUNNING);
        assert_int_equal(status.sequence, is_search ? 0 : head);
    }
    keeper_is_away = false;
    assert_int_equal(cf_runner_take_over(followed.runner, NULL), CF_OK);
    assert_int_equal(cf_runner_next(followed.runner), 1);
    apply_all();
    assert_int_equal(place("lighthouse", 0), 0);
}

static int open_all(void **state)
{
    (void)state;
    keeper_is_away = false;
    cf_test_follow(&services, &followed);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    cf_test_followed_clean_up(&followed);
    return 0;
}

static int make_history(void **state)
{
    const struct cf_history_options options = {.seed = 31,
                                               .events_count = EVENTS_COUNT,
                                               .campaigns_count = CAMPAIGNS_COUNT,
                                               .users_count = 60};
    if (cf_history_new(&options, &history) != CF_OK)
        return -1;
    size_t count = 0;
    for (uint64_t i = 1; count < TEXTS_COUNT; i++) {
        struct cf_record record;
        assert_int_equal(cf_record_decode(cf_history_record(history, i), &record, NULL), CF_OK);
        if (record.event_number != CF_EVENT_CAMPAIGN_DRAFTED)
            continue;
        struct cf_event event;
        assert_int_equal(cf_record_event(&record, &event, NULL), CF_OK);
        campaigns[count] = event.campaign_drafted.campaign_id;
        creators[count++] = event.campaign_drafted.creator_id;
    }
    return cf_test_pg_start(state);
}

static int drop_history(void **state)
{
    cf_history_destroy(history);
    return cf_test_pg_stop(state);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_search__finds_words_as_they_stand),
        TEST(test_search__forgives_any_one_error_in_any_word),
        TEST(test_search__forgives_more_errors_in_long_words),
        TEST(test_search__what_was_typed_comes_first),
        TEST(test_search__pages_give_each_campaign_once),
        TEST(test_search__forgets_what_was_erased),
        TEST(test_search__forgets_all_texts_of_an_erased_creator),
        TEST(test_search__forgets_in_replaced_tables_too),
        TEST(test_search__waits_for_the_keeper_alone),
    };
    return cmocka_run_group_tests(tests, make_history, drop_history);
}
