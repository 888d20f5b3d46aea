/* SPDX-License-Identifier: Apache-2.0 */
#include "core/shape.h"

#include "core/base/assert.h"
#include "core/base/utf8.h"
#include "core/shape_private.h"

const struct cf_field_type cf_field_types[CF_TYPE_COUNT] = {
#define CF_FIELD_TYPE(type, c_type, kind, presence, size_max, choices)                             \
    [CF_TYPE_##type] = {#type, CF_KIND_##kind, CF_PRESENCE_##presence, size_max, choices},
#include "core/event/types.def"
#undef CF_FIELD_TYPE
};

static uint32_t u32_at(const void *member)
{
    return *(const uint32_t *)member;
}

static int64_t i64_at(const void *member)
{
    return *(const int64_t *)member;
}

static int64_t minor_at(const void *member)
{
    return cf_money_minor(*(const struct cf_money *)member);
}

/* Texts, tokens and ciphertexts alike: struct cf_sealed is one struct cf_bytes. */
static struct cf_bytes bytes_at(const void *member)
{
    return *(const struct cf_bytes *)member;
}

static bool is_zero(const uint8_t *bytes, size_t size)
{
    uint8_t any = 0;
    for (size_t i = 0; i < size; i++)
        any |= bytes[i];
    return any == 0;
}

static bool is_empty(enum cf_field_kind kind, const void *member)
{
    switch (kind) {
    case CF_KIND_ID:
        return cf_id_is_zero(*(const struct cf_id *)member);
    case CF_KIND_U32:
    case CF_KIND_I32:
    case CF_KIND_BPS:
    case CF_KIND_CURRENCY:
    case CF_KIND_CHOICE:
        return u32_at(member) == 0;
    case CF_KIND_U64:
        return *(const uint64_t *)member == 0;
    case CF_KIND_TIME:
        return i64_at(member) == 0;
    case CF_KIND_BOOL:
        return !*(const bool *)member;
    case CF_KIND_AMOUNT:
    case CF_KIND_DELTA:
        return minor_at(member) == 0;
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
    case CF_KIND_SEALED:
        return bytes_at(member).size == 0;
    case CF_KIND_HASH:
        return is_zero(member, CF_DIGEST_SIZE);
    case CF_KIND_ITEMS:
        return ((const struct cf_items *)member)->count == 0;
    case CF_KIND_IDS:
        return ((const struct cf_ids *)member)->count == 0;
    }
    CF_UNREACHABLE();
}

bool cf_field_is_absent(const struct cf_field *field, const void *value)
{
    return field->type->presence == CF_PRESENCE_OPTIONAL &&
           is_empty(field->type->kind, cf_field_member(field, value));
}

/* -- Checking -------------------------------------------------------------------------------- */

static const char *problem_of_items(const struct cf_items *items)
{
    if (items->count > CF_ITEMS_MAX)
        return "too many elements";
    for (uint32_t i = 0; i < items->count; i++) {
        if (cf_id_is_zero(items->items[i].reward_id) || items->items[i].quantity == 0)
            return "must not be zero or empty";
        if (cf_money_is_negative(items->items[i].amount))
            return "must not be negative";
    }
    return NULL;
}

static const char *problem_of_ids(const struct cf_ids *ids)
{
    if (ids->count > CF_IDS_MAX)
        return "too many elements";
    for (uint32_t i = 0; i < ids->count; i++) {
        if (cf_id_is_zero(ids->ids[i]))
            return "must not be zero or empty";
    }
    return NULL;
}

/* What is wrong with a value that is there, or NULL. */
static const char *problem_of_value(const struct cf_field_type *type, const void *member)
{
    switch (type->kind) {
    case CF_KIND_ID:
    case CF_KIND_U32:
    case CF_KIND_I32:
    case CF_KIND_BOOL:
    case CF_KIND_DELTA:
    case CF_KIND_HASH:
        return NULL;
    case CF_KIND_U64:
        return *(const uint64_t *)member > INT64_MAX ? "a number is out of range" : NULL;
    case CF_KIND_AMOUNT:
        return minor_at(member) < 0 ? "must not be negative" : NULL;
    case CF_KIND_TIME:
        return i64_at(member) < 0 || i64_at(member) > CF_TIME_MAX_US ? "not a time of ours" : NULL;
    case CF_KIND_BPS:
        return u32_at(member) > CF_BASIS_POINTS_WHOLE ? "more than 10,000 basis points" : NULL;
    case CF_KIND_CURRENCY:
        return cf_currency_is_known(u32_at(member)) ? NULL : "no such currency";
    case CF_KIND_CHOICE:
        return cf_choice_name(type->choices, u32_at(member)) ? NULL : "no such choice";
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
    case CF_KIND_SEALED:
        if (bytes_at(member).size > type->size_max)
            return "too long";
        if (type->kind == CF_KIND_TEXT && !cf_utf8_is_plain(bytes_at(member)))
            return "not plain UTF-8";
        if (type->kind == CF_KIND_TOKEN && !cf_ascii_is_token(bytes_at(member)))
            return "not printable ASCII";
        return NULL;
    case CF_KIND_ITEMS:
        return problem_of_items(member);
    case CF_KIND_IDS:
        return problem_of_ids(member);
    }
    CF_UNREACHABLE();
}

const char *cf_field__problem_where_present(const struct cf_field *field, const void *value)
{
    const void *member = cf_field_member(field, value);
    if (field->type->presence != CF_PRESENCE_PLAIN && is_empty(field->type->kind, member))
        return "must not be zero or empty";
    return problem_of_value(field->type, member);
}

const char *cf_field__problem(const struct cf_field *field, const void *value)
{
    return cf_field_is_absent(field, value) ? NULL : cf_field__problem_where_present(field, value);
}

enum cf_status cf_shape_check(const struct cf_shape *shape, const void *value,
                              struct cf_fault *reterr_fault)
{
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const char *problem = cf_field__problem(&shape->fields[i], value);
        if (problem != NULL)
            CF_FAIL_ON(reterr_fault, CF_INVALID, problem, "%s.%s", shape->name,
                       shape->fields[i].name);
    }
    return CF_OK;
}

/* -- Encoding -------------------------------------------------------------------------------- */

static void write_items(const struct cf_items *items, struct cf_wire_writer *writer)
{
    cf_wire_write_array(writer, items->count);
    for (uint32_t i = 0; i < items->count; i++) {
        cf_wire_write_array(writer, 3);
        cf_wire_write_bytes(writer, cf_id_bytes(&items->items[i].reward_id));
        cf_wire_write_unsigned(writer, items->items[i].quantity);
        cf_wire_write_signed(writer, cf_money_minor(items->items[i].amount));
    }
}

static void write_ids(const struct cf_ids *ids, struct cf_wire_writer *writer)
{
    cf_wire_write_array(writer, ids->count);
    for (uint32_t i = 0; i < ids->count; i++)
        cf_wire_write_bytes(writer, cf_id_bytes(&ids->ids[i]));
}

static void write_member(enum cf_field_kind kind, const void *member, struct cf_wire_writer *writer)
{
    switch (kind) {
    case CF_KIND_ID:
        cf_wire_write_bytes(writer, cf_id_bytes(member));
        return;
    case CF_KIND_U32:
    case CF_KIND_BPS:
    case CF_KIND_CURRENCY:
    case CF_KIND_CHOICE:
        cf_wire_write_unsigned(writer, u32_at(member));
        return;
    case CF_KIND_I32:
        cf_wire_write_signed(writer, *(const int32_t *)member);
        return;
    case CF_KIND_U64:
        cf_wire_write_unsigned(writer, *(const uint64_t *)member);
        return;
    case CF_KIND_BOOL:
        cf_wire_write_bool(writer, *(const bool *)member);
        return;
    case CF_KIND_AMOUNT:
    case CF_KIND_DELTA:
        cf_wire_write_signed(writer, minor_at(member));
        return;
    case CF_KIND_TIME:
        cf_wire_write_signed(writer, i64_at(member));
        return;
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
        cf_wire_write_text(writer, bytes_at(member));
        return;
    case CF_KIND_SEALED:
        cf_wire_write_bytes(writer, bytes_at(member));
        return;
    case CF_KIND_HASH:
        cf_wire_write_bytes(writer, cf_bytes_from(member, CF_DIGEST_SIZE));
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

void cf_field_encode(const struct cf_field *field, const void *value, struct cf_wire_writer *writer)
{
    if (cf_field_is_absent(field, value))
        cf_wire_write_nil(writer);
    else
        write_member(field->type->kind, cf_field_member(field, value), writer);
}

void cf_shape_encode(const struct cf_shape *shape, const void *value, struct cf_wire_writer *writer)
{
    bool present[CF_FIELDS_MAX];
    uint32_t present_count = 0;
    CF_ASSERT(shape->field_count <= CF_FIELDS_MAX);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const struct cf_field *field = &shape->fields[i];
        present[i] = !cf_field_is_absent(field, value);
        if (!present[i])
            continue;
        CF_ASSERT(cf_field__problem_where_present(field, value) == NULL);
        present_count++;
    }
    cf_wire_write_map(writer, present_count);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const struct cf_field *field = &shape->fields[i];
        if (!present[i])
            continue;
        cf_wire_write_unsigned(writer, field->key);
        write_member(field->type->kind, cf_field_member(field, value), writer);
    }
}

/* -- Finding and comparing ------------------------------------------------------------------- */

static bool items_equal(const struct cf_items *a, const struct cf_items *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct cf_item *left = &a->items[i], *right = &b->items[i];
        if (!cf_id_equal(left->reward_id, right->reward_id) || left->quantity != right->quantity ||
            cf_money_compare(left->amount, right->amount) != 0)
            return false;
    }
    return true;
}

static bool members_equal(enum cf_field_kind kind, const void *a, const void *b)
{
    switch (kind) {
    case CF_KIND_ID:
        return cf_id_equal(*(const struct cf_id *)a, *(const struct cf_id *)b);
    case CF_KIND_U32:
    case CF_KIND_I32:
    case CF_KIND_BPS:
    case CF_KIND_CURRENCY:
    case CF_KIND_CHOICE:
        return u32_at(a) == u32_at(b);
    case CF_KIND_U64:
        return *(const uint64_t *)a == *(const uint64_t *)b;
    case CF_KIND_TIME:
        return i64_at(a) == i64_at(b);
    case CF_KIND_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case CF_KIND_AMOUNT:
    case CF_KIND_DELTA:
        return minor_at(a) == minor_at(b);
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
    case CF_KIND_SEALED:
        return cf_bytes_equal(bytes_at(a), bytes_at(b));
    case CF_KIND_HASH:
        return memcmp(a, b, CF_DIGEST_SIZE) == 0;
    case CF_KIND_ITEMS:
        return items_equal(a, b);
    case CF_KIND_IDS:
        return ((const struct cf_ids *)a)->count == ((const struct cf_ids *)b)->count &&
               memcmp(((const struct cf_ids *)a)->ids, ((const struct cf_ids *)b)->ids,
                      ((const struct cf_ids *)a)->count * sizeof(struct cf_id)) == 0;
    }
    CF_UNREACHABLE();
}

bool cf_shape_equal(const struct cf_shape *shape, const void *a, const void *b)
{
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const struct cf_field *field = &shape->fields[i];
        if (!members_equal(field->type->kind, cf_field_member(field, a), cf_field_member(field, b)))
            return false;
    }
    return true;
}

const struct cf_field *cf_shape_field(const struct cf_shape *shape, struct cf_bytes name)
{
    for (uint32_t i = 0; i < shape->field_count; i++) {
        if (cf_bytes_equal(name, cf_bytes_from_text(shape->fields[i].name)))
            return &shape->fields[i];
    }
    return NULL;
}

void *cf_shape_member(const struct cf_shape *shape, void *value, const char *name,
                      enum cf_type type)
{
    const struct cf_field *field = cf_shape_field(shape, cf_bytes_from_text(name));
    if (field == NULL || field->type != &cf_field_types[type])
        return NULL;
    return (uint8_t *)value + field->offset;
}
