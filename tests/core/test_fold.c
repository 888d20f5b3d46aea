/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fold: one all-or-nothing campaign from draft to payout, event by event. Promised: rows, sums,
 * stock, balances, timers and requests are right at each station, and a replay of the encoded
 * records gives the same book. What an event that cannot follow does: test_states.c.
 */
#include "core/aggregate/campaign.h"
#include "core/aggregate/pledge.h"
#include "core/policy.h"
#include "tests/support/cmocka.h"
#include "tests/support/history.h"

#define EVENT(TYPE, member, ...)                                                                   \
    (&(struct cf_event){.type = CF_EVENT_##TYPE, .member = {__VA_ARGS__}})
#define TEXT(text) CF_BYTES_LITERAL(text)

static void test_fold__takes_a_campaign_from_draft_to_payout(void **state)
{
    (void)state;
    struct cf_history h;
    cf_history_init(&h);
    struct cf_id creator = cf_history_id(&h), backer = cf_history_id(&h);
    struct cf_id campaign_id = cf_history_id(&h), reward = cf_history_id(&h);
    struct cf_id card = cf_history_id(&h), p = cf_history_id(&h);
    int64_t ends_at = h.now_us + 30 * CF_DAY_US;
    struct cf_sealed sealed = {TEXT("ciphertext")};

    cf_history_append(&h, EVENT(USER_REGISTERED, user_registered, .user_id = creator,
                                .email = sealed, .terms_version = TEXT("1")));
    cf_history_append(&h, EVENT(CAMPAIGN_DRAFTED, campaign_drafted, .campaign_id = campaign_id,
                                .creator_id = creator, .model = CF_FUNDING_MODEL_AON,
                                .currency = CF_CURRENCY_EUR, .goal = {10000}, .title = sealed,
                                .slug = TEXT("a-lamp")));
    cf_history_append(&h, EVENT(CAMPAIGN_REWARD_ADDED, campaign_reward_added,
                                .campaign_id = campaign_id, .reward_id = reward, .title = sealed,
                                .minimum = {10000}, .limit = 1));
    cf_history_append(&h, EVENT(CAMPAIGN_SUBMITTED, campaign_submitted, campaign_id));
    cf_history_append(&h, EVENT(CAMPAIGN_APPROVED, campaign_approved, campaign_id,
                                .platform_fee_bps = 500, .processor_fee_bearer = CF_BEARER_CREATOR,
                                .reserve_bps = 500, .reserve_days = 60));
    cf_history_append(&h, EVENT(CAMPAIGN_LAUNCHED, campaign_launched, campaign_id,
                                .model = CF_FUNDING_MODEL_AON, .currency = CF_CURRENCY_EUR,
                                .goal = {10000}, .ends_at = ends_at));
    assert_int_equal(h.book->ops->timer(h.book, &campaign_id, CF_TIMER_CAMPAIGN_DEADLINE), ends_at);
    assert_int_equal(h.book->ops->timer(h.book, &campaign_id, CF_TIMER_AUTHORIZE_RUN),
                     ends_at - 4 * CF_DAY_US - 18 * CF_HOUR_US + CF_DAY_US);

    cf_history_append(&h, EVENT(PLEDGE_PLACED, pledge_placed, p, campaign_id, backer,
                                CF_CURRENCY_EUR, {10000}, .reward_id = reward, .card_id = card,
                                .payment_method = TEXT("pm_1")));
    const struct cf_campaign *c = cf_book_find(h.book, CF_ROW_CAMPAIGN, &campaign_id);
    const struct cf_reward *r = cf_book_find(h.book, CF_ROW_REWARD, &reward);
    const struct cf_pledge *pledge = cf_book_find(h.book, CF_ROW_PLEDGE, &p);
    assert_int_equal(c->committed_minor, 10000);
    assert_int_equal(c->backers, 1);
    assert_int_equal(c->pledges_open, 1);
    assert_int_equal(r->claimed, 1);
    assert_int_equal(pledge->state, CF_PLEDGE_COMMITTED);
    assert_int_equal(cf_history_balance(&h, CF_ACCOUNT_MEMO_PLEDGED, CF_CURRENCY_EUR, &campaign_id),
                     10000);

    cf_history_append(&h,
                      EVENT(CAMPAIGN_GOAL_REACHED, campaign_goal_reached, campaign_id, {10000}));
    h.now_us = ends_at;
    cf_history_append(&h, EVENT(CAMPAIGN_ENDED, campaign_ended, campaign_id, .pledged = {10000}));
    cf_history_append(
        &h, EVENT(CAMPAIGN_FUNDED, campaign_funded, campaign_id, ends_at + CF_POLICY_GRACE_US));
    assert_int_equal(h.book->ops->timer(h.book, &campaign_id, CF_TIMER_CAPTURE_RUN), ends_at);
    cf_history_append(&h, EVENT(PLEDGE_PAYMENT_REQUESTED, pledge_payment_requested, p, campaign_id,
                                backer, CF_CURRENCY_EUR, {10000}, CF_PAYMENT_MODE_CHARGE,
                                TEXT("pm_1"), .off_session = true, .attempt = 1));
    assert_int_equal(h.book->ops->request(h.book, &p, CF_REQUEST_PAYMENT), h.sequence);
    cf_history_append(&h, EVENT(CAMPAIGN_RUN_ADVANCED, campaign_run_advanced, campaign_id,
                                CF_RUN_CAPTURE, p, true));
    cf_history_append(&h, EVENT(PLEDGE_CAPTURED, pledge_captured, p, campaign_id, backer,
                                CF_CURRENCY_EUR, {10000}, TEXT("pi_1"), TEXT("ch_1"),
                                .from_pledged = {10000}));
    assert_int_equal(h.book->ops->request(h.book, &p, CF_REQUEST_PAYMENT), 0);
    assert_int_equal(h.book->ops->timer(h.book, &campaign_id, CF_TIMER_SETTLE), 0);
    cf_history_append(&h, EVENT(PLEDGE_FEE_RECORDED, pledge_fee_recorded, p, campaign_id, creator,
                                CF_CURRENCY_EUR, {320}, TEXT("txn_1"), .from_escrow = {320}));
    assert_int_equal(h.book->ops->timer(h.book, &campaign_id, CF_TIMER_SETTLE), h.now_us);
    cf_history_append(&h, EVENT(CAMPAIGN_SETTLED, campaign_settled, campaign_id, creator,
                                CF_CURRENCY_EUR, 1, .net = {9680}, .platform_fee = {500},
                                .reserve = {459}, .payable = {8721}, .collected = {10000},
                                .reserve_release_at = ends_at + 60 * CF_DAY_US));
    assert_int_equal(cf_history_balance(&h, CF_ACCOUNT_ESCROW, CF_CURRENCY_EUR, &campaign_id), 0);
    assert_int_equal(cf_history_balance(&h, CF_ACCOUNT_PAYABLE, CF_CURRENCY_EUR, &creator), -8721);
    assert_int_equal(h.book->ops->timer(h.book, &campaign_id, CF_TIMER_PAYOUT_DUE),
                     ends_at + 14 * CF_DAY_US);
    struct cf_id found;
    assert_true(h.book->ops->lookup(h.book, CF_LOOKUP_CHARGE, TEXT("ch_1"), &found));
    assert_true(cf_id_equal(found, p));
    cf_history_check_replay(&h);
    cf_history_clean_up(&h);
}

static void test_fold__a_token_may_be_set_to_itself(void **state)
{
    (void)state;
    struct cf_token token;
    assert_true(cf_token_set(&token, TEXT("pm_1")));
    assert_true(cf_token_set(&token, cf_token_bytes(&token)));
    assert_string_equal(token.text, "pm_1");
    assert_true(cf_token_set(&token, (struct cf_bytes){0}));
    assert_true(cf_token_is_empty(&token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fold__takes_a_campaign_from_draft_to_payout),
        cmocka_unit_test(test_fold__a_token_may_be_set_to_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
