/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_BASE_ARENA_H
#define CF_CORE_BASE_ARENA_H

/*
 * Arena: memory that lives as long as one request and is given back in one go.
 *
 * Allocations are 16-byte aligned, never freed singly, and live until cf_arena_reset or
 * cf_arena_clean_up. An arena keeps its first block over a reset, so steady work allocates nothing. Under the address
 * sanitizer each allocation is a malloc of its own, so that overruns are seen.
 */

#include "core/base/bytes.h"

struct cf_arena_block;

struct cf_arena {
    struct cf_arena_block *blocks; /* owned; newest first */
    size_t size_total;             /* bytes handed out since the last reset */
    size_t size_max;               /* nothing makes the arena hand out more than this */
};

/* Allocates nothing yet. */
void cf_arena_init(struct cf_arena *arena, size_t size_max);

/* Gives everything back. Accepts an all-zero arena. */
void cf_arena_clean_up(struct cf_arena *arena);

/* Ends the life of all allocations, keeps one block for the next round. */
void cf_arena_reset(struct cf_arena *arena);

/* Zeroed memory, or NULL when the maximum or the memory is reached. A size of 0 gives a valid pointer. */
void *cf_arena_allocate(struct cf_arena *arena, size_t size);

/* A copy that lives in the arena, with a NUL behind it. NO_SPACE or NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_arena_copy(struct cf_arena *arena, struct cf_bytes bytes,
                                           struct cf_bytes *ret_copy);

#endif
