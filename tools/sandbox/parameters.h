/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SANDBOX_PARAMETERS_H
#define CF_TOOLS_SANDBOX_PARAMETERS_H

/*
 * What an endpoint takes, as one line of data (endpoints.def):
 *
 *     "amount!:i currency!:t capture_method:(automatic|manual) metadata:m shipping:o a.b!:b
 * expand:l"
 *
 * Names are paths. `!` means required (below a parent: when the parent is given). Types: i integer,
 * b boolean, t text, (x|y) one of, l list of texts, m map of texts, r an integer or a range of
 * {gt,gte,lt,lte}, f a boolean or a text, o anything. An empty value unsets and is kept as null.
 */

#include "core/json_value.h"

struct cf_parameter_refusal {
    const char *code; /* Stripe's error code; static; NULL for none */
    char parameter[160];
    char message[400];
};

/* Gives the tree's leaves their types. False, with the reason, when the endpoint would refuse. */
bool cf_parameters_check(const char *specification, struct cf_json *tree,
                         struct cf_parameter_refusal *ret_refusal);

#endif
