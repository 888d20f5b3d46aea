/* SPDX-License-Identifier: Apache-2.0 */
/* Reactions by stream, and those of people, payouts and providers. */
#include "core/react/react.h"

#include "core/aggregate/payout.h"
#include "core/react/react_private.h"

void cf_react(struct cf_book *book, const struct cf_record *record, const struct cf_event *event)
{
    struct cf_reaction reaction = {book, record, event, &record->stream_id};
    switch (cf_event_stream(event->type)) {
    case CF_STREAM_USER:
        cf_react_user(&reaction);
        break;
    case CF_STREAM_CAMPAIGN:
        cf_react_campaign(&reaction);
        break;
    case CF_STREAM_PLEDGE:
        cf_react_pledge(&reaction);
        break;
    case CF_STREAM_PAYOUT:
        cf_react_payout(&reaction);
        break;
    case CF_STREAM_PROVIDER:
        cf_react_provider(&reaction);
        break;
    case CF_STREAM_LEDGER:
        break;
    }
}

/* The row of a request that waits, or NULL. */
static struct cf_deferred *cf_react_deferred(struct cf_reaction *reaction,
                                             const struct cf_id *subject, enum cf_request request)
{
    struct cf_row_key key = {
        .kind = CF_ROW_DEFERRED, .id = *subject, .second = cf_id_of_number((uint64_t)request)};
    return reaction->book->ops->row(reaction->book, &key, true, false);
}

void cf_react_close(struct cf_reaction *reaction, const struct cf_id *subject,
                    enum cf_request request)
{
    if (reaction->book->ops->request(reaction->book, subject, request) != 0) {
        reaction->book->ops->request_set(reaction->book, subject, request, 0);
        return;
    }
    struct cf_deferred *deferred = cf_react_deferred(reaction, subject, request);
    if (deferred == NULL)
        return;
    memset(deferred, 0, sizeof *deferred);
    cf_react_clear(reaction, subject, cf_timer_of_retry(request));
}

/* -- People --------------------------------------------------------------------------------- */

/* A reminder was sent: the next one, as long as the pledge still needs it. */
static void cf_react_reminded(struct cf_reaction *reaction, const struct cf_id *pledge_id)
{
    const struct cf_pledge *pledge = cf_book_find(reaction->book, CF_ROW_PLEDGE, pledge_id);
    if (pledge == NULL)
        return;
    const struct cf_campaign *campaign =
        cf_book_find(reaction->book, CF_ROW_CAMPAIGN, &pledge->campaign_id);
    int64_t due_us = reaction->record->time_us + CF_POLICY_GRACE_REMINDER_US;
    bool needed = pledge->state == CF_PLEDGE_ERRORED && campaign != NULL &&
                  due_us < campaign->final_collection_at_us;
    cf_react_set(reaction, pledge_id, CF_TIMER_GRACE_REMINDER, needed ? due_us : 0);
}

void cf_react_user(struct cf_reaction *reaction)
{
    const struct cf_event *event = reaction->event;
    struct cf_id asked;
    if (event->type == CF_EVENT_USER_CUSTOMER_REQUESTED) {
        cf_react_open(reaction, reaction->id, CF_REQUEST_CUSTOMER);
    } else if (event->type == CF_EVENT_USER_CUSTOMER_LINKED) {
        cf_react_close(reaction, reaction->id, CF_REQUEST_CUSTOMER);
    } else if (event->type == CF_EVENT_USER_PAYOUT_ACCOUNT_REQUESTED) {
        cf_react_open(reaction, reaction->id, CF_REQUEST_ACCOUNT);
    } else if (event->type == CF_EVENT_USER_PAYOUT_ACCOUNT_LINKED) {
        cf_react_close(reaction, reaction->id, CF_REQUEST_ACCOUNT);
    } else if (event->type == CF_EVENT_USER_MAIL_REQUESTED) {
        asked = cf_id_of_number(reaction->record->sequence);
        cf_react_open(reaction, &asked, CF_REQUEST_MAIL);
        if (event->user_mail_requested.mail == CF_MAIL_PAYMENT_REMINDER)
            cf_react_reminded(reaction, &event->user_mail_requested.about);
    } else if (event->type == CF_EVENT_USER_MAIL_SENT) {
        asked = cf_id_of_number(event->user_mail_sent.requested_by);
        cf_react_close(reaction, &asked, CF_REQUEST_MAIL);
    } else if (event->type == CF_EVENT_USER_MAIL_FAILED) {
        asked = cf_id_of_number(event->user_mail_failed.requested_by);
        cf_react_close(reaction, &asked, CF_REQUEST_MAIL);
    }
}

/* -- Payouts -------------------------------------------------------------------------------- */

void cf_react_payout(struct cf_reaction *reaction)
{
    const struct cf_payout *payout = cf_book_find(reaction->book, CF_ROW_PAYOUT, reaction->id);
    enum cf_event_type type = reaction->event->type;
    if (type == CF_EVENT_PAYOUT_REQUESTED) {
        cf_react_open(reaction, reaction->id, CF_REQUEST_TRANSFER);
        cf_react_clear(reaction, &payout->campaign_id, CF_TIMER_PAYOUT_DUE);
    } else if (type == CF_EVENT_PAYOUT_INITIATED) {
        cf_react_close(reaction, reaction->id, CF_REQUEST_TRANSFER);
        cf_react_open(reaction, reaction->id, CF_REQUEST_BANK_PAYOUT);
    } else if (type == CF_EVENT_PAYOUT_REFUSED) {
        cf_react_close(reaction, reaction->id, CF_REQUEST_TRANSFER);
        cf_react_set(reaction, &payout->campaign_id, CF_TIMER_PAYOUT_DUE,
                     reaction->record->time_us + CF_POLICY_LOOK_AGAIN_US);
    } else if (type == CF_EVENT_PAYOUT_RETRIED) {
        cf_react_open(reaction, reaction->id, CF_REQUEST_BANK_PAYOUT);
    } else if (type == CF_EVENT_PAYOUT_SENT || type == CF_EVENT_PAYOUT_PAID ||
               type == CF_EVENT_PAYOUT_FAILED) {
        cf_react_close(reaction, reaction->id, CF_REQUEST_BANK_PAYOUT);
    } else if (type == CF_EVENT_PAYOUT_REVERSAL_REQUESTED) {
        cf_react_close(reaction, reaction->id, CF_REQUEST_BANK_PAYOUT);
        cf_react_open(reaction, reaction->id, CF_REQUEST_TRANSFER_REVERSAL);
    } else if (type == CF_EVENT_PAYOUT_REVERSED) {
        cf_react_close(reaction, reaction->id, CF_REQUEST_BANK_PAYOUT);
        cf_react_close(reaction, reaction->id, CF_REQUEST_TRANSFER_REVERSAL);
    }
}

/* -- Notices, and requests that wait -------------------------------------------------------- */

static void cf_react_notice_done(struct cf_reaction *reaction, struct cf_bytes name)
{
    struct cf_id asked;
    if (reaction->book->ops->lookup(reaction->book, CF_LOOKUP_PROVIDER_EVENT, name, &asked))
        cf_react_close(reaction, &asked, CF_REQUEST_PROVIDER_NEWS);
}

/* What could not be done when its time came is looked at again. A hold that lapses before that is
 * renewed no more: the provider tells, and a card that was not held is charged when it is due. */
static void cf_react_timer_deferred(struct cf_reaction *reaction)
{
    const struct cf_event_timer_deferred *deferred = &reaction->event->timer_deferred;
    int64_t until_us = deferred->until;
    if (deferred->timer == CF_TIMER_HOLD_RENEWAL) {
        const struct cf_pledge *pledge =
            cf_book_find(reaction->book, CF_ROW_PLEDGE, &deferred->subject_id);
        if (pledge == NULL || until_us >= pledge->capture_before_us)
            until_us = 0;
    }
    cf_react_set(reaction, &deferred->subject_id, deferred->timer, until_us);
}

void cf_react_provider(struct cf_reaction *reaction)
{
    const struct cf_event *event = reaction->event;
    struct cf_book *book = reaction->book;
    if (event->type == CF_EVENT_PROVIDER_EVENT_RECEIVED) {
        struct cf_id asked = cf_id_of_number(reaction->record->sequence);
        cf_react_open(reaction, &asked, CF_REQUEST_PROVIDER_NEWS);
    } else if (event->type == CF_EVENT_PROVIDER_EVENT_SETTLED) {
        cf_react_notice_done(reaction, event->provider_event_settled.event);
    } else if (event->type == CF_EVENT_PROVIDER_EVENT_QUARANTINED) {
        cf_react_notice_done(reaction, event->provider_event_quarantined.event);
    } else if (event->type == CF_EVENT_REQUEST_DEFERRED) {
        const struct cf_event_request_deferred *deferred = &event->request_deferred;
        book->ops->request_set(book, &deferred->subject_id, deferred->request, 0);
        cf_react_set(reaction, &deferred->subject_id, cf_timer_of_retry(deferred->request),
                     deferred->retry_at);
    } else if (event->type == CF_EVENT_REQUEST_PARKED) {
        const struct cf_event_request_parked *parked = &event->request_parked;
        book->ops->request_set(book, &parked->subject_id, parked->request, 0);
    } else if (event->type == CF_EVENT_REQUEST_REOPENED) {
        const struct cf_event_request_reopened *reopened = &event->request_reopened;
        cf_react_clear(reaction, &reopened->subject_id, cf_timer_of_retry(reopened->request));
        book->ops->request_set(book, &reopened->subject_id, reopened->request,
                               reopened->requested_by);
    } else if (event->type == CF_EVENT_TIMER_DEFERRED) {
        cf_react_timer_deferred(reaction);
    }
}
