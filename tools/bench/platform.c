/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bench/platform.h"

#include "commands/link.h"
#include "core/base/scope.h"
#include "core/time.h"
#include "eventstore/data_dir.h"
#include "eventstore/sodium.h"
#include "tools/cli/listen.h"
#include "tools/sample/client.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define READY_TIMEOUT_MS 60000
#define READY_POLL_MS 50
#define TIMEOUT_MS 10000
#define PASSWORD "correct horse battery"
#define CAMPAIGN_LIFE_US (INT64_C(50) * 24 * 3600 * 1000000)
#define GOAL_MINOR INT64_C(100000000000)

extern char **environ;

struct person {
    char id[CF_ID_TEXT_SIZE];
    char token[128];
};

struct cf_platform {
    pid_t child; /* 0: not running */
    uint16_t port;
    char base_url[64];
    char data[PATH_MAX];
    struct cf_data_dir dir;
    struct cf_client client;
    struct cf_link *link;
    struct person creator, moderator, backer;
    char campaign_id[CF_ID_TEXT_SIZE];
    char card_id[CF_ID_TEXT_SIZE];
    char pledge_url[192];
    char campaign_url[192];
    char progress_path[96];
    char authorization[160];
    char body_path[PATH_MAX + 32];
    struct cf_data_dir_url range;
};

static int64_t real_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- The processes ---- */

static enum cf_status child_start(struct cf_platform *platform, struct cf_fault *reterr_fault)
{
    struct cf_listen listen = {.address = "127.0.0.1"};
    CF_TRY(cf_listen_check(&listen, reterr_fault));
    platform->port = listen.port;
    snprintf(platform->base_url, sizeof platform->base_url, "http://127.0.0.1:%u", listen.port);
    char listen_text[32];
    snprintf(listen_text, sizeof listen_text, "127.0.0.1:%u", listen.port);
    setenv("COFFER_LOGINS_PER_MINUTE", "100000", 1);
    const char *const argv[] = {"/proc/self/exe", "up",        "--data",    platform->data,
                                "--listen",       listen_text, "--without", "gateway",
                                "--no-samples",   NULL};
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int failure = posix_spawn(&platform->child, argv[0], &files, NULL,
                              (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (failure != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot start a platform", "%s", strerror(failure));
    return CF_OK;
}

static enum cf_status ready_await(struct cf_platform *platform, struct cf_fault *reterr_fault)
{
    const struct cf_client_call call = {.method = "GET", .path = "/api/v1/health"};
    for (int waited_ms = 0; waited_ms < READY_TIMEOUT_MS; waited_ms += READY_POLL_MS) {
        long http_status = 0;
        struct cf_json *answer = NULL;
        enum cf_status status =
            cf_client_ask(&platform->client, &call, &http_status, &answer, NULL);
        cf_json_destroy(answer);
        if (status == CF_OK && http_status == 200)
            return CF_OK;
        if (waitpid(platform->child, NULL, WNOHANG) == platform->child) {
            platform->child = 0;
            CF_FAIL(reterr_fault, CF_IO, "the platform ended at its start");
        }
        poll(NULL, 0, READY_POLL_MS);
    }
    CF_FAIL(reterr_fault, CF_TIMEOUT, "the platform does not become ready");
}

/* ---- What is on it ---- */

static enum cf_status post(struct cf_platform *platform, const char *token, const char *path,
                           struct cf_json *body, struct cf_json **ret_answer,
                           struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_client_do(
        &platform->client,
        &(struct cf_client_call){.method = "POST", .path = path, .token = token, .body = body},
        ret_answer, reterr_fault);
    cf_json_destroy(body);
    return status;
}

static enum cf_status person_make(struct cf_platform *platform, const char *email,
                                  struct person *ret_person, struct cf_fault *reterr_fault)
{
    static const char *const paths[] = {"/api/v1/users/register", "/api/v1/users/login"};
    for (size_t i = 0; i < 2; i++) {
        CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = NULL;
        struct cf_json *body = cf_json_object();
        cf_json_set_text(body, "email", email);
        cf_json_set_text(body, "password", PASSWORD);
        CF_TRY(post(platform, NULL, paths[i], body, &answer, reterr_fault));
        const char *id = cf_json_text_at(answer, "user_id");
        const char *token = cf_json_text_at(answer, "token");
        snprintf(ret_person->id, sizeof ret_person->id, "%s", id == NULL ? "" : id);
        snprintf(ret_person->token, sizeof ret_person->token, "%s", token == NULL ? "" : token);
    }
    return CF_OK;
}

static enum cf_status command(struct cf_platform *platform, struct cf_id actor,
                              enum cf_command_number number, const char *json,
                              struct cf_fault *reterr_fault)
{
    struct cf_arena arena;
    cf_arena_init(&arena, 1 << 16);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *object = NULL;
    CF_TRY(cf_json_parse(cf_bytes_from_text(json), &object, reterr_fault));
    struct cf_command_input input;
    enum cf_status status = cf_command_from_json(number, object, &arena, &input, reterr_fault);
    struct cf_reply reply;
    uint8_t random[8];
    cf_random(random, sizeof random);
    char key[32];
    snprintf(key, sizeof key, "bench-%02x%02x%02x%02x%02x%02x", random[0], random[1], random[2],
             random[3], random[4], random[5]);
    if (status == CF_OK)
        status = cf_link_send(platform->link,
                              &(struct cf_link_command){
                                  .input = &input, .actor = actor, .key = cf_bytes_from_text(key)},
                              TIMEOUT_MS, &reply, reterr_fault);
    cf_arena_clean_up(&arena);
    CF_TRY(status);
    if (reply.kind != CF_REPLY_ACCEPTED)
        CF_FAIL_ON(reterr_fault, CF_IO, "a command of the bench was refused", "%s", json);
    return CF_OK;
}

static enum cf_status people_make(struct cf_platform *platform, struct cf_fault *reterr_fault)
{
    CF_TRY(person_make(platform, "creator@bench.example", &platform->creator, reterr_fault));
    CF_TRY(person_make(platform, "moderator@bench.example", &platform->moderator, reterr_fault));
    CF_TRY(person_make(platform, "backer@bench.example", &platform->backer, reterr_fault));
    char json[512];
    snprintf(json, sizeof json, "{\"user_id\":\"%s\",\"role\":\"moderator\"}",
             platform->moderator.id);
    CF_TRY(command(platform, CF_ACTOR_OPERATOR, CF_COMMAND_user_grant_role, json, reterr_fault));
    snprintf(json, sizeof json, "{\"user_id\":\"%s\",\"customer\":\"cus_bench\"}",
             platform->backer.id);
    CF_TRY(command(platform, CF_ACTOR_GATEWAY, CF_COMMAND_user_link_customer, json, reterr_fault));

    uint8_t random[CF_ID_RANDOM_SIZE];
    cf_random(random, sizeof random);
    cf_id_print(cf_id_make(real_us(), random), platform->card_id);
    snprintf(json, sizeof json,
             "{\"user_id\":\"%s\",\"card_id\":\"%s\",\"payment_method\":\"pm_bench\"}",
             platform->backer.id, platform->card_id);
    return command(platform, CF_ACTOR_GATEWAY, CF_COMMAND_user_save_card, json, reterr_fault);
}

static enum cf_status campaign_step(struct cf_platform *platform, const struct person *person,
                                    const char *step, struct cf_fault *reterr_fault)
{
    char path[128];
    snprintf(path, sizeof path, "/api/v1/campaigns/%s/%s", platform->campaign_id, step);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = NULL;
    return post(platform, person->token, path, cf_json_object(), &answer, reterr_fault);
}

static enum cf_status campaign_make(struct cf_platform *platform, struct cf_fault *reterr_fault)
{
    char ends_at[CF_TIME_TEXT_SIZE];
    cf_time_print(real_us() + CAMPAIGN_LIFE_US, ends_at);
    struct cf_json *body = cf_json_object();
    cf_json_set_text(body, "title", "The hot campaign");
    cf_json_set_text(body, "story", "Everybody comes at once.");
    cf_json_set_text(body, "model", "aon");
    cf_json_set_text(body, "currency", "EUR");
    cf_json_set_integer(body, "goal", GOAL_MINOR);
    cf_json_set_text(body, "category", "Bench");
    cf_json_set_text(body, "ends_at", ends_at);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = NULL;
    CF_TRY(
        post(platform, platform->creator.token, "/api/v1/campaigns", body, &answer, reterr_fault));
    const char *id = cf_json_text_at(answer, "campaign_id");
    snprintf(platform->campaign_id, sizeof platform->campaign_id, "%s", id == NULL ? "" : id);
    CF_TRY(campaign_step(platform, &platform->creator, "submit", reterr_fault));
    CF_TRY(campaign_step(platform, &platform->moderator, "approve", reterr_fault));
    return campaign_step(platform, &platform->creator, "launch", reterr_fault);
}

static enum cf_status addresses_make(struct cf_platform *platform, const char *directory,
                                     struct cf_fault *reterr_fault)
{
    const char *id = platform->campaign_id;
    snprintf(platform->campaign_url, sizeof platform->campaign_url, "%s/api/v1/campaigns/%s",
             platform->base_url, id);
    snprintf(platform->pledge_url, sizeof platform->pledge_url, "%s/api/v1/campaigns/%s/pledge",
             platform->base_url, id);
    snprintf(platform->progress_path, sizeof platform->progress_path, "/api/campaigns/%s/progress",
             id);
    snprintf(platform->authorization, sizeof platform->authorization, "Bearer %s",
             platform->backer.token);
    snprintf(platform->body_path, sizeof platform->body_path, "%s/pledge.json", directory);
    FILE *file = fopen(platform->body_path, "we");
    if (file == NULL)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot write a pledge's body", "%s", platform->body_path);
    fprintf(file, "{\"amount\":2500,\"currency\":\"EUR\",\"card_id\":\"%s\"}", platform->card_id);
    return fclose(file) == 0 ? CF_OK : CF_IO;
}

/* ---- Opening and closing ---- */

static enum cf_status open_all(struct cf_platform *platform, const char *directory,
                               struct cf_fault *reterr_fault)
{
    snprintf(platform->data, sizeof platform->data, "%s/platform", directory);
    /* Run as root, PostgreSQL is another user, who has to come through. */
    if (chmod(directory, 0711) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot open the bench's directory", "%s", directory);
    CF_TRY(child_start(platform, reterr_fault));
    CF_TRY(cf_client_open(platform->base_url, &platform->client, reterr_fault));
    CF_TRY(ready_await(platform, reterr_fault));
    CF_TRY(cf_data_dir_open(platform->data, &platform->dir, reterr_fault));
    platform->range = cf_data_dir_socket(&platform->dir, "range");
    struct cf_data_dir_url writer = cf_data_dir_socket(&platform->dir, "writer");
    CF_TRY(cf_link_open(writer.text, &platform->link, reterr_fault));
    CF_TRY(people_make(platform, reterr_fault));
    CF_TRY(campaign_make(platform, reterr_fault));
    return addresses_make(platform, directory, reterr_fault);
}

enum cf_status cf_platform_open(const char *directory, struct cf_platform **ret_platform,
                                struct cf_fault *reterr_fault)
{
    struct cf_platform *platform = calloc(1, sizeof *platform);
    if (platform == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a platform");
    enum cf_status status = open_all(platform, directory, reterr_fault);
    if (status != CF_OK) {
        cf_platform_close(platform);
        return status;
    }
    *ret_platform = platform;
    return CF_OK;
}

void cf_platform_close(struct cf_platform *platform)
{
    if (platform == NULL)
        return;
    cf_link_close(platform->link);
    if (platform->client.http != NULL)
        cf_client_close(&platform->client);
    if (platform->child > 0) {
        kill(platform->child, SIGTERM);
        while (waitpid(platform->child, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    free(platform);
}

const char *cf_platform_pledge_url(const struct cf_platform *platform)
{
    return platform->pledge_url;
}

const char *cf_platform_campaign_url(const struct cf_platform *platform)
{
    return platform->campaign_url;
}

const char *cf_platform_progress_path(const struct cf_platform *platform)
{
    return platform->progress_path;
}

uint16_t cf_platform_port(const struct cf_platform *platform)
{
    return platform->port;
}

const char *cf_platform_authorization(const struct cf_platform *platform)
{
    return platform->authorization;
}

const char *cf_platform_body_path(const struct cf_platform *platform)
{
    return platform->body_path;
}

const char *cf_platform_range_url(const struct cf_platform *platform)
{
    return platform->range.text;
}
