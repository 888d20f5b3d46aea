/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sandbox/form_tree.h"

#include <stdio.h>

#define LEVEL_COUNT_MAX 8
#define KEY_SIZE_MAX 128

/* Cuts the next key off a name: "a[b][c]" gives "a", then "b", then "c". False at a malformed one.
 */
static bool next_key(const char **name, bool first, char ret_key[KEY_SIZE_MAX])
{
    size_t size;
    if (first) {
        size = strcspn(*name, "[]");
        if (size == 0 || (*name)[size] == ']')
            return false;
    } else {
        if (**name != '[')
            return false;
        ++*name;
        size = strcspn(*name, "[]");
        if ((*name)[size] != ']')
            return false;
    }
    if (size >= KEY_SIZE_MAX)
        return false;
    memcpy(ret_key, *name, size);
    ret_key[size] = '\0';
    *name += size + (first ? 0 : 1);
    return true;
}

static bool put(struct cf_json *tree, const struct cf_form_pair *pair)
{
    const char *name = (const char *)pair->name.data;
    struct cf_json *at = tree;
    char key[KEY_SIZE_MAX];
    for (int level = 0; level < LEVEL_COUNT_MAX; level++) {
        if (!next_key(&name, level == 0, key))
            return false;
        if (key[0] == '\0')
            snprintf(key, sizeof key, "%zu", cf_json_size(at));
        struct cf_json *there = cf_json_get(at, key);
        if (*name == '\0') {
            if (there != NULL)
                return false;
            cf_json_set_text(at, key, (const char *)pair->value.data);
            return true;
        }
        if (there == NULL) {
            there = cf_json_object();
            cf_json_set(at, key, there);
        }
        if (cf_json_kind(there) != CF_JSON_OBJECT)
            return false;
        at = there;
    }
    return false;
}

enum cf_status cf_form_tree_parse(const struct cf_form *form, struct cf_json **ret_tree,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *tree = cf_json_object();
    for (size_t i = 0; i < form->count; i++) {
        if (!put(tree, &form->pairs[i]))
            CF_FAIL_ON(reterr_fault, CF_INVALID, "a malformed or repeated parameter name", "%s",
                       (const char *)form->pairs[i].name.data);
    }
    *ret_tree = CF_TAKE(tree);
    return CF_OK;
}
