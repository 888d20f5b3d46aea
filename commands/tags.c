/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/tags.h"

#include "core/base/assert.h"

/* The largest encoded field that is not sealed: a list of items. */
#define FIELD_SIZE_MAX 1024

/* FNV-1a, 64 bits wide. */
static uint64_t digest(struct cf_bytes bytes)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < bytes.size; i++)
        hash = (hash ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

static const struct cf_sealed_tag *sealed_tag(const struct cf_sealed_tag *tags, uint32_t count,
                                              uint32_t key)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tags[i].field == key)
            return &tags[i];
    }
    return NULL;
}

static void add(struct cf_record *record, uint32_t key, struct cf_bytes tag,
                uint8_t bytes[CF_TAGS_MAX][CF_TAG_SIZE_MAX])
{
    CF_ASSERT(record->tag_count < CF_TAGS_MAX);
    uint8_t *copy = bytes[record->tag_count];
    memcpy(copy, tag.data, tag.size);
    record->tags[record->tag_count++] =
        (struct cf_field_tag){.key = key, .tag = cf_bytes_from(copy, tag.size)};
}

void cf_tags_make(const struct cf_command_spec *spec, const void *input,
                  const struct cf_sealed_tag *sealed_tags, uint32_t sealed_tag_count,
                  struct cf_record *ret_record, uint8_t ret_bytes[CF_TAGS_MAX][CF_TAG_SIZE_MAX])
{
    ret_record->tag_count = 0;
    for (uint32_t i = 0; i < spec->shape.field_count; i++) {
        const struct cf_field *field = &spec->shape.fields[i];
        if (field->key == spec->new_id_key || cf_field_is_absent(field, input))
            continue;
        if (cf_field_is_sealed(field)) {
            const struct cf_sealed_tag *sealed =
                sealed_tag(sealed_tags, sealed_tag_count, field->key);
            if (sealed != NULL)
                add(ret_record, field->key, sealed->tag, ret_bytes);
            continue;
        }
        uint8_t encoded[FIELD_SIZE_MAX];
        struct cf_wire_writer writer = cf_wire_writer_fixed(encoded, sizeof encoded);
        cf_field_encode(field, input, &writer);
        CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
        uint64_t hash = digest(cf_bytes_from(encoded, writer.size));
        add(ret_record, field->key, cf_bytes_from(&hash, CF_TAG_SIZE), ret_bytes);
    }
}

static const struct cf_field_tag *tag_of(const struct cf_field_tag *tags, uint32_t count,
                                         uint32_t key)
{
    for (uint32_t i = 0; i < count; i++) {
        if (tags[i].key == key)
            return &tags[i];
    }
    return NULL;
}

uint32_t cf_tags_compare(const struct cf_command_spec *spec, const struct cf_field_tag *a,
                         uint32_t a_count, const struct cf_field_tag *b, uint32_t b_count)
{
    for (uint32_t i = 0; i < spec->shape.field_count; i++) {
        const struct cf_field *field = &spec->shape.fields[i];
        const struct cf_field_tag *left = tag_of(a, a_count, field->key);
        const struct cf_field_tag *right = tag_of(b, b_count, field->key);
        /* Sealed fields are compared where both senders could tag them: after an erasure nobody
         * can, and the key still gives its outcome. */
        if (cf_field_is_sealed(field) && (left == NULL || right == NULL))
            continue;
        if ((left == NULL) != (right == NULL) ||
            (left != NULL && !cf_bytes_equal(left->tag, right->tag)))
            return field->key;
    }
    return 0;
}
