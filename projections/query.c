/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connection, and the answers about one campaign or pledge. Lists of campaigns are in
 * query_listing.c.
 */
#include "projections/query_private.h"

#include "core/money.h"
#include "core/time.h"
#include "projections/position.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- Connection ---- */

enum cf_status cf_query_open(const char *dsn, struct cf_query **ret_query)
{
    struct cf_query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return CF_NO_MEMORY;
    query->dsn = dsn;
    cf_pg_params_init(&query->params);
    *ret_query = query;
    return CF_OK;
}

void cf_query_close(struct cf_query *query)
{
    if (query == NULL)
        return;
    cf_pg_close(query->pg);
    cf_pg_params_clean_up(&query->params);
    free(query);
}

/* Filters that are not asked for are NULL: a plan for the values at hand leaves them out. What pages show is
 * in memory: looking up one row costs little more than reading the next. Words of two errors share few
 * trigrams. A page is no work for several processes. */
static const char session[] = "SET plan_cache_mode = force_custom_plan; SET jit = off;"
                              "SET max_parallel_workers_per_gather = 0;"
                              "SET seq_page_cost = 0.1; SET random_page_cost = 0.1;"
                              "SET pg_trgm.similarity_threshold = 0.2";

static enum cf_status connect(struct cf_query *query, struct cf_fault *reterr_fault)
{
    if (query->pg != NULL && cf_pg_is_open(query->pg))
        return CF_OK;
    cf_pg_close(CF_TAKE(query->pg));
    CF_TRY(cf_pg_open(query->dsn, &query->pg, reterr_fault));
    enum cf_status status = cf_schema_use(query->pg, CF_SCHEMA_LIVE, reterr_fault);
    if (status == CF_OK)
        status = cf_pg_script(query->pg, session, reterr_fault);
    if (status != CF_OK)
        cf_pg_close(CF_TAKE(query->pg));
    return status;
}

struct cf_pg_params *cf_query_params__(struct cf_query *query)
{
    cf_pg_params_clear(&query->params);
    return &query->params;
}

enum cf_status cf_query_run__(struct cf_query *query, const char *statement,
                              struct cf_pg_rows **ret_rows, struct cf_fault *reterr_fault)
{
    CF_TRY(connect(query, reterr_fault));
    enum cf_status status = cf_pg_run(query->pg, statement, &query->params, ret_rows, reterr_fault);
    if (status != CF_CLOSED)
        return status;
    /* The server went away since the last query: reading again is safe. */
    CF_TRY(connect(query, reterr_fault));
    return cf_pg_run(query->pg, statement, &query->params, ret_rows, reterr_fault);
}

/* Runs a statement whose one parameter is an id. */
static enum cf_status run_by_id(struct cf_query *query, const char *statement,
                                const struct cf_id *id, struct cf_pg_rows **ret_rows,
                                struct cf_fault *reterr_fault)
{
    cf_pg_add_id(cf_query_params__(query), id);
    return cf_query_run__(query, statement, ret_rows, reterr_fault);
}

/* ---- Columns as members ---- */

void cf_query_set_text__(struct cf_json *object, const char *member, const struct cf_pg_rows *rows,
                         size_t row)
{
    if (cf_pg_is_null(rows, row, member))
        cf_json_set_null(object, member);
    else
        cf_json_set_text(object, member, cf_pg_text(rows, row, member));
}

void cf_query_set_number__(struct cf_json *object, const char *member,
                           const struct cf_pg_rows *rows, size_t row)
{
    cf_json_set_integer(object, member, cf_pg_int64(rows, row, member));
}

void cf_query_set_id__(struct cf_json *object, const char *member, const struct cf_id *id)
{
    char text[CF_ID_TEXT_SIZE];
    cf_id_print(*id, text);
    if (cf_id_is_zero(*id))
        cf_json_set_null(object, member);
    else
        cf_json_set_text(object, member, text);
}

void cf_query_set_time__(struct cf_json *object, const char *member, int64_t time_us)
{
    char text[CF_TIME_TEXT_SIZE];
    if (time_us <= 0) {
        cf_json_set_null(object, member);
        return;
    }
    cf_time_print(time_us, text);
    cf_json_set_text(object, member, text);
}

void cf_query_set_percent__(struct cf_json *object, int64_t pledged, int64_t goal)
{
    __int128 bps = goal <= 0 ? 0 : (__int128)pledged * CF_BASIS_POINTS_WHOLE / goal;
    cf_json_set_integer(object, "percent_bps", bps > INT64_MAX ? INT64_MAX : (int64_t)bps);
}

void cf_query_set_totals__(struct cf_json *object, const struct cf_pg_rows *rows, size_t row)
{
    static const char *const members[] = {"goal", "pledged", "held", "collected", "backers"};
    cf_query_set_text__(object, "currency", rows, row);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        cf_query_set_number__(object, members[i], rows, row);
    cf_query_set_percent__(object, cf_pg_int64(rows, row, "pledged"),
                           cf_pg_int64(rows, row, "goal"));
}

/* ---- Sealed texts ---- */

void cf_query_seal_add__(struct cf_query_texts *texts, const struct cf_query_sealed *sealed)
{
    cf_json_set_null(sealed->object, sealed->member);
    if (sealed->ciphertext.size == 0 || texts->count == CF_QUERY_TEXTS_MAX)
        return;
    texts->sealed[texts->count++] = *sealed;
}

enum cf_status cf_query_unseal__(const struct cf_query_texts *texts,
                                 const struct cf_query_unsealer *unsealer,
                                 struct cf_fault *reterr_fault)
{
    if (texts->count == 0)
        return CF_OK;
    return unsealer->unseal(unsealer->context, texts->sealed, texts->count, reterr_fault);
}

/* ---- A campaign ---- */

static void reward_add(struct cf_json *rewards, const struct cf_pg_rows *rows, size_t row,
                       const struct cf_id *campaign_id, struct cf_query_texts *texts)
{
    struct cf_json *reward = cf_json_object();
    cf_json_append(rewards, reward);
    struct cf_id reward_id = cf_pg_id(rows, row, "reward");
    cf_query_set_id__(reward, "id", &reward_id);
    static const char *const fields[] = {"title", "description"};
    for (size_t i = 0; i < 2; i++)
        cf_query_seal_add__(
            texts, &(struct cf_query_sealed){.subject_id = campaign_id,
                                             .ciphertext = cf_pg_bytes(rows, row, fields[i]),
                                             .object = reward,
                                             .member = fields[i]});
    cf_query_set_number__(reward, "minimum", rows, row);
    cf_query_set_number__(reward, "shipping", rows, row);
    cf_query_set_number__(reward, "claimed", rows, row);
    int64_t limit = cf_pg_int64(rows, row, "stock_limit");
    int64_t per_backer_limit = cf_pg_int64(rows, row, "per_backer_limit");
    cf_json_set(reward, "limit", limit == 0 ? cf_json_null() : cf_json_from_integer(limit));
    cf_json_set(reward, "per_backer_limit",
                per_backer_limit == 0 ? cf_json_null() : cf_json_from_integer(per_backer_limit));
    cf_json_set_bool(reward, "needs_address", cf_pg_bool(rows, row, "needs_address"));
    cf_json_set_bool(reward, "withdrawn", cf_pg_bool(rows, row, "is_withdrawn"));
    cf_query_set_time__(reward, "ships_at", cf_pg_int64(rows, row, "ships_at_us"));
}

static void stretch_goal_add(struct cf_json *goals, const struct cf_pg_rows *rows, size_t row,
                             const struct cf_id *campaign_id, struct cf_query_texts *texts)
{
    struct cf_json *goal = cf_json_object();
    cf_json_append(goals, goal);
    cf_query_set_number__(goal, "level", rows, row);
    cf_query_set_number__(goal, "threshold", rows, row);
    cf_json_set_bool(goal, "unlocked", cf_pg_int64(rows, row, "unlocked_at_us") > 0);
    cf_query_seal_add__(texts,
                        &(struct cf_query_sealed){.subject_id = campaign_id,
                                                  .ciphertext = cf_pg_bytes(rows, row, "title"),
                                                  .object = goal,
                                                  .member = "title"});
}

static void campaign_fill(struct cf_json *page, const struct cf_pg_rows *rows,
                          const struct cf_id *campaign_id, const struct cf_id *creator_id,
                          struct cf_query_texts *texts)
{
    static const char *const words[] = {"slug",    "state",    "status",
                                        "model",   "category", "subcategory",
                                        "country", "place",    "media_address"};
    cf_query_set_id__(page, "id", campaign_id);
    cf_query_set_id__(page, "creator_id", creator_id);
    cf_query_seal_add__(
        texts, &(struct cf_query_sealed){.subject_id = creator_id,
                                         .ciphertext = cf_pg_bytes(rows, 0, "creator_name"),
                                         .object = page,
                                         .member = "creator_name"});
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        cf_query_set_text__(page, words[i], rows, 0);
    cf_query_set_totals__(page, rows, 0);
    cf_query_set_time__(page, "launched_at", cf_pg_int64(rows, 0, "launched_at_us"));
    cf_query_set_time__(page, "starts_at", cf_pg_int64(rows, 0, "starts_at_us"));
    cf_query_set_time__(page, "ends_at", cf_pg_int64(rows, 0, "ends_at_us"));
    cf_query_set_number__(page, "sequence", rows, 0);
    cf_query_seal_add__(texts,
                        &(struct cf_query_sealed){.subject_id = campaign_id,
                                                  .ciphertext = cf_pg_bytes(rows, 0, "title"),
                                                  .object = page,
                                                  .member = "title"});
    cf_query_seal_add__(texts,
                        &(struct cf_query_sealed){.subject_id = campaign_id,
                                                  .ciphertext = cf_pg_bytes(rows, 0, "story"),
                                                  .object = page,
                                                  .member = "story"});
}

enum cf_status cf_query_campaign(struct cf_query *query, const struct cf_id *campaign_id,
                                 const struct cf_query_unsealer *unsealer,
                                 struct cf_json **ret_json, struct cf_id *ret_creator_id,
                                 bool *ret_public, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rewards = NULL;
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *goals = NULL;
    CF_TRY(run_by_id(query, "query_campaign", campaign_id, &rows, reterr_fault));
    if (cf_pg_rows_count(rows) == 0)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "there is no such campaign");
    CF_TRY(run_by_id(query, "query_rewards", campaign_id, &rewards, reterr_fault));
    CF_TRY(run_by_id(query, "query_stretch_goals", campaign_id, &goals, reterr_fault));

    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *page = cf_json_object();
    struct cf_query_texts texts = {.count = 0};
    struct cf_id creator_id = cf_pg_id(rows, 0, "creator");
    campaign_fill(page, rows, campaign_id, &creator_id, &texts);
    struct cf_json *list = cf_json_array();
    cf_json_set(page, "rewards", list);
    for (size_t i = 0; i < cf_pg_rows_count(rewards); i++)
        reward_add(list, rewards, i, campaign_id, &texts);
    list = cf_json_array();
    cf_json_set(page, "stretch_goals", list);
    for (size_t i = 0; i < cf_pg_rows_count(goals); i++)
        stretch_goal_add(list, goals, i, campaign_id, &texts);
    CF_TRY(cf_query_unseal__(&texts, unsealer, reterr_fault));

    *ret_creator_id = creator_id;
    *ret_public = cf_pg_int64(rows, 0, "launched_at_us") > 0;
    *ret_json = CF_TAKE(page);
    return CF_OK;
}

enum cf_status cf_query_totals(struct cf_query *query, const struct cf_id *campaign_id,
                               struct cf_buf *ret_json, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(run_by_id(query, "query_totals", campaign_id, &rows, reterr_fault));
    if (cf_pg_rows_count(rows) == 0)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "no such campaign was launched");
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *totals = cf_json_object();
    cf_query_set_id__(totals, "campaign_id", campaign_id);
    cf_query_set_text__(totals, "status", rows, 0);
    cf_query_set_totals__(totals, rows, 0);
    cf_query_set_number__(totals, "sequence", rows, 0);
    return cf_json_print(totals, ret_json);
}

/* ---- Pledges ---- */

static struct cf_json *pledge_json(const struct cf_pg_rows *rows, size_t row)
{
    static const char *const ids[][2] = {
        {"pledge", "id"}, {"campaign", "campaign_id"}, {"reward", "reward_id"}};
    static const char *const words[] = {"state", "status", "currency", "decline"};
    static const char *const numbers[] = {"amount", "shipping", "captured", "refunded", "sequence"};
    struct cf_json *pledge = cf_json_object();
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct cf_id id = cf_pg_id(rows, row, ids[i][0]);
        cf_query_set_id__(pledge, ids[i][1], &id);
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        cf_query_set_text__(pledge, words[i], rows, row);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        cf_query_set_number__(pledge, numbers[i], rows, row);
    cf_query_set_time__(pledge, "created_at", cf_pg_int64(rows, row, "created_at_us"));
    cf_query_set_time__(pledge, "captured_at", cf_pg_int64(rows, row, "captured_at_us"));
    return pledge;
}

enum cf_status cf_query_pledges(struct cf_query *query, const struct cf_id *backer_id,
                                int64_t before, int64_t count_max, struct cf_json **ret_json,
                                struct cf_fault *reterr_fault)
{
    struct cf_pg_params *params = cf_query_params__(query);
    cf_pg_add_id(params, backer_id);
    cf_pg_add_int64(params, before);
    cf_pg_add_int64(params, count_max);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(cf_query_run__(query, "query_pledges", &rows, reterr_fault));

    struct cf_json *list = cf_json_array();
    size_t count = cf_pg_rows_count(rows);
    for (size_t i = 0; i < count; i++)
        cf_json_append(list, pledge_json(rows, i));
    struct cf_json *json = cf_json_object();
    cf_json_set(json, "pledges", list);
    if (count > 0 && count == (size_t)count_max)
        cf_json_set_integer(json, "next", cf_pg_int64(rows, count - 1, "created_at_sequence"));
    else
        cf_json_set_null(json, "next");
    *ret_json = json;
    return CF_OK;
}

enum cf_status cf_query_pledge(struct cf_query *query, const struct cf_id *pledge_id,
                               struct cf_json **ret_json, struct cf_id *ret_backer_id,
                               struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(run_by_id(query, "query_pledge", pledge_id, &rows, reterr_fault));
    if (cf_pg_rows_count(rows) == 0)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "there is no such pledge");
    *ret_backer_id = cf_pg_id(rows, 0, "backer");
    struct cf_json *json = pledge_json(rows, 0);
    cf_query_set_text__(json, "intent", rows, 0);
    *ret_json = json;
    return CF_OK;
}

/* ---- Updates, people ---- */

static struct cf_json *update_json(const struct cf_pg_rows *rows, size_t row,
                                   const struct cf_id *campaign_id, struct cf_query_texts *texts)
{
    static const char *const fields[] = {"title", "body"};
    struct cf_json *update = cf_json_object();
    struct cf_id update_id = cf_pg_id(rows, row, "campaign_update");
    bool hidden = cf_pg_bool(rows, row, "is_hidden");
    cf_query_set_id__(update, "id", &update_id);
    for (size_t i = 0; i < 2; i++)
        cf_query_seal_add__(texts, &(struct cf_query_sealed){
                                       .subject_id = campaign_id,
                                       .ciphertext = hidden ? (struct cf_bytes){0}
                                                            : cf_pg_bytes(rows, row, fields[i]),
                                       .object = update,
                                       .member = fields[i]});
    cf_json_set_bool(update, "backers_only", cf_pg_bool(rows, row, "is_for_backers"));
    cf_query_set_time__(update, "posted_at", cf_pg_int64(rows, row, "posted_at_us"));
    return update;
}

enum cf_status cf_query_updates(struct cf_query *query, const struct cf_id *campaign_id,
                                const struct cf_id *viewer_id, int64_t before, int64_t count_max,
                                const struct cf_query_unsealer *unsealer, struct cf_json **ret_json,
                                struct cf_fault *reterr_fault)
{
    struct cf_pg_params *params = cf_query_params__(query);
    cf_pg_add_id(params, campaign_id);
    cf_pg_add_id(params, viewer_id);
    cf_pg_add_int64(params, before);
    cf_pg_add_int64(params, count_max);
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(cf_query_run__(query, "query_updates", &rows, reterr_fault));

    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = cf_json_object();
    struct cf_json *list = cf_json_array();
    cf_json_set(json, "updates", list);
    struct cf_query_texts texts = {.count = 0};
    size_t count = cf_pg_rows_count(rows);
    for (size_t i = 0; i < count; i++)
        cf_json_append(list, update_json(rows, i, campaign_id, &texts));
    if (count > 0 && count == (size_t)count_max)
        cf_json_set_integer(json, "next", cf_pg_int64(rows, count - 1, "sequence"));
    else
        cf_json_set_null(json, "next");
    CF_TRY(cf_query_unseal__(&texts, unsealer, reterr_fault));
    *ret_json = CF_TAKE(json);
    return CF_OK;
}

enum cf_status cf_query_roles(struct cf_query *query, const struct cf_id *person_id,
                              uint32_t *ret_roles, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    CF_TRY(run_by_id(query, "query_roles", person_id, &rows, reterr_fault));
    *ret_roles = cf_pg_rows_count(rows) == 0 ? 0 : (uint32_t)cf_pg_int64(rows, 0, "roles");
    return CF_OK;
}

/* ---- Position ---- */

enum cf_status cf_query_position(struct cf_query *query, int64_t *ret_sequence,
                                 struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_pg_rows_destroy) struct cf_pg_rows *rows = NULL;
    cf_query_params__(query);
    CF_TRY(cf_query_run__(query, "query_position", &rows, reterr_fault));
    *ret_sequence = cf_pg_int64(rows, 0, "sequence");
    return CF_OK;
}
