/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/table.h"

#include "core/base/assert.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct cf_word cf_word_of(const char *text)
{
    struct cf_word word = {0};
    size_t size = strlen(text);
    CF_ASSERT(size < sizeof word.text);
    memcpy(word.text, text, size);
    return word;
}

bool cf_word_is(const struct cf_word *word, const char *text)
{
    return strcmp(word->text, text) == 0;
}

const struct cf_column *cf_table_column(const struct cf_table *table, const char *name)
{
    for (size_t i = 0; i < table->columns_count; i++) {
        if (strcmp(table->columns[i].name, name) == 0)
            return &table->columns[i];
    }
    return NULL;
}

size_t cf_table_keys_count(const struct cf_table *table)
{
    size_t count = 0;
    while (count < table->columns_count && table->columns[count].is_key)
        count++;
    return count;
}

enum cf_pg_type cf_column_pg_type(const struct cf_column *column)
{
    switch (column->type) {
    case CF_COLUMN_id:
        return CF_PG_ID;
    case CF_COLUMN_int64:
    case CF_COLUMN_money:
    case CF_COLUMN_time:
        return CF_PG_INT64;
    case CF_COLUMN_flag:
        return CF_PG_BOOL;
    case CF_COLUMN_word:
    case CF_COLUMN_text:
        return CF_PG_TEXT;
    case CF_COLUMN_bytes:
        return CF_PG_BYTES;
    }
    CF_UNREACHABLE();
}

static const void *member(const struct cf_column *column, const void *row)
{
    return (const uint8_t *)row + column->offset;
}

struct cf_bytes cf_column_encode(const struct cf_column *column, const void *row,
                                 uint8_t scratch[8], bool *ret_null)
{
    const void *value = member(column, row);
    *ret_null = false;
    switch (column->type) {
    case CF_COLUMN_id:
        *ret_null = !column->is_key && cf_id_is_zero(*(const struct cf_id *)value);
        return cf_bytes_from(value, sizeof(struct cf_id));
    case CF_COLUMN_int64:
    case CF_COLUMN_money:
    case CF_COLUMN_time: {
        int64_t number = *(const int64_t *)value;
        *ret_null = column->type == CF_COLUMN_time && !column->is_key && number == 0;
        uint64_t wire = htobe64((uint64_t)number);
        memcpy(scratch, &wire, sizeof wire);
        return cf_bytes_from(scratch, sizeof wire);
    }
    case CF_COLUMN_flag:
        scratch[0] = *(const bool *)value;
        return cf_bytes_from(scratch, 1);
    case CF_COLUMN_word: {
        const struct cf_word *word = value;
        *ret_null = word->text[0] == '\0';
        return cf_bytes_from_text(word->text);
    }
    case CF_COLUMN_text:
    case CF_COLUMN_bytes: {
        const struct cf_value *bytes = value;
        *ret_null = bytes->data == NULL;
        return cf_bytes_from(bytes->data, bytes->size);
    }
    }
    CF_UNREACHABLE();
}

static enum cf_status decode_value(struct cf_value *value, struct cf_bytes wire, bool is_null)
{
    free(value->data);
    *value = (struct cf_value){0};
    if (is_null)
        return CF_OK;
    value->data = malloc(wire.size + 1);
    if (value->data == NULL)
        return CF_NO_MEMORY;
    if (wire.size > 0)
        memcpy(value->data, wire.data, wire.size);
    value->size = wire.size;
    return CF_OK;
}

enum cf_status cf_column_decode(const struct cf_column *column, void *row, struct cf_bytes wire,
                                bool is_null)
{
    void *value = (uint8_t *)row + column->offset;
    switch (column->type) {
    case CF_COLUMN_id:
        *(struct cf_id *)value = (struct cf_id){0};
        if (!is_null && wire.size != sizeof(struct cf_id))
            return CF_CORRUPT;
        if (!is_null)
            memcpy(value, wire.data, wire.size);
        return CF_OK;
    case CF_COLUMN_int64:
    case CF_COLUMN_money:
    case CF_COLUMN_time: {
        uint64_t number = 0;
        if (!is_null && wire.size != sizeof number)
            return CF_CORRUPT;
        if (!is_null)
            memcpy(&number, wire.data, sizeof number);
        *(int64_t *)value = (int64_t)be64toh(number);
        return CF_OK;
    }
    case CF_COLUMN_flag:
        if (!is_null && wire.size != 1)
            return CF_CORRUPT;
        *(bool *)value = !is_null && wire.data[0] != 0;
        return CF_OK;
    case CF_COLUMN_word: {
        struct cf_word word = {0};
        if (!is_null && wire.size >= sizeof word.text)
            return CF_CORRUPT;
        if (!is_null && wire.size > 0)
            memcpy(word.text, wire.data, wire.size);
        *(struct cf_word *)value = word;
        return CF_OK;
    }
    case CF_COLUMN_text:
    case CF_COLUMN_bytes:
        return decode_value(value, wire, is_null);
    }
    CF_UNREACHABLE();
}

void cf_row_clean_up(const struct cf_table *table, void *row)
{
    for (size_t i = 0; i < table->columns_count; i++) {
        const struct cf_column *column = &table->columns[i];
        if (column->type == CF_COLUMN_text || column->type == CF_COLUMN_bytes) {
            struct cf_value *value = (struct cf_value *)((uint8_t *)row + column->offset);
            free(value->data);
            *value = (struct cf_value){0};
        }
    }
}

bool cf_row_equal(const struct cf_table *table, const void *a, const void *b)
{
    for (size_t i = 0; i < table->columns_count; i++) {
        uint8_t scratch_a[8], scratch_b[8];
        bool is_null_a, is_null_b;
        struct cf_bytes x = cf_column_encode(&table->columns[i], a, scratch_a, &is_null_a);
        struct cf_bytes y = cf_column_encode(&table->columns[i], b, scratch_b, &is_null_b);
        if (is_null_a != is_null_b || (!is_null_a && !cf_bytes_equal(x, y)))
            return false;
    }
    return true;
}

static enum cf_status print_value(const struct cf_column *column, const void *row,
                                  struct cf_buf *text)
{
    const void *value = member(column, row);
    switch (column->type) {
    case CF_COLUMN_id: {
        char id[CF_ID_TEXT_SIZE];
        cf_id_print(*(const struct cf_id *)value, id);
        return cf_buf_append_text(text, id);
    }
    case CF_COLUMN_int64:
    case CF_COLUMN_money:
    case CF_COLUMN_time:
        return cf_buf_append_format(text, "%" PRId64, *(const int64_t *)value);
    case CF_COLUMN_flag:
        return cf_buf_append_text(text, *(const bool *)value ? "true" : "false");
    case CF_COLUMN_word:
        return cf_buf_append_text(text, ((const struct cf_word *)value)->text);
    case CF_COLUMN_text: {
        const struct cf_value *bytes = value;
        return cf_buf_append(text, cf_bytes_from(bytes->data, bytes->size));
    }
    case CF_COLUMN_bytes:
        return cf_buf_append_format(text, "(%zu sealed bytes)",
                                    ((const struct cf_value *)value)->size);
    }
    CF_UNREACHABLE();
}

enum cf_status cf_row_print(const struct cf_table *table, const void *row, struct cf_buf *text)
{
    for (size_t i = 0; i < table->columns_count; i++) {
        const struct cf_column *column = &table->columns[i];
        uint8_t scratch[8];
        bool is_null;
        cf_column_encode(column, row, scratch, &is_null);
        if (is_null)
            continue;
        CF_TRY(cf_buf_append_format(text, "%s%s=", i == 0 ? "" : " ", column->name));
        CF_TRY(print_value(column, row, text));
    }
    return CF_OK;
}
