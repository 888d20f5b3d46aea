/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_DECIDE_DECIDE_H
#define CF_COMMANDS_DECIDE_DECIDE_H

/*
 * What deciders are made of: who asks, what the book says, and the events that several commands
 * share. A decider looks at everything first and emits after; each emitted event is folded into the
 * book at once, so that rows (which are borrowed and change in place) show it.
 */

#include "commands/command.h"
#include "commands/decide/policy.h"
#include "core/aggregate/deferred.h"
#include "core/aggregate/ledger.h"
#include "core/aggregate/payout.h"
#include "core/aggregate/user.h"

/* -- Who asks ------------------------------------------------------------------------------- */

bool cf_actor_is(const struct cf_decision *decision, struct cf_id id);

/* The actor is this person, and may act: not suspended, not erased. */
bool cf_actor_is_active(const struct cf_decision *decision, struct cf_id user_id);

/* The actor is active, and the subject is that person or a campaign of theirs. */
bool cf_actor_owns_subject(const struct cf_decision *decision, struct cf_id subject_id);

/* The actor is active and has the role, or is an admin, or is the operator. */
bool cf_actor_has_role(const struct cf_decision *decision, enum cf_role role);

/* -- What the book says; NULL where there is no such thing ------------------------------------ */

const struct cf_ledger *cf_decision_ledger(const struct cf_decision *decision);
const struct cf_user *cf_decision_user(const struct cf_decision *decision, struct cf_id id);
const struct cf_creator *cf_decision_creator(const struct cf_decision *decision, struct cf_id id,
                                             enum cf_currency currency);
const struct cf_campaign *cf_decision_campaign(const struct cf_decision *decision, struct cf_id id);
const struct cf_reward *cf_decision_reward(const struct cf_decision *decision, struct cf_id id);
const struct cf_pledge *cf_decision_pledge(const struct cf_decision *decision, struct cf_id id);
const struct cf_refund *cf_decision_refund(const struct cf_decision *decision, struct cf_id id);
const struct cf_payout *cf_decision_payout(const struct cf_decision *decision, struct cf_id id);
const struct cf_card *cf_decision_card(const struct cf_decision *decision, struct cf_id id);

/* A name from outside that is ours already. */
bool cf_decision_knows(const struct cf_decision *decision, enum cf_lookup_kind kind,
                       struct cf_bytes name);

/* The same, and it stands for this thing of ours. */
bool cf_decision_leads_to(const struct cf_decision *decision, enum cf_lookup_kind kind,
                          struct cf_bytes name, struct cf_id id);

/* The charge is none of its pledge's own: what we owe for it. */
bool cf_decision_orphan(const struct cf_decision *decision, struct cf_bytes charge,
                        struct cf_id *ret_refund_id);

/* The gateway is asked for this and has not answered, or waits to ask again. */
bool cf_decision_awaits(const struct cf_decision *decision, struct cf_id subject,
                        enum cf_request request);

/* Debit positive. `owner` is zero where the kind has one account a currency. */
int64_t cf_decision_balance(const struct cf_decision *decision, enum cf_account_kind kind,
                            enum cf_currency currency, struct cf_id owner);

/* What the creator can be paid: payable less what payouts have spoken for. */
int64_t cf_decision_payable(const struct cf_decision *decision, struct cf_id creator_id,
                            enum cf_currency currency);
/* With what lies in the connected account because its bank payout failed: that waits to be sent again, and
 * only finance may use it otherwise. */
int64_t cf_decision_payable_whole(const struct cf_decision *decision, struct cf_id creator_id,
                                  enum cf_currency currency);


/* What a refund or charge-back of so much more gives back of the platform's fee; 0 before the
 * settlement. */
int64_t cf_decision_fee_back(const struct cf_decision *decision, struct cf_id pledge_id,
                             int64_t amount_minor);

/* A notice of the provider's is recorded and not looked into. */
bool cf_decision_awaits_notice(const struct cf_decision *decision, struct cf_bytes event);

/* The record that asked for an open request; 0 where none is open. */
uint64_t cf_decision_requested_by(const struct cf_decision *decision, struct cf_id subject,
                                  enum cf_request request);

/* A request that waits or is parked, or NULL. */
const struct cf_deferred *cf_decision_deferred(const struct cf_decision *decision,
                                               struct cf_id subject, enum cf_request request);

/* A person or campaign, and its records. */
struct cf_decision_subject {
    uint64_t record_count;
    uint64_t newest; /* sequence of the newest record that names it */
    bool erased;
    bool held; /* a legal hold stands, on the person or on the campaign's creator */
};

/* False where there is no such subject. */
bool cf_decision_subject(const struct cf_decision *decision, struct cf_id id,
                         struct cf_decision_subject *ret_subject);

/* An id for what this decision makes by itself: the same for the same time and seed. */
struct cf_id cf_decision_derived_id(const struct cf_decision *decision, struct cf_bytes seed);

/* -- Rewards -------------------------------------------------------------------------------- */

/* What a choice of rewards costs at least, and what stands against it. */
struct cf_basket {
    int64_t minimum_minor;
    int64_t shipping_minor;
    bool unknown;   /* no such reward in this campaign; the rest then means nothing */
    bool withdrawn; /* one that the pledge does not have already */
    bool repeated;  /* a reward is named twice */
    bool over_backer_limit;
    bool sold_out;
};

/* `held` is the pledge that is being amended, whose own claims do not stand against it; or NULL. */
void cf_basket_weigh(const struct cf_decision *decision, struct cf_id campaign_id,
                     struct cf_id backer_id, struct cf_id reward_id, const struct cf_items *add_ons,
                     const struct cf_pledge *held, struct cf_basket *ret_basket);

/* This bank payout was followed by another attempt: news of it is not true of the payout any more.
 * An empty name is not asked about. */
bool cf_payout_had_another(const struct cf_decision *decision, const struct cf_payout *payout,
                           struct cf_bytes bank_payout);

/* -- Whose money ---------------------------------------------------------------------------- */

/* An amount that is taken from one account after another. `rest` is what is still to be taken. */
struct cf_purse {
    int64_t rest;
    int64_t escrow;
    int64_t payable;
    int64_t reserve;
    int64_t receivable;
    int64_t escrow_left;
    int64_t payable_left;
    int64_t reserve_left;
};

void cf_purse_open(const struct cf_decision *decision, struct cf_id campaign_id,
                   int64_t amount_minor, struct cf_purse *ret_purse);
void cf_purse_take_escrow(struct cf_purse *purse);
/* What the creator has to get, less what payouts have spoken for. */
void cf_purse_take_payable(struct cf_purse *purse);
void cf_purse_take_reserve(struct cf_purse *purse);
/* All that is left becomes the creator's debt. */
void cf_purse_take_receivable(struct cf_purse *purse);

/* The processor's fee for a charge, in the pledge's currency. */
struct cf_decide_fee {
    struct cf_id pledge_id;
    struct cf_bytes charge;
    struct cf_money amount;
    struct cf_bytes balance_transaction;
    int64_t available_at; /* when the charge's money is free; 0 while it is not known */
};

/* Records it. It falls on whom the campaign's terms name. A creator's fee comes out of escrow, and what escrow
 * no longer covers out of what is payable, then is owed. The fee of money that was orphaned is the
 * platform's. */
void cf_decide_fee(struct cf_decision *decision, const struct cf_decide_fee *fee);

/* -- Events that several commands share ------------------------------------------------------- */

/* Whatever the sums have reached: the goal, stretch levels, a hybrid's certainty. */
void cf_decide_goals(struct cf_decision *decision, struct cf_id campaign_id);

/* Asks the provider for a payment of the pledge's whole amount. */
void cf_decide_payment(struct cf_decision *decision, struct cf_id pledge_id,
                       enum cf_payment_mode mode, struct cf_bytes payment_method, bool off_session);

/* Asks for a customer unless there is one, or one is being made. */
void cf_decide_customer(struct cf_decision *decision, struct cf_id user_id);

/* A letter about something (zero id: about the person). Nobody who was imported gets one before they have come
 * in by themselves. */
void cf_decide_mail(struct cf_decision *decision, struct cf_id user_id, enum cf_mail mail,
                    struct cf_id about);

/* Lets a pledge go that was not charged, because its campaign ended without it. */
void cf_decide_release(struct cf_decision *decision, struct cf_id pledge_id);

/* Asks for the capture of what the provider holds. */
void cf_decide_capture(struct cf_decision *decision, struct cf_id pledge_id);

/* The payment failed for good. */
void cf_decide_drop(struct cf_decision *decision, struct cf_id pledge_id);

/* What is payable pays the creator's debt, as far as it goes: after every event that raises either, so that the
 * order of news does not show. */
void cf_decide_netting(struct cf_decision *decision, struct cf_id creator_id,
                       enum cf_currency currency);

/* Owes `amount_minor` of a charged pledge back: out of escrow before its settlement; after it, the
 * platform's fee in proportion and the creator's proceeds. What the bank took, too, is the
 * platform's loss. */
void cf_decide_refund(struct cf_decision *decision, struct cf_id pledge_id, struct cf_id refund_id,
                      int64_t amount_minor, enum cf_refund_reason reason,
                      enum cf_initiator initiator);

/* A refund that failed is owed no more where the bank kept its money after a dispute. */
void cf_decide_covered(struct cf_decision *decision, struct cf_id refund_id);

#endif
