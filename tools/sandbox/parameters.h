/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SANDBOX_PARAMETERS_H
#define CF_TOOLS_SANDBOX_PARAMETERS_H

/*
 * What an endpoint takes, as one line of data (endpoints.def):
 *
 *     "amount!:i currency:n capture_method:(automatic|manual) metadata:m a.b!:b description:t22 expand:l"
 *
 * Names are paths. `!` means required (below a parent: when the parent is given). Types:
 *
 *     i integer          b boolean          f boolean, or how often one is off session
 *     t text             n text that cannot be unset; a number behind either is the most characters
 *     (x|y) one of       l list of texts, l(x|y) of some texts
 *     m map of texts     k map that cannot be unset
 *     r integer or a range of {gt,gte,lt,lte}
 *     p parent: what lies below it is listed by itself
 *
 * An empty value unsets and becomes null: of a text, a map, a parent, and of one of several where nothing is
 * among them, as in (x|y|). Elsewhere it is refused.
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
