/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: nested form parameters become the tree that a client meant, and what an endpoint does not take
 * is refused with the parameter's name.
 * Shown: with bracketed names of every kind, good and bad, and with one specification of every type.
 */
#include "tests/support/cmocka.h"
#include "tools/sandbox/form_tree.h"
#include "tools/sandbox/parameters.h"

/* The tree as JSON text, or NULL when it is refused; static. */
static const char *tree_of(const char *text)
{
    static struct cf_buf printed;
    struct cf_arena arena;
    struct cf_form form;
    struct cf_json *tree = NULL;
    cf_arena_init(&arena, 1 << 20);
    cf_buf_clean_up(&printed);
    cf_buf_init(&printed, 1 << 20);
    enum cf_status status = cf_form_parse(cf_bytes_from_text(text), 1000, &arena, &form);
    if (status == CF_OK)
        status = cf_form_tree_parse(&form, &tree, NULL);
    if (status == CF_OK) {
        assert_int_equal(cf_json_print(tree, &printed), CF_OK);
        assert_int_equal(cf_buf_terminate(&printed), CF_OK);
    }
    cf_json_destroy(tree);
    cf_arena_clean_up(&arena);
    return status == CF_OK ? (const char *)printed.data : NULL;
}

static void test_form_tree__reads_what_clients_write(void **state)
{
    (void)state;
    static const struct {
        const char *form, *json;
    } rows[] = {
        {"", "{}"},
        {"a=1&b=", "{\"a\":\"1\",\"b\":\"\"}"},
        {"a[b]=1&a[c][d]=2", "{\"a\":{\"b\":\"1\",\"c\":{\"d\":\"2\"}}}"},
        {"a%5Bb%5D=1+2%2B3", "{\"a\":{\"b\":\"1 2+3\"}}"},
        {"e[]=x&e[]=y", "{\"e\":{\"0\":\"x\",\"1\":\"y\"}}"},
        {"e[0]=x&e[1]=y", "{\"e\":{\"0\":\"x\",\"1\":\"y\"}}"},
        {"e%5B0%5D%5Ba%5D=1&e[7][a]=2", "{\"e\":{\"0\":{\"a\":\"1\"},\"7\":{\"a\":\"2\"}}}"},
        {"metadata[7]=x&metadata[0]=y", "{\"metadata\":{\"7\":\"x\",\"0\":\"y\"}}"},
        {"m[a b]=1&m[%C3%A9]=2", "{\"m\":{\"a b\":\"1\",\"\xc3\xa9\":\"2\"}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(tree_of(rows[i].form), rows[i].json);
}

static void test_form_tree__refuses_what_cannot_be_meant(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "=1",    "a=1&a=2", "a=1&a[b]=2", "a[b]=1&a=2", "[a]=1", "a]=1",
        "a[b=1", "a[b]c=1", "a[[b]]=1",   "a=%zz",      "a=%00", "a[b][c][d][e][f][g][h][i]=1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(tree_of(bad[i]));
}

static const char specification[] =
    "amount!:i live:b name:t kind:(a|b) metadata:m expand:l when:r either:f deep.most!:t "
    "deep.other:i short:t4 solid:n some:l(a|b) maybe:(a|b|) off:p off.on:i off.below!:p "
    "off.below.x:t";

/* The code of the refusal, "" for one without, NULL when it passes; the parameter's name beside. */
static const char *refusal_of(const char *json, const char *parameter)
{
    static struct cf_parameter_refusal refusal;
    struct cf_json *tree = NULL;
    assert_int_equal(cf_json_parse(cf_bytes_from_text(json), &tree, NULL), CF_OK);
    bool passes = cf_parameters_check(specification, tree, &refusal);
    cf_json_destroy(tree);
    if (passes)
        return NULL;
    assert_string_equal(refusal.parameter, parameter);
    return refusal.code == NULL ? "" : refusal.code;
}

static void test_parameters__pass_when_they_are_what_is_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{\"amount\":\"-5\"}",
        "{\"amount\":\"1\",\"live\":\"true\",\"kind\":\"b\",\"name\":\"\"}",
        "{\"amount\":\"1\",\"metadata\":{\"x\":\"y\",\"7\":\"\"},\"expand\":{\"0\":\"a\",\"1\":"
        "\"b\"}}",
        "{\"amount\":\"1\",\"metadata\":\"\",\"maybe\":\"\",\"off\":\"\",\"some\":{\"1\":\"a\","
        "\"3\":\"b\"}}",
        "{\"amount\":\"1\",\"short\":\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\",\"off\":{\"below\":{"
        "\"x\":\"1\"}}}",
        "{\"amount\":\"1\",\"when\":\"7\"}",
        "{\"amount\":\"1\",\"when\":{\"gte\":\"7\",\"lt\":\"9\"}}",
        "{\"amount\":\"1\",\"either\":\"recurring\"}",
        "{\"amount\":\"1\",\"deep\":{\"most\":\"x\",\"other\":\"3\"}}",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_null(refusal_of(good[i], ""));
}

static void test_parameters__are_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *json, *parameter, *code;
    } rows[] = {
        {"{}", "amount", "parameter_missing"},
        {"{\"amount\":\"\"}", "amount", "parameter_invalid_empty"},
        {"{\"amount\":\"1\",\"live\":\"\"}", "live", "parameter_invalid_empty"},
        {"{\"amount\":\"1\",\"kind\":\"\"}", "kind", "parameter_invalid_empty"},
        {"{\"amount\":\"1\",\"solid\":\"\"}", "solid", "parameter_invalid_empty"},
        {"{\"amount\":\"1\",\"when\":\"\"}", "when", "parameter_invalid_empty"},
        {"{\"amount\":\"1\",\"deep\":\"\"}", "deep", "parameter_invalid_empty"},
        {"{\"amount\":\"1\",\"some\":{\"0\":\"\"}}", "some", "parameter_invalid_empty"},
        {"{\"amount\":\"1\",\"off\":{\"on\":\"1\"}}", "off[below]", "parameter_missing"},
        {"{\"amount\":\"1\",\"short\":\"abcde\"}", "short", ""},
        {"{\"amount\":\"1\",\"either\":\"perhaps\"}", "either", ""},
        {"{\"amount\":\"1\",\"some\":{\"0\":\"c\"}}", "some", ""},
        {"{\"amount\":\"1\",\"expand\":\"x\"}", "expand", ""},
        {"{\"amount\":\"1\",\"metadata\":{\"12345678901234567890123456789012345678901\":\"\"}}",
         "metadata", ""},
        {"{\"amount\":\"x\"}", "amount", "parameter_invalid_integer"},
        {"{\"amount\":\"1.5\"}", "amount", "parameter_invalid_integer"},
        {"{\"amount\":\" 1\"}", "amount", "parameter_invalid_integer"},
        {"{\"amount\":\"99999999999999999999\"}", "amount", "parameter_invalid_integer"},
        {"{\"amount\":\"1\",\"live\":\"yes\"}", "live", ""},
        {"{\"amount\":\"1\",\"kind\":\"c\"}", "kind", ""},
        {"{\"amount\":\"1\",\"kind\":\"a|b\"}", "kind", ""},
        {"{\"amount\":\"1\",\"other\":\"c\"}", "other", "parameter_unknown"},
        {"{\"amount\":\"1\",\"deep\":{\"x\":\"c\"}}", "deep[x]", "parameter_unknown"},
        {"{\"amount\":\"1\",\"deep\":{\"other\":\"1\"}}", "deep[most]", "parameter_missing"},
        {"{\"amount\":\"1\",\"deep\":\"x\"}", "deep", ""},
        {"{\"amount\":\"1\",\"name\":{\"x\":\"c\"}}", "name", ""},
        {"{\"amount\":\"1\",\"metadata\":\"x\"}", "metadata", ""},
        {"{\"amount\":\"1\",\"metadata\":{\"x\":{\"y\":\"z\"}}}", "metadata", ""},
        {"{\"amount\":\"1\",\"expand\":{\"x\":\"z\"}}", "expand", ""},
        {"{\"amount\":\"1\",\"when\":{\"about\":\"7\"}}", "when[about]", "parameter_unknown"},
        {"{\"amount\":\"1\",\"when\":{\"gt\":\"x\"}}", "when[gt]", "parameter_invalid_integer"},
        {"{\"amount\":\"1\",\"deep.most\":\"x\"}", "deep[most]", "parameter_unknown"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(refusal_of(rows[i].json, rows[i].parameter), rows[i].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form_tree__reads_what_clients_write),
        cmocka_unit_test(test_form_tree__refuses_what_cannot_be_meant),
        cmocka_unit_test(test_parameters__pass_when_they_are_what_is_taken),
        cmocka_unit_test(test_parameters__are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
