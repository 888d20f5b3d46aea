/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state machines. Promised: what a pledge, a campaign, a payout and a person can do is what the
 * reference says (payments.md sections 2 and 3, with the design's amendments), no more and no less;
 * an event that the present state does not allow is CORRUPT, and the fault names both.
 *
 * Shown: by tables written here from the reference and not from the .def files, held against the
 * machines row for row in both directions; and by giving every event to an aggregate in every state
 * from which the tables have no move for it.
 */
#include "core/aggregate/book_memory.h"
#include "core/aggregate/evolve.h"
#include "core/aggregate/states.h"
#include "tests/support/cmocka.h"
#include "tests/support/samples.h"

#include <stdio.h>

/* "state: event>to event>to …"; an event is written without its aggregate's name. */
static const char *const pledge_table[] = {
    /* A pledge begins in checkout, or at once with a card that is saved already. */
    "none: checkout_started>checkout placed>committed",

    /* Checkout: TTL, 3-D Secure, the three good outcomes by mode, a decline is another try. */
    "checkout: payment_requested>checkout action_required>requires_action committed>committed "
    "authorized>authorized captured>captured payment_failed>checkout abandoned>abandoned "
    "card_replaced>checkout shipping_address_given>checkout hold_voided>checkout",
    "requires_action: payment_requested>checkout action_required>requires_action "
    "committed>committed authorized>authorized captured>captured payment_failed>checkout "
    "abandoned>abandoned card_replaced>requires_action shipping_address_given>requires_action "
    "hold_voided>requires_action",

    /* Committed: hold by the scheduler, charge after a good end, cancel, amend, release. */
    "committed: payment_requested>authorizing payment_requested>capturing cancelled>cancelled "
    "amended>committed card_replaced>committed released>released "
    "shipping_address_given>committed hold_voided>committed",
    "authorizing: authorized>authorized payment_failed>errored payment_failed>authorized "
    "action_required>errored action_required>authorized hold_lapsed>authorizing "
    "released>released shipping_address_given>authorizing hold_voided>authorizing",
    "authorized: hold_renewal_due>reauth_due hold_lapsed>errored cancelled>cancelled "
    "amended>authorized card_replaced>authorized capture_requested>capturing captured>captured "
    "released>released shipping_address_given>authorized hold_voided>authorized",
    "reauth_due: payment_requested>authorizing hold_lapsed>errored released>released "
    "shipping_address_given>reauth_due hold_voided>reauth_due",
    "capturing: captured>captured payment_failed>errored action_required>errored "
    "hold_lapsed>errored released>released shipping_address_given>capturing "
    "hold_voided>capturing",

    /* Errored: another card before the end, retries in grace, late good news, the ways out. */
    "errored: payment_requested>authorizing payment_requested>capturing authorized>authorized "
    "captured>captured payment_failed>errored action_required>errored "
    "grace_retry_scheduled>errored hold_lapsed>errored card_replaced>errored amended>errored "
    "cancelled>cancelled dropped>dropped released>released shipping_address_given>errored "
    "hold_voided>errored",

    /* Captured: refunds and disputes. */
    "captured: refund_requested>refund_pending disputed>disputed dispute_warned>captured "
    "fee_recorded>captured funds_available>captured processor_fee_reimbursed>captured "
    "money_orphaned>captured refund_succeeded>captured refund_failed>captured "
    "refund_retried>captured refund_paid_otherwise>captured hold_orphaned>captured "
    "shipping_address_given>captured "
    "orphan_disputed>captured "
    "orphan_dispute_won>captured orphan_dispute_lost>captured "
    "refund_covered>captured hold_voided>captured",
    "refund_pending: refund_requested>refund_pending refund_succeeded>refund_pending "
    "refund_succeeded>refund_failed refund_succeeded>partially_refunded "
    "refund_succeeded>refunded refund_failed>refund_pending refund_failed>refund_failed "
    "refund_retried>refund_pending refund_paid_otherwise>refund_pending disputed>disputed "
    "dispute_warned>refund_pending fee_recorded>refund_pending funds_available>refund_pending "
    "processor_fee_reimbursed>refund_pending money_orphaned>refund_pending "
    "hold_orphaned>refund_pending shipping_address_given>refund_pending "
    "orphan_disputed>refund_pending "
    "orphan_dispute_won>refund_pending orphan_dispute_lost>refund_pending "
    "refund_covered>refund_pending hold_voided>refund_pending",
    "partially_refunded: refund_requested>refund_pending refund_failed>refund_failed "
    "disputed>disputed dispute_warned>partially_refunded fee_recorded>partially_refunded "
    "funds_available>partially_refunded processor_fee_reimbursed>partially_refunded "
    "money_orphaned>partially_refunded refund_succeeded>partially_refunded "
    "refund_failed>partially_refunded refund_retried>partially_refunded "
    "refund_paid_otherwise>partially_refunded hold_orphaned>partially_refunded "
    "shipping_address_given>partially_refunded orphan_disputed>partially_refunded "
    "orphan_dispute_won>partially_refunded orphan_dispute_lost>partially_refunded "
    "refund_covered>partially_refunded hold_voided>partially_refunded",
    "refund_failed: refund_requested>refund_pending refund_retried>refund_pending "
    "refund_retried>refund_failed "
    "refund_succeeded>refund_failed refund_succeeded>partially_refunded "
    "refund_succeeded>refunded refund_failed>refund_failed refund_paid_otherwise>refund_failed "
    "refund_paid_otherwise>partially_refunded refund_paid_otherwise>refunded disputed>disputed "
    "dispute_warned>refund_failed fee_recorded>refund_failed funds_available>refund_failed "
    "processor_fee_reimbursed>refund_failed money_orphaned>refund_failed "
    "hold_orphaned>refund_failed shipping_address_given>refund_failed "
    "orphan_disputed>refund_failed "
    "orphan_dispute_won>refund_failed orphan_dispute_lost>refund_failed "
    "refund_covered>refund_failed hold_voided>refund_failed",
    "disputed: dispute_won>captured dispute_won>partially_refunded dispute_won>refund_pending "
    "dispute_won>refund_failed dispute_lost>charged_back refund_succeeded>disputed "
    "refund_failed>disputed refund_retried>disputed refund_paid_otherwise>disputed "
    "fee_recorded>disputed funds_available>disputed processor_fee_reimbursed>disputed "
    "money_orphaned>disputed hold_orphaned>disputed shipping_address_given>disputed "
    "dispute_won>refunded orphan_disputed>disputed "
    "orphan_dispute_won>disputed orphan_dispute_lost>disputed "
    "refund_covered>disputed hold_voided>disputed",

    /* Ended: late news is recorded, late money is owed back and refunded. */
    "refunded: refund_failed>refund_failed refund_failed>refunded refund_succeeded>refunded "
    "refund_retried>refunded refund_paid_otherwise>refunded dispute_warned>refunded "
    "payment_failed>refunded fee_recorded>refunded funds_available>refunded "
    "processor_fee_reimbursed>refunded money_orphaned>refunded hold_orphaned>refunded "
    "shipping_address_given>refunded disputed>disputed orphan_disputed>refunded "
    "orphan_dispute_won>refunded orphan_dispute_lost>refunded "
    "refund_covered>refunded hold_voided>refunded",
    "charged_back: refund_failed>charged_back refund_succeeded>charged_back "
    "refund_retried>charged_back refund_paid_otherwise>charged_back payment_failed>charged_back "
    "fee_recorded>charged_back funds_available>charged_back "
    "processor_fee_reimbursed>charged_back money_orphaned>charged_back "
    "hold_orphaned>charged_back shipping_address_given>charged_back refund_requested>charged_back "
    "orphan_disputed>charged_back "
    "orphan_dispute_won>charged_back orphan_dispute_lost>charged_back "
    "refund_covered>charged_back hold_voided>charged_back",
    "dropped: refund_failed>dropped refund_succeeded>dropped refund_retried>dropped "
    "refund_paid_otherwise>dropped payment_failed>dropped fee_recorded>dropped "
    "funds_available>dropped money_orphaned>dropped hold_orphaned>dropped "
    "shipping_address_given>dropped orphan_disputed>dropped "
    "orphan_dispute_won>dropped orphan_dispute_lost>dropped "
    "refund_covered>dropped hold_voided>dropped",
    "cancelled: refund_failed>cancelled refund_succeeded>cancelled refund_retried>cancelled "
    "refund_paid_otherwise>cancelled payment_failed>cancelled fee_recorded>cancelled "
    "funds_available>cancelled money_orphaned>cancelled hold_orphaned>cancelled "
    "shipping_address_given>cancelled orphan_disputed>cancelled "
    "orphan_dispute_won>cancelled orphan_dispute_lost>cancelled "
    "refund_covered>cancelled hold_voided>cancelled",
    "released: refund_failed>released refund_succeeded>released refund_retried>released "
    "refund_paid_otherwise>released payment_failed>released fee_recorded>released "
    "funds_available>released money_orphaned>released hold_orphaned>released "
    "shipping_address_given>released orphan_disputed>released "
    "orphan_dispute_won>released orphan_dispute_lost>released "
    "refund_covered>released hold_voided>released",
    "abandoned: refund_failed>abandoned refund_succeeded>abandoned refund_retried>abandoned "
    "refund_paid_otherwise>abandoned payment_failed>abandoned fee_recorded>abandoned "
    "funds_available>abandoned money_orphaned>abandoned hold_orphaned>abandoned "
    "shipping_address_given>abandoned orphan_disputed>abandoned "
    "orphan_dispute_won>abandoned orphan_dispute_lost>abandoned "
    "refund_covered>abandoned hold_voided>abandoned",
};

#define WORKED_ON(state)                                                                           \
    " edited>" state " located>" state " media_set>" state " reward_added>" state                  \
    " reward_changed>" state " reward_withdrawn>" state " stretch_goal_added>" state

static const char *const campaign_table[] = {
    "none: drafted>draft",
    "draft: submitted>submitted cancelled>cancelled policy_overridden>draft" WORKED_ON("draft"),
    "submitted: changes_requested>draft rejected>rejected approved>approved "
    "cancelled>cancelled policy_overridden>submitted",
    "rejected: policy_overridden>rejected",
    "approved: scheduled>scheduled launched>live cancelled>cancelled update_posted>approved "
    "policy_overridden>approved" WORKED_ON("approved"),
    "scheduled: scheduled>scheduled launched>live cancelled>cancelled update_posted>scheduled "
    "policy_overridden>scheduled" WORKED_ON("scheduled"),
    "live: ended>ended suspended>suspended cancelled>cancelled goal_reached>live "
    "goal_certain>live stretch_goal_unlocked>live run_advanced>live update_posted>live "
    "policy_overridden>live" WORKED_ON("live"),
    "suspended: resumed>live resumed>collecting purged>purged update_posted>suspended "
    "policy_overridden>suspended",
    /* Ended is left in the transaction that entered it. */
    "ended: funded>collecting failed>failed update_posted>ended policy_overridden>ended",
    "collecting: settled>settled suspended>suspended cancelled>cancelled "
    "late_pledges_opened>collecting late_pledges_closed>collecting "
    "stretch_goal_unlocked>collecting run_advanced>collecting update_posted>collecting "
    "policy_overridden>collecting" WORKED_ON("collecting"),
    "settled: settled>settled reserve_released>settled closed>closed cancelled>cancelled "
    "late_pledges_opened>settled late_pledges_closed>settled stretch_goal_unlocked>settled "
    "update_posted>settled policy_overridden>settled" WORKED_ON("settled"),
    "failed: closed>closed run_advanced>failed update_posted>failed policy_overridden>failed",
    "cancelled: closed>closed reserve_released>cancelled run_advanced>cancelled "
    "update_posted>cancelled policy_overridden>cancelled",
    "purged: closed>closed run_advanced>purged update_posted>purged policy_overridden>purged",
    "closed: update_posted>closed policy_overridden>closed",
};

/* O1 to O4: initiated, paid, failed or paid-then-failed, reversed before or after. */
static const char *const payout_table[] = {
    "none: requested>requested",
    "requested: initiated>initiated refused>refused",
    ("initiated: sent>sent paid>paid failed>failed reversal_requested>reversing "
     "reversed>reversed"),
    "sent: paid>paid failed>failed",
    "paid: failed>failed",
    "failed: retried>initiated reversal_requested>reversing reversed>reversed",
    "reversing: reversed>reversed",
};

#define LATE_NEWS(state)                                                                           \
    " user_identity_check_passed>" state " user_identity_check_failed>" state                      \
    " user_payout_account_linked>" state " user_payout_account_updated>" state                     \
    " user_customer_linked>" state " user_card_removed>" state " history_exported>" state          \
    " user_balance_netted>" state " user_debt_recovered>" state " user_debt_written_off>" state    \
    " user_mail_requested>" state " user_mail_sent>" state " user_mail_failed>" state
#define ALIVE(state)                                                                               \
    " user_email_verified>" state " user_email_changed>" state " user_profile_changed>" state      \
    " user_consent_recorded>" state " user_role_granted>" state " user_role_revoked>" state        \
    " user_credentials_changed>" state " user_mfa_enabled>" state " user_mfa_disabled>" state      \
    " user_identity_check_started>" state " user_payout_account_requested>" state                  \
    " user_customer_requested>" state " user_card_saved>" state " user_legal_hold_placed>" state   \
    " user_legal_hold_lifted>" state                                                               \
    LATE_NEWS(state)

static const char *const user_table[] = {
    "none: user_registered>active",
    "active: user_suspended>suspended subject_erased>erased" ALIVE("active"),
    "suspended: user_reinstated>active subject_erased>erased" ALIVE("suspended"),
    "erased:" LATE_NEWS("erased"),
};

struct table {
    const char *machine;
    const char *prefix;
    const char *const *rows;
    size_t row_count;
};

#define TABLE(machine, prefix, rows)                                                               \
    {                                                                                              \
        machine, prefix, rows, sizeof(rows) / sizeof(rows[0])                                      \
    }

static const struct table tables[] = {
    TABLE("pledge", "pledge_", pledge_table),
    TABLE("campaign", "campaign_", campaign_table),
    TABLE("payout", "payout_", payout_table),
    TABLE("user", "", user_table),
};

static const struct cf_state_machine *machine_of(const char *name)
{
    for (size_t i = 0; i < cf_state_machine_count; i++)
        if (strcmp(cf_state_machines[i]->name, name) == 0)
            return cf_state_machines[i];
    fail_msg("there is no machine %s", name);
    return NULL;
}

/* Finds and strikes out the machine's row; false where it has none. */
static bool strike(const struct cf_state_machine *machine, bool *struck, const char *from,
                   const char *event, const char *to)
{
    for (size_t i = 0; i < machine->move_count; i++) {
        const struct cf_move *move = &machine->moves[i];
        if (!struck[i] && strcmp(machine->state_names[move->from], from) == 0 &&
            strcmp(machine->state_names[move->to], to) == 0 &&
            strcmp(cf_event_name((uint32_t)move->event), event) == 0)
            return struck[i] = true;
    }
    return false;
}

static void check_table(const struct table *table)
{
    const struct cf_state_machine *machine = machine_of(table->machine);
    bool struck[512] = {false};
    assert_true(machine->move_count <= sizeof struck);
    for (size_t row = 0; row < table->row_count; row++) {
        char text[2048];
        char *rest = NULL;
        assert_true(strlen(table->rows[row]) < sizeof text);
        memcpy(text, table->rows[row], strlen(table->rows[row]) + 1);
        const char *from = strtok_r(text, ":", &rest);
        for (char *word = strtok_r(NULL, " ", &rest); word != NULL;
             word = strtok_r(NULL, " ", &rest)) {
            char event[64];
            char *to = strchr(word, '>');
            assert_non_null(to);
            *to++ = '\0';
            snprintf(event, sizeof event, "%s%s", table->prefix, word);
            if (!strike(machine, struck, from, event, to))
                fail_msg("%s: the machine lacks %s from %s to %s", table->machine, event, from, to);
        }
    }
    for (size_t i = 0; i < machine->move_count; i++)
        if (!struck[i])
            fail_msg("%s: the reference lacks %s from %s to %s", table->machine,
                     cf_event_name((uint32_t)machine->moves[i].event),
                     machine->state_names[machine->moves[i].from],
                     machine->state_names[machine->moves[i].to]);
}

static void test_states__are_those_of_the_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        check_table(&tables[i]);
}

/* -- Events that the state does not allow ---------------------------------------------------- */

static bool machine_has(const struct cf_state_machine *machine, enum cf_event_type type,
                        size_t from)
{
    for (size_t i = 0; i < machine->move_count; i++)
        if (machine->moves[i].event == type && machine->moves[i].from == from)
            return true;
    return false;
}

/* Puts an aggregate into a state by hand. */
static void put(struct cf_book *book, enum cf_stream_kind stream, const struct cf_id *id,
                uint8_t number)
{
    struct cf_id campaign_id = cf_id_of_number(7);
    if (number == 0)
        return;
    if (stream == CF_STREAM_USER) {
        ((struct cf_user *)cf_book_make(book, CF_ROW_USER, id))->state = number;
    } else if (stream == CF_STREAM_CAMPAIGN) {
        ((struct cf_campaign *)cf_book_make(book, CF_ROW_CAMPAIGN, id))->state = number;
    } else if (stream == CF_STREAM_PAYOUT) {
        ((struct cf_payout *)cf_book_make(book, CF_ROW_PAYOUT, id))->state = number;
    } else {
        struct cf_pledge *pledge = cf_book_make(book, CF_ROW_PLEDGE, id);
        pledge->state = number;
        pledge->campaign_id = campaign_id;
        cf_book_make(book, CF_ROW_CAMPAIGN, &campaign_id);
    }
}

static void check_refused(const struct cf_state_machine *machine, enum cf_event_type type,
                          size_t from)
{
    struct cf_book_memory *memory = cf_book_memory_new();
    struct cf_book *book = cf_book_memory_book(memory);
    struct cf_event event = cf_sample_event(type, 5, false);
    struct cf_record record = {
        .sequence = 9,
        .time_us = INT64_C(1767225600000000),
        .stream_version = 1,
        .stream_id = *(const struct cf_id *)cf_event_value(&event),
    };
    struct cf_fault fault = {0};
    put(book, cf_event_stream(type), &record.stream_id, (uint8_t)from);
    if (cf_evolve(book, &record, &event, &fault) != CF_CORRUPT)
        fail_msg("%s takes %s in state %s", machine->name, cf_event_name((uint32_t)type),
                 machine->state_names[from]);
    if (strstr(fault.detail, cf_event_name((uint32_t)type)) == NULL ||
        strstr(fault.detail, machine->state_names[from]) == NULL)
        fail_msg("the fault does not name %s and %s: %s", cf_event_name((uint32_t)type),
                 machine->state_names[from], fault.detail);
    cf_book_memory_destroy(memory);
}

static void test_states__refuse_every_other_event_and_name_it(void **state)
{
    (void)state;
    static const char *const streams[] = {[CF_STREAM_USER] = "user",
                                          [CF_STREAM_CAMPAIGN] = "campaign",
                                          [CF_STREAM_PLEDGE] = "pledge",
                                          [CF_STREAM_PAYOUT] = "payout"};
    size_t refused = 0;
    for (size_t i = 0; i < cf_event_type_count(); i++) {
        enum cf_event_type type = cf_event_type_at(i);
        enum cf_stream_kind stream = cf_event_stream(type);
        if (stream == CF_STREAM_PROVIDER || stream == CF_STREAM_LEDGER)
            continue;
        const struct cf_state_machine *machine = machine_of(streams[stream]);
        for (size_t from = 0; from < machine->state_count; from++) {
            if (machine_has(machine, type, from))
                continue;
            check_refused(machine, type, from);
            refused++;
        }
    }
    assert_true(refused > 700);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states__are_those_of_the_reference),
        cmocka_unit_test(test_states__refuse_every_other_event_and_name_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
