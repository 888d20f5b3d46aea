/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_SHAPE_PRIVATE_H
#define CF_CORE_SHAPE_PRIVATE_H

/* Shared by shape.c, shape_decode.c and shape_json.c. */

#include "core/shape.h"

/* What is wrong with a field of a value, or NULL; static text. */
const char *cf_field__problem(const struct cf_field *field, const void *value);

/* The same for a field that is written out: there, even an optional one must hold something. */
const char *cf_field__problem_where_present(const struct cf_field *field, const void *value);

#endif
