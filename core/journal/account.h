/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_JOURNAL_ACCOUNT_H
#define CF_CORE_JOURNAL_ACCOUNT_H

/*
 * The chart of accounts (payments.md section 6) and postings. Debit is positive, credit negative;
 * the postings of one event sum to zero per currency.
 */

#include "core/currency.h"
#include "core/id.h"

/* FROZEN for one layout version: the numbers are keys in state/. */
enum cf_account_kind {
    CF_ACCOUNT_PSP_PENDING = 1,
    CF_ACCOUNT_PSP_AVAILABLE = 2,
    CF_ACCOUNT_PSP_DISPUTED = 3,
    CF_ACCOUNT_CONNECTED = 4, /* owner: creator */
    CF_ACCOUNT_BANK = 5,
    CF_ACCOUNT_RECEIVABLE = 6, /* owner: creator */
    CF_ACCOUNT_ESCROW = 7,     /* owner: campaign */
    CF_ACCOUNT_PAYABLE = 8,    /* owner: creator, as the three below */
    CF_ACCOUNT_RESERVE = 9,
    CF_ACCOUNT_DISPUTE_HOLD = 10,
    CF_ACCOUNT_IN_TRANSIT = 11,
    CF_ACCOUNT_REFUNDS_PAYABLE = 12,
    CF_ACCOUNT_TAX = 13, /* owner: the jurisdiction's letters, padded with zeroes */
    CF_ACCOUNT_PLATFORM_FEE = 14,
    CF_ACCOUNT_CREATOR_DISPUTE_FEE = 15,
    CF_ACCOUNT_PROCESSOR_FEE = 16,
    CF_ACCOUNT_DISPUTE_FEE = 17,
    CF_ACCOUNT_DISPUTE_LOSS = 18,
    CF_ACCOUNT_BAD_DEBT = 19,
    CF_ACCOUNT_ROUNDING = 20,
    CF_ACCOUNT_MEMO_PLEDGED = 21,    /* owner: campaign */
    CF_ACCOUNT_MEMO_AUTHORIZED = 22, /* owner: campaign */
    CF_ACCOUNT_MEMO_CONTRA = 23,
    CF_ACCOUNT_KIND_LIMIT = 24
};

struct cf_account {
    enum cf_account_kind kind;
    enum cf_currency currency;
    struct cf_id owner; /* zero where the kind has one account a currency */
};

/* Which row of the table of postings a line comes from: CF_POSTING_M1 and so on. In memory only. */
enum cf_posting_row {
    CF_POSTING_NONE = 0,
#define CF_POSTING_ROW(name, label, sentence) CF_POSTING_##name,
#include "core/journal/posting_rows.def"
#undef CF_POSTING_ROW
    CF_POSTING_ROW_LIMIT
};

struct cf_posting {
    struct cf_account account;
    int64_t minor; /* debit > 0 > credit; never 0 */
    enum cf_posting_row row;
};

#endif
