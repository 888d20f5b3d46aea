/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything bracketed is first an object, `[]` counting upwards; in the end objects whose keys are
 * 0, 1, 2, … become arrays.
 */
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

static bool is_index(const char *key)
{
    return key[0] != '\0' && key[strspn(key, "0123456789")] == '\0' && strlen(key) < 9;
}

/* An equal tree with arrays where the keys are numbers; NULL where those have gaps. */
static struct cf_json *with_arrays(struct cf_json *object)
{
    bool array = cf_json_size(object) > 0;
    void *iterator = NULL;
    const char *key = NULL;
    struct cf_json *value = NULL;
    while (array && cf_json_next(object, &iterator, &key, &value))
        array = is_index(key);
    CF_CLEANUP(cf_scope_cf_json_destroy)
    struct cf_json *made = array ? cf_json_array() : cf_json_object();
    size_t count = cf_json_size(object);
    iterator = NULL;
    for (size_t i = 0; i < count; i++) {
        char index[24];
        snprintf(index, sizeof index, "%zu", i);
        if (!array)
            cf_json_next(object, &iterator, &key, &value);
        else if ((value = cf_json_get(object, index)) == NULL)
            return NULL;
        struct cf_json *child =
            cf_json_kind(value) == CF_JSON_OBJECT ? with_arrays(value) : cf_json_copy(value);
        if (child == NULL)
            return NULL;
        if (array)
            cf_json_append(made, child);
        else
            cf_json_set(made, key, child);
    }
    return CF_TAKE(made);
}

enum cf_status cf_form_tree_parse(const struct cf_form *form, struct cf_json **ret_tree,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *flat = cf_json_object();
    for (size_t i = 0; i < form->count; i++) {
        if (!put(flat, &form->pairs[i]))
            CF_FAIL_ON(reterr_fault, CF_INVALID, "a malformed or repeated parameter name", "%s",
                       (const char *)form->pairs[i].name.data);
    }
    if (cf_json_size(flat) > 0) {
        struct cf_json *tree = with_arrays(flat);
        if (tree == NULL || cf_json_kind(tree) != CF_JSON_OBJECT) {
            cf_json_destroy(tree);
            CF_FAIL(reterr_fault, CF_INVALID, "an array parameter with gaps");
        }
        *ret_tree = tree;
    } else {
        *ret_tree = CF_TAKE(flat);
    }
    return CF_OK;
}
