/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: any query or form body is pairs or a refusal, within the arena and the number of pairs
 * that the caller allows; every name and value has a NUL behind it and none inside.
 */
#include "api/form.h"
#include "tests/fuzz/fuzz.h"

#define PAIRS_MAX 16

static void ends_with_nul(struct cf_bytes text)
{
    CF_ASSERT(text.data[text.size] == '\0');
    CF_ASSERT(memchr(text.data, '\0', text.size) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_arena arena;
    struct cf_form form;
    struct cf_bytes text;
    cf_arena_init(&arena, 1 << 16);
    if (cf_form_parse(cf_bytes_from(data, size), PAIRS_MAX, &arena, &form) == CF_OK) {
        CF_ASSERT(form.count <= PAIRS_MAX);
        for (size_t i = 0; i < form.count; i++) {
            ends_with_nul(form.pairs[i].name);
            ends_with_nul(form.pairs[i].value);
            CF_ASSERT(cf_form_find(&form, (const char *)form.pairs[i].name.data) != NULL);
        }
    }
    if (cf_percent_decode(cf_bytes_from(data, size), false, &arena, &text) == CF_OK)
        CF_ASSERT(text.size <= size);
    cf_arena_clean_up(&arena);
    return 0;
}
