/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/stripe_form.h"

#include <ctype.h>
#include <stdio.h>

#define BODY_SIZE_MAX ((size_t)16 << 10)
#define PATH_SIZE_MAX ((size_t)2048)

/* A form being written; the first failure sticks. */
struct form {
    struct cf_buf *buf;
    char separator; /* before the next pair; 0 for none */
    enum cf_status status;
};

static void append_escaped(struct form *form, const char *text)
{
    static const char kept[] = "-._~[]";
    for (; *text != '\0' && form->status == CF_OK; text++) {
        if (isalnum((unsigned char)*text) || strchr(kept, *text) != NULL)
            form->status = cf_buf_append_byte(form->buf, (uint8_t)*text);
        else
            form->status = cf_buf_append_format(form->buf, "%%%02X", (unsigned char)*text);
    }
}

/* Nothing is written for a value that is not there. */
static void put(struct form *form, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0' || form->status != CF_OK)
        return;
    if (form->separator != '\0')
        form->status = cf_buf_append_byte(form->buf, (uint8_t)form->separator);
    form->separator = '&';
    append_escaped(form, name);
    if (form->status == CF_OK)
        form->status = cf_buf_append_byte(form->buf, '=');
    append_escaped(form, value);
}

static void put_id(struct form *form, const char *name, struct cf_id id)
{
    char text[CF_ID_TEXT_SIZE];
    if (cf_id_is_zero(id))
        return;
    cf_id_print(id, text);
    put(form, name, text);
}

static void put_integer(struct form *form, const char *name, int64_t integer)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)integer);
    put(form, name, digits);
}

static void put_money(struct form *form, const char *name, const struct cf_port_request *request,
                      enum cf_amount_use use)
{
    int64_t amount = 0;
    if (form->status == CF_OK)
        form->status = cf_currency_to_stripe(request->currency, use, request->amount, &amount);
    put_integer(form, name, amount);
}

static void put_currency(struct form *form, const struct cf_port_request *request)
{
    char letters[4] = "";
    const char *upper = cf_currency_letters(request->currency);
    for (int i = 0; i < 3; i++)
        letters[i] = (char)tolower((unsigned char)upper[i]);
    put(form, "currency", letters);
}

static void put_group(struct form *form, const struct cf_port_request *request)
{
    char group[64] = "campaign_";
    if (cf_id_is_zero(request->campaign_id))
        return;
    cf_id_print(request->campaign_id, group + strlen(group));
    put(form, "transfer_group", group);
}

/* What ties the provider's objects to ours. */
static void put_metadata(struct form *form, const struct cf_port_request *request)
{
    put_id(form, "metadata[user_id]", request->user_id);
    put_id(form, "metadata[campaign_id]", request->campaign_id);
    put_id(form, "metadata[pledge_id]", request->pledge_id);
    put_id(form, "metadata[refund_id]", request->refund_id);
    put_id(form, "metadata[payout_id]", request->payout_id);
    put(form, "metadata[request_key]", request->key);
}

static const char *refund_reason(enum cf_refund_reason reason)
{
    switch (reason) {
    case CF_REFUND_REASON_DUPLICATE:
        return "duplicate";
    case CF_REFUND_REASON_FRAUDULENT:
        return "fraudulent";
    case CF_REFUND_REASON_REQUESTED_BY_BACKER:
    case CF_REFUND_REASON_CAMPAIGN_CANCELLED:
    case CF_REFUND_REASON_ORPHANED_MONEY:
    case CF_REFUND_REASON_GOODWILL:
        return "requested_by_customer";
    case CF_REFUND_REASON_NONE:
        return NULL;
    }
    return NULL;
}

static void write_payment(struct form *form, const struct cf_port_request *request)
{
    put_money(form, "amount", request, CF_AMOUNT_CHARGE);
    put_currency(form, request);
    put(form, "customer", request->customer);
    put(form, "payment_method", request->payment_method);
    put(form, "payment_method_types[0]", "card");
    put(form, "confirm", "true");
    put(form, "capture_method", request->hold ? "manual" : "automatic");
    put(form, "off_session", request->off_session ? "true" : NULL);
    put(form, "setup_future_usage", request->keep_card ? "off_session" : NULL);
    put(form, "return_url", request->off_session ? NULL : request->return_url);
    put_group(form, request);
    put_metadata(form, request);
    put(form, "expand[0]", "latest_charge.balance_transaction");
}

static void write_account(struct form *form, const struct cf_port_request *request)
{
    put(form, "type", "express");
    put(form, "country", request->country);
    put(form, "capabilities[transfers][requested]", "true");
    put(form, "capabilities[card_payments][requested]", "true");
    put(form, "settings[payouts][schedule][interval]", "manual");
    put_metadata(form, request);
}

/* The body of a POST; the query of a GET. */
static void write_fields(struct form *form, const struct cf_port_request *request)
{
    switch (request->operation) {
    case CF_PORT_MAKE_CUSTOMER:
        put_metadata(form, request);
        break;
    case CF_PORT_MAKE_ACCOUNT:
        write_account(form, request);
        break;
    case CF_PORT_SAVE_CARD:
        put(form, "customer", request->customer);
        put(form, "payment_method", request->payment_method);
        put(form, "payment_method_types[0]", "card");
        put(form, "usage", "off_session");
        put(form, "confirm", "true");
        put(form, "return_url", request->return_url);
        put_metadata(form, request);
        break;
    case CF_PORT_PAY:
        write_payment(form, request);
        break;
    case CF_PORT_CAPTURE:
        put_money(form, "amount_to_capture", request, CF_AMOUNT_CHARGE);
        put(form, "expand[0]", "latest_charge.balance_transaction");
        break;
    case CF_PORT_VOID:
        put(form, "cancellation_reason", "requested_by_customer");
        break;
    case CF_PORT_REFUND:
        put(form, "charge", request->charge);
        put_money(form, "amount", request, CF_AMOUNT_CHARGE);
        put(form, "reason", refund_reason(request->reason));
        put_metadata(form, request);
        break;
    case CF_PORT_TRANSFER:
        put_money(form, "amount", request, CF_AMOUNT_CHARGE);
        put_currency(form, request);
        put(form, "destination", request->account);
        put_group(form, request);
        put_metadata(form, request);
        break;
    case CF_PORT_REVERSE:
        put_money(form, "amount", request, CF_AMOUNT_CHARGE);
        put_metadata(form, request);
        break;
    case CF_PORT_PAY_OUT:
        put_money(form, "amount", request, CF_AMOUNT_PAYOUT);
        put_currency(form, request);
        put_metadata(form, request);
        break;
    case CF_PORT_LOOK:
        if (strncmp(request->object, "pi_", 3) == 0)
            put(form, "expand[0]", "latest_charge.balance_transaction");
        else if (strncmp(request->object, "ch_", 3) == 0)
            put(form, "expand[0]", "balance_transaction");
        break;
    case CF_PORT_LIST_EVENTS:
        put_integer(form, "limit", 100);
        put_integer(form, "created[gte]", request->since_s);
        put(form, "starting_after", request->after);
        break;
    case CF_PORT_OPERATION_COUNT:
        form->status = CF_INVALID;
        break;
    }
}

/* Where an object of ours is found, by the beginning of its id. */
static const char *folder_of(const char *object)
{
    static const struct {
        const char *prefix, *folder;
    } folders[] = {{"pi_", "payment_intents"},
                   {"seti_", "setup_intents"},
                   {"ch_", "charges"},
                   {"re_", "refunds"},
                   {"pyr_", "refunds"},
                   {"po_", "payouts"},
                   {"dp_", "disputes"},
                   {"du_", "disputes"},
                   {"tr_", "transfers"},
                   {"acct_", "accounts"},
                   {"cus_", "customers"},
                   {"evt_", "events"},
                   {"txn_", "balance_transactions"}};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (strncmp(object, folders[i].prefix, strlen(folders[i].prefix)) == 0)
            return folders[i].folder;
    }
    return NULL;
}

/* Ids go into paths: nothing in them may leave their place. */
static bool is_name(const char *name)
{
    return name != NULL && name[0] != '\0' && strlen(name) < CF_PORT_NAME_SIZE &&
           name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")] ==
               '\0';
}

static enum cf_status write_path(const struct cf_port_request *request, struct cf_buf *path)
{
    const char *name = NULL, *format = NULL;
    switch (request->operation) {
    case CF_PORT_MAKE_CUSTOMER:
        return cf_buf_append_text(path, "/v1/customers");
    case CF_PORT_MAKE_ACCOUNT:
        return cf_buf_append_text(path, "/v1/accounts");
    case CF_PORT_SAVE_CARD:
        return cf_buf_append_text(path, "/v1/setup_intents");
    case CF_PORT_PAY:
        return cf_buf_append_text(path, "/v1/payment_intents");
    case CF_PORT_REFUND:
        return cf_buf_append_text(path, "/v1/refunds");
    case CF_PORT_TRANSFER:
        return cf_buf_append_text(path, "/v1/transfers");
    case CF_PORT_PAY_OUT:
        return cf_buf_append_text(path, "/v1/payouts");
    case CF_PORT_LIST_EVENTS:
        return cf_buf_append_text(path, "/v1/events");
    case CF_PORT_CAPTURE:
    case CF_PORT_VOID:
        name = request->intent;
        format = request->operation == CF_PORT_CAPTURE ? "capture" : "cancel";
        break;
    case CF_PORT_REVERSE:
        name = request->transfer;
        break;
    case CF_PORT_LOOK:
        name = request->object;
        break;
    case CF_PORT_OPERATION_COUNT:
        return CF_INVALID;
    }
    if (!is_name(name))
        return CF_INVALID;
    if (request->operation == CF_PORT_REVERSE)
        return cf_buf_append_format(path, "/v1/transfers/%s/reversals", name);
    if (format != NULL)
        return cf_buf_append_format(path, "/v1/payment_intents/%s/%s", name, format);
    const char *folder = folder_of(name);
    return folder == NULL ? CF_INVALID : cf_buf_append_format(path, "/v1/%s/%s", folder, name);
}

static void begin(struct cf_stripe_http *http, const char *method, const char *account)
{
    *http = (struct cf_stripe_http){.method = method};
    cf_buf_init(&http->path, PATH_SIZE_MAX);
    cf_buf_init(&http->body, BODY_SIZE_MAX);
    if (is_name(account))
        memcpy(http->account, account, strlen(account) + 1);
}

void cf_stripe_http_clean_up(struct cf_stripe_http *http)
{
    cf_buf_clean_up(&http->path);
    cf_buf_clean_up(&http->body);
}

/* On whose behalf: only what happens inside a connected account names it. */
static const char *account_of(const struct cf_port_request *request)
{
    bool inside = request->operation == CF_PORT_PAY_OUT ||
                  (request->operation == CF_PORT_LOOK && request->account != NULL &&
                   strncmp(request->object, "acct_", 5) != 0) ||
                  request->operation == CF_PORT_LIST_EVENTS;
    return inside ? request->account : NULL;
}

enum cf_status cf_stripe_write(const struct cf_port_request *request,
                               struct cf_stripe_http *ret_http)
{
    bool get = request->operation == CF_PORT_LOOK || request->operation == CF_PORT_LIST_EVENTS;
    struct cf_stripe_http http;
    begin(&http, get ? "GET" : "POST", account_of(request));
    struct form form = {.buf = get ? &http.path : &http.body, .separator = get ? '?' : '\0'};
    form.status = write_path(request, &http.path);
    if (form.status == CF_OK)
        write_fields(&form, request);
    if (form.status == CF_OK)
        form.status = cf_buf_terminate(&http.path);
    if (form.status != CF_OK)
        cf_stripe_http_clean_up(&http);
    else
        *ret_http = http;
    return form.status;
}

enum cf_status cf_stripe_write_search(const struct cf_port_request *request,
                                      struct cf_stripe_http *ret_http)
{
    struct cf_stripe_http http;
    bool payout = request->operation == CF_PORT_PAY_OUT;
    begin(&http, "GET", payout ? request->account : NULL);
    struct form form = {.buf = &http.path, .separator = '?'};
    if (request->operation == CF_PORT_PAY) {
        form.status = cf_buf_append_text(&http.path, "/v1/payment_intents");
        put(&form, "customer", request->customer);
        put(&form, "expand[0]", "data.latest_charge.balance_transaction");
    } else if (request->operation == CF_PORT_REFUND) {
        form.status = cf_buf_append_text(&http.path, "/v1/refunds");
        put(&form, "charge", request->charge);
    } else if (request->operation == CF_PORT_TRANSFER) {
        form.status = cf_buf_append_text(&http.path, "/v1/transfers");
        put_group(&form, request);
    } else if (request->operation == CF_PORT_REVERSE) {
        form.status = write_path(request, &http.path);
    } else if (payout) {
        form.status = cf_buf_append_text(&http.path, "/v1/payouts");
    } else {
        cf_stripe_http_clean_up(&http);
        return CF_NOT_FOUND;
    }
    put_integer(&form, "limit", 100);
    if (request->operation != CF_PORT_REVERSE)
        put_integer(&form, "created[gte]", request->asked_at_us / 1000000 - 60);
    if (form.status == CF_OK)
        form.status = cf_buf_terminate(&http.path);
    if (form.status != CF_OK)
        cf_stripe_http_clean_up(&http);
    else
        *ret_http = http;
    return form.status;
}

enum cf_status cf_stripe_write_after(struct cf_stripe_http *http, const char *after)
{
    static const char parameter[] = "&starting_after=";
    if (!is_name(after))
        return CF_INVALID;
    const char *before = strstr((const char *)http->path.data, parameter);
    if (before != NULL)
        http->path.size = (size_t)(before - (const char *)http->path.data);
    CF_TRY(cf_buf_append_text(&http->path, parameter));
    CF_TRY(cf_buf_append_text(&http->path, after));
    return cf_buf_terminate(&http->path);
}
