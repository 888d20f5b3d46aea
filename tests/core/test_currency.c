/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the currency table and Stripe's own rules, and decimal text that is exact or refused.
 * Shown: case by case, the well-known traps among them (JPY, KWD, ISK, MGA, 19.99, 1.005).
 */
#include "core/currency.h"
#include "core/money_text.h"
#include "tests/support/cmocka.h"

static void test_currency__is_found_by_number_and_letters(void **state)
{
    (void)state;
    enum cf_currency currency;
    assert_int_equal(cf_currency_from_letters(CF_BYTES_LITERAL("EUR"), &currency), CF_OK);
    assert_int_equal(currency, 978);
    assert_int_equal(cf_currency_from_letters(CF_BYTES_LITERAL("jpy"), &currency), CF_OK);
    assert_int_equal(currency, CF_CURRENCY_JPY);
    assert_int_equal(cf_currency_from_number(414, &currency), CF_OK);
    assert_string_equal(cf_currency_letters(currency), "KWD");
    assert_int_equal(cf_currency_exponent(CF_CURRENCY_EUR), 2);
    assert_int_equal(cf_currency_exponent(CF_CURRENCY_JPY), 0);
    assert_int_equal(cf_currency_exponent(CF_CURRENCY_KWD), 3);

    static const char *const unknown[] = {"XAU", "XXX", "EU", "EURO", "", "E R"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_int_equal(cf_currency_from_letters(cf_bytes_from_text(unknown[i]), &currency),
                         CF_NOT_FOUND);
    assert_int_equal(cf_currency_from_number(0, &currency), CF_NOT_FOUND);
    assert_int_equal(cf_currency_from_number(959, &currency), CF_NOT_FOUND);
    assert_int_equal(cf_currency_from_number(UINT32_MAX, &currency), CF_NOT_FOUND);
    assert_int_equal(cf_currency_from_letters(cf_bytes_from("\0\0\0", 3), &currency), CF_NOT_FOUND);
}

static void test_currency__knows_stripes_rules(void **state)
{
    (void)state;
    static const struct {
        enum cf_currency currency;
        enum cf_amount_use use;
        int64_t minor;
        enum cf_status status;
        int64_t stripe;
    } cases[] = {
        {CF_CURRENCY_EUR, CF_AMOUNT_CHARGE, 1999, CF_OK, 1999},
        {CF_CURRENCY_JPY, CF_AMOUNT_CHARGE, 500, CF_OK, 500},
        {CF_CURRENCY_MGA, CF_AMOUNT_CHARGE, 50000, CF_OK, 500},
        {CF_CURRENCY_MGA, CF_AMOUNT_CHARGE, 50050, CF_INVALID, 0},
        {CF_CURRENCY_ISK, CF_AMOUNT_CHARGE, 500, CF_OK, 50000},
        {CF_CURRENCY_UGX, CF_AMOUNT_CHARGE, 5, CF_OK, 500},
        {CF_CURRENCY_HUF, CF_AMOUNT_CHARGE, 1050, CF_OK, 1050},
        {CF_CURRENCY_HUF, CF_AMOUNT_PAYOUT, 1050, CF_INVALID, 0},
        {CF_CURRENCY_TWD, CF_AMOUNT_PAYOUT, 1100, CF_OK, 1100},
        {CF_CURRENCY_KWD, CF_AMOUNT_CHARGE, 5120, CF_OK, 5120},
        {CF_CURRENCY_KWD, CF_AMOUNT_CHARGE, 5124, CF_INVALID, 0},
        {CF_CURRENCY_EUR, CF_AMOUNT_CHARGE, 0, CF_INVALID, 0},
        {CF_CURRENCY_ISK, CF_AMOUNT_CHARGE, INT64_MAX, CF_RANGE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t amount = 0;
        assert_int_equal(cf_currency_to_stripe(cases[i].currency, cases[i].use,
                                               cf_money_of(cases[i].minor), &amount),
                         cases[i].status);
        assert_int_equal(amount, cases[i].stripe);
        struct cf_money back;
        if (cases[i].status == CF_OK) {
            assert_int_equal(cf_currency_from_stripe(cases[i].currency, amount, &back), CF_OK);
            assert_int_equal(back.minor, cases[i].minor);
        }
    }
    struct cf_money money;
    assert_int_equal(cf_currency_from_stripe(CF_CURRENCY_ISK, 50, &money), CF_INVALID);
}

static void test_money_text__parses_exactly_or_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum cf_currency currency;
        enum cf_status status;
        int64_t minor;
    } cases[] = {
        {"19.99", CF_CURRENCY_EUR, CF_OK, 1999},
        {"19.9", CF_CURRENCY_EUR, CF_OK, 1990},
        {"0", CF_CURRENCY_EUR, CF_OK, 0},
        {"0.01", CF_CURRENCY_EUR, CF_OK, 1},
        {"500", CF_CURRENCY_JPY, CF_OK, 500},
        {"5.124", CF_CURRENCY_KWD, CF_OK, 5124},
        {"92233720368547758.07", CF_CURRENCY_EUR, CF_OK, INT64_MAX},
        {"92233720368547758.08", CF_CURRENCY_EUR, CF_RANGE, 0},
        {"99999999999999999999999", CF_CURRENCY_EUR, CF_RANGE, 0},
        {"1.005", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"1.000", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"1.0", CF_CURRENCY_JPY, CF_INVALID, 0},
        {"1,000", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"1e3", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"-1.00", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"+1", CF_CURRENCY_EUR, CF_INVALID, 0},
        {" 1", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"1 ", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"01", CF_CURRENCY_EUR, CF_INVALID, 0},
        {".5", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"5.", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"0x10", CF_CURRENCY_EUR, CF_INVALID, 0},
        {"NaN", CF_CURRENCY_EUR, CF_INVALID, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cf_money money = {0};
        assert_int_equal(cf_money_parse(cf_bytes_from_text(cases[i].text), cases[i].currency,
                                        CF_MONEY_NOT_NEGATIVE, &money),
                         cases[i].status);
        assert_int_equal(money.minor, cases[i].minor);
    }
}

static void test_money_text__prints_what_it_parses(void **state)
{
    (void)state;
    static const struct {
        int64_t minor;
        enum cf_currency currency;
        const char *text;
    } cases[] = {
        {1999, CF_CURRENCY_EUR, "19.99"},
        {-5, CF_CURRENCY_EUR, "-0.05"},
        {0, CF_CURRENCY_EUR, "0.00"},
        {500, CF_CURRENCY_JPY, "500"},
        {1, CF_CURRENCY_KWD, "0.001"},
        {INT64_MIN, CF_CURRENCY_EUR, "-92233720368547758.08"},
        {INT64_MIN, CF_CURRENCY_JPY, "-9223372036854775808"},
        {INT64_MAX, CF_CURRENCY_CLF, "922337203685477.5807"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[CF_MONEY_TEXT_SIZE];
        struct cf_money money;
        cf_money_print(cf_money_of(cases[i].minor), cases[i].currency, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(
            cf_money_parse(cf_bytes_from_text(text), cases[i].currency, CF_MONEY_ANY_SIGN, &money),
            CF_OK);
        assert_int_equal(money.minor, cases[i].minor);
    }
    struct cf_money money;
    assert_int_equal(
        cf_money_parse(CF_BYTES_LITERAL("-0"), CF_CURRENCY_EUR, CF_MONEY_ANY_SIGN, &money),
        CF_INVALID);
}

static void test_currency__knows_the_least_that_stripe_charges(void **state)
{
    (void)state;
    assert_int_equal(cf_currency_stripe_charge_min(CF_CURRENCY_EUR), 50);
    assert_int_equal(cf_currency_stripe_charge_min(CF_CURRENCY_GBP), 30);
    assert_int_equal(cf_currency_stripe_charge_min(CF_CURRENCY_HUF), 17500);
    assert_int_equal(cf_currency_stripe_charge_min(CF_CURRENCY_JPY), 50);
    assert_int_equal(cf_currency_stripe_charge_min(CF_CURRENCY_KWD), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_currency__is_found_by_number_and_letters),
        cmocka_unit_test(test_currency__knows_stripes_rules),
        cmocka_unit_test(test_currency__knows_the_least_that_stripe_charges),
        cmocka_unit_test(test_money_text__parses_exactly_or_refuses),
        cmocka_unit_test(test_money_text__prints_what_it_parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
