/* SPDX-License-Identifier: Apache-2.0 */
#include "core/shape.h"

#include "core/base/assert.h"
#include "core/shape_private.h"

static enum cf_status read_u32(struct cf_wire_cursor *cursor, uint32_t *ret_number,
                               struct cf_fault *reterr_fault)
{
    uint64_t number;
    CF_TRY(cf_wire_read_unsigned(cursor, UINT32_MAX, &number, reterr_fault));
    *ret_number = (uint32_t)number;
    return CF_OK;
}

static enum cf_status read_i32(struct cf_wire_cursor *cursor, int32_t *ret_number,
                               struct cf_fault *reterr_fault)
{
    size_t at = cf_wire_offset(cursor);
    int64_t number;
    CF_TRY(cf_wire_read_signed(cursor, &number, reterr_fault));
    if (number < INT32_MIN || number > INT32_MAX)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, "a number is out of range", at);
    *ret_number = (int32_t)number;
    return CF_OK;
}

static enum cf_status read_minor(struct cf_wire_cursor *cursor, struct cf_money *ret_money,
                                 struct cf_fault *reterr_fault)
{
    int64_t minor;
    CF_TRY(cf_wire_read_signed(cursor, &minor, reterr_fault));
    *ret_money = cf_money_of(minor);
    return CF_OK;
}

static enum cf_status read_items(struct cf_wire_cursor *cursor, struct cf_items *ret_items,
                                 struct cf_fault *reterr_fault)
{
    CF_TRY(cf_wire_read_array(cursor, CF_ITEMS_MAX, &ret_items->count, reterr_fault));
    for (uint32_t i = 0; i < ret_items->count; i++) {
        struct cf_item *item = &ret_items->items[i];
        CF_TRY(cf_wire_expect_array(cursor, 3, reterr_fault));
        CF_TRY(cf_wire_read_fixed(cursor, CF_ID_SIZE, item->reward_id.bytes, reterr_fault));
        CF_TRY(read_u32(cursor, &item->quantity, reterr_fault));
        CF_TRY(read_minor(cursor, &item->amount, reterr_fault));
    }
    return CF_OK;
}

static enum cf_status read_ids(struct cf_wire_cursor *cursor, struct cf_ids *ret_ids,
                               struct cf_fault *reterr_fault)
{
    CF_TRY(cf_wire_read_array(cursor, CF_IDS_MAX, &ret_ids->count, reterr_fault));
    for (uint32_t i = 0; i < ret_ids->count; i++)
        CF_TRY(cf_wire_read_fixed(cursor, CF_ID_SIZE, ret_ids->ids[i].bytes, reterr_fault));
    return CF_OK;
}

/* Reads what has the right form; whether it makes sense is looked at after. */
static enum cf_status read_member(struct cf_wire_cursor *cursor, const struct cf_field_type *type,
                                  void *member, struct cf_fault *reterr_fault)
{
    switch (type->kind) {
    case CF_KIND_ID:
        return cf_wire_read_fixed(cursor, CF_ID_SIZE, member, reterr_fault);
    case CF_KIND_U32:
    case CF_KIND_BPS:
    case CF_KIND_CURRENCY:
    case CF_KIND_CHOICE:
        return read_u32(cursor, member, reterr_fault);
    case CF_KIND_I32:
        return read_i32(cursor, member, reterr_fault);
    case CF_KIND_U64:
        return cf_wire_read_unsigned(cursor, INT64_MAX, member, reterr_fault);
    case CF_KIND_BOOL:
        return cf_wire_read_bool(cursor, member, reterr_fault);
    case CF_KIND_AMOUNT:
    case CF_KIND_DELTA:
        return read_minor(cursor, member, reterr_fault);
    case CF_KIND_TIME:
        return cf_wire_read_signed(cursor, member, reterr_fault);
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
        return cf_wire_read_text(cursor, type->size_max, member, reterr_fault);
    case CF_KIND_SEALED:
        return cf_wire_read_bytes(cursor, type->size_max, member, reterr_fault);
    case CF_KIND_HASH:
        return cf_wire_read_fixed(cursor, CF_DIGEST_SIZE, member, reterr_fault);
    case CF_KIND_ITEMS:
        return read_items(cursor, member, reterr_fault);
    case CF_KIND_IDS:
        return read_ids(cursor, member, reterr_fault);
    }
    CF_UNREACHABLE();
}

static enum cf_status decode_field(const struct cf_field *field, struct cf_wire_cursor *cursor,
                                   void *value, struct cf_fault *reterr_fault)
{
    size_t at = cf_wire_offset(cursor);
    CF_TRY(read_member(cursor, field->type, (uint8_t *)value + field->offset, reterr_fault));
    const char *problem = cf_field__problem_where_present(field, value);
    if (problem != NULL)
        CF_FAIL_AT(reterr_fault, CF_CORRUPT, problem, at);
    return CF_OK;
}

/* The fields before `key` are absent, which only optional ones may be. */
static enum cf_status pass_over(const struct cf_shape *shape, uint32_t *next, uint64_t key,
                                size_t at, struct cf_fault *reterr_fault)
{
    for (; *next < shape->field_count && shape->fields[*next].key < key; ++*next) {
        if (shape->fields[*next].type->presence == CF_PRESENCE_OPTIONAL)
            continue;
        cf_fault_set_at(reterr_fault, CF_CORRUPT, __FILE__, __LINE__, "a field is missing",
                        (int64_t)at);
        cf_fault_detail(reterr_fault, "%s.%s", shape->name, shape->fields[*next].name);
        return CF_CORRUPT;
    }
    return CF_OK;
}

enum cf_status cf_shape_decode(const struct cf_shape *shape, struct cf_wire_cursor *cursor,
                               void *ret_value, struct cf_fault *reterr_fault)
{
    uint32_t pair_count, next = 0;
    uint64_t previous_key = 0;
    memset(ret_value, 0, shape->size);
    CF_TRY(cf_wire_read_map(cursor, shape->field_count, &pair_count, reterr_fault));
    for (uint32_t i = 0; i < pair_count; i++) {
        size_t at = cf_wire_offset(cursor);
        uint64_t key;
        CF_TRY(cf_wire_read_unsigned(cursor, UINT32_MAX, &key, reterr_fault));
        if (i > 0 && key <= previous_key)
            CF_FAIL_AT(reterr_fault, CF_CORRUPT, "keys repeat or are out of order", at);
        previous_key = key;
        if (next < shape->field_count && shape->fields[next].key != key)
            CF_TRY(pass_over(shape, &next, key, at, reterr_fault));
        if (next == shape->field_count || shape->fields[next].key != key)
            CF_FAIL_AT(reterr_fault, CF_CORRUPT, "an unknown key", at);
        enum cf_status status = decode_field(&shape->fields[next], cursor, ret_value, reterr_fault);
        if (status != CF_OK) {
            cf_fault_detail(reterr_fault, "%s.%s", shape->name, shape->fields[next].name);
            return status;
        }
        next++;
    }
    return pass_over(shape, &next, UINT64_MAX, cf_wire_offset(cursor), reterr_fault);
}
