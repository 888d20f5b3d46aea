/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_NODE_CACHE_H
#define CF_EVENTSTORE_NODE_CACHE_H

/*
 * Upper nodes of a log's tree, kept in memory once they were read: a proof needs one node of each level,
 * and in a large log each lies in a page of its own. The lowest levels are not kept: there are too many
 * of them, and they lie beside each other in the log.
 *
 * Complete nodes never change (tree.h), so what is here is true for ever, and nothing has to be taken
 * out. Of two nodes that want the same place the upper one has it: more proofs need it.
 *
 * About 2.5 MiB, which only a process that proves touches. Any thread, at any time.
 */

#include "eventstore/tree.h"

struct cf_node_cache;

/* NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_node_cache_make(struct cf_node_cache **ret_cache,
                                                struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_node_cache_free(struct cf_node_cache *cache);

/* Node (level, index) as in tree.h. False: not here. */
bool cf_node_cache_get(struct cf_node_cache *cache, unsigned level, uint64_t index,
                       struct cf_hash *ret_hash);
void cf_node_cache_put(struct cf_node_cache *cache, unsigned level, uint64_t index,
                       const struct cf_hash *hash);

#endif
