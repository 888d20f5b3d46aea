/* SPDX-License-Identifier: Apache-2.0 */
#include "api/form.h"

static int hex_digit(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

enum cf_status cf_percent_decode(struct cf_bytes text, bool plus_is_space, struct cf_arena *arena,
                                 struct cf_bytes *ret_text)
{
    uint8_t *decoded = cf_arena_allocate(arena, text.size + 1);
    if (decoded == NULL)
        return CF_NO_SPACE;
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.data[i];
        if (byte == '%') {
            if (text.size - i < 3)
                return CF_INVALID;
            int high = hex_digit(text.data[i + 1]), low = hex_digit(text.data[i + 2]);
            if (high < 0 || low < 0)
                return CF_INVALID;
            byte = (uint8_t)(high << 4 | low);
            i += 2;
        } else if (byte == '+' && plus_is_space) {
            byte = ' ';
        }
        if (byte == '\0')
            return CF_INVALID;
        decoded[size++] = byte;
    }
    *ret_text = cf_bytes_from(decoded, size); /* the arena's memory is zeroed: a NUL is behind */
    return CF_OK;
}

/* Cuts the text at the first `separator`; what follows it stays in *text. */
static struct cf_bytes cut(struct cf_bytes *text, char separator)
{
    const uint8_t *end = text->size == 0 ? NULL : memchr(text->data, separator, text->size);
    struct cf_bytes head = *text;
    if (end == NULL) {
        *text = cf_bytes_from(text->data + text->size, 0);
        return head;
    }
    head.size = (size_t)(end - text->data);
    *text = cf_bytes_from(end + 1, text->size - head.size - 1);
    return head;
}

enum cf_status cf_form_parse(struct cf_bytes text, size_t pair_count_max, struct cf_arena *arena,
                             struct cf_form *ret_form)
{
    *ret_form = (struct cf_form){0};
    if (text.size == 0)
        return CF_OK;
    size_t room = 1;
    for (size_t i = 0; i < text.size; i++)
        room += text.data[i] == '&';
    if (room > pair_count_max)
        return CF_NO_SPACE;
    struct cf_form_pair *pairs = cf_arena_allocate(arena, room * sizeof *pairs);
    if (pairs == NULL)
        return CF_NO_SPACE;
    size_t count = 0;
    while (text.size > 0) {
        struct cf_bytes value = cut(&text, '&');
        if (value.size == 0)
            continue;
        struct cf_bytes name = cut(&value, '=');
        CF_TRY(cf_percent_decode(name, true, arena, &pairs[count].name));
        CF_TRY(cf_percent_decode(value, true, arena, &pairs[count].value));
        count++;
    }
    *ret_form = (struct cf_form){.pairs = pairs, .count = count};
    return CF_OK;
}

const struct cf_bytes *cf_form_find(const struct cf_form *form, const char *name)
{
    struct cf_bytes wanted = cf_bytes_from_text(name);
    for (size_t i = 0; i < form->count; i++) {
        if (cf_bytes_equal(form->pairs[i].name, wanted))
            return &form->pairs[i].value;
    }
    return NULL;
}
