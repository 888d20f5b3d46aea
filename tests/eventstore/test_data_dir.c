/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a data directory is made on first use and found again; a foreign or newer one is
 * refused with a sentence; who only looks at a ledger makes none; two ledgers never share sockets, and every socket's path fits 107 bytes.
 * Shown: on fresh temporary directories.
 */
#include "core/base/scope.h"
#include "eventstore/data_dir.h"
#include "eventstore/sodium.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct fixture {
    char root[64];
    char data[128];
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    snprintf(fixture->root, sizeof fixture->root, "/tmp/cf-data-dir-XXXXXX");
    if (mkdtemp(fixture->root) == NULL)
        return -1;
    snprintf(fixture->data, sizeof fixture->data, "%s/a/b", fixture->root);
    *state = fixture;
    return 0;
}

static void remove_run_of(const struct cf_data_dir *dir)
{
    char bus[sizeof dir->run_path + 8];
    snprintf(bus, sizeof bus, "%s/bus", dir->run_path);
    rmdir(bus);
    rmdir(dir->run_path);
}

static void remove_run(const char *data)
{
    struct cf_data_dir dir;
    struct cf_fault fault = {0};
    if (cf_data_dir_open(data, &dir, &fault) == CF_OK)
        remove_run_of(&dir);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    char command[128];
    remove_run(fixture->data);
    snprintf(command, sizeof command, "rm -r '%s'", fixture->root);
    int result = system(command);
    free(fixture);
    return result;
}

static void write_version(const struct fixture *fixture, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/VERSION", fixture->data);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_data_dir__is_made_once_and_found_again(void **state)
{
    struct fixture *fixture = *state;
    struct cf_fault fault = {0};
    struct cf_data_dir first, second;
    assert_int_equal(cf_data_dir_open(fixture->data, &first, &fault), CF_OK);
    assert_int_equal(cf_data_dir_make(&first, "keys", &fault), CF_OK);
    assert_int_equal(cf_data_dir_open(fixture->data, &second, &fault), CF_OK);
    assert_string_equal(first.path, fixture->data);
    assert_string_equal(first.run_path, second.run_path);

    struct stat info;
    assert_int_equal(stat(cf_data_dir_path(&first, "keys").text, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(stat(first.run_path, &info), 0);
    assert_int_equal(info.st_mode & 0066, 0);
    char bus[sizeof first.run_path + 8];
    snprintf(bus, sizeof bus, "%s/bus", first.run_path);
    assert_int_equal(stat(bus, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);

    int64_t free_bytes = -1;
    assert_int_equal(cf_data_dir_space(&first, &free_bytes, &fault), CF_OK);
    assert_true(free_bytes >= 0);
}

static void test_data_dir__names_of_one_place_lead_to_one_run_directory(void **state)
{
    struct fixture *fixture = *state;
    struct cf_fault fault = {0};
    struct cf_data_dir plain, other, dotted;
    char path[160];
    assert_int_equal(cf_data_dir_open(fixture->data, &plain, &fault), CF_OK);
    snprintf(path, sizeof path, "%s/../b/", fixture->data);
    assert_int_equal(cf_data_dir_open(path, &dotted, &fault), CF_OK);
    assert_string_equal(plain.run_path, dotted.run_path);
    snprintf(path, sizeof path, "%s/a/c", fixture->root);
    assert_int_equal(cf_data_dir_open(path, &other, &fault), CF_OK);
    assert_string_not_equal(plain.run_path, other.run_path);
    remove_run_of(&other);
}

static void test_data_dir__socket_paths_fit(void **state)
{
    struct fixture *fixture = *state;
    struct cf_fault fault = {0};
    struct cf_data_dir dir;
    assert_int_equal(cf_data_dir_open(fixture->data, &dir, &fault), CF_OK);
    struct cf_data_dir_url url = cf_data_dir_socket(&dir, "abcdefghijklmnopqrstuvwx");
    assert_memory_equal(url.text, "ipc:///", 7);
    assert_true(strlen(url.text) - strlen("ipc://") <= 107);
    assert_non_null(strstr(url.text, "/bus/abcdefghijklmnopqrstuvwx"));
}

static void test_data_dir__a_ledger_that_is_not_there_is_not_made(void **state)
{
    struct fixture *fixture = *state;
    struct cf_fault fault = {0};
    struct cf_data_dir dir;
    struct stat info;
    assert_int_equal(cf_data_dir_open_ledger(fixture->data, &dir, &fault), CF_NOT_FOUND);
    assert_string_equal(fault.detail, fixture->data);
    assert_int_equal(stat(fixture->data, &info), -1);
    assert_int_equal(cf_data_dir_open(fixture->data, &dir, &fault), CF_OK);
    assert_int_equal(cf_data_dir_open_ledger(fixture->data, &dir, &fault), CF_OK);
    assert_string_equal(dir.path, fixture->data);
}

static void test_data_dir__refuses_a_newer_version(void **state)
{
    struct fixture *fixture = *state;
    struct cf_fault fault = {0};
    struct cf_data_dir dir;
    assert_int_equal(cf_data_dir_open(fixture->data, &dir, &fault), CF_OK);
    write_version(fixture, "2\n");
    assert_int_equal(cf_data_dir_open(fixture->data, &dir, &fault), CF_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "newer coffer"));
    assert_non_null(strstr(fault.detail, fixture->data));
    write_version(fixture, "soup\n");
    assert_int_equal(cf_data_dir_open(fixture->data, &dir, &fault), CF_CORRUPT);
    write_version(fixture, "1\n");
}

static void test_data_dir__refuses_a_directory_that_holds_something_else(void **state)
{
    struct fixture *fixture = *state;
    struct cf_fault fault = {0};
    struct cf_data_dir dir;
    assert_int_equal(cf_data_dir_open(fixture->root, &dir, &fault), CF_OK);
    remove_run_of(&dir);
    char path[160];
    snprintf(path, sizeof path, "%s/VERSION", fixture->root);
    assert_int_equal(remove(path), 0);
    snprintf(path, sizeof path, "%s/letters.txt", fixture->root);
    fclose(fopen(path, "w"));
    assert_int_equal(cf_data_dir_open(fixture->root, &dir, &fault), CF_CONFLICT);
    assert_non_null(strstr(fault.text, "--data"));
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_data_dir__is_made_once_and_found_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_data_dir__names_of_one_place_lead_to_one_run_directory,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_data_dir__socket_paths_fit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_data_dir__a_ledger_that_is_not_there_is_not_made,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_data_dir__refuses_a_newer_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            test_data_dir__refuses_a_directory_that_holds_something_else, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
