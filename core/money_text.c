/* SPDX-License-Identifier: Apache-2.0 */
#include "core/money_text.h"

#include <stdio.h>

static bool is_digit(uint8_t character)
{
    return character >= '0' && character <= '9';
}

/* Adds a digit to a number that is kept negative, because the negative range is the larger one. */
static enum cf_status take_digit(uint8_t character, int64_t *negative)
{
    if (__builtin_mul_overflow(*negative, INT64_C(10), negative) ||
        __builtin_sub_overflow(*negative, (int64_t)(character - '0'), negative))
        return CF_RANGE;
    return CF_OK;
}

enum cf_status cf_money_parse(struct cf_bytes text, enum cf_currency currency,
                              enum cf_money_sign sign, struct cf_money *ret_money)
{
    size_t at = 0;
    bool negative = text.size > 0 && text.data[0] == '-';
    if (negative && sign == CF_MONEY_NOT_NEGATIVE)
        return CF_INVALID;
    at += negative;

    int64_t minor = 0; /* below zero until the end */
    size_t whole_start = at;
    for (; at < text.size && is_digit(text.data[at]); at++)
        CF_TRY(take_digit(text.data[at], &minor));
    if (at == whole_start || (text.data[whole_start] == '0' && at - whole_start > 1))
        return CF_INVALID;

    unsigned decimals = 0;
    if (at < text.size && text.data[at] == '.') {
        for (at++; at < text.size && is_digit(text.data[at]); at++, decimals++)
            CF_TRY(take_digit(text.data[at], &minor));
        if (decimals == 0)
            return CF_INVALID;
    }
    if (at != text.size || decimals > cf_currency_exponent(currency))
        return CF_INVALID;
    for (; decimals < cf_currency_exponent(currency); decimals++)
        CF_TRY(take_digit('0', &minor));

    if (negative && minor == 0)
        return CF_INVALID;
    if (!negative)
        return cf_money_negate(cf_money_of(minor), ret_money);
    *ret_money = cf_money_of(minor);
    return CF_OK;
}

void cf_money_print(struct cf_money money, enum cf_currency currency,
                    char ret_text[CF_MONEY_TEXT_SIZE])
{
    int64_t minor = cf_money_minor(money);
    uint64_t magnitude = minor < 0 ? -(uint64_t)minor : (uint64_t)minor;
    unsigned exponent = cf_currency_exponent(currency);
    uint64_t unit = 1;
    for (unsigned i = 0; i < exponent; i++)
        unit *= 10;

    int length = snprintf(ret_text, CF_MONEY_TEXT_SIZE, "%s%llu", minor < 0 ? "-" : "",
                          (unsigned long long)(magnitude / unit));
    if (exponent > 0)
        snprintf(ret_text + length, CF_MONEY_TEXT_SIZE - (size_t)length, ".%0*llu", (int)exponent,
                 (unsigned long long)(magnitude % unit));
}
