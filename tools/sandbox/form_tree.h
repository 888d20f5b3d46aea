/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SANDBOX_FORM_TREE_H
#define CF_TOOLS_SANDBOX_FORM_TREE_H

/*
 * Form parameters as a tree: `a[b]=1&c[0]=x&c[1]=y&d[]=z` becomes
 * {"a":{"b":"1"},"c":{"0":"x","1":"y"},"d":{"0":"z"}}. Pure. All leaves are texts. parameters.h gives them
 * types, and only there it is known whether a number is a key or a place in a list.
 */

#include "api/form.h"
#include "core/json_value.h"

/* INVALID when a name is malformed, goes deeper than 8 levels, or stands for two different things. */
CF_MUST_CHECK enum cf_status cf_form_tree_parse(const struct cf_form *form,
                                                struct cf_json **ret_tree,
                                                struct cf_fault *reterr_fault);

#endif
