/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/people.h"

#include "core/aggregate/book.h"
#include "core/base/assert.h"
#include "eventstore/bus.h"
#include "eventstore/keeper_client.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Enough that the keeper's and the writer's commits are shared. */
#define THREADS 16
#define KEEPER_TIMEOUT_MS 60000

struct registration {
    struct cf_import_sender *sender;
    struct cf_import_provider *provider;
    struct cf_keeper_client *keeper;
    struct cf_import_rows *rows;
    struct cf_import_people *people;
    bool carded;        /* before an interruption */
    atomic_size_t next; /* creators first, then backers */
    atomic_size_t done;
    atomic_bool failed;
    pthread_mutex_t mutex;
    struct cf_fault fault; /* the first failure */
};

void cf_import_people_clean_up(struct cf_import_people *people)
{
    free(people->backers);
    *people = (struct cf_import_people){0};
}

/* The subject of an address, new or as it was before an interruption. */
static enum cf_status reserve(struct registration *all, struct cf_bytes email, struct cf_bytes key,
                              struct cf_id *ret_user_id, struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_keeper_reserve(all->keeper, email, key, ret_user_id, reterr_fault);
    if (status == CF_CONFLICT)
        status = cf_keeper_find(all->keeper, email, ret_user_id, reterr_fault);
    return status;
}

static enum cf_status register_person(struct registration *all, const char *email_text,
                                      const char *name, struct cf_buf *buf,
                                      struct cf_id *ret_user_id, struct cf_fault *reterr_fault)
{
    char key_text[96];
    snprintf(key_text, sizeof key_text, "import %s", email_text);
    struct cf_bytes key = cf_bytes_from_text(key_text), email = cf_bytes_from_text(email_text);
    CF_TRY(reserve(all, email, key, ret_user_id, reterr_fault));
    struct cf_keeper_field fields[] = {{.name = "email", .clear = email},
                                       {.name = "display_name", .clear = cf_bytes_from_text(name)}};
    CF_TRY(cf_keeper_seal(all->keeper, *ret_user_id, false, key, fields, 2, buf, reterr_fault));
    struct cf_command_input input;
    cf_command_input_init(&input, CF_COMMAND_user_register);
    cf_command_set_id(&input, "user_id", *ret_user_id);
    cf_command_set_sealed(&input, "email", fields[0].sealed.ciphertext);
    cf_command_set_sealed(&input, "display_name", fields[1].sealed.ciphertext);
    cf_command_set_text(&input, "terms_version", CF_BYTES_LITERAL("import"));
    cf_command_set_unsigned(&input, "imported", true);
    const struct cf_sealed_tag tags[] = {{2, cf_bytes_from(fields[0].tag, CF_VAULT_TAG_SIZE)},
                                         {3, cf_bytes_from(fields[1].tag, CF_VAULT_TAG_SIZE)}};
    const struct cf_link_command command = {.input = &input,
                                            .actor = CF_ACTOR_OPERATOR,
                                            .key = key,
                                            .sealed_tags = tags,
                                            .sealed_tag_count = 2};
    return cf_import_send(all->sender, &command, NULL, reterr_fault);
}

/* A call that makes something: its id. The same key makes it once. */
static enum cf_status make_at_provider(struct registration *all, const char *path, const char *form,
                                       char ret_id[64], struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    CF_TRY(cf_import_provider_ask(all->provider, "POST", path, cf_bytes_from_text(form), &json,
                                  reterr_fault));
    const char *id = cf_json_text_at(json, "id");
    if (id == NULL)
        CF_FAIL_ON(reterr_fault, CF_IO, "the sandbox's answer has no id", "%s", path);
    snprintf(ret_id, 64, "%s", id);
    return CF_OK;
}

/* One command about a backer. That it was done before an interruption is no failure. */
static enum cf_status tell(struct registration *all, const struct cf_command_input *input,
                           struct cf_id actor, const char *what, size_t index,
                           struct cf_fault *reterr_fault)
{
    struct cf_fault fault = {0};
    char key[48];
    snprintf(key, sizeof key, "import %s %zu", what, index);
    const struct cf_link_command command = {
        .input = input, .actor = actor, .key = cf_bytes_from_text(key)};
    enum cf_status status = cf_import_send(all->sender, &command, NULL, &fault);
    if (status == CF_OK || status == CF_CONFLICT)
        return CF_OK;
    if (reterr_fault != NULL)
        *reterr_fault = fault;
    return status;
}

/* A customer at the provider, and one of the sandbox's cards attached to it. */
static enum cf_status give_card(struct registration *all, struct cf_import_backer *backer,
                                size_t index, struct cf_fault *reterr_fault)
{
    struct cf_command_input input;
    char customer[64], card[64], form[128], user[CF_ID_TEXT_SIZE];
    cf_id_print(backer->user_id, user);
    snprintf(form, sizeof form, "metadata[user_id]=%s", user);
    CF_TRY(make_at_provider(all, "/v1/customers", form, customer, reterr_fault));
    snprintf(form, sizeof form, "customer=%s", customer);
    CF_TRY(
        make_at_provider(all, "/v1/payment_methods/pm_card_visa/attach", form, card, reterr_fault));
    cf_command_input_init(&input, CF_COMMAND_user_link_customer);
    cf_command_set_id(&input, "user_id", backer->user_id);
    cf_command_set_text(&input, "customer", cf_bytes_from_text(customer));
    CF_TRY(tell(all, &input, CF_ACTOR_GATEWAY, "customer", index, reterr_fault));
    cf_command_input_init(&input, CF_COMMAND_user_save_card);
    cf_command_set_id(&input, "user_id", backer->user_id);
    cf_command_set_id(&input, "card_id", backer->card_id);
    cf_command_set_text(&input, "payment_method", cf_bytes_from_text(card));
    return tell(all, &input, backer->user_id, "card", index, reterr_fault);
}

static enum cf_status register_at(struct registration *all, size_t index, struct cf_buf *buf,
                                  struct cf_fault *reterr_fault)
{
    char email[64], name[64];
    if (index < all->rows->count) {
        struct cf_import_row *row = &all->rows->rows[index];
        snprintf(email, sizeof email, "creator-%.*s@import.example", (int)row->number.size,
                 (const char *)row->number.data);
        snprintf(name, sizeof name, "Creator of %.*s", (int)row->number.size,
                 (const char *)row->number.data);
        return register_person(all, email, name, buf, &row->creator_id, reterr_fault);
    }
    size_t number = index - all->rows->count;
    struct cf_import_backer *backer = &all->people->backers[number];
    snprintf(email, sizeof email, "backer-%zu@import.example", number + 1);
    snprintf(name, sizeof name, "Backer %zu", number + 1);
    CF_TRY(register_person(all, email, name, buf, &backer->user_id, reterr_fault));
    backer->card_id = cf_import_id(0, "card", cf_bytes_from_text(email), 0);
    return all->carded ? CF_OK : give_card(all, backer, number, reterr_fault);
}

static void *run(void *context)
{
    struct registration *all = context;
    size_t count = all->rows->count + all->people->backer_count;
    struct cf_buf buf;
    cf_buf_init(&buf, CF_BUS_MESSAGE_SIZE_MAX);
    for (size_t i; !atomic_load(&all->failed) && (i = atomic_fetch_add(&all->next, 1)) < count;) {
        struct cf_fault fault = {0};
        if (register_at(all, i, &buf, &fault) != CF_OK) {
            pthread_mutex_lock(&all->mutex);
            if (!atomic_exchange(&all->failed, true))
                all->fault = fault;
            pthread_mutex_unlock(&all->mutex);
        }
        atomic_fetch_add(&all->done, 1);
    }
    cf_buf_clean_up(&buf);
    return NULL;
}

static enum cf_status run_all(struct registration *all, struct cf_progress *progress,
                              struct cf_fault *reterr_fault)
{
    pthread_t threads[THREADS];
    size_t started = 0;
    while (started < THREADS && pthread_create(&threads[started], NULL, run, all) == 0)
        started++;
    if (started == 0)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "cannot start a thread");
    for (size_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        cf_progress_set(progress, (int64_t)atomic_load(&all->done));
    }
    if (!atomic_load(&all->failed))
        return CF_OK;
    if (reterr_fault != NULL)
        *reterr_fault = all->fault;
    return all->fault.status;
}

enum cf_status cf_import_people_register(struct cf_import_sender *sender,
                                         struct cf_import_provider *provider,
                                         const char *keeper_url, struct cf_import_rows *rows,
                                         bool begun, struct cf_progress *progress,
                                         struct cf_import_people *ret_people,
                                         struct cf_fault *reterr_fault)
{
    struct cf_import_people people = {0};
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].backers > people.backer_count)
            people.backer_count = rows->rows[i].backers;
    }
    people.backers = calloc(people.backer_count + 1, sizeof *people.backers);
    if (people.backers == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the backers");
    struct registration all = {
        .sender = sender, .provider = provider, .rows = rows, .people = &people, .carded = begun};
    pthread_mutex_init(&all.mutex, NULL);
    enum cf_status status =
        cf_keeper_client_open(keeper_url, KEEPER_TIMEOUT_MS, &all.keeper, reterr_fault);
    if (status == CF_OK)
        status = run_all(&all, progress, reterr_fault);
    cf_keeper_client_close(all.keeper);
    pthread_mutex_destroy(&all.mutex);
    if (status == CF_OK)
        *ret_people = people;
    else
        cf_import_people_clean_up(&people);
    return status;
}
