/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sample/sample.h"

#include <stdio.h>

#define GRANT_TIMEOUT_MS 10000

static enum cf_status register_person(struct cf_sample *sample, const char *email,
                                      const char *password, struct cf_id *ret_id,
                                      struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *body = cf_json_object();
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = NULL;
    char name[48], key[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(email, "@"), email);
    if (name[0] >= 'a' && name[0] <= 'z')
        name[0] = (char)(name[0] - 'a' + 'A');
    /* Keys stay in the log for ever, where nothing personal may be: the role is enough. */
    snprintf(key, sizeof key, "sample:register:%.*s", (int)strcspn(email, "@"), email);
    cf_json_set_text(body, "email", email);
    cf_json_set_text(body, "password", password);
    cf_json_set_text(body, "display_name", name);
    cf_json_set_text(body, "terms_version", "2026-01");
    const struct cf_client_call call = {
        .method = "POST", .path = "/api/v1/users/register", .key = key, .body = body};
    CF_TRY(cf_client_do(sample->api, &call, &answer, reterr_fault));
    const char *id = cf_json_text_at(answer, "user_id");
    if (id == NULL || cf_id_parse(cf_bytes_from_text(id), ret_id) != CF_OK)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the API registered somebody without saying whom");
    return CF_OK;
}

static enum cf_status grant(struct cf_sample *sample, struct cf_id user_id, enum cf_role role,
                            struct cf_fault *reterr_fault)
{
    struct cf_command_input input;
    cf_command_input_init(&input, CF_COMMAND_user_grant_role);
    cf_command_set_id(&input, "user_id", user_id);
    cf_command_set_unsigned(&input, "role", (uint64_t)role);
    char user[CF_ID_TEXT_SIZE], key[96];
    cf_id_print(user_id, user);
    snprintf(key, sizeof key, "sample:grant:%s:%s", user, cf_role_name(role));
    const struct cf_link_command command = {
        .input = &input, .actor = CF_ACTOR_OPERATOR, .key = cf_bytes_from_text(key)};
    struct cf_reply reply;
    CF_TRY(cf_link_send(sample->link, &command, GRANT_TIMEOUT_MS, &reply, reterr_fault));
    if (reply.kind != CF_REPLY_ACCEPTED)
        CF_FAIL_ON(reterr_fault, CF_DENIED, "the ledger refused to give a role", "%s: verdict %u",
                   cf_role_name(role), reply.verdict);
    return CF_OK;
}

enum cf_status cf_sample_log_in(struct cf_sample *sample, const char *email, const char *password,
                                struct cf_sample_person *ret_person, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *body = cf_json_object();
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = NULL;
    cf_json_set_text(body, "email", email);
    cf_json_set_text(body, "password", password);
    const struct cf_client_call call = {
        .method = "POST", .path = "/api/v1/users/login", .body = body};
    CF_TRY(cf_client_do(sample->api, &call, &answer, reterr_fault));
    const char *token = cf_json_text_at(answer, "token");
    if (token == NULL || strlen(token) >= sizeof ret_person->token)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the API logged somebody in without a token");
    memcpy(ret_person->token, token, strlen(token) + 1);
    return CF_OK;
}

enum cf_status cf_sample_person(struct cf_sample *sample, const char *email, const char *password,
                                enum cf_role role, struct cf_sample_person *ret_person,
                                struct cf_fault *reterr_fault)
{
    struct cf_id user_id;
    CF_TRY(register_person(sample, email, password, &user_id, reterr_fault));
    if (role != CF_ROLE_BACKER)
        CF_TRY(grant(sample, user_id, role, reterr_fault));
    return cf_sample_log_in(sample, email, password, ret_person, reterr_fault);
}
