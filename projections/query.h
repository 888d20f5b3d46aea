/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_QUERY_H
#define CF_PROJECTIONS_QUERY_H

/*
 * Queries: what the API reads, as JSON.
 *
 * A query object is one connection to PostgreSQL, used by one thread at a time; it connects when it
 * is first used and again after the connection broke. Statuses are those of pg.h; NOT_FOUND means
 * that there is no such thing, or none that may be shown.
 *
 * Texts that are sealed go through the caller's `unseal`, all of one answer at once. What cannot be
 * opened any more, because its subject was erased, is null.
 */

#include "core/base/scope.h"
#include "core/json_value.h"

struct cf_id;
struct cf_query;

/* `dsn` is borrowed until the query is closed. NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_query_open(const char *dsn, struct cf_query **ret_query);
/* Accepts NULL. */
void cf_query_close(struct cf_query *query);

/* A sealed text of an answer. Everything is borrowed for the call of `unseal`. */
struct cf_query_sealed {
    const struct cf_id *subject_id;
    struct cf_bytes ciphertext;
    struct cf_json *object; /* gets the clear text, or null, as `member` */
    const char *member;
};

/* Sets object.member of each; a failure is the query's. */
typedef enum cf_status cf_query_unseal_fn(void *context, const struct cf_query_sealed *sealed,
                                          size_t count, struct cf_fault *reterr_fault);

struct cf_query_unsealer {
    cf_query_unseal_fn *unseal;
    void *context;
};

/* A campaign with its rewards, stretch goals and totals. `ret_creator_id` says who may see it
 * before its launch; *ret_public is whether everybody may. */
CF_MUST_CHECK enum cf_status cf_query_campaign(struct cf_query *query,
                                               const struct cf_id *campaign_id,
                                               const struct cf_query_unsealer *unsealer,
                                               struct cf_json **ret_json,
                                               struct cf_id *ret_creator_id, bool *ret_public,
                                               struct cf_fault *reterr_fault);

/* Totals of a launched campaign, as its progress shows them. */
CF_MUST_CHECK enum cf_status cf_query_totals(struct cf_query *query,
                                             const struct cf_id *campaign_id,
                                             struct cf_buf *ret_json,
                                             struct cf_fault *reterr_fault);

/* A page of a list of campaigns: those that pass every filter, all of them over all pages. Texts are
 * empty where they do not filter. */
struct cf_query_listing {
    struct cf_bytes status;
    struct cf_bytes category;
    struct cf_bytes model;
    struct cf_bytes country;
    struct cf_bytes words;
    int64_t latitude_microdegrees, longitude_microdegrees;
    int64_t radius_m; /* 0: anywhere */
    /* trending, newest, ending_soon, most_funded. Empty: by how well the words match (as trending, where
     * more than 600 campaigns hold them), else the nearest first, else trending. */
    struct cf_bytes sort;
    struct cf_bytes cursor; /* `next` of the page before, or empty */
    int64_t count_max;
};
/* {"campaigns": […], "next": cursor or null}. INVALID for a sort or cursor that is none. */
CF_MUST_CHECK enum cf_status cf_query_campaigns(struct cf_query *query,
                                                const struct cf_query_listing *listing,
                                                const struct cf_query_unsealer *unsealer,
                                                struct cf_json **ret_json,
                                                struct cf_fault *reterr_fault);

/* {"categories": […]} */
CF_MUST_CHECK enum cf_status cf_query_categories(struct cf_query *query, struct cf_json **ret_json,
                                                 struct cf_fault *reterr_fault);

/* {"pledges": […], "next": sequence or null}, newest first, before a sequence. */
CF_MUST_CHECK enum cf_status cf_query_pledges(struct cf_query *query, const struct cf_id *backer_id,
                                              int64_t before, int64_t count_max,
                                              struct cf_json **ret_json,
                                              struct cf_fault *reterr_fault);

CF_MUST_CHECK enum cf_status cf_query_pledge(struct cf_query *query, const struct cf_id *pledge_id,
                                             struct cf_json **ret_json, struct cf_id *ret_backer_id,
                                             struct cf_fault *reterr_fault);

/* {"updates": […], "next": sequence or null}, newest first. What is for backers alone has neither title nor
 * body unless the viewer (zero: nobody) is one, or the creator. */
CF_MUST_CHECK enum cf_status cf_query_updates(
    struct cf_query *query, const struct cf_id *campaign_id, const struct cf_id *viewer_id,
    int64_t before, int64_t count_max, const struct cf_query_unsealer *unsealer,
    struct cf_json **ret_json, struct cf_fault *reterr_fault);

/* What a person may do: bit 1 << enum cf_role. 0 for somebody unknown or suspended. */
CF_MUST_CHECK enum cf_status cf_query_roles(struct cf_query *query, const struct cf_id *person_id,
                                            uint32_t *ret_roles, struct cf_fault *reterr_fault);

/* The record up to which every read model has come. */
CF_MUST_CHECK enum cf_status cf_query_position(struct cf_query *query, int64_t *ret_sequence,
                                               struct cf_fault *reterr_fault);

#endif
