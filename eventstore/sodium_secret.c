/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/sodium.h"

#include "core/base/assert.h"

#include <sodium.h>

_Static_assert(CF_SEAL_KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a key");
_Static_assert(CF_SEAL_NONCE_SIZE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, "a nonce");
_Static_assert(CF_SEAL_TAG_SIZE == crypto_aead_xchacha20poly1305_ietf_ABYTES, "a tag");
_Static_assert(CF_PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "a password's hash");

void cf_seal(const uint8_t key[CF_SEAL_KEY_SIZE], const uint8_t nonce[CF_SEAL_NONCE_SIZE],
             struct cf_bytes additional, struct cf_bytes clear, uint8_t *ret_ciphertext)
{
    unsigned long long size = 0;
    CF_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(ret_ciphertext, &size, clear.data,
                                                         clear.size, additional.data,
                                                         additional.size, NULL, nonce, key) == 0);
    CF_ASSERT(size == clear.size + CF_SEAL_TAG_SIZE);
}

bool cf_unseal(const uint8_t key[CF_SEAL_KEY_SIZE], const uint8_t nonce[CF_SEAL_NONCE_SIZE],
               struct cf_bytes additional, struct cf_bytes ciphertext, uint8_t *ret_clear)
{
    return ciphertext.size >= CF_SEAL_TAG_SIZE &&
           crypto_aead_xchacha20poly1305_ietf_decrypt(ret_clear, NULL, NULL, ciphertext.data,
                                                      ciphertext.size, additional.data,
                                                      additional.size, nonce, key) == 0;
}

enum cf_status cf_password_hash(struct cf_bytes password, char ret_text[CF_PASSWORD_HASH_SIZE])
{
    int failed = crypto_pwhash_str_alg(
        ret_text, (const char *)password.data, password.size, crypto_pwhash_OPSLIMIT_INTERACTIVE,
        crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
    return failed ? CF_NO_MEMORY : CF_OK;
}

bool cf_password_matches(const char text[CF_PASSWORD_HASH_SIZE], struct cf_bytes password)
{
    return crypto_pwhash_str_verify(text, (const char *)password.data, password.size) == 0;
}
