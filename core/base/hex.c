/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/hex.h"

static const char digits[] = "0123456789abcdef";

void cf_hex_print_byte(uint8_t byte, char ret_digits[2])
{
    ret_digits[0] = digits[byte >> 4];
    ret_digits[1] = digits[byte & 0x0f];
}

void cf_hex_print(struct cf_bytes bytes, char *ret_text)
{
    for (size_t i = 0; i < bytes.size; i++)
        cf_hex_print_byte(bytes.data[i], ret_text + 2 * i);
    ret_text[2 * bytes.size] = '\0';
}

static int value_of(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

enum cf_status cf_hex_parse_byte(const uint8_t text[2], uint8_t *ret_byte)
{
    int high = value_of(text[0]), low = value_of(text[1]);
    if (high < 0 || low < 0)
        return CF_INVALID;
    *ret_byte = (uint8_t)(high << 4 | low);
    return CF_OK;
}

enum cf_status cf_hex_parse(struct cf_bytes text, size_t size, uint8_t *ret_bytes)
{
    if (text.size != 2 * size)
        return CF_INVALID;
    for (size_t i = 0; i < text.size; i++) {
        if (value_of(text.data[i]) < 0)
            return CF_INVALID;
    }
    for (size_t i = 0; i < size; i++)
        CF_TRY(cf_hex_parse_byte(text.data + 2 * i, &ret_bytes[i]));
    return CF_OK;
}
