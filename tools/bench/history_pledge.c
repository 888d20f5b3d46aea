/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a made-up pledge moves: one event a step, chosen among those that its state allows.
 */
#include "core/base/assert.h"
#include "core/time.h"
#include "tools/bench/history_private.h"

static struct cf_money money(int64_t minor)
{
    return cf_money_of(minor);
}

static const struct cf_made_campaign *campaign_of(const struct cf_history *history,
                                                  const struct cf_made_pledge *pledge)
{
    return &history->campaigns[pledge->campaign];
}

static void append(struct cf_history *history, struct cf_made_pledge *pledge,
                   const struct cf_event *event)
{
    cf_history__append(history, pledge->id, ++pledge->version, pledge->backer, event);
}

static struct cf_items some_add_ons(struct cf_history *history,
                                    const struct cf_made_campaign *campaign)
{
    struct cf_items items = {0};
    if (cf_history__below(history, 5) == 0) {
        items.count = 1;
        items.items[0] = (struct cf_item){campaign->rewards[1],
                                          1 + (uint32_t)cf_history__below(history, 3), money(100)};
    }
    return items;
}

/* Starts an event of this type about a pledge: `e` is its struct in the union. */
#define EVENT(TYPE, name, ...)                                                                     \
    struct cf_event event = {.type = CF_EVENT_##TYPE};                                             \
    event.name = (struct cf_event_##name)                                                          \
    {                                                                                              \
        .pledge_id = pledge->id, .campaign_id = campaign->id, .currency = campaign->currency,      \
        __VA_ARGS__                                                                                \
    }

void cf_history__begin_pledge(struct cf_history *history, struct cf_made_pledge *pledge)
{
    /* A few campaigns are far more popular than the others. */
    uint64_t among = cf_history__below(history, 2) == 0 ? 1 + history->campaigns_count / 20
                                                        : history->campaigns_count;
    *pledge = (struct cf_made_pledge){
        .id = cf_history__id(history),
        .backer = history->users[cf_history__below(history, history->users_count)],
        .campaign = (uint32_t)cf_history__below(history, among),
        .amount = 500 + (int64_t)cf_history__below(history, 20000),
    };
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    if (cf_history__below(history, 3) != 0)
        pledge->reward = campaign->rewards[cf_history__below(history, CF_HISTORY_REWARDS)];
    static const char *const referrers[] = {"newsletter", "search", "friends"};
    struct cf_bytes referrer = {0};
    if (cf_history__below(history, 2) == 0)
        referrer = cf_bytes_from_text(referrers[cf_history__below(history, 3)]);

    if (cf_history__below(history, 2) == 0) {
        EVENT(PLEDGE_PLACED, pledge_placed, .backer_id = pledge->backer,
              .amount = money(pledge->amount), .reward_id = pledge->reward,
              .add_ons = some_add_ons(history, campaign), .card_id = pledge->backer,
              .payment_method = cf_history__token("pm", history->made_count), .referrer = referrer);
        pledge->state = CF_MADE_COMMITTED;
        pledge->promised = pledge->amount;
        append(history, pledge, &event);
        return;
    }
    EVENT(PLEDGE_CHECKOUT_STARTED, pledge_checkout_started, .backer_id = pledge->backer,
          .amount = money(pledge->amount), .reward_id = pledge->reward,
          .add_ons = some_add_ons(history, campaign), .mode = CF_PAYMENT_MODE_SAVE,
          .claim_expires_at = history->time_us + 15 * CF_MINUTE_US, .referrer = referrer);
    pledge->state = CF_MADE_CHECKOUT;
    append(history, pledge, &event);
}

static void request_payment(struct cf_history *history, struct cf_made_pledge *pledge,
                            enum cf_payment_mode mode)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    EVENT(PLEDGE_PAYMENT_REQUESTED, pledge_payment_requested, .backer_id = pledge->backer,
          .amount = money(pledge->amount), .mode = mode,
          .payment_method = cf_history__token("pm", history->made_count), .off_session = true,
          .attempt = 1);
    pledge->state = mode == CF_PAYMENT_MODE_CHARGE ? CF_MADE_CAPTURING : CF_MADE_AUTHORIZING;
    append(history, pledge, &event);
}

static void capture(struct cf_history *history, struct cf_made_pledge *pledge)
{
    struct cf_made_campaign *campaign = &history->campaigns[pledge->campaign];
    {
        EVENT(PLEDGE_CAPTURED, pledge_captured, .backer_id = pledge->backer,
              .amount = money(pledge->amount), .intent = cf_history__token("pi", history->count),
              .charge = cf_history__token("ch", history->count),
              .from_authorized = money(pledge->held), .from_pledged = money(pledge->promised));
        append(history, pledge, &event);
    }
    pledge->held = pledge->promised = 0;
    pledge->captured = pledge->amount;
    pledge->state = CF_MADE_CAPTURED;
    int64_t fee = pledge->amount / 40 + 25;
    campaign->collected += pledge->amount - fee;
    EVENT(PLEDGE_FEE_RECORDED, pledge_fee_recorded, .creator_id = campaign->creator,
          .fee = money(fee), .balance_transaction = cf_history__token("txn", history->count),
          .from_escrow = money(fee));
    append(history, pledge, &event);
}

static void authorize(struct cf_history *history, struct cf_made_pledge *pledge)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    EVENT(PLEDGE_AUTHORIZED, pledge_authorized, .amount = money(pledge->amount),
          .intent = cf_history__token("pi", history->count),
          .capture_before = history->time_us + 7 * CF_DAY_US,
          .from_pledged = money(pledge->promised), .replaced_amount = money(pledge->held));
    if (pledge->held > 0)
        event.pledge_authorized.replaced_intent = cf_history__token("pi", history->count - 1);
    pledge->held = pledge->amount;
    pledge->promised = 0;
    pledge->state = CF_MADE_AUTHORIZED;
    append(history, pledge, &event);
}

static void fail_payment(struct cf_history *history, struct cf_made_pledge *pledge)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    EVENT(PLEDGE_PAYMENT_FAILED, pledge_payment_failed, .decline = CF_DECLINE_INSUFFICIENT_FUNDS,
          .retryable = true, .from_authorized = money(pledge->held),
          .back_to_pledged = money(pledge->held));
    pledge->promised += pledge->held;
    pledge->held = 0;
    if (pledge->state != CF_MADE_CHECKOUT)
        pledge->state = CF_MADE_ERRORED;
    append(history, pledge, &event);
}

/* The end without money: cancelled by the backer, dropped or released. */
static void end_unpaid(struct cf_history *history, struct cf_made_pledge *pledge)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    struct cf_money promised = money(pledge->promised), held = money(pledge->held);
    uint64_t way = pledge->state == CF_MADE_ERRORED ? cf_history__below(history, 3)
                                                    : cf_history__below(history, 2);
    pledge->state = CF_MADE_ENDED;
    if (way == 0) {
        EVENT(PLEDGE_CANCELLED, pledge_cancelled, .from_pledged = promised,
              .from_authorized = held);
        append(history, pledge, &event);
    } else if (way == 1) {
        EVENT(PLEDGE_RELEASED, pledge_released, .from_pledged = promised, .from_authorized = held);
        append(history, pledge, &event);
    } else {
        EVENT(PLEDGE_DROPPED, pledge_dropped, .from_pledged = promised, .from_authorized = held);
        append(history, pledge, &event);
    }
}

static void amend(struct cf_history *history, struct cf_made_pledge *pledge)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    int64_t amount = 500 + (int64_t)cf_history__below(history, 20000);
    int64_t less = pledge->amount > amount ? pledge->amount - amount : 0;
    int64_t from_held = less < pledge->held ? less : pledge->held;
    struct cf_id reward = campaign->rewards[cf_history__below(history, CF_HISTORY_REWARDS)];
    EVENT(PLEDGE_AMENDED, pledge_amended, .amount = money(amount),
          .previous_amount = money(pledge->amount), .reward_id = reward,
          .previous_reward_id = pledge->reward, .add_ons = some_add_ons(history, campaign),
          .from_authorized = money(from_held));
    pledge->held -= from_held;
    pledge->promised += amount - pledge->amount + from_held;
    pledge->amount = amount;
    pledge->reward = reward;
    append(history, pledge, &event);
}

static void lapse(struct cf_history *history, struct cf_made_pledge *pledge)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    EVENT(PLEDGE_HOLD_LAPSED, pledge_hold_lapsed, .amount = money(pledge->held),
          .intent = cf_history__token("pi", history->count));
    pledge->promised += pledge->held;
    pledge->held = 0;
    pledge->state = CF_MADE_ERRORED;
    append(history, pledge, &event);
}

static void ask_back(struct cf_history *history, struct cf_made_pledge *pledge)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    int64_t left = pledge->captured - pledge->returned;
    int64_t amount = cf_history__below(history, 2) == 0
                         ? left
                         : 1 + (int64_t)cf_history__below(history, (uint64_t)left);
    pledge->refund = cf_history__id(history);
    pledge->refunding = amount;
    EVENT(PLEDGE_REFUND_REQUESTED, pledge_refund_requested, .creator_id = campaign->creator,
          .refund_id = pledge->refund, .amount = money(amount),
          .reason = CF_REFUND_REASON_REQUESTED_BY_BACKER, .initiator = CF_INITIATOR_BACKER,
          .charge = cf_history__token("ch", history->count), .from_escrow = money(amount));
    pledge->returned += amount;
    pledge->state = CF_MADE_REFUND_PENDING;
    append(history, pledge, &event);
}

static void refund_news(struct cf_history *history, struct cf_made_pledge *pledge)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    struct cf_money amount = money(pledge->refunding);
    if (pledge->state == CF_MADE_REFUND_FAILED) {
        if (cf_history__below(history, 2) == 0) {
            EVENT(PLEDGE_REFUND_RETRIED, pledge_refund_retried, .refund_id = pledge->refund,
                  .amount = amount, .charge = cf_history__token("ch", history->count),
                  .attempt = 2);
            pledge->state = CF_MADE_REFUND_PENDING;
            append(history, pledge, &event);
            return;
        }
        EVENT(PLEDGE_REFUND_PAID_OTHERWISE, pledge_refund_paid_otherwise,
              .refund_id = pledge->refund, .amount = amount,
              .reference = CF_BYTES_LITERAL("bank transfer"));
        append(history, pledge, &event);
    } else if (cf_history__below(history, 5) == 0) {
        EVENT(PLEDGE_REFUND_FAILED, pledge_refund_failed, .refund_id = pledge->refund,
              .amount = amount, .reason = CF_BYTES_LITERAL("expired_or_canceled_card"));
        pledge->state = CF_MADE_REFUND_FAILED;
        append(history, pledge, &event);
        return;
    } else {
        EVENT(PLEDGE_REFUND_SUCCEEDED, pledge_refund_succeeded, .refund_id = pledge->refund,
              .amount = amount, .refund = cf_history__token("re", history->count));
        append(history, pledge, &event);
    }
    pledge->state = pledge->returned == pledge->captured ? CF_MADE_ENDED : CF_MADE_CAPTURED;
}

static void dispute(struct cf_history *history, struct cf_made_pledge *pledge)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    struct cf_money left = money(pledge->captured - pledge->returned);
    struct cf_bytes reference = cf_history__token("dp", pledge->version);
    if (pledge->state != CF_MADE_DISPUTED) {
        EVENT(PLEDGE_DISPUTED, pledge_disputed, .creator_id = campaign->creator, .amount = left,
              .fee = money(1500), .dispute = reference,
              .balance_transaction = cf_history__token("txn", history->count),
              .hold_from_payable = left);
        pledge->state = CF_MADE_DISPUTED;
        append(history, pledge, &event);
        return;
    }
    if (cf_history__below(history, 2) == 0) {
        EVENT(PLEDGE_DISPUTE_WON, pledge_dispute_won, .creator_id = campaign->creator,
              .amount = left, .dispute = reference, .hold_released = left);
        pledge->state = CF_MADE_CAPTURED;
        append(history, pledge, &event);
        return;
    }
    EVENT(PLEDGE_DISPUTE_LOST, pledge_dispute_lost, .creator_id = campaign->creator, .amount = left,
          .dispute = reference, .from_hold = left);
    pledge->state = CF_MADE_ENDED;
    append(history, pledge, &event);
}

static void leave_checkout(struct cf_history *history, struct cf_made_pledge *pledge)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    uint64_t way = cf_history__below(history, 8);
    if (way == 0) {
        struct cf_event event = {.type = CF_EVENT_PLEDGE_ABANDONED};
        event.pledge_abandoned = (struct cf_event_pledge_abandoned){.pledge_id = pledge->id,
                                                                    .campaign_id = campaign->id};
        pledge->state = CF_MADE_ENDED;
        append(history, pledge, &event);
    } else if (way == 1) {
        fail_payment(history, pledge);
    } else if (way == 2) {
        capture(history, pledge);
    } else if (way == 3) {
        authorize(history, pledge);
    } else {
        EVENT(PLEDGE_COMMITTED, pledge_committed, .amount = money(pledge->amount),
              .payment_method = cf_history__token("pm", history->count));
        pledge->promised = pledge->amount;
        pledge->state = CF_MADE_COMMITTED;
        append(history, pledge, &event);
    }
}

static void capture_hold(struct cf_history *history, struct cf_made_pledge *pledge)
{
    const struct cf_made_campaign *campaign = campaign_of(history, pledge);
    EVENT(PLEDGE_CAPTURE_REQUESTED, pledge_capture_requested, .amount = money(pledge->amount),
          .intent = cf_history__token("pi", history->count));
    pledge->state = CF_MADE_CAPTURING;
    append(history, pledge, &event);
}

void cf_history__move_pledge(struct cf_history *history, struct cf_made_pledge *pledge)
{
    uint64_t way = cf_history__below(history, 12);
    switch (pledge->state) {
    case CF_MADE_CHECKOUT:
        leave_checkout(history, pledge);
        return;
    case CF_MADE_COMMITTED:
        if (way == 0)
            end_unpaid(history, pledge);
        else if (way < 3)
            amend(history, pledge);
        else
            request_payment(history, pledge,
                            way < 8 ? CF_PAYMENT_MODE_CHARGE : CF_PAYMENT_MODE_HOLD);
        return;
    case CF_MADE_AUTHORIZING:
        if (way < 2)
            fail_payment(history, pledge);
        else
            authorize(history, pledge);
        return;
    case CF_MADE_AUTHORIZED:
        if (way == 0)
            end_unpaid(history, pledge);
        else if (way == 1)
            lapse(history, pledge);
        else if (way < 4)
            amend(history, pledge);
        else
            capture_hold(history, pledge);
        return;
    case CF_MADE_CAPTURING:
        if (way < 2)
            fail_payment(history, pledge);
        else
            capture(history, pledge);
        return;
    case CF_MADE_ERRORED:
        if (way < 3)
            end_unpaid(history, pledge);
        else
            request_payment(history, pledge, CF_PAYMENT_MODE_CHARGE);
        return;
    case CF_MADE_CAPTURED:
        if (way == 0)
            ask_back(history, pledge);
        else if (way == 1)
            dispute(history, pledge);
        else
            pledge->state = CF_MADE_ENDED;
        return;
    case CF_MADE_REFUND_PENDING:
    case CF_MADE_REFUND_FAILED:
        refund_news(history, pledge);
        return;
    case CF_MADE_DISPUTED:
        dispute(history, pledge);
        return;
    case CF_MADE_ENDED:
        return;
    }
    CF_UNREACHABLE();
}
