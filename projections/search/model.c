/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model `search`: the one place where texts stand in clear, and only those of published campaigns.
 * They go away with a purge, with the erasure of the campaign's key, and with that of its creator.
 */
#define CF_ROW_DEFINE
#include "projections/search/tables.h"

#define CF_ON_MODEL search
#define CF_READS_FILE "projections/search/reads.def"
#include "projections/reads.h"

#include "core/base/utf8.h"
#include "projections/dispatch.h"
#include "projections/services.h"

static const struct cf_table *const tables[] = {&cf_table_campaign_text, &cf_table_author};

const struct cf_model cf_model_search = {
    .name = "search",
    .version = 2,
    .tables = tables,
    .tables_count = sizeof tables / sizeof tables[0],
    .handlers = handlers,
};

enum { CLEAR_SIZE_MAX = 64 << 10 };

static enum cf_status get(struct cf_fold *fold, struct cf_id campaign,
                          struct cf_row_campaign_text **ret_text)
{
    return cf_row_get_campaign_text(fold, &(struct cf_row_campaign_text){.campaign = campaign},
                                    ret_text);
}

/* PostgreSQL's text holds no NUL and nothing but UTF-8. */
static bool is_indexable(struct cf_bytes clear)
{
    return memchr(clear.data, 0, clear.size) == NULL && cf_utf8_is_valid(clear);
}

/* Opens one text. Without a keeper, or after an erasure, it stays out of the index. */
static enum cf_status open_text(struct cf_fold *fold, struct cf_id campaign,
                                const struct cf_value *sealed, struct cf_value *ret_clear)
{
    const struct cf_services *services = fold->services;
    cf_fold_set(fold, ret_clear, (struct cf_bytes){0});
    if (services == NULL || sealed->size == 0 || cf_fold_is_collecting(fold))
        return CF_OK;
    struct cf_buf clear;
    cf_buf_init(&clear, CLEAR_SIZE_MAX);
    enum cf_status status =
        services->open(services->context, campaign, cf_bytes_from(sealed->data, sealed->size),
                       &clear, fold->reterr_fault);
    if (status == CF_OK && clear.size > 0 && is_indexable(cf_buf_bytes(&clear)))
        cf_fold_set(fold, ret_clear, cf_buf_bytes(&clear));
    cf_buf_clean_up(&clear);
    return status == CF_NOT_FOUND ? CF_OK : status;
}

static enum cf_status publish_texts(struct cf_fold *fold, struct cf_row_campaign_text *text)
{
    if (!text->is_published || text->is_erased)
        return CF_OK;
    CF_TRY(open_text(fold, text->campaign, &text->sealed_title, &text->title));
    return open_text(fold, text->campaign, &text->sealed_story, &text->story);
}

CF_ON(campaign_drafted)
{
    struct cf_row_campaign_text *text = NULL;
    struct cf_row_author *author = NULL;
    CF_TRY(get(fold, event->campaign_id, &text));
    CF_TRY(cf_row_get_author(fold, &(struct cf_row_author){.creator = event->creator_id}, &author));
    text->former = author->newest;
    author->newest = event->campaign_id;
    cf_fold_set(fold, &text->sealed_title, event->title.ciphertext);
    cf_fold_set(fold, &text->sealed_story, event->story.ciphertext);
    return CF_OK;
}

CF_ON(campaign_edited)
{
    if (event->title.ciphertext.size == 0 && event->story.ciphertext.size == 0)
        return CF_OK;
    struct cf_row_campaign_text *text = NULL;
    CF_TRY(get(fold, event->campaign_id, &text));
    if (event->title.ciphertext.size > 0)
        cf_fold_set(fold, &text->sealed_title, event->title.ciphertext);
    if (event->story.ciphertext.size > 0)
        cf_fold_set(fold, &text->sealed_story, event->story.ciphertext);
    return publish_texts(fold, text);
}

CF_ON(campaign_launched)
{
    struct cf_row_campaign_text *text = NULL;
    CF_TRY(get(fold, event->campaign_id, &text));
    text->is_published = true;
    return publish_texts(fold, text);
}

static void hide(struct cf_fold *fold, struct cf_row_campaign_text *text)
{
    text->is_published = false;
    cf_fold_set(fold, &text->title, (struct cf_bytes){0});
    cf_fold_set(fold, &text->story, (struct cf_bytes){0});
}

CF_ON(campaign_purged)
{
    struct cf_row_campaign_text *text = NULL;
    CF_TRY(get(fold, event->campaign_id, &text));
    hide(fold, text);
    return CF_OK;
}

/* Takes back a campaign's texts, if it is one, and says which its creator drafted before it. */
static enum cf_status erase_texts(struct cf_fold *fold, struct cf_id campaign,
                                  struct cf_id *ret_former)
{
    const void *there = NULL;
    *ret_former = (struct cf_id){0};
    CF_TRY(cf_fold_find(fold, &cf_table_campaign_text,
                        &(struct cf_row_campaign_text){.campaign = campaign}, &there));
    if (there == NULL)
        return CF_OK;
    struct cf_row_campaign_text *text = NULL;
    CF_TRY(get(fold, campaign, &text));
    *ret_former = text->former;
    text->is_erased = true;
    hide(fold, text);
    return CF_OK;
}

/* A subject is a campaign, or a person who may have drafted some. */
CF_ON(subject_erased)
{
    struct cf_id campaign;
    const void *found = NULL;
    CF_TRY(erase_texts(fold, event->subject_id, &campaign));
    CF_TRY(cf_fold_find(fold, &cf_table_author,
                        &(struct cf_row_author){.creator = event->subject_id}, &found));
    const struct cf_row_author *author = found;
    campaign = author == NULL ? (struct cf_id){0} : author->newest;
    while (!cf_id_is_zero(campaign))
        CF_TRY(erase_texts(fold, campaign, &campaign));
    return CF_OK;
}
