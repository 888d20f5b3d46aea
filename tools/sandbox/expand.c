/* SPDX-License-Identifier: Apache-2.0 */
/* Expansion: an answer names other objects by their ids, and shows them where that is asked for. */
#include "tools/sandbox/exchange.h"

#include <stdio.h>

#define LEVEL_COUNT_MAX 4

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
    if (member == NULL)
        return false;
    if (cf_json_text(member) != NULL) {
        const struct cf_json *object =
            cf_store_find(call->store, call->account, cf_json_text(member));
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
