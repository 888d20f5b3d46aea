/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_QUERY_REPORTS_H
#define CF_PROJECTIONS_QUERY_REPORTS_H

/*
 * Reports: what creators, finance and operators ask of the read models, as JSON.
 *
 * Each is the rows of a statement, whose file says what they hold: a column is a member of its name, and a
 * column `…_us` is a time, as text and without the ending. Lists come in pages: `next`, which is a row's
 * `place`, goes on behind the page's last row and is null at the end. Statuses as in query.h. Who may see
 * what is the caller's business.
 */

#include "projections/query.h"

/* Whose campaign it is. NOT_FOUND. */
CF_MUST_CHECK enum cf_status cf_query_creator(struct cf_query *query,
                                              const struct cf_id *campaign_id,
                                              struct cf_id *ret_creator_id,
                                              struct cf_fault *reterr_fault);

/* {"summary": …, "days": […], "rewards": […], "referrers": […]} */
CF_MUST_CHECK enum cf_status cf_query_analytics(struct cf_query *query,
                                                const struct cf_id *campaign_id,
                                                struct cf_json **ret_json,
                                                struct cf_fault *reterr_fault);

/* {"hours": […], "next": …}, newest first. `before` is INT64_MAX, or the page before's `next`. */
CF_MUST_CHECK enum cf_status cf_query_hours(struct cf_query *query, const struct cf_id *campaign_id,
                                            int64_t before, int64_t count_max,
                                            struct cf_json **ret_json,
                                            struct cf_fault *reterr_fault);

/* {"transactions": […], "next": …} of a campaign, newest first; `before` as above. */
CF_MUST_CHECK enum cf_status cf_query_transactions(struct cf_query *query,
                                                   const struct cf_id *campaign_id, int64_t before,
                                                   int64_t count_max, struct cf_json **ret_json,
                                                   struct cf_fault *reterr_fault);

/* {"payouts": […], "next": …} of a creator, newest first; `before` as above. */
CF_MUST_CHECK enum cf_status cf_query_payouts(struct cf_query *query,
                                              const struct cf_id *creator_id, int64_t before,
                                              int64_t count_max, struct cf_json **ret_json,
                                              struct cf_fault *reterr_fault);

/* {"as_of": sequence, "accounts": […]}: balances behind that record. */
CF_MUST_CHECK enum cf_status cf_query_trial_balance(struct cf_query *query, int64_t as_of,
                                                    struct cf_json **ret_json,
                                                    struct cf_fault *reterr_fault);

/* {"as_of": sequence, "postings": […], "next": …}, oldest first. `after` is 0, or the page before's `next`. An
 * account that nothing was posted to has no postings. */
struct cf_query_statement {
    struct cf_bytes account, currency;
    int64_t as_of, after, count_max;
};
CF_MUST_CHECK enum cf_status cf_query_statement(struct cf_query *query,
                                                const struct cf_query_statement *statement,
                                                struct cf_json **ret_json,
                                                struct cf_fault *reterr_fault);

/* {"models": […], "requests": […], "notices": […]}: how far each read model is behind the head (0: not known)
 * and what it is parked before, what the gateway has still to do, and what providers said that is not
 * settled, or was put aside. The oldest first, at most count_max of each; requests of one state, or of
 * every one where it is empty. */
CF_MUST_CHECK enum cf_status cf_query_operations(struct cf_query *query, int64_t head,
                                                 struct cf_bytes state, int64_t count_max,
                                                 struct cf_json **ret_json,
                                                 struct cf_fault *reterr_fault);

#endif
