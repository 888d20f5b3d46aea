/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_KEEPER_CACHE_H
#define CF_EVENTSTORE_KEEPER_CACHE_H

/* Opened texts of a process, by subject and sealed bytes. Thread-safe. Included by the client
 * alone. */

#include "core/base/bytes.h"
#include "core/id.h"

struct cf_keeper_cache;

/* NULL without memory. */
struct cf_keeper_cache *cf_keeper_cache_new(void);
void cf_keeper_cache_destroy(struct cf_keeper_cache *cache);

/* Appends the clear text. NOT_FOUND, NO_SPACE, NO_MEMORY. */
enum cf_status cf_keeper_cache_get(struct cf_keeper_cache *cache, struct cf_id subject_id,
                                   struct cf_bytes sealed, struct cf_buf *clear);

/* Counts the forgets; taken before the keeper is asked. */
uint64_t cf_keeper_cache_generation(struct cf_keeper_cache *cache);

/* Keeps a text, if it is not too long and nothing was forgotten since `generation`. */
void cf_keeper_cache_put(struct cf_keeper_cache *cache, uint64_t generation,
                         struct cf_id subject_id, struct cf_bytes sealed, struct cf_bytes clear);

void cf_keeper_cache_forget(struct cf_keeper_cache *cache, struct cf_id subject_id);

/* Drops everything, and keeps nothing until it is opened. A new cache is closed. */
void cf_keeper_cache_close(struct cf_keeper_cache *cache);
void cf_keeper_cache_open(struct cf_keeper_cache *cache);

#endif
