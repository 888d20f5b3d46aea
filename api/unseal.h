/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_UNSEAL_H
#define CF_API_UNSEAL_H

/*
 * How an answer's sealed texts are opened: all at once, by the keeper. A text whose subject was erased
 * stays null.
 *
 *     struct cf_unseal unseal = {.keeper = keeper};
 *     cf_query_campaigns(…, cf_unsealer(&unseal), …);
 *     cf_unseal_clean_up(&unseal);
 */

#include "eventstore/keeper_client.h"
#include "projections/query.h"

struct cf_unseal {
    struct cf_keeper_client *keeper;   /* borrowed */
    struct cf_query_unsealer unsealer; /* filled by cf_unsealer */
    struct cf_buf clear;
};

const struct cf_query_unsealer *cf_unsealer(struct cf_unseal *unseal);
void cf_unseal_clean_up(struct cf_unseal *unseal);

#endif
