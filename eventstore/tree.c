/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/tree.h"

#include "core/base/assert.h"

unsigned cf_tree_completed_count(uint64_t index)
{
    CF_ASSERT(index < (uint64_t)1 << CF_TREE_LEVELS);
    return (unsigned)__builtin_ctzll(index + 1) + 1;
}

void cf_frontier_append(struct cf_frontier *frontier, const struct cf_hash *leaf,
                        struct cf_hash *ret_nodes)
{
    unsigned count = cf_tree_completed_count(frontier->size);
    ret_nodes[0] = *leaf;
    for (unsigned level = 1; level < count; level++)
        cf_hash_node(&frontier->nodes[level - 1], &ret_nodes[level - 1], &ret_nodes[level]);
    frontier->nodes[count - 1] = ret_nodes[count - 1];
    frontier->size++;
}

void cf_frontier_add(struct cf_frontier *frontier, const struct cf_hash *leaf)
{
    struct cf_hash nodes[CF_TREE_LEVELS + 1];
    cf_frontier_append(frontier, leaf, nodes);
}

/* Folds the complete subtrees below `level_end`, the smallest (rightmost) first. Returns whether
 * there was any. */
static bool fold(const struct cf_frontier *frontier, unsigned level_end, struct cf_hash *ret_hash)
{
    bool started = false;
    for (unsigned level = 0; level < level_end; level++) {
        if ((frontier->size >> level & 1) == 0)
            continue;
        if (started)
            cf_hash_node(&frontier->nodes[level], ret_hash, ret_hash);
        else
            *ret_hash = frontier->nodes[level];
        started = true;
    }
    return started;
}

void cf_frontier_root(const struct cf_frontier *frontier, struct cf_hash *ret_root)
{
    if (!fold(frontier, CF_TREE_LEVELS, ret_root))
        cf_sha256((struct cf_bytes){0}, ret_root);
}

/* The largest power of two strictly below n, as an exponent; n > 1. */
static unsigned split_level(uint64_t n)
{
    CF_ASSERT(n > 1);
    return 63 - (unsigned)__builtin_clzll(n - 1);
}

/* MTH(D[begin:begin+size]), where begin is a multiple of the smallest power of two >= size.
 * Complete subtrees come from the source; the ragged rest is folded. */
static enum cf_status range_hash(struct cf_tree_source source, uint64_t begin, uint64_t size,
                                 struct cf_hash *ret_hash, struct cf_fault *reterr_fault)
{
    CF_ASSERT(size > 0);
    struct cf_frontier part = {.size = size};
    uint64_t position = begin;
    for (unsigned level = CF_TREE_LEVELS; level-- > 0;) {
        if ((size >> level & 1) == 0)
            continue;
        CF_TRY(source.node(source.context, level, position >> level, &part.nodes[level],
                           reterr_fault));
        position += (uint64_t)1 << level;
    }
    CF_ASSERT(fold(&part, CF_TREE_LEVELS, ret_hash));
    return CF_OK;
}

enum cf_status cf_tree_frontier(struct cf_tree_source source, uint64_t size,
                                struct cf_frontier *ret_frontier, struct cf_fault *reterr_fault)
{
    struct cf_frontier frontier = {.size = size};
    uint64_t position = 0;
    for (unsigned level = CF_TREE_LEVELS; level-- > 0;) {
        if ((size >> level & 1) == 0)
            continue;
        CF_TRY(source.node(source.context, level, position >> level, &frontier.nodes[level],
                           reterr_fault));
        position += (uint64_t)1 << level;
    }
    *ret_frontier = frontier;
    return CF_OK;
}

enum cf_status cf_tree_root(struct cf_tree_source source, uint64_t size, struct cf_hash *ret_root,
                            struct cf_fault *reterr_fault)
{
    struct cf_frontier frontier;
    CF_TRY(cf_tree_frontier(source, size, &frontier, reterr_fault));
    cf_frontier_root(&frontier, ret_root);
    return CF_OK;
}

static void reverse(struct cf_proof *proof)
{
    for (size_t i = 0; i < proof->count / 2; i++) {
        struct cf_hash hash = proof->hashes[i];
        proof->hashes[i] = proof->hashes[proof->count - 1 - i];
        proof->hashes[proof->count - 1 - i] = hash;
    }
}

static struct cf_hash *next(struct cf_proof *proof)
{
    CF_ASSERT(proof->count < CF_PROOF_HASHES_MAX);
    return &proof->hashes[proof->count++];
}

enum cf_status cf_tree_prove_inclusion(struct cf_tree_source source, uint64_t index, uint64_t size,
                                       struct cf_proof *ret_proof, struct cf_fault *reterr_fault)
{
    if (index >= size)
        CF_FAIL(reterr_fault, CF_RANGE, "the tree has no such leaf");
    /* Walks from the root down to the leaf, so the siblings come in reverse. */
    struct cf_proof proof = {0};
    uint64_t begin = 0;
    while (size > 1) {
        unsigned level = split_level(size);
        uint64_t half = (uint64_t)1 << level;
        if (index - begin < half) {
            CF_TRY(range_hash(source, begin + half, size - half, next(&proof), reterr_fault));
            size = half;
        } else {
            CF_TRY(source.node(source.context, level, begin >> level, next(&proof), reterr_fault));
            begin += half;
            size -= half;
        }
    }
    reverse(&proof);
    *ret_proof = proof;
    return CF_OK;
}

enum cf_status cf_tree_prove_consistency(struct cf_tree_source source, uint64_t size_old,
                                         uint64_t size_new, struct cf_proof *ret_proof,
                                         struct cf_fault *reterr_fault)
{
    if (size_old > size_new)
        CF_FAIL(reterr_fault, CF_RANGE, "the tree was never that large");
    struct cf_proof proof = {0};
    uint64_t begin = 0, size = size_new;
    bool whole = true; /* the old tree is D[begin:size_old] and its root is known to the verifier */
    while (size_old > 0 && size_old - begin < size) {
        unsigned level = split_level(size);
        uint64_t half = (uint64_t)1 << level;
        if (size_old - begin <= half) {
            CF_TRY(range_hash(source, begin + half, size - half, next(&proof), reterr_fault));
            size = half;
        } else {
            CF_TRY(source.node(source.context, level, begin >> level, next(&proof), reterr_fault));
            begin += half;
            size -= half;
            whole = false;
        }
    }
    if (!whole)
        CF_TRY(range_hash(source, begin, size, next(&proof), reterr_fault));
    reverse(&proof);
    *ret_proof = proof;
    return CF_OK;
}

bool cf_tree_verify_inclusion(uint64_t index, uint64_t size, const struct cf_hash *leaf,
                              const struct cf_proof *proof, const struct cf_hash *root)
{
    if (index >= size)
        return false;
    uint64_t fn = index, sn = size - 1;
    struct cf_hash hash = *leaf;
    for (size_t i = 0; i < proof->count; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            cf_hash_node(&proof->hashes[i], &hash, &hash);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            cf_hash_node(&hash, &proof->hashes[i], &hash);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && cf_hash_equal(&hash, root);
}

bool cf_tree_verify_consistency(uint64_t size_old, uint64_t size_new,
                                const struct cf_hash *root_old, const struct cf_hash *root_new,
                                const struct cf_proof *proof)
{
    if (size_old > size_new)
        return false;
    if (size_old == size_new)
        return proof->count == 0 && cf_hash_equal(root_old, root_new);
    if (size_old == 0)
        return proof->count == 0;

    /* A power of two is a complete node: its root begins the proof and is not sent. */
    bool complete = (size_old & (size_old - 1)) == 0;
    if (!complete && proof->count == 0)
        return false;
    uint64_t fn = size_old - 1, sn = size_new - 1;
    while ((fn & 1) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    struct cf_hash fr = complete ? *root_old : proof->hashes[0];
    struct cf_hash sr = fr;
    for (size_t i = complete ? 0 : 1; i < proof->count; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) != 0 || fn == sn) {
            cf_hash_node(&proof->hashes[i], &fr, &fr);
            cf_hash_node(&proof->hashes[i], &sr, &sr);
            while ((fn & 1) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            cf_hash_node(&sr, &proof->hashes[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && cf_hash_equal(&fr, root_old) && cf_hash_equal(&sr, root_new);
}
