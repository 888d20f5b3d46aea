/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_JOURNAL_ACCOUNT_TEXT_H
#define CF_CORE_JOURNAL_ACCOUNT_TEXT_H

/*
 * Accounts as people and their tools read them: liabilities:creator:<id>:payable. The currency is
 * not part of the name; it stands beside every amount.
 */

#include "core/journal/account.h"

#define CF_ACCOUNT_TEXT_SIZE 96 /* with the NUL */

/* Writes the name and a NUL. */
void cf_account_print(const struct cf_account *account, char ret_text[CF_ACCOUNT_TEXT_SIZE]);

static inline bool cf_account_equal(const struct cf_account *a, const struct cf_account *b)
{
    return a->kind == b->kind && a->currency == b->currency && cf_id_equal(a->owner, b->owner);
}

#endif
