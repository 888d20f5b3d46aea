/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_MONEY_TEXT_H
#define CF_CORE_MONEY_TEXT_H

/*
 * Money as decimal text, exactly: 1999 minor units of EUR are "19.99", of JPY "1999", of KWD
 * "1.999".
 */

#include "core/currency.h"

#define CF_MONEY_TEXT_SIZE 24 /* sign, 19 digits, point, zeros before it, NUL */

enum cf_money_sign {
    CF_MONEY_NOT_NEGATIVE,
    CF_MONEY_ANY_SIGN,
};

/*
 * Reads `12`, `12.3`, `12.34`, with a leading `-` where that is allowed. INVALID for everything
 * else: other digits, signs, separators, exponents, spaces, leading zeros, and more decimals than
 * the currency has, also where they are zeros. RANGE on overflow.
 */
CF_MUST_CHECK enum cf_status cf_money_parse(struct cf_bytes text, enum cf_currency currency,
                                            enum cf_money_sign sign, struct cf_money *ret_money);

/* Writes all of the currency's decimals and a NUL. */
void cf_money_print(struct cf_money money, enum cf_currency currency,
                    char ret_text[CF_MONEY_TEXT_SIZE]);

#endif
