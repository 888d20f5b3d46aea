/* SPDX-License-Identifier: Apache-2.0 */
#include "core/currency.h"

#include "core/base/assert.h"

struct row {
    char letters[4];
    uint8_t exponent; /* ISO's */
};

/* By ISO number. */
static const struct row rows[1000] = {
#define CF_CURRENCY(letters, number, exponent) [number] = {#letters, exponent},
#include "core/currency.def"
#undef CF_CURRENCY
};

/* How Stripe differs from ISO: its own exponent, and the multiples it takes. */
struct stripe_rule {
    enum cf_currency currency;
    uint8_t exponent;
    uint16_t charge_multiple, payout_multiple;
};

/* Where ISO's exponent is 0 and so is Stripe's (JPY and most of its zero-decimal list), no row is
 * needed. */
static const struct stripe_rule stripe_rules[] = {
    {CF_CURRENCY_MGA, 0, 1, 1},     /* ISO: 2; on Stripe's zero-decimal list */
    {CF_CURRENCY_ISK, 2, 100, 100}, /* ISO: 0; hundredths for Stripe, but only whole ones */
    {CF_CURRENCY_UGX, 2, 100, 100}, /* likewise */
    {CF_CURRENCY_HUF, 2, 1, 100},   /* charged in fillér, paid out in whole forint */
    {CF_CURRENCY_TWD, 2, 1, 100},   /* likewise */
    {CF_CURRENCY_BHD, 3, 10, 10},   /* three decimals, the last of which must be 0 */
    {CF_CURRENCY_JOD, 3, 10, 10},   {CF_CURRENCY_KWD, 3, 10, 10}, {CF_CURRENCY_OMR, 3, 10, 10},
    {CF_CURRENCY_TND, 3, 10, 10},   {CF_CURRENCY_NONE, 0, 0, 0},
};

/* The least that Stripe charges, in the units of its API; where it names none, anything will do. */
static const struct charge_min {
    enum cf_currency currency;
    int64_t amount;
} charge_mins[] = {
    {CF_CURRENCY_AED, 200},  {CF_CURRENCY_AUD, 50},   {CF_CURRENCY_BGN, 100},
    {CF_CURRENCY_BRL, 50},   {CF_CURRENCY_CAD, 50},   {CF_CURRENCY_CHF, 50},
    {CF_CURRENCY_CZK, 1500}, {CF_CURRENCY_DKK, 250},  {CF_CURRENCY_EUR, 50},
    {CF_CURRENCY_GBP, 30},   {CF_CURRENCY_HKD, 400},  {CF_CURRENCY_HUF, 17500},
    {CF_CURRENCY_INR, 50},   {CF_CURRENCY_JPY, 50},   {CF_CURRENCY_MXN, 1000},
    {CF_CURRENCY_MYR, 200},  {CF_CURRENCY_NOK, 300},  {CF_CURRENCY_NZD, 50},
    {CF_CURRENCY_PLN, 200},  {CF_CURRENCY_RON, 200},  {CF_CURRENCY_SEK, 300},
    {CF_CURRENCY_SGD, 50},   {CF_CURRENCY_THB, 1000}, {CF_CURRENCY_USD, 50},
};

bool cf_currency_is_known(uint32_t number)
{
    return number < sizeof rows / sizeof rows[0] && rows[number].letters[0] != '\0';
}

enum cf_status cf_currency_from_number(uint32_t number, enum cf_currency *ret_currency)
{
    if (!cf_currency_is_known(number))
        return CF_NOT_FOUND;
    *ret_currency = (enum cf_currency)number;
    return CF_OK;
}

enum cf_status cf_currency_from_letters(struct cf_bytes letters, enum cf_currency *ret_currency)
{
    if (letters.size != 3)
        return CF_NOT_FOUND;
    char upper[3];
    for (size_t i = 0; i < sizeof upper; i++) {
        char letter = (char)letters.data[i];
        upper[i] = letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter;
    }
    for (size_t number = 0; number < sizeof rows / sizeof rows[0]; number++) {
        if (memcmp(rows[number].letters, upper, sizeof upper) == 0)
            return cf_currency_from_number((uint32_t)number, ret_currency);
    }
    return CF_NOT_FOUND;
}

const char *cf_currency_letters(enum cf_currency currency)
{
    CF_ASSERT(cf_currency_is_known(currency));
    return rows[currency].letters;
}

unsigned cf_currency_exponent(enum cf_currency currency)
{
    CF_ASSERT(cf_currency_is_known(currency));
    return rows[currency].exponent;
}

static struct stripe_rule stripe_rule_of(enum cf_currency currency)
{
    for (size_t i = 0; stripe_rules[i].currency != CF_CURRENCY_NONE; i++) {
        if (stripe_rules[i].currency == currency)
            return stripe_rules[i];
    }
    return (struct stripe_rule){currency, (uint8_t)cf_currency_exponent(currency), 1, 1};
}

/* amount * 10^(to - from), which must come out whole. */
static enum cf_status rescale(int64_t amount, unsigned from, unsigned to, int64_t *ret_amount)
{
    for (; from < to; from++) {
        if (__builtin_mul_overflow(amount, INT64_C(10), &amount))
            return CF_RANGE;
    }
    for (; from > to; from--) {
        if (amount % 10 != 0)
            return CF_INVALID;
        amount /= 10;
    }
    *ret_amount = amount;
    return CF_OK;
}

enum cf_status cf_currency_to_stripe(enum cf_currency currency, enum cf_amount_use use,
                                     struct cf_money money, int64_t *ret_amount)
{
    struct stripe_rule rule = stripe_rule_of(currency);
    int64_t amount;
    CF_TRY(rescale(cf_money_minor(money), cf_currency_exponent(currency), rule.exponent, &amount));
    int64_t multiple = use == CF_AMOUNT_PAYOUT ? rule.payout_multiple : rule.charge_multiple;
    if (amount <= 0 || amount % multiple != 0)
        return CF_INVALID;
    *ret_amount = amount;
    return CF_OK;
}

int64_t cf_currency_stripe_charge_min(enum cf_currency currency)
{
    for (size_t i = 0; i < sizeof charge_mins / sizeof charge_mins[0]; i++) {
        if (charge_mins[i].currency == currency)
            return charge_mins[i].amount;
    }
    return 1;
}

enum cf_status cf_currency_from_stripe(enum cf_currency currency, int64_t amount,
                                       struct cf_money *ret_money)
{
    int64_t minor;
    CF_TRY(
        rescale(amount, stripe_rule_of(currency).exponent, cf_currency_exponent(currency), &minor));
    *ret_money = cf_money_of(minor);
    return CF_OK;
}
