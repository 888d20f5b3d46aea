/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confluence. Promised: between two deadlines, whatever order the provider's news come in, however often each is
 * told and however late, the ledger ends in the same state: every row, timer, open request and balance of the book.
 *
 * Shown: for many campaigns, each of one of the three models, one life whose news are told once and in order,
 * against lives whose news are permuted, repeated, and (as repetitions) kept back over deadlines. What the
 * bank does is decided by whom it does it for (tests/support/bank.h, fates): declines, authentication that
 * nobody finishes, lapsed holds, charges that come too late, refunds that fail or come back, refunds made at
 * the bank, disputes lost and won, also of what was refunded, payouts that fail after they were paid.
 * Deadlines are the ledger's own timers: time stands still while news are told. COFFER_TEST_SEED
 * begins the campaigns elsewhere.
 */
#include "core/aggregate/campaign.h"
#include "core/aggregate/ledger.h"
#include "core/aggregate/payout.h"
#include "core/aggregate/pledge.h"
#include "core/aggregate/user.h"
#include "core/journal/account_text.h"
#include "core/policy.h"
#include "tests/support/bank.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#define CAMPAIGNS 100
#define ORDERS 4 /* beside the first, for each campaign */
#define BACKERS 12
#define PLEDGES 24
#define START_US INT64_C(1767225600000000)
#define DURATION_US (20 * CF_DAY_US)
#define LIFE_US (150 * CF_DAY_US)
#define STIR_US (3 * CF_DAY_US)

struct life {
    struct cf_platform platform;
    struct cf_bank bank;
    struct cf_random script; /* what people do: the same in every order */
    struct cf_random order;  /* 0: in order, once */
    bool shuffled;
    struct cf_id creator, campaign;
    struct cf_id backers[BACKERS], cards[BACKERS], pledges[PLEDGES];
    struct cf_bank_news told[CF_BANK_NEWS_MAX];
    int told_count;
    unsigned stirred;
};

static const struct cf_bytes sealed = {(const uint8_t *)"ciphertext", 10};

/* -- News ----------------------------------------------------------------------------------- */

/* Something that was told before is told again, perhaps deadlines later. */
static void repeat(struct life *life)
{
    if (life->told_count > 0 && life->bank.news_count < CF_BANK_NEWS_MAX)
        life->bank.news[life->bank.news_count++] =
            life->told[cf_random_below(&life->order, (uint64_t)life->told_count)];
}

/* News that were put off are to be told like the others. Returns how many they were. */
static int take_up(struct life *life)
{
    int count = 0;
    for (int i = 0; i < life->bank.news_count; i++) {
        count += life->bank.news[i].due_us != CF_BANK_WHEN_ASKED;
        life->bank.news[i].due_us = CF_BANK_WHEN_ASKED;
    }
    return count;
}

/* The first of the news that are to be told, or any of them; -1 where all were put off. */
static int choose(struct life *life)
{
    int fresh = 0;
    for (int i = 0; i < life->bank.news_count; i++)
        fresh += life->bank.news[i].due_us == CF_BANK_WHEN_ASKED;
    int skip =
        life->shuffled && fresh > 0 ? (int)cf_random_below(&life->order, (uint64_t)fresh) : 0;
    for (int i = 0; i < life->bank.news_count; i++)
        if (life->bank.news[i].due_us == CF_BANK_WHEN_ASKED && skip-- == 0)
            return i;
    return -1;
}

/* Everything that is under way is told; what it leads to is done meanwhile. */
static void tell_fresh(struct life *life)
{
    for (;;) {
        bool performed = cf_bank_perform(&life->bank);
        int at = choose(life);
        if (at < 0 && !performed)
            return;
        if (at < 0)
            continue;
        bool again = life->shuffled && cf_random_percent(&life->order, 30);
        if (life->told_count < CF_BANK_NEWS_MAX)
            life->told[life->told_count++] = life->bank.news[at];
        cf_bank_report(&life->bank, at, again);
    }
}

/* What had to wait for other news is told after them, as long as that leads anywhere. */
static void tell_everything(struct life *life)
{
    uint64_t sequence;
    if (life->shuffled && life->bank.news_count > 0)
        repeat(life);
    do {
        sequence = life->platform.history.sequence;
        tell_fresh(life);
    } while (take_up(life) > 0 && life->platform.history.sequence > sequence);
}

static void to(struct life *life, int64_t until_us)
{
    struct cf_platform *platform = &life->platform;
    while (platform->decision.now_us < until_us) {
        int64_t next_us = platform->decision.facts->timer_next(&platform->decision);
        if (next_us < platform->decision.now_us)
            next_us = platform->decision.now_us;
        platform->decision.now_us = next_us < until_us ? next_us : until_us;
        cf_bank_expire(&life->bank);
        tell_everything(life);
        cf_platform_fire(platform);
        tell_everything(life);
    }
}

/* -- People and the campaign ---------------------------------------------------------------- */

static void about_user(struct cf_command_input *input, enum cf_command_number number,
                       struct cf_id id)
{
    cf_command_input_init(input, number);
    cf_command_set_id(input, "user_id", id);
}

static struct cf_id join(struct life *life)
{
    struct cf_command_input input;
    struct cf_id id = cf_history_id(&life->platform.history);
    about_user(&input, CF_COMMAND_user_register, id);
    cf_command_set_sealed(&input, "email", sealed);
    cf_command_set_text(&input, "terms_version", CF_BYTES_LITERAL("1"));
    cf_platform_do(&life->platform, CF_ACTOR_OPERATOR, &input);
    return id;
}

static void join_creator(struct life *life)
{
    struct cf_command_input input;
    life->creator = join(life);
    about_user(&input, CF_COMMAND_user_grant_role, life->creator);
    cf_command_set_unsigned(&input, "role", CF_ROLE_CREATOR);
    cf_platform_do(&life->platform, CF_ACTOR_OPERATOR, &input);
    about_user(&input, CF_COMMAND_user_start_identity_check, life->creator);
    cf_command_set_text(&input, "check", CF_BYTES_LITERAL("vs_1"));
    cf_platform_do(&life->platform, life->creator, &input);
    about_user(&input, CF_COMMAND_user_pass_identity_check, life->creator);
    cf_command_set_text(&input, "check", CF_BYTES_LITERAL("vs_1"));
    cf_platform_do(&life->platform, CF_ACTOR_GATEWAY, &input);
    about_user(&input, CF_COMMAND_user_request_payout_account, life->creator);
    cf_command_set_text(&input, "country", CF_BYTES_LITERAL("DE"));
    cf_command_set_unsigned(&input, "currency", CF_CURRENCY_EUR);
    cf_platform_do(&life->platform, life->creator, &input);
}

static void join_backer(struct life *life, int index)
{
    struct cf_command_input input;
    char method[32];
    struct cf_id id = join(life);
    life->backers[index] = id;
    life->cards[index] = cf_history_id(&life->platform.history);
    about_user(&input, CF_COMMAND_user_request_customer, id);
    cf_platform_do(&life->platform, id, &input);
    tell_everything(life);
    snprintf(method, sizeof method, "pm_%d", index);
    about_user(&input, CF_COMMAND_user_save_card, id);
    cf_command_set_id(&input, "card_id", life->cards[index]);
    cf_command_set_text(&input, "payment_method", cf_bytes_from_text(method));
    cf_platform_do(&life->platform, CF_ACTOR_GATEWAY, &input);
}

static void about_campaign(struct life *life, struct cf_command_input *input,
                           enum cf_command_number number)
{
    cf_command_input_init(input, number);
    cf_command_set_id(input, "campaign_id", life->campaign);
}

static void launch(struct life *life, enum cf_funding_model model)
{
    struct cf_command_input input;
    life->campaign = cf_history_id(&life->platform.history);
    about_campaign(life, &input, CF_COMMAND_campaign_draft);
    cf_command_set_id(&input, "creator_id", life->creator);
    cf_command_set_unsigned(&input, "model", model);
    cf_command_set_unsigned(&input, "currency", CF_CURRENCY_EUR);
    cf_command_set_signed(&input, "goal", cf_random_between(&life->script, 60000, 300000));
    cf_command_set_sealed(&input, "title", sealed);
    cf_command_set_text(&input, "slug", CF_BYTES_LITERAL("campaign"));
    cf_command_set_signed(&input, "ends_at", START_US + DURATION_US);
    cf_platform_do(&life->platform, life->creator, &input);
    about_campaign(life, &input, CF_COMMAND_campaign_submit);
    cf_platform_do(&life->platform, life->creator, &input);
    about_campaign(life, &input, CF_COMMAND_campaign_approve);
    cf_command_set_unsigned(&input, "platform_fee_bps", 800);
    cf_command_set_unsigned(&input, "processor_fee_bearer",
                            cf_random_percent(&life->script, 70) ? CF_BEARER_CREATOR
                                                                 : CF_BEARER_PLATFORM);
    cf_command_set_unsigned(&input, "reserve_bps", 500);
    cf_command_set_unsigned(&input, "reserve_days", 60);
    cf_platform_do(&life->platform, CF_ACTOR_OPERATOR, &input);
    about_campaign(life, &input, CF_COMMAND_campaign_launch);
    cf_platform_do(&life->platform, life->creator, &input);
}

static void pledge(struct life *life, int index)
{
    struct cf_command_input input;
    int backer = (int)cf_random_below(&life->script, BACKERS);
    bool card = cf_random_percent(&life->script, 60) != 0;
    life->pledges[index] = cf_history_id(&life->platform.history);
    about_campaign(life, &input, CF_COMMAND_pledge_start_checkout);
    cf_command_set_id(&input, "pledge_id", life->pledges[index]);
    cf_command_set_id(&input, "backer_id", life->backers[backer]);
    cf_command_set_unsigned(&input, "currency", CF_CURRENCY_EUR);
    cf_command_set_signed(&input, "amount", cf_random_between(&life->script, 1000, 20000));
    if (card)
        cf_command_set_id(&input, "card_id", life->cards[backer]);
    if (cf_platform_send(&life->platform, life->backers[backer], &input) != 0 || card)
        return;
    cf_command_input_init(&input, CF_COMMAND_pledge_confirm);
    cf_command_set_id(&input, "pledge_id", life->pledges[index]);
    cf_command_set_text(&input, "payment_method", CF_BYTES_LITERAL("pm_form"));
    cf_platform_send(&life->platform, life->backers[backer], &input);
}

/* -- What people do meanwhile: by the script, and by a state that is the same in every order -- */

static void change_mind(struct life *life, int index)
{
    struct cf_command_input input;
    const struct cf_pledge *row =
        cf_book_find(life->platform.history.book, CF_ROW_PLEDGE, &life->pledges[index]);
    bool whole = cf_random_percent(&life->script, 50) != 0;
    bool refund = row != NULL && row->captured_minor > row->refund_requested_minor;
    struct cf_id refund_id = cf_history_id(&life->platform.history);
    if (row == NULL)
        return;
    if (refund) {
        int64_t left = row->captured_minor - row->refund_requested_minor;
        cf_command_input_init(&input, CF_COMMAND_pledge_request_refund);
        cf_command_set_id(&input, "refund_id", refund_id);
        cf_command_set_signed(&input, "amount", whole || left < 2 ? left : left / 2);
        cf_command_set_unsigned(&input, "reason", CF_REFUND_REASON_GOODWILL);
    } else {
        cf_command_input_init(&input, CF_COMMAND_pledge_cancel);
    }
    cf_command_set_id(&input, "pledge_id", life->pledges[index]);
    cf_platform_send(&life->platform, refund ? CF_ACTOR_OPERATOR : row->backer_id, &input);
}

static struct life *live(uint64_t fates, uint64_t order)
{
    struct life *life = calloc(1, sizeof *life);
    struct cf_command_input input;
    assert_non_null(life);
    life->script.state = fates;
    life->order.state = order;
    life->shuffled = order != 0;
    cf_platform_init(&life->platform, START_US);
    cf_bank_init(&life->bank, &life->platform, 1);
    life->bank.fates = fates;
    life->bank.decline_percent = 15;
    life->bank.action_percent = 10;
    life->bank.trouble_percent = 20;
    cf_command_input_init(&input, CF_COMMAND_ledger_open);
    cf_command_set_text(&input, "origin", CF_BYTES_LITERAL("coffer.local/confluence"));
    cf_command_set_unsigned(&input, "clock", CF_CLOCK_SIMULATED);
    cf_command_set_signed(&input, "genesis", START_US);
    cf_command_set_text(&input, "verifier_key", CF_BYTES_LITERAL("key"));
    cf_platform_do(&life->platform, CF_ACTOR_OPERATOR, &input);
    join_creator(life);
    for (int i = 0; i < BACKERS; i++)
        join_backer(life, i);
    launch(life, (enum cf_funding_model)(1 + fates % 3));
    for (int64_t at_us = START_US; at_us < START_US + LIFE_US; at_us += STIR_US) {
        for (int i = 0; i < PLEDGES; i++)
            if (i % 6 == (int)(at_us - START_US) / (int)STIR_US)
                pledge(life, i);
        if (cf_random_percent(&life->script, 40))
            change_mind(life, (int)cf_random_below(&life->script, PLEDGES));
        cf_bank_stir(&life->bank, life->stirred++);
        tell_everything(life);
        to(life, at_us + STIR_US);
    }
    return life;
}

static void end(struct life *life)
{
    cf_platform_clean_up(&life->platform);
    free(life);
}

/* -- Comparing ------------------------------------------------------------------------------ */

struct comparison {
    struct cf_book *other;
    size_t differences;
};

/* How many events made a stream is no part of its state: one order may net a debt in two steps, another in
 * one. */
static void forget_version(enum cf_row_kind kind, void *row)
{
    static const uint32_t none;
    size_t at = kind == CF_ROW_USER       ? offsetof(struct cf_user, version)
                : kind == CF_ROW_CAMPAIGN ? offsetof(struct cf_campaign, version)
                : kind == CF_ROW_PLEDGE   ? offsetof(struct cf_pledge, version)
                : kind == CF_ROW_PAYOUT   ? offsetof(struct cf_payout, version)
                : kind == CF_ROW_LEDGER   ? offsetof(struct cf_ledger, version)
                                          : SIZE_MAX;
    if (at != SIZE_MAX)
        memcpy((uint8_t *)row + at, &none, sizeof none);
    if (kind == CF_ROW_LEDGER)
        memcpy((uint8_t *)row + offsetof(struct cf_ledger, provider_version), &none, sizeof none);
}

static void print_pledge(const char *which, const struct cf_pledge *pledge)
{
    print_error("  %s: state %d, attempt %u, captured %lld, kept %lld, asked back %lld, refunded "
                "%lld, charged back %lld, twice %lld, intent %s, dispute %s\n",
                which, pledge->state, pledge->attempt, (long long)pledge->captured_minor,
                (long long)pledge->kept_minor, (long long)pledge->refund_requested_minor,
                (long long)pledge->refunded_minor, (long long)pledge->charged_back_minor,
                (long long)pledge->twice_back_minor, pledge->intent.text, pledge->dispute.text);
}

static void compare_row(void *context, const struct cf_row_key *key, const void *row)
{
    static uint8_t ours[4096], theirs[4096];
    struct comparison *comparison = context;
    size_t size = cf_row_size(key->kind);
    const void *other = comparison->other->ops->row(comparison->other, key, false, false);
    char id[CF_ID_TEXT_SIZE];
    assert_true(size <= sizeof ours);
    memset(theirs, 0, size); /* what is zero equals what is not there */
    memcpy(ours, row, size);
    if (other != NULL)
        memcpy(theirs, other, size);
    forget_version(key->kind, ours);
    forget_version(key->kind, theirs);
    if (memcmp(ours, theirs, size) == 0)
        return;
    size_t at = 0;
    while (ours[at] == theirs[at])
        at++;
    cf_id_print(key->id, id);
    print_error("row of kind %d, %s: from byte %zu on\n", (int)key->kind, id, at);
    if (key->kind == CF_ROW_PLEDGE) {
        print_pledge("told in order", row);
        if (other != NULL)
            print_pledge("otherwise", other);
    }
    comparison->differences++;
}

static void compare_balance(void *context, const struct cf_account *account, int64_t minor)
{
    struct comparison *comparison = context;
    int64_t other = comparison->other->ops->balance(comparison->other, account);
    char name[CF_ACCOUNT_TEXT_SIZE];
    if (other == minor)
        return;
    cf_account_print(account, name);
    print_error("%s: %lld, otherwise %lld\n", name, (long long)minor, (long long)other);
    comparison->differences++;
}

static void compare_timer(void *context, const struct cf_id *subject, enum cf_timer timer,
                          int64_t due_us)
{
    struct comparison *comparison = context;
    int64_t other_us = comparison->other->ops->timer(comparison->other, subject, timer);
    char id[CF_ID_TEXT_SIZE];
    if (other_us == due_us)
        return;
    cf_id_print(*subject, id);
    print_error("timer %s of %s: %lld, otherwise %lld\n", cf_timer_name(timer), id,
                (long long)due_us, (long long)other_us);
    comparison->differences++;
}

static void compare_request(void *context, const struct cf_id *subject, enum cf_request request,
                            uint64_t requested_by)
{
    struct comparison *comparison = context;
    (void)requested_by; /* a sequence */
    if (comparison->other->ops->request(comparison->other, subject, request) != 0)
        return;
    print_error("request %s is closed otherwise\n", cf_request_name(request));
    comparison->differences++;
}

/* Everything of one book is in the other. */
static size_t differences(struct life *one, struct life *other)
{
    struct comparison comparison = {.other = other->platform.history.book};
    struct cf_book_memory *memory = one->platform.history.memory;
    for (int kind = 1; kind < CF_ROW_KIND_LIMIT; kind++)
        cf_book_memory_each_row(memory, (enum cf_row_kind)kind, compare_row, &comparison);
    cf_book_memory_each_balance(memory, compare_balance, &comparison);
    cf_book_memory_each_timer(memory, compare_timer, &comparison);
    cf_book_memory_each_request(memory, compare_request, &comparison);
    return comparison.differences;
}

static void test_confluence__no_order_of_news_matters(void **state)
{
    (void)state;
    uint64_t first = cf_random_seed(1);
    uint64_t events = 0, disputes = 0;
    for (uint64_t fates = first; fates < first + CAMPAIGNS; fates++) {
        struct life *told = live(fates, 0);
        for (uint64_t order = 1; order <= ORDERS; order++) {
            struct life *other = live(fates, order);
            if (differences(told, other) + differences(other, told) > 0)
                fail_msg("COFFER_TEST_SEED=%llu, order %llu ends otherwise",
                         (unsigned long long)fates, (unsigned long long)order);
            end(other);
        }
        events += told->platform.history.sequence;
        for (int i = 0; i < told->bank.intent_count; i++)
            disputes += told->bank.intents[i].dispute != CF_BANK_UNDISPUTED;
        end(told);
    }
    printf("%d campaigns in %d orders each, %llu events, %llu disputes\n", CAMPAIGNS, ORDERS + 1,
           (unsigned long long)events, (unsigned long long)disputes);
    assert_true(disputes > CAMPAIGNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_confluence__no_order_of_news_matters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
