/* SPDX-License-Identifier: Apache-2.0 */
/* What every book shares: the rows' sizes, tokens, and the ids that are nobody's. */
#include "core/aggregate/book.h"

#include "core/aggregate/campaign.h"
#include "core/aggregate/deferred.h"
#include "core/aggregate/ledger.h"
#include "core/aggregate/payout.h"
#include "core/aggregate/pledge.h"
#include "core/aggregate/user.h"
#include "core/base/assert.h"

#define CF_WELL_KNOWN(last)                                                                        \
    {                                                                                              \
        .bytes = { [CF_ID_SIZE - 1] = (last), [6] = 0x80, [8] = 0x80 }                             \
    }

const struct cf_id CF_LEDGER_STREAM = CF_WELL_KNOWN(1);
const struct cf_id CF_PROVIDER_STREAM = CF_WELL_KNOWN(2);
const struct cf_id CF_ACTOR_SYSTEM = CF_WELL_KNOWN(16);
const struct cf_id CF_ACTOR_GATEWAY = CF_WELL_KNOWN(17);
const struct cf_id CF_ACTOR_KEEPER = CF_WELL_KNOWN(18);
const struct cf_id CF_ACTOR_OPERATOR = CF_WELL_KNOWN(19);

size_t cf_row_size(enum cf_row_kind kind)
{
    switch (kind) {
    case CF_ROW_USER:
        return sizeof(struct cf_user);
    case CF_ROW_CAMPAIGN:
        return sizeof(struct cf_campaign);
    case CF_ROW_REWARD:
        return sizeof(struct cf_reward);
    case CF_ROW_PLEDGE:
        return sizeof(struct cf_pledge);
    case CF_ROW_REFUND:
        return sizeof(struct cf_refund);
    case CF_ROW_PAYOUT:
        return sizeof(struct cf_payout);
    case CF_ROW_CARD:
        return sizeof(struct cf_card);
    case CF_ROW_BACKING:
        return sizeof(struct cf_backing);
    case CF_ROW_LEDGER:
        return sizeof(struct cf_ledger);
    case CF_ROW_CREATOR:
        return sizeof(struct cf_creator);
    case CF_ROW_SETTLEMENT:
        return sizeof(struct cf_settlement);
    case CF_ROW_DEFERRED:
        return sizeof(struct cf_deferred);
    case CF_ROW_REWARD_BACKING:
        return sizeof(struct cf_reward_backing);
    case CF_ROW_KIND_LIMIT:
        break;
    }
    CF_UNREACHABLE();
}

bool cf_token_set(struct cf_token *token, struct cf_bytes text)
{
    if (text.size >= sizeof token->text)
        return false;
    /* By way of a copy: the text may be the token's own, as when a decider says it again. */
    struct cf_token copy = {{0}};
    if (text.size > 0)
        memcpy(copy.text, text.data, text.size);
    *token = copy;
    return true;
}

struct cf_id cf_id_of_number(uint64_t number)
{
    struct cf_id id = {0};
    for (int i = 0; i < 8; i++)
        id.bytes[CF_ID_SIZE - 1 - i] = (uint8_t)(number >> (8 * i));
    return id;
}
