/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/pg_params.h"

#include "core/base/assert.h"
#include "core/id.h"

#include <endian.h>
#include <limits.h>

/* A statement's parameters together; far above any batch, far below PostgreSQL's 1 GB. */
#define PARAMS_SIZE_MAX ((size_t)256 << 20)

/* Array header: dimensions, null flag, element type, length, lower bound; all 32 bits, big endian.
 */
enum { ARRAY_HEADER_SIZE = 20, ARRAY_LENGTH_OFFSET = 12 };

/* PostgreSQL's built-in type numbers, fixed since always (pg_type.dat). */
static const uint32_t type_numbers[] = {
    [CF_PG_ID] = 2950, [CF_PG_INT64] = 20, [CF_PG_TEXT] = 25, [CF_PG_BYTES] = 17, [CF_PG_BOOL] = 16,
};

void cf_pg_params_init(struct cf_pg_params *params)
{
    *params = (struct cf_pg_params){0};
    cf_buf_init(&params->bytes, PARAMS_SIZE_MAX);
}

void cf_pg_params_clean_up(struct cf_pg_params *params)
{
    cf_buf_clean_up(&params->bytes);
    cf_pg_params_clear(params);
}

void cf_pg_params_clear(struct cf_pg_params *params)
{
    cf_buf_clear(&params->bytes);
    params->count = 0;
    params->array_open = false;
    params->status = CF_OK;
}

static void append(struct cf_pg_params *params, const void *data, size_t size)
{
    if (params->status == CF_OK)
        params->status = cf_buf_append(&params->bytes, cf_bytes_from(data, size));
}

static void append_uint32(struct cf_pg_params *params, uint32_t value)
{
    uint32_t wire = htobe32(value);
    append(params, &wire, sizeof wire);
}

static void begin(struct cf_pg_params *params)
{
    CF_ASSERT(!params->array_open);
    CF_ASSERT(params->count < CF_PG_PARAMS_MAX);
    params->offsets[params->count] = params->bytes.size;
}

static void end(struct cf_pg_params *params)
{
    if (params->status == CF_OK) {
        size_t size = params->bytes.size - params->offsets[params->count];
        CF_ASSERT(size <= INT_MAX);
        params->sizes[params->count] = (int)size;
    }
    params->count++;
}

static void add(struct cf_pg_params *params, const void *data, size_t size)
{
    begin(params);
    append(params, data, size);
    end(params);
}

void cf_pg_add_null(struct cf_pg_params *params)
{
    begin(params);
    params->sizes[params->count++] = -1;
}

void cf_pg_add_id(struct cf_pg_params *params, const struct cf_id *id)
{
    add(params, id->bytes, sizeof id->bytes);
}

void cf_pg_add_int64(struct cf_pg_params *params, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    add(params, &wire, sizeof wire);
}

void cf_pg_add_bool(struct cf_pg_params *params, bool value)
{
    add(params, &(uint8_t){value}, 1);
}

void cf_pg_add_bytes(struct cf_pg_params *params, struct cf_bytes bytes)
{
    add(params, bytes.data, bytes.size);
}

void cf_pg_add_text(struct cf_pg_params *params, const char *text)
{
    add(params, text, strlen(text));
}

void cf_pg_array_begin(struct cf_pg_params *params, enum cf_pg_type type)
{
    begin(params);
    params->array_open = true;
    params->array_count = 0;
    append_uint32(params, 1);
    append_uint32(params, 1);
    append_uint32(params, type_numbers[type]);
    append_uint32(params, 0);
    append_uint32(params, 1);
}

static void array_element(struct cf_pg_params *params, const void *data, size_t size)
{
    CF_ASSERT(params->array_open);
    append_uint32(params, (uint32_t)size);
    append(params, data, size);
    params->array_count++;
}

void cf_pg_array_null(struct cf_pg_params *params)
{
    CF_ASSERT(params->array_open);
    append_uint32(params, UINT32_MAX);
    params->array_count++;
}

void cf_pg_array_id(struct cf_pg_params *params, const struct cf_id *id)
{
    array_element(params, id->bytes, sizeof id->bytes);
}

void cf_pg_array_int64(struct cf_pg_params *params, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    array_element(params, &wire, sizeof wire);
}

void cf_pg_array_bool(struct cf_pg_params *params, bool value)
{
    array_element(params, &(uint8_t){value}, 1);
}

void cf_pg_array_bytes(struct cf_pg_params *params, struct cf_bytes bytes)
{
    array_element(params, bytes.data, bytes.size);
}

void cf_pg_array_end(struct cf_pg_params *params)
{
    CF_ASSERT(params->array_open);
    params->array_open = false;
    if (params->status == CF_OK) {
        size_t offset = params->offsets[params->count];
        CF_ASSERT(params->bytes.size - offset >= ARRAY_HEADER_SIZE);
        uint32_t wire = htobe32((uint32_t)params->array_count);
        memcpy(params->bytes.data + offset + ARRAY_LENGTH_OFFSET, &wire, sizeof wire);
    }
    end(params);
}
