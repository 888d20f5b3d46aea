/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/sodium.h"

#include "core/base/assert.h"
#include "core/base/base64.h"

#include <sodium.h>

_Static_assert(CF_HASH_SIZE == crypto_hash_sha256_BYTES, "a hash is a SHA-256 digest");
_Static_assert(CF_SIGN_SEED_SIZE == crypto_sign_SEEDBYTES, "an Ed25519 seed");
_Static_assert(CF_SIGN_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "an Ed25519 public key");
_Static_assert(CF_SIGN_SECRET_SIZE == crypto_sign_SECRETKEYBYTES, "an Ed25519 secret key");
_Static_assert(CF_SIGNATURE_SIZE == crypto_sign_BYTES, "an Ed25519 signature");

void cf_sodium_init(void)
{
    CF_ASSERT(sodium_init() >= 0);
}

void cf_sha256(struct cf_bytes input, struct cf_hash *ret_hash)
{
    crypto_hash_sha256(ret_hash->bytes, input.data, input.size);
}

void cf_short_hash(struct cf_bytes input, uint8_t ret_hash[CF_SHORT_HASH_SIZE])
{
    crypto_generichash(ret_hash, CF_SHORT_HASH_SIZE, input.data, input.size, NULL, 0);
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

void cf_sign_keys_from_seed(const uint8_t seed[CF_SIGN_SEED_SIZE],
                            uint8_t ret_public[CF_SIGN_PUBLIC_SIZE],
                            uint8_t ret_secret[CF_SIGN_SECRET_SIZE])
{
    CF_ASSERT(crypto_sign_seed_keypair(ret_public, ret_secret, seed) == 0);
}

void cf_sign(const uint8_t secret[CF_SIGN_SECRET_SIZE], struct cf_bytes message,
             uint8_t ret_signature[CF_SIGNATURE_SIZE])
{
    CF_ASSERT(crypto_sign_detached(ret_signature, NULL, message.data, message.size, secret) == 0);
}

bool cf_sign_verify(const uint8_t public_key[CF_SIGN_PUBLIC_SIZE], struct cf_bytes message,
                    const uint8_t signature[CF_SIGNATURE_SIZE])
{
    return crypto_sign_verify_detached(signature, message.data, message.size, public_key) == 0;
}

enum cf_status cf_base64_append(struct cf_buf *buf, struct cf_bytes bytes)
{
    /* The encoded length counts a NUL, which needs room but is not kept. */
    size_t length = sodium_base64_encoded_len(bytes.size, sodium_base64_VARIANT_ORIGINAL);
    CF_TRY(cf_buf_reserve(buf, length));
    sodium_bin2base64((char *)buf->data + buf->size, length, bytes.data, bytes.size,
                      sodium_base64_VARIANT_ORIGINAL);
    buf->size += length - 1;
    return CF_OK;
}

enum cf_status cf_base64_decode(struct cf_bytes text, uint8_t *ret_bytes, size_t size_max,
                                size_t *ret_size)
{
    if (text.size % 4 != 0)
        return CF_INVALID;
    size_t padding = 0;
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
        padding++;
    if (text.size / 4 * 3 - padding > size_max)
        return CF_NO_SPACE;
    /* Not sodium_base642bin: 1.0.18 takes some bytes past 0x7f for letters. */
    return cf_base64_parse(text, ret_bytes, ret_size);
}

void cf_hmac_sha256(struct cf_bytes key, struct cf_bytes message, struct cf_hash *ret_tag)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.data, key.size);
    crypto_auth_hmacsha256_update(&state, message.data, message.size);
    crypto_auth_hmacsha256_final(&state, ret_tag->bytes);
    cf_secret_wipe(&state, sizeof state);
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
