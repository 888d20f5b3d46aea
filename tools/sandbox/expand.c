/* SPDX-License-Identifier: Apache-2.0 */
/* Expansion: an answer names other objects by their ids, and shows them where that is asked for. */
#include "tools/sandbox/exchange.h"

#include <stdio.h>

#define LEVEL_COUNT_MAX 4
#define REFUND_COUNT_MAX 10

struct page {
    struct cf_call *call;
    struct cf_json *data;
    bool more;
};

static bool visit_refund(void *context, const char *id)
{
    struct page *page = context;
    page->more = cf_json_size(page->data) == REFUND_COUNT_MAX;
    if (!page->more)
        cf_json_append(page->data,
                       cf_json_copy(cf_store_find(page->call->store, page->call->account, id)));
    return !page->more;
}

/* A charge shows its refunds only where that is asked for. */
static struct cf_json *add_refunds(struct cf_call *call, struct cf_json *charge)
{
    char list[200], url[120];
    const char *id = cf_json_text_at(charge, "id");
    struct page page = {.call = call, .data = cf_json_array()};
    struct cf_json *refunds = cf_json_object();
    snprintf(list, sizeof list, "refund/charge=%s@%s", id, call->account);
    snprintf(url, sizeof url, "/v1/charges/%s/refunds", id);
    cf_store_walk(call->store, list, NULL, false, visit_refund, &page);
    cf_json_set_text(refunds, "object", "list");
    cf_json_set(refunds, "data", page.data);
    cf_json_set_bool(refunds, "has_more", page.more);
    cf_json_set_text(refunds, "url", url);
    cf_json_set(charge, "refunds", refunds);
    return refunds;
}

/* The object of an id: of the account, of the platform (where a transfer came from), or its bank account. */
static const struct cf_json *find(struct cf_call *call, const char *id)
{
    const struct cf_json *object = cf_store_find(call->store, call->account, id);
    if (object != NULL || call->account[0] == '\0')
        return object;
    const struct cf_json *account = cf_store_find(call->store, "", call->account);
    const struct cf_json *bank = cf_json_at(account, "external_accounts.data.0");
    return cf_json_is(cf_json_get(bank, "id"), id) ? bank : cf_store_find(call->store, "", id);
}

/* Replaces the ids at `path` below `json` by their objects. False when there is nothing to expand.
 */
static bool expand(struct cf_call *call, struct cf_json *json, const char *path)
{
    if (cf_json_kind(json) == CF_JSON_ARRAY) {
        for (size_t i = 0; i < cf_json_size(json); i++) {
            if (!expand(call, cf_json_item(json, i), path))
                return false;
        }
        return true;
    }
    char key[64];
    size_t size = strcspn(path, ".");
    snprintf(key, sizeof key, "%.*s", (int)size, path);
    struct cf_json *member = cf_json_get(json, key);
    if (member == NULL && strcmp(key, "refunds") == 0 &&
        cf_json_is(cf_json_get(json, "object"), "charge"))
        member = add_refunds(call, json);
    if (member == NULL)
        return false;
    if (cf_json_text(member) != NULL) {
        const struct cf_json *object = find(call, cf_json_text(member));
        if (object == NULL)
            return false;
        member = cf_json_copy(object);
        cf_json_set(json, key, member);
    }
    if (path[size] == '\0' || cf_json_kind(member) == CF_JSON_NULL)
        return true;
    return expand(call, member, path + size + 1);
}

static int levels_of(const char *path)
{
    int levels = 1;
    for (; *path != '\0'; path++)
        levels += *path == '.';
    return levels;
}

void cf_call_expand_answer(struct cf_call *call)
{
    const struct cf_json *paths = cf_json_get(call->params, "expand");
    if (call->status != 200 || paths == NULL)
        return;
    for (size_t i = 0; i < cf_json_size(paths); i++) {
        const char *path = cf_json_text(cf_json_item(paths, i));
        bool deep = levels_of(path) > LEVEL_COUNT_MAX;
        if (!deep && expand(call, call->answer, path))
            continue;
        cf_json_destroy(CF_TAKE(call->answer));
        call->status = 0;
        if (deep)
            cf_call_refuse(call, 400, NULL, "expand",
                           "You cannot expand more than %d levels of a property. Property: %s.",
                           LEVEL_COUNT_MAX, path);
        else
            cf_call_refuse(call, 400, NULL, "expand", "This property cannot be expanded (%s).",
                           path);
        return;
    }
}
