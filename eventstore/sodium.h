/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_SODIUM_H
#define CF_EVENTSTORE_SODIUM_H

/*
 * Hashing, signing, sealing, randomness: the only door to libsodium.
 *
 * Call cf_sodium_init once before anything else here, from any thread. Everything else is thread-safe.
 */

#include "core/base/bytes.h"

#define CF_HASH_SIZE 32

struct cf_hash {
    uint8_t bytes[CF_HASH_SIZE];
};

/* Starts libsodium; ends the process where that fails (no entropy: nothing could be trusted). */
void cf_sodium_init(void);

/* SHA-256 (FIPS 180-4). */
void cf_sha256(struct cf_bytes input, struct cf_hash *ret_hash);

/* BLAKE2b, 16 bytes wide: a name of fixed size for bytes of any. */
#define CF_SHORT_HASH_SIZE 16
void cf_short_hash(struct cf_bytes input, uint8_t ret_hash[CF_SHORT_HASH_SIZE]);

/* Merkle hashes of RFC 6962 section 2.1: SHA-256(0x00 || data), SHA-256(0x01 || left || right). */
void cf_hash_leaf(struct cf_bytes data, struct cf_hash *ret_hash);
void cf_hash_node(const struct cf_hash *left, const struct cf_hash *right,
                  struct cf_hash *ret_hash);

/* Signatures: Ed25519 (RFC 8032, pure). A secret key is its 32-byte seed followed by the public key. */
#define CF_SIGN_SEED_SIZE 32
#define CF_SIGN_PUBLIC_SIZE 32
#define CF_SIGN_SECRET_SIZE 64
#define CF_SIGNATURE_SIZE 64

void cf_sign_keys_from_seed(const uint8_t seed[CF_SIGN_SEED_SIZE],
                            uint8_t ret_public[CF_SIGN_PUBLIC_SIZE],
                            uint8_t ret_secret[CF_SIGN_SECRET_SIZE]);
void cf_sign(const uint8_t secret[CF_SIGN_SECRET_SIZE], struct cf_bytes message,
             uint8_t ret_signature[CF_SIGNATURE_SIZE]);
bool cf_sign_verify(const uint8_t public_key[CF_SIGN_PUBLIC_SIZE], struct cf_bytes message,
                    const uint8_t signature[CF_SIGNATURE_SIZE]);

/* Base64, standard alphabet, padded. */
CF_MUST_CHECK enum cf_status cf_base64_append(struct cf_buf *buf, struct cf_bytes bytes);
/* The one canonical spelling only: INVALID for any other, NO_SPACE when it decodes to more than
 * size_max bytes. */
CF_MUST_CHECK enum cf_status cf_base64_decode(struct cf_bytes text, uint8_t *ret_bytes,
                                              size_t size_max, size_t *ret_size);

/* HMAC-SHA-256 (RFC 2104) with a key of any length. */
void cf_hmac_sha256(struct cf_bytes key, struct cf_bytes message, struct cf_hash *ret_tag);

/* Sealing: XChaCha20-Poly1305 (IETF). A nonce is used once per key; 24 random bytes are. */
#define CF_SEAL_KEY_SIZE 32
#define CF_SEAL_NONCE_SIZE 24
#define CF_SEAL_TAG_SIZE 16

/* Writes clear.size + CF_SEAL_TAG_SIZE bytes. */
void cf_seal(const uint8_t key[CF_SEAL_KEY_SIZE], const uint8_t nonce[CF_SEAL_NONCE_SIZE],
             struct cf_bytes additional, struct cf_bytes clear, uint8_t *ret_ciphertext);
/* Writes ciphertext.size - CF_SEAL_TAG_SIZE bytes; false (nothing of use is written) unless key, nonce
 * and additional data are those that it was sealed with and no bit is changed. */
bool cf_unseal(const uint8_t key[CF_SEAL_KEY_SIZE], const uint8_t nonce[CF_SEAL_NONCE_SIZE],
               struct cf_bytes additional, struct cf_bytes ciphertext, uint8_t *ret_clear);

/* Passwords: argon2id, about 50 ms and 64 MiB a call. The text holds salt and parameters. */
#define CF_PASSWORD_HASH_SIZE 128

CF_MUST_CHECK enum cf_status cf_password_hash(struct cf_bytes password,
                                              char ret_text[CF_PASSWORD_HASH_SIZE]);
bool cf_password_matches(const char text[CF_PASSWORD_HASH_SIZE], struct cf_bytes password);

/* Fills with random bytes. */
void cf_random(void *ret_bytes, size_t size);

/* Constant-time comparison of equal sizes. */
bool cf_secret_equal(const void *a, const void *b, size_t size);

/* Overwrites in a way that no compiler removes. */
void cf_secret_wipe(void *secret, size_t size);

#endif
