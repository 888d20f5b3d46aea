/* SPDX-License-Identifier: Apache-2.0 */
/* A person: account, roles, identity, cards, and what the provider says of them. */
#include "core/aggregate/user.h"

#include "core/aggregate/evolve_private.h"

struct cf_user_turn {
    struct cf_turn *turn;
    struct cf_user *user;
    enum cf_user_state to; /* starts as the present state */
};

typedef void cf_user_fn(struct cf_user_turn *turn);

static void cf_user_on_registered(struct cf_user_turn *turn)
{
    turn->user->registered_at_us = turn->turn->record->time_us;
    turn->user->roles = UINT32_C(1) << CF_ROLE_BACKER;
    turn->user->unannounced = turn->turn->event->user_registered.imported;
    turn->to = CF_USER_ACTIVE;
}

static void cf_user_on_credentials_changed(struct cf_user_turn *turn)
{
    turn->user->unannounced = 0;
}

static void cf_user_on_email_verified(struct cf_user_turn *turn)
{
    turn->user->email_verified = 1;
    turn->user->unannounced = 0;
}

static void cf_user_on_email_changed(struct cf_user_turn *turn)
{
    turn->user->email_verified = 0;
}

static void cf_user_on_role_granted(struct cf_user_turn *turn)
{
    turn->user->roles |= UINT32_C(1) << turn->turn->event->user_role_granted.role;
}

static void cf_user_on_role_revoked(struct cf_user_turn *turn)
{
    turn->user->roles &= ~(UINT32_C(1) << turn->turn->event->user_role_revoked.role);
}

static void cf_user_on_mfa_enabled(struct cf_user_turn *turn)
{
    turn->user->mfa = 1;
}

static void cf_user_on_mfa_disabled(struct cf_user_turn *turn)
{
    turn->user->mfa = 0;
}

static void cf_user_on_identity_check_started(struct cf_user_turn *turn)
{
    turn->user->identity = CF_IDENTITY_STARTED;
}

static void cf_user_on_identity_check_passed(struct cf_user_turn *turn)
{
    turn->user->identity = CF_IDENTITY_PASSED;
}

static void cf_user_on_identity_check_failed(struct cf_user_turn *turn)
{
    turn->user->identity = CF_IDENTITY_FAILED;
}

static void cf_user_on_payout_account_requested(struct cf_user_turn *turn)
{
    turn->user->account_requested = 1;
}

static void cf_user_on_payout_account_linked(struct cf_user_turn *turn)
{
    struct cf_bytes account = turn->turn->event->user_payout_account_linked.account;
    cf_turn_token(turn->turn, &turn->user->account, account);
    cf_turn_lookup(turn->turn, CF_LOOKUP_ACCOUNT, account, turn->turn->id);
}

static void cf_user_on_payout_account_updated(struct cf_user_turn *turn)
{
    const struct cf_event_user_payout_account_updated *updated =
        &turn->turn->event->user_payout_account_updated;
    turn->user->charges_enabled = updated->charges_enabled;
    turn->user->payouts_enabled = updated->payouts_enabled;
    turn->user->details_submitted = updated->details_submitted;
}

static void cf_user_on_customer_linked(struct cf_user_turn *turn)
{
    struct cf_bytes customer = turn->turn->event->user_customer_linked.customer;
    cf_turn_token(turn->turn, &turn->user->customer, customer);
    cf_turn_lookup(turn->turn, CF_LOOKUP_CUSTOMER, customer, turn->turn->id);
}

static void cf_user_on_card_saved(struct cf_user_turn *turn)
{
    const struct cf_event_user_card_saved *saved = &turn->turn->event->user_card_saved;
    struct cf_card *card = cf_book_make(turn->turn->book, CF_ROW_CARD, &saved->card_id);
    cf_turn_expect(turn->turn, cf_id_is_zero(card->user_id), "there is such a card already");
    card->user_id = *turn->turn->id;
    cf_turn_token(turn->turn, &card->payment_method, saved->payment_method);
}

static void cf_user_on_card_removed(struct cf_user_turn *turn)
{
    struct cf_card *card =
        cf_book_edit(turn->turn->book, CF_ROW_CARD, &turn->turn->event->user_card_removed.card_id);
    if (card == NULL || !cf_id_equal(card->user_id, *turn->turn->id))
        cf_turn_wrong(turn->turn, "the person has no such card");
    else
        card->removed = 1;
}

static void cf_user_on_suspended(struct cf_user_turn *turn)
{
    turn->to = CF_USER_SUSPENDED;
}

static void cf_user_on_reinstated(struct cf_user_turn *turn)
{
    turn->to = CF_USER_ACTIVE;
}

static void cf_user_on_legal_hold_placed(struct cf_user_turn *turn)
{
    cf_turn_count(turn->turn, &turn->user->legal_holds, 1);
}

static void cf_user_on_legal_hold_lifted(struct cf_user_turn *turn)
{
    cf_turn_count(turn->turn, &turn->user->legal_holds, -1);
}

static void cf_user_on_erased(struct cf_user_turn *turn)
{
    cf_turn_expect(turn->turn, turn->user->legal_holds == 0, "a legal hold stands");
    turn->to = CF_USER_ERASED;
}

/* Recorded; the row is as before. */
static void cf_user_on_nothing(struct cf_user_turn *turn)
{
    (void)turn;
}

#define CF_ON(EVENT, fn) [CF_EVENT_##EVENT - CF_EVENT_USER_REGISTERED] = (fn)

static cf_user_fn *const cf_user_fns[] = {
    CF_ON(USER_REGISTERED, cf_user_on_registered),
    CF_ON(USER_EMAIL_VERIFIED, cf_user_on_email_verified),
    CF_ON(USER_EMAIL_CHANGED, cf_user_on_email_changed),
    CF_ON(USER_PROFILE_CHANGED, cf_user_on_nothing),
    CF_ON(USER_CONSENT_RECORDED, cf_user_on_nothing),
    CF_ON(USER_ROLE_GRANTED, cf_user_on_role_granted),
    CF_ON(USER_ROLE_REVOKED, cf_user_on_role_revoked),
    CF_ON(USER_CREDENTIALS_CHANGED, cf_user_on_credentials_changed),
    CF_ON(USER_MFA_ENABLED, cf_user_on_mfa_enabled),
    CF_ON(USER_MFA_DISABLED, cf_user_on_mfa_disabled),
    CF_ON(USER_IDENTITY_CHECK_STARTED, cf_user_on_identity_check_started),
    CF_ON(USER_IDENTITY_CHECK_PASSED, cf_user_on_identity_check_passed),
    CF_ON(USER_IDENTITY_CHECK_FAILED, cf_user_on_identity_check_failed),
    CF_ON(USER_PAYOUT_ACCOUNT_REQUESTED, cf_user_on_payout_account_requested),
    CF_ON(USER_PAYOUT_ACCOUNT_LINKED, cf_user_on_payout_account_linked),
    CF_ON(USER_PAYOUT_ACCOUNT_UPDATED, cf_user_on_payout_account_updated),
    CF_ON(USER_CUSTOMER_REQUESTED, cf_user_on_nothing),
    CF_ON(USER_CUSTOMER_LINKED, cf_user_on_customer_linked),
    CF_ON(USER_CARD_SAVED, cf_user_on_card_saved),
    CF_ON(USER_CARD_REMOVED, cf_user_on_card_removed),
    CF_ON(USER_SUSPENDED, cf_user_on_suspended),
    CF_ON(USER_REINSTATED, cf_user_on_reinstated),
    CF_ON(USER_LEGAL_HOLD_PLACED, cf_user_on_legal_hold_placed),
    CF_ON(USER_LEGAL_HOLD_LIFTED, cf_user_on_legal_hold_lifted),
    CF_ON(HISTORY_EXPORTED, cf_user_on_nothing),
    CF_ON(SUBJECT_ERASED, cf_user_on_erased),
    CF_ON(USER_BALANCE_NETTED, cf_user_on_nothing),
    CF_ON(USER_DEBT_RECOVERED, cf_user_on_nothing),
    CF_ON(USER_DEBT_WRITTEN_OFF, cf_user_on_nothing),
    CF_ON(USER_MAIL_REQUESTED, cf_user_on_nothing),
    CF_ON(USER_MAIL_SENT, cf_user_on_nothing),
    CF_ON(USER_MAIL_FAILED, cf_user_on_nothing),
};

/* A campaign is a subject too: its texts can be exported and erased. Its row does not change. */
static bool cf_turn_campaign_as_subject(struct cf_turn *turn)
{
    if (turn->event->type != CF_EVENT_SUBJECT_ERASED &&
        turn->event->type != CF_EVENT_HISTORY_EXPORTED)
        return false;
    struct cf_campaign *campaign = cf_book_edit(turn->book, CF_ROW_CAMPAIGN, turn->id);
    if (campaign == NULL)
        return false;
    turn->state_before = cf_campaign_state_name((enum cf_campaign_state)campaign->state);
    cf_turn_version(turn, &campaign->version);
    return true;
}

void cf_turn_user(struct cf_turn *turn)
{
    bool first = turn->event->type == CF_EVENT_USER_REGISTERED;
    struct cf_user *user = first ? cf_book_make(turn->book, CF_ROW_USER, turn->id)
                                 : cf_book_edit(turn->book, CF_ROW_USER, turn->id);
    if (user == NULL) {
        if (!cf_turn_campaign_as_subject(turn))
            cf_turn_wrong(turn, "there is no such person");
        return;
    }
    enum cf_user_state from = (enum cf_user_state)user->state;
    turn->state_before = cf_user_state_name(from);
    cf_turn_version(turn, &user->version);
    struct cf_user_turn user_turn = {turn, user, from};
    cf_user_fns[turn->event->type - CF_EVENT_USER_REGISTERED](&user_turn);
    if (!cf_user_may_move(turn->event->type, from, user_turn.to)) {
        turn->wrong = "the transition table does not have this move";
        return;
    }
    user->state = (uint8_t)user_turn.to;
}
