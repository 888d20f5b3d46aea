/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sandbox/parameters.h"

#include "core/base/assert.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define PATH_SIZE 160

/* One parameter of a specification; points into it. */
struct parameter {
    const char *name;
    size_t name_size;
    bool required;
    const char *type;
    size_t type_size;
};

static bool next_parameter(const char **specification, struct parameter *ret_parameter)
{
    const char *at = *specification + strspn(*specification, " ");
    if (*at == '\0')
        return false;
    const char *colon = strchr(at, ':');
    CF_ASSERT(colon != NULL);
    *ret_parameter = (struct parameter){.name = at,
                                        .name_size = (size_t)(colon - at),
                                        .type = colon + 1,
                                        .type_size = strcspn(colon + 1, " ")};
    if (at[ret_parameter->name_size - 1] == '!') {
        ret_parameter->required = true;
        ret_parameter->name_size--;
    }
    *specification = ret_parameter->type + ret_parameter->type_size;
    return true;
}

static bool find(const char *specification, const char *path, struct parameter *ret_parameter)
{
    size_t size = strlen(path);
    while (next_parameter(&specification, ret_parameter)) {
        if (ret_parameter->name_size == size && memcmp(ret_parameter->name, path, size) == 0)
            return true;
    }
    return false;
}

/* Some parameter lies below this path. */
static bool is_parent(const char *specification, const char *path)
{
    size_t size = strlen(path);
    struct parameter parameter;
    while (next_parameter(&specification, &parameter)) {
        if (parameter.name_size > size && parameter.name[size] == '.' &&
            memcmp(parameter.name, path, size) == 0)
            return true;
    }
    return false;
}

/* "a.b.0" as clients write it: "a[b][0]". */
static void write_bracketed(const char *path, char ret_text[PATH_SIZE])
{
    size_t size = 0;
    bool nested = false;
    for (const char *at = path; *at != '\0' && size < PATH_SIZE - 3; at++) {
        if (*at == '.') {
            if (nested)
                ret_text[size++] = ']';
            ret_text[size++] = '[';
            nested = true;
        } else {
            ret_text[size++] = *at;
        }
    }
    if (nested)
        ret_text[size++] = ']';
    ret_text[size] = '\0';
}

static bool refuse(struct cf_parameter_refusal *ret_refusal, const char *code, const char *path,
                   const char *format, const char *value)
{
    ret_refusal->code = code;
    write_bracketed(path, ret_refusal->parameter);
    int size = snprintf(ret_refusal->message, sizeof ret_refusal->message, "%s", format);
    CF_ASSERT(size > 0);
    if (value != NULL)
        snprintf(ret_refusal->message, sizeof ret_refusal->message, "%s: %.200s", format, value);
    return false;
}

static bool is_choice(const struct parameter *parameter, const char *value)
{
    const char *at = parameter->type + 1, *end = parameter->type + parameter->type_size - 1;
    size_t size = strlen(value);
    while (at < end) {
        size_t choice = strcspn(at, "|)");
        if (choice == size && memcmp(at, value, size) == 0)
            return true;
        at += choice + 1;
    }
    return false;
}

/* The typed value of a leaf's text, or NULL with the refusal. */
static struct cf_json *typed_leaf(const struct parameter *parameter, const char *path,
                                  const char *text, struct cf_parameter_refusal *ret_refusal)
{
    if (text[0] == '\0')
        return cf_json_null();
    switch (parameter->type[0]) {
    case 'i':
    case 'r': {
        char *end = NULL;
        errno = 0;
        long long integer = strtoll(text, &end, 10);
        if (errno != 0 || *end != '\0' || text[0] == ' ' || text[0] == '+') {
            refuse(ret_refusal, "parameter_invalid_integer", path, "Invalid integer", text);
            return NULL;
        }
        return cf_json_from_integer(integer);
    }
    case 'f':
    case 'b':
        /* Stripe's Python library says True. */
        if (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0)
            return cf_json_from_bool(text[0] == 't' || text[0] == 'T');
        if (parameter->type[0] == 'f')
            return cf_json_from_text(text);
        refuse(ret_refusal, NULL, path, "Invalid boolean", text);
        return NULL;
    case '(':
        if (is_choice(parameter, text))
            return cf_json_from_text(text);
        refuse(ret_refusal, NULL, path, "Invalid value, not one of those allowed", text);
        return NULL;
    case 't':
        return cf_json_from_text(text);
    default:
        refuse(ret_refusal, NULL, path, "Invalid value, a nested one is wanted", text);
        return NULL;
    }
}

/* A map, list or range of leaves. */
static bool check_nested(const struct parameter *parameter, const char *path,
                         const struct cf_json *value, struct cf_parameter_refusal *ret_refusal)
{
    bool list = cf_json_kind(value) == CF_JSON_ARRAY;
    if (parameter->type[0] == 'o')
        return true;
    if (parameter->type[0] != (list ? 'l' : 'm'))
        return refuse(ret_refusal, NULL, path, "Invalid value, a plain one is wanted", NULL);
    if (list) {
        for (size_t i = 0; i < cf_json_size(value); i++) {
            if (cf_json_kind(cf_json_item(value, i)) != CF_JSON_TEXT)
                return refuse(ret_refusal, NULL, path, "Invalid list", NULL);
        }
        return true;
    }
    void *iterator = NULL;
    const char *key = NULL;
    struct cf_json *item = NULL;
    while (cf_json_next((struct cf_json *)(uintptr_t)value, &iterator, &key, &item)) {
        if (cf_json_kind(item) != CF_JSON_TEXT)
            return refuse(ret_refusal, NULL, path, "Invalid value, a plain one is wanted", key);
    }
    return true;
}

static bool check_required(const char *specification, const struct cf_json *tree,
                           struct cf_parameter_refusal *ret_refusal)
{
    struct parameter parameter;
    while (next_parameter(&specification, &parameter)) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, "%.*s", (int)parameter.name_size, parameter.name);
        if (!parameter.required || cf_json_kind(cf_json_at(tree, path)) != CF_JSON_NULL)
            continue;
        char *dot = strrchr(path, '.');
        if (dot != NULL) {
            *dot = '\0';
            if (cf_json_at(tree, path) == NULL)
                continue;
            *dot = '.';
        }
        return refuse(ret_refusal, "parameter_missing", path, "Missing required param", path);
    }
    return true;
}

static bool check_object(const char *specification, const char *prefix, struct cf_json *object,
                         struct cf_parameter_refusal *ret_refusal)
{
    void *iterator = NULL;
    const char *key = NULL;
    struct cf_json *value = NULL;
    while (cf_json_next(object, &iterator, &key, &value)) {
        char path[PATH_SIZE];
        struct parameter parameter;
        int size = snprintf(path, sizeof path, "%s%s%s", prefix, *prefix == '\0' ? "" : ".", key);
        bool known = size < PATH_SIZE && strchr(key, '.') == NULL;
        bool leaf = cf_json_kind(value) == CF_JSON_TEXT;
        if (known && find(specification, path, &parameter)) {
            if (!leaf && (parameter.type[0] != 'r' || cf_json_kind(value) != CF_JSON_OBJECT)) {
                if (!check_nested(&parameter, path, value, ret_refusal))
                    return false;
                continue;
            }
            if (leaf) {
                struct cf_json *typed =
                    typed_leaf(&parameter, path, cf_json_text(value), ret_refusal);
                if (typed == NULL)
                    return false;
                cf_json_set(object, key, typed); /* replaces: no member is gained */
                continue;
            }
            if (!check_object("gt:i gte:i lt:i lte:i", "", value, ret_refusal))
                return false;
        } else if (known && is_parent(specification, path)) {
            if (leaf && *cf_json_text(value) == '\0')
                cf_json_set_null(object, key);
            else if (cf_json_kind(value) != CF_JSON_OBJECT)
                return refuse(ret_refusal, NULL, path, "Invalid object", NULL);
            else if (!check_object(specification, path, value, ret_refusal))
                return false;
        } else {
            return refuse(ret_refusal, "parameter_unknown", path, "Received unknown parameter",
                          path);
        }
    }
    return true;
}

bool cf_parameters_check(const char *specification, struct cf_json *tree,
                         struct cf_parameter_refusal *ret_refusal)
{
    return check_object(specification, "", tree, ret_refusal) &&
           check_required(specification, tree, ret_refusal);
}
