/* SPDX-License-Identifier: Apache-2.0 */
#include "api/unseal.h"

#include "core/base/utf8.h"
#include "core/id.h"

#include <stdlib.h>

#define CLEAR_SIZE_MAX ((size_t)16 << 20)

/* What was sealed came through the API as JSON text; other bytes, which an importer may have sealed, are
 * shown as absent rather than believed. */
static enum cf_status text_set(const struct cf_query_sealed *sealed, struct cf_bytes clear)
{
    if (!cf_utf8_is_valid(clear) || memchr(clear.data, '\0', clear.size) != NULL)
        return CF_OK;
    char *text = strndup((const char *)clear.data, clear.size);
    if (text == NULL)
        return CF_NO_MEMORY;
    cf_json_set_text(sealed->object, sealed->member, text);
    free(text);
    return CF_OK;
}

static enum cf_status all_open(void *context, const struct cf_query_sealed *sealed, size_t count,
                               struct cf_fault *reterr_fault)
{
    struct cf_unseal *unseal = context;
    CF_CLEANUP(cf_scope_free) struct cf_keeper_item *items = calloc(count, sizeof *items);
    if (items == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for an answer's texts");
    for (size_t i = 0; i < count; i++) {
        items[i].subject_id = *sealed[i].subject_id;
        items[i].sealed.ciphertext = sealed[i].ciphertext;
    }
    CF_TRY(cf_keeper_open_all(unseal->keeper, items, count, &unseal->clear, reterr_fault));
    for (size_t i = 0; i < count; i++)
        if (items[i].status == CF_OK)
            CF_TRY(text_set(&sealed[i], items[i].clear));
    return CF_OK;
}

const struct cf_query_unsealer *cf_unsealer(struct cf_unseal *unseal)
{
    cf_buf_init(&unseal->clear, CLEAR_SIZE_MAX);
    unseal->unsealer = (struct cf_query_unsealer){.unseal = all_open, .context = unseal};
    return &unseal->unsealer;
}

void cf_unseal_clean_up(struct cf_unseal *unseal)
{
    cf_buf_clean_up(&unseal->clear);
}
