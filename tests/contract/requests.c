/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints every request that the Stripe adapter can send, one JSON object a line: {name, method, path,
 * body}. test_requests.py holds them against the provider's own schema.
 */
#include "commands/gateway/stripe_form.h"
#include "core/base/assert.h"
#include "core/json_value.h"

#include <stdio.h>

static struct cf_id id_of(uint8_t byte)
{
    struct cf_id id = {{0}};
    memset(id.bytes, byte, sizeof id.bytes);
    return id;
}

static void print(const char *name, const struct cf_stripe_http *http)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *line = cf_json_object();
    struct cf_buf body, text;
    cf_buf_init(&body, 1 << 16);
    cf_buf_init(&text, 1 << 16);
    CF_ASSERT(cf_buf_append(&body, cf_buf_bytes(&http->body)) == CF_OK);
    CF_ASSERT(cf_buf_terminate(&body) == CF_OK);
    cf_json_set_text(line, "name", name);
    cf_json_set_text(line, "method", http->method);
    cf_json_set_text(line, "path", (const char *)http->path.data);
    cf_json_set_text(line, "body", (const char *)body.data);
    CF_ASSERT(cf_json_print(line, &text) == CF_OK && cf_buf_terminate(&text) == CF_OK);
    puts((const char *)text.data);
    cf_buf_clean_up(&body);
    cf_buf_clean_up(&text);
}

static void dump(const char *name, struct cf_port_request request)
{
    struct cf_stripe_http http;
    char search[80];
    snprintf(request.key, sizeof request.key, "key-of-%s", name);
    request.asked_at_us = INT64_C(1700000000000000);
    CF_ASSERT(cf_stripe_write(&request, &http) == CF_OK);
    print(name, &http);
    cf_stripe_http_clean_up(&http);
    if (cf_stripe_write_search(&request, &http) != CF_OK)
        return;
    snprintf(search, sizeof search, "search_%s", name);
    print(search, &http);
    cf_stripe_http_clean_up(&http);
}

/* Everything that any operation may carry; each takes what it needs. */
static struct cf_port_request full(enum cf_port_operation operation)
{
    return (struct cf_port_request){.operation = operation,
                                    .user_id = id_of(1),
                                    .campaign_id = id_of(2),
                                    .pledge_id = id_of(3),
                                    .refund_id = id_of(4),
                                    .payout_id = id_of(5),
                                    .currency = CF_CURRENCY_EUR,
                                    .amount = cf_money_of(1999),
                                    .reason = CF_REFUND_REASON_CAMPAIGN_CANCELLED,
                                    .customer = "cus_1",
                                    .payment_method = "pm_1",
                                    .intent = "pi_1",
                                    .charge = "ch_1",
                                    .account = "acct_1",
                                    .transfer = "tr_1",
                                    .country = "DE",
                                    .return_url = "https://coffer.example/back?a=b&c=d"};
}

static void dump_payments(void)
{
    for (int variant = 0; variant < 8; variant++) {
        struct cf_port_request request = full(CF_PORT_PAY);
        char name[40];
        request.hold = (variant & 1) != 0;
        request.off_session = (variant & 2) != 0;
        request.keep_card = (variant & 4) != 0;
        snprintf(name, sizeof name, "pay_%d", variant);
        dump(name, request);
    }
    struct cf_port_request yen = full(CF_PORT_PAY);
    yen.currency = CF_CURRENCY_JPY;
    dump("pay_yen", yen);
    yen.currency = CF_CURRENCY_ISK;
    dump("pay_krona", yen);
    yen.currency = CF_CURRENCY_KWD;
    yen.amount = cf_money_of(5120);
    dump("pay_dinar", yen);
}

static void dump_refunds(void)
{
    for (uint32_t reason = 0; reason < cf_choices_refund_reason.count; reason++) {
        struct cf_port_request request = full(CF_PORT_REFUND);
        char name[40];
        request.reason = (enum cf_refund_reason)reason;
        snprintf(name, sizeof name, "refund_%u", reason);
        dump(name, request);
    }
}

static void dump_looks(void)
{
    static const char *const objects[] = {"pi_1", "seti_1", "ch_1",  "re_1",  "po_1", "dp_1",
                                          "tr_1", "acct_1", "cus_1", "evt_1", "txn_1"};
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        struct cf_port_request request = full(CF_PORT_LOOK);
        char name[40];
        request.object = objects[i];
        snprintf(name, sizeof name, "look_%s", objects[i]);
        dump(name, request);
    }
}

int main(void)
{
    dump("make_customer", full(CF_PORT_MAKE_CUSTOMER));
    dump("make_account", full(CF_PORT_MAKE_ACCOUNT));
    dump("save_card", full(CF_PORT_SAVE_CARD));
    dump_payments();
    dump("capture", full(CF_PORT_CAPTURE));
    dump("void", full(CF_PORT_VOID));
    dump_refunds();
    dump("transfer", full(CF_PORT_TRANSFER));
    dump("reverse", full(CF_PORT_REVERSE));
    dump("pay_out", full(CF_PORT_PAY_OUT));
    dump_looks();
    struct cf_port_request list = full(CF_PORT_LIST_EVENTS);
    dump("list_events", list);
    list.since_s = 1700000000;
    list.after = "evt_1";
    dump("list_events_on", list);
    return 0;
}
