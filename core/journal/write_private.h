/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_JOURNAL_WRITE_PRIVATE_H
#define CF_CORE_JOURNAL_WRITE_PRIVATE_H

/* What the three formats share. */

#include "core/aggregate/book_memory.h"
#include "core/journal/account_text.h"
#include "core/journal/postings.h"
#include "core/journal/write.h"
#include "core/money_text.h"
#include "core/time.h"

/* One event's lines on the way out. */
struct cf_journal_entry {
    const struct cf_record *record;
    const struct cf_event *event;
    const struct cf_postings *postings;
    struct cf_journal_writer *writer;
    struct cf_buf *buf;
};

struct cf_journal_ops {
    const char *name;
    enum cf_status (*begin)(struct cf_buf *buf);
    /* A currency, or an account, occurs for the first time. May be NULL. */
    enum cf_status (*currency)(enum cf_currency currency, struct cf_buf *buf);
    enum cf_status (*account)(const struct cf_account *account, int64_t time_us,
                              struct cf_buf *buf);
    /* The entry; balances after each line are in `balances`. */
    enum cf_status (*entry)(const struct cf_journal_entry *entry, const int64_t *balances);
    /* One account's last balance; may be NULL. */
    enum cf_status (*balance)(const struct cf_account *account, int64_t minor, int64_t time_us,
                              struct cf_buf *buf);
};

extern const struct cf_journal_ops cf_journal_hledger;
extern const struct cf_journal_ops cf_journal_beancount;
extern const struct cf_journal_ops cf_journal_csv;

#define CF_DATE_TEXT_SIZE 32

/* "2026-01-31". */
void cf_journal_date(int64_t time_us, char ret_text[CF_DATE_TEXT_SIZE]);

/* "-12.34 EUR", without the currency where `bare`. */
#define CF_AMOUNT_TEXT_SIZE 40
void cf_journal_amount(int64_t minor, enum cf_currency currency, bool bare,
                       char ret_text[CF_AMOUNT_TEXT_SIZE]);

/* The entry's subject: the stream as a UUID. */
void cf_journal_stream(const struct cf_record *record, char ret_text[CF_ID_TEXT_SIZE]);

#endif
