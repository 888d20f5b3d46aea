/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idempotency as the provider does it: the first answer is kept for a day once the handler has begun, and given again
 * to the same request under the same key. Another request under it is refused, and so is the same one while the
 * first is still under way. Keys are not shared across endpoints.
 */
#include "core/base/assert.h"
#include "core/base/hex.h"
#include "eventstore/sodium.h"
#include "tools/sandbox/exchange.h"

#include <stdio.h>

#define LIFE_S 86400
#define PARAMETERS_SIZE_MAX ((size_t)4 << 20)

void cf_exchange_take_fingerprint(struct cf_exchange *exchange)
{
    struct cf_buf printed;
    cf_buf_init(&printed, PARAMETERS_SIZE_MAX);
    CF_ASSERT(cf_json_print(exchange->params, &printed) == CF_OK);
    cf_sha256(cf_buf_bytes(&printed), &exchange->fingerprint);
    cf_buf_clean_up(&printed);
}

bool cf_exchange_is_keyed(const struct cf_exchange *exchange)
{
    return exchange->request->method == CF_HTTP_POST && exchange->call.idempotency_key != NULL;
}

void cf_exchange_hash_key(const struct cf_exchange *exchange, struct cf_hash *ret_hash)
{
    char name[600];
    int size = snprintf(name, sizeof name, "%s\n%s\n%s\n%s", exchange->account,
                        exchange->endpoint->name, exchange->id, exchange->call.idempotency_key);
    CF_ASSERT(size > 0 && (size_t)size < sizeof name);
    cf_sha256(cf_bytes_from(name, (size_t)size), ret_hash);
}

static void print_fingerprint(const struct cf_exchange *exchange,
                              char ret_hex[2 * CF_HASH_SIZE + 1])
{
    ret_hex[2 * CF_HASH_SIZE] = '\0';
    cf_hex_print(cf_bytes_from(exchange->fingerprint.bytes, CF_HASH_SIZE), ret_hex);
}

bool cf_exchange_replay(struct cf_exchange *exchange)
{
    struct cf_call *call = &exchange->call;
    struct cf_hash hash;
    char fingerprint[2 * CF_HASH_SIZE + 1];
    cf_exchange_hash_key(exchange, &hash);
    const struct cf_json *before =
        cf_store_answer(call->store, cf_bytes_from(hash.bytes, CF_HASH_SIZE));
    if (before == NULL || cf_json_integer_at(before, "at", 0) + LIFE_S <= call->now)
        return false;
    print_fingerprint(exchange, fingerprint);
    if (!cf_json_is(cf_json_get(before, "fingerprint"), fingerprint)) {
        cf_call_refuse(call, 400, "idempotency_error", NULL,
                       "Keys for idempotent requests can only be used with the same parameters "
                       "they were first used with.");
    } else if (cf_sandbox_is_under_way(call->sandbox, &hash)) {
        cf_call_refuse(call, 409, "idempotency_key_in_use", NULL,
                       "There is currently another in-progress request using this Idempotent Key.");
    } else {
        call->status = (unsigned)cf_json_integer_at(before, "status", 500);
        call->answer = cf_json_copy(cf_json_get(before, "body"));
        exchange->replayed = true;
    }
    return true;
}

void cf_exchange_remember(const struct cf_exchange *exchange)
{
    struct cf_hash hash;
    char fingerprint[2 * CF_HASH_SIZE + 1];
    cf_exchange_hash_key(exchange, &hash);
    print_fingerprint(exchange, fingerprint);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = cf_json_object();
    cf_json_set_integer(answer, "at", exchange->call.now);
    cf_json_set_integer(answer, "status", exchange->call.status);
    cf_json_set_text(answer, "fingerprint", fingerprint);
    cf_json_set(answer, "body", cf_json_copy(exchange->call.answer));
    cf_store_answer_set(exchange->call.store, cf_bytes_from(hash.bytes, CF_HASH_SIZE), answer);
}
