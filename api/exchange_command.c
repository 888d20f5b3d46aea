/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an exchange's body to a command and its answer: seal what is personal, fill the input by names, send
 * without holding a thread, answer when the outcome is there.
 */
#include "api/api_private.h"
#include "api/exchange.h"
#include "core/base/assert.h"
#include "core/base/base64.h"
#include "core/shape_json.h"
#include "eventstore/bus.h"

#include <inttypes.h>

#define SEALED_FIELDS_MAX 8

/* A command on its way; in the request's arena. */
struct passage {
    struct cf_exchange *exchange;
    const struct cf_command_spec *spec;
    cf_exchange_accepted_fn *accepted;
    struct cf_command_input input;
    struct cf_sealed_tag tags[SEALED_FIELDS_MAX];
    size_t tag_count;
};

static void *keep(struct cf_exchange *exchange, size_t size)
{
    void *memory = cf_arena_allocate(exchange->request->arena, size);
    if (memory == NULL)
        cf_exchange_problem(exchange, CF_PROBLEM_INTERNAL, NULL, NULL);
    return memory;
}

/* ---- Sealing ---- */

/* The clear texts of the body that have to be sealed. False: answered. */
static bool personal_find(struct passage *passage, struct cf_keeper_field *fields,
                          const struct cf_field **rows, size_t *ret_count)
{
    struct cf_exchange *exchange = passage->exchange;
    size_t count = 0;
    for (uint32_t i = 0; i < passage->spec->shape.field_count; i++) {
        const struct cf_field *row = &passage->spec->shape.fields[i];
        const struct cf_json *value =
            cf_field_is_sealed(row) ? cf_json_get(exchange->body, row->name) : NULL;
        if (value == NULL || cf_json_kind(value) == CF_JSON_NULL)
            continue;
        const char *text = cf_json_text(value);
        if (text == NULL || text[0] == '\0' ||
            strlen(text) + CF_VAULT_SEAL_OVERHEAD > row->type->size_max) {
            cf_exchange_problem(exchange, CF_PROBLEM_FIELD, "a text that is not too long is needed",
                                row->name);
            return false;
        }
        CF_ASSERT(count < SEALED_FIELDS_MAX);
        rows[count] = row;
        fields[count++] =
            (struct cf_keeper_field){.name = row->name, .clear = cf_bytes_from_text(text)};
    }
    *ret_count = count;
    return true;
}

/* Puts sealed bytes where the clear text was, and keeps the tag. */
static bool sealed_put(struct passage *passage, const struct cf_field *row,
                       const struct cf_keeper_field *field)
{
    struct cf_exchange *exchange = passage->exchange;
    size_t text_size = cf_base64_text_size(field->sealed.ciphertext.size);
    char *text = keep(exchange, text_size + 1);
    if (text == NULL)
        return false;
    cf_base64_print(field->sealed.ciphertext, text);
    cf_json_set_text(exchange->body, row->name, text);

    struct cf_bytes tag;
    if (cf_arena_copy(exchange->request->arena, cf_bytes_from(field->tag, sizeof field->tag),
                      &tag) != CF_OK) {
        cf_exchange_problem(exchange, CF_PROBLEM_INTERNAL, NULL, NULL);
        return false;
    }
    passage->tags[passage->tag_count++] = (struct cf_sealed_tag){.field = row->key, .tag = tag};
    return true;
}

static bool personal_seal(struct passage *passage, const struct cf_id *subject_id, bool new_subject)
{
    struct cf_exchange *exchange = passage->exchange;
    struct cf_keeper_field fields[SEALED_FIELDS_MAX];
    const struct cf_field *rows[SEALED_FIELDS_MAX];
    size_t count = 0;
    if (!personal_find(passage, fields, rows, &count))
        return false;
    if (count == 0)
        return true;

    CF_ASSERT(exchange->route->place == CF_PLACE_POOL);
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf buf;
    cf_buf_init(&buf, CF_BUS_MESSAGE_SIZE_MAX);
    struct cf_fault fault = {0};
    enum cf_status status =
        cf_keeper_seal(exchange->api->keeper, *subject_id, new_subject,
                       cf_bytes_from_text(exchange->key), fields, count, &buf, &fault);
    if (status != CF_OK) {
        cf_exchange_failed(exchange, status, &fault);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!sealed_put(passage, rows[i], &fields[i]))
            return false;
    return true;
}

/* ---- Filling ---- */

/* The part of "shape.field" that a client knows. */
static const char *field_of(const struct cf_fault *fault)
{
    const char *dot = strrchr(fault->detail, '.');
    return dot == NULL ? fault->detail : dot + 1;
}

static bool input_fill(struct passage *passage)
{
    struct cf_exchange *exchange = passage->exchange;
    struct cf_fault fault = {0};
    passage->input.spec = passage->spec;
    enum cf_status status =
        cf_shape_read_json(&passage->spec->shape, exchange->body, exchange->request->arena,
                           passage->input.bytes, &fault);
    if (status == CF_OK)
        return true;
    if (status == CF_INVALID)
        cf_exchange_problem(exchange, CF_PROBLEM_FIELD, fault.text, field_of(&fault));
    else
        cf_exchange_failed(exchange, status, &fault);
    return false;
}

/* ---- Sending and answering ---- */

static const char *conflict_name(const struct cf_command_spec *spec, uint32_t key)
{
    for (uint32_t i = 0; i < spec->shape.field_count; i++)
        if (spec->shape.fields[i].key == key)
            return spec->shape.fields[i].name;
    return NULL;
}

static void reply_answer(struct passage *passage, const struct cf_reply *reply)
{
    struct cf_exchange *exchange = passage->exchange;
    switch (reply->kind) {
    case CF_REPLY_ACCEPTED:
        passage->accepted(exchange, reply);
        return;
    case CF_REPLY_REFUSED: {
        const struct cf_refusal *refusal = cf_command_refusal(passage->spec, reply->verdict);
        if (refusal == NULL)
            break;
        struct cf_http_request *request = exchange->request;
        cf_json_destroy(CF_TAKE(exchange->body));
        cf_problem_respond_refusal(request, passage->spec->shape.name, refusal);
        return;
    }
    case CF_REPLY_CONFLICT:
        cf_exchange_problem(exchange, CF_PROBLEM_IDEMPOTENCY, NULL,
                            conflict_name(passage->spec, reply->conflict_field));
        return;
    case CF_REPLY_BUSY:
        cf_exchange_problem(exchange, CF_PROBLEM_BUSY, NULL, NULL);
        return;
    case CF_REPLY_FAILED:
        cf_exchange_problem(exchange, CF_PROBLEM_UNAVAILABLE, reply->text, NULL);
        return;
    }
    cf_exchange_problem(exchange, CF_PROBLEM_INTERNAL, NULL, NULL);
}

static void outcome_take(void *context, enum cf_status status, const struct cf_reply *reply)
{
    struct passage *passage = context;
    if (status == CF_OK)
        reply_answer(passage, reply);
    else
        cf_exchange_problem(passage->exchange, CF_PROBLEM_UNKNOWN_OUTCOME, NULL, NULL);
}

/* On the pool a worker waits, so that what follows the outcome may wait too; else nobody does. */
static void passage_send(struct passage *passage, struct cf_id actor)
{
    struct cf_exchange *exchange = passage->exchange;
    struct cf_link *link = exchange->api->link;
    struct cf_link_command command = {.input = &passage->input,
                                      .actor = actor,
                                      .key = cf_bytes_from_text(exchange->key),
                                      .sealed_tags = passage->tags,
                                      .sealed_tag_count = passage->tag_count};
    struct cf_fault fault = {0};
    enum cf_status status;
    exchange->api->figures.commands++;
    if (exchange->route->place == CF_PLACE_POOL) {
        struct cf_reply reply;
        status = cf_link_send(link, &command, CF_API_COMMAND_TIMEOUT_MS, &reply, &fault);
        if (status == CF_OK || status == CF_TIMEOUT || status == CF_CLOSED) {
            outcome_take(passage, status, &reply);
            return;
        }
    } else {
        status =
            cf_link_start(link, &command, CF_API_COMMAND_TIMEOUT_MS, outcome_take, passage, &fault);
        if (status == CF_OK)
            return;
    }
    if (status == CF_INVALID)
        cf_exchange_problem(exchange, CF_PROBLEM_FIELD, fault.text, field_of(&fault));
    else
        cf_exchange_failed(exchange, status, &fault);
}

void cf_exchange_command_as(struct cf_exchange *exchange, struct cf_id actor,
                            enum cf_command_number number, const struct cf_id *subject_id,
                            bool new_subject, cf_exchange_accepted_fn *accepted)
{
    struct passage *passage = keep(exchange, sizeof *passage);
    if (passage == NULL)
        return;
    passage->exchange = exchange;
    passage->accepted = accepted;
    passage->spec = cf_command_find(number);
    CF_ASSERT(passage->spec != NULL);
    if (personal_seal(passage, subject_id, new_subject) && input_fill(passage))
        passage_send(passage, actor);
}

void cf_exchange_command(struct cf_exchange *exchange, enum cf_command_number number,
                         const struct cf_id *subject_id, cf_exchange_accepted_fn *accepted)
{
    cf_exchange_command_as(exchange, exchange->user_id, number, subject_id, false, accepted);
}

void cf_exchange_accepted_plainly(struct cf_exchange *exchange, const struct cf_reply *reply)
{
    struct cf_json *json = cf_json_object();
    cf_json_set_integer(json, "sequence", (int64_t)reply->last_sequence);
    cf_exchange_json(exchange, 200, json);
}
