/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/ledger.h"

#include "core/base/assert.h"
#include "core/json_value.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

#define TIMEOUT_MS 60000

struct cf_id cf_test_id(uint64_t number)
{
    struct cf_id id = {{0x01, 0x90, [6] = 0x70, [8] = 0x80}};
    for (size_t i = 0; i < 6; i++)
        id.bytes[15 - i] = (uint8_t)(number >> (8 * i));
    return id;
}

void cf_test_in_a_month(char ret_text[CF_TIME_TEXT_SIZE])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    cf_time_print((int64_t)now.tv_sec * CF_SECOND_US + 30 * CF_DAY_US, ret_text);
}

/* -- The writer ----------------------------------------------------------------------------- */

static void *run(void *context)
{
    struct cf_fault fault = {0};
    enum cf_status status = cf_writer_run(context, &fault);
    if (status != CF_OK)
        fprintf(stderr, "the writer ended: %s (%s)\n", fault.text, fault.detail);
    CF_ASSERT(status == CF_OK);
    return NULL;
}

void cf_test_ledger_start(struct cf_test_ledger *ledger)
{
    const struct cf_writer_options options = {.dir = &ledger->dir,
                                              .origin = "coffer.local/test",
                                              .clock = ledger->clock,
                                              .genesis_us = INT64_C(1767225600000000)};
    struct cf_fault fault = {0};
    enum cf_status status = cf_writer_open(&options, &ledger->writer, &fault);
    if (status != CF_OK)
        fprintf(stderr, "no writer: %s (%s)\n", fault.text, fault.detail);
    CF_ASSERT(status == CF_OK);
    cf_test_ledger_run(ledger);
}

void cf_test_ledger_run(struct cf_test_ledger *ledger)
{
    CF_ASSERT(pthread_create(&ledger->thread, NULL, run, ledger->writer) == 0);
}

void cf_test_ledger_stop(struct cf_test_ledger *ledger)
{
    cf_writer_stop(ledger->writer);
    pthread_join(ledger->thread, NULL);
    cf_writer_close(ledger->writer);
    ledger->writer = NULL;
}

void cf_test_ledger_open(struct cf_test_ledger *ledger, enum cf_clock clock)
{
    *ledger = (struct cf_test_ledger){.clock = clock};
    cf_temp_dir_make(&ledger->temp);
    char path[128];
    snprintf(path, sizeof path, "%s/data", ledger->temp.path);
    CF_ASSERT(cf_data_dir_open(path, &ledger->dir, NULL) == CF_OK);
    cf_test_ledger_start(ledger);
    CF_ASSERT(cf_link_open(cf_data_dir_socket(&ledger->dir, "writer").text, &ledger->link, NULL) ==
              CF_OK);
}

void cf_test_ledger_close(struct cf_test_ledger *ledger)
{
    cf_link_close(ledger->link);
    if (ledger->writer != NULL)
        cf_test_ledger_stop(ledger);
    cf_temp_dir_remove(&ledger->temp);
    cf_temp_dir_remove_path(ledger->dir.run_path);
}

/* -- Commands ------------------------------------------------------------------------------- */

static struct cf_json *parse(const char *json, struct cf_buf *buf)
{
    struct cf_json *object = NULL;
    for (const char *at = json; *at != '\0';) {
        if (*at == '@') {
            char *end;
            char text[CF_ID_TEXT_SIZE];
            cf_id_print(cf_test_id(strtoull(at + 1, &end, 10)), text);
            CF_ASSERT(cf_buf_append_text(buf, text) == CF_OK);
            at = end;
        } else {
            CF_ASSERT(cf_buf_append_byte(buf, (uint8_t)*at++) == CF_OK);
        }
    }
    CF_ASSERT(cf_json_parse(cf_buf_bytes(buf), &object, NULL) == CF_OK);
    return object;
}

struct cf_reply cf_test_ledger_send(struct cf_test_ledger *ledger, struct cf_id actor,
                                    const char *name, const char *json, const char *key)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf buf;
    CF_CLEANUP(cf_arena_clean_up) struct cf_arena arena;
    struct cf_command_input input;
    struct cf_reply reply;
    struct cf_fault fault = {0};
    char fresh[32];
    cf_buf_init(&buf, 65536);
    cf_arena_init(&arena, 65536);
    const struct cf_command_spec *spec = cf_command_find_name(cf_bytes_from_text(name));
    CF_ASSERT(spec != NULL);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *object = parse(json, &buf);
    enum cf_status status = cf_command_from_json((enum cf_command_number)spec->shape.number, object,
                                                 &arena, &input, &fault);
    if (status != CF_OK)
        fprintf(stderr, "%s: %s (%s)\n", name, fault.text, fault.detail);
    CF_ASSERT(status == CF_OK);
    snprintf(fresh, sizeof fresh, "key %llu", (unsigned long long)++ledger->keys);
    const struct cf_link_command command = {
        .input = &input, .actor = actor, .key = cf_bytes_from_text(key == NULL ? fresh : key)};
    CF_ASSERT(cf_link_send(ledger->link, &command, TIMEOUT_MS, &reply, NULL) == CF_OK);
    return reply;
}

struct cf_reply cf_test_ledger_do(struct cf_test_ledger *ledger, struct cf_id actor,
                                  const char *name, const char *json)
{
    struct cf_reply reply = cf_test_ledger_send(ledger, actor, name, json, NULL);
    if (reply.kind != CF_REPLY_ACCEPTED)
        fprintf(stderr, "%s: kind %d verdict %u %s\n", name, reply.kind, reply.verdict, reply.text);
    CF_ASSERT(reply.kind == CF_REPLY_ACCEPTED);
    return reply;
}

void cf_test_ledger_campaign(struct cf_test_ledger *ledger, const char *ends_at)
{
    char draft[512];
    struct cf_id creator = cf_test_id(1), backer = cf_test_id(2);
    for (int i = 1; i <= 2; i++) {
        snprintf(draft, sizeof draft,
                 "{\"user_id\":\"@%d\",\"email\":\"c2VhbGVk\",\"terms_version\":\"1\","
                 "\"imported\":true}",
                 i);
        cf_test_ledger_do(ledger, CF_ACTOR_OPERATOR, "user_register", draft);
    }
    cf_test_ledger_do(ledger, backer, "user_save_card",
                      "{\"user_id\":\"@2\",\"card_id\":\"@3\",\"payment_method\":\"pm_1\"}");
    cf_test_ledger_do(ledger, creator, "user_start_identity_check",
                      "{\"user_id\":\"@1\",\"check\":\"check\"}");
    snprintf(draft, sizeof draft,
             "{\"campaign_id\":\"@4\",\"creator_id\":\"@1\",\"model\":\"aon\",\"currency\":\"EUR\","
             "\"goal\":10000,\"title\":\"c2VhbGVk\",\"slug\":\"slug\",\"ends_at\":\"%s\"}",
             ends_at);
    cf_test_ledger_do(ledger, creator, "campaign_draft", draft);
    cf_test_ledger_do(ledger, creator, "campaign_add_reward",
                      "{\"campaign_id\":\"@4\",\"reward_id\":\"@5\",\"title\":\"c2VhbGVk\","
                      "\"minimum\":1000,\"limit\":10,\"needs_address\":false}");
    cf_test_ledger_do(ledger, creator, "campaign_submit", "{\"campaign_id\":\"@4\"}");
    cf_test_ledger_do(ledger, CF_ACTOR_OPERATOR, "campaign_approve",
                      "{\"campaign_id\":\"@4\",\"platform_fee_bps\":500,"
                      "\"processor_fee_bearer\":\"creator\",\"reserve_bps\":0,"
                      "\"reserve_days\":0}");
    cf_test_ledger_do(ledger, creator, "campaign_launch", "{\"campaign_id\":\"@4\"}");
}
