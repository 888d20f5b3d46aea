/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/keeper_operation.h"

#include "core/base/assert.h"
#include "eventstore/bus.h"

#define TEXT_SIZE_MAX 1024
#define FIELDS_MAX 256

/* ---- Arguments ---- */

static enum cf_status malformed(struct cf_keeper_turn *turn, enum cf_status status)
{
    if (status != CF_OK)
        turn->malformed = true;
    return status;
}

static enum cf_status read_bytes(struct cf_keeper_turn *turn, size_t size_max,
                                 struct cf_bytes *ret_bytes)
{
    enum cf_wire_kind kind = cf_wire_peek(turn->arguments);
    if (kind == CF_WIRE_TEXT)
        return malformed(turn,
                         cf_wire_read_text(turn->arguments, size_max, ret_bytes, turn->fault));
    return malformed(turn, cf_wire_read_bytes(turn->arguments, size_max, ret_bytes, turn->fault));
}

static enum cf_status read_id(struct cf_keeper_turn *turn, struct cf_id *ret_id)
{
    struct cf_bytes bytes;
    CF_TRY(read_bytes(turn, CF_ID_SIZE, &bytes));
    if (bytes.size != CF_ID_SIZE)
        return malformed(turn, CF_INVALID);
    memcpy(ret_id->bytes, bytes.data, CF_ID_SIZE);
    return malformed(turn, cf_id_is_zero(*ret_id) ? CF_INVALID : CF_OK);
}

static enum cf_status read_number(struct cf_keeper_turn *turn, uint64_t max, uint64_t *ret_number)
{
    return malformed(turn, cf_wire_read_unsigned(turn->arguments, max, ret_number, turn->fault));
}

static enum cf_status read_bool(struct cf_keeper_turn *turn, bool *ret_value)
{
    return malformed(turn, cf_wire_read_bool(turn->arguments, ret_value, turn->fault));
}

static enum cf_status read_array(struct cf_keeper_turn *turn, uint32_t max, uint32_t *ret_count)
{
    return malformed(turn, cf_wire_read_array(turn->arguments, max, ret_count, turn->fault));
}

static enum cf_status expect_array(struct cf_keeper_turn *turn, uint32_t count)
{
    return malformed(turn, cf_wire_expect_array(turn->arguments, count, turn->fault));
}

static void write_id(struct cf_keeper_turn *turn, struct cf_id id)
{
    cf_wire_write_bytes(turn->results, cf_id_bytes(&id));
}

/* ---- Sealing ---- */

static enum cf_status run_seal(struct cf_keeper_turn *turn)
{
    struct cf_vault_field field;
    bool make_key;
    uint32_t count;
    CF_TRY(read_id(turn, &field.subject_id));
    CF_TRY(read_bool(turn, &make_key));
    CF_TRY(read_bytes(turn, CF_IDEMPOTENCY_KEY_SIZE_MAX, &field.key));
    CF_TRY(read_array(turn, FIELDS_MAX, &count));
    enum cf_status status = CF_OK;
    if (make_key)
        status = cf_vault_key_make(turn->vault, field.subject_id, turn->fault);
    struct cf_buf sealed;
    cf_buf_init(&sealed, CF_BUS_MESSAGE_SIZE_MAX + CF_VAULT_SEAL_OVERHEAD);
    cf_wire_write_array(turn->results, count);
    for (uint32_t i = 0; i < count && !turn->malformed; i++) {
        struct cf_bytes clear;
        uint8_t tag[CF_VAULT_TAG_SIZE];
        if (expect_array(turn, 2) != CF_OK ||
            read_bytes(turn, TEXT_SIZE_MAX, &field.name) != CF_OK ||
            read_bytes(turn, CF_BUS_MESSAGE_SIZE_MAX, &clear) != CF_OK)
            break;
        cf_buf_clear(&sealed);
        if (status == CF_OK)
            status = cf_vault_seal(turn->vault, &field, clear, &sealed, tag, turn->fault);
        if (status != CF_OK)
            continue; /* the arguments are read to their end */
        cf_wire_write_array(turn->results, 2);
        cf_wire_write_bytes(turn->results, cf_buf_bytes(&sealed));
        cf_wire_write_bytes(turn->results, cf_bytes_from(tag, sizeof tag));
    }
    cf_buf_clean_up(&sealed);
    return turn->malformed ? CF_INVALID : status;
}

static enum cf_status open_one(struct cf_keeper_turn *turn, struct cf_buf *clear)
{
    struct cf_vault_field field;
    struct cf_bytes sealed;
    CF_TRY(expect_array(turn, 4));
    CF_TRY(read_id(turn, &field.subject_id));
    CF_TRY(read_bytes(turn, CF_IDEMPOTENCY_KEY_SIZE_MAX, &field.key));
    CF_TRY(read_bytes(turn, TEXT_SIZE_MAX, &field.name));
    CF_TRY(read_bytes(turn, CF_BUS_MESSAGE_SIZE_MAX, &sealed));
    enum cf_status status = cf_vault_unseal(turn->vault, &field, sealed, clear, turn->fault);
    if (cf_keeper__is_fatal(status))
        return status;
    cf_wire_write_array(turn->results, status == CF_OK ? 2 : 1);
    cf_wire_write_text(turn->results, cf_bytes_from_text(cf_status_name(status)));
    if (status == CF_OK)
        cf_wire_write_bytes(turn->results, cf_buf_bytes(clear));
    return CF_OK;
}

static enum cf_status run_open(struct cf_keeper_turn *turn)
{
    uint32_t count;
    CF_TRY(read_array(turn, FIELDS_MAX, &count));
    cf_wire_write_array(turn->results, count);
    struct cf_buf clear;
    cf_buf_init(&clear, CF_BUS_MESSAGE_SIZE_MAX);
    enum cf_status status = CF_OK;
    for (uint32_t i = 0; i < count && status == CF_OK; i++) {
        cf_buf_clear(&clear);
        status = open_one(turn, &clear);
        if (clear.data != NULL)
            cf_secret_wipe(clear.data, clear.size);
    }
    cf_buf_clean_up(&clear);
    return status;
}

/* ---- Addresses ---- */

static enum cf_status run_reserve(struct cf_keeper_turn *turn)
{
    struct cf_bytes email, key;
    struct cf_id subject_id;
    CF_TRY(read_bytes(turn, TEXT_SIZE_MAX, &email));
    CF_TRY(read_bytes(turn, CF_IDEMPOTENCY_KEY_SIZE_MAX, &key));
    CF_TRY(cf_vault_reserve(turn->vault, email, key, turn->now_us, &subject_id, turn->fault));
    write_id(turn, subject_id);
    return CF_OK;
}

static enum cf_status run_find(struct cf_keeper_turn *turn)
{
    struct cf_bytes email;
    struct cf_id subject_id;
    CF_TRY(read_bytes(turn, TEXT_SIZE_MAX, &email));
    CF_TRY(cf_vault_find(turn->vault, email, &subject_id, turn->fault));
    write_id(turn, subject_id);
    return CF_OK;
}

/* ---- Tickets and second factors ---- */

static enum cf_status make_ticket(struct cf_keeper_turn *turn, struct cf_id subject_id,
                                  uint64_t purpose, uint64_t lifetime_us)
{
    char token[CF_VAULT_TOKEN_SIZE];
    CF_TRY(cf_vault_ticket_make(turn->vault, subject_id, (uint8_t)purpose, turn->now_us,
                                turn->now_us + (int64_t)lifetime_us, token, turn->fault));
    cf_wire_write_text(turn->results, cf_bytes_from_text(token));
    cf_secret_wipe(token, sizeof token);
    return CF_OK;
}

/* A purpose, and a lifetime of at most ten years. */
static enum cf_status read_ticket(struct cf_keeper_turn *turn, uint64_t *ret_purpose,
                                  uint64_t *ret_lifetime_us)
{
    CF_TRY(read_number(turn, UINT8_MAX, ret_purpose));
    CF_TRY(read_number(turn, UINT64_C(3652) * CF_DAY_US, ret_lifetime_us));
    return malformed(turn, *ret_purpose == 0 ? CF_INVALID : CF_OK);
}

static enum cf_status run_ticket_make(struct cf_keeper_turn *turn)
{
    struct cf_id subject_id;
    uint64_t purpose, lifetime_us;
    CF_TRY(read_id(turn, &subject_id));
    CF_TRY(read_ticket(turn, &purpose, &lifetime_us));
    return make_ticket(turn, subject_id, purpose, lifetime_us);
}

static enum cf_status run_ticket_check(struct cf_keeper_turn *turn)
{
    struct cf_bytes token;
    struct cf_id subject_id;
    uint64_t purpose;
    bool take;
    CF_TRY(read_bytes(turn, TEXT_SIZE_MAX, &token));
    CF_TRY(read_number(turn, UINT8_MAX, &purpose));
    CF_TRY(read_bool(turn, &take));
    CF_TRY(cf_vault_ticket_check(turn->vault, token, (uint8_t)purpose, turn->now_us, take,
                                 &subject_id, turn->fault));
    write_id(turn, subject_id);
    return CF_OK;
}

static enum cf_status run_totp_begin(struct cf_keeper_turn *turn)
{
    struct cf_id subject_id;
    char secret[CF_TOTP_TEXT_SIZE];
    CF_TRY(read_id(turn, &subject_id));
    CF_TRY(cf_vault_totp_begin(turn->vault, subject_id, secret, turn->fault));
    cf_wire_write_text(turn->results, cf_bytes_from_text(secret));
    cf_secret_wipe(secret, sizeof secret);
    return CF_OK;
}

static enum cf_status run_totp_confirm(struct cf_keeper_turn *turn)
{
    struct cf_id subject_id;
    struct cf_bytes code;
    char codes[CF_VAULT_RECOVERY_CODES][CF_VAULT_RECOVERY_SIZE];
    CF_TRY(read_id(turn, &subject_id));
    CF_TRY(read_bytes(turn, TEXT_SIZE_MAX, &code));
    CF_TRY(cf_vault_totp_confirm(turn->vault, subject_id, code, turn->now_us, codes, turn->fault));
    cf_wire_write_array(turn->results, CF_VAULT_RECOVERY_CODES);
    for (size_t i = 0; i < CF_VAULT_RECOVERY_CODES; i++)
        cf_wire_write_text(turn->results, cf_bytes_from_text(codes[i]));
    cf_secret_wipe(codes, sizeof codes);
    return CF_OK;
}

static enum cf_status run_totp_disable(struct cf_keeper_turn *turn)
{
    struct cf_id subject_id;
    CF_TRY(read_id(turn, &subject_id));
    return cf_vault_totp_disable(turn->vault, subject_id, turn->fault);
}

/* ---- The slow ones: the vault's transactions are short, the hashing is between them ---- */

/* Ends a transaction by its outcome. */
static enum cf_status end(struct cf_keeper_turn *turn, enum cf_status status)
{
    if (status == CF_OK)
        return cf_vault_commit(turn->vault, turn->fault);
    cf_vault_abort(turn->vault);
    return status;
}

static enum cf_status run_password_set(struct cf_keeper_turn *turn)
{
    struct cf_id subject_id;
    struct cf_bytes password;
    char text[CF_PASSWORD_HASH_SIZE];
    CF_TRY(read_id(turn, &subject_id));
    CF_TRY(read_bytes(turn, TEXT_SIZE_MAX, &password));
    CF_TRY(cf_password_hash(password, text));
    CF_TRY(cf_vault_begin(turn->vault, turn->fault));
    enum cf_status status = cf_vault_password_set(turn->vault, subject_id, text, turn->fault);
    if (status == CF_OK)
        status = cf_vault_ticket_revoke(turn->vault, subject_id, 0, turn->fault);
    cf_secret_wipe(text, sizeof text);
    return end(turn, status);
}

/* For a registration, which may come twice: sets nothing that is set. */
static enum cf_status run_password_first(struct cf_keeper_turn *turn)
{
    struct cf_id subject_id;
    struct cf_bytes password;
    char text[CF_PASSWORD_HASH_SIZE], old[CF_PASSWORD_HASH_SIZE];
    CF_TRY(read_id(turn, &subject_id));
    CF_TRY(read_bytes(turn, TEXT_SIZE_MAX, &password));
    CF_TRY(cf_password_hash(password, text));
    CF_TRY(cf_vault_begin(turn->vault, turn->fault));
    enum cf_status status = cf_vault_password_get(turn->vault, subject_id, old, turn->fault);
    bool is_first = status == CF_OK && old[0] == '\0';
    if (is_first)
        status = cf_vault_password_set(turn->vault, subject_id, text, turn->fault);
    status = end(turn, status);
    if (status == CF_OK && !is_first && !cf_password_matches(old, password))
        status = cf_fault_set(turn->fault, CF_CONFLICT, __FILE__, __LINE__,
                              "there is another password already");
    cf_secret_wipe(text, sizeof text);
    cf_secret_wipe(old, sizeof old);
    return status;
}

/* The password hash of whoever has the address; an empty one where there is none. */
static enum cf_status find_password(struct cf_keeper_turn *turn, struct cf_bytes email,
                                    struct cf_id *ret_subject_id,
                                    char ret_text[CF_PASSWORD_HASH_SIZE])
{
    memset(ret_text, 0, CF_PASSWORD_HASH_SIZE);
    CF_TRY(cf_vault_begin(turn->vault, turn->fault));
    enum cf_status status = cf_vault_find(turn->vault, email, ret_subject_id, turn->fault);
    if (status == CF_OK)
        status = cf_vault_password_get(turn->vault, *ret_subject_id, ret_text, turn->fault);
    cf_vault_abort(turn->vault);
    return cf_keeper__is_fatal(status) ? status : CF_OK;
}

static enum cf_status run_login(struct cf_keeper_turn *turn)
{
    struct cf_bytes email, password, code;
    struct cf_id subject_id = {{0}};
    uint64_t purpose, lifetime_us;
    char text[CF_PASSWORD_HASH_SIZE];
    CF_TRY(read_bytes(turn, TEXT_SIZE_MAX, &email));
    CF_TRY(read_bytes(turn, TEXT_SIZE_MAX, &password));
    CF_TRY(read_bytes(turn, TEXT_SIZE_MAX, &code));
    CF_TRY(read_ticket(turn, &purpose, &lifetime_us));
    CF_TRY(find_password(turn, email, &subject_id, text));
    bool matches;
    if (text[0] != '\0') {
        matches = cf_password_matches(text, password);
    } else {
        /* As long for an address that nobody has: time does not tell who has an account. */
        CF_TRY(cf_password_hash(password, text));
        matches = false;
    }
    cf_secret_wipe(text, sizeof text);
    if (!matches)
        CF_FAIL(turn->fault, CF_DENIED, "address or password is wrong");

    CF_TRY(cf_vault_begin(turn->vault, turn->fault));
    enum cf_status status =
        cf_vault_second_factor(turn->vault, subject_id, code, turn->now_us, turn->fault);
    if (status == CF_OK || status == CF_RETRY)
        write_id(turn, subject_id);
    if (status == CF_OK) {
        status = make_ticket(turn, subject_id, purpose, lifetime_us);
    } else if (status == CF_RETRY) {
        cf_wire_write_text(turn->results, cf_bytes_from(NULL, 0));
        status = CF_OK;
    }
    status = end(turn, status);
    return status == CF_NOT_FOUND ? CF_DENIED : status; /* erased just now */
}

#define run_catch_up NULL
const struct cf_keeper_operation_row cf_keeper__operations[CF_KEEPER_OPERATION_LIMIT] = {
#define CF_KEEPER_OPERATION(number, name, class, arguments, results)                               \
    [number] = {#name, CF_KEEPER_##class, arguments, results, run_##name},
#include "eventstore/keeper_operations.def"
#undef CF_KEEPER_OPERATION
};
