/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bench/load.h"

#include "core/base/assert.h"
#include "eventstore/data_dir.h"
#include "eventstore/sodium.h"
#include "tools/bench/figure.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>

#define BACKERS 1000
#define IN_FLIGHT_MAX 4096
#define TIMEOUT_MS 60000
#define START_TIMEOUT_MS 20000

extern char **environ;

/* One command that may be under way. */
struct slot {
    struct cf_load *load;
    struct cf_command_input input;
    char key[32];
    struct cf_id actor;
    int64_t due_ns;           /* when it was to be sent */
    atomic_bool is_under_way; /* in a paced run */
};

struct cf_load {
    struct cf_data_dir dir;
    pid_t writer;
    struct cf_link *link;
    struct cf_id *campaigns; /* owned */
    struct cf_id backers[BACKERS];
    struct cf_id cards[BACKERS];
    atomic_uint_fast64_t made; /* numbers ids */

    /* The run under way. */
    uint32_t campaign_count;
    atomic_int_fast64_t unsent;
    atomic_int_fast64_t unanswered;
    atomic_uint_fast64_t wrong; /* answers that were not an acceptance */
    pthread_mutex_t lock;
    pthread_cond_t done;
    int64_t *latencies; /* of a paced run; owned */
    atomic_uint_fast64_t latency_count;
    struct slot slots[IN_FLIGHT_MAX];
};

/* Ids that grow as UUIDv7 do, and keys that are spread as random ones are. */
static struct cf_id next_id(struct cf_load *load, uint64_t *ret_number)
{
    uint8_t random[CF_ID_RANDOM_SIZE] = {0};
    uint64_t number = atomic_fetch_add(&load->made, 1);
    memcpy(random + 3, &number, 7);
    *ret_number = number;
    return cf_id_make(CF_DAY_US * 20000 + (int64_t)number * 16, random);
}

static uint64_t spread(uint64_t number)
{
    number += UINT64_C(0x9e3779b97f4a7c15);
    number = (number ^ (number >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ (number >> 27)) * UINT64_C(0x94d049bb133111eb);
    return number ^ (number >> 31);
}

/* -- The writer's process -------------------------------------------------------------------- */

static enum cf_status start_writer(struct cf_load *load, struct cf_fault *reterr_fault)
{
    char name[] = "coffer", subcommand[] = "writer", option[] = "--data";
    char *arguments[] = {name, subcommand, option, load->dir.path, NULL};
    if (posix_spawn(&load->writer, "/proc/self/exe", NULL, NULL, arguments, environ) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot start a writer");
    CF_TRY(cf_link_open(cf_data_dir_socket(&load->dir, "writer").text, &load->link, reterr_fault));
    struct cf_link_timer timer;
    int64_t now_us;
    size_t count;
    enum cf_status status = CF_RETRY;
    int64_t until_ns = cf_bench_now_ns() + START_TIMEOUT_MS * INT64_C(1000000);
    while (status == CF_RETRY && cf_bench_now_ns() < until_ns)
        status = cf_link_timers(load->link, 1000, &timer, 1, &count, &now_us, reterr_fault);
    return status;
}

/* -- Setting up ----------------------------------------------------------------------------- */

static enum cf_status send(struct cf_load *load, const struct cf_command_input *input,
                           struct cf_id actor, struct cf_fault *reterr_fault)
{
    char key[32];
    struct cf_reply reply;
    uint64_t number = atomic_fetch_add(&load->made, 1);
    int size = snprintf(key, sizeof key, "setup %llu", (unsigned long long)number);
    const struct cf_link_command command = {
        .input = input, .actor = actor, .key = cf_bytes_from(key, (size_t)size)};
    CF_TRY(cf_link_send(load->link, &command, TIMEOUT_MS, &reply, reterr_fault));
    if (reply.kind != CF_REPLY_ACCEPTED)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "a command was not accepted",
                   "%s: kind %d verdict %u %s", input->spec->shape.name, reply.kind, reply.verdict,
                   reply.text);
    return CF_OK;
}

static enum cf_status make_user(struct cf_load *load, struct cf_id *ret_id,
                                struct cf_fault *reterr_fault)
{
    struct cf_command_input input;
    uint64_t number;
    *ret_id = next_id(load, &number);
    cf_command_input_init(&input, CF_COMMAND_user_register);
    cf_command_set_id(&input, "user_id", *ret_id);
    cf_command_set_sealed(&input, "email", CF_BYTES_LITERAL("sealed"));
    cf_command_set_text(&input, "terms_version", CF_BYTES_LITERAL("1"));
    cf_command_set_signed(&input, "imported", 1);
    return send(load, &input, CF_ACTOR_OPERATOR, reterr_fault);
}

static enum cf_status make_backer(struct cf_load *load, size_t index, struct cf_fault *reterr_fault)
{
    struct cf_command_input input;
    uint64_t number;
    CF_TRY(make_user(load, &load->backers[index], reterr_fault));
    load->cards[index] = next_id(load, &number);
    cf_command_input_init(&input, CF_COMMAND_user_save_card);
    cf_command_set_id(&input, "user_id", load->backers[index]);
    cf_command_set_id(&input, "card_id", load->cards[index]);
    cf_command_set_text(&input, "payment_method", CF_BYTES_LITERAL("pm_card_visa"));
    return send(load, &input, load->backers[index], reterr_fault);
}

static enum cf_status about_campaign(struct cf_load *load, enum cf_command_number number,
                                     struct cf_id campaign_id, struct cf_id actor,
                                     struct cf_fault *reterr_fault)
{
    struct cf_command_input input;
    cf_command_input_init(&input, number);
    cf_command_set_id(&input, "campaign_id", campaign_id);
    if (number == CF_COMMAND_campaign_approve) {
        cf_command_set_signed(&input, "platform_fee_bps", 500);
        cf_command_set_signed(&input, "processor_fee_bearer", CF_BEARER_CREATOR);
    }
    return send(load, &input, actor, reterr_fault);
}

static enum cf_status make_campaign(struct cf_load *load, size_t index, struct cf_id creator_id,
                                    struct cf_fault *reterr_fault)
{
    struct cf_command_input input;
    struct timespec now;
    uint64_t number;
    char slug[32];
    struct cf_id id = next_id(load, &number);
    load->campaigns[index] = id;
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(slug, sizeof slug, "campaign-%zu", index);
    cf_command_input_init(&input, CF_COMMAND_campaign_draft);
    cf_command_set_id(&input, "campaign_id", id);
    cf_command_set_id(&input, "creator_id", creator_id);
    cf_command_set_signed(&input, "model", CF_FUNDING_MODEL_AON);
    cf_command_set_signed(&input, "currency", CF_CURRENCY_EUR);
    cf_command_set_signed(&input, "goal", INT64_C(10000000000));
    cf_command_set_sealed(&input, "title", CF_BYTES_LITERAL("sealed"));
    cf_command_set_text(&input, "slug", cf_bytes_from_text(slug));
    cf_command_set_signed(&input, "ends_at", (int64_t)now.tv_sec * CF_SECOND_US + 30 * CF_DAY_US);
    CF_TRY(send(load, &input, creator_id, reterr_fault));
    CF_TRY(about_campaign(load, CF_COMMAND_campaign_submit, id, creator_id, reterr_fault));
    CF_TRY(about_campaign(load, CF_COMMAND_campaign_approve, id, CF_ACTOR_OPERATOR, reterr_fault));
    return about_campaign(load, CF_COMMAND_campaign_launch, id, creator_id, reterr_fault);
}

/* Setting up waits for each answer; several threads keep the writer's batches filled. */
struct helper {
    struct cf_load *load;
    struct cf_id creator_id;
    uint32_t first, step;
    uint32_t campaign_count;
    enum cf_status status;
    struct cf_fault fault;
};

static void *help(void *context)
{
    struct helper *helper = context;
    for (uint32_t i = helper->first; i < BACKERS && helper->status == CF_OK; i += helper->step)
        helper->status = make_backer(helper->load, i, &helper->fault);
    for (uint32_t i = helper->first; i < helper->campaign_count && helper->status == CF_OK;
         i += helper->step)
        helper->status = make_campaign(helper->load, i, helper->creator_id, &helper->fault);
    return NULL;
}

static enum cf_status set_up(struct cf_load *load, uint32_t campaign_count,
                             struct cf_fault *reterr_fault)
{
    enum { HELPERS = 32 };
    pthread_t threads[HELPERS];
    static struct helper helpers[HELPERS];
    struct cf_command_input input;
    struct cf_id creator_id;
    CF_TRY(make_user(load, &creator_id, reterr_fault));
    cf_command_input_init(&input, CF_COMMAND_user_start_identity_check);
    cf_command_set_id(&input, "user_id", creator_id);
    cf_command_set_text(&input, "check", CF_BYTES_LITERAL("check"));
    CF_TRY(send(load, &input, creator_id, reterr_fault));
    for (uint32_t i = 0; i < HELPERS; i++) {
        helpers[i] = (struct helper){.load = load,
                                     .creator_id = creator_id,
                                     .first = i,
                                     .step = HELPERS,
                                     .campaign_count = campaign_count};
        if (pthread_create(&threads[i], NULL, help, &helpers[i]) != 0)
            CF_FAIL(reterr_fault, CF_NO_MEMORY, "no thread to set up with");
    }
    enum cf_status status = CF_OK;
    for (uint32_t i = 0; i < HELPERS; i++) {
        pthread_join(threads[i], NULL);
        if (helpers[i].status != CF_OK && status == CF_OK) {
            status = helpers[i].status;
            *reterr_fault = helpers[i].fault;
        }
    }
    return status;
}

/* -- Pledges -------------------------------------------------------------------------------- */

static void prepare(struct cf_load *load, struct slot *slot)
{
    uint64_t number;
    struct cf_id pledge_id = next_id(load, &number);
    size_t backer = number % BACKERS;
    slot->actor = load->backers[backer];
    snprintf(slot->key, sizeof slot->key, "%016llx%08x", (unsigned long long)spread(number),
             (unsigned)number);
    cf_command_set_id(&slot->input, "pledge_id", pledge_id);
    cf_command_set_id(&slot->input, "campaign_id", load->campaigns[number % load->campaign_count]);
    cf_command_set_id(&slot->input, "backer_id", slot->actor);
    cf_command_set_id(&slot->input, "card_id", load->cards[backer]);
}

static void on_answer(void *context, enum cf_status status, const struct cf_reply *reply);

static enum cf_status start(struct slot *slot)
{
    const struct cf_link_command command = {
        .input = &slot->input, .actor = slot->actor, .key = cf_bytes_from_text(slot->key)};
    return cf_link_start(slot->load->link, &command, TIMEOUT_MS, on_answer, slot, NULL);
}

static void start_or_fail(struct slot *slot)
{
    enum cf_status status = start(slot);
    if (status != CF_OK)
        on_answer(slot, status, NULL);
}

static void pause_shortly(void)
{
    struct timespec moment = {.tv_nsec = 1000000};
    nanosleep(&moment, NULL);
}

/* Waits as cf_link_send does where too much waits already; it counts as waiting for the answer. */
static void start_or_wait(struct slot *slot)
{
    enum cf_status status;
    while ((status = start(slot)) == CF_RETRY)
        pause_shortly();
    if (status != CF_OK)
        on_answer(slot, status, NULL);
}

static void on_answer(void *context, enum cf_status status, const struct cf_reply *reply)
{
    struct slot *slot = context;
    struct cf_load *load = slot->load;
    if (status != CF_OK || reply->kind != CF_REPLY_ACCEPTED)
        atomic_fetch_add(&load->wrong, 1);
    if (load->latencies != NULL) {
        uint64_t index = atomic_fetch_add(&load->latency_count, 1);
        load->latencies[index] = cf_bench_now_ns() - slot->due_ns;
        atomic_store(&slot->is_under_way, false);
    } else if (atomic_fetch_sub(&load->unsent, 1) > 0) {
        prepare(load, slot);
        start_or_fail(slot);
        return;
    }
    pthread_mutex_lock(&load->lock);
    if (atomic_fetch_sub(&load->unanswered, 1) == 1)
        pthread_cond_signal(&load->done);
    pthread_mutex_unlock(&load->lock);
}

static enum cf_status wait_for_answers(struct cf_load *load, struct cf_fault *reterr_fault)
{
    pthread_mutex_lock(&load->lock);
    while (atomic_load(&load->unanswered) > 0)
        pthread_cond_wait(&load->done, &load->lock);
    pthread_mutex_unlock(&load->lock);
    if (atomic_load(&load->wrong) > 0)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "pledges were not accepted", "%llu of them",
                   (unsigned long long)atomic_load(&load->wrong));
    return CF_OK;
}

static void begin_run(struct cf_load *load, uint32_t campaign_count)
{
    load->campaign_count = campaign_count;
    atomic_store(&load->wrong, 0);
    for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
        struct slot *slot = &load->slots[i];
        slot->load = load;
        cf_command_input_init(&slot->input, CF_COMMAND_pledge_start_checkout);
        cf_command_set_signed(&slot->input, "currency", CF_CURRENCY_EUR);
        cf_command_set_signed(&slot->input, "amount", 2500);
        cf_command_set_text(&slot->input, "country", CF_BYTES_LITERAL("DE"));
    }
}

enum cf_status cf_load_run(struct cf_load *load, uint32_t campaign_count, uint32_t in_flight,
                           uint64_t pledge_count, int64_t *ret_elapsed_ns,
                           struct cf_fault *reterr_fault)
{
    CF_ASSERT(in_flight <= IN_FLIGHT_MAX && pledge_count >= in_flight);
    begin_run(load, campaign_count);
    atomic_store(&load->unsent, (int_fast64_t)(pledge_count - in_flight));
    atomic_store(&load->unanswered, in_flight);
    int64_t begun_ns = cf_bench_now_ns();
    for (uint32_t i = 0; i < in_flight; i++) {
        prepare(load, &load->slots[i]);
        start_or_fail(&load->slots[i]);
    }
    CF_TRY(wait_for_answers(load, reterr_fault));
    *ret_elapsed_ns = cf_bench_now_ns() - begun_ns;
    return CF_OK;
}

static int compare_ns(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

enum cf_status cf_load_pace(struct cf_load *load, double per_second, uint64_t pledge_count,
                            int64_t *ret_p99_ns, struct cf_fault *reterr_fault)
{
    begin_run(load, 1);
    load->latencies = calloc(pledge_count, sizeof *load->latencies);
    CF_ASSERT(load->latencies != NULL);
    atomic_store(&load->latency_count, 0);
    atomic_store(&load->unanswered, (int_fast64_t)pledge_count);
    int64_t begun_ns = cf_bench_now_ns();
    for (uint64_t i = 0; i < pledge_count; i++) {
        struct slot *slot = &load->slots[i % IN_FLIGHT_MAX];
        int64_t due_ns = begun_ns + (int64_t)((double)i * 1e9 / per_second);
        struct timespec until = {.tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000};
        if (due_ns > cf_bench_now_ns() + 100000)
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        while (atomic_load(&slot->is_under_way))
            pause_shortly();
        prepare(load, slot);
        slot->due_ns = due_ns;
        atomic_store(&slot->is_under_way, true);
        start_or_wait(slot);
    }
    enum cf_status status = wait_for_answers(load, reterr_fault);
    qsort(load->latencies, pledge_count, sizeof *load->latencies, compare_ns);
    *ret_p99_ns = load->latencies[pledge_count * 99 / 100];
    free(load->latencies);
    load->latencies = NULL;
    return status;
}

/* -- Opening and closing -------------------------------------------------------------------- */

enum cf_status cf_load_open(const char *directory, uint32_t campaign_count,
                            struct cf_load **ret_load, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_load_close) struct cf_load *load = calloc(1, sizeof *load);
    if (load == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a load");
    cf_sodium_init();
    pthread_mutex_init(&load->lock, NULL);
    pthread_cond_init(&load->done, NULL);
    load->campaigns = calloc(campaign_count, sizeof *load->campaigns);
    if (load->campaigns == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a load");
    CF_TRY(cf_data_dir_open(directory, &load->dir, reterr_fault));
    CF_TRY(start_writer(load, reterr_fault));
    CF_TRY(set_up(load, campaign_count, reterr_fault));
    *ret_load = CF_TAKE(load);
    return CF_OK;
}

void cf_load_close(struct cf_load *load)
{
    if (load == NULL)
        return;
    cf_link_close(load->link);
    if (load->writer > 0) {
        kill(load->writer, SIGTERM);
        waitpid(load->writer, NULL, 0);
    }
    pthread_cond_destroy(&load->done);
    pthread_mutex_destroy(&load->lock);
    free(load->campaigns);
    free(load);
}
