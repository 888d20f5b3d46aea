/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: options come from the command line or their COFFER_ variable, the command line wins,
 * and whatever is wrong ends in USAGE; subcommands are found with dashes; the progress line is
 * right. Shown: by reading command lines in this process.
 */
#include "tests/support/cmocka.h"
#include "tools/cli/options.h"
#include "tools/cli/progress.h"

#include <stdlib.h>
#include <string.h>

struct values {
    const char *data;
    int64_t workers;
    bool quick;
    const char *arguments[2];
};

static bool read_line(struct values *values, enum cf_exit *ret_exit, int argc, char **argv)
{
    *values = (struct values){.data = "default", .workers = 1};
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data-dir", &values->data, "DIR", "where"),
        CF_OPTION_NUMBER("workers", &values->workers, 1, 64, "how many"),
        CF_OPTION_FLAG("quick", &values->quick, "fast"),
    };
    const struct cf_usage usage = {"sample FILE [FILE]", options, 3, 1, 2};
    return cf_options_read(&usage, argc, argv, values->arguments, ret_exit);
}

#define READ(values, stop, ...)                                                                    \
    read_line(values, stop,                                                                        \
              (int)(sizeof((const char *[]){"sample", __VA_ARGS__}) / sizeof(char *)),             \
              (char **)(uintptr_t)(const char *[]){"sample", __VA_ARGS__, NULL})

static void test_options__come_in_any_order_and_form(void **state)
{
    (void)state;
    struct values values;
    enum cf_exit stop;
    assert_true(READ(&values, &stop, "--data-dir=/x", "a", "--workers", "7", "--quick", "b"));
    assert_string_equal(values.data, "/x");
    assert_int_equal(values.workers, 7);
    assert_true(values.quick);
    assert_string_equal(values.arguments[0], "a");
    assert_string_equal(values.arguments[1], "b");
    assert_true(READ(&values, &stop, "--", "--quick"));
    assert_false(values.quick);
    assert_string_equal(values.arguments[0], "--quick");
}

static void test_options__are_mirrored_by_the_environment(void **state)
{
    (void)state;
    struct values values;
    enum cf_exit stop;
    setenv("COFFER_DATA_DIR", "/env", 1);
    setenv("COFFER_QUICK", "1", 1);
    assert_true(READ(&values, &stop, "a"));
    assert_string_equal(values.data, "/env");
    assert_true(values.quick);
    assert_true(READ(&values, &stop, "a", "--data-dir", "/line", "--quick=0"));
    assert_string_equal(values.data, "/line");
    assert_false(values.quick);
    setenv("COFFER_QUICK", "perhaps", 1);
    assert_false(READ(&values, &stop, "a"));
    assert_int_equal(stop, CF_EXIT_USAGE);
    unsetenv("COFFER_DATA_DIR");
    unsetenv("COFFER_QUICK");
}

static void test_options__refuse_what_is_wrong(void **state)
{
    (void)state;
    struct values values;
    enum cf_exit stop;
    assert_false(READ(&values, &stop, "a", "--workers", "65"));
    assert_int_equal(stop, CF_EXIT_USAGE);
    assert_false(READ(&values, &stop, "a", "--workers", "7x"));
    assert_false(READ(&values, &stop, "a", "--workers"));
    assert_false(READ(&values, &stop, "a", "--work", "7"));
    assert_false(READ(&values, &stop, "a", "b", "c"));
    assert_false(READ(&values, &stop, "--quick"));
    assert_int_equal(stop, CF_EXIT_USAGE);
    assert_false(READ(&values, &stop, "--help"));
    assert_int_equal(stop, CF_EXIT_GOOD);
}

static void test_subcommands__are_found_by_name(void **state)
{
    (void)state;
    assert_string_equal(cf_subcommand_find("version")->name, "version");
    assert_null(cf_subcommand_find("versio"));
    assert_null(cf_subcommand_find("versions"));
    assert_null(cf_subcommand_find(""));
    for (const struct cf_subcommand *row = cf_subcommands; row->name != NULL; row++) {
        assert_ptr_equal(cf_subcommand_find(row->name), row);
        char typed[32];
        strncpy(typed, row->name, sizeof typed - 1);
        typed[sizeof typed - 1] = '\0';
        for (char *c = typed; *c != '\0'; c++)
            *c = *c == '_' ? '-' : *c;
        assert_ptr_equal(cf_subcommand_find(typed), row);
    }
}

static void test_fail__answers_with_the_exit_code_of_the_status(void **state)
{
    (void)state;
    const struct {
        enum cf_status status;
        enum cf_exit exit;
    } rows[] = {
        {CF_CORRUPT, CF_EXIT_DAMAGED},       {CF_INVALID, CF_EXIT_USAGE},
        {CF_NOT_FOUND, CF_EXIT_UNREACHABLE}, {CF_UNSUPPORTED, CF_EXIT_UNREACHABLE},
        {CF_TIMEOUT, CF_EXIT_UNREACHABLE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct cf_fault fault = {.status = rows[i].status};
        assert_int_equal(cf_cli_fail("test", &fault), rows[i].exit);
    }
}

static void test_progress__tells_share_rate_and_time_left(void **state)
{
    (void)state;
    char line[256];
    struct cf_progress progress = {.label = "import", .total = 1000, .done = 250};
    cf_progress__line(&progress, 10000000, 79, line, sizeof line);
    assert_string_equal(
        line, "import  [########..........................]  25%  250 of 1000  25/s  0:30 left");
    progress.done = 1000;
    cf_progress__line(&progress, 10000000, 79, line, sizeof line);
    assert_string_equal(
        line, "import  [########################################] 100%  1000 of 1000  100/s");
    progress = (struct cf_progress){.label = "verify", .done = 5000};
    cf_progress__line(&progress, 500000, 79, line, sizeof line);
    assert_string_equal(line, "verify  5000  10000/s");
    cf_progress__line(&progress, 0, 79, line, sizeof line);
    assert_string_equal(line, "verify  5000  0/s");
}

static void test_progress__fits_every_terminal(void **state)
{
    (void)state;
    char line[256];
    struct cf_progress progress = {.label = "pledges", .total = 141118, .done = 70559};
    for (size_t columns = 1; columns < 300; columns++) {
        cf_progress__line(&progress, 79000000, columns, line, sizeof line);
        assert_in_range(strlen(line), 1, columns);
    }
    cf_progress__line(&progress, 79000000, 39, line, sizeof line);
    assert_string_equal(line, "pledges   50%  70559 of 141118  893/s  ");
    cf_progress__line(&progress, 79000000, 59, line, sizeof line);
    assert_string_equal(line, "pledges  [####....]  50%  70559 of 141118  893/s  1:19 left");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options__come_in_any_order_and_form),
        cmocka_unit_test(test_options__are_mirrored_by_the_environment),
        cmocka_unit_test(test_options__refuse_what_is_wrong),
        cmocka_unit_test(test_subcommands__are_found_by_name),
        cmocka_unit_test(test_fail__answers_with_the_exit_code_of_the_status),
        cmocka_unit_test(test_progress__tells_share_rate_and_time_left),
        cmocka_unit_test(test_progress__fits_every_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
