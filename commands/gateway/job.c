/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request from its event to its outcome:
 *
 *   read the event ▸ (make the payer's customer) ▸ ask the provider ▸ (look) ▸ outcome commands, one
 *   after the other ▸ (defer, park, settle or quarantine)
 *
 * The first half is in job_ask.c.
 */
#include "commands/gateway/gateway_private.h"

#include "commands/gateway/pace.h"
#include "core/base/assert.h"
#include "eventstore/sodium.h"

#include <stdio.h>

#define COMMAND_TIMEOUT_MS 15000
#define DEFER_FIRST_US (INT64_C(30) * 1000000)
#define DEFER_LAST_US (INT64_C(3600) * 1000000)

static void finish(struct cf_job *job);

static void on_link_answer(void *context, enum cf_status status, const struct cf_reply *reply)
{
    struct cf_job *job = context;
    job->link_status = status;
    if (status == CF_OK)
        job->reply = *reply;
    cf_job__hand_in(job, false);
}

static void count(struct cf_gateway *gateway, uint64_t *counter)
{
    pthread_mutex_lock(&gateway->mutex);
    ++*counter;
    pthread_mutex_unlock(&gateway->mutex);
}

/* Towards the writer. */

static const struct cf_command_input *current_command(const struct cf_job *job)
{
    return job->step == CF_JOB_COMMANDS ? &job->answer->commands[job->command_index]
                                        : &job->closing;
}

static void send_command(struct cf_job *job, const struct cf_command_input *input, const char *key)
{
    struct cf_gateway *gateway = job->gateway;
    const struct cf_link_command command = {
        .input = input, .actor = CF_ACTOR_GATEWAY, .key = cf_bytes_from_text(key)};
    struct cf_fault fault = {0};
    cf_job__set_under_way(gateway, CF_JOB_WRITER, true);
    enum cf_status status =
        cf_link_start(gateway->link, &command, COMMAND_TIMEOUT_MS, on_link_answer, job, &fault);
    if (status == CF_OK)
        return;
    cf_job__set_under_way(gateway, CF_JOB_WRITER, false);
    if (status == CF_INVALID) {
        fprintf(stderr, "coffer gateway: request %llu: %s: %s %s\n",
                (unsigned long long)job->sequence, input->spec->shape.name, fault.text,
                fault.detail);
        if (job->step == CF_JOB_COMMANDS)
            cf_job__close(job, CF_TASK_PARK, 0, "the provider's answer does not fit a command");
        else
            cf_gateway__forget(job);
        return;
    }
    job->next = gateway->again; /* too much waits already */
    gateway->again = job;
}

void cf_job_resend(struct cf_job *job)
{
    char key[255];
    if (job->step != CF_JOB_COMMANDS) {
        send_command(job, &job->closing, job->closing_key);
        return;
    }
    char task_key[CF_TASK_KEY_SIZE];
    const struct cf_command_input *input = current_command(job);
    cf_task_key(&job->task, task_key);
    snprintf(key, sizeof key, "%s:%s:%s", task_key, input->spec->shape.name,
             job->result.id[0] != '\0' ? job->result.id : job->result.intent);
    send_command(job, input, key);
}

static void send_next(struct cf_job *job)
{
    job->step = CF_JOB_COMMANDS;
    if (job->command_index < job->answer->command_count)
        cf_job_resend(job);
    else
        finish(job);
}

/* The waits of one request grow while it fails. */
static int64_t next_wait_us(struct cf_job *job, int64_t wait_us)
{
    size_t slot = job->sequence % CF_GATEWAY_BUCKETS;
    if (job->gateway->attempts[slot].sequence != job->sequence) {
        job->gateway->attempts[slot].sequence = job->sequence;
        job->gateway->attempts[slot].attempts = 0;
    }
    unsigned attempt = ++job->gateway->attempts[slot].attempts;
    uint64_t random = 0;
    if (!job->gateway->options.in_order)
        cf_random(&random, sizeof random);
    int64_t own_us = cf_backoff_us(attempt, DEFER_FIRST_US, DEFER_LAST_US, random);
    return own_us > wait_us ? own_us : wait_us;
}

static void close_news(struct cf_job *job, enum cf_task_then then, const char *reason)
{
    const struct cf_event_provider_event_received *notice =
        &job->task.event.provider_event_received;
    bool quarantine = then == CF_TASK_QUARANTINE;
    cf_command_input_init(&job->closing, quarantine ? CF_COMMAND_provider_quarantine_event
                                                    : CF_COMMAND_provider_settle_event);
    cf_command_set_text(&job->closing, "event", notice->event);
    if (!quarantine)
        return;
    cf_command_set_text(&job->closing, "reason", cf_bytes_from_text(reason));
    if (notice->object.size > 0)
        cf_command_set_text(&job->closing, "object", notice->object);
    if (job->result.currency != CF_CURRENCY_NONE && !cf_money_is_zero(job->result.amount)) {
        cf_command_set_signed(&job->closing, "amount", cf_money_minor(job->result.amount));
        cf_command_set_unsigned(&job->closing, "currency", (uint64_t)job->result.currency);
    }
}

void cf_job__close(struct cf_job *job, enum cf_task_then then, int64_t wait_us, const char *reason)
{
    bool news = job->kind == CF_REQUEST_PROVIDER_NEWS;
    char task_key[CF_TASK_KEY_SIZE], detail[40] = "";
    if (then == CF_TASK_AWAIT) {
        int64_t age_us = cf_gateway__now_us(job->gateway) - job->task.record.time_us;
        then = age_us < CF_TASK_AWAIT_MAX_US ? CF_TASK_DEFER : CF_TASK_QUARANTINE;
        wait_us = age_us / 2; /* a few looks soon, and not one every hour for days */
    }
    if (!news && then == CF_TASK_DONE) {
        count(job->gateway, &job->gateway->performed);
        cf_gateway__forget(job);
        return;
    }
    job->step = CF_JOB_CLOSING;
    if (news && then != CF_TASK_DEFER) {
        close_news(job, then, reason);
    } else {
        bool defer = then == CF_TASK_DEFER;
        cf_command_input_init(&job->closing,
                              defer ? CF_COMMAND_request_defer : CF_COMMAND_request_park);
        cf_command_set_id(&job->closing, "subject_id", job->subject);
        cf_command_set_unsigned(&job->closing, "request", (uint64_t)job->kind);
        cf_command_set_text(&job->closing, "reason",
                            cf_bytes_from_text(reason[0] == '\0' ? "unknown" : reason));
        if (defer) {
            int64_t retry_at_us = cf_gateway__now_us(job->gateway) + next_wait_us(job, wait_us);
            cf_command_set_signed(&job->closing, "retry_at", retry_at_us);
            snprintf(detail, sizeof detail, "%lld", (long long)retry_at_us);
        }
    }
    cf_task_key(&job->task, task_key);
    snprintf(job->closing_key, sizeof job->closing_key, "%s:%s:%s", task_key,
             job->closing.spec->shape.name, detail);
    cf_job_resend(job);
}

/* All outcome commands have been taken. */
static void finish(struct cf_job *job)
{
    cf_job__close(job, job->answer->then, job->answer->wait_us, job->answer->reason);
}

/* What the provider brought. */

static void take_news(struct cf_job *job)
{
    struct cf_task_subject subject;
    cf_job__find_subject(job, &subject);
    cf_task_take_news(&job->task, &job->result, &subject, job->answer);
    /* While the pledge's payment is being asked, its own answer tells; a failure seen here may be an
     * earlier attempt's. */
    if (job->result.state == CF_PORT_STATE_FAILED &&
        cf_gateway__find(job->gateway, CF_REQUEST_PAYMENT, subject.pledge_id) != NULL)
        job->answer->command_count = 0;
}

static void link_customer(struct cf_job *job)
{
    struct cf_id payer = cf_task_payer(&job->task);
    memcpy(cf_job__customer_slot(job->gateway, payer), job->result.id, CF_PORT_NAME_SIZE);
    memcpy(job->customer, job->result.id, CF_PORT_NAME_SIZE);
    cf_command_input_init(&job->closing, CF_COMMAND_user_link_customer);
    cf_command_set_id(&job->closing, "user_id", payer);
    cf_command_set_text(&job->closing, "customer", cf_bytes_from_text(job->customer));
    cf_task_customer_key(payer, job->closing_key);
    job->step = CF_JOB_CUSTOMER_LINK;
    cf_job_resend(job);
}

void cf_job_on_result(struct cf_job *job)
{
    if (job->step == CF_JOB_CUSTOMER && job->result.outcome == CF_PORT_DONE) {
        link_customer(job);
        return;
    }
    if (job->answer == NULL)
        job->answer = calloc(1, sizeof *job->answer);
    if (job->answer == NULL) {
        cf_gateway__forget(job);
        return;
    }
    job->command_index = 0;
    if (job->kind == CF_REQUEST_PROVIDER_NEWS)
        take_news(job);
    else
        cf_task_take(&job->task, &job->result, job->answer);
    if (job->answer->then == CF_TASK_LOOK && job->step != CF_JOB_LOOK) {
        cf_job__look(job, job->answer->object);
        return;
    }
    if (job->answer->then == CF_TASK_LOOK)
        job->answer->then = CF_TASK_PARK;
    send_next(job);
}

/* What the writer answered. */

static void on_refused(struct cf_job *job, const char *verdict)
{
    const char *command = current_command(job)->spec->shape.name;
    bool news = job->kind == CF_REQUEST_PROVIDER_NEWS;
    char reason[160];
    snprintf(reason, sizeof reason, "%s: %s", command, verdict);
    if (cf_task_is_contradiction(command, verdict)) {
        fprintf(stderr, "coffer gateway: request %llu contradicts the books: %s\n",
                (unsigned long long)job->sequence, reason);
        cf_job__close(job, news ? CF_TASK_QUARANTINE : CF_TASK_PARK, 0, reason);
    } else if (news && cf_task_is_early(command, verdict)) {
        cf_job__close(job, CF_TASK_AWAIT, 0, reason);
    } else if (!news && job->command_index == 0) {
        cf_job__close(job, CF_TASK_PARK, 0, reason); /* refused where it is no longer open */
    } else {
        job->command_index++;
        send_next(job);
    }
}

static void count_closing(struct cf_job *job)
{
    struct cf_gateway *gateway = job->gateway;
    const struct {
        enum cf_command_number number;
        uint64_t *counter;
    } rows[] = {{CF_COMMAND_request_defer, &gateway->deferred},
                {CF_COMMAND_request_park, &gateway->parked},
                {CF_COMMAND_provider_quarantine_event, &gateway->quarantined}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (job->closing.spec->shape.number == (uint32_t)rows[i].number)
            count(gateway, rows[i].counter);
    }
}

void cf_job_on_reply(struct cf_job *job)
{
    struct cf_gateway *gateway = job->gateway;
    const struct cf_reply *reply = &job->reply;
    bool failed = job->link_status == CF_OK && reply->kind == CF_REPLY_FAILED;
    if (failed && job->step == CF_JOB_COMMANDS) {
        cf_job__close(job, CF_TASK_DEFER, 0, reply->text); /* it will be told again */
        return;
    }
    if (failed || job->link_status != CF_OK || reply->kind == CF_REPLY_BUSY) {
        job->next = gateway->again; /* the same key makes it safe */
        gateway->again = job;
        return;
    }
    if (job->step == CF_JOB_CUSTOMER_LINK) {
        cf_job__ask(job); /* refused means: linked already */
        return;
    }
    if (job->step == CF_JOB_CLOSING) {
        if (reply->kind == CF_REPLY_ACCEPTED) /* refused means: it is no longer open */
            count_closing(job);
        cf_gateway__forget(job);
        return;
    }
    const struct cf_command_input *input = current_command(job);
    const struct cf_refusal *refusal =
        reply->kind == CF_REPLY_REFUSED ? cf_command_refusal(input->spec, reply->verdict) : NULL;
    if (reply->kind == CF_REPLY_ACCEPTED) {
        job->command_index++;
        send_next(job);
    } else {
        on_refused(job, refusal != NULL                    ? refusal->name
                        : reply->kind == CF_REPLY_CONFLICT ? "CONFLICT"
                                                           : reply->text);
    }
}
