/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: roots and proofs are those of RFC 6962, and the verifiers of RFC 9162 accept exactly
 * them. Shown: on the published vectors, and on all trees up to 70 leaves against a recursive
 * definition written straight from the RFC; every proof with one bit, one hash or one number
 * changed is refused.
 */
#include "core/base/hex.h"
#include "eventstore/tree.h"
#include "tests/support/cmocka.h"

#define LEAVES 70

static struct cf_hash stored[8][LEAVES]; /* complete nodes [level][index] */
static struct cf_hash leaves[LEAVES];

static enum cf_status stored_node(void *context, unsigned level, uint64_t index,
                                  struct cf_hash *ret_hash, struct cf_fault *reterr_fault)
{
    (void)reterr_fault;
    size_t *reads = context;
    *reads += 1;
    assert_true((index + 1) << level <= LEAVES);
    *ret_hash = stored[level][index];
    return CF_OK;
}

static size_t reads;
static const struct cf_tree_source source = {.node = stored_node, .context = &reads};

/* MTH of RFC 6962, section 2.1. */
static struct cf_hash definition(size_t begin, size_t end)
{
    struct cf_hash hash;
    if (end - begin == 0) {
        cf_sha256((struct cf_bytes){0}, &hash);
    } else if (end - begin == 1) {
        hash = leaves[begin];
    } else {
        size_t half = 1;
        while (half * 2 < end - begin)
            half *= 2;
        struct cf_hash left = definition(begin, begin + half),
                       right = definition(begin + half, end);
        cf_hash_node(&left, &right, &hash);
    }
    return hash;
}

static void grow(const struct cf_bytes *inputs, size_t count)
{
    struct cf_frontier frontier = {0};
    for (size_t i = 0; i < count; i++) {
        struct cf_hash nodes[CF_TREE_LEVELS + 1];
        cf_hash_leaf(inputs[i], &leaves[i]);
        unsigned completed = cf_tree_completed_count(i);
        cf_frontier_append(&frontier, &leaves[i], nodes);
        for (unsigned level = 0; level < completed; level++)
            stored[level][i >> level] = nodes[level];
    }
}

static void assert_hex(const struct cf_hash *hash, const char *expected)
{
    char text[2 * CF_HASH_SIZE + 1];
    cf_hex_print(cf_bytes_from(hash->bytes, CF_HASH_SIZE), text);
    text[strlen(expected)] = '\0';
    assert_string_equal(text, expected);
}

static const struct cf_bytes vector_inputs[] = {
    CF_BYTES_LITERAL(""),
    CF_BYTES_LITERAL("\x00"),
    CF_BYTES_LITERAL("\x10"),
    CF_BYTES_LITERAL("\x20\x21"),
    CF_BYTES_LITERAL("\x30\x31"),
    CF_BYTES_LITERAL("\x40\x41\x42\x43"),
    CF_BYTES_LITERAL("\x50\x51\x52\x53\x54\x55\x56\x57"),
    CF_BYTES_LITERAL("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
};

static void test_tree__roots_are_the_published_ones(void **state)
{
    (void)state;
    static const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    static const char *const leaf_hashes[] = {
        "6e340b9c",
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
        "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
    };
    struct cf_frontier frontier = {0};
    for (size_t size = 0;; size++) {
        struct cf_hash root;
        cf_frontier_root(&frontier, &root);
        assert_hex(&root, roots[size]);
        if (size == 8)
            break;
        struct cf_hash leaf;
        cf_hash_leaf(vector_inputs[size], &leaf);
        assert_hex(&leaf, leaf_hashes[size]);
        cf_frontier_add(&frontier, &leaf);
    }
}

static void assert_proof(const struct cf_proof *proof, const char *const *expected, size_t count)
{
    assert_int_equal(proof->count, count);
    for (size_t i = 0; i < count; i++)
        assert_hex(&proof->hashes[i], expected[i]);
}

static void test_tree__proofs_are_the_published_ones(void **state)
{
    (void)state;
    grow(vector_inputs, 8);
    struct cf_proof proof;
    assert_int_equal(cf_tree_prove_inclusion(source, 5, 8, &proof, NULL), CF_OK);
    assert_proof(
        &proof,
        (const char *[]){"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                         "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        3);
    assert_int_equal(cf_tree_prove_consistency(source, 6, 8, &proof, NULL), CF_OK);
    assert_proof(
        &proof,
        (const char *[]){"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                         "ca854ea1", "d37ee418"},
        3);
    assert_int_equal(cf_tree_prove_consistency(source, 3, 7, &proof, NULL), CF_OK);
    assert_proof(
        &proof,
        (const char *[]){"0298d122", "07506a85", "fac54203",
                         "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e"},
        4);
}

static void grow_numbers(void)
{
    struct cf_bytes inputs[LEAVES];
    uint8_t numbers[LEAVES];
    for (size_t i = 0; i < LEAVES; i++) {
        numbers[i] = (uint8_t)i;
        inputs[i] = cf_bytes_from(&numbers[i], 1);
    }
    grow(inputs, LEAVES);
}

static void test_tree__inclusion_holds_for_its_own_leaf_alone(void **state)
{
    (void)state;
    grow_numbers();
    for (uint64_t size = 1; size <= LEAVES; size++) {
        struct cf_hash root = definition(0, size), stored_root;
        assert_int_equal(cf_tree_root(source, size, &stored_root, NULL), CF_OK);
        assert_true(cf_hash_equal(&root, &stored_root));
        for (uint64_t index = 0; index < size; index++) {
            struct cf_proof proof;
            reads = 0;
            assert_int_equal(cf_tree_prove_inclusion(source, index, size, &proof, NULL), CF_OK);
            assert_true(reads <= 2 * 7);
            assert_true(cf_tree_verify_inclusion(index, size, &leaves[index], &proof, &root));
            for (uint64_t other = 0; other < size; other++) {
                bool same = other == index;
                assert_int_equal(
                    cf_tree_verify_inclusion(index, size, &leaves[other], &proof, &root), same);
            }
            for (size_t i = 0; i < proof.count; i++) {
                proof.hashes[i].bytes[i] ^= 1;
                assert_false(cf_tree_verify_inclusion(index, size, &leaves[index], &proof, &root));
                proof.hashes[i].bytes[i] ^= 1;
            }
            proof.hashes[proof.count++] = root;
            assert_false(cf_tree_verify_inclusion(index, size, &leaves[index], &proof, &root));
            if (proof.count >= 2) {
                proof.count -= 2;
                assert_false(cf_tree_verify_inclusion(index, size, &leaves[index], &proof, &root));
            }
        }
        struct cf_proof proof;
        assert_int_equal(cf_tree_prove_inclusion(source, size, size, &proof, NULL), CF_RANGE);
    }
}

static void test_tree__consistency_holds_for_its_own_prefix_alone(void **state)
{
    (void)state;
    grow_numbers();
    for (uint64_t size_new = 0; size_new <= LEAVES; size_new++) {
        struct cf_hash root_new = definition(0, size_new);
        for (uint64_t size_old = 0; size_old <= size_new; size_old++) {
            struct cf_hash root_old = definition(0, size_old);
            struct cf_proof proof;
            assert_int_equal(cf_tree_prove_consistency(source, size_old, size_new, &proof, NULL),
                             CF_OK);
            assert_true(
                cf_tree_verify_consistency(size_old, size_new, &root_old, &root_new, &proof));
            if (size_old == 0)
                continue; /* the empty tree is a prefix of everything, whatever its root is called
                           */
            struct cf_hash forged = root_old;
            forged.bytes[7] ^= 0x80;
            assert_false(
                cf_tree_verify_consistency(size_old, size_new, &forged, &root_new, &proof));
            if (size_old == size_new)
                continue;
            for (size_t i = 0; i < proof.count; i++) {
                proof.hashes[i].bytes[31] ^= 1;
                assert_false(
                    cf_tree_verify_consistency(size_old, size_new, &root_old, &root_new, &proof));
                proof.hashes[i].bytes[31] ^= 1;
            }
            assert_int_equal(proof.count > 0, true);
            proof.count--;
            assert_false(
                cf_tree_verify_consistency(size_old, size_new, &root_old, &root_new, &proof));
        }
        struct cf_proof proof;
        assert_int_equal(cf_tree_prove_consistency(source, size_new + 1, size_new, &proof, NULL),
                         CF_RANGE);
    }
}

int main(void)
{
    cf_sodium_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tree__roots_are_the_published_ones),
        cmocka_unit_test(test_tree__proofs_are_the_published_ones),
        cmocka_unit_test(test_tree__inclusion_holds_for_its_own_leaf_alone),
        cmocka_unit_test(test_tree__consistency_holds_for_its_own_prefix_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
