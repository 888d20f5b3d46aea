/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signed notice from the provider: the fields that matter and the hash of its body. It is
 * answered at once and looked into after.
 */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME provider_receive_event
#define CF_COMMAND_FIELDS(F)       \
    F(1, token,     event)         \
    F(2, text,      event_type)    \
    F(3, time,      created_at)    \
    F(4, hash,      body_hash)     \
    F(5, opt_token, object)        \
    F(6, opt_text,  object_status) \
    F(7, opt_token, account)       \
    F(8, opt_token, request_key)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only the gateway speaks for the provider.")                          \
    V(2, ALREADY_KNOWN, 200, "This notice is recorded.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is(decision, CF_ACTOR_GATEWAY))
        return NOT_PERMITTED;
    if (cf_decision_knows(decision, CF_LOOKUP_PROVIDER_EVENT, input->event))
        return ALREADY_KNOWN;
    CF_EMIT(decision, provider_event_received, .event = input->event,
            .event_type = input->event_type, .created_at = input->created_at,
            .body_hash = input->body_hash, .object = input->object,
            .object_status = input->object_status, .account = input->account,
            .request_key = input->request_key);
    return ACCEPTED;
}
