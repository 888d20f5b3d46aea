/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_TREE_H
#define CF_EVENTSTORE_TREE_H

/*
 * The Merkle tree of RFC 6962 (SHA-256): roots, inclusion and consistency proofs, and the verifiers
 * of RFC 9162.
 *
 * Node (level, index) covers the leaves [index·2^level, (index+1)·2^level) and is complete once the
 * last of them is there. Leaf `index` completes one node at each level 0 … trailing ones of
 * `index`. Complete nodes never change, so they are stored once; everything here reads only
 * complete nodes, through a function that the caller gives, and folds the ragged right edge itself.
 *
 * A verifier takes size and root from a signed checkpoint, never from the proof.
 */

#include "eventstore/sodium.h"

/* Leaves are counted in 64 bits, sizes stay below 2^63. */
#define CF_TREE_LEVELS 63
#define CF_PROOF_HASHES_MAX 64

/* The complete subtrees of a tree, one for each one bit of its size. All zero is the empty tree. */
struct cf_frontier {
    uint64_t size;
    struct cf_hash nodes[CF_TREE_LEVELS]; /* nodes[level] is set where bit `level` of size is */
};

/* Siblings, leaf to root. */
struct cf_proof {
    size_t count;
    struct cf_hash hashes[CF_PROOF_HASHES_MAX];
};

/* How many nodes the leaf at `index` completes, its own hash included. */
unsigned cf_tree_completed_count(uint64_t index);

/* Adds a leaf; writes the nodes it completes, level 0 first, to ret_nodes (room for
 * cf_tree_completed_count(size) of them). */
void cf_frontier_append(struct cf_frontier *frontier, const struct cf_hash *leaf,
                        struct cf_hash *ret_nodes);
/* As above, for who keeps no nodes. */
void cf_frontier_add(struct cf_frontier *frontier, const struct cf_hash *leaf);

/* The root of what was appended so far; of nothing, SHA-256(""). */
void cf_frontier_root(const struct cf_frontier *frontier, struct cf_hash *ret_root);

/* Where complete nodes come from. */
struct cf_tree_source {
    enum cf_status (*node)(void *context, unsigned level, uint64_t index, struct cf_hash *ret_hash,
                           struct cf_fault *reterr_fault);
    void *context; /* borrowed */
};

/* The frontier of the tree's first `size` leaves. */
CF_MUST_CHECK enum cf_status cf_tree_frontier(struct cf_tree_source source, uint64_t size,
                                              struct cf_frontier *ret_frontier,
                                              struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_tree_root(struct cf_tree_source source, uint64_t size,
                                          struct cf_hash *ret_root, struct cf_fault *reterr_fault);

/* PATH(index, D[0:size]); RANGE unless index < size. */
CF_MUST_CHECK enum cf_status cf_tree_prove_inclusion(struct cf_tree_source source, uint64_t index,
                                                     uint64_t size, struct cf_proof *ret_proof,
                                                     struct cf_fault *reterr_fault);

/* PROOF(size_old, D[0:size_new]), empty for equal sizes and for size_old 0; RANGE unless
 * size_old <= size_new. */
CF_MUST_CHECK enum cf_status cf_tree_prove_consistency(struct cf_tree_source source,
                                                       uint64_t size_old, uint64_t size_new,
                                                       struct cf_proof *ret_proof,
                                                       struct cf_fault *reterr_fault);

bool cf_tree_verify_inclusion(uint64_t index, uint64_t size, const struct cf_hash *leaf,
                              const struct cf_proof *proof, const struct cf_hash *root);

bool cf_tree_verify_consistency(uint64_t size_old, uint64_t size_new,
                                const struct cf_hash *root_old, const struct cf_hash *root_new,
                                const struct cf_proof *proof);

static inline bool cf_hash_equal(const struct cf_hash *a, const struct cf_hash *b)
{
    return memcmp(a->bytes, b->bytes, CF_HASH_SIZE) == 0;
}

#endif
