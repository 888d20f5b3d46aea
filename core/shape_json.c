/* SPDX-License-Identifier: Apache-2.0 */
#include "core/shape_json.h"

#include "core/base/assert.h"
#include "core/base/base64.h"
#include "core/base/hex.h"
#include "core/shape_private.h"

/* -- Writing --------------------------------------------------------------------------------- */

static void write_items(const struct cf_items *items, struct cf_json_writer *writer)
{
    cf_json_begin_array(writer);
    for (uint32_t i = 0; i < items->count; i++) {
        cf_json_begin_object(writer);
        cf_json_name(writer, "reward_id");
        cf_json_write_id(writer, items->items[i].reward_id);
        cf_json_name(writer, "quantity");
        cf_json_write_integer(writer, items->items[i].quantity);
        cf_json_name(writer, "amount");
        cf_json_write_integer(writer, cf_money_minor(items->items[i].amount));
        cf_json_end_object(writer);
    }
    cf_json_end_array(writer);
}

static void write_ids(const struct cf_ids *ids, struct cf_json_writer *writer)
{
    cf_json_begin_array(writer);
    for (uint32_t i = 0; i < ids->count; i++)
        cf_json_write_id(writer, ids->ids[i]);
    cf_json_end_array(writer);
}

static void write_member(const struct cf_field_type *type, const void *member,
                         struct cf_json_writer *writer)
{
    switch (type->kind) {
    case CF_KIND_ID:
        cf_json_write_id(writer, *(const struct cf_id *)member);
        return;
    case CF_KIND_U32:
    case CF_KIND_BPS:
        cf_json_write_integer(writer, *(const uint32_t *)member);
        return;
    case CF_KIND_I32:
        cf_json_write_integer(writer, *(const int32_t *)member);
        return;
    case CF_KIND_U64:
        cf_json_write_integer(writer, (int64_t) * (const uint64_t *)member);
        return;
    case CF_KIND_BOOL:
        cf_json_write_bool(writer, *(const bool *)member);
        return;
    case CF_KIND_AMOUNT:
    case CF_KIND_DELTA:
        cf_json_write_integer(writer, cf_money_minor(*(const struct cf_money *)member));
        return;
    case CF_KIND_TIME:
        cf_json_write_time(writer, *(const int64_t *)member);
        return;
    case CF_KIND_CURRENCY:
        cf_json_write_text(
            writer, cf_bytes_from_text(cf_currency_letters(*(const enum cf_currency *)member)));
        return;
    case CF_KIND_CHOICE:
        cf_json_write_text(
            writer, cf_bytes_from_text(cf_choice_name(type->choices, *(const uint32_t *)member)));
        return;
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
        cf_json_write_text(writer, *(const struct cf_bytes *)member);
        return;
    case CF_KIND_SEALED:
        cf_json_write_base64(writer, ((const struct cf_sealed *)member)->ciphertext);
        return;
    case CF_KIND_HASH:
        cf_json_write_hex(writer, cf_bytes_from(member, CF_DIGEST_SIZE));
        return;
    case CF_KIND_ITEMS:
        write_items(member, writer);
        return;
    case CF_KIND_IDS:
        write_ids(member, writer);
        return;
    }
    CF_UNREACHABLE();
}

void cf_field_write_json(const struct cf_field *field, const void *value,
                         struct cf_json_writer *writer)
{
    if (cf_field_is_absent(field, value))
        cf_json_write_null(writer);
    else
        write_member(field->type, cf_field_member(field, value), writer);
}

void cf_shape_write_members(const struct cf_shape *shape, const void *value,
                            struct cf_json_writer *writer)
{
    for (uint32_t i = 0; i < shape->field_count; i++) {
        if (cf_field_is_absent(&shape->fields[i], value))
            continue;
        cf_json_name(writer, shape->fields[i].name);
        cf_field_write_json(&shape->fields[i], value, writer);
    }
}

void cf_shape_write_json(const struct cf_shape *shape, const void *value,
                         struct cf_json_writer *writer)
{
    cf_json_begin_object(writer);
    cf_shape_write_members(shape, value, writer);
    cf_json_end_object(writer);
}

/* -- Reading: each gives INVALID, and the caller names the field ------------------------------ */

static enum cf_status read_text(const struct cf_json *json, struct cf_bytes *ret_text)
{
    const char *text = cf_json_text(json);
    if (text == NULL)
        return CF_INVALID;
    *ret_text = cf_bytes_from_text(text);
    return CF_OK;
}

static enum cf_status read_bool(const struct cf_json *json, bool *ret_bool)
{
    if (cf_json_kind(json) != CF_JSON_BOOL)
        return CF_INVALID;
    *ret_bool = cf_json_is_true(json);
    return CF_OK;
}

static enum cf_status read_integer(const struct cf_json *json, int64_t min, int64_t max,
                                   int64_t *ret_integer)
{
    int64_t integer;
    if (!cf_json_integer(json, &integer) || integer < min || integer > max)
        return CF_INVALID;
    *ret_integer = integer;
    return CF_OK;
}

static enum cf_status read_u32(const struct cf_json *json, uint32_t *ret_number)
{
    int64_t integer;
    CF_TRY(read_integer(json, 0, UINT32_MAX, &integer));
    *ret_number = (uint32_t)integer;
    return CF_OK;
}

static enum cf_status read_i32(const struct cf_json *json, int32_t *ret_number)
{
    int64_t integer;
    CF_TRY(read_integer(json, INT32_MIN, INT32_MAX, &integer));
    *ret_number = (int32_t)integer;
    return CF_OK;
}

static enum cf_status read_u64(const struct cf_json *json, uint64_t *ret_number)
{
    int64_t integer;
    CF_TRY(read_integer(json, 0, INT64_MAX, &integer));
    *ret_number = (uint64_t)integer;
    return CF_OK;
}

static enum cf_status read_money(const struct cf_json *json, struct cf_money *ret_money)
{
    int64_t minor;
    if (!cf_json_integer(json, &minor))
        return CF_INVALID;
    *ret_money = cf_money_of(minor);
    return CF_OK;
}

static enum cf_status read_id(const struct cf_json *json, struct cf_id *ret_id)
{
    struct cf_bytes text;
    CF_TRY(read_text(json, &text));
    return cf_id_parse(text, ret_id);
}

static enum cf_status read_time(const struct cf_json *json, int64_t *ret_time_us)
{
    struct cf_bytes text;
    CF_TRY(read_text(json, &text));
    return cf_time_parse(text, ret_time_us) == CF_OK ? CF_OK : CF_INVALID;
}

static enum cf_status read_currency(const struct cf_json *json, enum cf_currency *ret_currency)
{
    struct cf_bytes text;
    CF_TRY(read_text(json, &text));
    return cf_currency_from_letters(text, ret_currency) == CF_OK ? CF_OK : CF_INVALID;
}

static enum cf_status read_choice(const struct cf_json *json, const struct cf_choice_set *set,
                                  uint32_t *ret_number)
{
    struct cf_bytes text;
    CF_TRY(read_text(json, &text));
    return cf_choice_parse(set, text, ret_number) == CF_OK ? CF_OK : CF_INVALID;
}

static enum cf_status read_hash(const struct cf_json *json, struct cf_digest *ret_digest)
{
    struct cf_bytes text;
    CF_TRY(read_text(json, &text));
    return cf_hex_parse(text, CF_DIGEST_SIZE, ret_digest->bytes);
}

static enum cf_status read_sealed(const struct cf_json *json, struct cf_arena *arena,
                                  struct cf_sealed *ret_sealed)
{
    struct cf_bytes text;
    CF_TRY(read_text(json, &text));
    size_t size;
    uint8_t *memory = cf_arena_allocate(arena, cf_base64_size_max(text.size));
    if (memory == NULL)
        return CF_NO_MEMORY;
    CF_TRY(cf_base64_parse(text, memory, &size));
    ret_sealed->ciphertext = cf_bytes_from(memory, size);
    return CF_OK;
}

static enum cf_status read_items(const struct cf_json *json, struct cf_items *ret_items)
{
    if (cf_json_kind(json) != CF_JSON_ARRAY || cf_json_size(json) > CF_ITEMS_MAX)
        return CF_INVALID;
    ret_items->count = (uint32_t)cf_json_size(json);
    for (uint32_t i = 0; i < ret_items->count; i++) {
        const struct cf_json *element = cf_json_item(json, i);
        struct cf_item *item = &ret_items->items[i];
        if (cf_json_kind(element) != CF_JSON_OBJECT || cf_json_size(element) != 3)
            return CF_INVALID;
        CF_TRY(read_id(cf_json_get(element, "reward_id"), &item->reward_id));
        CF_TRY(read_u32(cf_json_get(element, "quantity"), &item->quantity));
        CF_TRY(read_money(cf_json_get(element, "amount"), &item->amount));
    }
    return CF_OK;
}

static enum cf_status read_ids(const struct cf_json *json, struct cf_ids *ret_ids)
{
    if (cf_json_kind(json) != CF_JSON_ARRAY || cf_json_size(json) > CF_IDS_MAX)
        return CF_INVALID;
    ret_ids->count = (uint32_t)cf_json_size(json);
    for (uint32_t i = 0; i < ret_ids->count; i++)
        CF_TRY(read_id(cf_json_item(json, i), &ret_ids->ids[i]));
    return CF_OK;
}

static enum cf_status read_member(const struct cf_json *json, const struct cf_field_type *type,
                                  struct cf_arena *arena, void *member)
{
    switch (type->kind) {
    case CF_KIND_ID:
        return read_id(json, member);
    case CF_KIND_U32:
    case CF_KIND_BPS:
        return read_u32(json, member);
    case CF_KIND_I32:
        return read_i32(json, member);
    case CF_KIND_U64:
        return read_u64(json, member);
    case CF_KIND_BOOL:
        return read_bool(json, member);
    case CF_KIND_AMOUNT:
    case CF_KIND_DELTA:
        return read_money(json, member);
    case CF_KIND_TIME:
        return read_time(json, member);
    case CF_KIND_CURRENCY:
        return read_currency(json, member);
    case CF_KIND_CHOICE:
        return read_choice(json, type->choices, member);
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
        return read_text(json, member);
    case CF_KIND_SEALED:
        return read_sealed(json, arena, member);
    case CF_KIND_HASH:
        return read_hash(json, member);
    case CF_KIND_ITEMS:
        return read_items(json, member);
    case CF_KIND_IDS:
        return read_ids(json, member);
    }
    CF_UNREACHABLE();
}

enum cf_status cf_field_read_json(const struct cf_shape *shape, const struct cf_field *field,
                                  const struct cf_json *json, struct cf_arena *arena, void *value,
                                  struct cf_fault *reterr_fault)
{
    enum cf_status status = read_member(json, field->type, arena, (uint8_t *)value + field->offset);
    if (status != CF_OK)
        CF_FAIL_ON(reterr_fault, status, "malformed", "%s.%s", shape->name, field->name);
    const char *problem = cf_field__problem(field, value);
    if (problem != NULL)
        CF_FAIL_ON(reterr_fault, CF_INVALID, problem, "%s.%s", shape->name, field->name);
    return CF_OK;
}

static enum cf_status refuse_unknown(const struct cf_shape *shape, struct cf_json *object,
                                     struct cf_fault *reterr_fault)
{
    void *iterator = NULL;
    const char *name;
    struct cf_json *value;
    while (cf_json_next(object, &iterator, &name, &value)) {
        if (cf_shape_field(shape, cf_bytes_from_text(name)) == NULL)
            CF_FAIL_ON(reterr_fault, CF_INVALID, "an unknown field", "%s.%s", shape->name, name);
    }
    return CF_OK;
}

enum cf_status cf_shape_read_json(const struct cf_shape *shape, struct cf_json *object,
                                  struct cf_arena *arena, void *ret_value,
                                  struct cf_fault *reterr_fault)
{
    memset(ret_value, 0, shape->size);
    if (cf_json_kind(object) != CF_JSON_OBJECT)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "must be an object", "%s", shape->name);
    CF_TRY(refuse_unknown(shape, object, reterr_fault));
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const struct cf_field *field = &shape->fields[i];
        const struct cf_json *member = cf_json_get(object, field->name);
        if (cf_json_kind(member) != CF_JSON_NULL)
            CF_TRY(cf_field_read_json(shape, field, member, arena, ret_value, reterr_fault));
        else if (field->type->presence != CF_PRESENCE_OPTIONAL)
            CF_FAIL_ON(reterr_fault, CF_INVALID, "a field is missing", "%s.%s", shape->name,
                       field->name);
    }
    return CF_OK;
}
