/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: whatever commands come, in whatever order and at whatever time, a decider says yes with events that the
 * book takes, or no with a verdict of its list and without an event. Balances sum to zero all the while.
 *
 * The first byte chooses the funding model of a campaign that is live when the input begins; then every
 * twelve bytes are one command over a few people, pledges, rewards and provider references.
 */
#include "commands/command.h"
#include "core/aggregate/book_memory.h"
#include "core/aggregate/evolve.h"
#include "core/aggregate/subjects.h"
#include "core/fold.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

#define STEP_SIZE 12
#define STEPS_MAX 100
#define START_US INT64_C(1767225600000000)

/* A decision comes first, so that `emit` finds the course around it. */
struct course {
    struct cf_decision decision;
    struct cf_book_memory *memory;
    uint64_t sequence;
    uint32_t emitted; /* by the command that is being decided */
};

static void emit(struct cf_decision *decision, const struct cf_event *event)
{
    struct course *course = (struct course *)decision;
    struct cf_fault fault = {0};
    const struct cf_shape *shape = cf_event_shape((uint32_t)event->type);
    struct cf_record record = {
        .sequence = ++course->sequence,
        .time_us = decision->now_us,
        .event_number = (uint32_t)event->type,
        .stream_id = cf_event_stream_id(event),
        .actor_id = decision->actor,
        .idempotency_key = CF_BYTES_LITERAL("k"),
    };
    record.stream_version =
        1 + cf_stream_version(decision->book, cf_event_stream(event->type), &record.stream_id);
    if (cf_shape_check(shape, cf_event_value(event), &fault) != CF_OK ||
        cf_fold(decision->book, &record, event, &fault) != CF_OK) {
        fprintf(stderr, "%s: %s (%s)\n", shape->name, fault.text, fault.detail);
        CF_UNREACHABLE();
    }
    course->emitted++;
}

static uint64_t subject_newest(const struct cf_decision *decision, struct cf_id subject,
                               uint64_t *ret_count)
{
    (void)subject;
    *ret_count = 1;
    return ((const struct course *)decision)->sequence;
}

static int64_t timer_next(const struct cf_decision *decision)
{
    struct cf_id subject;
    enum cf_timer timer;
    int64_t due_us = INT64_MAX;
    (void)cf_book_memory_next_timer(((const struct course *)decision)->memory, &subject, &timer,
                                    &due_us);
    return due_us;
}

static bool requests_any(const struct cf_decision *decision)
{
    (void)decision;
    return false;
}

static const struct cf_decision_facts facts = {subject_newest, timer_next, requests_any};

static const struct cf_id creator = {{'u', 1}};
static const struct cf_id campaign = {{'c', 'a', 'm', 1}};

/* Verdict 0 is yes. */
static uint32_t decide(struct course *course, struct cf_id actor,
                       const struct cf_command_input *input)
{
    course->decision.actor = actor;
    course->emitted = 0;
    CF_ASSERT(cf_shape_check(&input->spec->shape, input->bytes, NULL) == CF_OK);
    uint32_t verdict = input->spec->decide(&course->decision, input->bytes);
    CF_ASSERT((verdict == 0) == (course->emitted > 0));
    CF_ASSERT(verdict == 0 || cf_command_refusal(input->spec, verdict) != NULL);
    return verdict;
}

static void must(struct course *course, struct cf_id actor, const struct cf_command_input *input)
{
    uint32_t verdict = decide(course, actor, input);
    if (verdict == 0)
        return;
    fprintf(stderr, "%s: %s\n", input->spec->shape.name,
            cf_command_refusal(input->spec, verdict)->sentence);
    CF_UNREACHABLE();
}

static void open_ledger(struct course *course)
{
    struct cf_command_input input;
    cf_command_input_init(&input, CF_COMMAND_ledger_open);
    cf_command_set_text(&input, "origin", CF_BYTES_LITERAL("coffer.local/1"));
    cf_command_set_unsigned(&input, "clock", CF_CLOCK_SIMULATED);
    cf_command_set_signed(&input, "genesis", START_US);
    cf_command_set_text(&input, "verifier_key", CF_BYTES_LITERAL("key"));
    must(course, CF_ACTOR_OPERATOR, &input);
}

static void register_people(struct course *course)
{
    struct cf_command_input input;
    for (uint8_t i = 1; i <= 3; i++) {
        struct cf_id user = {{'u', i}}, card = {{'c', 'a', 'r', i}};
        cf_command_input_init(&input, CF_COMMAND_user_register);
        cf_command_set_id(&input, "user_id", user);
        cf_command_set_sealed(&input, "email", CF_BYTES_LITERAL("x"));
        cf_command_set_text(&input, "terms_version", CF_BYTES_LITERAL("1"));
        must(course, user, &input);
        cf_command_input_init(&input, CF_COMMAND_user_request_customer);
        cf_command_set_id(&input, "user_id", user);
        must(course, user, &input);
        cf_command_input_init(&input, CF_COMMAND_user_link_customer);
        cf_command_set_id(&input, "user_id", user);
        cf_command_set_text(&input, "customer", cf_bytes_from(&"cus123"[2 + i], 1));
        must(course, CF_ACTOR_GATEWAY, &input);
        cf_command_input_init(&input, CF_COMMAND_user_save_card);
        cf_command_set_id(&input, "user_id", user);
        cf_command_set_id(&input, "card_id", card);
        cf_command_set_text(&input, "payment_method", cf_bytes_from(&"pm_123"[2 + i], 1));
        must(course, CF_ACTOR_GATEWAY, &input);
    }
}

static void launch(struct course *course, enum cf_funding_model model)
{
    struct cf_command_input input;
    cf_command_input_init(&input, CF_COMMAND_campaign_draft);
    cf_command_set_id(&input, "campaign_id", campaign);
    cf_command_set_id(&input, "creator_id", creator);
    cf_command_set_unsigned(&input, "model", model);
    cf_command_set_unsigned(&input, "currency", CF_CURRENCY_EUR);
    cf_command_set_signed(&input, "goal", 10000);
    cf_command_set_sealed(&input, "title", CF_BYTES_LITERAL("x"));
    cf_command_set_text(&input, "slug", CF_BYTES_LITERAL("a-lamp"));
    cf_command_set_signed(&input, "ends_at", START_US + 30 * CF_DAY_US);
    must(course, creator, &input);
    cf_command_input_init(&input, CF_COMMAND_campaign_add_reward);
    cf_command_set_id(&input, "campaign_id", campaign);
    cf_command_set_id(&input, "reward_id", (struct cf_id){{'r', 'e', 'w', 1}});
    cf_command_set_sealed(&input, "title", CF_BYTES_LITERAL("x"));
    cf_command_set_signed(&input, "minimum", 2500);
    cf_command_set_unsigned(&input, "limit", 2);
    must(course, creator, &input);
    cf_command_input_init(&input, CF_COMMAND_user_start_identity_check);
    cf_command_set_id(&input, "user_id", creator);
    cf_command_set_text(&input, "check", CF_BYTES_LITERAL("check"));
    must(course, creator, &input);
    cf_command_input_init(&input, CF_COMMAND_campaign_submit);
    cf_command_set_id(&input, "campaign_id", campaign);
    must(course, creator, &input);
    cf_command_input_init(&input, CF_COMMAND_campaign_approve);
    cf_command_set_id(&input, "campaign_id", campaign);
    cf_command_set_unsigned(&input, "platform_fee_bps", 500);
    cf_command_set_unsigned(&input, "reserve_bps", 500);
    cf_command_set_unsigned(&input, "reserve_days", 60);
    cf_command_set_unsigned(&input, "processor_fee_bearer", CF_BEARER_CREATOR);
    must(course, CF_ACTOR_OPERATOR, &input);
    cf_command_input_init(&input, CF_COMMAND_campaign_launch);
    cf_command_set_id(&input, "campaign_id", campaign);
    must(course, creator, &input);
}

/* Half of the time whoever the provider's news come from, so that inputs get somewhere. */
static struct cf_id actor_of(const struct cf_command_spec *spec, uint8_t byte)
{
    if (byte >= 0x80 && strstr(spec->shape.name, "record_") != NULL)
        return CF_ACTOR_GATEWAY;
    const struct cf_id actors[] = {CF_ACTOR_GATEWAY, CF_ACTOR_SYSTEM, CF_ACTOR_OPERATOR,
                                   CF_ACTOR_KEEPER,  {{'u', 1}},      {{'u', 2}},
                                   {{'u', 3}},       {{'u', 4}}};
    return actors[byte % 8];
}

/* High bits say which person and card, low bits which other thing. */
static struct cf_id named_id(const char *name, uint8_t which)
{
    uint8_t person = (uint8_t)(1 + (which >> 4) % 3), other = (uint8_t)(1 + which % 16 % 3);
    if (strcmp(name, "creator_id") == 0)
        return creator;
    if (strcmp(name, "user_id") == 0 || strcmp(name, "backer_id") == 0)
        return (struct cf_id){{'u', person}};
    if (strcmp(name, "card_id") == 0)
        return (struct cf_id){{'c', 'a', 'r', person}};
    if (strcmp(name, "campaign_id") == 0)
        return campaign;
    if (strcmp(name, "subject_id") == 0)
        return which % 4 == 0 ? campaign : (struct cf_id){{'p', 'l', 'e', other}};
    if (strcmp(name, "replaces") == 0)
        return (struct cf_id){{'p', 'l', 'e', (uint8_t)(1 + (other + 1) % 3)}};
    return (struct cf_id){{(uint8_t)name[0], (uint8_t)name[1], (uint8_t)name[2], other}};
}

static void fill_member(const struct course *course, const struct cf_field *field,
                        const uint8_t step[STEP_SIZE], uint8_t turn, void *member)
{
    static const int64_t amounts[] = {5000, 5000, 5000, 5000, 2500, 10000, 320, 1, 0};
    static const char *const tokens[] = {"pi_1", "pi_2", "pi_3"};
    uint8_t value = (uint8_t)(step[3] >> turn % 3);
    switch (field->type->kind) {
    case CF_KIND_ID:
        *(struct cf_id *)member = named_id(field->name, step[2]);
        return;
    case CF_KIND_U32:
    case CF_KIND_BPS:
        *(uint32_t *)member = 1 + value % 4;
        return;
    case CF_KIND_I32:
        *(int32_t *)member = 1 + value;
        return;
    case CF_KIND_U64:
        *(uint64_t *)member = step[8] % 2 == 0 ? course->sequence : 1u + step[9] % 64;
        return;
    case CF_KIND_BOOL:
        *(bool *)member = value % 2 != 0;
        return;
    case CF_KIND_AMOUNT:
    case CF_KIND_DELTA:
        *(struct cf_money *)member = cf_money_of(amounts[(step[4] + (step[5] & turn)) % 9]);
        if (field->type->presence == CF_PRESENCE_OPTIONAL &&
            cf_money_is_zero(*(struct cf_money *)member))
            *(struct cf_money *)member = cf_money_of(7);
        return;
    case CF_KIND_TIME:
        *(int64_t *)member = course->decision.now_us + (1 + step[10] % 64) * CF_DAY_US;
        return;
    case CF_KIND_CURRENCY:
        *(enum cf_currency *)member = step[8] == 0xff ? CF_CURRENCY_JPY : CF_CURRENCY_EUR;
        return;
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
        *(struct cf_bytes *)member = cf_bytes_from_text(tokens[value % 3]);
        return;
    case CF_KIND_HASH:
        memset(member, 1, CF_DIGEST_SIZE);
        return;
    case CF_KIND_SEALED:
        ((struct cf_sealed *)member)->ciphertext = CF_BYTES_LITERAL("x");
        return;
    case CF_KIND_ITEMS:
        *(struct cf_items *)member = (struct cf_items){
            1, {{named_id("reward_id", step[2]), 1 + value % 3, cf_money_of(2500)}}};
        return;
    case CF_KIND_IDS:
        *(struct cf_ids *)member = (struct cf_ids){1, {named_id("pledge_id", step[2])}};
        return;
    case CF_KIND_CHOICE:
        *(uint32_t *)member = 1 + value % (field->type->choices->count - 1);
        return;
    }
    CF_UNREACHABLE();
}

static void run_step(struct course *course, const uint8_t step[STEP_SIZE])
{
    struct cf_command_input input;
    if (cf_command_find(step[0]) == NULL)
        return;
    cf_command_input_init(&input, (enum cf_command_number)step[0]);
    uint16_t present = (uint16_t)(step[6] | step[7] << 8);
    for (uint32_t i = 0; i < input.spec->shape.field_count; i++) {
        const struct cf_field *field = &input.spec->shape.fields[i];
        if (field->type->presence != CF_PRESENCE_OPTIONAL || (present >> i % 16 & 1) != 0)
            fill_member(course, field, step, (uint8_t)i, input.bytes + field->offset);
    }
    course->decision.now_us += step[11] * CF_HOUR_US;
    (void)decide(course, actor_of(input.spec, step[1]), &input);
}

static void add_balance(void *context, const struct cf_account *account, int64_t minor)
{
    CF_ASSERT(account->currency == CF_CURRENCY_EUR || account->currency == CF_CURRENCY_JPY);
    ((int64_t *)context)[account->currency == CF_CURRENCY_JPY] += minor;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct course course = {.decision = {.now_us = START_US, .emit = emit, .facts = &facts},
                            .memory = cf_book_memory_new()};
    CF_ASSERT(course.memory != NULL);
    course.decision.book = cf_book_memory_book(course.memory);
    open_ledger(&course);
    register_people(&course);
    launch(&course, (enum cf_funding_model)(1 + data[0] % 3));
    for (size_t i = 0; i < (size - 1) / STEP_SIZE && i < STEPS_MAX; i++)
        run_step(&course, data + 1 + i * STEP_SIZE);

    int64_t sums[2] = {0};
    cf_book_memory_each_balance(course.memory, add_balance, sums);
    CF_ASSERT(sums[0] == 0 && sums[1] == 0);
    cf_book_memory_destroy(course.memory);
    return 0;
}
