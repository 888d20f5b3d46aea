/* SPDX-License-Identifier: Apache-2.0 */
/* A cf_json is jansson's json_t under another name, so that nobody else needs to know jansson. */
#include "core/json_value.h"

#include "core/base/assert.h"

#include <jansson.h>

static json_t *in(struct cf_json *json)
{
    return (json_t *)json;
}

static const json_t *look(const struct cf_json *json)
{
    return (const json_t *)json;
}

/* What was built; memory for it there was. */
static struct cf_json *made(json_t *json)
{
    CF_ASSERT(json != NULL);
    return (struct cf_json *)json;
}

/* jansson recurses, to a depth of 2048; we refuse long before, without parsing. */
static bool is_too_deep(struct cf_bytes text, size_t *ret_offset)
{
    size_t depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (in_text) {
            i += byte == '\\';
            in_text = byte != '"';
        } else if (byte == '"') {
            in_text = true;
        } else if (byte == '[' || byte == '{') {
            *ret_offset = i;
            if (++depth > CF_JSON_DEPTH_MAX)
                return true;
        } else if ((byte == ']' || byte == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

enum cf_status cf_json_parse(struct cf_bytes text, struct cf_json **ret_json,
                             struct cf_fault *reterr_fault)
{
    size_t offset = 0;
    if (is_too_deep(text, &offset))
        CF_FAIL_AT(reterr_fault, CF_INVALID, "nested too deep", offset);
    json_error_t error;
    json_t *json = json_loadb(text.size == 0 ? "" : (const char *)text.data, text.size,
                              JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        enum cf_status status =
            json_error_code(&error) == json_error_out_of_memory ? CF_NO_MEMORY : CF_INVALID;
        cf_fault_set_at(reterr_fault, status, __FILE__, __LINE__, "not a JSON document",
                        error.position);
        cf_fault_detail(reterr_fault, "%s", error.text);
        return status;
    }
    *ret_json = made(json);
    return CF_OK;
}

struct cf_json *cf_json_object(void)
{
    return made(json_object());
}

struct cf_json *cf_json_array(void)
{
    return made(json_array());
}

struct cf_json *cf_json_from_text(const char *text)
{
    return text == NULL ? cf_json_null() : made(json_string(text));
}

struct cf_json *cf_json_from_integer(int64_t integer)
{
    return made(json_integer(integer));
}

struct cf_json *cf_json_from_bool(bool yes)
{
    return made(json_boolean(yes));
}

struct cf_json *cf_json_null(void)
{
    return made(json_null());
}

struct cf_json *cf_json_copy(const struct cf_json *json)
{
    return made(json_deep_copy(look(json)));
}

void cf_json_destroy(struct cf_json *json)
{
    json_decref(in(json));
}

void cf_json_set(struct cf_json *object, const char *key, struct cf_json *value)
{
    CF_ASSERT(json_object_set_new(in(object), key, in(value)) == 0);
}

void cf_json_set_text(struct cf_json *object, const char *key, const char *text)
{
    cf_json_set(object, key, cf_json_from_text(text));
}

void cf_json_set_integer(struct cf_json *object, const char *key, int64_t integer)
{
    cf_json_set(object, key, cf_json_from_integer(integer));
}

void cf_json_set_bool(struct cf_json *object, const char *key, bool yes)
{
    cf_json_set(object, key, cf_json_from_bool(yes));
}

void cf_json_set_null(struct cf_json *object, const char *key)
{
    cf_json_set(object, key, cf_json_null());
}

void cf_json_remove(struct cf_json *object, const char *key)
{
    json_object_del(in(object), key);
}

void cf_json_append(struct cf_json *array, struct cf_json *value)
{
    CF_ASSERT(json_array_append_new(in(array), in(value)) == 0);
}

void cf_json_replace(struct cf_json *array, size_t index, struct cf_json *value)
{
    CF_ASSERT(json_array_set_new(in(array), index, in(value)) == 0);
}

enum cf_json_kind cf_json_kind(const struct cf_json *json)
{
    if (json == NULL)
        return CF_JSON_NULL;
    switch (json_typeof(look(json))) {
    case JSON_OBJECT:
        return CF_JSON_OBJECT;
    case JSON_ARRAY:
        return CF_JSON_ARRAY;
    case JSON_STRING:
        return CF_JSON_TEXT;
    case JSON_INTEGER:
        return CF_JSON_INTEGER;
    case JSON_REAL:
        return CF_JSON_FRACTION;
    case JSON_TRUE:
    case JSON_FALSE:
        return CF_JSON_BOOL;
    case JSON_NULL:
        return CF_JSON_NULL;
    }
    CF_UNREACHABLE();
}

struct cf_json *cf_json_get(const struct cf_json *object, const char *key)
{
    return (struct cf_json *)json_object_get(look(object), key);
}

struct cf_json *cf_json_item(const struct cf_json *array, size_t index)
{
    return (struct cf_json *)json_array_get(look(array), index);
}

struct cf_json *cf_json_at(const struct cf_json *json, const char *path)
{
    const json_t *at = look(json);
    json_t *found = NULL;
    for (;;) {
        size_t size = strcspn(path, ".");
        if (json_is_array(at)) {
            size_t index = 0;
            for (size_t i = 0; i < size; i++) {
                if (path[i] < '0' || path[i] > '9' || index > SIZE_MAX / 100)
                    return NULL;
                index = index * 10 + (size_t)(path[i] - '0');
            }
            found = json_array_get(at, index);
        } else {
            found = json_object_getn(at, path, size);
        }
        if (found == NULL || path[size] == '\0')
            return (struct cf_json *)found;
        at = found;
        path += size + 1;
    }
}

size_t cf_json_size(const struct cf_json *json)
{
    return json_is_array(look(json)) ? json_array_size(look(json)) : json_object_size(look(json));
}

const char *cf_json_text(const struct cf_json *json)
{
    return json == NULL ? NULL : json_string_value(look(json));
}

const char *cf_json_text_at(const struct cf_json *json, const char *path)
{
    return cf_json_text(cf_json_at(json, path));
}

bool cf_json_is(const struct cf_json *json, const char *text)
{
    const char *found = cf_json_text(json);
    return found != NULL && strcmp(found, text) == 0;
}

bool cf_json_integer(const struct cf_json *json, int64_t *ret_integer)
{
    if (json == NULL || !json_is_integer(look(json)))
        return false;
    *ret_integer = json_integer_value(look(json));
    return true;
}

int64_t cf_json_integer_at(const struct cf_json *json, const char *path, int64_t otherwise)
{
    int64_t integer = otherwise;
    cf_json_integer(cf_json_at(json, path), &integer);
    return integer;
}

bool cf_json_is_true(const struct cf_json *json)
{
    return json != NULL && json_is_true(look(json));
}

bool cf_json_equal(const struct cf_json *a, const struct cf_json *b)
{
    return json_equal(look(a), look(b)) != 0;
}

bool cf_json_next(struct cf_json *object, void **iterator, const char **ret_key,
                  struct cf_json **ret_value)
{
    *iterator = *iterator == NULL ? json_object_iter(in(object))
                                  : json_object_iter_next(in(object), *iterator);
    if (*iterator == NULL)
        return false;
    *ret_key = json_object_iter_key(*iterator);
    *ret_value = (struct cf_json *)json_object_iter_value(*iterator);
    return true;
}

static int append(const char *text, size_t size, void *context)
{
    return cf_buf_append(context, cf_bytes_from(text, size)) == CF_OK ? 0 : -1;
}

enum cf_status cf_json_print(const struct cf_json *json, struct cf_buf *buf)
{
    CF_ASSERT(json != NULL);
    size_t before = buf->size;
    if (json_dump_callback(look(json), append, buf, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return CF_OK;
    buf->size = before;
    return CF_NO_SPACE;
}
