/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/people.h"

#include "core/aggregate/book.h"

#include <stdio.h>
#include <stdlib.h>

struct registration {
    const struct cf_import_tools *tools;
    struct cf_import_rows *rows;
    struct cf_import_people *people;
};

/* One of them: the creators come first. */
struct person {
    struct cf_import_row *row;       /* a creator's; NULL for a backer */
    struct cf_import_backer *backer; /* NULL for a creator */
    struct cf_id *user_id;           /* where it goes */
    char email[64];
    char name[64];
    char key[96];
};

void cf_import_people_clean_up(struct cf_import_people *people)
{
    free(people->backers);
    *people = (struct cf_import_people){0};
}

enum cf_status cf_import_people_init(const struct cf_import_rows *rows,
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
    *ret_people = people;
    return CF_OK;
}

static void describe(const struct registration *all, size_t index, struct person *ret_person)
{
    *ret_person = (struct person){.row = NULL};
    if (index < all->rows->count) {
        struct cf_import_row *row = &all->rows->rows[index];
        int size = (int)row->number.size;
        const char *number = (const char *)row->number.data;
        ret_person->row = row;
        ret_person->user_id = &row->creator_id;
        snprintf(ret_person->email, sizeof ret_person->email, "creator-%.*s@import.example", size,
                 number);
        snprintf(ret_person->name, sizeof ret_person->name, "Creator of %.*s", size, number);
    } else {
        size_t number = index - all->rows->count;
        ret_person->backer = &all->people->backers[number];
        ret_person->user_id = &ret_person->backer->user_id;
        snprintf(ret_person->email, sizeof ret_person->email, "backer-%zu@import.example",
                 number + 1);
        snprintf(ret_person->name, sizeof ret_person->name, "Backer %zu", number + 1);
        ret_person->backer->card_id =
            cf_import_id(0, "card", cf_bytes_from_text(ret_person->email), 0);
    }
    snprintf(ret_person->key, sizeof ret_person->key, "import %s", ret_person->email);
}

/* The subject of an address, new or as it was before an interruption. */
static enum cf_status reserve(struct cf_keeper_client *keeper, const struct person *person,
                              struct cf_fault *reterr_fault)
{
    struct cf_bytes email = cf_bytes_from_text(person->email);
    enum cf_status status = cf_keeper_reserve(keeper, email, cf_bytes_from_text(person->key),
                                              person->user_id, reterr_fault);
    if (status == CF_CONFLICT)
        status = cf_keeper_find(keeper, email, person->user_id, reterr_fault);
    return status;
}

static enum cf_status sign_up(const struct cf_import_tools *tools, const struct person *person,
                              struct cf_buf *scratch, struct cf_fault *reterr_fault)
{
    struct cf_bytes key = cf_bytes_from_text(person->key);
    CF_TRY(reserve(tools->keeper, person, reterr_fault));
    struct cf_keeper_field fields[] = {
        {.name = "email", .clear = cf_bytes_from_text(person->email)},
        {.name = "display_name", .clear = cf_bytes_from_text(person->name)}};
    CF_TRY(cf_keeper_seal(tools->keeper, *person->user_id, false, key, fields, 2, scratch,
                          reterr_fault));
    struct cf_command_input input;
    cf_command_input_init(&input, CF_COMMAND_user_register);
    cf_command_set_id(&input, "user_id", *person->user_id);
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
    return cf_import_send(tools->sender, &command, NULL, reterr_fault);
}

/* A call that makes something: its id. The same person and path make it once. */
static enum cf_status make_at_provider(const struct cf_import_tools *tools,
                                       const struct person *person, const char *path,
                                       const char *form, char ret_id[64],
                                       struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    char key[200];
    snprintf(key, sizeof key, "%s %s", person->key, path);
    CF_TRY(cf_import_provider_make(tools->provider, path, key, cf_bytes_from_text(form), &json,
                                   reterr_fault));
    const char *id = cf_json_text_at(json, "id");
    if (id == NULL)
        CF_FAIL_ON(reterr_fault, CF_IO, "the sandbox's answer has no id", "%s", path);
    snprintf(ret_id, 64, "%s", id);
    return CF_OK;
}

/* One command about a person. That it was done before an interruption is no failure. */
static enum cf_status tell(const struct cf_import_tools *tools, const struct person *person,
                           struct cf_id actor, const char *what,
                           const struct cf_command_input *input, struct cf_fault *reterr_fault)
{
    char key[128];
    snprintf(key, sizeof key, "%s %s", person->key, what);
    const struct cf_link_command command = {
        .input = input, .actor = actor, .key = cf_bytes_from_text(key)};
    return cf_import_send(tools->sender, &command, NULL, reterr_fault);
}

/* A customer at the provider, and one of the sandbox's cards attached to it. */
static enum cf_status give_card(const struct cf_import_tools *tools, const struct person *person,
                                struct cf_fault *reterr_fault)
{
    struct cf_command_input input;
    struct cf_id user_id = *person->user_id;
    char customer[64], card[64], form[128], user[CF_ID_TEXT_SIZE];
    cf_id_print(user_id, user);
    snprintf(form, sizeof form, "metadata[user_id]=%s", user);
    CF_TRY(make_at_provider(tools, person, "/v1/customers", form, customer, reterr_fault));
    snprintf(form, sizeof form, "customer=%s", customer);
    CF_TRY(make_at_provider(tools, person, "/v1/payment_methods/pm_card_visa/attach", form, card,
                            reterr_fault));
    cf_command_input_init(&input, CF_COMMAND_user_link_customer);
    cf_command_set_id(&input, "user_id", user_id);
    cf_command_set_text(&input, "customer", cf_bytes_from_text(customer));
    CF_TRY(tell(tools, person, CF_ACTOR_GATEWAY, "customer", &input, reterr_fault));
    cf_command_input_init(&input, CF_COMMAND_user_save_card);
    cf_command_set_id(&input, "user_id", user_id);
    cf_command_set_id(&input, "card_id", person->backer->card_id);
    cf_command_set_text(&input, "payment_method", cf_bytes_from_text(card));
    return tell(tools, person, user_id, "card", &input, reterr_fault);
}

/* Who the creator is has been established, and the provider is asked for an account. */
static enum cf_status prepare_payouts(const struct cf_import_tools *tools,
                                      const struct person *person, struct cf_fault *reterr_fault)
{
    struct cf_command_input input;
    struct cf_id user_id = *person->user_id;
    cf_command_input_init(&input, CF_COMMAND_user_start_identity_check);
    cf_command_set_id(&input, "user_id", user_id);
    cf_command_set_text(&input, "check", CF_BYTES_LITERAL("import"));
    CF_TRY(tell(tools, person, user_id, "check", &input, reterr_fault));
    cf_command_input_init(&input, CF_COMMAND_user_pass_identity_check);
    cf_command_set_id(&input, "user_id", user_id);
    cf_command_set_text(&input, "check", CF_BYTES_LITERAL("import"));
    CF_TRY(tell(tools, person, CF_ACTOR_OPERATOR, "identity", &input, reterr_fault));
    cf_command_input_init(&input, CF_COMMAND_user_request_payout_account);
    cf_command_set_id(&input, "user_id", user_id);
    cf_command_set_text(&input, "country", cf_bytes_from_text(person->row->country));
    cf_command_set_unsigned(&input, "currency", person->row->currency);
    struct cf_fault fault = {0};
    enum cf_status status = tell(tools, person, user_id, "account", &input, &fault);
    if (status == CF_CONFLICT) {
        fprintf(stderr, "line %u: no payout account: %s\n", person->row->line, fault.detail);
        return CF_OK;
    }
    if (status != CF_OK && reterr_fault != NULL)
        *reterr_fault = fault;
    return status;
}

static enum cf_status register_one(void *context, size_t index, struct cf_buf *scratch,
                                   struct cf_fault *reterr_fault)
{
    const struct registration *all = context;
    struct person person;
    describe(all, index, &person);
    CF_TRY(sign_up(all->tools, &person, scratch, reterr_fault));
    if (person.backer != NULL)
        return give_card(all->tools, &person, reterr_fault);
    return person.row->state == CF_IMPORT_SUCCESSFUL
               ? prepare_payouts(all->tools, &person, reterr_fault)
               : CF_OK;
}

enum cf_status cf_import_people_register(const struct cf_import_tools *tools,
                                         struct cf_import_rows *rows,
                                         struct cf_import_people *people,
                                         struct cf_progress *progress,
                                         struct cf_fault *reterr_fault)
{
    struct registration all = {tools, rows, people};
    return cf_import_each(rows->count + people->backer_count, register_one, &all, tools->stop,
                          progress, reterr_fault);
}

static enum cf_status find_one(void *context, size_t index, struct cf_buf *scratch,
                               struct cf_fault *reterr_fault)
{
    const struct registration *all = context;
    struct person person;
    (void)scratch;
    describe(all, index, &person);
    enum cf_status status = cf_keeper_find(all->tools->keeper, cf_bytes_from_text(person.email),
                                           person.user_id, reterr_fault);
    if (status == CF_NOT_FOUND)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "this ledger was begun with another file", "%s",
                   person.email);
    return status;
}

enum cf_status cf_import_people_find(const struct cf_import_tools *tools,
                                     struct cf_import_rows *rows, struct cf_import_people *people,
                                     struct cf_progress *progress, struct cf_fault *reterr_fault)
{
    struct registration all = {tools, rows, people};
    return cf_import_each(rows->count + people->backer_count, find_one, &all, tools->stop, progress,
                          reterr_fault);
}

enum cf_status cf_import_people_onboard(const struct cf_import_tools *tools,
                                        const struct cf_import_rows *rows,
                                        struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct cf_import_row *row = &rows->rows[i];
        if (row->state != CF_IMPORT_SUCCESSFUL)
            continue;
        struct cf_fault fault = {0};
        enum cf_status status =
            cf_import_provider_onboard(tools->provider, tools->log, row->creator_id, &fault);
        if (status == CF_OK || status == CF_NOT_FOUND)
            continue; /* without an account: reported when it was asked for */
        if (reterr_fault != NULL)
            *reterr_fault = fault;
        return status;
    }
    return CF_OK;
}
