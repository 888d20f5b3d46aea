/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_FORM_H
#define CF_API_FORM_H

/*
 * Percent encoding and application/x-www-form-urlencoded pairs, as they stand in a URL's query and
 * in a form's body. Pure: bytes in, bytes in an arena out. Nothing is guessed: a broken escape or a
 * NUL byte is INVALID.
 */

#include "core/base/arena.h"

struct cf_form_pair {
    struct cf_bytes name;  /* decoded; with a NUL behind it that does not count */
    struct cf_bytes value; /* decoded; likewise; empty when there was no '=' */
};

struct cf_form {
    const struct cf_form_pair *pairs; /* in the order they came; owned by the arena */
    size_t count;
};

/* Decodes %XX (and '+' as a space when plus_is_space) into the arena, with a NUL behind. */
CF_MUST_CHECK enum cf_status cf_percent_decode(struct cf_bytes text, bool plus_is_space,
                                               struct cf_arena *arena, struct cf_bytes *ret_text);

/* Splits `a=1&b=2` and decodes. NO_SPACE with more than pair_count_max pairs; empty pairs are
 * skipped. */
CF_MUST_CHECK enum cf_status cf_form_parse(struct cf_bytes text, size_t pair_count_max,
                                           struct cf_arena *arena, struct cf_form *ret_form);

/* The first value of that name, or NULL; borrowed from the form. */
const struct cf_bytes *cf_form_find(const struct cf_form *form, const char *name);

#endif
