/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sandbox/parameters.h"

#include "core/base/assert.h"
#include "core/base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#define PATH_SIZE 160
#define TEXT_LENGTH_MAX 5000
#define MAP_SIZE_MAX 50
#define MAP_KEY_LENGTH_MAX 40
#define MAP_VALUE_LENGTH_MAX 500
#define INDEX_MAX 1000

/* One parameter of a specification; points into it. */
struct parameter {
    const char *name;
    size_t name_size;
    bool required;
    const char *type;
    size_t type_size;
};

static bool check_object(const char *specification, const char *prefix, struct cf_json *object,
                         struct cf_parameter_refusal *ret_refusal);

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

static bool is_choice(const char *choices, const char *value)
{
    const char *at = choices + 1, *end = strchr(choices, ')');
    size_t size = strlen(value);
    CF_ASSERT(end != NULL);
    while (at <= end) {
        size_t choice = strcspn(at, "|)");
        if (choice == size && memcmp(at, value, size) == 0)
            return true;
        at += choice + 1;
    }
    return false;
}

static bool check_length(const char *path, const char *text, size_t length_max,
                         struct cf_parameter_refusal *ret_refusal)
{
    char reason[64];
    if (cf_utf8_count(cf_bytes_from_text(text)) <= length_max)
        return true;
    snprintf(reason, sizeof reason, "Invalid string; must be at most %zu characters", length_max);
    return refuse(ret_refusal, NULL, path, reason, text);
}

static bool refuse_empty(struct cf_parameter_refusal *ret_refusal, const char *path)
{
    return refuse(ret_refusal, "parameter_invalid_empty", path,
                  "You passed an empty string, which would unset what cannot be unset", path);
}

/* A text's value for a parameter of type t or n, which may name the most characters. */
static bool check_text(const struct parameter *parameter, const char *path, const char *text,
                       struct cf_parameter_refusal *ret_refusal)
{
    size_t length_max = strtoul(parameter->type + 1, NULL, 10);
    return check_length(path, text, length_max == 0 ? TEXT_LENGTH_MAX : length_max, ret_refusal);
}

/* An empty value unsets, where that can be; NULL with the refusal elsewhere. */
static struct cf_json *unset(const struct parameter *parameter, const char *path,
                             struct cf_parameter_refusal *ret_refusal)
{
    bool may = strchr("tmp", parameter->type[0]) != NULL ||
               (parameter->type[0] == '(' && is_choice(parameter->type, ""));
    if (may && !parameter->required)
        return cf_json_null();
    refuse_empty(ret_refusal, path);
    return NULL;
}

/* The typed value of a leaf's text, or NULL with the refusal. */
static struct cf_json *typed_leaf(const struct parameter *parameter, const char *path,
                                  const char *text, struct cf_parameter_refusal *ret_refusal)
{
    if (text[0] == '\0')
        return unset(parameter, path, ret_refusal);
    switch (parameter->type[0]) {
    case 'i':
    case 'r': {
        char *end = NULL;
        errno = 0;
        long long integer = strtoll(text, &end, 10);
        if (errno != 0 || *end != '\0' || strspn(text, "-0123456789") == 0) {
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
        if (parameter->type[0] == 'f' && is_choice("(one_off|recurring)", text))
            return cf_json_from_text(text);
        refuse(ret_refusal, NULL, path, "Invalid boolean", text);
        return NULL;
    case '(':
        if (is_choice(parameter->type, text))
            return cf_json_from_text(text);
        refuse(ret_refusal, NULL, path, "Invalid value, not one of those allowed", text);
        return NULL;
    case 't':
    case 'n':
        return check_text(parameter, path, text, ret_refusal) ? cf_json_from_text(text) : NULL;
    case 'l':
        refuse(ret_refusal, NULL, path, "Invalid array", text);
        return NULL;
    default:
        refuse(ret_refusal, NULL, path, "Invalid object", text);
        return NULL;
    }
}

/* A list comes as an object whose keys are numbers, in any order: the array of its items, or NULL with the
 * refusal. */
static struct cf_json *typed_list(const struct parameter *parameter, const char *path,
                                  struct cf_json *value, struct cf_parameter_refusal *ret_refusal)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *list = cf_json_array();
    for (size_t i = 0; cf_json_size(list) < cf_json_size(value) && i < INDEX_MAX; i++) {
        char index[24];
        snprintf(index, sizeof index, "%zu", i);
        const struct cf_json *item = cf_json_get(value, index);
        const char *text = cf_json_text(item);
        if (item == NULL)
            continue;
        bool choices = parameter->type_size > 1;
        if (text == NULL)
            refuse(ret_refusal, NULL, path, "Invalid string", NULL);
        else if (text[0] == '\0')
            refuse_empty(ret_refusal, path);
        else if (choices && !is_choice(parameter->type + 1, text))
            refuse(ret_refusal, NULL, path, "Invalid value, not one of those allowed", text);
        else if (check_length(path, text, TEXT_LENGTH_MAX, ret_refusal)) {
            cf_json_append(list, cf_json_from_text(text));
            continue;
        }
        return NULL;
    }
    if (cf_json_size(list) == cf_json_size(value))
        return CF_TAKE(list);
    refuse(ret_refusal, NULL, path, "Invalid array", NULL);
    return NULL;
}

static bool check_map(const char *path, struct cf_json *value,
                      struct cf_parameter_refusal *ret_refusal)
{
    void *iterator = NULL;
    const char *key = NULL;
    struct cf_json *item = NULL;
    if (cf_json_size(value) > MAP_SIZE_MAX)
        return refuse(ret_refusal, NULL, path, "Invalid object, with too many keys", NULL);
    while (cf_json_next(value, &iterator, &key, &item)) {
        if (cf_json_text(item) == NULL)
            return refuse(ret_refusal, NULL, path, "Invalid value, a plain one is wanted", key);
        if (!check_length(path, key, MAP_KEY_LENGTH_MAX, ret_refusal) ||
            !check_length(path, cf_json_text(item), MAP_VALUE_LENGTH_MAX, ret_refusal))
            return false;
    }
    return true;
}

/* "gte" and its like below a parameter that may be a range. */
static bool check_range(const char *path, struct cf_json *range,
                        struct cf_parameter_refusal *ret_refusal)
{
    static const struct parameter integer = {.type = "i", .type_size = 1};
    void *iterator = NULL;
    const char *key = NULL;
    struct cf_json *value = NULL;
    while (cf_json_next(range, &iterator, &key, &value)) {
        char below[PATH_SIZE];
        int size = snprintf(below, sizeof below, "%s.%s", path, key);
        if (size >= PATH_SIZE || !is_choice("(gt|gte|lt|lte)", key))
            return refuse(ret_refusal, "parameter_unknown", below, "Received unknown parameter",
                          key);
        const char *text = cf_json_text(value);
        if (text == NULL)
            return refuse(ret_refusal, "parameter_invalid_integer", below, "Invalid integer", NULL);
        struct cf_json *typed = typed_leaf(&integer, below, text, ret_refusal);
        if (typed == NULL)
            return false;
        cf_json_set(range, key, typed); /* replaces: no member is gained */
    }
    return true;
}

/* A value with members, at a parameter that is not a parent. */
static bool check_nested(const struct parameter *parameter, const char *path,
                         struct cf_json *object, const char *key, struct cf_json *value,
                         struct cf_parameter_refusal *ret_refusal)
{
    switch (parameter->type[0]) {
    case 'm':
    case 'k':
        return check_map(path, value, ret_refusal);
    case 'r':
        return check_range(path, value, ret_refusal);
    case 'l': {
        struct cf_json *list = typed_list(parameter, path, value, ret_refusal);
        if (list == NULL)
            return false;
        cf_json_set(object, key, list); /* replaces: no member is gained */
        return true;
    }
    default:
        return refuse(ret_refusal, NULL, path, "Invalid value, a plain one is wanted", NULL);
    }
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
            if (cf_json_kind(cf_json_at(tree, path)) == CF_JSON_NULL)
                continue;
            *dot = '.';
        }
        return refuse(ret_refusal, "parameter_missing", path, "Missing required param", path);
    }
    return true;
}

/* One member of an object, at its path. */
static bool check_member(const char *specification, const char *path, struct cf_json *object,
                         const char *key, struct cf_json *value,
                         struct cf_parameter_refusal *ret_refusal)
{
    struct parameter parameter;
    const char *text = cf_json_text(value);
    bool listed = find(specification, path, &parameter);
    if (strchr(key, '.') != NULL || (!listed && !is_parent(specification, path)))
        return refuse(ret_refusal, "parameter_unknown", path, "Received unknown parameter", path);
    if (!listed)
        parameter = (struct parameter){.required = true, .type = "p", .type_size = 1};
    if (text == NULL && parameter.type[0] == 'p')
        return check_object(specification, path, value, ret_refusal);
    if (text == NULL)
        return check_nested(&parameter, path, object, key, value, ret_refusal);
    struct cf_json *typed = typed_leaf(&parameter, path, text, ret_refusal);
    if (typed == NULL)
        return false;
    cf_json_set(object, key, typed); /* replaces: no member is gained */
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
        int size = snprintf(path, sizeof path, "%s%s%s", prefix, *prefix == '\0' ? "" : ".", key);
        if (size >= PATH_SIZE)
            return refuse(ret_refusal, "parameter_unknown", path, "Received unknown parameter",
                          path);
        if (!check_member(specification, path, object, key, value, ret_refusal))
            return false;
    }
    return true;
}

bool cf_parameters_check(const char *specification, struct cf_json *tree,
                         struct cf_parameter_refusal *ret_refusal)
{
    return check_object(specification, "", tree, ret_refusal) &&
           check_required(specification, tree, ret_refusal);
}
