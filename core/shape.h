/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_SHAPE_H
#define CF_CORE_SHAPE_H

/*
 * Shapes: a struct described by a table of its fields. Events and commands are shapes, and
 * everything that can be done to all of them alike is a function over the table: encode, decode,
 * check, compare, JSON both ways, find a field by name.
 *
 * Encoded, a value is a canonical msgpack map from small integer keys, ascending. An optional field
 * is there iff it is not zero or empty. So equal values have equal bytes, and there is one way to
 * write each.
 *
 * Decoding allocates nothing: texts, tokens and ciphertexts point into the bytes that were decoded
 * and live as long as those do.
 */

#include "core/base/arena.h"
#include "core/currency.h"
#include "core/event/choices.h"
#include "core/id.h"
#include "core/time.h"
#include "core/wire.h"

/* -- What fields are made of ---------------------------------------------------------------- */

#define CF_DIGEST_SIZE 32
#define CF_ITEMS_MAX 16
#define CF_IDS_MAX 16

struct cf_digest {
    uint8_t bytes[CF_DIGEST_SIZE];
};

/* Ciphertext made by the keeper. A type of its own, so that clear text cannot be assigned. */
struct cf_sealed {
    struct cf_bytes ciphertext;
};

/* Something chosen so many times, each at an amount. */
struct cf_item {
    struct cf_id reward_id;
    uint32_t quantity; /* at least 1 */
    struct cf_money amount;
};

struct cf_items {
    uint32_t count;
    struct cf_item items[CF_ITEMS_MAX];
};

struct cf_ids {
    uint32_t count;
    struct cf_id ids[CF_IDS_MAX];
};

/* The C type of a member, by the name of its field type: cf_member_opt_id is struct cf_id. */
#define CF_FIELD_TYPE(type, c_type, kind, presence, size_max, choices)                             \
    typedef c_type cf_member_##type;
#include "core/event/types.def"
#undef CF_FIELD_TYPE

/* -- Tables --------------------------------------------------------------------------------- */

enum cf_field_kind {
    CF_KIND_ID, /* sixteen bytes, not all zero */
    CF_KIND_U32,
    CF_KIND_I32,
    CF_KIND_U64, /* at most INT64_MAX, which is all that JSON and SQL hold */
    CF_KIND_BOOL,
    CF_KIND_AMOUNT,   /* minor units, not negative */
    CF_KIND_DELTA,    /* minor units, of either sign */
    CF_KIND_TIME,     /* microseconds, above 0, to CF_TIME_MAX_US */
    CF_KIND_BPS,      /* at most 10,000 */
    CF_KIND_CURRENCY, /* a number of currency.def */
    CF_KIND_TEXT,     /* plain UTF-8 */
    CF_KIND_TOKEN,    /* printable ASCII without spaces: a provider's reference */
    CF_KIND_HASH,     /* 32 bytes */
    CF_KIND_SEALED,   /* ciphertext */
    CF_KIND_ITEMS,
    CF_KIND_IDS,
    CF_KIND_CHOICE, /* a number of choices.def */
};

enum cf_field_presence {
    CF_PRESENCE_PLAIN,    /* always there; zero is a value */
    CF_PRESENCE_FILLED,   /* always there; never zero or empty */
    CF_PRESENCE_OPTIONAL, /* there iff not zero or empty */
};

struct cf_field_type {
    const char *name;
    enum cf_field_kind kind;
    enum cf_field_presence presence;
    uint32_t size_max;
    const struct cf_choice_set *choices; /* of a CHOICE */
};

enum cf_type {
#define CF_FIELD_TYPE(type, c_type, kind, presence, size_max, choices) CF_TYPE_##type,
#include "core/event/types.def"
#undef CF_FIELD_TYPE
    CF_TYPE_COUNT,
};

extern const struct cf_field_type cf_field_types[CF_TYPE_COUNT];

struct cf_field {
    uint32_t key; /* from 1, ascending within the shape */
    uint32_t offset;
    const struct cf_field_type *type;
    const char *name;
};

#define CF_FIELDS_MAX 32

struct cf_shape {
    const char *name;
    uint32_t number;      /* of the event or command */
    uint32_t field_count; /* at most CF_FIELDS_MAX */
    size_t size;          /* of the struct */
    const struct cf_field *fields;
};

/*
 * For lists of CF_FIELD(key, type, name) rows: `#define CF_FIELD CF_FIELD_MEMBER` makes the
 * struct's members of them, `#define CF_FIELD CF_FIELD_ROW` the rows of its table, with
 * CF_FIELD_STRUCT defined as the struct. (Not through a macro of one's own: `bool` is a macro and
 * would be replaced.)
 */
#define CF_FIELD_MEMBER(key, type, name) cf_member_##type name;
#define CF_FIELD_ROW(key, type, name)                                                              \
    {(key), (uint32_t)offsetof(CF_FIELD_STRUCT, name), &cf_field_types[CF_TYPE_##type], #name},

/* -- What can be done with a value ---------------------------------------------------------- */

/* OK, or INVALID with "shape.field" in the fault's detail: a member is out of range, empty, too
 * long. */
CF_MUST_CHECK enum cf_status cf_shape_check(const struct cf_shape *shape, const void *value,
                                            struct cf_fault *reterr_fault);

/* Writes the map. The value must pass cf_shape_check, which is asserted. */
void cf_shape_encode(const struct cf_shape *shape, const void *value,
                     struct cf_wire_writer *writer);

/* Writes one field's value alone (nil where it is absent), for whoever keeps a digest of each. */
void cf_field_encode(const struct cf_field *field, const void *value,
                     struct cf_wire_writer *writer);

/*
 * Reads the map. CORRUPT, with the offset and "shape.field", for unknown, repeated, unsorted or
 * missing keys, values out of range, and whatever is not canonical, where the cursor is canonical.
 * The value counts only on OK.
 */
CF_MUST_CHECK enum cf_status cf_shape_decode(const struct cf_shape *shape,
                                             struct cf_wire_cursor *cursor, void *ret_value,
                                             struct cf_fault *reterr_fault);

bool cf_shape_equal(const struct cf_shape *shape, const void *a, const void *b);

/* The field of this name, or NULL. */
const struct cf_field *cf_shape_field(const struct cf_shape *shape, struct cf_bytes name);

/* The member of a value, to read or to set, or NULL where no field has this name and this type. */
void *cf_shape_member(const struct cf_shape *shape, void *value, const char *name,
                      enum cf_type type);

/* The field's own member in a value. */
static inline const void *cf_field_member(const struct cf_field *field, const void *value)
{
    return (const uint8_t *)value + field->offset;
}

/* True where an optional field is absent. */
bool cf_field_is_absent(const struct cf_field *field, const void *value);

/* True for personal data and campaign texts. */
static inline bool cf_field_is_sealed(const struct cf_field *field)
{
    return field->type->kind == CF_KIND_SEALED;
}

#endif
