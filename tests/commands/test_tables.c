/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: each command is accepted when it should be and refused for each of its verdicts, and each
 * emitted event folds into the books. Shown by tables of given, when and then (the .txt files beside this one),
 * in which every verdict of every command occurs, which is counted.
 */
#include "tests/support/cmocka.h"
#include "tests/support/given.h"

#include <glob.h>
#include <stdio.h>

static void test_tables__every_step_and_every_verdict(void **state)
{
    (void)state;
    static struct cf_given_tally tally;
    glob_t files;
    bool good = true;
    size_t missing = 0;
    assert_int_equal(glob("tests/commands/tables/*.txt", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        good = cf_given_run("tests/commands/blocks.txt", files.gl_pathv[i], &tally) && good;
    globfree(&files);
    assert_true(good);
    for (const struct cf_command_spec *const *spec = cf_command_all(); *spec != NULL; spec++) {
        const uint32_t *seen = tally.seen[(*spec)->shape.number];
        if (seen[0] == 0) {
            print_error("%s is never accepted\n", (*spec)->shape.name);
            missing++;
        }
        for (uint32_t i = 0; i < (*spec)->verdict_count; i++) {
            if (seen[(*spec)->verdicts[i].number] == 0) {
                print_error("%s is never refused as %s\n", (*spec)->shape.name,
                            (*spec)->verdicts[i].name);
                missing++;
            }
        }
    }
    assert_int_equal(missing, 0);
}

/* Numbers and names are unique, and the order of the list is that of the numbers. */
static void test_tables__verdicts_are_well_formed(void **state)
{
    (void)state;
    for (const struct cf_command_spec *const *spec = cf_command_all(); *spec != NULL; spec++) {
        assert_true((*spec)->verdict_count < 64);
        for (uint32_t i = 0; i < (*spec)->verdict_count; i++) {
            const struct cf_refusal *refusal = &(*spec)->verdicts[i];
            assert_int_equal(refusal->number, i + 1);
            assert_in_range(refusal->http_status, 200, 499);
            assert_ptr_equal(cf_command_refusal(*spec, refusal->number), refusal);
        }
        uint32_t key = 0;
        for (uint32_t i = 0; i < (*spec)->shape.field_count; i++) {
            assert_true((*spec)->shape.fields[i].key > key);
            key = (*spec)->shape.fields[i].key;
        }
        assert_ptr_equal(cf_command_find((*spec)->shape.number), *spec);
        assert_ptr_equal(cf_command_find_name(cf_bytes_from_text((*spec)->shape.name)), *spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables__verdicts_are_well_formed),
        cmocka_unit_test(test_tables__every_step_and_every_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
