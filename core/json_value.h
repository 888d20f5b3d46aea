/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_JSON_VALUE_H
#define CF_CORE_JSON_VALUE_H

/*
 * JSON documents as trees: read what a provider says, build what we say.
 *
 * A value is owned by whoever made it or by the container it was put into. Values got out of a
 * container are borrowed and live as long as they stay in it. Functions that look accept NULL and a
 * value of another kind, and then find nothing, so a path into a foreign document needs one check
 * at its end. Building ends the process when memory is out: our documents are small. Texts are
 * UTF-8 without NUL. Numbers with a fraction pass through untouched; nothing here reads them.
 */

#include "core/base/bytes.h"
#include "core/base/scope.h"

struct cf_json;

enum cf_json_kind {
    CF_JSON_NULL,
    CF_JSON_BOOL,
    CF_JSON_INTEGER,
    CF_JSON_FRACTION,
    CF_JSON_TEXT,
    CF_JSON_ARRAY,
    CF_JSON_OBJECT,
};

/* Making. */

#define CF_JSON_DEPTH_MAX 32

/* One whole document (an object or an array). INVALID, with the offset, for anything else, for a
 * key twice in an object, for a NUL in a text, for nesting past CF_JSON_DEPTH_MAX. */
CF_MUST_CHECK enum cf_status cf_json_parse(struct cf_bytes text, struct cf_json **ret_json,
                                           struct cf_fault *reterr_fault);
struct cf_json *cf_json_object(void);
struct cf_json *cf_json_array(void);
struct cf_json *cf_json_from_text(const char *text); /* null for NULL; not UTF-8 is a bug */
struct cf_json *cf_json_from_integer(int64_t integer);
struct cf_json *cf_json_from_bool(bool yes);
struct cf_json *cf_json_null(void);
struct cf_json *cf_json_copy(const struct cf_json *json); /* deep */

/* Accepts NULL. */
void cf_json_destroy(struct cf_json *json);
CF_SCOPE_DEFINE(struct cf_json *, cf_json_destroy)

/* Changing. `value` is taken. Setting replaces. */

void cf_json_set(struct cf_json *object, const char *key, struct cf_json *value);
void cf_json_set_text(struct cf_json *object, const char *key, const char *text);
void cf_json_set_integer(struct cf_json *object, const char *key, int64_t integer);
void cf_json_set_bool(struct cf_json *object, const char *key, bool yes);
void cf_json_set_null(struct cf_json *object, const char *key);
void cf_json_remove(struct cf_json *object, const char *key);
void cf_json_append(struct cf_json *array, struct cf_json *value);
/* Replaces the item at `index`. */
void cf_json_replace(struct cf_json *array, size_t index, struct cf_json *value);

/* Looking. */

enum cf_json_kind cf_json_kind(const struct cf_json *json); /* CF_JSON_NULL for NULL */
/* The member, or NULL. */
struct cf_json *cf_json_get(const struct cf_json *object, const char *key);
/* The item, or NULL. */
struct cf_json *cf_json_item(const struct cf_json *array, size_t index);
/* Down a path of keys and indexes: "data.object.charges.0.id". */
struct cf_json *cf_json_at(const struct cf_json *json, const char *path);
/* Members of an object, items of an array, 0 for others. */
size_t cf_json_size(const struct cf_json *json);
/* The text, or NULL. */
const char *cf_json_text(const struct cf_json *json);
const char *cf_json_text_at(const struct cf_json *json, const char *path);
/* The text equals. */
bool cf_json_is(const struct cf_json *json, const char *text);
/* False where there is no integer. */
bool cf_json_integer(const struct cf_json *json, int64_t *ret_integer);
int64_t cf_json_integer_at(const struct cf_json *json, const char *path, int64_t otherwise);
bool cf_json_is_true(const struct cf_json *json);
bool cf_json_equal(const struct cf_json *a, const struct cf_json *b);

/* Members in the order they were set: begin with NULL; false at the end. The object must not gain
 * members meanwhile. */
bool cf_json_next(struct cf_json *object, void **iterator, const char **ret_key,
                  struct cf_json **ret_value);

/* Appends the document, compact. */
CF_MUST_CHECK enum cf_status cf_json_print(const struct cf_json *json, struct cf_buf *buf);

#endif
