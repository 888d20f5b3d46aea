/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model `journal`: the postings that core computes of each event, numbered, with the account's
 * balance behind each line, so that any account can be read as of any sequence.
 */
#define CF_ROW_DEFINE
#include "projections/journal/tables.h"

#include "core/journal/account_text.h"
#include "core/journal/postings.h"
#include "projections/model.h"

static const struct cf_table *const tables[] = {
    &cf_table_posting,
    &cf_table_account,
};

static enum cf_status post_line(struct cf_fold *fold, const struct cf_event *event,
                                const struct cf_posting *line)
{
    struct cf_row_account *account = NULL;
    CF_TRY(cf_row_get_account(fold,
                              &(struct cf_row_account){.account_kind = line->account.kind,
                                                       .currency_number = line->account.currency,
                                                       .owner = line->account.owner},
                              &account));
    struct cf_word currency = cf_word_of(cf_currency_letters(line->account.currency));
    if (account->postings == 0) {
        char name[CF_ACCOUNT_TEXT_SIZE];
        cf_account_print(&line->account, name);
        cf_fold_set(fold, &account->name, cf_bytes_from_text(name));
        account->currency = currency;
    }
    cf_fold_add(fold, &account->balance, line->minor);
    cf_fold_add(fold, line->minor > 0 ? &account->debits : &account->credits, line->minor);
    cf_fold_add(fold, &account->postings, 1);

    struct cf_row_posting posting = {
        .sequence = fold->sequence,
        .line = fold->lines,
        .account_kind = line->account.kind,
        .owner = line->account.owner,
        .currency = currency,
        .amount = line->minor,
        .balance = account->balance,
        .row_label = cf_word_of(cf_posting_row_label(line->row)),
        .related = fold->stream,
        .time_us = fold->time_us,
    };
    cf_fold_set(fold, &posting.event, cf_bytes_from_text(cf_event_name((uint32_t)event->type)));
    cf_fold_append(fold, &cf_table_posting, &posting);
    return CF_OK;
}

static enum cf_status post(struct cf_fold *fold, const struct cf_event *event)
{
    struct cf_postings postings;
    CF_TRY(cf_postings(event, &postings, fold->reterr_fault));
    for (size_t i = 0; i < postings.count; i++)
        CF_TRY(post_line(fold, event, &postings.lines[i]));
    return CF_OK;
}

static cf_handler_fn *const handlers[CF_EVENT_NUMBER_LIMIT] = {
#define CF_READS(name) [CF_EVENT_NUMBER_##name] = post,
#include "projections/journal/reads.def"
#undef CF_READS
};

const struct cf_model cf_model_journal = {
    .name = "journal",
    .version = 1,
    .tables = tables,
    .tables_count = sizeof tables / sizeof tables[0],
    .handlers = handlers,
};
