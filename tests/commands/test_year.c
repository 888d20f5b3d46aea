/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A year of a small platform. Promised: campaigns of all three models, with declines, authentication
 * that nobody finishes, lapsed holds, amendments, cancellations, refunds before and after payout,
 * disputes, failed payouts, suspensions, erasures and a provider whose reports come late, twice and in
 * any order, keep all ten invariants at the end of every day; the books reconcile with the provider's
 * movements at the end; the same seed gives the same year.
 *
 * Shown: the real deciders, timers and reactions over a book in memory (tests/support/platform.h), and
 * a bank that plays provider and gateway (tests/support/bank.h). COFFER_TEST_SEED repeats a year.
 */
#include "core/aggregate/campaign.h"
#include "core/aggregate/payout.h"
#include "core/aggregate/pledge.h"
#include "core/aggregate/user.h"
#include "core/journal/invariants.h"
#include "core/time.h"
#include "tests/support/bank.h"
#include "tests/support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>

#define CREATORS 4
#define BACKERS 40
#define CAMPAIGNS_MAX 80
#define PLEDGES_MAX 6000
#define START_US INT64_C(1767225600000000)

struct person {
    struct cf_id id;
    struct cf_id card;
    bool erased;
};

struct year {
    struct cf_platform platform;
    struct cf_bank bank;
    struct cf_random random;
    struct person people[CREATORS + BACKERS]; /* creators first */
    struct cf_id campaigns[CAMPAIGNS_MAX];
    struct cf_id rewards[CAMPAIGNS_MAX];
    struct cf_id pledges[PLEDGES_MAX];
    int campaign_count;
    int pledge_count;
};

static bool chance(struct year *year, unsigned percent)
{
    return cf_random_percent(&year->random, percent) != 0;
}

static struct person *somebody(struct year *year)
{
    return &year->people[CREATORS + cf_random_below(&year->random, BACKERS)];
}

static struct cf_bytes text(struct year *year, const char *prefix)
{
    static char texts[8][48];
    static unsigned next;
    char *place = texts[next++ % 8];
    int size = snprintf(place, sizeof texts[0], "%s-%u", prefix, ++year->platform.history.ids);
    return cf_bytes_from(place, (size_t)size);
}

static const struct cf_bytes sealed = {(const uint8_t *)"ciphertext", 10};

/* -- People --------------------------------------------------------------------------------- */

static void join(struct year *year, struct person *person, bool creator)
{
    struct cf_command_input input;
    struct cf_platform *platform = &year->platform;
    person->id = cf_history_id(&platform->history);
    person->card = cf_history_id(&platform->history);
    cf_command_input_init(&input, CF_COMMAND_user_register);
    cf_command_set_id(&input, "user_id", person->id);
    cf_command_set_sealed(&input, "email", sealed);
    cf_command_set_text(&input, "terms_version", CF_BYTES_LITERAL("1"));
    cf_platform_do(platform, CF_ACTOR_OPERATOR, &input);
    cf_command_input_init(&input, CF_COMMAND_user_request_customer);
    cf_command_set_id(&input, "user_id", person->id);
    cf_platform_do(platform, person->id, &input);
    cf_bank_work(&year->bank);
    cf_command_input_init(&input, CF_COMMAND_user_save_card);
    cf_command_set_id(&input, "user_id", person->id);
    cf_command_set_id(&input, "card_id", person->card);
    cf_command_set_text(&input, "payment_method", text(year, "pm"));
    cf_platform_do(platform, CF_ACTOR_GATEWAY, &input);
    if (!creator)
        return;
    cf_command_input_init(&input, CF_COMMAND_user_grant_role);
    cf_command_set_id(&input, "user_id", person->id);
    cf_command_set_unsigned(&input, "role", CF_ROLE_CREATOR);
    cf_platform_do(platform, CF_ACTOR_OPERATOR, &input);
    cf_command_input_init(&input, CF_COMMAND_user_start_identity_check);
    cf_command_set_id(&input, "user_id", person->id);
    cf_command_set_text(&input, "check", CF_BYTES_LITERAL("vs_1"));
    cf_platform_do(platform, person->id, &input);
    cf_command_input_init(&input, CF_COMMAND_user_pass_identity_check);
    cf_command_set_id(&input, "user_id", person->id);
    cf_command_set_text(&input, "check", CF_BYTES_LITERAL("vs_1"));
    cf_platform_do(platform, CF_ACTOR_GATEWAY, &input);
    cf_command_input_init(&input, CF_COMMAND_user_request_payout_account);
    cf_command_set_id(&input, "user_id", person->id);
    cf_command_set_text(&input, "country", CF_BYTES_LITERAL("DE"));
    cf_command_set_unsigned(&input, "currency", CF_CURRENCY_EUR);
    cf_platform_do(platform, person->id, &input);
    cf_bank_work(&year->bank);
}

/* -- Campaigns ------------------------------------------------------------------------------ */

static void add_reward(struct year *year, struct cf_id creator, struct cf_id campaign_id)
{
    struct cf_command_input input;
    year->rewards[year->campaign_count] = cf_history_id(&year->platform.history);
    cf_command_input_init(&input, CF_COMMAND_campaign_add_reward);
    cf_command_set_id(&input, "campaign_id", campaign_id);
    cf_command_set_id(&input, "reward_id", year->rewards[year->campaign_count]);
    cf_command_set_sealed(&input, "title", sealed);
    cf_command_set_signed(&input, "minimum", 1000);
    cf_command_set_unsigned(&input, "limit", 6);
    cf_platform_do(&year->platform, creator, &input);
}

static void begin_campaign(struct year *year)
{
    static const enum cf_currency currencies[] = {CF_CURRENCY_EUR, CF_CURRENCY_EUR, CF_CURRENCY_USD,
                                                  CF_CURRENCY_JPY};
    struct cf_platform *platform = &year->platform;
    struct cf_command_input input;
    if (year->campaign_count == CAMPAIGNS_MAX)
        return;
    struct cf_id creator = year->people[cf_random_below(&year->random, CREATORS)].id;
    struct cf_id id = cf_history_id(&platform->history);
    cf_command_input_init(&input, CF_COMMAND_campaign_draft);
    cf_command_set_id(&input, "campaign_id", id);
    cf_command_set_id(&input, "creator_id", creator);
    cf_command_set_unsigned(&input, "model", 1 + cf_random_below(&year->random, 3));
    cf_command_set_unsigned(&input, "currency", currencies[cf_random_below(&year->random, 4)]);
    cf_command_set_signed(&input, "goal", cf_random_between(&year->random, 20000, 200000));
    cf_command_set_sealed(&input, "title", sealed);
    cf_command_set_text(&input, "slug", text(year, "slug"));
    cf_command_set_signed(&input, "ends_at",
                          platform->decision.now_us +
                              cf_random_between(&year->random, 5, 45) * CF_DAY_US);
    if (cf_platform_send(platform, creator, &input) != 0)
        return; /* its creator was erased */
    add_reward(year, creator, id);
    cf_command_input_init(&input, CF_COMMAND_campaign_submit);
    cf_command_set_id(&input, "campaign_id", id);
    cf_platform_do(platform, creator, &input);
    cf_command_input_init(&input, CF_COMMAND_campaign_approve);
    cf_command_set_id(&input, "campaign_id", id);
    cf_command_set_unsigned(&input, "platform_fee_bps",
                            (uint64_t)cf_random_between(&year->random, 500, 800));
    cf_command_set_unsigned(&input, "processor_fee_bearer",
                            chance(year, 70) ? CF_BEARER_CREATOR : CF_BEARER_PLATFORM);
    cf_command_set_unsigned(&input, "reserve_bps", chance(year, 50) ? 500 : 0);
    cf_command_set_unsigned(&input, "reserve_days", 60);
    cf_platform_do(platform, CF_ACTOR_OPERATOR, &input);
    cf_command_input_init(&input, CF_COMMAND_campaign_launch);
    cf_command_set_id(&input, "campaign_id", id);
    cf_platform_do(platform, creator, &input);
    year->campaigns[year->campaign_count++] = id;
}

static void campaign_command(struct year *year, enum cf_command_number number, int index,
                             struct cf_id actor)
{
    struct cf_command_input input;
    cf_command_input_init(&input, number);
    cf_command_set_id(&input, "campaign_id", year->campaigns[index]);
    if (number == CF_COMMAND_campaign_suspend || number == CF_COMMAND_campaign_purge)
        cf_command_set_text(&input, "reason", CF_BYTES_LITERAL("complaint"));
    if (number == CF_COMMAND_campaign_open_late_pledges)
        cf_command_set_signed(&input, "until", year->platform.decision.now_us + 20 * CF_DAY_US);
    cf_platform_send(&year->platform, actor, &input);
}

/* Something happens to a random campaign. */
static void stir_campaign(struct year *year)
{
    if (year->campaign_count == 0)
        return;
    int index = (int)cf_random_below(&year->random, (uint64_t)year->campaign_count);
    const struct cf_campaign *campaign =
        cf_book_find(year->platform.history.book, CF_ROW_CAMPAIGN, &year->campaigns[index]);
    struct cf_id creator = campaign->creator_id;
    if (campaign->state == CF_CAMPAIGN_SUSPENDED)
        campaign_command(year,
                         chance(year, 70) ? CF_COMMAND_campaign_resume : CF_COMMAND_campaign_purge,
                         index, CF_ACTOR_OPERATOR);
    else if (chance(year, 3))
        campaign_command(year, CF_COMMAND_campaign_cancel, index, creator);
    else if (chance(year, 4))
        campaign_command(year, CF_COMMAND_campaign_suspend, index, CF_ACTOR_OPERATOR);
    else if (chance(year, 20))
        campaign_command(year, CF_COMMAND_campaign_open_late_pledges, index, creator);
}

/* -- Pledges -------------------------------------------------------------------------------- */

static void make_pledge(struct year *year, int index)
{
    const struct cf_campaign *campaign =
        cf_book_find(year->platform.history.book, CF_ROW_CAMPAIGN, &year->campaigns[index]);
    struct person *backer = somebody(year);
    struct cf_command_input input;
    if (year->pledge_count == PLEDGES_MAX)
        return;
    struct cf_id id = cf_history_id(&year->platform.history);
    bool card = chance(year, 70);
    cf_command_input_init(&input, CF_COMMAND_pledge_start_checkout);
    cf_command_set_id(&input, "pledge_id", id);
    cf_command_set_id(&input, "campaign_id", year->campaigns[index]);
    cf_command_set_id(&input, "backer_id", backer->id);
    cf_command_set_unsigned(&input, "currency", campaign->currency);
    cf_command_set_signed(&input, "amount", cf_random_between(&year->random, 1000, 30000));
    if (chance(year, 40))
        cf_command_set_id(&input, "reward_id", year->rewards[index]);
    if (card)
        cf_command_set_id(&input, "card_id", backer->card);
    if (cf_platform_send(&year->platform, backer->id, &input) != 0)
        return; /* the campaign is over, the reward sold out, the backer erased */
    year->pledges[year->pledge_count++] = id;
    if (card || chance(year, 10))
        return; /* without a card: some leave the checkout, and the claim expires */
    cf_command_input_init(&input, CF_COMMAND_pledge_confirm);
    cf_command_set_id(&input, "pledge_id", id);
    cf_command_set_text(&input, "payment_method", text(year, "pm"));
    cf_platform_send(&year->platform, backer->id, &input);
}

static void amend(struct year *year, struct cf_id id, struct cf_id backer)
{
    struct cf_command_input input;
    cf_command_input_init(&input, CF_COMMAND_pledge_amend);
    cf_command_set_id(&input, "pledge_id", id);
    cf_command_set_signed(&input, "amount", cf_random_between(&year->random, 1000, 30000));
    cf_platform_send(&year->platform, backer, &input);
}

static void ask_refund(struct year *year, struct cf_id id, const struct cf_pledge *pledge)
{
    struct cf_command_input input;
    int64_t left = pledge->captured_minor - pledge->refund_requested_minor;
    if (left <= 0)
        return;
    cf_command_input_init(&input, CF_COMMAND_pledge_request_refund);
    cf_command_set_id(&input, "pledge_id", id);
    cf_command_set_id(&input, "refund_id", cf_history_id(&year->platform.history));
    cf_command_set_signed(&input, "amount",
                          chance(year, 50) ? left : cf_random_between(&year->random, 1, left));
    cf_command_set_unsigned(&input, "reason", CF_REFUND_REASON_REQUESTED_BY_BACKER);
    cf_platform_send(&year->platform, chance(year, 50) ? pledge->backer_id : CF_ACTOR_OPERATOR,
                     &input);
}

/* Something happens to a random pledge. */
static void stir_pledge(struct year *year)
{
    struct cf_command_input input;
    if (year->pledge_count == 0)
        return;
    struct cf_id id = year->pledges[cf_random_below(&year->random, (uint64_t)year->pledge_count)];
    const struct cf_pledge *pledge = cf_book_find(year->platform.history.book, CF_ROW_PLEDGE, &id);
    if (pledge->captured_minor > 0) {
        ask_refund(year, id, pledge);
    } else if (chance(year, 60)) {
        amend(year, id, pledge->backer_id);
    } else {
        cf_command_input_init(&input, CF_COMMAND_pledge_cancel);
        cf_command_set_id(&input, "pledge_id", id);
        cf_platform_send(&year->platform, pledge->backer_id, &input);
    }
}

/* -- Staff ---------------------------------------------------------------------------------- */

struct failed_refunds {
    struct year *year;
    struct cf_id ids[64];
    size_t count;
};

static void note_failed_refund(void *context, const struct cf_row_key *key, const void *row)
{
    struct failed_refunds *failed = context;
    const struct cf_refund *refund = row;
    if (refund->state == CF_REFUND_FAILED && failed->count < 64)
        failed->ids[failed->count++] = key->id;
}

/* Finance looks after refunds that failed: once more, or from the bank. */
static void mend_refunds(struct year *year)
{
    struct failed_refunds failed = {.year = year};
    cf_book_memory_each_row(year->platform.history.memory, CF_ROW_REFUND, note_failed_refund,
                            &failed);
    for (size_t i = 0; i < failed.count; i++) {
        struct cf_command_input input;
        bool again = chance(year, 50);
        cf_command_input_init(&input, again ? CF_COMMAND_pledge_retry_refund
                                            : CF_COMMAND_pledge_pay_refund_otherwise);
        cf_command_set_id(&input, "refund_id", failed.ids[i]);
        if (!again)
            cf_command_set_text(&input, "reference", CF_BYTES_LITERAL("transfer 1"));
        cf_platform_send(&year->platform, CF_ACTOR_OPERATOR, &input);
    }
}

static void note_failed_payout(void *context, const struct cf_row_key *key, const void *row)
{
    struct failed_refunds *failed = context;
    const struct cf_payout *payout = row;
    if (payout->state == CF_PAYOUT_FAILED && failed->count < 64)
        failed->ids[failed->count++] = key->id;
}

static void mend_payouts(struct year *year)
{
    struct failed_refunds failed = {.year = year};
    cf_book_memory_each_row(year->platform.history.memory, CF_ROW_PAYOUT, note_failed_payout,
                            &failed);
    for (size_t i = 0; i < failed.count; i++) {
        struct cf_command_input input;
        cf_command_input_init(&input, chance(year, 70) ? CF_COMMAND_payout_retry
                                                       : CF_COMMAND_payout_request_reversal);
        cf_command_set_id(&input, "payout_id", failed.ids[i]);
        cf_platform_send(&year->platform, CF_ACTOR_OPERATOR, &input);
    }
}

static void erase_somebody(struct year *year)
{
    struct cf_command_input input;
    struct person *person = somebody(year);
    cf_command_input_init(&input, CF_COMMAND_subject_erase);
    cf_command_set_id(&input, "subject_id", person->id);
    if (cf_platform_send(&year->platform, person->id, &input) == 0)
        person->erased = true;
}

/* -- The end of a day ----------------------------------------------------------------------- */

static void broken(void *context, const struct cf_finding *finding)
{
    const struct year *year = context;
    char subject[CF_ID_TEXT_SIZE];
    cf_id_print(finding->subject, subject);
    fail_msg("day %lld, %s: %s (%lld, and should be %lld)",
             (long long)((year->platform.decision.now_us - START_US) / CF_DAY_US), subject,
             cf_invariant_sentence(finding->invariant), (long long)finding->found_minor,
             (long long)finding->expected_minor);
}

static void inspect_balance(void *context, const struct cf_account *account, int64_t minor)
{
    cf_inspect_balance(context, account, minor);
}

static void inspect(struct year *year, bool settled_with_bank)
{
    static struct cf_inspection inspection;
    cf_inspection_begin(&inspection, broken, year);
    cf_book_memory_each_balance(year->platform.history.memory, inspect_balance, &inspection);
    for (int i = 0; i < year->campaign_count; i++)
        cf_inspect_campaign(&inspection, year->platform.history.book, &year->campaigns[i]);
    if (settled_with_bank) {
        cf_inspect_provider(&inspection, CF_CURRENCY_EUR, year->bank.balance[0]);
        cf_inspect_provider(&inspection, CF_CURRENCY_USD, year->bank.balance[1]);
        cf_inspect_provider(&inspection, CF_CURRENCY_JPY, year->bank.balance[2]);
        cf_inspect_replay(&inspection, year->platform.history.memory,
                          year->platform.history.replay);
    }
    cf_inspection_end(&inspection);
}

/* To the next moment at which a timer or a report is due, but not past `until`. */
static void pass_time(struct year *year, int64_t until_us)
{
    struct cf_platform *platform = &year->platform;
    while (platform->decision.now_us < until_us) {
        int64_t next_us = platform->decision.facts->timer_next(&platform->decision);
        int64_t report_us = cf_bank_next(&year->bank);
        if (report_us < next_us)
            next_us = report_us;
        if (next_us < platform->decision.now_us)
            next_us = platform->decision.now_us;
        platform->decision.now_us = next_us < until_us ? next_us : until_us;
        cf_bank_expire(&year->bank);
        cf_platform_fire(platform);
        cf_bank_work(&year->bank);
    }
}

static void one_day(struct year *year)
{
    int64_t morning_us = year->platform.decision.now_us;
    if (chance(year, 12))
        begin_campaign(year);
    for (int hour = 8; hour < 24; hour += 4) {
        pass_time(year, morning_us + hour * CF_HOUR_US);
        for (int i = 0; i < year->campaign_count; i++)
            if (chance(year, 25))
                make_pledge(year, i);
        stir_pledge(year);
        stir_campaign(year);
        if (chance(year, 20))
            cf_bank_mischief(&year->bank);
        if (chance(year, 1))
            erase_somebody(year);
        cf_bank_work(&year->bank);
    }
    mend_refunds(year);
    mend_payouts(year);
    pass_time(year, morning_us + CF_DAY_US);
    inspect(year, false);
}

static void show_event(void *context, const struct cf_record *record, const struct cf_event *event)
{
    struct year *year = context;
    static struct cf_inspection inspection;
    struct cf_fault fault = {0};
    inspection.report = broken;
    inspection.context = year;
    cf_inspect_event(&inspection, year->platform.history.book, event);
    if (cf_reconciliation_event(year->bank.books, record, event, &fault) != CF_OK)
        fail_msg("%s (%s)", fault.text, fault.detail);
}

static struct year *begin_year(uint64_t seed)
{
    struct year *year = calloc(1, sizeof *year);
    struct cf_command_input input;
    assert_non_null(year);
    year->random.state = seed;
    cf_platform_init(&year->platform, START_US);
    cf_bank_init(&year->bank, &year->platform, seed + 1);
    year->bank.books = cf_reconciliation_new();
    assert_non_null(year->bank.books);
    year->platform.on_event = show_event;
    year->platform.context = year;
    cf_command_input_init(&input, CF_COMMAND_ledger_open);
    cf_command_set_text(&input, "origin", CF_BYTES_LITERAL("coffer.local/year"));
    cf_command_set_unsigned(&input, "clock", CF_CLOCK_SIMULATED);
    cf_command_set_signed(&input, "genesis", START_US);
    cf_command_set_text(&input, "verifier_key", CF_BYTES_LITERAL("key"));
    cf_platform_do(&year->platform, CF_ACTOR_OPERATOR, &input);
    for (int i = 0; i < CREATORS + BACKERS; i++)
        join(year, &year->people[i], i < CREATORS);
    year->bank.decline_percent = 12;
    year->bank.action_percent = 10;
    year->bank.trouble_percent = 8;
    year->bank.repeat_percent = 30;
    year->bank.delay_max_us = 3 * CF_HOUR_US;
    return year;
}

static void end_year(struct year *year)
{
    cf_reconciliation_destroy(year->bank.books);
    cf_platform_clean_up(&year->platform);
    free(year);
}

static void differs(void *context, const struct cf_difference *difference)
{
    (void)context;
    print_message("%s %s: ours %lld, theirs %lld: %s\n", difference->type, difference->name,
                  (long long)difference->ours_minor, (long long)difference->theirs_minor,
                  cf_difference_sentence(difference->cause));
}

static struct year *live(uint64_t seed, int days)
{
    struct year *year = begin_year(seed);
    for (int day = 0; day < days; day++)
        one_day(year);
    /* The bank does nothing more by itself, and everything that waits arrives. */
    year->bank.trouble_percent = 0;
    for (int day = 0; day < 3; day++) {
        mend_refunds(year);
        pass_time(year, year->platform.decision.now_us + CF_DAY_US);
    }
    cf_bank_flush(&year->bank);
    cf_bank_work(&year->bank);
    cf_bank_flush(&year->bank);
    return year;
}

static void test_year__keeps_the_books_right_every_day(void **state)
{
    (void)state;
    uint64_t seed = cf_random_seed(2026);
    printf("COFFER_TEST_SEED=%llu\n", (unsigned long long)seed);
    struct year *year = live(seed, 365);
    struct cf_reconciliation_sums sums;
    assert_int_equal(
        cf_reconciliation_balance(year->bank.books, CF_CURRENCY_EUR, year->bank.balance[0]), CF_OK);
    assert_int_equal(
        cf_reconciliation_balance(year->bank.books, CF_CURRENCY_USD, year->bank.balance[1]), CF_OK);
    assert_int_equal(
        cf_reconciliation_balance(year->bank.books, CF_CURRENCY_JPY, year->bank.balance[2]), CF_OK);
    assert_int_equal(cf_reconciliation_report(year->bank.books, differs, NULL, &sums), CF_OK);
    assert_int_equal(sums.differences, 0);
    inspect(year, true);
    printf("%llu events, %d campaigns, %d pledges, %d refunds, %d payouts, %zu movements agree\n",
           (unsigned long long)year->platform.history.sequence, year->campaign_count,
           year->pledge_count, year->bank.refund_count, year->bank.payout_count, sums.agreed);
    end_year(year);
}

static void test_year__is_the_same_for_the_same_seed(void **state)
{
    (void)state;
    struct year *first = live(7, 120);
    struct year *second = live(7, 120);
    assert_true(cf_bytes_equal(cf_buf_bytes(&first->platform.records),
                               cf_buf_bytes(&second->platform.records)));
    const char *what = "";
    if (!cf_book_memory_equal(first->platform.history.memory, second->platform.history.memory,
                              &what))
        fail_msg("other %s", what);
    end_year(first);
    end_year(second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_year__keeps_the_books_right_every_day),
        cmocka_unit_test(test_year__is_the_same_for_the_same_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
