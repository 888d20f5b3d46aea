/* SPDX-License-Identifier: Apache-2.0 */
/* CSV (RFC 4180): one line a posting. No field needs quotes. */
#include "core/journal/write_private.h"

static enum cf_status cf_csv_begin(struct cf_buf *buf)
{
    return cf_buf_append_text(
        buf, "sequence,time,event,stream,row,account,amount_minor,currency,amount,balance\r\n");
}

static enum cf_status cf_csv_entry(const struct cf_journal_entry *entry, const int64_t *balances)
{
    char time[CF_TIME_TEXT_SIZE];
    char stream[CF_ID_TEXT_SIZE];
    cf_time_print(entry->record->time_us, time);
    cf_journal_stream(entry->record, stream);
    for (size_t i = 0; i < entry->postings->count; i++) {
        const struct cf_posting *line = &entry->postings->lines[i];
        char name[CF_ACCOUNT_TEXT_SIZE];
        char amount[CF_AMOUNT_TEXT_SIZE];
        char balance[CF_AMOUNT_TEXT_SIZE];
        cf_account_print(&line->account, name);
        cf_journal_amount(line->minor, line->account.currency, true, amount);
        cf_journal_amount(balances[i], line->account.currency, true, balance);
        CF_TRY(cf_buf_append_format(entry->buf, "%llu,%s,%s,%s,%s,%s,%lld,%s,%s,%s\r\n",
                                    (unsigned long long)entry->record->sequence, time,
                                    cf_event_name((uint32_t)entry->event->type), stream,
                                    cf_posting_row_label(line->row), name, (long long)line->minor,
                                    cf_currency_letters(line->account.currency), amount, balance));
    }
    return CF_OK;
}

const struct cf_journal_ops cf_journal_csv = {
    .name = "csv",
    .begin = cf_csv_begin,
    .entry = cf_csv_entry,
};
