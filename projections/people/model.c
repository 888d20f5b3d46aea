/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model `people`. Sealed fields stay sealed; after an erasure they cannot be opened any more, and
 * nothing here needs cleaning.
 */
#define CF_ROW_DEFINE
#include "projections/people/tables.h"

#define CF_ON_MODEL people
#define CF_READS_FILE "projections/people/reads.def"
#include "projections/reads.h"

#include "projections/dispatch.h"

static const struct cf_table *const tables[] = {
    &cf_table_person,
    &cf_table_card,
    &cf_table_consent,
};

const struct cf_model cf_model_people = {
    .name = "people",
    .version = 1,
    .tables = tables,
    .tables_count = sizeof tables / sizeof tables[0],
    .handlers = handlers,
};

static enum cf_status get(struct cf_fold *fold, struct cf_id id, struct cf_row_person **ret_person)
{
    return cf_row_get_person(fold, &(struct cf_row_person){.person = id}, ret_person);
}

/* A sealed field and the key that it was sealed with; an absent one leaves what is there. */
static void set_sealed(struct cf_fold *fold, struct cf_value *value, struct cf_value *key,
                       struct cf_sealed sealed)
{
    if (sealed.ciphertext.size == 0)
        return;
    cf_fold_set(fold, value, sealed.ciphertext);
    cf_fold_set(fold, key, fold->idempotency_key);
}

/* -- The account ---------------------------------------------------------------------------- */

CF_ON(user_registered)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    person->state = cf_word_of("active");
    person->is_imported = event->imported;
    person->registered_at_us = fold->time_us;
    set_sealed(fold, &person->email, &person->email_key, event->email);
    set_sealed(fold, &person->display_name, &person->display_name_key, event->display_name);
    return CF_OK;
}

CF_ON(user_email_changed)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    set_sealed(fold, &person->email, &person->email_key, event->email);
    person->is_email_verified = false;
    return CF_OK;
}

CF_ON(user_profile_changed)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    set_sealed(fold, &person->display_name, &person->display_name_key, event->display_name);
    set_sealed(fold, &person->biography, &person->biography_key, event->biography);
    set_sealed(fold, &person->location, &person->location_key, event->location);
    return CF_OK;
}

CF_ON(user_consent_recorded)
{
    struct cf_row_consent consent = {
        .sequence = fold->sequence,
        .person = event->user_id,
        .is_granted = event->granted,
        .recorded_at_us = fold->time_us,
    };
    cf_fold_set(fold, &consent.purpose, event->purpose);
    cf_fold_set(fold, &consent.version, event->version);
    cf_fold_append(fold, &cf_table_consent, &consent);
    return CF_OK;
}

static enum cf_status set_role(struct cf_fold *fold, struct cf_id id, enum cf_role role,
                               bool granted)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, id, &person));
    int64_t bit = INT64_C(1) << role;
    person->roles = granted ? person->roles | bit : person->roles & ~bit;
    return CF_OK;
}

CF_ON(user_role_granted)
{
    return set_role(fold, event->user_id, event->role, true);
}

CF_ON(user_role_revoked)
{
    return set_role(fold, event->user_id, event->role, false);
}

CF_ON(user_email_verified)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    person->is_email_verified = true;
    return CF_OK;
}

CF_ON(user_mfa_enabled)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    person->has_second_factor = true;
    return CF_OK;
}

CF_ON(user_mfa_disabled)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    person->has_second_factor = false;
    return CF_OK;
}

CF_ON(user_suspended)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    person->state = cf_word_of("suspended");
    cf_fold_set(fold, &person->reason, event->reason);
    return CF_OK;
}

CF_ON(user_reinstated)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    person->state = cf_word_of("active");
    cf_fold_set(fold, &person->reason, (struct cf_bytes){0});
    return CF_OK;
}

CF_ON(user_legal_hold_placed)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    cf_fold_add(fold, &person->legal_holds, 1);
    return CF_OK;
}

CF_ON(user_legal_hold_lifted)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    cf_fold_add(fold, &person->legal_holds, -1);
    return CF_OK;
}

/* A subject may also be a campaign, of which there is no row here. */
CF_ON(subject_erased)
{
    const void *row = NULL;
    CF_TRY(cf_fold_find(fold, &cf_table_person,
                        &(struct cf_row_person){.person = event->subject_id}, &row));
    if (row == NULL)
        return CF_OK;
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->subject_id, &person));
    person->state = cf_word_of("erased");
    person->erased_at_us = fold->time_us;
    return CF_OK;
}

/* -- Identity and provider ------------------------------------------------------------------ */

CF_ON(user_identity_check_started)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    person->identity = cf_word_of("started");
    return CF_OK;
}

CF_ON(user_identity_check_passed)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    person->identity = cf_word_of("passed");
    person->identity_failure = (struct cf_word){0};
    return CF_OK;
}

CF_ON(user_identity_check_failed)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    person->identity = cf_word_of("failed");
    person->identity_failure = cf_word_of(cf_identity_failure_name(event->reason));
    return CF_OK;
}

CF_ON(user_payout_account_requested)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    cf_fold_set(fold, &person->account_country, event->country);
    return CF_OK;
}

CF_ON(user_payout_account_linked)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    cf_fold_set(fold, &person->account, event->account);
    return CF_OK;
}

CF_ON(user_payout_account_updated)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    person->charges_enabled = event->charges_enabled;
    person->payouts_enabled = event->payouts_enabled;
    person->details_submitted = event->details_submitted;
    cf_fold_set(fold, &person->disabled_reason, event->disabled_reason);
    return CF_OK;
}

CF_ON(user_customer_linked)
{
    struct cf_row_person *person = NULL;
    CF_TRY(get(fold, event->user_id, &person));
    cf_fold_set(fold, &person->customer, event->customer);
    return CF_OK;
}

/* -- Cards ---------------------------------------------------------------------------------- */

CF_ON(user_card_saved)
{
    struct cf_row_card *card = NULL;
    CF_TRY(cf_row_get_card(fold, &(struct cf_row_card){.card = event->card_id}, &card));
    card->person = event->user_id;
    card->saved_at_us = fold->time_us;
    cf_fold_set(fold, &card->payment_method, event->payment_method);
    set_sealed(fold, &card->label, &card->label_key, event->label);
    return CF_OK;
}

CF_ON(user_card_removed)
{
    struct cf_row_card *card = NULL;
    CF_TRY(cf_row_get_card(fold, &(struct cf_row_card){.card = event->card_id}, &card));
    card->is_removed = true;
    return CF_OK;
}
