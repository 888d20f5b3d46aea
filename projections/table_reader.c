/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/table_reader.h"

#include <endian.h>
#include <stdlib.h>

/* What a binary COPY begins with: signature, flags, no extension. It comes with the first row. */
enum { COPY_HEADER_SIZE = 19, COPY_TRAILER_SIZE = 2 };

enum cf_status cf_table_reader_open(struct cf_table_reader *reader, struct cf_pg *pg,
                                    const struct cf_table *table, struct cf_fault *reterr_fault)
{
    *reader = (struct cf_table_reader){.pg = pg, .table = table, .is_first = true};
    reader->row = calloc(1, table->row_size);
    if (reader->row == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a row");
    return cf_pg_copy_out_begin(pg, table->copy_out, reterr_fault);
}

static uint64_t take_number(struct cf_bytes *bytes, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | bytes->data[i];
    *bytes = cf_bytes_from(bytes->data + size, bytes->size - size);
    return number;
}

static enum cf_status decode_row(struct cf_table_reader *reader, struct cf_bytes bytes)
{
    const struct cf_table *table = reader->table;
    if (bytes.size < 2 || take_number(&bytes, 2) != table->columns_count)
        return CF_CORRUPT;
    for (size_t i = 0; i < table->columns_count; i++) {
        if (bytes.size < 4)
            return CF_CORRUPT;
        uint64_t size = take_number(&bytes, 4);
        bool is_null = size == UINT32_MAX;
        if (is_null)
            size = 0;
        if (size > bytes.size)
            return CF_CORRUPT;
        CF_TRY(cf_column_decode(&table->columns[i], reader->row, cf_bytes_from(bytes.data, size),
                                is_null));
        bytes = cf_bytes_from(bytes.data + size, bytes.size - size);
    }
    return bytes.size == 0 ? CF_OK : CF_CORRUPT;
}

enum cf_status cf_table_reader_next(struct cf_table_reader *reader, struct cf_fault *reterr_fault)
{
    struct cf_bytes bytes;
    do {
        CF_TRY(cf_pg_copy_out_next(reader->pg, &bytes, reterr_fault));
        if (reader->is_first && bytes.size >= COPY_HEADER_SIZE)
            bytes = cf_bytes_from(bytes.data + COPY_HEADER_SIZE, bytes.size - COPY_HEADER_SIZE);
        reader->is_first = false;
        /* The trailer is followed by the end; a header that comes alone by the first row. */
    } while (bytes.size <= COPY_TRAILER_SIZE);
    if (decode_row(reader, bytes) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a row does not look as its table says", "%s",
                   reader->table->name);
    return CF_OK;
}

void cf_table_reader_close(struct cf_table_reader *reader)
{
    if (reader->row == NULL)
        return;
    cf_row_clean_up(reader->table, reader->row);
    free(reader->row);
    reader->row = NULL;
}

int cf_table_compare_keys(const struct cf_table *table, const void *a, const void *b)
{
    for (size_t i = 0; i < table->columns_count && table->columns[i].is_key; i++) {
        const struct cf_column *column = &table->columns[i];
        const uint8_t *left = (const uint8_t *)a + column->offset;
        const uint8_t *right = (const uint8_t *)b + column->offset;
        int order;
        if (column->type == CF_COLUMN_id) {
            order = memcmp(left, right, sizeof(struct cf_id));
        } else {
            int64_t x, y;
            memcpy(&x, left, sizeof x);
            memcpy(&y, right, sizeof y);
            order = (x > y) - (x < y);
        }
        if (order != 0)
            return order;
    }
    return 0;
}
