/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_BASE_UTF8_H
#define CF_CORE_BASE_UTF8_H

#include "core/base/bytes.h"

/* True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
bool cf_utf8_is_valid(struct cf_bytes text);

/* True for well-formed UTF-8 without control characters; a line feed and a tab are fine. */
bool cf_utf8_is_plain(struct cf_bytes text);

/* Code points of well-formed UTF-8. */
size_t cf_utf8_count(struct cf_bytes text);

/* True where every byte is printable ASCII, 0x21 to 0x7e. */
bool cf_ascii_is_token(struct cf_bytes text);

#endif
