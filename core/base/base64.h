/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_BASE_BASE64_H
#define CF_CORE_BASE_BASE64_H

/* Base64 (RFC 4648 section 4, with padding). */

#include "core/base/bytes.h"

/* Characters that `size` bytes take, without a NUL. */
static inline size_t cf_base64_text_size(size_t size)
{
    return (size + 2) / 3 * 4;
}

/* Room that decoding a text of this size may need. */
static inline size_t cf_base64_size_max(size_t text_size)
{
    return text_size / 4 * 3;
}

/* Writes cf_base64_text_size(bytes.size) characters and a NUL. */
void cf_base64_print(struct cf_bytes bytes, char *ret_text);

/* Reads the one canonical form: full groups, padding in its place, unused bits 0. INVALID otherwise.
 * Writes no more than the bytes that the text stands for; they count only on OK. */
CF_MUST_CHECK enum cf_status cf_base64_parse(struct cf_bytes text, uint8_t *memory,
                                             size_t *ret_size);

#endif
