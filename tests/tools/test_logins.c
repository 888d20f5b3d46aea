/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the first logins are made up once, each with a password of its own, are read back as they
 * were before and after completion, and a damaged file is said to be one.
 * Shown: on a fresh data directory.
 */
#include "eventstore/sodium.h"
#include "tests/support/cmocka.h"
#include "tools/sample/logins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct cf_data_dir dir;

static void test_logins__are_made_once_and_read_back(void **state)
{
    (void)state;
    struct cf_logins made, again, done;
    struct cf_fault fault = {0};
    assert_int_equal(cf_logins_open(&dir, &made, &fault), CF_OK);
    assert_false(made.complete);
    for (int i = 0; i < CF_LOGIN_COUNT; i++) {
        assert_int_equal(made.rows[i].role, i + 1);
        assert_int_equal(strlen(made.rows[i].password), 19);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(made.rows[i].password, made.rows[j].password);
    }
    assert_string_equal(made.rows[CF_ROLE_ADMIN - 1].email, "admin@example.org");
    assert_int_equal(cf_logins_open(&dir, &again, &fault), CF_OK);
    assert_memory_equal(made.rows, again.rows, sizeof made.rows);
    assert_int_equal(made.made_us, again.made_us);
    assert_int_equal(cf_logins_complete(&dir, &again, &fault), CF_OK);
    assert_int_equal(cf_logins_open(&dir, &done, &fault), CF_OK);
    assert_true(done.complete);
    assert_memory_equal(made.rows, done.rows, sizeof made.rows);
    struct stat info;
    assert_int_equal(stat(cf_data_dir_path(&dir, "keys/logins").text, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void test_logins__a_damaged_file_is_found(void **state)
{
    (void)state;
    struct cf_logins logins;
    struct cf_fault fault = {0};
    FILE *file = fopen(cf_data_dir_path(&dir, "keys/logins").text, "w");
    assert_non_null(file);
    fputs("made 2026-01-01T00:00:00Z\nbacker nobody\n", file);
    fclose(file);
    assert_int_equal(cf_logins_open(&dir, &logins, &fault), CF_CORRUPT);
    assert_non_null(strstr(fault.detail, "keys/logins"));
}

int main(void)
{
    cf_sodium_init();
    char directory[] = "/tmp/cf-logins-XXXXXX";
    if (mkdtemp(directory) == NULL || cf_data_dir_open(directory, &dir, NULL) != CF_OK)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logins__are_made_once_and_read_back),
        cmocka_unit_test(test_logins__a_damaged_file_is_found),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    char command[256];
    snprintf(command, sizeof command, "rm -r '%s' '%s'", directory, dir.run_path);
    return system(command) == 0 ? result : 1;
}
