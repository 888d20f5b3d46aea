/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the aggregate that an event belongs to, and reports what contradicts. */
#include "core/aggregate/evolve.h"

#include "core/aggregate/evolve_private.h"
#include "core/aggregate/ledger.h"
#include "core/base/assert.h"

enum cf_status cf_evolve(struct cf_book *book, const struct cf_record *record,
                         const struct cf_event *event, struct cf_fault *reterr_fault)
{
    struct cf_turn turn = {
        .book = book, .record = record, .event = event, .id = &record->stream_id};
    CF_ASSERT(event->type != CF_EVENT_NONE);
    switch (cf_event_stream(event->type)) {
    case CF_STREAM_USER:
        cf_turn_user(&turn);
        break;
    case CF_STREAM_CAMPAIGN:
        cf_turn_campaign(&turn);
        break;
    case CF_STREAM_PLEDGE:
        cf_turn_pledge(&turn);
        break;
    case CF_STREAM_PAYOUT:
        cf_turn_payout(&turn);
        break;
    case CF_STREAM_PROVIDER:
        cf_turn_provider(&turn);
        break;
    case CF_STREAM_LEDGER:
        cf_turn_ledger(&turn);
        break;
    }
    if (turn.wrong == NULL)
        return CF_OK;
    char stream[CF_ID_TEXT_SIZE];
    cf_id_print(record->stream_id, stream);
    CF_FAIL_ON(reterr_fault, CF_CORRUPT, turn.wrong, "record %llu: %s in state %s of %s",
               (unsigned long long)record->sequence, cf_event_name((uint32_t)event->type),
               turn.state_before == NULL ? "none" : turn.state_before, stream);
}

static uint32_t cf_subject_version(struct cf_book *book, const struct cf_id *stream_id)
{
    const struct cf_user *user = cf_book_find(book, CF_ROW_USER, stream_id);
    if (user != NULL)
        return user->version;
    const struct cf_campaign *campaign = cf_book_find(book, CF_ROW_CAMPAIGN, stream_id);
    return campaign == NULL ? 0 : campaign->version;
}

uint32_t cf_stream_version(struct cf_book *book, enum cf_stream_kind stream,
                           const struct cf_id *stream_id)
{
    const struct cf_campaign *campaign;
    const struct cf_pledge *pledge;
    const struct cf_payout *payout;
    const struct cf_ledger *ledger;
    switch (stream) {
    case CF_STREAM_USER:
        return cf_subject_version(book, stream_id);
    case CF_STREAM_CAMPAIGN:
        campaign = cf_book_find(book, CF_ROW_CAMPAIGN, stream_id);
        return campaign == NULL ? 0 : campaign->version;
    case CF_STREAM_PLEDGE:
        pledge = cf_book_find(book, CF_ROW_PLEDGE, stream_id);
        return pledge == NULL ? 0 : pledge->version;
    case CF_STREAM_PAYOUT:
        payout = cf_book_find(book, CF_ROW_PAYOUT, stream_id);
        return payout == NULL ? 0 : payout->version;
    case CF_STREAM_PROVIDER:
        ledger = cf_book_find(book, CF_ROW_LEDGER, &CF_LEDGER_STREAM);
        return ledger == NULL ? 0 : ledger->provider_version;
    case CF_STREAM_LEDGER:
        ledger = cf_book_find(book, CF_ROW_LEDGER, &CF_LEDGER_STREAM);
        return ledger == NULL ? 0 : ledger->version;
    }
    CF_UNREACHABLE();
}

static struct cf_id cf_currency_id(enum cf_currency currency)
{
    return cf_id_of_number((uint64_t)currency);
}

const struct cf_creator *cf_creator_find(struct cf_book *book, const struct cf_id *creator_id,
                                         enum cf_currency currency)
{
    struct cf_id second = cf_currency_id(currency);
    return cf_book_find_pair(book, CF_ROW_CREATOR, creator_id, &second);
}

struct cf_creator *cf_turn_creator(struct cf_turn *turn, const struct cf_id *creator_id,
                                   enum cf_currency currency)
{
    struct cf_id second = cf_currency_id(currency);
    return cf_book_make_pair(turn->book, CF_ROW_CREATOR, creator_id, &second);
}
