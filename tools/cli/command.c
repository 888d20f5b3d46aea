/* SPDX-License-Identifier: Apache-2.0 */
/* Sends any command from the shell, and documents each. */
#include "commands/link.h"
#include "core/base/scope.h"
#include "core/shape_json.h"
#include "eventstore/data_dir.h"
#include "eventstore/sodium.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ARENA_SIZE_MAX ((size_t)1024 * 1024)

/* -- Documentation -------------------------------------------------------------------------- */

static void print_field(const struct cf_field *field, bool is_new_id)
{
    printf("    %-24s %s", field->name, field->type->name);
    for (uint32_t i = 1; field->type->choices != NULL && i < field->type->choices->count; i++) {
        const char *name = cf_choice_name(field->type->choices, i);
        if (name != NULL)
            printf(" %s%s", i == 1 ? "(" : "| ", name);
    }
    printf("%s%s\n", field->type->choices != NULL ? ")" : "",
           is_new_id ? " (made up for you)" : "");
}

static void print_command(const struct cf_command_spec *spec)
{
    printf("%s (%u)\n  fields\n", spec->shape.name, spec->shape.number);
    for (uint32_t i = 0; i < spec->shape.field_count; i++)
        print_field(&spec->shape.fields[i], spec->shape.fields[i].key == spec->new_id_key);
    printf("  refused when, in this order\n");
    for (uint32_t i = 0; i < spec->verdict_count; i++)
        printf("    %-24s %u  %s\n", spec->verdicts[i].name, spec->verdicts[i].http_status,
               spec->verdicts[i].sentence);
    printf("\n");
}

static const char types[] =
    "How the fields are written in JSON; what begins with opt_ may be left out:\n"
    "    id              \"01900000-0000-7000-8000-000000000007\"; ids are a list of them\n"
    "    amount, delta   whole minor units: 2500 is 25.00 EUR\n"
    "    currency        \"EUR\"\n"
    "    time            \"2026-11-21T08:00:00Z\"\n"
    "    bps             hundredths of a percent: 500 is 5 %\n"
    "    u32, u64, i32   a whole number\n"
    "    bool            true or false\n"
    "    text, token     a text; a token has 1 to 63 printable ASCII characters\n"
    "    hash            64 hexadecimal digits\n"
    "    sealed          base64 of what the keeper sealed\n"
    "    items           [{\"reward_id\": id, \"quantity\": 1, \"amount\": 2500}]\n"
    "    (a | b)         the name of a choice\n";

static enum cf_exit list(const char *name)
{
    if (name != NULL) {
        const struct cf_command_spec *spec = cf_command_find_name(cf_bytes_from_text(name));
        if (spec == NULL)
            return cf_cli_usage("command", "there is no command %s; --list shows all", name);
        print_command(spec);
        fputs(types, stdout);
        return CF_EXIT_GOOD;
    }
    for (const struct cf_command_spec *const *spec = cf_command_all(); *spec != NULL; spec++)
        print_command(*spec);
    fputs(types, stdout);
    return CF_EXIT_GOOD;
}

/* -- Sending -------------------------------------------------------------------------------- */

static enum cf_status read_actor(const char *text, struct cf_id *ret_actor,
                                 struct cf_fault *reterr_fault)
{
    static const struct {
        const char *name;
        const struct cf_id *id;
    } known[] = {{"operator", &CF_ACTOR_OPERATOR},
                 {"system", &CF_ACTOR_SYSTEM},
                 {"gateway", &CF_ACTOR_GATEWAY},
                 {"keeper", &CF_ACTOR_KEEPER}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(text, known[i].name) == 0) {
            *ret_actor = *known[i].id;
            return CF_OK;
        }
    }
    if (cf_id_parse(cf_bytes_from_text(text), ret_actor) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "an actor is a user's id, operator or gateway", "%s",
                   text);
    return CF_OK;
}

static struct cf_id random_id(void)
{
    uint8_t random[CF_ID_RANDOM_SIZE];
    struct timespec now;
    cf_random(random, sizeof random);
    clock_gettime(CLOCK_REALTIME, &now);
    return cf_id_make((int64_t)now.tv_sec * CF_SECOND_US + now.tv_nsec / 1000, random);
}

/* The id of what the command makes, where the sender leaves it to us. */
static void add_new_id(const struct cf_command_spec *spec, struct cf_json *object)
{
    char text[CF_ID_TEXT_SIZE];
    for (uint32_t i = 0; i < spec->shape.field_count; i++) {
        const struct cf_field *field = &spec->shape.fields[i];
        if (field->key != spec->new_id_key || cf_json_get(object, field->name) != NULL)
            continue;
        cf_id_print(random_id(), text);
        cf_json_set_text(object, field->name, text);
        printf("%s %s\n", field->name, text);
    }
}

static enum cf_exit print_reply(const struct cf_command_spec *spec, const struct cf_reply *reply)
{
    const struct cf_refusal *refusal;
    const char *field = NULL;
    switch (reply->kind) {
    case CF_REPLY_ACCEPTED:
        printf("accepted %llu to %llu\n", (unsigned long long)reply->first_sequence,
               (unsigned long long)reply->last_sequence);
        return CF_EXIT_GOOD;
    case CF_REPLY_REFUSED:
        refusal = cf_command_refusal(spec, reply->verdict);
        printf("refused %s: %s\n", refusal == NULL ? "?" : refusal->name,
               refusal == NULL ? "a verdict that this program does not know" : refusal->sentence);
        return CF_EXIT_NO;
    case CF_REPLY_CONFLICT:
        for (uint32_t i = 0; i < spec->shape.field_count; i++) {
            if (spec->shape.fields[i].key == reply->conflict_field)
                field = spec->shape.fields[i].name;
        }
        printf("conflict: the key was used with another %s\n", field == NULL ? "command" : field);
        return CF_EXIT_NO;
    case CF_REPLY_BUSY:
        printf("busy: retry after %u ms\n", reply->retry_after_ms);
        return CF_EXIT_UNREACHABLE;
    case CF_REPLY_FAILED:
        printf("failed: %s\n", reply->text);
        return CF_EXIT_UNREACHABLE;
    }
    return CF_EXIT_UNREACHABLE;
}

struct request {
    const char *data;
    const char *actor;
    const char *key;
    const char *json;
    int64_t timeout_ms;
};

static enum cf_status send(const struct cf_command_spec *spec, const struct request *request,
                           struct cf_reply *ret_reply, struct cf_fault *fault)
{
    CF_CLEANUP(cf_arena_clean_up) struct cf_arena arena;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *object = NULL;
    CF_CLEANUP(cf_scope_cf_link_close) struct cf_link *link = NULL;
    struct cf_command_input input;
    struct cf_data_dir dir;
    struct cf_id actor;
    cf_arena_init(&arena, ARENA_SIZE_MAX);
    CF_TRY(read_actor(request->actor, &actor, fault));
    CF_TRY(cf_json_parse(cf_bytes_from_text(request->json), &object, fault));
    add_new_id(spec, object);
    CF_TRY(cf_command_from_json((enum cf_command_number)spec->shape.number, object, &arena, &input,
                                fault));
    CF_TRY(cf_data_dir_open_ledger(request->data, &dir, fault));
    CF_TRY(cf_link_open(cf_data_dir_socket(&dir, "writer").text, &link, fault));
    const struct cf_link_command command = {
        .input = &input, .actor = actor, .key = cf_bytes_from_text(request->key)};
    return cf_link_send(link, &command, (int)request->timeout_ms, ret_reply, fault);
}

static enum cf_exit fail(const struct cf_command_spec *spec, const struct request *request,
                         const struct cf_fault *fault)
{
    enum cf_exit result = cf_cli_fail("command", fault);
    if (result == CF_EXIT_USAGE)
        fprintf(stderr, "`coffer command --list %s` shows its fields.\n", spec->shape.name);
    if (fault->status == CF_TIMEOUT || fault->status == CF_CLOSED)
        fprintf(stderr, "It may have been done: send it again with --key %s to be sure.\n",
                request->key);
    return result;
}

int cf_cli_command(int argc, char **argv)
{
    struct request request = {.actor = "operator", .json = "{}", .timeout_ms = 10000};
    bool all = false;
    const char *name = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &request.data, "DIR", "the data directory"),
        CF_OPTION_FLAG("list", &all, "document every command, or the named one"),
        CF_OPTION_TEXT("json", &request.json, "OBJECT", "the command's fields"),
        CF_OPTION_TEXT("actor", &request.actor, "ID", "who asks: a user's id, operator or gateway"),
        CF_OPTION_TEXT("key", &request.key, "KEY", "the idempotency key; random unless given"),
        CF_OPTION_NUMBER("timeout-ms", &request.timeout_ms, 1, 600000, "wait this long at most"),
    };
    const struct cf_usage usage = {"command [NAME]", options, sizeof options / sizeof options[0], 0,
                                   1};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, &name, &stop))
        return stop;
    if (all || name == NULL)
        return list(name);
    const struct cf_command_spec *spec = cf_command_find_name(cf_bytes_from_text(name));
    if (spec == NULL)
        return cf_cli_usage("command", "there is no command %s; --list shows all", name);
    struct cf_fault fault = {0};
    struct cf_reply reply;
    char key[CF_ID_TEXT_SIZE];
    cf_sodium_init();
    cf_id_print(random_id(), key);
    if (request.key == NULL)
        request.key = key;
    if (send(spec, &request, &reply, &fault) != CF_OK)
        return fail(spec, &request, &fault);
    return print_reply(spec, &reply);
}
