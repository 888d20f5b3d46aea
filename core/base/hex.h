/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_BASE_HEX_H
#define CF_CORE_BASE_HEX_H

/* Bytes as lower-case hex digits, and back from either case. */

#include "core/base/bytes.h"

/* Writes two digits, no NUL. */
void cf_hex_print_byte(uint8_t byte, char ret_digits[2]);

/* Writes 2 * bytes.size digits and a NUL. */
void cf_hex_print(struct cf_bytes bytes, char *ret_text);

/* Reads two digits. INVALID. */
CF_MUST_CHECK enum cf_status cf_hex_parse_byte(const uint8_t digits[2], uint8_t *ret_byte);

/* Reads exactly 2 * size digits. INVALID. */
CF_MUST_CHECK enum cf_status cf_hex_parse(struct cf_bytes text, size_t size, uint8_t *ret_bytes);

#endif
