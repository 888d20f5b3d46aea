/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/sender.h"

#include "core/base/assert.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>

#define WINDOW 512
#define TIMEOUT_MS 60000
#define KEY_SIZE 80
#define AGAIN_MS 20

enum place_state { FREE, ON_ITS_WAY, AGAIN };

/* One command that was started. */
struct place {
    struct cf_import_sender *sender;
    enum place_state state;
    struct cf_id actor;
    char key[KEY_SIZE];
    struct cf_command_input input;
};

struct cf_import_sender {
    struct cf_link *link;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t on_their_way;   /* or to be sent again */
    struct cf_fault fault; /* the first failure; status OK without one */
    struct place places[WINDOW];
};

enum cf_status cf_import_sender_open(const char *writer_url, struct cf_import_sender **ret_sender,
                                     struct cf_fault *reterr_fault)
{
    struct cf_import_sender *sender = calloc(1, sizeof *sender);
    if (sender == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for commands on their way");
    enum cf_status status = cf_link_open(writer_url, &sender->link, reterr_fault);
    if (status != CF_OK) {
        free(sender);
        return status;
    }
    pthread_mutex_init(&sender->mutex, NULL);
    pthread_cond_init(&sender->changed, NULL);
    for (size_t i = 0; i < WINDOW; i++)
        sender->places[i].sender = sender;
    *ret_sender = sender;
    return CF_OK;
}

void cf_import_sender_close(struct cf_import_sender *sender)
{
    if (sender == NULL)
        return;
    cf_link_close(sender->link);
    pthread_cond_destroy(&sender->changed);
    pthread_mutex_destroy(&sender->mutex);
    free(sender);
}

struct cf_link *cf_import_sender_link(struct cf_import_sender *sender)
{
    return sender->link;
}

/* What a reply that is no yes comes to. */
static enum cf_status fail_by_reply(const struct cf_command_spec *spec,
                                    const struct cf_reply *reply, struct cf_fault *reterr_fault)
{
    const struct cf_refusal *refusal;
    switch (reply->kind) {
    case CF_REPLY_ACCEPTED:
        return CF_OK;
    case CF_REPLY_REFUSED:
        refusal = cf_command_refusal(spec, reply->verdict);
        CF_FAIL_ON(reterr_fault, CF_CONFLICT, "the ledger said no", "%s: %s", spec->shape.name,
                   refusal == NULL ? "?" : refusal->name);
    case CF_REPLY_CONFLICT:
        CF_FAIL_ON(reterr_fault, CF_CONFLICT, "this was imported before with another content",
                   "%s, field %u", spec->shape.name, reply->conflict_field);
    case CF_REPLY_BUSY:
        CF_FAIL_ON(reterr_fault, CF_RETRY, "the writer is busy", "%s", spec->shape.name);
    case CF_REPLY_FAILED:
        CF_FAIL_ON(reterr_fault, CF_IO, "the writer failed", "%s: %s", spec->shape.name,
                   reply->text);
    }
    CF_UNREACHABLE();
}

enum cf_status cf_import_send(struct cf_import_sender *sender,
                              const struct cf_link_command *command, uint32_t *ret_verdict,
                              struct cf_fault *reterr_fault)
{
    struct cf_reply reply;
    CF_TRY(cf_link_send(sender->link, command, TIMEOUT_MS, &reply, reterr_fault));
    if (ret_verdict != NULL)
        *ret_verdict = reply.kind == CF_REPLY_REFUSED ? reply.verdict : 0;
    return fail_by_reply(command->input->spec, &reply, reterr_fault);
}

/* On a thread of the link's. */
static void answer(void *context, enum cf_status status, const struct cf_reply *reply)
{
    struct place *place = context;
    struct cf_import_sender *sender = place->sender;
    struct cf_fault fault = {0};
    bool again = status == CF_OK && reply->kind == CF_REPLY_BUSY;
    if (status == CF_OK && !again)
        status = fail_by_reply(place->input.spec, reply, &fault);
    else if (status != CF_OK)
        cf_fault_set(&fault, status, __FILE__, __LINE__, "the writer did not answer");
    pthread_mutex_lock(&sender->mutex);
    if (status != CF_OK && sender->fault.status == CF_OK)
        sender->fault = fault;
    place->state = again ? AGAIN : FREE;
    sender->on_their_way -= !again;
    pthread_cond_signal(&sender->changed);
    pthread_mutex_unlock(&sender->mutex);
}

/* The place is ours: FREE or AGAIN, and filled. */
static enum cf_status launch(struct place *place, struct cf_fault *reterr_fault)
{
    const struct cf_link_command command = {
        .input = &place->input, .actor = place->actor, .key = cf_bytes_from_text(place->key)};
    for (;;) {
        enum cf_status status =
            cf_link_start(place->sender->link, &command, TIMEOUT_MS, answer, place, reterr_fault);
        if (status != CF_RETRY)
            return status;
        poll(NULL, 0, 1); /* too much waits already */
    }
}

/* Sends again what the writer was too busy for. With the mutex held. */
static enum cf_status send_again(struct cf_import_sender *sender, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < WINDOW; i++) {
        struct place *place = &sender->places[i];
        if (place->state != AGAIN)
            continue;
        place->state = ON_ITS_WAY;
        pthread_mutex_unlock(&sender->mutex);
        poll(NULL, 0, AGAIN_MS);
        enum cf_status status = launch(place, reterr_fault);
        pthread_mutex_lock(&sender->mutex);
        CF_TRY(status);
    }
    return CF_OK;
}

/* Waits until at most so many are on their way. With the mutex held. */
static enum cf_status wait_for(struct cf_import_sender *sender, size_t count,
                               struct cf_fault *reterr_fault)
{
    while (sender->on_their_way > count) {
        CF_TRY(send_again(sender, reterr_fault));
        if (sender->on_their_way > count)
            pthread_cond_wait(&sender->changed, &sender->mutex);
    }
    return CF_OK;
}

static enum cf_status take_place(struct cf_import_sender *sender, struct place **ret_place,
                                 struct cf_fault *reterr_fault)
{
    CF_TRY(wait_for(sender, WINDOW - 1, reterr_fault));
    for (size_t i = 0; i < WINDOW; i++) {
        if (sender->places[i].state == FREE) {
            sender->places[i].state = ON_ITS_WAY;
            sender->on_their_way++;
            *ret_place = &sender->places[i];
            return CF_OK;
        }
    }
    CF_UNREACHABLE();
}

enum cf_status cf_import_start(struct cf_import_sender *sender, struct cf_id actor,
                               struct cf_bytes key, const struct cf_command_input *input,
                               struct cf_fault *reterr_fault)
{
    struct place *place = NULL;
    CF_ASSERT(key.size < KEY_SIZE);
    pthread_mutex_lock(&sender->mutex);
    enum cf_status status = take_place(sender, &place, reterr_fault);
    pthread_mutex_unlock(&sender->mutex);
    CF_TRY(status);
    place->actor = actor;
    memcpy(place->key, key.data, key.size);
    place->key[key.size] = '\0';
    place->input = *input;
    return launch(place, reterr_fault);
}

enum cf_status cf_import_drain(struct cf_import_sender *sender, struct cf_fault *reterr_fault)
{
    pthread_mutex_lock(&sender->mutex);
    enum cf_status status = wait_for(sender, 0, reterr_fault);
    if (status == CF_OK && sender->fault.status != CF_OK) {
        status = sender->fault.status;
        if (reterr_fault != NULL)
            *reterr_fault = sender->fault;
        sender->fault = (struct cf_fault){0};
    }
    pthread_mutex_unlock(&sender->mutex);
    return status;
}
