/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates, then balances, then what follows from both. */
#include "core/fold.h"

#include "core/aggregate/evolve.h"
#include "core/journal/postings.h"
#include "core/react/react.h"

enum cf_status cf_fold(struct cf_book *book, const struct cf_record *record,
                       const struct cf_event *event, struct cf_fault *reterr_fault)
{
    struct cf_postings postings;
    CF_TRY(cf_evolve(book, record, event, reterr_fault));
    CF_TRY(cf_postings(event, &postings, reterr_fault));
    CF_TRY(cf_postings_apply(book, &postings, reterr_fault));
    cf_react(book, record, event);
    enum cf_status status = cf_book_status(book);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "the book cannot be read or written");
    return CF_OK;
}
