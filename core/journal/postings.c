/* SPDX-License-Identifier: Apache-2.0 */
/* The table of postings, row by row. */
#include "core/journal/postings.h"

#include "core/base/assert.h"
#include "core/journal/account_text.h"

/* The postings of one event while they are written. */
struct cf_entry {
    struct cf_postings *postings;
    enum cf_currency currency;
    bool overflow; /* an amount did not fit */
};

static const struct cf_id cf_nobody;

static void cf_entry_line(struct cf_entry *entry, enum cf_posting_row row,
                          enum cf_account_kind kind, const struct cf_id *owner, int64_t minor)
{
    if (minor == 0)
        return;
    struct cf_postings *postings = entry->postings;
    CF_ASSERT(postings->count < CF_POSTINGS_MAX);
    postings->lines[postings->count++] = (struct cf_posting){
        .account = {.kind = kind, .currency = entry->currency, .owner = *owner},
        .minor = minor,
        .row = row,
    };
}

static void cf_debit(struct cf_entry *entry, enum cf_posting_row row, enum cf_account_kind kind,
                     const struct cf_id *owner, struct cf_money amount)
{
    cf_entry_line(entry, row, kind, owner, cf_money_minor(amount));
}

static void cf_credit(struct cf_entry *entry, enum cf_posting_row row, enum cf_account_kind kind,
                      const struct cf_id *owner, struct cf_money amount)
{
    cf_entry_line(entry, row, kind, owner, -cf_money_minor(amount));
}

static struct cf_money cf_plus(struct cf_entry *entry, struct cf_money a, struct cf_money b)
{
    struct cf_money sum = {0};
    if (cf_money_add(a, b, &sum) != CF_OK)
        entry->overflow = true;
    return sum;
}

static struct cf_money cf_minus(struct cf_entry *entry, struct cf_money a, struct cf_money b)
{
    struct cf_money difference = {0};
    if (cf_money_subtract(a, b, &difference) != CF_OK)
        entry->overflow = true;
    return difference;
}

/* -- Memo: what is pledged and what is held -------------------------------------------------- */

static void cf_post_committed(struct cf_entry *entry, const struct cf_id *campaign,
                              struct cf_money amount)
{
    cf_debit(entry, CF_POSTING_M1, CF_ACCOUNT_MEMO_PLEDGED, campaign, amount);
    cf_credit(entry, CF_POSTING_M1, CF_ACCOUNT_MEMO_CONTRA, &cf_nobody, amount);
}

/* M1 back, and M3 to contra: the pledge does not live on. */
static void cf_post_ended(struct cf_entry *entry, const struct cf_id *campaign,
                          struct cf_money from_pledged, struct cf_money from_authorized)
{
    cf_debit(entry, CF_POSTING_M1_BACK, CF_ACCOUNT_MEMO_CONTRA, &cf_nobody, from_pledged);
    cf_credit(entry, CF_POSTING_M1_BACK, CF_ACCOUNT_MEMO_PLEDGED, campaign, from_pledged);
    cf_debit(entry, CF_POSTING_M3, CF_ACCOUNT_MEMO_CONTRA, &cf_nobody, from_authorized);
    cf_credit(entry, CF_POSTING_M3, CF_ACCOUNT_MEMO_AUTHORIZED, campaign, from_authorized);
}

/* M3 to pledged: the pledge lives on. */
static void cf_post_hold_gone(struct cf_entry *entry, const struct cf_id *campaign,
                              struct cf_money amount, struct cf_money back_to_pledged)
{
    struct cf_money rest = cf_minus(entry, amount, back_to_pledged);
    cf_debit(entry, CF_POSTING_M3, CF_ACCOUNT_MEMO_PLEDGED, campaign, back_to_pledged);
    cf_debit(entry, CF_POSTING_M3, CF_ACCOUNT_MEMO_CONTRA, &cf_nobody, rest);
    cf_credit(entry, CF_POSTING_M3, CF_ACCOUNT_MEMO_AUTHORIZED, campaign, amount);
}

/* The replaced hold's part goes through memo:pledged: M3, then M2. */
static void cf_post_authorized(struct cf_entry *entry,
                               const struct cf_event_pledge_authorized *event)
{
    struct cf_money pledged = cf_plus(entry, event->from_pledged, event->replaced_amount);
    cf_post_hold_gone(entry, &event->campaign_id, event->replaced_amount, event->replaced_amount);
    cf_debit(entry, CF_POSTING_M2, CF_ACCOUNT_MEMO_AUTHORIZED, &event->campaign_id, event->amount);
    cf_credit(entry, CF_POSTING_M2, CF_ACCOUNT_MEMO_PLEDGED, &event->campaign_id, pledged);
    cf_credit(entry, CF_POSTING_M2, CF_ACCOUNT_MEMO_CONTRA, &cf_nobody,
              cf_minus(entry, event->amount, pledged));
}

static void cf_post_amended(struct cf_entry *entry, const struct cf_event_pledge_amended *event)
{
    if (cf_money_compare(event->amount, event->previous_amount) >= 0) {
        cf_post_committed(entry, &event->campaign_id,
                          cf_minus(entry, event->amount, event->previous_amount));
        return;
    }
    struct cf_money by = cf_minus(entry, event->previous_amount, event->amount);
    cf_post_ended(entry, &event->campaign_id, cf_minus(entry, by, event->from_authorized),
                  event->from_authorized);
}

/* -- Money: capture, fee, refund ------------------------------------------------------------ */

static void cf_post_captured(struct cf_entry *entry, const struct cf_event_pledge_captured *event)
{
    const struct cf_id *campaign = &event->campaign_id;
    cf_debit(entry, CF_POSTING_M4, CF_ACCOUNT_MEMO_CONTRA, &cf_nobody, event->from_authorized);
    cf_credit(entry, CF_POSTING_M4, CF_ACCOUNT_MEMO_AUTHORIZED, campaign, event->from_authorized);
    cf_debit(entry, CF_POSTING_M4, CF_ACCOUNT_MEMO_CONTRA, &cf_nobody, event->from_pledged);
    cf_credit(entry, CF_POSTING_M4, CF_ACCOUNT_MEMO_PLEDGED, campaign, event->from_pledged);
    cf_debit(entry, CF_POSTING_P1, CF_ACCOUNT_PSP_PENDING, &cf_nobody, event->amount);
    cf_credit(entry, CF_POSTING_P1, CF_ACCOUNT_ESCROW, campaign, event->amount);
}

static void cf_post_fee_recorded(struct cf_entry *entry,
                                 const struct cf_event_pledge_fee_recorded *event)
{
    struct cf_money from_creator = cf_minus(entry, event->fee, event->from_platform);
    cf_debit(entry, CF_POSTING_P2, CF_ACCOUNT_ESCROW, &event->campaign_id, event->from_escrow);
    cf_debit(entry, CF_POSTING_P2, CF_ACCOUNT_PAYABLE, &event->creator_id, event->from_payable);
    cf_debit(entry, CF_POSTING_P2, CF_ACCOUNT_RECEIVABLE, &event->creator_id,
             event->from_receivable);
    cf_credit(entry, CF_POSTING_P2, CF_ACCOUNT_PSP_PENDING, &cf_nobody, from_creator);
    cf_debit(entry, CF_POSTING_P2_PLATFORM, CF_ACCOUNT_PROCESSOR_FEE, &cf_nobody,
             event->from_platform);
    cf_credit(entry, CF_POSTING_P2_PLATFORM, CF_ACCOUNT_PSP_PENDING, &cf_nobody,
              event->from_platform);
}

static void cf_post_refund_requested(struct cf_entry *entry,
                                     const struct cf_event_pledge_refund_requested *event)
{
    const struct cf_id *creator = &event->creator_id;
    struct cf_money settled = cf_minus(entry, event->amount, event->from_escrow);
    cf_debit(entry, CF_POSTING_R1, CF_ACCOUNT_ESCROW, &event->campaign_id, event->from_escrow);
    cf_credit(entry, CF_POSTING_R1, CF_ACCOUNT_REFUNDS_PAYABLE, &cf_nobody, event->from_escrow);
    cf_debit(entry, CF_POSTING_R1_SETTLED, CF_ACCOUNT_PLATFORM_FEE, &cf_nobody,
             event->from_platform_fee);
    cf_debit(entry, CF_POSTING_R1_SETTLED, CF_ACCOUNT_PAYABLE, creator, event->from_payable);
    cf_debit(entry, CF_POSTING_R1_SETTLED, CF_ACCOUNT_RESERVE, creator, event->from_reserve);
    cf_debit(entry, CF_POSTING_R1_SETTLED, CF_ACCOUNT_RECEIVABLE, creator, event->from_receivable);
    cf_debit(entry, CF_POSTING_R1_SETTLED, CF_ACCOUNT_DISPUTE_LOSS, &cf_nobody,
             event->from_platform);
    cf_credit(entry, CF_POSTING_R1_SETTLED, CF_ACCOUNT_REFUNDS_PAYABLE, &cf_nobody, settled);
}

static void cf_post_reimbursed(struct cf_entry *entry,
                               const struct cf_event_pledge_processor_fee_reimbursed *event)
{
    cf_debit(entry, CF_POSTING_R1_REIMBURSED, CF_ACCOUNT_PROCESSOR_FEE, &cf_nobody, event->amount);
    cf_credit(entry, CF_POSTING_R1_REIMBURSED, CF_ACCOUNT_ESCROW, &event->campaign_id,
              event->to_escrow);
    cf_credit(entry, CF_POSTING_R1_REIMBURSED, CF_ACCOUNT_PAYABLE, &event->creator_id,
              event->to_payable);
}

/* One debit, one credit, in accounts of the whole ledger. */
static void cf_post_pair(struct cf_entry *entry, enum cf_posting_row row,
                         enum cf_account_kind debit, enum cf_account_kind credit,
                         struct cf_money amount)
{
    cf_debit(entry, row, debit, &cf_nobody, amount);
    cf_credit(entry, row, credit, &cf_nobody, amount);
}

/* -- Disputes ------------------------------------------------------------------------------- */

/* Taken until the bank decides, and the fee for it. */
static void cf_post_withdrawn(struct cf_entry *entry, struct cf_money amount, struct cf_money fee)
{
    cf_post_pair(entry, CF_POSTING_D1, CF_ACCOUNT_PSP_DISPUTED, CF_ACCOUNT_PSP_AVAILABLE, amount);
    cf_post_pair(entry, CF_POSTING_D1, CF_ACCOUNT_DISPUTE_FEE, CF_ACCOUNT_PSP_AVAILABLE, fee);
}

static void cf_post_reinstated(struct cf_entry *entry, struct cf_money amount,
                               struct cf_money fee_returned)
{
    cf_post_pair(entry, CF_POSTING_D3, CF_ACCOUNT_PSP_AVAILABLE, CF_ACCOUNT_PSP_DISPUTED, amount);
    cf_post_pair(entry, CF_POSTING_D3, CF_ACCOUNT_PSP_AVAILABLE, CF_ACCOUNT_DISPUTE_FEE,
                 fee_returned);
}

static void cf_post_disputed(struct cf_entry *entry, const struct cf_event_pledge_disputed *event)
{
    const struct cf_id *creator = &event->creator_id;
    struct cf_money hold =
        cf_plus(entry, cf_plus(entry, event->hold_from_payable, event->hold_from_reserve),
                event->hold_from_receivable);
    cf_post_withdrawn(entry, event->amount, event->fee);
    cf_debit(entry, CF_POSTING_D1_PASSED_ON, CF_ACCOUNT_RECEIVABLE, creator, event->fee_to_creator);
    cf_credit(entry, CF_POSTING_D1_PASSED_ON, CF_ACCOUNT_CREATOR_DISPUTE_FEE, &cf_nobody,
              event->fee_to_creator);
    cf_debit(entry, CF_POSTING_D2, CF_ACCOUNT_PAYABLE, creator, event->hold_from_payable);
    cf_debit(entry, CF_POSTING_D2, CF_ACCOUNT_RESERVE, creator, event->hold_from_reserve);
    cf_debit(entry, CF_POSTING_D2, CF_ACCOUNT_RECEIVABLE, creator, event->hold_from_receivable);
    cf_credit(entry, CF_POSTING_D2, CF_ACCOUNT_DISPUTE_HOLD, creator, hold);
}

static void cf_post_dispute_won(struct cf_entry *entry,
                                const struct cf_event_pledge_dispute_won *event)
{
    cf_post_reinstated(entry, event->amount, event->fee_returned);
    cf_debit(entry, CF_POSTING_D3, CF_ACCOUNT_DISPUTE_HOLD, &event->creator_id,
             event->hold_released);
    cf_credit(entry, CF_POSTING_D3, CF_ACCOUNT_PAYABLE, &event->creator_id, event->hold_released);
}

static void cf_post_dispute_lost(struct cf_entry *entry,
                                 const struct cf_event_pledge_dispute_lost *event)
{
    const struct cf_id *creator = &event->creator_id;
    struct cf_money borne = cf_minus(entry, event->amount, event->from_platform);
    cf_debit(entry, CF_POSTING_D4, CF_ACCOUNT_DISPUTE_HOLD, creator, event->from_hold);
    cf_debit(entry, CF_POSTING_D4, CF_ACCOUNT_PLATFORM_FEE, &cf_nobody, event->from_platform_fee);
    cf_debit(entry, CF_POSTING_D4, CF_ACCOUNT_ESCROW, &event->campaign_id, event->from_escrow);
    cf_debit(entry, CF_POSTING_D4, CF_ACCOUNT_PAYABLE, creator, event->from_payable);
    cf_debit(entry, CF_POSTING_D4, CF_ACCOUNT_RESERVE, creator, event->from_reserve);
    cf_debit(entry, CF_POSTING_D4, CF_ACCOUNT_RECEIVABLE, creator, event->from_receivable);
    cf_credit(entry, CF_POSTING_D4, CF_ACCOUNT_PSP_DISPUTED, &cf_nobody, borne);
    cf_post_pair(entry, CF_POSTING_D4_PLATFORM, CF_ACCOUNT_DISPUTE_LOSS, CF_ACCOUNT_PSP_DISPUTED,
                 event->from_platform);
}

/* -- Settlement and payouts ----------------------------------------------------------------- */

/* The letters of a jurisdiction as the owner of its tax account. */
static struct cf_id cf_jurisdiction_id(struct cf_bytes letters)
{
    struct cf_id id = {0};
    memcpy(id.bytes, letters.data, letters.size < sizeof id.bytes ? letters.size : sizeof id.bytes);
    return id;
}

static void cf_post_settled(struct cf_entry *entry, const struct cf_event_campaign_settled *event)
{
    const struct cf_id *campaign = &event->campaign_id;
    struct cf_money rest =
        cf_minus(entry, cf_minus(entry, event->net, event->platform_fee), event->tax);
    cf_debit(entry, CF_POSTING_S1, CF_ACCOUNT_ESCROW, campaign, event->platform_fee);
    cf_credit(entry, CF_POSTING_S1, CF_ACCOUNT_PLATFORM_FEE, &cf_nobody, event->platform_fee);
    if (!cf_money_is_zero(event->tax)) {
        struct cf_id jurisdiction = cf_jurisdiction_id(event->tax_jurisdiction);
        cf_debit(entry, CF_POSTING_S2, CF_ACCOUNT_ESCROW, campaign, event->tax);
        cf_credit(entry, CF_POSTING_S2, CF_ACCOUNT_TAX, &jurisdiction, event->tax);
    }
    cf_debit(entry, CF_POSTING_S3, CF_ACCOUNT_ESCROW, campaign, rest);
    cf_credit(entry, CF_POSTING_S3, CF_ACCOUNT_RESERVE, &event->creator_id, event->reserve);
    cf_credit(entry, CF_POSTING_S3, CF_ACCOUNT_PAYABLE, &event->creator_id, event->payable);
}

/* One debit, one credit, in two accounts of a creator. */
static void cf_post_creator_pair(struct cf_entry *entry, enum cf_posting_row row,
                                 enum cf_account_kind debit, enum cf_account_kind credit,
                                 const struct cf_id *creator, struct cf_money amount)
{
    cf_debit(entry, row, debit, creator, amount);
    cf_credit(entry, row, credit, creator, amount);
}

static void cf_post_initiated(struct cf_entry *entry, const struct cf_event_payout_initiated *event)
{
    cf_post_creator_pair(entry, CF_POSTING_O1, CF_ACCOUNT_PAYABLE, CF_ACCOUNT_IN_TRANSIT,
                         &event->creator_id, event->amount);
    cf_debit(entry, CF_POSTING_O1, CF_ACCOUNT_CONNECTED, &event->creator_id, event->amount);
    cf_credit(entry, CF_POSTING_O1, CF_ACCOUNT_PSP_AVAILABLE, &cf_nobody, event->amount);
}

static void cf_post_reversed(struct cf_entry *entry, const struct cf_event_payout_reversed *event)
{
    if (!event->had_failed)
        cf_post_creator_pair(entry, CF_POSTING_O4, CF_ACCOUNT_IN_TRANSIT, CF_ACCOUNT_PAYABLE,
                             &event->creator_id, event->amount);
    cf_debit(entry, CF_POSTING_O4, CF_ACCOUNT_PSP_AVAILABLE, &cf_nobody, event->amount);
    cf_credit(entry, CF_POSTING_O4, CF_ACCOUNT_CONNECTED, &event->creator_id, event->amount);
}

static void cf_post_debt_recovered(struct cf_entry *entry,
                                   const struct cf_event_user_debt_recovered *event)
{
    enum cf_account_kind where =
        event->source == CF_RECOVERY_BANK ? CF_ACCOUNT_BANK : CF_ACCOUNT_PSP_AVAILABLE;
    cf_debit(entry, CF_POSTING_N2, where, &cf_nobody, event->amount);
    cf_credit(entry, CF_POSTING_N2, CF_ACCOUNT_RECEIVABLE, &event->user_id, event->amount);
}

static void cf_post_debt_written_off(struct cf_entry *entry,
                                     const struct cf_event_user_debt_written_off *event)
{
    cf_debit(entry, CF_POSTING_N3, CF_ACCOUNT_BAD_DEBT, &cf_nobody, event->amount);
    cf_credit(entry, CF_POSTING_N3, CF_ACCOUNT_RECEIVABLE, &event->user_id, event->amount);
}

/* -- By event ------------------------------------------------------------------------------- */

/* Each event that moves money: CF_POST(name, statement over `e`, its fields). */
#define CF_POST(name, statement)                                                                   \
    static void cf_post_event_##name(struct cf_entry *entry, const struct cf_event *event)         \
    {                                                                                              \
        const struct cf_event_##name *e = &event->name;                                            \
        entry->currency = e->currency;                                                             \
        statement;                                                                                 \
    }
/* clang-format off */
#define CF_POSTS(P) \
    P(pledge_placed, cf_post_committed(entry, &e->campaign_id, e->amount)) \
    P(pledge_committed, cf_post_committed(entry, &e->campaign_id, e->amount)) \
    P(pledge_authorized, cf_post_authorized(entry, e)) \
    P(pledge_payment_failed, cf_post_hold_gone(entry, &e->campaign_id, e->from_authorized, e->back_to_pledged)) \
    P(pledge_hold_lapsed, cf_post_hold_gone(entry, &e->campaign_id, e->amount, e->amount)) \
    P(pledge_captured, cf_post_captured(entry, e)) \
    P(pledge_fee_recorded, cf_post_fee_recorded(entry, e)) \
    P(pledge_funds_available, cf_post_pair(entry, CF_POSTING_P3, CF_ACCOUNT_PSP_AVAILABLE, CF_ACCOUNT_PSP_PENDING, e->amount)) \
    P(pledge_amended, cf_post_amended(entry, e)) \
    P(pledge_cancelled, cf_post_ended(entry, &e->campaign_id, e->from_pledged, e->from_authorized)) \
    P(pledge_dropped, cf_post_ended(entry, &e->campaign_id, e->from_pledged, e->from_authorized)) \
    P(pledge_released, cf_post_ended(entry, &e->campaign_id, e->from_pledged, e->from_authorized)) \
    P(pledge_refund_requested, cf_post_refund_requested(entry, e)) \
    P(pledge_refund_succeeded, cf_post_pair(entry, CF_POSTING_R2, CF_ACCOUNT_REFUNDS_PAYABLE, CF_ACCOUNT_PSP_AVAILABLE, e->amount)) \
    P(pledge_refund_failed, if (e->returned) cf_post_pair(entry, CF_POSTING_R3, CF_ACCOUNT_PSP_AVAILABLE, CF_ACCOUNT_REFUNDS_PAYABLE, e->amount)) \
    P(pledge_refund_paid_otherwise, cf_post_pair(entry, CF_POSTING_R2_OTHERWISE, CF_ACCOUNT_REFUNDS_PAYABLE, CF_ACCOUNT_BANK, e->amount)) \
    P(pledge_disputed, cf_post_disputed(entry, e)) \
    P(pledge_dispute_won, cf_post_dispute_won(entry, e)) \
    P(pledge_dispute_lost, cf_post_dispute_lost(entry, e)) \
    P(pledge_orphan_disputed, cf_post_withdrawn(entry, e->amount, e->fee)) \
    P(pledge_orphan_dispute_won, cf_post_reinstated(entry, e->amount, e->fee_returned)) \
    P(pledge_orphan_dispute_lost, cf_post_pair(entry, CF_POSTING_D4_PLATFORM, CF_ACCOUNT_DISPUTE_LOSS, CF_ACCOUNT_PSP_DISPUTED, e->amount)) \
    P(pledge_refund_covered, cf_post_pair(entry, CF_POSTING_R2_COVERED, CF_ACCOUNT_REFUNDS_PAYABLE, CF_ACCOUNT_DISPUTE_LOSS, e->amount)) \
    P(pledge_money_orphaned, cf_post_pair(entry, CF_POSTING_P1_ORPHAN, CF_ACCOUNT_PSP_PENDING, CF_ACCOUNT_REFUNDS_PAYABLE, e->amount)) \
    P(pledge_processor_fee_reimbursed, cf_post_reimbursed(entry, e)) \
    P(campaign_settled, cf_post_settled(entry, e)) \
    P(campaign_reserve_released, cf_post_creator_pair(entry, CF_POSTING_S4, CF_ACCOUNT_RESERVE, CF_ACCOUNT_PAYABLE, &e->creator_id, e->amount)) \
    P(payout_initiated, cf_post_initiated(entry, e)) \
    P(payout_paid, cf_post_creator_pair(entry, CF_POSTING_O2, CF_ACCOUNT_IN_TRANSIT, CF_ACCOUNT_CONNECTED, &e->creator_id, e->amount)) \
    P(payout_failed, cf_post_creator_pair(entry, CF_POSTING_O3, e->was_paid ? CF_ACCOUNT_CONNECTED : CF_ACCOUNT_IN_TRANSIT, CF_ACCOUNT_PAYABLE, &e->creator_id, e->amount)) \
    P(payout_retried, cf_post_creator_pair(entry, CF_POSTING_O3_RETRY, CF_ACCOUNT_PAYABLE, CF_ACCOUNT_IN_TRANSIT, &e->creator_id, e->amount)) \
    P(payout_reversed, cf_post_reversed(entry, e)) \
    P(user_balance_netted, cf_post_creator_pair(entry, CF_POSTING_N1, CF_ACCOUNT_PAYABLE, CF_ACCOUNT_RECEIVABLE, &e->user_id, e->amount)) \
    P(user_debt_recovered, cf_post_debt_recovered(entry, e)) \
    P(user_debt_written_off, cf_post_debt_written_off(entry, e)) \
    P(platform_topped_up, cf_post_pair(entry, CF_POSTING_T1, CF_ACCOUNT_PSP_AVAILABLE, CF_ACCOUNT_BANK, e->amount))
/* clang-format on */
CF_POSTS(CF_POST)
#undef CF_POST

typedef void cf_post_fn(struct cf_entry *entry, const struct cf_event *event);

enum {
#define CF_EVENT(number, name, stream) CF_NUMBER_##name = (number),
#include "core/event/events.def"
#undef CF_EVENT
};

static cf_post_fn *const cf_post_fns[CF_EVENT_NUMBER_LIMIT] = {
#define CF_POST(name, statement) [CF_NUMBER_##name] = cf_post_event_##name,
    CF_POSTS(CF_POST)
#undef CF_POST
};

/* Sum zero, whatever the event says. */
static enum cf_status cf_entry_check(const struct cf_entry *entry, const struct cf_event *event,
                                     struct cf_fault *reterr_fault)
{
    int64_t sum = 0;
    bool overflow = entry->overflow;
    for (size_t i = 0; i < entry->postings->count; i++)
        overflow |= __builtin_add_overflow(sum, entry->postings->lines[i].minor, &sum);
    if (overflow)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "postings do not fit", "%s",
                   cf_event_name((uint32_t)event->type));
    if (sum != 0)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "postings do not sum to zero", "%s: %lld",
                   cf_event_name((uint32_t)event->type), (long long)sum);
    return CF_OK;
}

enum cf_status cf_postings(const struct cf_event *event, struct cf_postings *ret_postings,
                           struct cf_fault *reterr_fault)
{
    ret_postings->count = 0;
    CF_ASSERT((size_t)event->type < CF_EVENT_NUMBER_LIMIT);
    cf_post_fn *post = cf_post_fns[event->type];
    if (post == NULL)
        return CF_OK;
    struct cf_entry entry = {.postings = ret_postings};
    post(&entry, event);
    return cf_entry_check(&entry, event, reterr_fault);
}

/* -- Balances ------------------------------------------------------------------------------- */

static const int8_t cf_account_sides[CF_ACCOUNT_KIND_LIMIT] = {
    [CF_ACCOUNT_PSP_DISPUTED] = 1,     [CF_ACCOUNT_CONNECTED] = 1,
    [CF_ACCOUNT_RECEIVABLE] = 1,       [CF_ACCOUNT_ESCROW] = -1,
    [CF_ACCOUNT_PAYABLE] = -1,         [CF_ACCOUNT_RESERVE] = -1,
    [CF_ACCOUNT_DISPUTE_HOLD] = -1,    [CF_ACCOUNT_IN_TRANSIT] = -1,
    [CF_ACCOUNT_REFUNDS_PAYABLE] = -1, [CF_ACCOUNT_TAX] = -1,
    [CF_ACCOUNT_MEMO_PLEDGED] = 1,     [CF_ACCOUNT_MEMO_AUTHORIZED] = 1,
};

int cf_account_side(enum cf_account_kind kind)
{
    CF_ASSERT(kind > 0 && kind < CF_ACCOUNT_KIND_LIMIT);
    return cf_account_sides[kind];
}

static enum cf_status cf_balance_fault(const struct cf_account *account, const char *text,
                                       struct cf_fault *reterr_fault)
{
    char name[CF_ACCOUNT_TEXT_SIZE];
    cf_account_print(account, name);
    CF_FAIL_ON(reterr_fault, CF_CORRUPT, text, "%s", name);
}

/* True for the last line that goes to its account: what is then in it counts. */
static bool cf_is_last_line(const struct cf_postings *postings, size_t at)
{
    for (size_t i = at + 1; i < postings->count; i++)
        if (cf_account_equal(&postings->lines[i].account, &postings->lines[at].account))
            return false;
    return true;
}

enum cf_status cf_postings_apply(struct cf_book *book, const struct cf_postings *postings,
                                 struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < postings->count; i++) {
        const struct cf_account *account = &postings->lines[i].account;
        int side = cf_account_sides[account->kind];
        int64_t minor = book->ops->balance(book, account);
        if (__builtin_add_overflow(minor, postings->lines[i].minor, &minor))
            return cf_balance_fault(account, "a balance does not fit", reterr_fault);
        if (((side > 0 && minor < 0) || (side < 0 && minor > 0)) && cf_is_last_line(postings, i))
            return cf_balance_fault(account, "a balance is on the wrong side", reterr_fault);
        book->ops->balance_set(book, account, minor);
    }
    return CF_OK;
}

static const char *const labels[] = {
#define CF_POSTING_ROW(name, label, sentence) [CF_POSTING_##name] = label,
#include "core/journal/posting_rows.def"
#undef CF_POSTING_ROW
};

const char *cf_posting_row_label(enum cf_posting_row row)
{
    CF_ASSERT(row > CF_POSTING_NONE && row < CF_POSTING_ROW_LIMIT);
    return labels[row];
}
