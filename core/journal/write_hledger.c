/* SPDX-License-Identifier: Apache-2.0 */
/* hledger: a transaction per event, a balance assertion on every line. */
#include "core/journal/write_private.h"

static enum cf_status cf_hledger_currency(enum cf_currency currency, struct cf_buf *buf)
{
    /* The number must show a decimal mark, also where there are no decimals. */
    char sample[CF_AMOUNT_TEXT_SIZE];
    unsigned exponent = cf_currency_exponent(currency);
    int64_t minor = 1000;
    for (unsigned i = 0; i < exponent; i++)
        minor *= 10;
    cf_journal_amount(minor, currency, true, sample);
    return cf_buf_append_format(buf, "commodity %s%s %s\n", sample, exponent == 0 ? "." : "",
                                cf_currency_letters(currency));
}

static enum cf_status cf_hledger_account(const struct cf_account *account, int64_t time_us,
                                         struct cf_buf *buf)
{
    char name[CF_ACCOUNT_TEXT_SIZE];
    (void)time_us;
    cf_account_print(account, name);
    return cf_buf_append_format(buf, "account %s\n", name);
}

static enum cf_status cf_hledger_entry(const struct cf_journal_entry *entry,
                                       const int64_t *balances)
{
    char date[CF_DATE_TEXT_SIZE];
    char stream[CF_ID_TEXT_SIZE];
    cf_journal_date(entry->record->time_us, date);
    cf_journal_stream(entry->record, stream);
    CF_TRY(cf_buf_append_format(entry->buf, "%s (%llu) %s %s\n", date,
                                (unsigned long long)entry->record->sequence,
                                cf_event_name((uint32_t)entry->event->type), stream));
    for (size_t i = 0; i < entry->postings->count; i++) {
        const struct cf_posting *line = &entry->postings->lines[i];
        char name[CF_ACCOUNT_TEXT_SIZE];
        char amount[CF_AMOUNT_TEXT_SIZE];
        char balance[CF_AMOUNT_TEXT_SIZE];
        cf_account_print(&line->account, name);
        cf_journal_amount(line->minor, line->account.currency, false, amount);
        cf_journal_amount(balances[i], line->account.currency, false, balance);
        CF_TRY(cf_buf_append_format(entry->buf, "    %s  %s = %s  ; %s\n", name, amount, balance,
                                    cf_posting_row_label(line->row)));
    }
    return cf_buf_append_text(entry->buf, "\n");
}

const struct cf_journal_ops cf_journal_hledger = {
    .name = "hledger",
    .currency = cf_hledger_currency,
    .account = cf_hledger_account,
    .entry = cf_hledger_entry,
};
