/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/bank.h"

#include "core/aggregate/payout.h"
#include "core/aggregate/pledge.h"
#include "core/time.h"
#include "tests/support/cmocka.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUESTS_MAX 512

static const enum cf_currency slots[] = {CF_CURRENCY_EUR, CF_CURRENCY_USD, CF_CURRENCY_JPY,
                                         CF_CURRENCY_KWD};

void cf_bank_init(struct cf_bank *bank, struct cf_platform *platform, uint64_t seed)
{
    memset(bank, 0, sizeof *bank);
    bank->platform = platform;
    bank->random.state = seed;
}

static bool chance(struct cf_bank *bank, unsigned percent)
{
    return cf_random_percent(&bank->random, percent) != 0;
}

static uint64_t hash_of(const struct cf_bank *bank, const struct cf_id *whom, unsigned which)
{
    struct cf_random hash = {.state = bank->fates + which};
    for (size_t i = 0; i < sizeof whom->bytes; i++)
        hash.state = cf_random_next(&hash) + whom->bytes[i];
    return cf_random_next(&hash);
}

/* By chance, or for ever the same for one whom and one which. */
static bool fate(struct cf_bank *bank, const struct cf_id *whom, unsigned which, unsigned percent)
{
    return bank->fates == 0 ? chance(bank, percent) : hash_of(bank, whom, which) % 100 < percent;
}

/* A number for names: the next one, or the same whatever came before. */
static int number_for(const struct cf_bank *bank, const struct cf_id *whom, unsigned which,
                      int next)
{
    return bank->fates == 0 ? next : (int)(hash_of(bank, whom, which) % INT_MAX);
}

static int64_t now(const struct cf_bank *bank)
{
    return bank->platform->decision.now_us;
}

/* "pi_17"; lives until sixteen more were made. */
static struct cf_bytes name(struct cf_bank *bank, const char *prefix, int number)
{
    char *text = bank->text[bank->text_count++ % 16];
    int size = snprintf(text, sizeof bank->text[0], "%s_%d", prefix, number);
    return cf_bytes_from(text, (size_t)size);
}

/* -- Movements ------------------------------------------------------------------------------ */

static void book(struct cf_bank *bank, struct cf_bytes source, struct cf_bytes transaction,
                 enum cf_currency currency, int64_t amount, int64_t fee)
{
    char source_text[64];
    char transaction_text[64];
    snprintf(source_text, sizeof source_text, "%.*s", (int)source.size, (const char *)source.data);
    snprintf(transaction_text, sizeof transaction_text, "%.*s", (int)transaction.size,
             (const char *)transaction.data);
    for (int slot = 0; slot < 4; slot++)
        if (slots[slot] == currency)
            bank->balance[slot] += amount - fee;
    const struct cf_provider_movement movement = {.transaction = transaction_text,
                                                  .type = "movement",
                                                  .source = source_text,
                                                  .currency = currency,
                                                  .amount_minor = amount,
                                                  .fee_minor = fee};
    if (bank->books != NULL)
        assert_int_equal(cf_reconciliation_movement(bank->books, &movement, NULL), CF_OK);
}

/* -- Reports: what the object is now -------------------------------------------------------- */

static void report(struct cf_bank *bank, const struct cf_command_input *input)
{
    cf_platform_send(bank->platform, CF_ACTOR_GATEWAY, input); /* what is known is refused */
}

static void set_amount(struct cf_command_input *input, int64_t amount, enum cf_currency currency)
{
    cf_command_set_signed(input, "amount", amount);
    cf_command_set_unsigned(input, "currency", (uint64_t)currency);
}

static void about_pledge(struct cf_command_input *input, enum cf_command_number number,
                         const struct cf_bank_intent *intent)
{
    cf_command_input_init(input, number);
    cf_command_set_id(input, "pledge_id", intent->pledge_id);
}

static void report_taken(struct cf_bank *bank, int index)
{
    const struct cf_bank_intent *intent = &bank->intents[index];
    struct cf_command_input input;
    about_pledge(&input, CF_COMMAND_pledge_record_captured, intent);
    cf_command_set_text(&input, "intent", name(bank, "pi", intent->number));
    cf_command_set_text(&input, "charge", name(bank, "ch", intent->number));
    set_amount(&input, intent->amount, intent->currency);
    report(bank, &input);
    about_pledge(&input, CF_COMMAND_pledge_record_fee, intent);
    cf_command_set_text(&input, "charge", name(bank, "ch", intent->number));
    cf_command_set_signed(&input, "fee", intent->fee);
    cf_command_set_unsigned(&input, "currency", (uint64_t)intent->currency);
    cf_command_set_text(&input, "balance_transaction", name(bank, "txn", intent->number));
    cf_command_set_signed(&input, "available_at", intent->available_at_us);
    report(bank, &input);
}

static void report_intent(struct cf_bank *bank, int index)
{
    const struct cf_bank_intent *intent = &bank->intents[index];
    struct cf_command_input input;
    switch (intent->state) {
    case CF_BANK_NEW:
        return;
    case CF_BANK_SAVED:
        about_pledge(&input, CF_COMMAND_pledge_record_committed, intent);
        cf_command_set_text(&input, "payment_method", name(bank, "pm", intent->number));
        break;
    case CF_BANK_ACTION:
        about_pledge(&input, CF_COMMAND_pledge_record_action_required, intent);
        cf_command_set_text(&input, "intent", name(bank, "pi", intent->number));
        break;
    case CF_BANK_FAILED:
        about_pledge(&input, CF_COMMAND_pledge_record_payment_failed, intent);
        cf_command_set_unsigned(&input, "decline", CF_DECLINE_INSUFFICIENT_FUNDS);
        cf_command_set_unsigned(&input, "retryable", true);
        cf_command_set_text(&input, "intent", name(bank, "pi", intent->number));
        break;
    case CF_BANK_HELD:
        about_pledge(&input, CF_COMMAND_pledge_record_authorized, intent);
        cf_command_set_text(&input, "intent", name(bank, "pi", intent->number));
        set_amount(&input, intent->amount, intent->currency);
        cf_command_set_signed(&input, "capture_before", intent->capture_before_us);
        break;
    case CF_BANK_TAKEN:
        report_taken(bank, index);
        return;
    case CF_BANK_EXPIRED:
        about_pledge(&input, CF_COMMAND_pledge_record_hold_lapsed, intent);
        cf_command_set_text(&input, "intent", name(bank, "pi", intent->number));
        report(bank, &input);
        about_pledge(&input, CF_COMMAND_pledge_record_hold_voided, intent);
        cf_command_set_text(&input, "intent", name(bank, "pi", intent->number));
        break;
    case CF_BANK_CANCELLED:
        about_pledge(&input, CF_COMMAND_pledge_record_hold_voided, intent);
        cf_command_set_text(&input, "intent", name(bank, "pi", intent->number));
        break;
    }
    report(bank, &input);
}

static bool is_known(struct cf_bank *bank, enum cf_lookup_kind kind, struct cf_bytes token)
{
    struct cf_id id;
    struct cf_book *open = bank->platform->history.book;
    return open->ops->lookup(open, kind, token, &id);
}

/* To be looked at again, unless it is on its way anyhow. */
static void put_off(struct cf_bank *bank, enum cf_bank_object object, int index)
{
    for (int i = 0; i < bank->news_count; i++)
        if (bank->news[i].object == object && bank->news[i].index == index)
            return;
    assert_true(bank->news_count < CF_BANK_NEWS_MAX);
    bank->news[bank->news_count++] = (struct cf_bank_news){object, index, now(bank) + CF_HOUR_US};
}

static void report_foreign_refund(struct cf_bank *bank, const struct cf_bank_refund *refund)
{
    const struct cf_bank_intent *intent = &bank->intents[refund->intent];
    struct cf_command_input input;
    about_pledge(&input, CF_COMMAND_pledge_record_foreign_refund, intent);
    cf_command_set_text(&input, "refund", name(bank, "re", refund->number));
    cf_command_set_text(&input, "charge", name(bank, "ch", intent->number));
    set_amount(&input, refund->amount, intent->currency);
    report(bank, &input);
    /* The charge is not known yet, or disputed: looked at again when other news came. */
    if (!is_known(bank, CF_LOOKUP_REFUND, name(bank, "re", refund->number)))
        put_off(bank, CF_BANK_REFUND, (int)(refund - bank->refunds));
}

static void report_refund(struct cf_bank *bank, int index)
{
    const struct cf_bank_refund *refund = &bank->refunds[index];
    struct cf_command_input input;
    if (cf_id_is_zero(refund->refund_id)) {
        report_foreign_refund(bank, refund);
        return;
    }
    cf_command_input_init(&input, refund->failed ? CF_COMMAND_pledge_record_refund_failed
                                                 : CF_COMMAND_pledge_record_refund_succeeded);
    cf_command_set_id(&input, "refund_id", refund->refund_id);
    cf_command_set_text(&input, "refund", name(bank, "re", refund->number));
    if (refund->failed) {
        cf_command_set_text(&input, "reason", CF_BYTES_LITERAL("expired_or_canceled_card"));
    } else {
        set_amount(&input, refund->amount, bank->intents[refund->intent].currency);
    }
    report(bank, &input);
}

static void report_payout(struct cf_bank *bank, int index)
{
    const struct cf_bank_payout *payout = &bank->payouts[index];
    static const enum cf_command_number numbers[] = {
        [CF_BANK_MOVED] = CF_COMMAND_payout_record_initiated,
        [CF_BANK_SENT] = CF_COMMAND_payout_record_sent,
        [CF_BANK_PAID] = CF_COMMAND_payout_record_paid,
        [CF_BANK_BOUNCED] = CF_COMMAND_payout_record_failed,
        [CF_BANK_REVERSED] = CF_COMMAND_payout_record_reversed};
    struct cf_command_input input;
    cf_command_input_init(&input, numbers[payout->state]);
    cf_command_set_id(&input, "payout_id", payout->payout_id);
    if (payout->state == CF_BANK_MOVED)
        cf_command_set_text(&input, "transfer", name(bank, "tr", index));
    else if (payout->state == CF_BANK_SENT)
        cf_command_set_text(&input, "bank_payout", name(bank, "po", index));
    else if (payout->state == CF_BANK_BOUNCED)
        cf_command_set_text(&input, "reason", CF_BYTES_LITERAL("account_closed"));
    else if (payout->state == CF_BANK_REVERSED)
        cf_command_set_text(&input, "reversal", name(bank, "trr", index));
    report(bank, &input);
}

static void report_dispute(struct cf_bank *bank, int index)
{
    const struct cf_bank_intent *intent = &bank->intents[index];
    struct cf_command_input input;
    if (intent->dispute == CF_BANK_UNDISPUTED)
        return;
    about_pledge(&input, CF_COMMAND_pledge_record_disputed, intent);
    cf_command_set_text(&input, "dispute", name(bank, "dp", intent->number));
    cf_command_set_text(&input, "charge", name(bank, "ch", intent->number));
    set_amount(&input, intent->disputed, intent->currency);
    cf_command_set_signed(&input, "fee", 1500);
    cf_command_set_text(&input, "balance_transaction", name(bank, "txnd", intent->number));
    report(bank, &input);
    /* The charge is not known yet: the notice is looked at again when other news came. */
    if (!is_known(bank, CF_LOOKUP_CHARGE, name(bank, "ch", intent->number))) {
        put_off(bank, CF_BANK_DISPUTE, index);
        return;
    }
    if (intent->dispute == CF_BANK_DISPUTED)
        return;
    about_pledge(&input,
                 intent->dispute == CF_BANK_WON ? CF_COMMAND_pledge_record_dispute_won
                                                : CF_COMMAND_pledge_record_dispute_lost,
                 intent);
    cf_command_set_text(&input, "dispute", name(bank, "dp", intent->number));
    cf_command_set_text(&input, "charge", name(bank, "ch", intent->number));
    report(bank, &input);
}

static void make_report(struct cf_bank *bank, const struct cf_bank_news *news)
{
    switch (news->object) {
    case CF_BANK_INTENT:
        report_intent(bank, news->index);
        break;
    case CF_BANK_REFUND:
        report_refund(bank, news->index);
        break;
    case CF_BANK_PAYOUT:
        report_payout(bank, news->index);
        break;
    case CF_BANK_DISPUTE:
        report_dispute(bank, news->index);
        break;
    }
}

/* Reports, now or later, once or twice. */
static void tell(struct cf_bank *bank, enum cf_bank_object object, int index)
{
    int times = bank->fates == 0 && chance(bank, bank->repeat_percent) ? 2 : 1;
    for (int i = 0; i < times; i++) {
        assert_true(bank->news_count < CF_BANK_NEWS_MAX);
        int64_t due_us = bank->fates != 0
                             ? CF_BANK_WHEN_ASKED
                             : now(bank) + cf_random_between(&bank->random, 0, bank->delay_max_us);
        bank->news[bank->news_count++] = (struct cf_bank_news){object, index, due_us};
    }
}

/* -- What is asked -------------------------------------------------------------------------- */

static int new_intent(struct cf_bank *bank, struct cf_id pledge_id, enum cf_currency currency,
                      int64_t amount, unsigned attempt)
{
    assert_true(bank->intent_count < CF_BANK_INTENTS_MAX);
    bank->intents[bank->intent_count] =
        (struct cf_bank_intent){.number = number_for(bank, &pledge_id, attempt, bank->intent_count),
                                .pledge_id = pledge_id,
                                .currency = currency,
                                .amount = amount};
    return bank->intent_count++;
}

static void take_money(struct cf_bank *bank, int index)
{
    struct cf_bank_intent *intent = &bank->intents[index];
    intent->state = CF_BANK_TAKEN;
    intent->fee = intent->amount / 35 + 1;
    intent->available_at_us = now(bank) + 2 * CF_DAY_US;
    book(bank, name(bank, "ch", intent->number), name(bank, "txn", intent->number),
         intent->currency, intent->amount, intent->fee);
}

static void do_payment(struct cf_bank *bank, const struct cf_event *event)
{
    const struct cf_event_pledge_payment_requested *asked = &event->pledge_payment_requested;
    int index = new_intent(bank, asked->pledge_id, asked->currency, cf_money_minor(asked->amount),
                           asked->attempt);
    struct cf_bank_intent *intent = &bank->intents[index];
    int64_t window = asked->off_session ? 4 * CF_DAY_US + 18 * CF_HOUR_US : 7 * CF_DAY_US;
    if (fate(bank, &asked->pledge_id, 100 + asked->attempt, bank->decline_percent)) {
        intent->state = CF_BANK_FAILED;
    } else if (!asked->off_session &&
               fate(bank, &asked->pledge_id, 200 + asked->attempt, bank->action_percent)) {
        intent->state = CF_BANK_ACTION; /* the backer never comes back from it */
    } else if (asked->mode == CF_PAYMENT_MODE_SAVE) {
        intent->state = CF_BANK_SAVED;
    } else if (asked->mode == CF_PAYMENT_MODE_HOLD) {
        intent->state = CF_BANK_HELD;
        intent->capture_before_us = now(bank) + window;
    } else {
        take_money(bank, index);
    }
    tell(bank, CF_BANK_INTENT, index);
}

/* The index of "pi_17". */
static int intent_of(const struct cf_bank *bank, struct cf_bytes text)
{
    char copy[64];
    snprintf(copy, sizeof copy, "%.*s", (int)text.size, (const char *)text.data);
    const char *digits = strrchr(copy, '_');
    assert_non_null(digits);
    int number = (int)strtol(digits + 1, NULL, 10);
    for (int i = 0; i < bank->intent_count; i++)
        if (bank->intents[i].number == number)
            return i;
    fail_msg("%s was never made", copy);
    return -1;
}

static void do_capture(struct cf_bank *bank, const struct cf_event *event)
{
    int index = intent_of(bank, event->pledge_capture_requested.intent);
    struct cf_bank_intent *intent = &bank->intents[index];
    if (intent->state == CF_BANK_HELD) {
        intent->amount = cf_money_minor(event->pledge_capture_requested.amount);
        take_money(bank, index);
    }
    tell(bank, CF_BANK_INTENT, index);
}

static void do_void(struct cf_bank *bank, struct cf_bytes intent_name)
{
    int index = intent_of(bank, intent_name);
    struct cf_bank_intent *intent = &bank->intents[index];
    if (intent->state != CF_BANK_TAKEN && intent->state != CF_BANK_EXPIRED)
        intent->state = CF_BANK_CANCELLED;
    tell(bank, CF_BANK_INTENT, index);
}

static struct cf_bytes intent_to_void(const struct cf_event *event)
{
    if (event->type == CF_EVENT_PLEDGE_CANCELLED)
        return event->pledge_cancelled.intent;
    if (event->type == CF_EVENT_PLEDGE_DROPPED)
        return event->pledge_dropped.intent;
    if (event->type == CF_EVENT_PLEDGE_RELEASED)
        return event->pledge_released.intent;
    if (event->type == CF_EVENT_PLEDGE_ABANDONED)
        return event->pledge_abandoned.intent;
    if (event->type == CF_EVENT_PLEDGE_HOLD_ORPHANED)
        return event->pledge_hold_orphaned.intent;
    assert_int_equal(event->type, CF_EVENT_PLEDGE_AUTHORIZED);
    return event->pledge_authorized.replaced_intent;
}

static void do_refund(struct cf_bank *bank, struct cf_id refund_id, struct cf_bytes charge,
                      int64_t amount, unsigned attempt)
{
    int index = intent_of(bank, charge);
    assert_true(bank->refund_count < CF_BANK_INTENTS_MAX);
    int at = bank->refund_count++;
    struct cf_bank_refund *refund = &bank->refunds[at];
    *refund = (struct cf_bank_refund){.refund_id = refund_id,
                                      .number = number_for(bank, &refund_id, attempt, at),
                                      .intent = index,
                                      .amount = amount};
    bool contested = bank->intents[index].dispute == CF_BANK_DISPUTED ||
                     bank->intents[index].dispute == CF_BANK_LOST;
    if (contested || bank->intents[index].refunded + amount > bank->intents[index].amount ||
        fate(bank, &refund_id, 300 + attempt, bank->trouble_percent)) {
        refund->failed = true;
    } else {
        bank->intents[index].refunded += amount;
        book(bank, name(bank, "re", refund->number), name(bank, "txnr", refund->number),
             bank->intents[index].currency, -amount, 0);
    }
    tell(bank, CF_BANK_REFUND, at);
}

static void do_transfer(struct cf_bank *bank, const struct cf_event *event)
{
    const struct cf_event_payout_requested *asked = &event->payout_requested;
    struct cf_command_input input;
    if (fate(bank, &asked->payout_id, 400, bank->trouble_percent)) {
        cf_command_input_init(&input, CF_COMMAND_payout_record_refused);
        cf_command_set_id(&input, "payout_id", asked->payout_id);
        cf_command_set_text(&input, "reason", CF_BYTES_LITERAL("balance_insufficient"));
        report(bank, &input);
        return;
    }
    assert_true(bank->payout_count < CF_BANK_INTENTS_MAX);
    int index = bank->payout_count++;
    bank->payouts[index] = (struct cf_bank_payout){.payout_id = asked->payout_id,
                                                   .currency = asked->currency,
                                                   .amount = cf_money_minor(asked->amount),
                                                   .state = CF_BANK_MOVED};
    book(bank, name(bank, "tr", index), name(bank, "txnt", index), asked->currency,
         -cf_money_minor(asked->amount), 0);
    report_payout(bank, index); /* the answer itself; there is no notice that we follow */
}

static int payout_of(const struct cf_bank *bank, const struct cf_id *payout_id)
{
    for (int i = 0; i < bank->payout_count; i++)
        if (cf_id_equal(bank->payouts[i].payout_id, *payout_id))
            return i;
    fail_msg("a payout that the bank never made");
    return -1;
}

static void do_bank_payout(struct cf_bank *bank, const struct cf_id *payout_id)
{
    int index = payout_of(bank, payout_id);
    bank->payouts[index].state = CF_BANK_SENT;
    report_payout(bank, index);
    bank->payouts[index].state =
        fate(bank, payout_id, 500, bank->trouble_percent) ? CF_BANK_BOUNCED : CF_BANK_PAID;
    tell(bank, CF_BANK_PAYOUT, index);
}

static void do_reversal(struct cf_bank *bank, const struct cf_id *payout_id)
{
    int index = payout_of(bank, payout_id);
    struct cf_bank_payout *payout = &bank->payouts[index];
    if (payout->state != CF_BANK_REVERSED)
        book(bank, name(bank, "trr", index), name(bank, "txnv", index), payout->currency,
             payout->amount, 0);
    payout->state = CF_BANK_REVERSED;
    report_payout(bank, index);
}

static void do_user(struct cf_bank *bank, enum cf_request request, struct cf_id user_id,
                    uint64_t number)
{
    struct cf_command_input input;
    bool customer = request == CF_REQUEST_CUSTOMER;
    cf_command_input_init(&input, customer ? CF_COMMAND_user_link_customer
                                           : CF_COMMAND_user_link_payout_account);
    cf_command_set_id(&input, "user_id", user_id);
    struct cf_bytes token = name(bank, customer ? "cus" : "acct", (int)number);
    cf_command_set_text(&input, customer ? "customer" : "account", token);
    report(bank, &input);
    if (customer)
        return;
    cf_command_input_init(&input, CF_COMMAND_user_update_payout_account);
    cf_command_set_id(&input, "user_id", user_id);
    cf_command_set_text(&input, "account", token);
    cf_command_set_unsigned(&input, "charges_enabled", true);
    cf_command_set_unsigned(&input, "payouts_enabled", true);
    cf_command_set_unsigned(&input, "details_submitted", true);
    report(bank, &input);
}

static void do_mail(struct cf_bank *bank, const struct cf_event *event, uint64_t number)
{
    struct cf_command_input input;
    cf_command_input_init(&input, CF_COMMAND_user_record_mail_sent);
    cf_command_set_id(&input, "user_id", event->user_mail_requested.user_id);
    cf_command_set_unsigned(&input, "mail", event->user_mail_requested.mail);
    cf_command_set_unsigned(&input, "requested_by", number);
    report(bank, &input);
}

static void do_refund_asked(struct cf_bank *bank, const struct cf_event *event)
{
    if (event->type == CF_EVENT_PLEDGE_MONEY_ORPHANED)
        do_refund(bank, event->pledge_money_orphaned.refund_id, event->pledge_money_orphaned.charge,
                  cf_money_minor(event->pledge_money_orphaned.amount), 1);
    else if (event->type == CF_EVENT_PLEDGE_REFUND_RETRIED)
        do_refund(bank, event->pledge_refund_retried.refund_id, event->pledge_refund_retried.charge,
                  cf_money_minor(event->pledge_refund_retried.amount),
                  event->pledge_refund_retried.attempt);
    else
        do_refund(bank, event->pledge_refund_requested.refund_id,
                  event->pledge_refund_requested.charge,
                  cf_money_minor(event->pledge_refund_requested.amount), 1);
}

/* -- Open requests -------------------------------------------------------------------------- */

struct asked {
    struct cf_id subject;
    enum cf_request request;
    uint64_t requested_by;
};

struct asked_list {
    struct asked items[REQUESTS_MAX];
    size_t count;
};

static void collect(void *context, const struct cf_id *subject, enum cf_request request,
                    uint64_t requested_by)
{
    struct asked_list *list = context;
    if (list->count < REQUESTS_MAX)
        list->items[list->count++] = (struct asked){*subject, request, requested_by};
}

/* The network fails: the request waits for its timer. */
static void defer(struct cf_bank *bank, const struct asked *asked)
{
    struct cf_command_input input;
    cf_command_input_init(&input, CF_COMMAND_request_defer);
    cf_command_set_id(&input, "subject_id", asked->subject);
    cf_command_set_unsigned(&input, "request", asked->request);
    cf_command_set_signed(&input, "retry_at", now(bank) + 5 * CF_MINUTE_US);
    cf_command_set_text(&input, "reason", CF_BYTES_LITERAL("connection refused"));
    report(bank, &input);
}

static void perform(struct cf_bank *bank, const struct asked *asked)
{
    struct cf_event event = cf_platform_event(bank->platform, asked->requested_by);
    switch (asked->request) {
    case CF_REQUEST_CUSTOMER:
    case CF_REQUEST_ACCOUNT:
        do_user(bank, asked->request, asked->subject, asked->requested_by);
        break;
    case CF_REQUEST_PAYMENT:
        do_payment(bank, &event);
        break;
    case CF_REQUEST_CAPTURE:
        do_capture(bank, &event);
        break;
    case CF_REQUEST_VOID_HOLD:
    case CF_REQUEST_VOID_REPLACED:
        do_void(bank, intent_to_void(&event));
        break;
    case CF_REQUEST_REFUND:
        do_refund_asked(bank, &event);
        break;
    case CF_REQUEST_TRANSFER:
        do_transfer(bank, &event);
        break;
    case CF_REQUEST_BANK_PAYOUT:
        do_bank_payout(bank, &asked->subject);
        break;
    case CF_REQUEST_TRANSFER_REVERSAL:
        do_reversal(bank, &asked->subject);
        break;
    case CF_REQUEST_MAIL:
        do_mail(bank, &event, asked->requested_by);
        break;
    case CF_REQUEST_PROVIDER_NEWS:
    case CF_REQUEST_NONE:
        break;
    }
}

static void make_due_reports(struct cf_bank *bank)
{
    for (int i = 0; i < bank->news_count;) {
        if (bank->news[i].due_us > now(bank)) {
            i++;
            continue;
        }
        struct cf_bank_news news = bank->news[i];
        bank->news[i] = bank->news[--bank->news_count];
        make_report(bank, &news);
    }
}

/* Asks that were not seen before; the others were done, and their reports are under way. */
static size_t work_once(struct cf_bank *bank)
{
    static struct asked_list list;
    size_t done = 0;
    list.count = 0;
    cf_book_memory_each_request(bank->platform->history.memory, collect, &list);
    for (size_t i = 0; i < list.count; i++) {
        const struct asked *asked = &list.items[i];
        assert_true(asked->requested_by < CF_BANK_SEQUENCES_MAX);
        struct cf_book *open = bank->platform->history.book;
        if (bank->performed[asked->requested_by] ||
            open->ops->request(open, &asked->subject, asked->request) != asked->requested_by)
            continue;
        done++;
        if (bank->fates == 0 && chance(bank, bank->trouble_percent / 2)) {
            defer(bank, asked);
            continue;
        }
        bank->performed[asked->requested_by] = true;
        perform(bank, asked);
    }
    return done;
}

void cf_bank_work(struct cf_bank *bank)
{
    do {
        make_due_reports(bank);
    } while (work_once(bank) > 0);
    make_due_reports(bank);
}

void cf_bank_report(struct cf_bank *bank, int index, bool again)
{
    struct cf_bank_news news = bank->news[index];
    if (!again)
        bank->news[index] = bank->news[--bank->news_count];
    make_report(bank, &news);
}

void cf_bank_flush(struct cf_bank *bank)
{
    while (bank->news_count > 0)
        cf_bank_report(bank, (int)cf_random_below(&bank->random, (uint64_t)bank->news_count),
                       false);
}

bool cf_bank_perform(struct cf_bank *bank)
{
    return work_once(bank) > 0;
}

int64_t cf_bank_next(const struct cf_bank *bank)
{
    int64_t next_us = INT64_MAX;
    for (int i = 0; i < bank->news_count; i++)
        if (bank->news[i].due_us < next_us)
            next_us = bank->news[i].due_us;
    return next_us;
}

/* -- What banks do by themselves ------------------------------------------------------------ */

void cf_bank_expire(struct cf_bank *bank)
{
    for (int i = 0; i < bank->intent_count; i++) {
        struct cf_bank_intent *intent = &bank->intents[i];
        if (intent->state != CF_BANK_HELD || intent->capture_before_us > now(bank))
            continue;
        intent->state = CF_BANK_EXPIRED;
        tell(bank, CF_BANK_INTENT, i);
    }
}

static void dispute(struct cf_bank *bank, int index)
{
    struct cf_bank_intent *intent = &bank->intents[index];
    intent->disputed = intent->amount; /* whatever was refunded of it */
    intent->dispute = CF_BANK_DISPUTED;
    book(bank, name(bank, "dp", intent->number), name(bank, "txnd", intent->number),
         intent->currency, -intent->disputed, 1500);
    tell(bank, CF_BANK_DISPUTE, index);
}

static void end_dispute(struct cf_bank *bank, int index, bool won)
{
    struct cf_bank_intent *intent = &bank->intents[index];
    intent->dispute = won ? CF_BANK_WON : CF_BANK_LOST;
    if (intent->dispute == CF_BANK_WON)
        book(bank, name(bank, "dp", intent->number), name(bank, "txnw", intent->number),
             intent->currency, intent->disputed, 0);
    tell(bank, CF_BANK_DISPUTE, index);
}

static void refund_comes_back(struct cf_bank *bank, int index)
{
    struct cf_bank_refund *refund = &bank->refunds[index];
    struct cf_bank_intent *intent = &bank->intents[refund->intent];
    if (refund->failed || intent->dispute != CF_BANK_UNDISPUTED)
        return;
    refund->failed = true;
    intent->refunded -= refund->amount;
    book(bank, name(bank, "re", refund->number), name(bank, "txnb", refund->number),
         intent->currency, refund->amount, 0);
    tell(bank, CF_BANK_REFUND, index);
}

void cf_bank_mischief(struct cf_bank *bank)
{
    if (bank->intent_count == 0)
        return;
    int index = (int)cf_random_below(&bank->random, (uint64_t)bank->intent_count);
    struct cf_bank_intent *intent = &bank->intents[index];
    if (intent->state == CF_BANK_TAKEN && intent->dispute == CF_BANK_UNDISPUTED && chance(bank, 30))
        dispute(bank, index);
    else if (intent->dispute == CF_BANK_DISPUTED)
        end_dispute(bank, index, chance(bank, 50));
    if (bank->refund_count > 0 && chance(bank, 10))
        refund_comes_back(bank, (int)cf_random_below(&bank->random, (uint64_t)bank->refund_count));
    if (bank->payout_count > 0 && chance(bank, 10)) {
        index = (int)cf_random_below(&bank->random, (uint64_t)bank->payout_count);
        if (bank->payouts[index].state == CF_BANK_PAID) {
            bank->payouts[index].state = CF_BANK_BOUNCED;
            tell(bank, CF_BANK_PAYOUT, index);
        }
    }
}

/* Somebody at the bank's own desk gives half of a charge back, or all. */
static void refund_at_bank(struct cf_bank *bank, int index, bool whole)
{
    struct cf_bank_intent *intent = &bank->intents[index];
    int64_t left = intent->amount - intent->refunded;
    int64_t amount = whole ? left : left / 2;
    if (amount <= 0)
        return;
    int at = bank->refund_count++;
    assert_true(at < CF_BANK_INTENTS_MAX);
    bank->refunds[at] = (struct cf_bank_refund){
        .number = number_for(bank, &intent->pledge_id, 600 + (unsigned)intent->number, at),
        .intent = index,
        .amount = amount};
    intent->refunded += amount;
    book(bank, name(bank, "re", bank->refunds[at].number),
         name(bank, "txnr", bank->refunds[at].number), intent->currency, -amount, 0);
    tell(bank, CF_BANK_REFUND, at);
}

void cf_bank_stir(struct cf_bank *bank, unsigned round)
{
    for (int i = 0; i < bank->intent_count; i++) {
        struct cf_bank_intent *intent = &bank->intents[i];
        const struct cf_id *whom = &intent->pledge_id;
        unsigned salt = 1000 * (round + 1) + (unsigned)intent->number % 1000;
        if (intent->state != CF_BANK_TAKEN)
            continue;
        if (intent->dispute == CF_BANK_UNDISPUTED && fate(bank, whom, salt, 8))
            dispute(bank, i);
        else if (intent->dispute == CF_BANK_DISPUTED && fate(bank, whom, salt, 50))
            end_dispute(bank, i, fate(bank, whom, salt + 1, 50));
        else if (intent->dispute == CF_BANK_UNDISPUTED && fate(bank, whom, salt + 2, 5))
            refund_at_bank(bank, i, fate(bank, whom, salt + 3, 50));
    }
    for (int i = 0; i < bank->refund_count; i++)
        if (!cf_id_is_zero(bank->refunds[i].refund_id) &&
            fate(bank, &bank->refunds[i].refund_id, 1000 * (round + 1), 8))
            refund_comes_back(bank, i);
    for (int i = 0; i < bank->payout_count; i++)
        if (bank->payouts[i].state == CF_BANK_PAID &&
            fate(bank, &bank->payouts[i].payout_id, 1000 * (round + 1), 15)) {
            bank->payouts[i].state = CF_BANK_BOUNCED;
            tell(bank, CF_BANK_PAYOUT, i);
        }
}
