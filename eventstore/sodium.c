/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/sodium.h"

#include "core/base/assert.h"

#include <sodium.h>

_Static_assert(CF_HASH_SIZE == crypto_hash_sha256_BYTES, "a hash is a SHA-256 digest");

void cf_sodium_init(void)
{
    CF_ASSERT(sodium_init() >= 0);
}

void cf_sha256(struct cf_bytes input, struct cf_hash *ret_hash)
{
    crypto_hash_sha256(ret_hash->bytes, input.data, input.size);
}

void cf_hash_leaf(struct cf_bytes data, struct cf_hash *ret_hash)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t[]){0x00}, 1);
    crypto_hash_sha256_update(&state, data.data, data.size);
    crypto_hash_sha256_final(&state, ret_hash->bytes);
}

void cf_hash_node(const struct cf_hash *left, const struct cf_hash *right, struct cf_hash *ret_hash)
{
    uint8_t input[1 + 2 * CF_HASH_SIZE] = {0x01};
    memcpy(input + 1, left->bytes, CF_HASH_SIZE);
    memcpy(input + 1 + CF_HASH_SIZE, right->bytes, CF_HASH_SIZE);
    crypto_hash_sha256(ret_hash->bytes, input, sizeof input);
}

void cf_random(void *ret_bytes, size_t size)
{
    randombytes_buf(ret_bytes, size);
}

bool cf_secret_equal(const void *a, const void *b, size_t size)
{
    return sodium_memcmp(a, b, size) == 0;
}

void cf_secret_wipe(void *secret, size_t size)
{
    sodium_memzero(secret, size);
}
