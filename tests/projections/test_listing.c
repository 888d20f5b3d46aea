/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the pages of a list give every campaign that passes all filters (words, status, category, model,
 * country, radius), once each and in the order of the sort, whether few or many match; and places are found
 * across the 180th meridian and around the poles.
 * Shown: on thousands of made-up rows, against plain SQL that looks at every row and measures another way.
 */
#include "core/base/scope.h"
#include "tests/projections/rows.h"
#include "tests/support/cmocka.h"
#include "tests/support/pg.h"

#include <stdio.h>
#include <stdlib.h>

enum { CAMPAIGNS_COUNT = 6000, PAGE = 100 };

static struct cf_test_followed followed;

/* "every" stands in all texts, "third" in a third of them, "rare" in one of a hundred. A tenth of the campaigns
 * are near the poles, and as many near the 180th meridian. */
static const char rows[] =
    "CREATE TEMP TABLE made AS SELECT n, gen_random_uuid() AS campaign,"
    "       (ARRAY['active', 'funded', 'failed'])[1 + n * 7 % 3] AS status,"
    "       (ARRAY['games', 'music', 'film', 'design', 'art'])[1 + n * 11 % 5] AS category,"
    "       (ARRAY['all_or_nothing', 'keep_it_all'])[1 + n * 13 % 2] AS model,"
    "       CASE WHEN n % 500 = 0 THEN 'IS' ELSE 'DE' END AS country,"
    "       n * 7919 % 997 AS trend, n * 104729 % 10007 AS launched, n * 31337 % 5003 AS ends,"
    "       n * 27644437::bigint % 4999 AS funded,"
    "       CASE n % 10 WHEN 0 THEN 88000000 + n * 331 % 2000000 WHEN 1 THEN -90000000 + n * 331 % "
    "2000000"
    "                   ELSE 45000000 + n * 7907::bigint % 10000000 END AS latitude,"
    "       CASE n % 10 WHEN 0 THEN n * 7927::bigint * 13 % 360000000 - 180000000"
    "                   WHEN 2 THEN 179000000 + n * 173 % 1000000 WHEN 3 THEN -180000000 + n * 173 "
    "% 1000000"
    "                   ELSE n * 7933::bigint % 12000000 END AS longitude,"
    "       'every' || CASE WHEN n % 3 = 0 THEN ' third' ELSE '' END ||"
    "                  CASE WHEN n % 100 = 0 THEN ' rare' ELSE '' END AS title"
    "  FROM generate_series(1, 6000) AS n;"
    "INSERT INTO campaign (campaign, goal, latitude_microdegrees, longitude_microdegrees, "
    "is_located,"
    "                      was_funded, platform_fee_bps, sequence)"
    "SELECT campaign, 1, latitude, longitude, true, false, 0, n FROM made;"
    "INSERT INTO listing (campaign, status, category, model, country, latitude_microdegrees,"
    "                     longitude_microdegrees, is_located, is_public, launched_at_us, "
    "ends_at_us, goal,"
    "                     funded_bps, trend, sequence)"
    "SELECT campaign, status, category, model, country, latitude, longitude, true, n % 50 <> 7, "
    "launched, ends, 1,"
    "       funded, trend, n FROM made;"
    "INSERT INTO campaign_text (campaign, is_published, is_erased, title, sequence)"
    "SELECT campaign, true, false, title, n FROM made; ANALYZE";

/* What one page after the other gives: ids, joined. */
static void give_all(struct cf_query_listing listing, struct cf_buf *ret_ids)
{
    char cursor[128] = "";
    listing.count_max = PAGE;
    for (bool is_more = true; is_more;) {
        listing.cursor = cf_bytes_from_text(cursor);
        CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
        struct cf_fault fault = {0};
        const struct cf_query_unsealer none = {0};
        if (cf_query_campaigns(followed.query, &listing, &none, &json, &fault) != CF_OK)
            fail_msg("%s: %s", fault.text, fault.detail);
        const struct cf_json *list = cf_json_get(json, "campaigns");
        for (size_t i = 0; i < cf_json_size(list); i++)
            assert_int_equal(
                cf_buf_append_format(ret_ids, "%s,",
                                     cf_json_text(cf_json_get(cf_json_item(list, i), "id"))),
                CF_OK);
        const char *next = cf_json_text(cf_json_get(json, "next"));
        is_more = next != NULL;
        snprintf(cursor, sizeof cursor, "%s", is_more ? next : "");
    }
    assert_int_equal(cf_buf_terminate(ret_ids), CF_OK);
}

/* Compares with the campaigns that an SQL condition over `made` gives, in the order of an SQL expression. */
static void expect(const struct cf_query_listing *listing, const char *condition, const char *order)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf ids, script;
    cf_buf_init(&ids, 1 << 20);
    cf_buf_init(&script, 2 << 20);
    give_all(*listing, &ids);
    assert_int_equal(
        cf_buf_append_format(
            &script,
            "DO $$ DECLARE given text := '%s'; wanted text; BEGIN "
            "SELECT coalesce(string_agg(campaign::text, ',' ORDER BY %s) || ',', '') INTO wanted "
            "  FROM made WHERE n %% 50 <> 7 AND (%s); "
            "IF given <> wanted THEN RAISE 'wanted %% campaigns, given %%', "
            "length(wanted) / 37, length(given) / 37; END IF; END $$",
            (const char *)ids.data, order, condition),
        CF_OK);
    assert_int_equal(cf_buf_terminate(&script), CF_OK);
    struct cf_fault fault = {0};
    if (cf_pg_script(followed.pg, (const char *)script.data, &fault) != CF_OK)
        fail_msg("%s, by %s: %s", condition, order, fault.detail);
}

static void test_listing__gives_all_that_pass_in_every_sort(void **state)
{
    (void)state;
    static const struct {
        const char *name, *order;
    } sorts[] = {{"trending", "trend DESC, campaign DESC"},
                 {"newest", "launched DESC, campaign DESC"},
                 {"most_funded", "funded DESC, campaign DESC"},
                 {"ending_soon", "ends, campaign"}};
    static const struct {
        struct cf_query_listing listing;
        const char *condition;
    } filters[] = {
        {{.status = CF_BYTES_LITERAL("active")}, "status = 'active'"},
        {{.category = CF_BYTES_LITERAL("music")}, "category = 'music'"},
        {{.country = CF_BYTES_LITERAL("IS")}, "country = 'IS'"},
        {{.status = CF_BYTES_LITERAL("failed"),
          .category = CF_BYTES_LITERAL("film"),
          .model = CF_BYTES_LITERAL("keep_it_all")},
         "status = 'failed' AND category = 'film' AND model = 'keep_it_all'"},
        {{.words = CF_BYTES_LITERAL("every")}, "true"},
        {{.words = CF_BYTES_LITERAL("third"), .category = CF_BYTES_LITERAL("art")},
         "n % 3 = 0 AND category = 'art'"},
        {{.words = CF_BYTES_LITERAL("every"), .country = CF_BYTES_LITERAL("IS")}, "country = 'IS'"},
        {{.words = CF_BYTES_LITERAL("rare"), .status = CF_BYTES_LITERAL("funded")},
         "n % 100 = 0 AND status = 'funded'"},
        {{.words = CF_BYTES_LITERAL("every -third rare")}, "n % 100 = 0 AND n % 3 <> 0"},
        {{.words = CF_BYTES_LITERAL("every -third")}, "n % 3 <> 0"},
        {{.words = CF_BYTES_LITERAL("third or rare"), .status = CF_BYTES_LITERAL("active")},
         "(n % 3 = 0 OR n % 100 = 0) AND status = 'active'"},
        {{.words = CF_BYTES_LITERAL("\"every third\""), .category = CF_BYTES_LITERAL("film")},
         "n % 3 = 0 AND category = 'film'"},
        {{.words = CF_BYTES_LITERAL("every third"), .model = CF_BYTES_LITERAL("keep_it_all")},
         "n % 3 = 0 AND model = 'keep_it_all'"},
    };
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        for (size_t j = 0; j < sizeof sorts / sizeof sorts[0]; j++) {
            struct cf_query_listing listing = filters[i].listing;
            listing.sort = cf_bytes_from_text(sorts[j].name);
            expect(&listing, filters[i].condition, sorts[j].order);
        }
    }
}

/* Words that all match alike: then the ids decide; and with many, the trend. */
static void test_listing__words_alone_miss_nothing(void **state)
{
    (void)state;
    struct cf_query_listing listing = {.words = CF_BYTES_LITERAL("rare"),
                                       .model = CF_BYTES_LITERAL("all_or_nothing")};
    expect(&listing, "n % 100 = 0 AND model = 'all_or_nothing'",
           "CASE WHEN n % 3 = 0 THEN 1 ELSE 0 END, campaign DESC");
    listing = (struct cf_query_listing){.words = CF_BYTES_LITERAL("every"),
                                        .category = CF_BYTES_LITERAL("games")};
    expect(&listing, "category = 'games'", "trend DESC, campaign DESC");
    /* Of the 60 that hold it, as typed wrong. */
    listing = (struct cf_query_listing){.words = CF_BYTES_LITERAL("rarre"),
                                        .sort = CF_BYTES_LITERAL("newest")};
    expect(&listing, "n % 100 = 0", "launched DESC, campaign DESC");
}

/* The great circle by the chord through the sphere. */
#define DISTANCE(latitude, longitude)                                                              \
    "round(2 * 6371000 * asin(least(1, sqrt("                                                      \
    "power(cosd(latitude / 1e6) * cosd(longitude / 1e6) - cosd(" latitude ") * cosd(" longitude    \
    "), 2) + power(cosd(latitude / 1e6) * sind(longitude / 1e6) - cosd(" latitude                  \
    ") * sind(" longitude "), 2) + power(sind(latitude / 1e6) - sind(" latitude "), 2)) / 2)))"

static void expect_near(int64_t latitude, int64_t longitude, int64_t radius_m, const char *distance)
{
    char condition[1024], order[1024];
    struct cf_query_listing listing = {.latitude_microdegrees = latitude * 1000000,
                                       .longitude_microdegrees = longitude * 1000000,
                                       .radius_m = radius_m};
    snprintf(condition, sizeof condition, "%s <= %lld", distance, (long long)radius_m);
    snprintf(order, sizeof order, "%s, campaign", distance);
    expect(&listing, condition, order);
    listing.sort = CF_BYTES_LITERAL("newest");
    expect(&listing, condition, "launched DESC, campaign DESC");
    listing.words = CF_BYTES_LITERAL("third");
    snprintf(condition, sizeof condition, "n %% 3 = 0 AND %s <= %lld", distance,
             (long long)radius_m);
    expect(&listing, condition, "launched DESC, campaign DESC");
    listing.words = CF_BYTES_LITERAL("rare");
    snprintf(condition, sizeof condition, "n %% 100 = 0 AND %s <= %lld", distance,
             (long long)radius_m);
    expect(&listing, condition, "launched DESC, campaign DESC");
}

static void test_listing__within_a_radius_gives_the_nearest_first(void **state)
{
    (void)state;
    static const int64_t radii_m[] = {1, 30000, 300000, 2000000};
    for (size_t i = 0; i < sizeof radii_m / sizeof radii_m[0]; i++) {
        expect_near(50, 6, radii_m[i], DISTANCE("50", "6"));
        expect_near(50, 180, radii_m[i], DISTANCE("50", "180"));
        expect_near(51, -179, radii_m[i], DISTANCE("51", "-179"));
        expect_near(89, 100, radii_m[i], DISTANCE("89", "100"));
        expect_near(-90, 0, radii_m[i], DISTANCE("-90", "0"));
        expect_near(72, -170, radii_m[i], DISTANCE("72", "-170"));
    }
}

static void test_listing__refuses_what_is_no_cursor_or_sort(void **state)
{
    (void)state;
    struct cf_json *json = NULL;
    const struct cf_query_unsealer none = {0};
    struct cf_query_listing listing = {.count_max = 1, .sort = CF_BYTES_LITERAL("cheapest")};
    assert_int_equal(cf_query_campaigns(followed.query, &listing, &none, &json, NULL), CF_INVALID);
    static const char *const cursors[] = {"5.nonsense", "-9223372036854775808.", "x", "."};
    for (size_t i = 0; i < sizeof cursors / sizeof cursors[0]; i++) {
        listing =
            (struct cf_query_listing){.count_max = 1, .cursor = cf_bytes_from_text(cursors[i])};
        assert_int_equal(cf_query_campaigns(followed.query, &listing, &none, &json, NULL),
                         CF_INVALID);
    }
    /* A cursor of another list ends, and harms nobody. */
    static const char *const numbers[] = {"-9223372036854775807", "-5", "9223372036854775807"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char cursor[96];
        snprintf(cursor, sizeof cursor, "%s.00000000-0000-7000-8000-000000000000", numbers[i]);
        listing = (struct cf_query_listing){
            .count_max = 1, .radius_m = 1000, .cursor = cf_bytes_from_text(cursor)};
        assert_int_equal(cf_query_campaigns(followed.query, &listing, &none, &json, NULL), CF_OK);
        cf_json_destroy(json);
        listing = (struct cf_query_listing){.count_max = 1,
                                            .words = CF_BYTES_LITERAL("rare"),
                                            .sort = CF_BYTES_LITERAL("ending_soon"),
                                            .cursor = cf_bytes_from_text(cursor)};
        assert_int_equal(cf_query_campaigns(followed.query, &listing, &none, &json, NULL), CF_OK);
        cf_json_destroy(json);
    }
}

static int make_rows(void **state)
{
    if (cf_test_pg_start(state) != 0)
        return -1;
    cf_test_follow(NULL, &followed);
    struct cf_fault fault = {0};
    if (cf_pg_script(followed.pg, rows, &fault) != CF_OK)
        fail_msg("%s: %s", fault.text, fault.detail);
    return 0;
}

static int drop_rows(void **state)
{
    cf_test_followed_clean_up(&followed);
    return cf_test_pg_stop(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_listing__gives_all_that_pass_in_every_sort),
        cmocka_unit_test(test_listing__words_alone_miss_nothing),
        cmocka_unit_test(test_listing__within_a_radius_gives_the_nearest_first),
        cmocka_unit_test(test_listing__refuses_what_is_no_cursor_or_sort),
    };
    return cmocka_run_group_tests(tests, make_rows, drop_rows);
}
