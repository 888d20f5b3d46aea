/* SPDX-License-Identifier: Apache-2.0 */
/* beancount: five roots, each part of a name with a capital or digit first, balances at the end. */
#include "core/journal/write_private.h"

#include "core/base/assert.h"

#include <stdio.h>

#define CF_BEAN_NAME_SIZE (CF_ACCOUNT_TEXT_SIZE + 8)

/* assets:psp:pending becomes Assets:Psp:Pending, memo:contra becomes Equity:Memo:Contra. */
static void cf_bean_name(const struct cf_account *account, char ret_name[CF_BEAN_NAME_SIZE])
{
    char name[CF_ACCOUNT_TEXT_SIZE];
    cf_account_print(account, name);
    bool memo = strncmp(name, "memo:", 5) == 0;
    int size = snprintf(ret_name, CF_BEAN_NAME_SIZE, "%s%s", memo ? "Equity:" : "", name);
    CF_ASSERT(size > 0 && size < CF_BEAN_NAME_SIZE);
    bool first = true;
    for (int i = 0; i < size; i++) {
        char *at = &ret_name[i];
        if (*at == '_')
            *at = first ? 'X' : '-';
        if (first && *at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
        first = *at == ':';
    }
}

static enum cf_status cf_bean_begin(struct cf_buf *buf)
{
    return cf_buf_append_text(buf, "option \"title\" \"Coffer\"\n\n");
}

static enum cf_status cf_bean_account(const struct cf_account *account, int64_t time_us,
                                      struct cf_buf *buf)
{
    char name[CF_BEAN_NAME_SIZE];
    char date[CF_DATE_TEXT_SIZE];
    cf_bean_name(account, name);
    cf_journal_date(time_us, date);
    return cf_buf_append_format(buf, "%s open %s\n", date, name);
}

static enum cf_status cf_bean_entry(const struct cf_journal_entry *entry, const int64_t *balances)
{
    char date[CF_DATE_TEXT_SIZE];
    char stream[CF_ID_TEXT_SIZE];
    (void)balances;
    cf_journal_date(entry->record->time_us, date);
    cf_journal_stream(entry->record, stream);
    CF_TRY(cf_buf_append_format(entry->buf, "%s * \"%s\" \"%s\"\n  sequence: %llu\n", date,
                                cf_event_name((uint32_t)entry->event->type), stream,
                                (unsigned long long)entry->record->sequence));
    for (size_t i = 0; i < entry->postings->count; i++) {
        const struct cf_posting *line = &entry->postings->lines[i];
        char name[CF_BEAN_NAME_SIZE];
        char amount[CF_AMOUNT_TEXT_SIZE];
        cf_bean_name(&line->account, name);
        cf_journal_amount(line->minor, line->account.currency, false, amount);
        CF_TRY(cf_buf_append_format(entry->buf, "  %s  %s\n", name, amount));
    }
    return cf_buf_append_text(entry->buf, "\n");
}

/* beancount looks at a balance in the morning, so it is that of the day after; exactly, where it would
 * forgive a unit. */
static enum cf_status cf_bean_balance(const struct cf_account *account, int64_t minor,
                                      int64_t time_us, struct cf_buf *buf)
{
    char name[CF_BEAN_NAME_SIZE];
    char date[CF_DATE_TEXT_SIZE];
    char amount[CF_AMOUNT_TEXT_SIZE];
    cf_bean_name(account, name);
    cf_journal_date(time_us + CF_DAY_US, date);
    cf_journal_amount(minor, account->currency, true, amount);
    return cf_buf_append_format(buf, "%s balance %s  %s ~ 0 %s\n", date, name, amount,
                                cf_currency_letters(account->currency));
}

const struct cf_journal_ops cf_journal_beancount = {
    .name = "beancount",
    .begin = cf_bean_begin,
    .account = cf_bean_account,
    .entry = cf_bean_entry,
    .balance = cf_bean_balance,
};
