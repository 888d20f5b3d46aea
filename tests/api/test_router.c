/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: each row of routes.def is found by its own pattern and method, and by nothing else; fixed
 * segments win; a known path with another method is told from an unknown one.
 * Shown: over the real table, and by paths that are nearly right.
 */
#include "api/router.h"
#include "tests/support/cmocka.h"

#include <string.h>

static struct cf_route_match find(enum cf_http_method method, const char *path)
{
    struct cf_route_match match;
    cf_route_find(method, cf_bytes_from_text(path), &match);
    return match;
}

static void test_router__finds_every_route_by_its_own_pattern(void **state)
{
    (void)state;
    for (size_t i = 0; i < cf_routes_count; i++) {
        struct cf_route_match match = find(cf_routes[i].method, cf_routes[i].pattern);
        assert_ptr_equal(match.route, &cf_routes[i]);
    }
}

static void test_router__no_two_routes_share_method_and_pattern(void **state)
{
    (void)state;
    for (size_t i = 0; i < cf_routes_count; i++)
        for (size_t j = i + 1; j < cf_routes_count; j++)
            assert_false(cf_routes[i].method == cf_routes[j].method &&
                         strcmp(cf_routes[i].pattern, cf_routes[j].pattern) == 0);
}

static void test_router__hands_out_parameters_in_order(void **state)
{
    (void)state;
    struct cf_route_match match = find(CF_HTTP_POST, "/api/v1/campaigns/abc/pledge");
    assert_string_equal(match.route->name, "post_campaign_pledge");
    assert_int_equal(match.parameter_count, 1);
    assert_true(cf_bytes_equal(match.parameters[0], CF_BYTES_LITERAL("abc")));
    match = find(CF_HTTP_GET, "/tile/0/x001/067.p/3");
    assert_string_equal(match.route->name, "get_tile");
    assert_true(cf_bytes_equal(match.parameters[0], CF_BYTES_LITERAL("0/x001/067.p/3")));
}

static void test_router__tells_unknown_paths_from_unknown_methods(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "",          "x",      "/nothing",           "//",       "/api/v1",
        "/api/v1/",  "/tile/", "/api/v1/campaigns/", "/web/a/b", "/api/v1/campaigns/a/pledge/",
        "/campaigns"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        struct cf_route_match match = find(CF_HTTP_GET, unknown[i]);
        assert_null(match.route);
        assert_false(match.path_known);
    }
    struct cf_route_match match = find(CF_HTTP_DELETE, "/api/v1/campaigns");
    assert_null(match.route);
    assert_true(match.path_known);
}

static void test_router__head_finds_what_get_finds(void **state)
{
    (void)state;
    assert_string_equal(find(CF_HTTP_HEAD, "/").route->name, "get_home_page");
    assert_string_equal(find(CF_HTTP_HEAD, "/checkpoint").route->name, "get_checkpoint");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_router__finds_every_route_by_its_own_pattern),
        cmocka_unit_test(test_router__no_two_routes_share_method_and_pattern),
        cmocka_unit_test(test_router__hands_out_parameters_in_order),
        cmocka_unit_test(test_router__tells_unknown_paths_from_unknown_methods),
        cmocka_unit_test(test_router__head_finds_what_get_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
