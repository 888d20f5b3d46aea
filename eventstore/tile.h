/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_TILE_H
#define CF_EVENTSTORE_TILE_H

/*
 * Tiles (C2SP tlog-tiles): the tree and the records cut into immutable files, so that any verifier
 * can fetch them over plain HTTP.
 *
 *     tile/<level>/<index>[.p/<width>]    up to 256 hashes
 *     tile/entries/<index>[.p/<width>]    up to 256 records, each behind its two-byte length
 */

#include "eventstore/log.h"

#define CF_TILE_WIDTH 256
#define CF_TILE_LEVEL_ENTRIES UINT32_MAX
#define CF_TILE_PATH_SIZE 96

struct cf_tile {
    uint32_t level; /* 0 to 7, or CF_TILE_LEVEL_ENTRIES */
    uint64_t index;
    uint32_t width; /* 1 to 256; 256 is a full tile */
};

/* Only the one canonical spelling. INVALID otherwise. */
CF_MUST_CHECK enum cf_status cf_tile_parse(struct cf_bytes path, struct cf_tile *ret_tile);
/* The path, NUL-terminated. */
void cf_tile_print(const struct cf_tile *tile, char ret_path[CF_TILE_PATH_SIZE]);

/* How many hashes or records the tile has in a log of `size` records: 0 to 256. */
uint32_t cf_tile_width(uint32_t level, uint64_t index, uint64_t size);

/* Appends the tile's bytes. NOT_FOUND unless the log has that much of it. */
CF_MUST_CHECK enum cf_status cf_tile_read(struct cf_log_view *view, const struct cf_tile *tile,
                                          struct cf_buf *buf, struct cf_fault *reterr_fault);

#endif
