/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: whatever events a log holds, folding them is OK or CORRUPT and never ends the process; after each
 * event that was taken, balances sum to zero and no reward is claimed beyond its limit.
 *
 * Every eight bytes of input are one event over a few people, campaigns and pledges. One that cannot follow is left
 * out, and the book built anew without it, so that inputs reach far into the life of a pledge.
 */
#include "core/aggregate/book_memory.h"
#include "core/aggregate/campaign.h"
#include "core/aggregate/evolve.h"
#include "core/aggregate/states.h"
#include "core/aggregate/subjects.h"
#include "core/fold.h"
#include "tests/fuzz/fuzz.h"

#define STEP_SIZE 8
#define STEPS_MAX 128
#define ACCEPTED_MAX 32

struct past {
    size_t count;
    struct cf_record records[ACCEPTED_MAX];
    struct cf_event events[ACCEPTED_MAX];
};

static struct past past;
static struct cf_book_memory *memory;

static struct cf_id named_id(const char *name, uint8_t which)
{
    if (strcmp(name, "creator_id") == 0)
        return (struct cf_id){{'u', 1}};
    if (strcmp(name, "user_id") == 0 || strcmp(name, "backer_id") == 0)
        return (struct cf_id){{'u', (uint8_t)(1 + which % 3)}};
    if (strcmp(name, "previous_reward_id") == 0 || strcmp(name, "reward_id") == 0)
        return (struct cf_id){{'w', (uint8_t)(1 + which % 2)}};
    return (struct cf_id){{(uint8_t)name[0], (uint8_t)name[1], (uint8_t)(1 + which % 2)}};
}

static void fill_member(const struct cf_field *field, const uint8_t step[STEP_SIZE], uint8_t turn,
                        void *member)
{
    static const int64_t amounts[] = {1, 100, 320, 2500, 4900, 5000, 9680, 10000};
    static const char *const tokens[] = {"a", "b", "c", "d"};
    uint8_t value = (uint8_t)(step[3] + (step[4] & 0x80 ? turn : 0));
    switch (field->type->kind) {
    case CF_KIND_ID:
        *(struct cf_id *)member = named_id(field->name, (uint8_t)(step[1] >> turn % 4));
        return;
    case CF_KIND_U32:
    case CF_KIND_BPS:
        *(uint32_t *)member = 1 + value % 4;
        return;
    case CF_KIND_I32:
        *(int32_t *)member = value - 128;
        return;
    case CF_KIND_U64:
        *(uint64_t *)member = 1 + value % 8;
        return;
    case CF_KIND_BOOL:
        *(bool *)member = value % 2 != 0;
        return;
    case CF_KIND_AMOUNT:
    case CF_KIND_DELTA:
        *(struct cf_money *)member = cf_money_of(amounts[(step[2] + (value & 1) * turn) % 8]);
        return;
    case CF_KIND_TIME:
        *(int64_t *)member = INT64_C(1767225600000000) + step[7] * CF_DAY_US;
        return;
    case CF_KIND_CURRENCY:
        *(enum cf_currency *)member = step[4] == 0xff ? CF_CURRENCY_JPY : CF_CURRENCY_EUR;
        return;
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
        *(struct cf_bytes *)member = cf_bytes_from_text(tokens[value % 4]);
        return;
    case CF_KIND_HASH:
        memset(member, 1, CF_DIGEST_SIZE);
        return;
    case CF_KIND_SEALED:
        ((struct cf_sealed *)member)->ciphertext = CF_BYTES_LITERAL("x");
        return;
    case CF_KIND_ITEMS:
        *(struct cf_items *)member = (struct cf_items){
            1, {{named_id("reward_id", step[1]), 1 + value % 3, cf_money_of(amounts[value % 8])}}};
        return;
    case CF_KIND_IDS:
        *(struct cf_ids *)member = (struct cf_ids){1, {named_id("pledge_id", step[1])}};
        return;
    case CF_KIND_CHOICE:
        *(uint32_t *)member = 1 + value % (field->type->choices->count - 1);
        return;
    }
    CF_UNREACHABLE();
}

static struct cf_event event_of(const uint8_t step[STEP_SIZE])
{
    struct cf_event event = {.type = cf_event_type_at(step[0] % cf_event_type_count())};
    const struct cf_shape *shape = cf_event_shape(event.type);
    uint16_t present = (uint16_t)(step[5] | step[6] << 8);
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const struct cf_field *field = &shape->fields[i];
        if (field->type->presence != CF_PRESENCE_OPTIONAL || (present >> i % 16 & 1) != 0)
            fill_member(field, step, (uint8_t)i, (uint8_t *)&event.ledger_opened + field->offset);
    }
    CF_ASSERT(cf_shape_check(shape, cf_event_value(&event), NULL) == CF_OK);
    return event;
}

static struct cf_record record_of(const struct cf_event *event, const uint8_t step[STEP_SIZE])
{
    struct cf_record record = {
        .sequence = past.count + 1,
        .time_us = INT64_C(1767225600000000) + step[7] * CF_DAY_US,
        .event_number = (uint32_t)event->type,
        .stream_id = cf_event_stream_id(event),
        .actor_id = CF_ACTOR_SYSTEM,
        .idempotency_key = CF_BYTES_LITERAL("k"),
    };
    record.stream_version = 1 + cf_stream_version(cf_book_memory_book(memory),
                                                  cf_event_stream(event->type), &record.stream_id);
    return record;
}

/* The state that the event's aggregate is in; false for events of no aggregate. */
static bool state_of(const struct cf_event *event, const char **ret_machine, uint8_t *ret_state)
{
    struct cf_book *book = cf_book_memory_book(memory);
    struct cf_id id = cf_event_stream_id(event);
    const struct cf_user *user;
    const struct cf_campaign *campaign;
    const struct cf_pledge *pledge;
    const struct cf_payout *payout;
    switch (cf_event_stream(event->type)) {
    case CF_STREAM_PROVIDER:
    case CF_STREAM_LEDGER:
        return false;
    case CF_STREAM_USER:
        user = cf_book_find(book, CF_ROW_USER, &id);
        *ret_machine = "user";
        *ret_state = user == NULL ? 0 : user->state;
        return true;
    case CF_STREAM_CAMPAIGN:
        campaign = cf_book_find(book, CF_ROW_CAMPAIGN, &id);
        *ret_machine = "campaign";
        *ret_state = campaign == NULL ? 0 : campaign->state;
        return true;
    case CF_STREAM_PLEDGE:
        pledge = cf_book_find(book, CF_ROW_PLEDGE, &id);
        *ret_machine = "pledge";
        *ret_state = pledge == NULL ? 0 : pledge->state;
        return true;
    case CF_STREAM_PAYOUT:
        payout = cf_book_find(book, CF_ROW_PAYOUT, &id);
        *ret_machine = "payout";
        *ret_state = payout == NULL ? 0 : payout->state;
        return true;
    }
    CF_UNREACHABLE();
}

/* Building the book anew takes long, so most of what its table forbids is not even tried. */
static bool is_worth_trying(const struct cf_event *event, uint8_t chance)
{
    const char *machine;
    uint8_t state;
    if (chance == 0 || !state_of(event, &machine, &state))
        return true;
    for (size_t i = 0; i < cf_state_machine_count; i++) {
        const struct cf_state_machine *found = cf_state_machines[i];
        for (size_t j = 0; strcmp(found->name, machine) == 0 && j < found->move_count; j++) {
            if (found->moves[j].event == event->type && found->moves[j].from == state)
                return true;
        }
    }
    return false;
}

static void fold_past(void)
{
    cf_book_memory_destroy(memory);
    memory = cf_book_memory_new();
    CF_ASSERT(memory != NULL);
    for (size_t i = 0; i < past.count; i++)
        CF_ASSERT(cf_fold(cf_book_memory_book(memory), &past.records[i], &past.events[i], NULL) ==
                  CF_OK);
}

static void add_balance(void *context, const struct cf_account *account, int64_t minor)
{
    int64_t *sums = context;
    sums[account->currency == CF_CURRENCY_JPY] += minor;
}

static void check_reward(void *context, const struct cf_row_key *key, const void *row)
{
    (void)context;
    (void)key;
    const struct cf_reward *reward = row;
    CF_ASSERT(reward->limit == 0 || reward->claimed <= reward->limit);
}

static void check(void)
{
    int64_t sums[2] = {0};
    cf_book_memory_each_balance(memory, add_balance, sums);
    CF_ASSERT(sums[0] == 0 && sums[1] == 0);
    cf_book_memory_each_row(memory, CF_ROW_REWARD, check_reward, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    past.count = 0;
    fold_past();
    for (size_t i = 0; i < size / STEP_SIZE && i < STEPS_MAX && past.count < ACCEPTED_MAX; i++) {
        const uint8_t *step = data + i * STEP_SIZE;
        struct cf_event event = event_of(step);
        if (!is_worth_trying(&event, step[7]))
            continue;
        struct cf_record record = record_of(&event, step);
        enum cf_status status = cf_fold(cf_book_memory_book(memory), &record, &event, NULL);
        CF_ASSERT(status == CF_OK || status == CF_CORRUPT);
        if (status == CF_OK) {
            past.records[past.count] = record;
            past.events[past.count] = event;
            past.count++;
            check();
        } else {
            fold_past();
        }
    }
    cf_book_memory_destroy(memory);
    memory = NULL;
    return 0;
}
