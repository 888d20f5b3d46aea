/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_SHAPE_JSON_H
#define CF_CORE_SHAPE_JSON_H

/*
 * Shapes as JSON objects, member by field: amounts as integers of minor units, ids as UUIDs, times
 * as RFC 3339, currencies as letters, choices by name, hashes as hex, ciphertexts as base64. Absent
 * optional fields are not written, and need not be there (or may be null) when read.
 */

#include "core/json_value.h"
#include "core/json_writer.h"
#include "core/shape.h"

/* Writes the fields as members of the object that the caller has begun. */
void cf_shape_write_members(const struct cf_shape *shape, const void *value,
                            struct cf_json_writer *writer);

/* Writes the whole object. */
void cf_shape_write_json(const struct cf_shape *shape, const void *value,
                         struct cf_json_writer *writer);

/* Writes one field's value; null where it is absent. */
void cf_field_write_json(const struct cf_field *field, const void *value,
                         struct cf_json_writer *writer);

/*
 * Reads an object. INVALID with "shape.field" (or the unknown member's name) in the detail. Texts
 * are borrowed from the JSON, ciphertexts live in the arena. The value counts only on OK.
 */
CF_MUST_CHECK enum cf_status cf_shape_read_json(const struct cf_shape *shape,
                                                struct cf_json *object, struct cf_arena *arena,
                                                void *ret_value, struct cf_fault *reterr_fault);

/* Reads one field's value into its place and checks it; the other fields stay as they are. */
CF_MUST_CHECK enum cf_status cf_field_read_json(const struct cf_shape *shape,
                                                const struct cf_field *field,
                                                const struct cf_json *json, struct cf_arena *arena,
                                                void *value, struct cf_fault *reterr_fault);

#endif
