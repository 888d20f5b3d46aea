/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: `coffer command` documents every command with its fields and verdicts, sends any of them, and
 * says what was wrong; `coffer timers` and `coffer requests` show what is due and open. Shown by running
 * them in this process, beside a writer in a thread, and reading what they print.
 */
#include "tests/support/cmocka.h"
#include "tests/support/ledger.h"
#include "tools/cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char output[256 * 1024];

/* Runs a subcommand; what it prints, on either stream, is in `output`. */
static int run(const char *const *words)
{
    int argc = 0;
    while (words[argc] != NULL)
        argc++;
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stdout);
    fflush(stderr);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    dup2(fileno(file), STDOUT_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    int result = cf_subcommand_find(words[0])->run(argc, (char **)(uintptr_t)words);
    fflush(stdout);
    fflush(stderr);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    rewind(file);
    size_t size = fread(output, 1, sizeof output - 1, file);
    output[size] = '\0';
    fclose(file);
    return result;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

static void assert_says(const char *text)
{
    if (strstr(output, text) == NULL)
        fail_msg("\"%s\" is not in:\n%s", text, output);
}

static void test_command__list_documents_each_with_its_fields_and_verdicts(void **state)
{
    (void)state;
    char line[128];
    assert_int_equal(RUN("command", "--list"), CF_EXIT_GOOD);
    const char *at = output;
    size_t count = 0;
    for (const struct cf_command_spec *const *each = cf_command_all(); *each != NULL; each++) {
        const struct cf_command_spec *spec = *each;
        snprintf(line, sizeof line, "%s (%u)\n", spec->shape.name, spec->shape.number);
        assert_non_null(at = strstr(at, line));
        for (uint32_t i = 0; i < spec->shape.field_count; i++) {
            snprintf(line, sizeof line, "    %-24s %s", spec->shape.fields[i].name,
                     spec->shape.fields[i].type->name);
            assert_non_null(at = strstr(at, line));
        }
        for (uint32_t i = 0; i < spec->verdict_count; i++) {
            assert_non_null(at = strstr(at, spec->verdicts[i].name));
            assert_non_null(at = strstr(at, spec->verdicts[i].sentence));
        }
        count++;
    }
    print_message("%zu commands\n", count);
    assert_true(count > 100);
    assert_says("How the fields are written in JSON");
    assert_int_equal(RUN("command", "user_verify_email", "--list"), CF_EXIT_GOOD);
    assert_says("user_verify_email (21)");
    assert_null(strstr(output, "user_register"));
    assert_int_equal(RUN("command", "user_verify", "--list"), CF_EXIT_USAGE);
}

#define PERSON "\"user_id\":\"01900000-0000-7000-8000-000000000007\""
#define REGISTER "{" PERSON ",\"email\":\"c2VhbGVk\",\"terms_version\":\"1\",\"imported\":true}"

static void test_command__sends_and_says_what_came_of_it(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    const char *data = ledger.dir.path;
    assert_int_equal(
        RUN("command", "user_register", "--data", data, "--key", "k", "--json", REGISTER),
        CF_EXIT_GOOD);
    assert_says("accepted 2 to 3");
    /* The same again has the same outcome; with other content it is a conflict. */
    assert_int_equal(
        RUN("command", "user_register", "--data", data, "--key", "k", "--json", REGISTER),
        CF_EXIT_GOOD);
    assert_says("accepted 2 to 3");
    assert_int_equal(RUN("command", "user_register", "--data", data, "--key", "k", "--json",
                         "{" PERSON
                         ",\"email\":\"c2VhbGVk\",\"terms_version\":\"2\",\"imported\":true}"),
                     CF_EXIT_NO);
    assert_says("conflict: the key was used with another terms_version");
    assert_int_equal(RUN("command", "user_verify_email", "--data", data, "--json", "{" PERSON "}"),
                     CF_EXIT_NO);
    assert_says("refused NOT_PERMITTED: A person verifies their own address.");
    /* The id of a new draft is made up, and said. */
    assert_int_equal(RUN("command", "campaign_draft", "--data", data, "--actor",
                         "01900000-0000-7000-8000-000000000007", "--json",
                         "{\"creator_id\":\"01900000-0000-7000-8000-000000000007\",\"model\":"
                         "\"aon\",\"currency\":\"EUR\",\"goal\":10000,\"title\":\"c2VhbGVk\","
                         "\"slug\":\"lamp\"}"),
                     CF_EXIT_GOOD);
    assert_says("campaign_id 0");
    assert_says("accepted 4 to 5");
    cf_test_ledger_close(&ledger);
}

static void test_command__says_what_was_wrong(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    const char *hint = "`coffer command --list user_register` shows its fields.";
    assert_int_equal(RUN("command", "user_regster", "--json", "{}"), CF_EXIT_USAGE);
    assert_says("there is no command user_regster");
    assert_int_equal(RUN("command", "user_register", "--json", "{\"emai\":1}"), CF_EXIT_USAGE);
    assert_says("an unknown field: user_register.emai");
    assert_says(hint);
    assert_int_equal(RUN("command", "user_register", "--json", "{\"user_id\":\"7\"}"),
                     CF_EXIT_USAGE);
    assert_says("malformed: user_register.user_id");
    assert_says(hint);
    assert_int_equal(RUN("command", "user_register", "--actor", "me", "--json", REGISTER),
                     CF_EXIT_USAGE);
    assert_says("an actor is a user's id, operator or gateway");
    /* Nobody listens there. */
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_stop(&ledger);
    assert_int_equal(RUN("command", "user_register", "--data", ledger.dir.path, "--key", "k",
                         "--timeout-ms", "100", "--json", REGISTER),
                     CF_EXIT_UNREACHABLE);
    assert_says("Is the ledger running?");
    assert_says("send it again with --key k");
    assert_int_equal(RUN("timers", "--data", ledger.dir.path), CF_EXIT_UNREACHABLE);
    assert_says("Is the ledger running?");
    cf_test_ledger_close(&ledger);
}

static void test_command__timers_and_requests_show_what_is_due_and_open(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    char ends_at[CF_TIME_TEXT_SIZE], line[128], id[CF_ID_TEXT_SIZE];
    cf_test_in_a_month(ends_at);
    cf_test_ledger_open(&ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&ledger, ends_at);
    cf_id_print(cf_test_id(4), id);
    assert_int_equal(RUN("timers", "--data", ledger.dir.path), CF_EXIT_GOOD);
    snprintf(line, sizeof line, "%-27s  %-3s  %-20s  %s\n", ends_at, "", "campaign_deadline", id);
    assert_says(line);
    assert_int_equal(RUN("requests", "--data", ledger.dir.path), CF_EXIT_GOOD);
    assert_null(strstr(output, "customer"));

    /* A card that is not saved: the provider is asked for a customer. */
    struct cf_reply reply = cf_test_ledger_do(
        &ledger, cf_test_id(2), "pledge_start_checkout",
        "{\"pledge_id\":\"@9\",\"campaign_id\":\"@4\",\"backer_id\":\"@2\",\"currency\":\"EUR\","
        "\"amount\":1000}");
    cf_id_print(cf_test_id(9), id);
    assert_int_equal(RUN("timers", "--data", ledger.dir.path), CF_EXIT_GOOD);
    assert_says("claim_expiry");
    assert_says(id);
    assert_int_equal(RUN("timers", "--data", ledger.dir.path, "--count", "1"), CF_EXIT_GOOD);
    assert_null(strstr(output, "campaign_deadline"));
    cf_id_print(cf_test_id(2), id);
    snprintf(line, sizeof line, "%10llu  %-18s  %s\n", (unsigned long long)reply.last_sequence,
             "customer", id);
    assert_int_equal(RUN("requests", "--data", ledger.dir.path), CF_EXIT_GOOD);
    assert_says(line);
    assert_says("gateway does not answer");
    cf_test_ledger_close(&ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command__list_documents_each_with_its_fields_and_verdicts),
        cmocka_unit_test(test_command__sends_and_says_what_came_of_it),
        cmocka_unit_test(test_command__says_what_was_wrong),
        cmocka_unit_test(test_command__timers_and_requests_show_what_is_due_and_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
