/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_CURRENCY_H
#define CF_CORE_CURRENCY_H

/*
 * Currencies: ISO 4217, and what each payment provider makes of it.
 *
 * The ledger counts ISO minor units. A provider may count others: Stripe takes whole ariary though
 * ISO divides them, and hundredths of a króna though ISO does not. Conversions go through here and
 * refuse what the provider could not charge, instead of rounding it.
 */

#include "core/base/bytes.h"
#include "core/money.h"

/* The value is the ISO number: CF_CURRENCY_EUR is 978. Frozen, records hold it. */
enum cf_currency {
    CF_CURRENCY_NONE = 0,
#define CF_CURRENCY(letters, number, exponent) CF_CURRENCY_##letters = number,
#include "core/currency.def"
#undef CF_CURRENCY
};

/* True for every currency of the table. */
bool cf_currency_is_known(uint32_t number);

/* The currency of an ISO number, or of three letters in either case. NOT_FOUND. */
CF_MUST_CHECK enum cf_status cf_currency_from_number(uint32_t number,
                                                     enum cf_currency *ret_currency);
CF_MUST_CHECK enum cf_status cf_currency_from_letters(struct cf_bytes letters,
                                                      enum cf_currency *ret_currency);

/* The three capital letters; static. The currency must be known. */
const char *cf_currency_letters(enum cf_currency currency);

/* Digits behind the decimal point: 0, 2, 3 (4 for two units of account). The currency must be
 * known. */
unsigned cf_currency_exponent(enum cf_currency currency);

/* What an amount is for: providers allow less when paying out than when charging. */
enum cf_amount_use {
    CF_AMOUNT_CHARGE, /* charge, capture, refund, transfer */
    CF_AMOUNT_PAYOUT, /* to a bank account */
};

/* An amount in the units that Stripe's API counts for this currency. INVALID where Stripe would
 * refuse it (not a multiple of what it can charge, or nothing at all); RANGE on overflow. */
CF_MUST_CHECK enum cf_status cf_currency_to_stripe(enum cf_currency currency,
                                                   enum cf_amount_use use, struct cf_money money,
                                                   int64_t *ret_amount);

/* The least that Stripe charges a card with, in the units of its API. Captures and refunds may be less. */
int64_t cf_currency_stripe_charge_min(enum cf_currency currency);

/* An amount that Stripe reported, in ISO minor units. INVALID where it falls between two of them.
 */
CF_MUST_CHECK enum cf_status cf_currency_from_stripe(enum cf_currency currency, int64_t amount,
                                                     struct cf_money *ret_money);

#endif
