/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/mailer.h"

#include "commands/gateway/letter.h"
#include "core/base/assert.h"
#include "core/event/record.h"
#include "eventstore/keeper_client.h"
#include "eventstore/range.h"

#include <pthread.h>
#include <stdio.h>

#define KEEPER_TIMEOUT_MS 5000
#define TICKET_LIFE_US (INT64_C(3600) * 1000000)
#define PAGE 64
#define PEOPLE 4096
#define LETTER_SIZE_MAX ((size_t)16 << 10)

struct letter {
    struct letter *next;
    struct cf_id user_id;
    enum cf_mail mail;
    char name[120];
    int64_t at_us;
    cf_mailer_done_fn *done;
    void *context;
};

struct cf_mailer {
    struct cf_mailer_options options;
    char *from, *public_url;
    struct cf_keeper_client *keeper;
    struct cf_range_client *range;
    pthread_t thread;
    bool thread_started;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct letter *queue, **queue_end; /* under mutex */
    bool closing;                      /* under mutex */

    /* How far a person's stream has been read, and which record has the address. */
    struct {
        struct cf_id user_id;
        uint32_t version;
        uint64_t sequence;
    } people[PEOPLE];
};

/* Addresses. */

/* The sealed address in a record, when that is what it brings. */
static bool sealed_in(struct cf_bytes bytes, struct cf_bytes *ret_sealed)
{
    struct cf_record record;
    struct cf_event event;
    if (cf_record_decode(bytes, &record, NULL) != CF_OK ||
        (record.event_number != CF_EVENT_USER_REGISTERED &&
         record.event_number != CF_EVENT_USER_EMAIL_CHANGED) ||
        cf_record_event(&record, &event, NULL) != CF_OK)
        return false;
    *ret_sealed = event.type == CF_EVENT_USER_REGISTERED
                      ? event.user_registered.email.ciphertext
                      : event.user_email_changed.email.ciphertext;
    return true;
}

/* Reads on in a person's stream; the newest record with an address counts. 0: there is none. */
static enum cf_status find_address(struct cf_mailer *mailer, struct cf_id user_id,
                                   uint64_t *ret_sequence)
{
    size_t slot = (size_t)(user_id.bytes[14] << 8 | user_id.bytes[15]) % PEOPLE;
    uint64_t sequences[PAGE];
    struct cf_range_records records = {0};
    enum cf_status status = CF_OK;
    size_t count = PAGE;
    if (!cf_id_equal(mailer->people[slot].user_id, user_id)) {
        mailer->people[slot].user_id = user_id;
        mailer->people[slot].version = 0;
        mailer->people[slot].sequence = 0;
    }
    while (status == CF_OK && count == PAGE) {
        status = cf_range_stream(mailer->range, user_id, mailer->people[slot].version + 1,
                                 sequences, PAGE, &count, NULL);
        for (size_t i = 0; status == CF_OK && i < count; i++) {
            struct cf_bytes sealed;
            status = cf_range_read(mailer->range, sequences[i], 1, &records, NULL);
            if (status != CF_OK)
                break;
            if (records.count > 0 && sealed_in(records.records[0], &sealed))
                mailer->people[slot].sequence = sequences[i];
            mailer->people[slot].version++;
        }
    }
    cf_range_records_clean_up(&records);
    *ret_sequence = mailer->people[slot].sequence;
    return status;
}

static enum cf_status open_address(struct cf_mailer *mailer, struct cf_id user_id,
                                   struct cf_buf *ret_address, struct cf_fault *reterr_fault)
{
    uint64_t sequence = 0;
    struct cf_range_records records = {0};
    struct cf_bytes sealed = {0};
    enum cf_status status = find_address(mailer, user_id, &sequence);
    if (status == CF_OK && sequence == 0)
        status = cf_fault_set(reterr_fault, CF_DENIED, __FILE__, __LINE__, "no address is known");
    if (status == CF_OK)
        status = cf_range_read(mailer->range, sequence, 1, &records, reterr_fault);
    if (status == CF_OK && (records.count == 0 || !sealed_in(records.records[0], &sealed)))
        status = cf_fault_set(reterr_fault, CF_RETRY, __FILE__, __LINE__, "the record is gone");
    if (status == CF_OK)
        status = cf_keeper_open_one(mailer->keeper, user_id, sealed, ret_address, reterr_fault);
    if (status == CF_NOT_FOUND)
        status = cf_fault_set(reterr_fault, CF_DENIED, __FILE__, __LINE__, "the person was erased");
    cf_range_records_clean_up(&records);
    return status == CF_OK ? cf_buf_terminate(ret_address) : status;
}

/* Letters. */

static enum cf_status send_letter(struct cf_mailer *mailer, const struct letter *letter,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf address, text;
    cf_buf_init(&address, 1024);
    cf_buf_init(&text, LETTER_SIZE_MAX);
    CF_TRY(open_address(mailer, letter->user_id, &address, reterr_fault));
    char ticket[CF_VAULT_TOKEN_SIZE] = "";
    if (cf_letter_wants_ticket(letter->mail))
        CF_TRY(cf_keeper_ticket_make(mailer->keeper, letter->user_id,
                                     letter->mail == CF_MAIL_VERIFY_ADDRESS
                                         ? CF_TICKET_VERIFY_EMAIL
                                         : CF_TICKET_RESET_PASSWORD,
                                     TICKET_LIFE_US, ticket, reterr_fault));
    const struct cf_letter_facts facts = {.mail = letter->mail,
                                          .name = letter->name,
                                          .from = mailer->from,
                                          .to = (const char *)address.data,
                                          .public_url = mailer->public_url,
                                          .ticket = ticket,
                                          .at_us = letter->at_us};
    enum cf_status status = cf_letter_write(&facts, &text);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "the address takes no mail");
    const struct cf_letter whole = {.name = letter->name,
                                    .from = mailer->from,
                                    .to = (const char *)address.data,
                                    .text = cf_buf_bytes(&text)};
    return cf_mail_port_send(mailer->options.port, &whole, reterr_fault);
}

static void *run(void *context)
{
    struct cf_mailer *mailer = context;
    pthread_mutex_lock(&mailer->mutex);
    for (;;) {
        while (mailer->queue == NULL && !mailer->closing)
            pthread_cond_wait(&mailer->changed, &mailer->mutex);
        struct letter *letter = mailer->queue;
        if (letter == NULL)
            break;
        mailer->queue = letter->next;
        if (mailer->queue == NULL)
            mailer->queue_end = &mailer->queue;
        bool closing = mailer->closing;
        pthread_mutex_unlock(&mailer->mutex);
        struct cf_fault fault = {.status = CF_CLOSED, .text = "closing"};
        enum cf_status status = closing ? CF_CLOSED : send_letter(mailer, letter, &fault);
        letter->done(letter->context, status, fault.text);
        free(letter);
        pthread_mutex_lock(&mailer->mutex);
    }
    pthread_mutex_unlock(&mailer->mutex);
    return NULL;
}

enum cf_status cf_mailer_submit(struct cf_mailer *mailer, struct cf_id user_id, enum cf_mail mail,
                                const char *name, int64_t at_us, cf_mailer_done_fn *done,
                                void *context)
{
    struct letter *letter = calloc(1, sizeof *letter);
    if (letter == NULL)
        return CF_NO_MEMORY;
    *letter = (struct letter){
        .user_id = user_id, .mail = mail, .at_us = at_us, .done = done, .context = context};
    snprintf(letter->name, sizeof letter->name, "%s", name);
    pthread_mutex_lock(&mailer->mutex);
    bool closing = mailer->closing;
    if (!closing) {
        *mailer->queue_end = letter;
        mailer->queue_end = &letter->next;
        pthread_cond_signal(&mailer->changed);
    }
    pthread_mutex_unlock(&mailer->mutex);
    if (closing)
        free(letter);
    return closing ? CF_CLOSED : CF_OK;
}

enum cf_status cf_mailer_open(const struct cf_mailer_options *options,
                              struct cf_mailer **ret_mailer, struct cf_fault *reterr_fault)
{
    struct cf_mailer *mailer = calloc(1, sizeof *mailer);
    if (mailer == NULL) {
        cf_mail_port_close(options->port);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "a mailer");
    }
    mailer->options = *options;
    mailer->from = strdup(options->from);
    mailer->public_url = strdup(options->public_url);
    CF_ASSERT(mailer->from != NULL && mailer->public_url != NULL);
    mailer->queue_end = &mailer->queue;
    pthread_mutex_init(&mailer->mutex, NULL);
    pthread_cond_init(&mailer->changed, NULL);
    enum cf_status status = cf_keeper_client_open(options->keeper_url, KEEPER_TIMEOUT_MS,
                                                  &mailer->keeper, reterr_fault);
    if (status == CF_OK)
        status = cf_range_client_open(options->range_url, NULL, &mailer->range, reterr_fault);
    if (status == CF_OK) {
        mailer->thread_started = pthread_create(&mailer->thread, NULL, run, mailer) == 0;
        if (!mailer->thread_started)
            status = cf_fault_set(reterr_fault, CF_IO, __FILE__, __LINE__, "cannot start a thread");
    }
    if (status != CF_OK) {
        cf_mailer_close(mailer);
        return status;
    }
    *ret_mailer = mailer;
    return CF_OK;
}

void cf_mailer_close(struct cf_mailer *mailer)
{
    if (mailer == NULL)
        return;
    if (mailer->thread_started) {
        pthread_mutex_lock(&mailer->mutex);
        mailer->closing = true;
        pthread_cond_signal(&mailer->changed);
        pthread_mutex_unlock(&mailer->mutex);
        pthread_join(mailer->thread, NULL);
    }
    cf_range_client_close(mailer->range);
    cf_keeper_client_close(mailer->keeper);
    cf_mail_port_close(mailer->options.port);
    pthread_cond_destroy(&mailer->changed);
    pthread_mutex_destroy(&mailer->mutex);
    free(mailer->from);
    free(mailer->public_url);
    free(mailer);
}
