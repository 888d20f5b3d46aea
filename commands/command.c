/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/command.h"

#include "core/base/assert.h"
#include "core/shape_json.h"

#define CF_COMMAND(number, name) extern const struct cf_command_spec cf_command_##name;
#include "commands/commands.def"
#undef CF_COMMAND

/* Numbers stay below this. */
#define NUMBER_LIMIT 256

static const struct cf_command_spec *const by_number[NUMBER_LIMIT] = {
#define CF_COMMAND(number, name) [number] = &cf_command_##name,
#include "commands/commands.def"
#undef CF_COMMAND
};

static const struct cf_command_spec *const all[] = {
#define CF_COMMAND(number, name) &cf_command_##name,
#include "commands/commands.def"
#undef CF_COMMAND
    NULL,
};

const struct cf_command_spec *cf_command_find(uint32_t number)
{
    return number < NUMBER_LIMIT ? by_number[number] : NULL;
}

const struct cf_command_spec *cf_command_find_name(struct cf_bytes name)
{
    for (size_t i = 0; all[i] != NULL; i++) {
        if (cf_bytes_equal(cf_bytes_from_text(all[i]->shape.name), name))
            return all[i];
    }
    return NULL;
}

const struct cf_command_spec *const *cf_command_all(void)
{
    return all;
}

const struct cf_refusal *cf_command_refusal(const struct cf_command_spec *spec, uint32_t number)
{
    for (uint32_t i = 0; i < spec->verdict_count; i++) {
        if (spec->verdicts[i].number == number)
            return &spec->verdicts[i];
    }
    return NULL;
}

/* -- Inputs filled by names ----------------------------------------------------------------- */

void cf_command_input_init(struct cf_command_input *input, enum cf_command_number number)
{
    memset(input, 0, sizeof *input);
    input->spec = cf_command_find((uint32_t)number);
    CF_ASSERT(input->spec != NULL);
}

/* The member that a field name stands for, and the kind of what goes there. */
static void *member_of(struct cf_command_input *input, const char *field,
                       enum cf_field_kind *ret_kind)
{
    const struct cf_field *found = cf_shape_field(&input->spec->shape, cf_bytes_from_text(field));
    CF_ASSERT(found != NULL);
    *ret_kind = found->type->kind;
    return input->bytes + found->offset;
}

void cf_command_set_id(struct cf_command_input *input, const char *field, struct cf_id id)
{
    enum cf_field_kind kind;
    struct cf_id *member = member_of(input, field, &kind);
    CF_ASSERT(kind == CF_KIND_ID);
    *member = id;
}

void cf_command_set_signed(struct cf_command_input *input, const char *field, int64_t value)
{
    enum cf_field_kind kind;
    void *member = member_of(input, field, &kind);
    switch (kind) {
    case CF_KIND_U32:
    case CF_KIND_BPS:
        CF_ASSERT(value >= 0 && value <= UINT32_MAX);
        *(uint32_t *)member = (uint32_t)value;
        return;
    case CF_KIND_I32:
        CF_ASSERT(value >= INT32_MIN && value <= INT32_MAX);
        *(int32_t *)member = (int32_t)value;
        return;
    case CF_KIND_U64:
        CF_ASSERT(value >= 0);
        *(uint64_t *)member = (uint64_t)value;
        return;
    case CF_KIND_BOOL:
        CF_ASSERT(value == 0 || value == 1);
        *(bool *)member = value == 1;
        return;
    case CF_KIND_AMOUNT:
    case CF_KIND_DELTA:
        *(struct cf_money *)member = cf_money_of(value);
        return;
    case CF_KIND_TIME:
        *(int64_t *)member = value;
        return;
    case CF_KIND_CURRENCY:
        *(enum cf_currency *)member = (enum cf_currency)value;
        return;
    case CF_KIND_CHOICE:
        /* Every set's enum has the size of an int. */
        *(enum cf_role *)member = (enum cf_role)value;
        return;
    case CF_KIND_ID:
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
    case CF_KIND_HASH:
    case CF_KIND_SEALED:
    case CF_KIND_ITEMS:
    case CF_KIND_IDS:
        break;
    }
    CF_UNREACHABLE();
}

void cf_command_set_unsigned(struct cf_command_input *input, const char *field, uint64_t value)
{
    CF_ASSERT(value <= INT64_MAX);
    cf_command_set_signed(input, field, (int64_t)value);
}

void cf_command_set_text(struct cf_command_input *input, const char *field, struct cf_bytes text)
{
    enum cf_field_kind kind;
    struct cf_bytes *member = member_of(input, field, &kind);
    CF_ASSERT(kind == CF_KIND_TEXT || kind == CF_KIND_TOKEN);
    *member = text;
}

void cf_command_set_sealed(struct cf_command_input *input, const char *field,
                           struct cf_bytes ciphertext)
{
    enum cf_field_kind kind;
    struct cf_sealed *member = member_of(input, field, &kind);
    CF_ASSERT(kind == CF_KIND_SEALED);
    member->ciphertext = ciphertext;
}

void cf_command_set_hash(struct cf_command_input *input, const char *field,
                         const uint8_t hash[CF_DIGEST_SIZE])
{
    enum cf_field_kind kind;
    struct cf_digest *member = member_of(input, field, &kind);
    CF_ASSERT(kind == CF_KIND_HASH);
    memcpy(member->bytes, hash, CF_DIGEST_SIZE);
}

enum cf_status cf_command_from_json(enum cf_command_number number, struct cf_json *object,
                                    struct cf_arena *arena, struct cf_command_input *ret_input,
                                    struct cf_fault *reterr_fault)
{
    cf_command_input_init(ret_input, number);
    return cf_shape_read_json(&ret_input->spec->shape, object, arena, ret_input->bytes,
                              reterr_fault);
}

enum cf_status cf_command_encode(const struct cf_command_input *input,
                                 struct cf_wire_writer *writer, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_shape_check(&input->spec->shape, input->bytes, reterr_fault));
    cf_shape_encode(&input->spec->shape, input->bytes, writer);
    return CF_OK;
}
