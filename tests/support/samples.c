/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/samples.h"

#include "core/base/assert.h"

static struct cf_id sample_id(uint32_t seed)
{
    const uint8_t random[CF_ID_RANDOM_SIZE] = {(uint8_t)(seed >> 8), (uint8_t)seed, 3, 4, 5, 6, 7};
    return cf_id_make(INT64_C(1700000000000000) + seed * CF_MILLISECOND_US, random);
}

/* The first or second, so that a longer list changes no sample. */
static uint32_t sample_choice(const struct cf_choice_set *set, uint32_t seed)
{
    uint32_t number = 1 + seed % 2;
    CF_ASSERT(cf_choice_name(set, number) != NULL);
    return number;
}

static struct cf_items sample_items(uint32_t seed)
{
    struct cf_items items = {.count = 1 + seed % CF_ITEMS_MAX};
    for (uint32_t i = 0; i < items.count; i++)
        items.items[i] = (struct cf_item){sample_id(seed + i), 1 + i, cf_money_of(i * 1000)};
    return items;
}

static void fill_member(const struct cf_field_type *type, uint32_t seed, void *member)
{
    static const char *const texts[] = {"Käse", "a longer text, with a line\nfeed", "x"};
    static const char *const tokens[] = {"pi_3Nabc", "ch_1", "tr_0123456789abcdefghijklmnop"};
    static const uint8_t cipher[] = {0xc1, 0x00, 0xff, 0x7f, 0x80};
    switch (type->kind) {
    case CF_KIND_ID:
        *(struct cf_id *)member = sample_id(seed);
        return;
    case CF_KIND_U32:
        *(uint32_t *)member = 1 + seed * 997;
        return;
    case CF_KIND_I32:
        *(int32_t *)member = -1 - (int32_t)seed * 1000003;
        return;
    case CF_KIND_U64:
        *(uint64_t *)member = 1 + (uint64_t)seed * 4294967311u;
        return;
    case CF_KIND_BOOL:
        *(bool *)member = true;
        return;
    case CF_KIND_AMOUNT:
        *(struct cf_money *)member = cf_money_of(1 + (int64_t)seed * 2500);
        return;
    case CF_KIND_DELTA:
        *(struct cf_money *)member = cf_money_of(-1 - (int64_t)seed * 2500);
        return;
    case CF_KIND_TIME:
        *(int64_t *)member = INT64_C(1795215786000000) + seed * CF_SECOND_US;
        return;
    case CF_KIND_BPS:
        *(uint32_t *)member = 1 + seed % CF_BASIS_POINTS_WHOLE;
        return;
    case CF_KIND_CURRENCY:
        *(enum cf_currency *)member = CF_CURRENCY_EUR;
        return;
    case CF_KIND_TEXT:
        *(struct cf_bytes *)member = cf_bytes_from_text(texts[seed % 3]);
        return;
    case CF_KIND_TOKEN:
        *(struct cf_bytes *)member = cf_bytes_from_text(tokens[seed % 3]);
        return;
    case CF_KIND_HASH:
        memset(member, (int)(1 + seed % 255), CF_DIGEST_SIZE);
        return;
    case CF_KIND_SEALED:
        ((struct cf_sealed *)member)->ciphertext = cf_bytes_from(cipher, 1 + seed % sizeof cipher);
        return;
    case CF_KIND_ITEMS:
        *(struct cf_items *)member = sample_items(seed);
        return;
    case CF_KIND_IDS:
        *(struct cf_ids *)member = (struct cf_ids){2, {sample_id(seed), sample_id(seed + 1)}};
        return;
    case CF_KIND_CHOICE:
        *(uint32_t *)member = sample_choice(type->choices, seed);
        return;
    }
    CF_UNREACHABLE();
}

void cf_sample_fill(const struct cf_shape *shape, uint32_t seed, bool sparse, void *ret_value)
{
    memset(ret_value, 0, shape->size);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const struct cf_field *field = &shape->fields[i];
        if (sparse && field->type->presence == CF_PRESENCE_OPTIONAL)
            continue;
        fill_member(field->type, seed + i, (uint8_t *)ret_value + field->offset);
    }
}

struct cf_event cf_sample_event(enum cf_event_type type, uint32_t seed, bool sparse)
{
    struct cf_event event = {.type = type};
    cf_sample_fill(cf_event_shape(type), seed, sparse, &event.ledger_opened);
    return event;
}
