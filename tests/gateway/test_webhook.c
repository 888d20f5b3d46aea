/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: only what somebody signed who knows a secret, lately and over these exact bytes, is
 * taken; and of it, only what we keep. Shown: with the provider's published vector, and with every
 * way to be wrong.
 */
#include "commands/gateway/webhook.h"
#include "eventstore/sodium.h"
#include "tests/support/cmocka.h"

#include <stdio.h>

static const char secret[] = "whsec_test";
static const char body[] = "{\"id\":\"evt_1\",\"object\":\"event\"}";
static const char vector[] =
    "t=1700000000,v1=4c15fb2a43f93ef61eaa3e0893866d57cad9cad4223242cfb96f362480cb4021";
static const int64_t vector_at_s = 1700000000;

static enum cf_webhook_verdict verify(const char *header, const char *text, int64_t now_s)
{
    const char *const secrets[] = {secret};
    return cf_webhook_verify(cf_bytes_from_text(header), cf_bytes_from_text(text), secrets, 1,
                             now_s, CF_WEBHOOK_TOLERANCE_S);
}

static void test_webhook__agrees_with_the_published_vector(void **state)
{
    (void)state;
    char header[CF_WEBHOOK_SIGNATURE_SIZE];
    assert_int_equal(verify(vector, body, vector_at_s), CF_WEBHOOK_SIGNED);
    cf_webhook_sign(secret, vector_at_s, cf_bytes_from_text(body), header);
    assert_string_equal(header, vector);
}

static void test_webhook__bounds_the_time_on_both_sides(void **state)
{
    (void)state;
    assert_int_equal(verify(vector, body, vector_at_s + 300), CF_WEBHOOK_SIGNED);
    assert_int_equal(verify(vector, body, vector_at_s + 301), CF_WEBHOOK_STALE);
    assert_int_equal(verify(vector, body, vector_at_s - 300), CF_WEBHOOK_SIGNED);
    assert_int_equal(verify(vector, body, vector_at_s - 301), CF_WEBHOOK_EARLY);
}

static void test_webhook__takes_any_of_several_signatures_and_secrets(void **state)
{
    (void)state;
    char header[400];
    snprintf(header, sizeof header, "t=1700000000,v1=%064d,v0=abc,%s", 0, vector + 13);
    assert_int_equal(verify(header, body, vector_at_s), CF_WEBHOOK_SIGNED);
    const char *const rotated[] = {"whsec_new", secret};
    assert_int_equal(cf_webhook_verify(cf_bytes_from_text(vector), cf_bytes_from_text(body),
                                       rotated, 2, vector_at_s, 300),
                     CF_WEBHOOK_SIGNED);
    assert_int_equal(cf_webhook_verify(cf_bytes_from_text(vector), cf_bytes_from_text(body),
                                       rotated, 1, vector_at_s, 300),
                     CF_WEBHOOK_FORGED);
    assert_int_equal(cf_webhook_verify(cf_bytes_from_text(vector), cf_bytes_from_text(body),
                                       rotated, 0, vector_at_s, 300),
                     CF_WEBHOOK_FORGED);
}

static void test_webhook__refuses_every_changed_byte(void **state)
{
    (void)state;
    char changed[sizeof body], header[sizeof vector];
    for (size_t i = 0; i + 1 < sizeof body; i++) {
        memcpy(changed, body, sizeof body);
        changed[i] ^= 1;
        assert_int_equal(verify(vector, changed, vector_at_s), CF_WEBHOOK_FORGED);
    }
    for (size_t i = 0; i + 1 < sizeof vector; i++) {
        memcpy(header, vector, sizeof vector);
        header[i] = (char)(header[i] == 'x' ? 'y' : 'x');
        assert_int_not_equal(verify(header, body, vector_at_s), CF_WEBHOOK_SIGNED);
    }
}

static void test_webhook__refuses_headers_that_are_none(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "",
        ",",
        "t=",
        "t=1700000000",
        "t=-1,v1=00",
        "t=1e9,v1=00",
        "v1=00",
        "t=1700000000,v1=",
        "t=1700000000,v1=4c15fb2a",
        "t=99999999999999999999999,v1=00",
        "t=1700000000,v0=4c15",
    };
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_int_equal(verify(headers[i], body, vector_at_s), CF_WEBHOOK_MALFORMED);
}

static void test_webhook__keeps_what_matters(void **state)
{
    (void)state;
    static const char text[] =
        "{\"id\":\"evt_9\",\"object\":\"event\",\"type\":\"payout.paid\",\"created\":1700000001,"
        "\"account\":\"acct_1\",\"request\":{\"id\":\"req_1\",\"idempotency_key\":\"k-1\"},"
        "\"data\":{\"object\":{\"id\":\"po_1\",\"status\":\"paid\",\"name\":\"Ada\"}}}";
    struct cf_webhook_notice notice;
    assert_int_equal(cf_webhook_parse(cf_bytes_from_text(text), &notice, NULL), CF_OK);
    assert_string_equal(notice.event, "evt_9");
    assert_string_equal(notice.type, "payout.paid");
    assert_string_equal(notice.account, "acct_1");
    assert_string_equal(notice.object, "po_1");
    assert_string_equal(notice.object_status, "paid");
    assert_string_equal(notice.request_key, "k-1");
    assert_int_equal(notice.created_at_us, INT64_C(1700000001000000));
}

static void test_webhook__refuses_bodies_that_are_no_events(void **state)
{
    (void)state;
    char long_name[400];
    snprintf(long_name, sizeof long_name,
             "{\"id\":\"evt_%0200d\",\"object\":\"event\",\"type\":\"a\",\"created\":1}", 1);
    const char *const bodies[] = {
        "",
        "null",
        "{",
        "{}",
        "{\"object\":\"event\"}",
        "{\"id\":\"evt_1\",\"object\":\"charge\",\"type\":\"a\",\"created\":1}",
        "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"a\",\"created\":-1}",
        "{\"id\":\"evt_1\",\"object\":\"event\",\"type\":\"a\",\"created\":9223372036854775807}",
        long_name,
    };
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct cf_webhook_notice notice;
        assert_int_equal(cf_webhook_parse(cf_bytes_from_text(bodies[i]), &notice, NULL),
                         CF_INVALID);
    }
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_webhook__agrees_with_the_published_vector),
        cmocka_unit_test(test_webhook__bounds_the_time_on_both_sides),
        cmocka_unit_test(test_webhook__takes_any_of_several_signatures_and_secrets),
        cmocka_unit_test(test_webhook__refuses_every_changed_byte),
        cmocka_unit_test(test_webhook__refuses_headers_that_are_none),
        cmocka_unit_test(test_webhook__keeps_what_matters),
        cmocka_unit_test(test_webhook__refuses_bodies_that_are_no_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
