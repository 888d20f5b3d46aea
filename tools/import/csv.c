/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/csv.h"

struct cf_csv cf_csv_over(struct cf_bytes text)
{
    static const uint8_t byte_order_mark[] = {0xef, 0xbb, 0xbf};
    if (text.size >= sizeof byte_order_mark &&
        memcmp(text.data, byte_order_mark, sizeof byte_order_mark) == 0)
        text =
            cf_bytes_from(text.data + sizeof byte_order_mark, text.size - sizeof byte_order_mark);
    return (struct cf_csv){.rest = text, .line = 1};
}

/* What comes next, or -1 at the end. */
static int peek(const struct cf_csv *csv)
{
    return csv->rest.size == 0 ? -1 : csv->rest.data[0];
}

static uint8_t take(struct cf_csv *csv)
{
    uint8_t byte = csv->rest.data[0];
    csv->rest.data++;
    csv->rest.size--;
    csv->line += byte == '\n';
    return byte;
}

static void skip_line(struct cf_csv *csv)
{
    while (peek(csv) >= 0 && take(csv) != '\n') {
    }
}

static enum cf_status keep(struct cf_csv_record *record, size_t *used, uint8_t byte)
{
    if (*used == sizeof record->memory)
        return CF_NO_SPACE;
    record->memory[(*used)++] = byte;
    return CF_OK;
}

/* Behind the opening quote, to behind the closing one. */
static enum cf_status read_quoted(struct cf_csv *csv, struct cf_csv_record *record, size_t *used)
{
    for (;;) {
        if (peek(csv) < 0)
            return CF_INVALID;
        uint8_t byte = take(csv);
        if (byte == '"') {
            if (peek(csv) != '"')
                return CF_OK;
            take(csv);
        }
        CF_TRY(keep(record, used, byte));
    }
}

static enum cf_status read_field(struct cf_csv *csv, struct cf_csv_record *record, size_t *used)
{
    size_t start = *used;
    if (record->count == CF_CSV_FIELDS_MAX)
        return CF_NO_SPACE;
    if (peek(csv) == '"') {
        take(csv);
        CF_TRY(read_quoted(csv, record, used));
    } else {
        while (peek(csv) >= 0 && peek(csv) != ',' && peek(csv) != '\n' && peek(csv) != '\r')
            CF_TRY(keep(record, used, take(csv)));
    }
    record->fields[record->count++] = cf_bytes_from(record->memory + start, *used - start);
    return CF_OK;
}

static enum cf_status read_record(struct cf_csv *csv, struct cf_csv_record *record)
{
    size_t used = 0;
    for (;;) {
        CF_TRY(read_field(csv, record, &used));
        if (peek(csv) == ',') {
            take(csv);
            continue;
        }
        if (peek(csv) == '\r')
            take(csv);
        if (peek(csv) >= 0 && take(csv) != '\n')
            return CF_INVALID;
        return CF_OK;
    }
}

enum cf_status cf_csv_read(struct cf_csv *csv, struct cf_csv_record *ret_record)
{
    while (peek(csv) == '\n' || peek(csv) == '\r')
        take(csv);
    if (peek(csv) < 0)
        return CF_NOT_FOUND;
    const struct cf_csv begin = *csv;
    ret_record->line = csv->line;
    ret_record->count = 0;
    enum cf_status status = read_record(csv, ret_record);
    if (status != CF_OK) {
        *csv = begin;
        skip_line(csv);
    }
    return status;
}
