/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/arena.h"

#include "core/base/assert.h"

#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define CF_ARENA_BLOCK_SIZE 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CF_ARENA_BLOCK_SIZE 0
#endif
#endif
#ifndef CF_ARENA_BLOCK_SIZE
#define CF_ARENA_BLOCK_SIZE ((size_t)16 * 1024)
#endif

#define CF_ARENA_ALIGNMENT ((size_t)16)

struct cf_arena_block {
    struct cf_arena_block *next;
    size_t capacity;
    size_t used;
    _Alignas(16) uint8_t data[];
};

void cf_arena_init(struct cf_arena *arena, size_t size_max)
{
    *arena = (struct cf_arena){.size_max = size_max};
}

void cf_arena_clean_up(struct cf_arena *arena)
{
    while (arena->blocks != NULL) {
        struct cf_arena_block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    arena->size_total = 0;
}

void cf_arena_reset(struct cf_arena *arena)
{
    struct cf_arena_block *kept = arena->blocks;
    if (kept == NULL || kept->capacity != CF_ARENA_BLOCK_SIZE) {
        cf_arena_clean_up(arena);
        return;
    }
    arena->blocks = kept->next;
    cf_arena_clean_up(arena);
    kept->next = NULL;
    kept->used = 0;
    arena->blocks = kept;
}

void *cf_arena_allocate(struct cf_arena *arena, size_t size)
{
    CF_ASSERT(arena->size_total <= arena->size_max);
    if (size > arena->size_max - arena->size_total)
        return NULL;

    size_t rounded = (size + CF_ARENA_ALIGNMENT - 1) & ~(CF_ARENA_ALIGNMENT - 1);
    struct cf_arena_block *block = arena->blocks;
    if (block == NULL || block->capacity - block->used < rounded) {
        size_t capacity = rounded > CF_ARENA_BLOCK_SIZE ? rounded : CF_ARENA_BLOCK_SIZE;
        block = malloc(sizeof *block + capacity);
        if (block == NULL)
            return NULL;
        block->capacity = capacity;
        block->used = 0;
        block->next = arena->blocks;
        arena->blocks = block;
    }
    uint8_t *memory = block->data + block->used;
    memset(memory, 0, rounded);
    block->used += rounded;
    arena->size_total += size;
    return memory;
}

enum cf_status cf_arena_copy(struct cf_arena *arena, struct cf_bytes bytes,
                             struct cf_bytes *ret_copy)
{
    uint8_t *copy = cf_arena_allocate(arena, bytes.size + 1);
    if (copy == NULL)
        return arena->size_max - arena->size_total < bytes.size + 1 ? CF_NO_SPACE : CF_NO_MEMORY;
    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    *ret_copy = cf_bytes_from(copy, bytes.size);
    return CF_OK;
}
