/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked about persons: addresses, passwords, tickets, second factors; and catching up. */
#include "core/base/assert.h"
#include "eventstore/keeper_question.h"

enum cf_status cf_keeper_reserve(struct cf_keeper_client *client, struct cf_bytes email,
                                 struct cf_bytes key, struct cf_id *ret_subject_id,
                                 struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_reserve, 2);
    cf_keeper__write_bytes(&question, email);
    cf_keeper__write_bytes(&question, key);
    return cf_keeper__ask_for_id(client, &question, ret_subject_id, reterr_fault);
}

static enum cf_status find_once(struct cf_keeper_client *client, struct cf_bytes email,
                                struct cf_id *ret_subject_id, struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_find, 1);
    cf_keeper__write_bytes(&question, email);
    return cf_keeper__ask_for_id(client, &question, ret_subject_id, reterr_fault);
}

enum cf_status cf_keeper_find(struct cf_keeper_client *client, struct cf_bytes email,
                              struct cf_id *ret_subject_id, struct cf_fault *reterr_fault)
{
    uint64_t sequence;
    enum cf_status status = find_once(client, email, ret_subject_id, reterr_fault);
    if (status != CF_NOT_FOUND)
        return status;
    CF_TRY(cf_keeper_catch_up(client, &sequence, reterr_fault));
    return find_once(client, email, ret_subject_id, reterr_fault);
}

enum cf_status cf_keeper_password_first(struct cf_keeper_client *client, struct cf_id subject_id,
                                        struct cf_bytes password, struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_password_first, 2);
    cf_keeper__write_id(&question, subject_id);
    cf_keeper__write_bytes(&question, password);
    return cf_keeper__ask_and_end(client, &question, reterr_fault);
}

enum cf_status cf_keeper_password_set(struct cf_keeper_client *client, struct cf_id subject_id,
                                      struct cf_bytes password, struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_password_set, 2);
    cf_keeper__write_id(&question, subject_id);
    cf_keeper__write_bytes(&question, password);
    return cf_keeper__ask_and_end(client, &question, reterr_fault);
}

enum cf_status cf_keeper_login(struct cf_keeper_client *client, struct cf_bytes email,
                               struct cf_bytes password, struct cf_bytes code, int64_t lifetime_us,
                               struct cf_id *ret_subject_id, char ret_token[CF_VAULT_TOKEN_SIZE],
                               bool *ret_second_factor_needed, struct cf_fault *reterr_fault)
{
    CF_ASSERT(lifetime_us > 0);
    /* Whoever registered a moment ago must be known: asking for the address sees to that. */
    enum cf_status status = cf_keeper_find(client, email, ret_subject_id, reterr_fault);
    if (status != CF_OK && status != CF_NOT_FOUND && status != CF_INVALID)
        return status;
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_login, 5);
    cf_keeper__write_bytes(&question, email);
    cf_keeper__write_bytes(&question, password);
    cf_keeper__write_bytes(&question, code);
    cf_wire_write_unsigned(&question.arguments, CF_TICKET_SESSION);
    cf_wire_write_unsigned(&question.arguments, (uint64_t)lifetime_us);
    status = cf_keeper__ask(client, &question, reterr_fault);
    if (status == CF_OK)
        status = cf_keeper__read_id(&question, ret_subject_id, reterr_fault);
    if (status == CF_OK)
        status = cf_keeper__read_text(&question, ret_token, CF_VAULT_TOKEN_SIZE, reterr_fault);
    cf_keeper__question_end(&question);
    if (status == CF_OK)
        *ret_second_factor_needed = ret_token[0] == '\0';
    return status;
}

enum cf_status cf_keeper_ticket_make(struct cf_keeper_client *client, struct cf_id subject_id,
                                     enum cf_ticket_purpose purpose, int64_t lifetime_us,
                                     char ret_token[CF_VAULT_TOKEN_SIZE],
                                     struct cf_fault *reterr_fault)
{
    CF_ASSERT(lifetime_us > 0);
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_ticket_make, 3);
    cf_keeper__write_id(&question, subject_id);
    cf_wire_write_unsigned(&question.arguments, purpose);
    cf_wire_write_unsigned(&question.arguments, (uint64_t)lifetime_us);
    return cf_keeper__ask_for_text(client, &question, ret_token, CF_VAULT_TOKEN_SIZE, reterr_fault);
}

enum cf_status cf_keeper_ticket_check(struct cf_keeper_client *client, struct cf_bytes token,
                                      enum cf_ticket_purpose purpose, bool take,
                                      struct cf_id *ret_subject_id, struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_ticket_check, 3);
    cf_keeper__write_bytes(&question, token);
    cf_wire_write_unsigned(&question.arguments, purpose);
    cf_wire_write_bool(&question.arguments, take);
    return cf_keeper__ask_for_id(client, &question, ret_subject_id, reterr_fault);
}

enum cf_status cf_keeper_totp_begin(struct cf_keeper_client *client, struct cf_id subject_id,
                                    char ret_secret[CF_TOTP_TEXT_SIZE],
                                    struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_totp_begin, 1);
    cf_keeper__write_id(&question, subject_id);
    return cf_keeper__ask_for_text(client, &question, ret_secret, CF_TOTP_TEXT_SIZE, reterr_fault);
}

enum cf_status cf_keeper_totp_confirm(
    struct cf_keeper_client *client, struct cf_id subject_id, struct cf_bytes code,
    char ret_codes[CF_VAULT_RECOVERY_CODES][CF_VAULT_RECOVERY_SIZE], struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_totp_confirm, 2);
    cf_keeper__write_id(&question, subject_id);
    cf_keeper__write_bytes(&question, code);
    enum cf_status status = cf_keeper__ask(client, &question, reterr_fault);
    if (status == CF_OK)
        status = cf_wire_expect_array(&question.results, CF_VAULT_RECOVERY_CODES, reterr_fault);
    for (size_t i = 0; status == CF_OK && i < CF_VAULT_RECOVERY_CODES; i++)
        status =
            cf_keeper__read_text(&question, ret_codes[i], CF_VAULT_RECOVERY_SIZE, reterr_fault);
    cf_keeper__question_end(&question);
    return status;
}

enum cf_status cf_keeper_totp_disable(struct cf_keeper_client *client, struct cf_id subject_id,
                                      struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_totp_disable, 1);
    cf_keeper__write_id(&question, subject_id);
    return cf_keeper__ask_and_end(client, &question, reterr_fault);
}

enum cf_status cf_keeper_catch_up(struct cf_keeper_client *client, uint64_t *ret_sequence,
                                  struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_catch_up, 0);
    enum cf_status status = cf_keeper__ask(client, &question, reterr_fault);
    if (status == CF_OK)
        status = cf_wire_read_unsigned(&question.results, UINT64_MAX, ret_sequence, reterr_fault);
    cf_keeper__question_end(&question);
    return status;
}
