/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void cf_base64_print(struct cf_bytes bytes, char *ret_text)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        group |= left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0;
        group |= left > 2 ? bytes.data[i + 2] : 0;
        *ret_text++ = alphabet[group >> 18];
        *ret_text++ = alphabet[group >> 12 & 63];
        *ret_text++ = left > 1 ? alphabet[group >> 6 & 63] : '=';
        *ret_text++ = left > 2 ? alphabet[group & 63] : '=';
    }
    *ret_text = '\0';
}

static int value_of(uint8_t character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    return character == '+' ? 62 : character == '/' ? 63 : -1;
}

enum cf_status cf_base64_parse(struct cf_bytes text, uint8_t *memory, size_t *ret_size)
{
    if (text.size % 4 != 0)
        return CF_INVALID;
    size_t padding = 0;
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
        padding++;

    size_t size = 0;
    for (size_t i = 0; i < text.size; i += 4) {
        size_t characters = i + 4 == text.size ? 4 - padding : 4;
        uint32_t group = 0;
        for (size_t j = 0; j < 4; j++) {
            int value = j < characters ? value_of(text.data[i + j]) : 0;
            if (value < 0)
                return CF_INVALID;
            group = group << 6 | (uint32_t)value;
        }
        if ((characters == 2 && (group & 0xffff) != 0) || (characters == 3 && (group & 0xff) != 0))
            return CF_INVALID;
        memory[size++] = (uint8_t)(group >> 16);
        if (characters > 2)
            memory[size++] = (uint8_t)(group >> 8);
        if (characters > 3)
            memory[size++] = (uint8_t)group;
    }
    *ret_size = size;
    return CF_OK;
}
