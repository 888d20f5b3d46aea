/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations at first sight, balances after every line; the formats say how these look. */
#include "core/journal/write.h"

#include "core/base/assert.h"
#include "core/journal/write_private.h"

#include <stdio.h>
#include <stdlib.h>

struct cf_journal_writer {
    const struct cf_journal_ops *ops;
    struct cf_book_memory *memory; /* balances, and which names occurred */
    int64_t last_us;               /* the time of the last entry */
};

static const struct cf_journal_ops *const cf_journal_formats[] = {
    [CF_JOURNAL_HLEDGER] = &cf_journal_hledger,
    [CF_JOURNAL_BEANCOUNT] = &cf_journal_beancount,
    [CF_JOURNAL_CSV] = &cf_journal_csv,
};

enum cf_status cf_journal_format_parse(struct cf_bytes name, enum cf_journal_format *ret_format)
{
    for (size_t i = 0; i < sizeof cf_journal_formats / sizeof cf_journal_formats[0]; i++) {
        if (!cf_bytes_equal(name, cf_bytes_from_text(cf_journal_formats[i]->name)))
            continue;
        *ret_format = (enum cf_journal_format)i;
        return CF_OK;
    }
    return CF_NOT_FOUND;
}

void cf_journal_date(int64_t time_us, char ret_text[CF_DATE_TEXT_SIZE])
{
    struct cf_civil_time civil = cf_time_to_civil(time_us);
    snprintf(ret_text, CF_DATE_TEXT_SIZE, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
}

void cf_journal_amount(int64_t minor, enum cf_currency currency, bool bare,
                       char ret_text[CF_AMOUNT_TEXT_SIZE])
{
    char decimal[CF_MONEY_TEXT_SIZE];
    cf_money_print(cf_money_of(minor), currency, decimal);
    snprintf(ret_text, CF_AMOUNT_TEXT_SIZE, "%s%s%s", decimal, bare ? "" : " ",
             bare ? "" : cf_currency_letters(currency));
}

void cf_journal_stream(const struct cf_record *record, char ret_text[CF_ID_TEXT_SIZE])
{
    cf_id_print(record->stream_id, ret_text);
}

struct cf_journal_writer *cf_journal_writer_new(enum cf_journal_format format)
{
    struct cf_journal_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return NULL;
    writer->ops = cf_journal_formats[format];
    writer->memory = cf_book_memory_new();
    if (writer->memory != NULL)
        return writer;
    cf_journal_writer_destroy(writer);
    return NULL;
}

void cf_journal_writer_destroy(struct cf_journal_writer *writer)
{
    if (writer == NULL)
        return;
    cf_book_memory_destroy(writer->memory);
    free(writer);
}

enum cf_status cf_journal_write_begin(struct cf_journal_writer *writer, struct cf_buf *buf)
{
    return writer->ops->begin == NULL ? CF_OK : writer->ops->begin(buf);
}

/* True the first time that it is asked about these bytes. */
static bool cf_journal_is_new(struct cf_journal_writer *writer, const void *data, size_t size)
{
    struct cf_book *book = cf_book_memory_book(writer->memory);
    struct cf_bytes name = cf_bytes_from(data, size);
    struct cf_id seen;
    if (book->ops->lookup(book, CF_LOOKUP_SLUG, name, &seen))
        return false;
    book->ops->lookup_set(book, CF_LOOKUP_SLUG, name, &CF_LEDGER_STREAM);
    return true;
}

static enum cf_status cf_journal_declare(struct cf_journal_writer *writer,
                                         const struct cf_account *account, int64_t time_us,
                                         struct cf_buf *buf)
{
    char name[CF_ACCOUNT_TEXT_SIZE];
    if (writer->ops->currency != NULL &&
        cf_journal_is_new(writer, &account->currency, sizeof account->currency))
        CF_TRY(writer->ops->currency(account->currency, buf));
    cf_account_print(account, name); /* one account holds every currency */
    if (writer->ops->account != NULL && cf_journal_is_new(writer, name, strlen(name)))
        CF_TRY(writer->ops->account(account, time_us, buf));
    return CF_OK;
}

enum cf_status cf_journal_write(struct cf_journal_writer *writer, const struct cf_record *record,
                                const struct cf_event *event, struct cf_buf *buf,
                                struct cf_fault *reterr_fault)
{
    struct cf_postings postings;
    int64_t balances[CF_POSTINGS_MAX];
    CF_TRY(cf_postings(event, &postings, reterr_fault));
    if (postings.count == 0)
        return CF_OK;
    struct cf_book *book = cf_book_memory_book(writer->memory);
    writer->last_us = record->time_us;
    for (size_t i = 0; i < postings.count; i++) {
        const struct cf_posting *line = &postings.lines[i];
        int64_t minor = book->ops->balance(book, &line->account);
        if (__builtin_add_overflow(minor, line->minor, &minor))
            CF_FAIL(reterr_fault, CF_CORRUPT, "a balance does not fit");
        book->ops->balance_set(book, &line->account, minor);
        balances[i] = minor;
        CF_TRY(cf_journal_declare(writer, &line->account, record->time_us, buf));
    }
    CF_TRY(cf_book_status(book));
    const struct cf_journal_entry entry = {record, event, &postings, writer, buf};
    return writer->ops->entry(&entry, balances);
}

struct cf_journal_foot {
    struct cf_journal_writer *writer;
    struct cf_buf *buf;
    enum cf_status status;
};

static void cf_journal_foot_line(void *context, const struct cf_account *account, int64_t minor)
{
    struct cf_journal_foot *foot = context;
    if (foot->status == CF_OK)
        foot->status = foot->writer->ops->balance(account, minor, foot->writer->last_us, foot->buf);
}

enum cf_status cf_journal_write_end(struct cf_journal_writer *writer, struct cf_buf *buf)
{
    struct cf_journal_foot foot = {writer, buf, CF_OK};
    if (writer->ops->balance != NULL)
        cf_book_memory_each_balance(writer->memory, cf_journal_foot_line, &foot);
    return foot.status;
}
