/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/tile.h"

#include "core/base/assert.h"

#include <stdio.h>

#define CF_TILE_LEVEL_BITS 8
#define CF_TILE_LEVEL_MAX 7 /* 256^8 leaves are more than 2^63 */

/* Takes a decimal number without leading zeroes off the front. */
static bool take_number(struct cf_bytes *path, uint32_t max, uint32_t *ret_number)
{
    uint32_t number = 0;
    size_t digits = 0;
    while (digits < path->size && path->data[digits] >= '0' && path->data[digits] <= '9') {
        number = number * 10 + (uint32_t)(path->data[digits++] - '0');
        if (number > max)
            return false;
    }
    if (digits == 0 || (digits > 1 && path->data[0] == '0'))
        return false;
    *path = cf_bytes_from(path->data + digits, path->size - digits);
    *ret_number = number;
    return true;
}

static bool take_text(struct cf_bytes *path, const char *text)
{
    size_t size = strlen(text);
    if (path->size < size || memcmp(path->data, text, size) != 0)
        return false;
    *path = cf_bytes_from(path->data + size, path->size - size);
    return true;
}

/* x001/x234/067: groups of three digits, all but the last behind an x. */
static bool take_index(struct cf_bytes *path, uint64_t *ret_index)
{
    uint64_t index = 0;
    for (size_t group = 0; group < 6; group++) {
        bool more = take_text(path, "x");
        if (path->size < 3)
            return false;
        uint64_t value = 0;
        for (size_t i = 0; i < 3; i++) {
            if (path->data[i] < '0' || path->data[i] > '9')
                return false;
            value = value * 10 + (uint64_t)(path->data[i] - '0');
        }
        if (group == 0 && more && value == 0)
            return false; /* a group of zeroes in front is another spelling */
        *path = cf_bytes_from(path->data + 3, path->size - 3);
        index = index * 1000 + value;
        if (!more) {
            *ret_index = index;
            return true;
        }
        if (!take_text(path, "/"))
            return false;
    }
    return false;
}

enum cf_status cf_tile_parse(struct cf_bytes path, struct cf_tile *ret_tile)
{
    struct cf_tile tile = {.level = CF_TILE_LEVEL_ENTRIES, .width = CF_TILE_WIDTH};
    if (!take_text(&path, "tile/"))
        return CF_INVALID;
    if (!take_text(&path, "entries") && !take_number(&path, CF_TILE_LEVEL_MAX, &tile.level))
        return CF_INVALID;
    if (!take_text(&path, "/") || !take_index(&path, &tile.index))
        return CF_INVALID;
    if (take_text(&path, ".p/") &&
        (!take_number(&path, CF_TILE_WIDTH - 1, &tile.width) || tile.width == 0))
        return CF_INVALID;
    if (path.size != 0)
        return CF_INVALID;
    *ret_tile = tile;
    return CF_OK;
}

void cf_tile_print(const struct cf_tile *tile, char ret_path[CF_TILE_PATH_SIZE])
{
    char index[32] = "";
    unsigned groups[7];
    size_t count = 0;
    uint64_t rest = tile->index;
    do {
        groups[count++] = (unsigned)(rest % 1000);
        rest /= 1000;
    } while (rest > 0);
    size_t at = 0;
    while (count-- > 0)
        at += (size_t)snprintf(index + at, sizeof index - at, count > 0 ? "x%03u/" : "%03u",
                               groups[count]);
    char level[16] = "entries", width[16] = "";
    if (tile->level != CF_TILE_LEVEL_ENTRIES)
        snprintf(level, sizeof level, "%u", tile->level);
    if (tile->width < CF_TILE_WIDTH)
        snprintf(width, sizeof width, ".p/%u", tile->width);
    snprintf(ret_path, CF_TILE_PATH_SIZE, "tile/%s/%s%s", level, index, width);
}

uint32_t cf_tile_width(uint32_t level, uint64_t index, uint64_t size)
{
    unsigned shift = level == CF_TILE_LEVEL_ENTRIES ? 0 : level * CF_TILE_LEVEL_BITS;
    uint64_t count = size >> shift;
    if (count / CF_TILE_WIDTH < index)
        return 0;
    uint64_t width = count - index * CF_TILE_WIDTH;
    return width < CF_TILE_WIDTH ? (uint32_t)width : CF_TILE_WIDTH;
}

static enum cf_status entries_read(struct cf_log_view *view, const struct cf_tile *tile,
                                   struct cf_buf *buf, struct cf_fault *reterr_fault)
{
    for (uint64_t i = 0; i < tile->width; i++) {
        struct cf_log_entry entry;
        CF_TRY(cf_log_view_entry(view, tile->index * CF_TILE_WIDTH + i + 1, &entry, reterr_fault));
        const uint8_t prefix[] = {(uint8_t)(entry.record.size >> 8), (uint8_t)entry.record.size};
        if (cf_buf_append(buf, cf_bytes_from(prefix, sizeof prefix)) != CF_OK ||
            cf_buf_append(buf, entry.record) != CF_OK)
            CF_FAIL(reterr_fault, CF_NO_SPACE, "the tile is larger than its buffer");
    }
    return CF_OK;
}

enum cf_status cf_tile_read(struct cf_log_view *view, const struct cf_tile *tile,
                            struct cf_buf *buf, struct cf_fault *reterr_fault)
{
    CF_ASSERT(tile->width > 0 && tile->width <= CF_TILE_WIDTH);
    if (cf_tile_width(tile->level, tile->index, cf_log_view_size(view)) < tile->width)
        return CF_NOT_FOUND;
    if (tile->level == CF_TILE_LEVEL_ENTRIES)
        return entries_read(view, tile, buf, reterr_fault);
    struct cf_tree_source tree = cf_log_view_tree(view);
    for (uint64_t i = 0; i < tile->width; i++) {
        struct cf_hash hash;
        CF_TRY(tree.node(tree.context, tile->level * CF_TILE_LEVEL_BITS,
                         tile->index * CF_TILE_WIDTH + i, &hash, reterr_fault));
        if (cf_buf_append(buf, cf_bytes_from(hash.bytes, CF_HASH_SIZE)) != CF_OK)
            CF_FAIL(reterr_fault, CF_NO_SPACE, "the tile is larger than its buffer");
    }
    return CF_OK;
}
