/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sandbox/sandbox_internal.h"

void cf_sandbox_customer_create(struct cf_call *call)
{
    const char *method_id = cf_call_text(call, "payment_method");
    const struct cf_json *method =
        method_id == NULL ? NULL : cf_payment_method_resolve(call, method_id, "payment_method");
    if (call->status != 0)
        return;
    struct cf_json *customer = cf_call_make(call, call->account, "customer", "cus");
    cf_call_take(call, customer, "email name phone description address shipping metadata");
    if (method != NULL && !cf_payment_method_attach(call, method, cf_json_text_at(customer, "id")))
        return;
    cf_call_emit(call, call->account, "customer.created", customer);
    cf_call_answer(call, customer);
}

void cf_sandbox_customer_list(struct cf_call *call)
{
    cf_call_answer_list(call, "customer");
}

/* A deleted one is told of, too. */
void cf_sandbox_customer_get(struct cf_call *call)
{
    const struct cf_json *customer = cf_store_find(call->store, call->account, call->id);
    if (!cf_json_is_true(cf_json_get(customer, "deleted")))
        customer = cf_call_fetch(call, "customer", call->id, "id");
    if (customer != NULL)
        cf_call_answer(call, customer);
}

void cf_sandbox_customer_update(struct cf_call *call)
{
    struct cf_json *customer = cf_call_edit(call, "customer", call->id, "id");
    const char *method = cf_call_text(call, "invoice_settings.default_payment_method");
    if (customer == NULL ||
        (method != NULL && cf_call_fetch(call, "payment_method", method,
                                         "invoice_settings[default_payment_method]") == NULL))
        return;
    cf_call_take(call, customer, "email name phone description address shipping metadata");
    if (method != NULL)
        cf_json_set_text(cf_json_get(customer, "invoice_settings"), "default_payment_method",
                         method);
    cf_call_emit(call, call->account, "customer.updated", customer);
    cf_call_answer(call, customer);
}

void cf_sandbox_customer_delete(struct cf_call *call)
{
    const struct cf_json *customer = cf_call_fetch(call, "customer", call->id, "id");
    if (customer == NULL)
        return;
    struct cf_json *left = cf_json_object();
    cf_json_set_text(left, "id", call->id);
    cf_json_set_text(left, "object", "customer");
    cf_json_set_bool(left, "deleted", true);
    cf_call_emit(call, call->account, "customer.deleted", customer);
    cf_store_remove(call->store, call->id);
    cf_call_answer(call, cf_store_add(call->store, call->account, left));
}

void cf_sandbox_customer_payment_methods(struct cf_call *call)
{
    if (cf_call_fetch(call, "customer", call->id, "customer") == NULL)
        return;
    cf_json_set_text(call->params, "customer", call->id);
    cf_call_answer_list(call, "payment_method");
}
