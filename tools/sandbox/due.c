/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What falls due: each row says "<action> <id>", and each happens in a transaction of its own, in
 * the order of time and as of the moment when it was due: a clock that jumps skips nothing.
 */
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

static const struct action {
    const char *name;
    void (*run)(struct cf_call *call, const char *rest);
} actions[] = {
    {"available", cf_transaction_becomes_available},
    {"deliver", cf_sandbox_deliver},
    {"dispute", cf_charge_brings_dispute},
    {"hold", cf_payment_intent_hold_ends},
    {"payout", cf_payout_moves_on},
    {"refund", cf_refund_moves_on},
};

/* Does the next due thing; false when there is none, or the store fails. */
static bool run_one(struct cf_sandbox *sandbox, struct cf_buf *what)
{
    struct cf_call call;
    struct cf_fault fault = {0};
    if (cf_sandbox_call_begin(sandbox, &call, &fault) != CF_OK) {
        fprintf(stderr, "coffer sandbox: %s %s\n", fault.text, fault.detail);
        return false;
    }
    int64_t due = cf_store_due_next(sandbox->store);
    if (due == 0 || !cf_store_due_take(sandbox->store, call.now, what)) {
        cf_store_abort(sandbox->store);
        return false;
    }
    call.now = due;
    char *rest = strchr((char *)what->data, ' ');
    if (rest != NULL)
        *rest++ = '\0';
    for (size_t i = 0; i < sizeof actions / sizeof actions[0] && rest != NULL; i++) {
        if (strcmp(actions[i].name, (char *)what->data) == 0)
            actions[i].run(&call, rest);
    }
    cf_json_destroy(call.answer);
    if (cf_store_commit(sandbox->store, &fault) == CF_OK)
        return true;
    fprintf(stderr, "coffer sandbox: %s %s\n", fault.text, fault.detail);
    return false;
}

void cf_sandbox_due_run(struct cf_sandbox *sandbox)
{
    struct cf_buf what;
    cf_buf_init(&what, 1024);
    bool in_order = sandbox->options.in_order;
    while ((!in_order || sandbox->next_asked) && run_one(sandbox, &what))
        sandbox->next_asked = false;
    sandbox->next_asked = false;
    cf_buf_clean_up(&what);
}
