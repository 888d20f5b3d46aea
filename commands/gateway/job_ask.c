/* SPDX-License-Identifier: Apache-2.0 */
/* A request on its way out: read, given a customer where it needs one, asked of the provider or the mail. */
#include "commands/gateway/gateway_private.h"

#include "commands/gateway/mailer.h"
#include "commands/gateway/stripe.h"

#include <stdio.h>

void cf_job__hand_in(struct cf_job *job, bool from_port)
{
    struct cf_gateway *gateway = job->gateway;
    pthread_mutex_lock(&gateway->mutex);
    job->from_port = from_port;
    job->next = NULL;
    *gateway->inbox_end = job;
    gateway->inbox_end = &job->next;
    gateway->under_way--;
    gateway->asked -= from_port;
    pthread_cond_broadcast(&gateway->changed);
    pthread_mutex_unlock(&gateway->mutex);
}

void cf_job__set_under_way(struct cf_gateway *gateway, enum cf_job_party with, bool begins)
{
    size_t step = begins ? 1 : (size_t)-1;
    pthread_mutex_lock(&gateway->mutex);
    gateway->under_way += step;
    if (with == CF_JOB_PROVIDER)
        gateway->asked += step;
    pthread_mutex_unlock(&gateway->mutex);
}

static void on_port_done(void *context, const struct cf_port_result *result, struct cf_bytes body)
{
    (void)body;
    struct cf_job *job = context;
    job->result = *result;
    cf_job__hand_in(job, true);
}

/* Towards the provider. */

static void submit(struct cf_job *job, const struct cf_port_request *request, enum cf_job_step step)
{
    job->step = step;
    cf_job__set_under_way(job->gateway, CF_JOB_PROVIDER, true);
    if (cf_payment_port_submit(job->gateway->options.port, request, on_port_done, job) == CF_OK)
        return;
    cf_job__set_under_way(job->gateway, CF_JOB_PROVIDER, false);
    cf_gateway__forget(job); /* closing, or out of memory: a later sweep brings it again */
}

void cf_job__ask(struct cf_job *job)
{
    struct cf_task_request ask;
    const char *customer = job->customer[0] == '\0' ? NULL : job->customer;
    if (cf_task_ask(&job->task, customer, job->gateway->public_url,
                    cf_gateway__now_us(job->gateway), &ask))
        submit(job, &ask.request, CF_JOB_ASK);
    else
        cf_job__close(job, CF_TASK_PARK, 0, "the event asks for nothing that a provider does");
}

void cf_job__look(struct cf_job *job, const char *object)
{
    const struct cf_port_request request = {.operation = CF_PORT_LOOK, .object = object};
    submit(job, &request, CF_JOB_LOOK);
}

/* Letters. */

static void on_mail_done(void *context, enum cf_status status, const char *reason)
{
    struct cf_job *job = context;
    bool over = status == CF_DENIED || status == CF_INVALID || status == CF_CORRUPT;
    job->result = (struct cf_port_result){.outcome = status == CF_OK ? CF_PORT_DONE
                                                     : over          ? CF_PORT_REFUSED
                                                                     : CF_PORT_UNAVAILABLE};
    if (status != CF_OK)
        snprintf(job->result.reason, sizeof job->result.reason, "%s", reason);
    cf_job__hand_in(job, true);
}

static void send_letter(struct cf_job *job)
{
    const struct cf_event_user_mail_requested *asked = &job->task.event.user_mail_requested;
    char name[CF_TASK_KEY_SIZE];
    if (job->task.event.type != CF_EVENT_USER_MAIL_REQUESTED) {
        cf_job__close(job, CF_TASK_PARK, 0, "the event asks for no letter");
        return;
    }
    cf_task_key(&job->task, name);
    cf_job__set_under_way(job->gateway, CF_JOB_PROVIDER, true);
    if (cf_mailer_submit(job->gateway->options.mailer, asked->user_id, asked->mail, name,
                         job->task.record.time_us, on_mail_done, job) == CF_OK)
        return;
    cf_job__set_under_way(job->gateway, CF_JOB_PROVIDER, false);
    cf_gateway__forget(job);
}

/* Customers. */

static void make_customer(struct cf_job *job, struct cf_id user_id)
{
    struct cf_port_request request = {.operation = CF_PORT_MAKE_CUSTOMER, .user_id = user_id};
    cf_task_customer_key(user_id, request.key);
    submit(job, &request, CF_JOB_CUSTOMER);
}

static void begin_news(struct cf_job *job)
{
    struct cf_task_request ask_news;
    if (job->task.event.type == CF_EVENT_PROVIDER_EVENT_RECEIVED &&
        cf_task_ask_news(&job->task, &ask_news))
        submit(job, &ask_news.request, CF_JOB_LOOK);
    else
        cf_job__close(job, CF_TASK_DONE, 0, "");
}

static void begin_payment(struct cf_job *job)
{
    struct cf_id payer = cf_task_payer(&job->task);
    bool named =
        !cf_id_is_zero(payer) && job->task.event.pledge_payment_requested.customer.size > 0;
    if (cf_id_is_zero(payer) || named || cf_job__find_customer(job, payer))
        cf_job__ask(job);
    else
        make_customer(job, payer);
}

bool cf_job_begin(struct cf_job *job)
{
    enum cf_status status = cf_job__read_event(job);
    if (status != CF_OK)
        cf_gateway__forget(job); /* a later sweep brings it again */
    else if (job->kind == CF_REQUEST_MAIL)
        send_letter(job);
    else if (job->kind == CF_REQUEST_PROVIDER_NEWS)
        begin_news(job);
    else
        begin_payment(job);
    return status != CF_RETRY && status != CF_TIMEOUT && status != CF_CLOSED;
}
