/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_JOURNAL_WRITE_H
#define CF_CORE_JOURNAL_WRITE_H

/*
 * The journal as text that others check: hledger, beancount, CSV. The writer is given every event of
 * a log in order and appends what it has to say to a buffer; events that move no money add nothing.
 *
 * It keeps balances of its own, from the postings alone, and asserts them in the text: hledger after
 * every line, beancount at the end. So whoever checks the file also checks our sums. Accounts and
 * commodities are declared when they first occur, as `hledger check --strict` wants.
 *
 * Account names are those of account_text.h; beancount wants its own five roots and capitals, so
 * memo accounts stand under Equity there and an underscore is a dash. The CSV has one line a
 * posting, minor units and decimals both.
 */

#include "core/base/bytes.h"
#include "core/event/record.h"

enum cf_journal_format { CF_JOURNAL_HLEDGER, CF_JOURNAL_BEANCOUNT, CF_JOURNAL_CSV };

/* The format of a name ("hledger", "beancount", "csv"). NOT_FOUND. */
CF_MUST_CHECK enum cf_status cf_journal_format_parse(struct cf_bytes name,
                                                     enum cf_journal_format *ret_format);

struct cf_journal_writer;

/* A writer at the beginning of a log, or NULL without memory. Destroy accepts NULL. */
struct cf_journal_writer *cf_journal_writer_new(enum cf_journal_format format);
void cf_journal_writer_destroy(struct cf_journal_writer *writer);

/* Appends the head of the file, one event, the foot. CORRUPT as cf_postings, NO_MEMORY, NO_SPACE. */
CF_MUST_CHECK enum cf_status cf_journal_write_begin(struct cf_journal_writer *writer,
                                                    struct cf_buf *buf);
CF_MUST_CHECK enum cf_status cf_journal_write(struct cf_journal_writer *writer,
                                              const struct cf_record *record,
                                              const struct cf_event *event, struct cf_buf *buf,
                                              struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_journal_write_end(struct cf_journal_writer *writer,
                                                  struct cf_buf *buf);

#endif
