/* SPDX-License-Identifier: Apache-2.0 */
/* Persons: their e-mail addresses, passwords, second factors. */
#include "eventstore/vault_private.h"

#include "core/base/assert.h"
#include "core/wire.h"

#include <ctype.h>

/* ---- E-mail addresses ---- */

/* Trims, lowers ASCII letters, and hashes with the vault's key. INVALID for what is no address. */
static enum cf_status blind(const struct cf_vault *vault, struct cf_bytes email,
                            struct cf_hash *ret_hash, struct cf_fault *reterr_fault)
{
    while (email.size > 0 && isspace(email.data[0]))
        email = cf_bytes_from(email.data + 1, email.size - 1);
    while (email.size > 0 && isspace(email.data[email.size - 1]))
        email.size--;
    uint8_t lowered[CF_VAULT_EMAIL_SIZE_MAX];
    size_t at_count = 0;
    if (email.size < 3 || email.size > sizeof lowered || email.data[0] == '@' ||
        email.data[email.size - 1] == '@')
        CF_FAIL(reterr_fault, CF_INVALID, "this is no e-mail address");
    for (size_t i = 0; i < email.size; i++) {
        uint8_t c = email.data[i];
        if (c <= ' ' || c == 0x7f)
            CF_FAIL(reterr_fault, CF_INVALID, "this is no e-mail address");
        at_count += c == '@';
        lowered[i] = c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
    }
    if (at_count != 1)
        CF_FAIL(reterr_fault, CF_INVALID, "this is no e-mail address");
    cf_hmac_sha256(cf_bytes_from(vault->blind_key, sizeof vault->blind_key),
                   cf_bytes_from(lowered, email.size), ret_hash);
    cf_secret_wipe(lowered, sizeof lowered);
    return CF_OK;
}

/* The address's row when it may be reserved (again) under this key: NOT_FOUND when it is free. */
static enum cf_status reserved(struct cf_vault *vault, const struct cf_hash *hash,
                               const uint8_t digest[16], struct cf_vault_holding *ret_holding,
                               struct cf_fault *reterr_fault)
{
    CF_TRY(cf_vault__holding_get(vault, CF_VAULT_KIND_EMAIL, hash, ret_holding, reterr_fault));
    if (memcmp(ret_holding->digest, digest, 16) != 0)
        CF_FAIL(reterr_fault, CF_CONFLICT, "the e-mail address is taken");
    return CF_OK;
}

enum cf_status cf_vault_reserve(struct cf_vault *vault, struct cf_bytes email, struct cf_bytes key,
                                int64_t now_us, struct cf_id *ret_subject_id,
                                struct cf_fault *reterr_fault)
{
    struct cf_vault_holding holding = {.kind = CF_VAULT_KIND_EMAIL,
                                       .label = CF_VAULT_EMAIL_NEW,
                                       .expires_us = now_us + CF_VAULT_RESERVATION_US};
    struct cf_vault_holding old;
    CF_TRY(blind(vault, email, &holding.hash, reterr_fault));
    cf_vault__digest(key, holding.digest);
    enum cf_status status = reserved(vault, &holding.hash, holding.digest, &old, reterr_fault);
    if (status == CF_OK) {
        *ret_subject_id = old.subject_id;
        return CF_OK;
    }
    if (status != CF_NOT_FOUND)
        return status;
    uint8_t random[CF_ID_RANDOM_SIZE];
    cf_random(random, sizeof random);
    holding.subject_id = cf_id_make(now_us, random);
    CF_TRY(cf_vault_key_make(vault, holding.subject_id, reterr_fault));
    CF_TRY(cf_vault__holding_put(vault, &holding, reterr_fault));
    *ret_subject_id = holding.subject_id;
    return CF_OK;
}

enum cf_status cf_vault_reserve_for(struct cf_vault *vault, struct cf_id subject_id,
                                    struct cf_bytes email, struct cf_bytes key, int64_t now_us,
                                    struct cf_fault *reterr_fault)
{
    struct cf_vault_holding holding = {.kind = CF_VAULT_KIND_EMAIL,
                                       .subject_id = subject_id,
                                       .label = CF_VAULT_EMAIL_ANOTHER,
                                       .expires_us = now_us + CF_VAULT_RESERVATION_US};
    struct cf_vault_holding old;
    struct cf_bytes row;
    enum cf_status status =
        cf_vault__get(vault, CF_VAULT_KEYS, cf_id_bytes(&subject_id), &row, reterr_fault);
    if (status == CF_NOT_FOUND)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "the vault has no key for the subject");
    CF_TRY(status);
    CF_TRY(blind(vault, email, &holding.hash, reterr_fault));
    cf_vault__digest(key, holding.digest);
    status = cf_vault__holding_get(vault, CF_VAULT_KIND_EMAIL, &holding.hash, &old, reterr_fault);
    if (status == CF_OK && !cf_id_equal(old.subject_id, subject_id))
        CF_FAIL(reterr_fault, CF_CONFLICT, "the e-mail address is taken");
    if (status == CF_OK && old.label == CF_VAULT_EMAIL_CONFIRMED)
        return CF_OK;
    if (status != CF_OK && status != CF_NOT_FOUND)
        return status;
    return cf_vault__holding_put(vault, &holding, reterr_fault);
}

enum cf_status cf_vault_find(struct cf_vault *vault, struct cf_bytes email,
                             struct cf_id *ret_subject_id, struct cf_fault *reterr_fault)
{
    struct cf_hash hash;
    struct cf_vault_holding holding;
    CF_TRY(blind(vault, email, &hash, reterr_fault));
    enum cf_status status =
        cf_vault__holding_get(vault, CF_VAULT_KIND_EMAIL, &hash, &holding, reterr_fault);
    if (status == CF_OK && holding.label != CF_VAULT_EMAIL_CONFIRMED)
        status = CF_NOT_FOUND;
    if (status == CF_NOT_FOUND)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "nobody has this e-mail address");
    CF_TRY(status);
    *ret_subject_id = holding.subject_id;
    return CF_OK;
}

enum cf_status cf_vault__email_confirm(struct cf_vault *vault, struct cf_id subject_id,
                                       struct cf_bytes email, struct cf_fault *reterr_fault)
{
    struct cf_vault_holding holding = {.kind = CF_VAULT_KIND_EMAIL, .subject_id = subject_id};
    struct cf_vault_holding old;
    CF_TRY(blind(vault, email, &holding.hash, reterr_fault));
    enum cf_status status =
        cf_vault__holding_get(vault, CF_VAULT_KIND_EMAIL, &holding.hash, &old, reterr_fault);
    if (status == CF_OK && !cf_id_equal(old.subject_id, subject_id))
        CF_FAIL(reterr_fault, CF_CONFLICT, "the e-mail address is somebody else's");
    if (status == CF_OK)
        memcpy(holding.digest, old.digest, sizeof holding.digest);
    else if (status != CF_NOT_FOUND)
        return status;
    holding.label = CF_VAULT_EMAIL_CONFIRMED;
    CF_TRY(cf_vault__holding_put(vault, &holding, reterr_fault));
    while ((status = cf_vault__holding_of(vault, subject_id, CF_VAULT_KIND_EMAIL, &holding.hash,
                                          &old, reterr_fault)) == CF_OK)
        CF_TRY(cf_vault__holding_remove(vault, &old, reterr_fault));
    return status == CF_NOT_FOUND ? CF_OK : status;
}

/* ---- Accounts: one sealed row a person ---- */

#define ACCOUNT_SIZE_MAX 512
#define RECOVERY_HASH_SIZE 16

enum totp_state { TOTP_NONE = 0, TOTP_BEGUN = 1, TOTP_ON = 2 };

struct account {
    char password[CF_PASSWORD_HASH_SIZE];
    uint64_t totp_state;
    uint8_t totp_secret[CF_TOTP_SECRET_SIZE];
    uint64_t totp_step; /* of the last code that counted */
    uint32_t recovery_count;
    uint8_t recovery[CF_VAULT_RECOVERY_CODES][RECOVERY_HASH_SIZE]; /* of the unused ones */
};

static enum cf_status account_encode(const struct account *account, uint8_t *bytes,
                                     size_t *ret_size)
{
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, ACCOUNT_SIZE_MAX);
    cf_wire_write_array(&writer, 5);
    cf_wire_write_text(&writer, cf_bytes_from_text(account->password));
    cf_wire_write_unsigned(&writer, account->totp_state);
    cf_wire_write_bytes(&writer, cf_bytes_from(account->totp_secret, CF_TOTP_SECRET_SIZE));
    cf_wire_write_unsigned(&writer, account->totp_step);
    cf_wire_write_bytes(&writer, cf_bytes_from(account->recovery, (size_t)account->recovery_count *
                                                                      RECOVERY_HASH_SIZE));
    *ret_size = writer.size;
    return cf_wire_writer_finish(&writer);
}

static enum cf_status account_decode(struct cf_bytes bytes, struct account *ret_account,
                                     struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(bytes, CF_WIRE_CANONICAL);
    struct cf_bytes password, secret, recovery;
    CF_TRY(cf_wire_expect_array(&cursor, 5, reterr_fault));
    CF_TRY(cf_wire_read_text(&cursor, CF_PASSWORD_HASH_SIZE - 1, &password, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(&cursor, TOTP_ON, &ret_account->totp_state, reterr_fault));
    CF_TRY(cf_wire_read_bytes(&cursor, CF_TOTP_SECRET_SIZE, &secret, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(&cursor, UINT64_MAX, &ret_account->totp_step, reterr_fault));
    CF_TRY(cf_wire_read_bytes(&cursor, sizeof ret_account->recovery, &recovery, reterr_fault));
    CF_TRY(cf_wire_finish(&cursor, reterr_fault));
    if (secret.size != CF_TOTP_SECRET_SIZE || recovery.size % RECOVERY_HASH_SIZE != 0)
        CF_FAIL(reterr_fault, CF_CORRUPT, "an account's row is damaged");
    memcpy(ret_account->password, password.data, password.size);
    memcpy(ret_account->totp_secret, secret.data, secret.size);
    memcpy(ret_account->recovery, recovery.data, recovery.size);
    ret_account->recovery_count = (uint32_t)(recovery.size / RECOVERY_HASH_SIZE);
    return CF_OK;
}

/* An all-zero account for a person who has none yet. Wipe it after use. */
static enum cf_status account_get(struct cf_vault *vault, struct cf_id subject_id,
                                  struct account *ret_account, struct cf_fault *reterr_fault)
{
    uint8_t key[CF_SEAL_KEY_SIZE], clear[ACCOUNT_SIZE_MAX];
    CF_TRY(cf_vault__subject_key(vault, subject_id, "account", key, reterr_fault));
    memset(ret_account, 0, sizeof *ret_account);
    struct cf_bytes row;
    enum cf_status status =
        cf_vault__get(vault, CF_VAULT_ACCOUNTS, cf_id_bytes(&subject_id), &row, reterr_fault);
    if (status == CF_OK) {
        size_t overhead = CF_SEAL_NONCE_SIZE + CF_SEAL_TAG_SIZE;
        bool opened =
            row.size >= overhead && row.size <= overhead + sizeof clear &&
            cf_unseal(key, row.data, cf_id_bytes(&subject_id),
                      cf_bytes_from(row.data + CF_SEAL_NONCE_SIZE, row.size - CF_SEAL_NONCE_SIZE),
                      clear);
        status = opened ? account_decode(cf_bytes_from(clear, row.size - overhead), ret_account,
                                         reterr_fault)
                        : cf_fault_set(reterr_fault, CF_CORRUPT, __FILE__, __LINE__,
                                       "an account's row does not open");
    } else if (status == CF_NOT_FOUND) {
        status = CF_OK;
    }
    cf_secret_wipe(key, sizeof key);
    cf_secret_wipe(clear, sizeof clear);
    return status;
}

static enum cf_status account_put(struct cf_vault *vault, struct cf_id subject_id,
                                  const struct account *account, struct cf_fault *reterr_fault)
{
    uint8_t key[CF_SEAL_KEY_SIZE], clear[ACCOUNT_SIZE_MAX];
    uint8_t row[CF_SEAL_NONCE_SIZE + ACCOUNT_SIZE_MAX + CF_SEAL_TAG_SIZE];
    size_t size = 0;
    CF_TRY(cf_vault__subject_key(vault, subject_id, "account", key, reterr_fault));
    CF_ASSERT(account_encode(account, clear, &size) == CF_OK);
    cf_random(row, CF_SEAL_NONCE_SIZE);
    cf_seal(key, row, cf_id_bytes(&subject_id), cf_bytes_from(clear, size),
            row + CF_SEAL_NONCE_SIZE);
    cf_secret_wipe(key, sizeof key);
    cf_secret_wipe(clear, sizeof clear);
    return cf_vault__put(vault, CF_VAULT_ACCOUNTS, cf_id_bytes(&subject_id),
                         cf_bytes_from(row, CF_SEAL_NONCE_SIZE + size + CF_SEAL_TAG_SIZE),
                         reterr_fault);
}

enum cf_status cf_vault_password_get(struct cf_vault *vault, struct cf_id subject_id,
                                     char ret_text[CF_PASSWORD_HASH_SIZE],
                                     struct cf_fault *reterr_fault)
{
    struct account account;
    CF_TRY(account_get(vault, subject_id, &account, reterr_fault));
    memcpy(ret_text, account.password, sizeof account.password);
    cf_secret_wipe(&account, sizeof account);
    return CF_OK;
}

enum cf_status cf_vault_password_set(struct cf_vault *vault, struct cf_id subject_id,
                                     const char text[CF_PASSWORD_HASH_SIZE],
                                     struct cf_fault *reterr_fault)
{
    struct account account;
    CF_TRY(account_get(vault, subject_id, &account, reterr_fault));
    memcpy(account.password, text, sizeof account.password);
    enum cf_status status = account_put(vault, subject_id, &account, reterr_fault);
    cf_secret_wipe(&account, sizeof account);
    return status;
}

enum cf_status cf_vault_totp_begin(struct cf_vault *vault, struct cf_id subject_id,
                                   char ret_secret[CF_TOTP_TEXT_SIZE],
                                   struct cf_fault *reterr_fault)
{
    struct account account;
    CF_TRY(account_get(vault, subject_id, &account, reterr_fault));
    enum cf_status status = CF_OK;
    if (account.totp_state == TOTP_ON) {
        status = cf_fault_set(reterr_fault, CF_CONFLICT, __FILE__, __LINE__,
                              "there is a second factor already");
    } else {
        account.totp_state = TOTP_BEGUN;
        account.totp_step = 0;
        cf_random(account.totp_secret, sizeof account.totp_secret);
        status = account_put(vault, subject_id, &account, reterr_fault);
    }
    if (status == CF_OK)
        status = cf_totp_print(account.totp_secret, ret_secret);
    cf_secret_wipe(&account, sizeof account);
    return status;
}

static void recovery_hash(struct cf_bytes code, uint8_t ret_hash[RECOVERY_HASH_SIZE])
{
    cf_vault__digest(code, ret_hash);
}

/* Fifteen characters of 32 are 75 random bits: a plain hash of them cannot be searched. */
static void make_recovery_code(char ret_code[CF_VAULT_RECOVERY_SIZE])
{
    static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789+";
    uint8_t random[CF_VAULT_RECOVERY_SIZE - 1];
    cf_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        ret_code[i] = i % 6 == 5 ? '-' : alphabet[random[i] % 32];
    ret_code[CF_VAULT_RECOVERY_SIZE - 1] = '\0';
}

enum cf_status cf_vault_totp_confirm(
    struct cf_vault *vault, struct cf_id subject_id, struct cf_bytes code, int64_t now_us,
    char ret_codes[CF_VAULT_RECOVERY_CODES][CF_VAULT_RECOVERY_SIZE], struct cf_fault *reterr_fault)
{
    struct account account;
    CF_TRY(account_get(vault, subject_id, &account, reterr_fault));
    enum cf_status status = CF_OK;
    if (account.totp_state != TOTP_BEGUN ||
        !cf_totp_check(account.totp_secret, now_us, account.totp_step, code, &account.totp_step)) {
        status = cf_fault_set(reterr_fault, CF_DENIED, __FILE__, __LINE__,
                              "the code does not confirm a second factor");
    } else {
        account.totp_state = TOTP_ON;
        account.recovery_count = CF_VAULT_RECOVERY_CODES;
        for (size_t i = 0; i < CF_VAULT_RECOVERY_CODES; i++) {
            make_recovery_code(ret_codes[i]);
            recovery_hash(cf_bytes_from_text(ret_codes[i]), account.recovery[i]);
        }
        status = account_put(vault, subject_id, &account, reterr_fault);
    }
    cf_secret_wipe(&account, sizeof account);
    return status;
}

enum cf_status cf_vault_totp_disable(struct cf_vault *vault, struct cf_id subject_id,
                                     struct cf_fault *reterr_fault)
{
    struct account account;
    CF_TRY(account_get(vault, subject_id, &account, reterr_fault));
    account.totp_state = TOTP_NONE;
    account.totp_step = 0;
    account.recovery_count = 0;
    cf_secret_wipe(account.totp_secret, sizeof account.totp_secret);
    cf_secret_wipe(account.recovery, sizeof account.recovery);
    enum cf_status status = account_put(vault, subject_id, &account, reterr_fault);
    cf_secret_wipe(&account, sizeof account);
    return status;
}

/* True when it was there; it is then used up. */
static bool recovery_use(struct account *account, struct cf_bytes code)
{
    uint8_t hash[RECOVERY_HASH_SIZE];
    recovery_hash(code, hash);
    for (uint32_t i = 0; i < account->recovery_count; i++) {
        if (cf_secret_equal(account->recovery[i], hash, sizeof hash)) {
            account->recovery_count--;
            memmove(account->recovery[i], account->recovery[account->recovery_count],
                    RECOVERY_HASH_SIZE);
            return true;
        }
    }
    return false;
}

enum cf_status cf_vault_second_factor(struct cf_vault *vault, struct cf_id subject_id,
                                      struct cf_bytes code, int64_t now_us,
                                      struct cf_fault *reterr_fault)
{
    struct account account;
    CF_TRY(account_get(vault, subject_id, &account, reterr_fault));
    enum cf_status status = CF_OK;
    if (account.totp_state != TOTP_ON)
        status = CF_OK;
    else if (code.size == 0)
        status =
            cf_fault_set(reterr_fault, CF_RETRY, __FILE__, __LINE__, "a second factor is needed");
    else if (cf_totp_check(account.totp_secret, now_us, account.totp_step, code,
                           &account.totp_step) ||
             recovery_use(&account, code))
        status = account_put(vault, subject_id, &account, reterr_fault);
    else
        status = cf_fault_set(reterr_fault, CF_DENIED, __FILE__, __LINE__,
                              "the second factor is wrong or was used before");
    cf_secret_wipe(&account, sizeof account);
    return status;
}
