/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bench/history.h"

#include "core/base/assert.h"
#include "core/time.h"
#include "tools/bench/history_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PLEDGES_MOVING_MAX = 20000, PAYOUT_EACH = 400, UPDATE_EACH = 900 };

#define BYTES_MAX ((size_t)8 << 30)
#define BEGINNING_US INT64_C(1767225600000000) /* 2026-01-01 */

static const enum cf_currency currencies[] = {CF_CURRENCY_EUR, CF_CURRENCY_USD, CF_CURRENCY_JPY};
static const char *const categories[] = {"games", "music", "design", "film", "food", "technology"};

/* SplitMix64. */
static uint64_t next_random(struct cf_history *history)
{
    uint64_t z = history->random += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t cf_history__below(struct cf_history *history, uint64_t limit)
{
    return next_random(history) % limit;
}

struct cf_id cf_history__id(struct cf_history *history)
{
    uint8_t random[CF_ID_RANDOM_SIZE] = {0};
    uint64_t number = ++history->made_count, noise = next_random(history);
    memcpy(random, &noise, 5);
    memcpy(random + 5, &number, 5);
    return cf_id_make(history->time_us, random);
}

struct cf_bytes cf_history__token(const char *prefix, uint64_t number)
{
    static _Thread_local char texts[8][40];
    static _Thread_local unsigned next;
    char *text = texts[next++ % 8];
    snprintf(text, sizeof texts[0], "%s_%" PRIu64, prefix, number);
    return cf_bytes_from_text(text);
}

static enum cf_status make_room(struct cf_history *history)
{
    CF_TRY(cf_buf_reserve(&history->bytes, CF_RECORD_SIZE_MAX));
    if (history->count + 1 < history->capacity)
        return CF_OK;
    size_t capacity = history->capacity == 0 ? 1024 : history->capacity * 2;
    size_t *offsets = realloc(history->offsets, capacity * sizeof *offsets);
    if (offsets == NULL)
        return CF_NO_MEMORY;
    history->offsets = offsets;
    history->capacity = capacity;
    return CF_OK;
}

void cf_history__append(struct cf_history *history, struct cf_id stream, uint32_t version,
                        struct cf_id actor, const struct cf_event *event)
{
    if (history->status == CF_OK)
        history->status = make_room(history);
    if (history->status != CF_OK)
        return;
    history->time_us += 1 + (int64_t)cf_history__below(history, 4 * CF_SECOND_US);
    struct cf_record record = {
        .sequence = history->count + 1,
        .time_us = history->time_us,
        .stream_id = stream,
        .stream_version = version,
        .actor_id = actor,
        .idempotency_key = cf_history__token("key", history->count + 1),
        .command = 1, /* each a command of its own */
    };
    history->offsets[history->count++] = history->bytes.size;
    struct cf_wire_writer writer = cf_wire_writer_to(&history->bytes);
    cf_record_encode_event(&record, event, &writer);
    history->status = cf_wire_writer_finish(&writer);
    history->offsets[history->count] = history->bytes.size;
}

static struct cf_sealed sealed(struct cf_history *history)
{
    return (struct cf_sealed){cf_history__token("ciphertext", history->count)};
}

static void make_user(struct cf_history *history, size_t index)
{
    struct cf_id id = history->users[index] = cf_history__id(history);
    struct cf_event event = {.type = CF_EVENT_USER_REGISTERED};
    event.user_registered = (struct cf_event_user_registered){
        .user_id = id,
        .email = sealed(history),
        .display_name = sealed(history),
        .terms_version = CF_BYTES_LITERAL("1"),
    };
    cf_history__append(history, id, 1, id, &event);
}

static void make_reward(struct cf_history *history, struct cf_made_campaign *campaign, size_t index,
                        uint32_t version)
{
    campaign->rewards[index] = cf_history__id(history);
    struct cf_event event = {.type = CF_EVENT_CAMPAIGN_REWARD_ADDED};
    event.campaign_reward_added = (struct cf_event_campaign_reward_added){
        .campaign_id = campaign->id,
        .reward_id = campaign->rewards[index],
        .title = sealed(history),
        .minimum = cf_money_of(500 * ((int64_t)index + 1)),
        .limit = index == 0 ? 100000 : 0,
    };
    cf_history__append(history, campaign->id, version, campaign->creator, &event);
}

static void make_campaign(struct cf_history *history, size_t index)
{
    struct cf_made_campaign *campaign = &history->campaigns[index];
    campaign->id = cf_history__id(history);
    campaign->creator = history->users[cf_history__below(history, history->users_count)];
    campaign->currency = currencies[index % 3];
    enum cf_funding_model model = 1 + index % 3;
    struct cf_money goal = cf_money_of(10000 + (int64_t)cf_history__below(history, 1000000));
    int64_t ends_at = history->time_us + (1 + (int64_t)cf_history__below(history, 59)) * CF_DAY_US;

    struct cf_event event = {.type = CF_EVENT_CAMPAIGN_DRAFTED};
    event.campaign_drafted = (struct cf_event_campaign_drafted){
        .campaign_id = campaign->id,
        .creator_id = campaign->creator,
        .model = model,
        .currency = campaign->currency,
        .goal = goal,
        .title = sealed(history),
        .slug = cf_history__token("campaign", index),
        .story = sealed(history),
        .category = cf_bytes_from_text(categories[index % 6]),
        .ends_at = ends_at,
    };
    cf_history__append(history, campaign->id, 1, campaign->creator, &event);

    event = (struct cf_event){.type = CF_EVENT_CAMPAIGN_LOCATED};
    event.campaign_located = (struct cf_event_campaign_located){
        .campaign_id = campaign->id,
        .country = CF_BYTES_LITERAL("DE"),
        .latitude_microdegrees = 47000000 + (int32_t)cf_history__below(history, 8000000),
        .longitude_microdegrees = 6000000 + (int32_t)cf_history__below(history, 9000000),
    };
    cf_history__append(history, campaign->id, 2, campaign->creator, &event);
    for (size_t i = 0; i < CF_HISTORY_REWARDS; i++)
        make_reward(history, campaign, i, (uint32_t)(3 + i));

    event = (struct cf_event){.type = CF_EVENT_CAMPAIGN_LAUNCHED};
    event.campaign_launched = (struct cf_event_campaign_launched){
        .campaign_id = campaign->id,
        .model = model,
        .currency = campaign->currency,
        .goal = goal,
        .ends_at = ends_at,
    };
    cf_history__append(history, campaign->id, 3 + CF_HISTORY_REWARDS, campaign->creator, &event);
}

static void make_update(struct cf_history *history)
{
    const struct cf_made_campaign *campaign =
        &history->campaigns[cf_history__below(history, history->campaigns_count)];
    struct cf_event event = {.type = CF_EVENT_CAMPAIGN_UPDATE_POSTED};
    event.campaign_update_posted = (struct cf_event_campaign_update_posted){
        .campaign_id = campaign->id,
        .update_id = cf_history__id(history),
        .title = sealed(history),
        .body = sealed(history),
        .backers_only = cf_history__below(history, 4) == 0,
    };
    cf_history__append(history, campaign->id, 100, campaign->creator, &event);
}

static void make_payout(struct cf_history *history)
{
    struct cf_made_campaign *campaign =
        &history->campaigns[cf_history__below(history, history->campaigns_count)];
    if (campaign->collected <= 0)
        return;
    struct cf_money amount = cf_money_of(campaign->collected);
    struct cf_id id = cf_history__id(history);
    struct cf_bytes account = cf_history__token("acct", history->made_count);
    campaign->collected = 0;
    struct cf_event event = {.type = CF_EVENT_PAYOUT_REQUESTED};
    event.payout_requested = (struct cf_event_payout_requested){
        .payout_id = id,
        .campaign_id = campaign->id,
        .creator_id = campaign->creator,
        .currency = campaign->currency,
        .amount = amount,
        .account = account,
    };
    cf_history__append(history, id, 1, campaign->creator, &event);
    event = (struct cf_event){.type = CF_EVENT_PAYOUT_INITIATED};
    event.payout_initiated = (struct cf_event_payout_initiated){
        .payout_id = id,
        .creator_id = campaign->creator,
        .currency = campaign->currency,
        .amount = amount,
        .account = account,
        .transfer = cf_history__token("tr", history->made_count),
    };
    cf_history__append(history, id, 2, campaign->creator, &event);
    event = (struct cf_event){.type = CF_EVENT_PAYOUT_PAID};
    event.payout_paid = (struct cf_event_payout_paid){
        .payout_id = id,
        .creator_id = campaign->creator,
        .currency = campaign->currency,
        .amount = amount,
        .account = account,
    };
    cf_history__append(history, id, 3, campaign->creator, &event);
}

static void drop_pledge(struct cf_history *history, size_t index)
{
    history->pledges[index] = history->pledges[--history->pledges_count];
}

static void step(struct cf_history *history)
{
    if (cf_history__below(history, PAYOUT_EACH) == 0)
        make_payout(history);
    if (cf_history__below(history, UPDATE_EACH) == 0)
        make_update(history);
    bool is_full = history->pledges_count == history->pledges_max;
    if (!is_full && (history->pledges_count == 0 || cf_history__below(history, 4) == 0)) {
        struct cf_made_pledge *pledge = &history->pledges[history->pledges_count++];
        cf_history__begin_pledge(history, pledge);
        return;
    }
    size_t index = cf_history__below(history, history->pledges_count);
    cf_history__move_pledge(history, &history->pledges[index]);
    if (history->pledges[index].state == CF_MADE_ENDED)
        drop_pledge(history, index);
}

static enum cf_status make(struct cf_history *history, size_t events_count)
{
    struct cf_event event = {.type = CF_EVENT_LEDGER_OPENED};
    event.ledger_opened = (struct cf_event_ledger_opened){
        .origin = CF_BYTES_LITERAL("coffer.local/made-up"),
        .clock = CF_CLOCK_SIMULATED,
        .genesis = BEGINNING_US,
        .verifier_key = CF_BYTES_LITERAL("coffer.local/made-up+00000000+none"),
    };
    struct cf_id ledger = cf_history__id(history);
    cf_history__append(history, ledger, 1, ledger, &event);
    for (size_t i = 0; i < history->users_count; i++)
        make_user(history, i);
    for (size_t i = 0; i < history->campaigns_count; i++)
        make_campaign(history, i);
    while (history->count < events_count && history->status == CF_OK)
        step(history);
    CF_TRY(history->status);

    history->records = calloc(history->count, sizeof *history->records);
    if (history->records == NULL)
        return CF_NO_MEMORY;
    for (size_t i = 0; i < history->count; i++)
        history->records[i] = cf_bytes_from(history->bytes.data + history->offsets[i],
                                            history->offsets[i + 1] - history->offsets[i]);
    return CF_OK;
}

enum cf_status cf_history_new(const struct cf_history_options *options,
                              struct cf_history **ret_history)
{
    CF_ASSERT(options->campaigns_count > 0 && options->users_count > 0);
    struct cf_history *history = calloc(1, sizeof *history);
    if (history == NULL)
        return CF_NO_MEMORY;
    history->random = options->seed;
    history->time_us = BEGINNING_US;
    history->campaigns_count = options->campaigns_count;
    history->users_count = options->users_count;
    history->pledges_max = PLEDGES_MOVING_MAX;
    cf_buf_init(&history->bytes, BYTES_MAX);
    history->campaigns = calloc(options->campaigns_count, sizeof *history->campaigns);
    history->users = calloc(options->users_count, sizeof *history->users);
    history->pledges = calloc(history->pledges_max, sizeof *history->pledges);
    enum cf_status status = CF_NO_MEMORY;
    if (history->campaigns != NULL && history->users != NULL && history->pledges != NULL)
        status = make(history, options->events_count);
    if (status != CF_OK) {
        cf_history_destroy(history);
        return status;
    }
    *ret_history = history;
    return CF_OK;
}

void cf_history_destroy(struct cf_history *history)
{
    if (history == NULL)
        return;
    cf_buf_clean_up(&history->bytes);
    free(history->offsets);
    free(history->records);
    free(history->campaigns);
    free(history->users);
    free(history->pledges);
    free(history);
}

size_t cf_history_count(const struct cf_history *history)
{
    return history->count;
}

const struct cf_bytes *cf_history_records(const struct cf_history *history, uint64_t first)
{
    CF_ASSERT(first >= 1 && first <= history->count);
    return &history->records[first - 1];
}

struct cf_bytes cf_history_record(const struct cf_history *history, uint64_t sequence)
{
    return *cf_history_records(history, sequence);
}
