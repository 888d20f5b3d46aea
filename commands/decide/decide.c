/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/decide/decide.h"

#include "core/aggregate/evolve.h"

/* -- Who asks ------------------------------------------------------------------------------- */

bool cf_actor_is(const struct cf_decision *decision, struct cf_id id)
{
    return cf_id_equal(decision->actor, id);
}

bool cf_actor_is_active(const struct cf_decision *decision, struct cf_id user_id)
{
    if (!cf_actor_is(decision, user_id))
        return false;
    const struct cf_user *user = cf_decision_user(decision, user_id);
    return user != NULL && user->state == CF_USER_ACTIVE;
}

bool cf_actor_owns_subject(const struct cf_decision *decision, struct cf_id subject_id)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, subject_id);
    return cf_actor_is_active(decision, campaign == NULL ? subject_id : campaign->creator_id);
}

bool cf_actor_has_role(const struct cf_decision *decision, enum cf_role role)
{
    if (cf_actor_is(decision, CF_ACTOR_OPERATOR))
        return true;
    const struct cf_user *user = cf_decision_user(decision, decision->actor);
    return user != NULL && user->state == CF_USER_ACTIVE &&
           (cf_user_has_role(user, role) || cf_user_has_role(user, CF_ROLE_ADMIN));
}

/* -- What the book says --------------------------------------------------------------------- */

const struct cf_ledger *cf_decision_ledger(const struct cf_decision *decision)
{
    return cf_book_find(decision->book, CF_ROW_LEDGER, &CF_LEDGER_STREAM);
}

const struct cf_user *cf_decision_user(const struct cf_decision *decision, struct cf_id id)
{
    return cf_book_find(decision->book, CF_ROW_USER, &id);
}

const struct cf_creator *cf_decision_creator(const struct cf_decision *decision, struct cf_id id,
                                             enum cf_currency currency)
{
    return cf_creator_find(decision->book, &id, currency);
}

const struct cf_campaign *cf_decision_campaign(const struct cf_decision *decision, struct cf_id id)
{
    return cf_book_find(decision->book, CF_ROW_CAMPAIGN, &id);
}

const struct cf_reward *cf_decision_reward(const struct cf_decision *decision, struct cf_id id)
{
    return cf_book_find(decision->book, CF_ROW_REWARD, &id);
}

const struct cf_pledge *cf_decision_pledge(const struct cf_decision *decision, struct cf_id id)
{
    return cf_book_find(decision->book, CF_ROW_PLEDGE, &id);
}

const struct cf_refund *cf_decision_refund(const struct cf_decision *decision, struct cf_id id)
{
    return cf_book_find(decision->book, CF_ROW_REFUND, &id);
}

const struct cf_payout *cf_decision_payout(const struct cf_decision *decision, struct cf_id id)
{
    return cf_book_find(decision->book, CF_ROW_PAYOUT, &id);
}

const struct cf_card *cf_decision_card(const struct cf_decision *decision, struct cf_id id)
{
    return cf_book_find(decision->book, CF_ROW_CARD, &id);
}

bool cf_decision_knows(const struct cf_decision *decision, enum cf_lookup_kind kind,
                       struct cf_bytes name)
{
    struct cf_id id;
    return decision->book->ops->lookup(decision->book, kind, name, &id);
}

bool cf_decision_leads_to(const struct cf_decision *decision, enum cf_lookup_kind kind,
                          struct cf_bytes name, struct cf_id id)
{
    struct cf_id found;
    return decision->book->ops->lookup(decision->book, kind, name, &found) &&
           cf_id_equal(found, id);
}

bool cf_decision_orphan(const struct cf_decision *decision, struct cf_bytes charge,
                        struct cf_id *ret_refund_id)
{
    return charge.size > 0 &&
           decision->book->ops->lookup(decision->book, CF_LOOKUP_ORPHAN, charge, ret_refund_id);
}

bool cf_payout_had_another(const struct cf_decision *decision, const struct cf_payout *payout,
                           struct cf_bytes bank_payout)
{
    return bank_payout.size > 0 && !cf_token_equals(&payout->bank_payout, bank_payout) &&
           cf_decision_knows(decision, CF_LOOKUP_BANK_PAYOUT, bank_payout);
}

bool cf_decision_awaits(const struct cf_decision *decision, struct cf_id subject,
                        enum cf_request request)
{
    const struct cf_deferred *deferred = cf_decision_deferred(decision, subject, request);
    return decision->book->ops->request(decision->book, &subject, request) != 0 ||
           (deferred != NULL && deferred->requested_by != 0 && !deferred->parked);
}

int64_t cf_decision_balance(const struct cf_decision *decision, enum cf_account_kind kind,
                            enum cf_currency currency, struct cf_id owner)
{
    struct cf_account account = {.kind = kind, .currency = currency, .owner = owner};
    return decision->book->ops->balance(decision->book, &account);
}

int64_t cf_decision_payable_whole(const struct cf_decision *decision, struct cf_id creator_id,
                                  enum cf_currency currency)
{
    const struct cf_creator *creator = cf_decision_creator(decision, creator_id, currency);
    int64_t payable = -cf_decision_balance(decision, CF_ACCOUNT_PAYABLE, currency, creator_id);
    if (creator != NULL)
        payable -= creator->payout_requested_minor;
    return payable > 0 ? payable : 0;
}

int64_t cf_decision_payable(const struct cf_decision *decision, struct cf_id creator_id,
                            enum cf_currency currency)
{
    const struct cf_creator *creator = cf_decision_creator(decision, creator_id, currency);
    int64_t payable = cf_decision_payable_whole(decision, creator_id, currency);
    if (creator != NULL)
        payable -= creator->connected_minor;
    return payable > 0 ? payable : 0;
}

bool cf_decision_awaits_notice(const struct cf_decision *decision, struct cf_bytes event)
{
    struct cf_id asked;
    return decision->book->ops->lookup(decision->book, CF_LOOKUP_PROVIDER_EVENT, event, &asked) &&
           cf_decision_awaits(decision, asked, CF_REQUEST_PROVIDER_NEWS);
}

uint64_t cf_decision_requested_by(const struct cf_decision *decision, struct cf_id subject,
                                  enum cf_request request)
{
    return decision->book->ops->request(decision->book, &subject, request);
}

const struct cf_deferred *cf_decision_deferred(const struct cf_decision *decision,
                                               struct cf_id subject, enum cf_request request)
{
    struct cf_id second = cf_id_of_number((uint64_t)request);
    return cf_book_find_pair(decision->book, CF_ROW_DEFERRED, &subject, &second);
}

bool cf_decision_subject(const struct cf_decision *decision, struct cf_id id,
                         struct cf_decision_subject *ret_subject)
{
    const struct cf_user *user = cf_decision_user(decision, id);
    const struct cf_campaign *campaign = cf_decision_campaign(decision, id);
    if (user == NULL && campaign == NULL)
        return false;
    *ret_subject = (struct cf_decision_subject){0};
    ret_subject->newest = decision->facts->subject_newest(decision, id, &ret_subject->record_count);
    if (user == NULL)
        user = cf_decision_user(decision, campaign->creator_id);
    else
        ret_subject->erased = user->state == CF_USER_ERASED;
    ret_subject->held = user->legal_holds > 0;
    return true;
}

struct cf_id cf_decision_derived_id(const struct cf_decision *decision, struct cf_bytes seed)
{
    /* FNV-1a, 128 bits wide. */
    __extension__ typedef unsigned __int128 wide;
    const wide prime = ((wide)1 << 88) + 0x13b;
    wide hash = ((wide)0x6c62272e07bb0142 << 64) + 0x62b821756295c58d;
    for (size_t i = 0; i < seed.size; i++)
        hash = (hash ^ seed.data[i]) * prime;
    uint8_t random[CF_ID_RANDOM_SIZE];
    for (size_t i = 0; i < sizeof random; i++)
        random[i] = (uint8_t)(hash >> (8 * i));
    return cf_id_make(decision->now_us, random);
}

/* -- Events that several commands share ------------------------------------------------------- */

void cf_decide_goals(struct cf_decision *decision, struct cf_id campaign_id)
{
    const struct cf_campaign *campaign = cf_decision_campaign(decision, campaign_id);
    if (campaign->state != CF_CAMPAIGN_LIVE)
        return;
    int64_t pledged_minor = cf_campaign_gathered(campaign);
    int64_t secured_minor = cf_campaign_secured(campaign);
    if (!campaign->goal_reached && pledged_minor >= campaign->goal_minor)
        CF_EMIT(decision, campaign_goal_reached, .campaign_id = campaign_id,
                .pledged = cf_money_of(pledged_minor));
    while (campaign->stretch_unlocked < campaign->stretch_count &&
           pledged_minor >= campaign->stretch_minor[campaign->stretch_unlocked])
        CF_EMIT(decision, campaign_stretch_goal_unlocked, .campaign_id = campaign_id,
                .level = campaign->stretch_unlocked + 1u, .pledged = cf_money_of(pledged_minor));
    if (campaign->model == CF_FUNDING_MODEL_HYBRID && !campaign->goal_certain &&
        secured_minor >= campaign->goal_minor)
        CF_EMIT(decision, campaign_goal_certain, .campaign_id = campaign_id,
                .secured = cf_money_of(secured_minor));
}

void cf_decide_payment(struct cf_decision *decision, struct cf_id pledge_id,
                       enum cf_payment_mode mode, struct cf_bytes payment_method, bool off_session)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, pledge_id);
    if (pledge == NULL)
        return; /* the event before this one could not be folded; the batch begins again */
    const struct cf_user *backer = cf_decision_user(decision, pledge->backer_id);
    CF_EMIT(decision, pledge_payment_requested, .pledge_id = pledge_id,
            .campaign_id = pledge->campaign_id, .backer_id = pledge->backer_id,
            .currency = pledge->currency, .amount = cf_money_of(pledge->amount_minor), .mode = mode,
            .payment_method = payment_method, .customer = cf_token_bytes(&backer->customer),
            .off_session = off_session, .attempt = pledge->attempt + 1);
}

void cf_decide_customer(struct cf_decision *decision, struct cf_id user_id)
{
    const struct cf_user *user = cf_decision_user(decision, user_id);
    if (user->customer.text[0] == '\0' &&
        !cf_decision_awaits(decision, user_id, CF_REQUEST_CUSTOMER))
        CF_EMIT(decision, user_customer_requested, .user_id = user_id);
}

void cf_decide_mail(struct cf_decision *decision, struct cf_id user_id, enum cf_mail mail,
                    struct cf_id about)
{
    const struct cf_user *user = cf_decision_user(decision, user_id);
    if (user != NULL && user->state != CF_USER_ERASED && !user->unannounced)
        CF_EMIT(decision, user_mail_requested, .user_id = user_id, .mail = mail, .about = about);
}

void cf_decide_release(struct cf_decision *decision, struct cf_id pledge_id)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, pledge_id);
    if (cf_pledge_in_checkout(pledge))
        CF_EMIT(decision, pledge_abandoned, .pledge_id = pledge_id,
                .campaign_id = pledge->campaign_id, .intent = cf_token_bytes(&pledge->intent));
    else
        CF_EMIT(decision, pledge_released, .pledge_id = pledge_id,
                .campaign_id = pledge->campaign_id, .currency = pledge->currency,
                .from_pledged = cf_money_of(pledge->memo_pledged_minor),
                .from_authorized = cf_money_of(pledge->memo_authorized_minor),
                .intent = cf_token_bytes(&pledge->intent));
}

void cf_decide_capture(struct cf_decision *decision, struct cf_id pledge_id)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, pledge_id);
    CF_EMIT(decision, pledge_capture_requested, .pledge_id = pledge_id,
            .campaign_id = pledge->campaign_id, .currency = pledge->currency,
            .amount = cf_money_of(pledge->amount_minor), .intent = cf_token_bytes(&pledge->intent));
}

void cf_decide_drop(struct cf_decision *decision, struct cf_id pledge_id)
{
    const struct cf_pledge *pledge = cf_decision_pledge(decision, pledge_id);
    CF_EMIT(decision, pledge_dropped, .pledge_id = pledge_id, .campaign_id = pledge->campaign_id,
            .currency = pledge->currency, .from_pledged = cf_money_of(pledge->memo_pledged_minor),
            .from_authorized = cf_money_of(pledge->memo_authorized_minor),
            .intent = cf_token_bytes(&pledge->intent));
    cf_decide_mail(decision, pledge->backer_id, CF_MAIL_PLEDGE_DROPPED, pledge_id);
}
