/* SPDX-License-Identifier: Apache-2.0 */
/* The chart of accounts as names. */
#include "core/journal/account_text.h"

#include "core/base/assert.h"

#include <stdio.h>

/* A name in two halves around the owner, who stands between them where there is one. */
static const struct cf_account_name {
    const char *before;
    const char *after; /* NULL: one account a currency */
} cf_account_names[CF_ACCOUNT_KIND_LIMIT] = {
    [CF_ACCOUNT_PSP_PENDING] = {"assets:psp:pending", NULL},
    [CF_ACCOUNT_PSP_AVAILABLE] = {"assets:psp:available", NULL},
    [CF_ACCOUNT_PSP_DISPUTED] = {"assets:psp:disputed", NULL},
    [CF_ACCOUNT_CONNECTED] = {"assets:connected:", ""},
    [CF_ACCOUNT_BANK] = {"assets:bank:operating", NULL},
    [CF_ACCOUNT_RECEIVABLE] = {"assets:receivable:creator:", ""},
    [CF_ACCOUNT_ESCROW] = {"liabilities:escrow:", ""},
    [CF_ACCOUNT_PAYABLE] = {"liabilities:creator:", ":payable"},
    [CF_ACCOUNT_RESERVE] = {"liabilities:creator:", ":reserve"},
    [CF_ACCOUNT_DISPUTE_HOLD] = {"liabilities:creator:", ":dispute_hold"},
    [CF_ACCOUNT_IN_TRANSIT] = {"liabilities:creator:", ":in_transit"},
    [CF_ACCOUNT_REFUNDS_PAYABLE] = {"liabilities:refunds_payable", NULL},
    [CF_ACCOUNT_TAX] = {"liabilities:tax:", ""},
    [CF_ACCOUNT_PLATFORM_FEE] = {"income:platform_fee", NULL},
    [CF_ACCOUNT_CREATOR_DISPUTE_FEE] = {"income:creator_dispute_fee", NULL},
    [CF_ACCOUNT_PROCESSOR_FEE] = {"expenses:processor_fee", NULL},
    [CF_ACCOUNT_DISPUTE_FEE] = {"expenses:dispute_fee", NULL},
    [CF_ACCOUNT_DISPUTE_LOSS] = {"expenses:dispute_loss", NULL},
    [CF_ACCOUNT_BAD_DEBT] = {"expenses:bad_debt", NULL},
    [CF_ACCOUNT_ROUNDING] = {"expenses:rounding", NULL},
    [CF_ACCOUNT_MEMO_PLEDGED] = {"memo:pledged:", ""},
    [CF_ACCOUNT_MEMO_AUTHORIZED] = {"memo:authorized:", ""},
    [CF_ACCOUNT_MEMO_CONTRA] = {"memo:contra", NULL},
};

/* A jurisdiction's letters, with whatever an account's name could not hold left as '_'. */
static void cf_jurisdiction_print(const struct cf_id *owner, char ret_text[CF_ID_TEXT_SIZE])
{
    size_t size = 0;
    while (size < CF_ID_SIZE && owner->bytes[size] != 0) {
        uint8_t byte = owner->bytes[size];
        bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                     (byte >= '0' && byte <= '9') || byte == '-';
        ret_text[size++] = plain ? (char)byte : '_';
    }
    if (size == 0)
        ret_text[size++] = '_';
    ret_text[size] = '\0';
}

void cf_account_print(const struct cf_account *account, char ret_text[CF_ACCOUNT_TEXT_SIZE])
{
    CF_ASSERT(account->kind > 0 && account->kind < CF_ACCOUNT_KIND_LIMIT);
    const struct cf_account_name *name = &cf_account_names[account->kind];
    char owner[CF_ID_TEXT_SIZE] = "";
    if (account->kind == CF_ACCOUNT_TAX)
        cf_jurisdiction_print(&account->owner, owner);
    else if (name->after != NULL)
        cf_id_print(account->owner, owner);
    snprintf(ret_text, CF_ACCOUNT_TEXT_SIZE, "%s%s%s", name->before, owner,
             name->after == NULL ? "" : name->after);
}
