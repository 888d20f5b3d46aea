/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages that the provider shows to people: its card form, the bank's 3-D Secure page,
 * onboarding. A page is a file with {{names}}, whose values are escaped.
 */
#include "core/base/assert.h"
#include "core/base/embedded.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

#define PAGE_SIZE_MAX ((size_t)64 << 10)

extern const struct cf_embedded cf_sandbox_pages[];

/* A name on a page and what stands for it. */
struct slot {
    const char *name;
    const char *value; /* NULL for nothing */
    bool markup;       /* already safe */
};

static void append_escaped(struct cf_buf *page, const char *text)
{
    static const char special[] = "&<>\"'";
    static const char *const escaped[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    for (; *text != '\0'; text++) {
        const char *found = strchr(special, *text);
        enum cf_status status = found == NULL ? cf_buf_append_byte(page, (uint8_t)*text)
                                              : cf_buf_append_text(page, escaped[found - special]);
        CF_ASSERT(status == CF_OK);
    }
}

static void append_slot(struct cf_buf *page, const char *name, size_t size,
                        const struct slot *slots, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(slots[i].name) != size || memcmp(slots[i].name, name, size) != 0 ||
            slots[i].value == NULL)
            continue;
        if (slots[i].markup)
            CF_ASSERT(cf_buf_append_text(page, slots[i].value) == CF_OK);
        else
            append_escaped(page, slots[i].value);
    }
}

static void answer_page(struct cf_call *call, const char *file, const struct slot *slots,
                        size_t count)
{
    const struct cf_embedded *found = cf_sandbox_pages;
    while (strstr(found->name, file) == NULL)
        found++; /* a page that is not there is a bug, and ends at the NULL name */
    const char *at = (const char *)found->bytes.data;
    struct cf_buf page;
    cf_buf_init(&page, PAGE_SIZE_MAX);
    for (const char *open; (open = strstr(at, "{{")) != NULL;) {
        const char *close = strstr(open, "}}");
        CF_ASSERT(close != NULL);
        CF_ASSERT(cf_buf_append(&page, cf_bytes_from(at, (size_t)(open - at))) == CF_OK);
        append_slot(&page, open + 2, (size_t)(close - open - 2), slots, count);
        at = close + 2;
    }
    CF_ASSERT(cf_buf_append_text(&page, at) == CF_OK && cf_buf_terminate(&page) == CF_OK);
    cf_call_answer_taken(call, cf_json_from_text((const char *)page.data));
    call->html = true;
    cf_buf_clean_up(&page);
}

static bool is_web_url(const char *url)
{
    return url != NULL && (strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0);
}

/* Sends the browser back, with one more parameter in the address. */
static void answer_redirect(struct cf_call *call, const char *url, const char *name,
                            const char *value)
{
    snprintf(call->location, sizeof call->location, "%.900s%c%s=%s", url,
             strchr(url, '?') == NULL ? '?' : '&', name, value);
    cf_call_answer_taken(call, cf_json_from_text(""));
    call->html = true;
}

/* The card form. */

static void answer_card_form(struct cf_call *call, const char *error)
{
    struct cf_buf cards;
    cf_buf_init(&cards, PAGE_SIZE_MAX / 2);
    for (size_t i = 0; i < cf_card_count; i++)
        CF_ASSERT(cf_buf_append_format(&cards, "<option value=\"%s\">%s</option>",
                                       cf_cards[i].number,
                                       cf_cards[i].name + sizeof "pm_card_" - 1) == CF_OK);
    CF_ASSERT(cf_buf_terminate(&cards) == CF_OK);
    const struct slot slots[] = {
        {"return_url", cf_call_text(call, "return_url"), false},
        {"origin", cf_call_text(call, "origin"), false},
        {"error", error, false},
        {"cards", (const char *)cards.data, true},
    };
    answer_page(call, "card_form.html", slots, sizeof slots / sizeof slots[0]);
    cf_buf_clean_up(&cards);
}

void cf_sandbox_page_card_form(struct cf_call *call)
{
    answer_card_form(call, NULL);
}

/* The form's fields become the parameters of POST /v1/payment_methods. */
void cf_sandbox_page_card_form_send(struct cf_call *call)
{
    struct cf_json *form = call->params, *params = cf_json_object(), *card = cf_json_object();
    static const char *const fields[] = {"number", "exp_month", "exp_year", "cvc"};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (cf_json_get(form, fields[i]) != NULL)
            cf_json_set(card, fields[i], cf_json_copy(cf_json_get(form, fields[i])));
    }
    cf_json_set_text(params, "type", "card");
    cf_json_set(params, "card", card);
    call->params = params;
    cf_sandbox_payment_method_create(call);
    call->params = form;
    cf_json_destroy(params);

    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = CF_TAKE(call->answer);
    unsigned status = call->status;
    const char *return_url = cf_call_text(call, "return_url");
    call->status = 0;
    if (status != 200) {
        answer_card_form(call, cf_json_text_at(answer, "error.message"));
    } else if (is_web_url(return_url)) {
        answer_redirect(call, return_url, "payment_method", cf_json_text_at(answer, "id"));
    } else {
        const struct slot slots[] = {
            {"id", cf_json_text_at(answer, "id"), false},
            {"brand", cf_json_text_at(answer, "card.brand"), false},
            {"last4", cf_json_text_at(answer, "card.last4"), false},
            {"origin", cf_call_text(call, "origin"), false},
        };
        answer_page(call, "card_done.html", slots, sizeof slots / sizeof slots[0]);
    }
}

/* 3-D Secure. */

/* The intent that the page is about; refuses without its secret. */
static struct cf_json *intent_of(struct cf_call *call)
{
    const char *account = NULL;
    struct cf_json *intent = cf_store_edit_anywhere(call->store, call->id, &account);
    const char *secret = cf_json_text_at(intent, "client_secret");
    if (secret == NULL || strcmp(secret, cf_call_text(call, "client_secret")) != 0) {
        cf_call_refuse(call, 404, "resource_missing", "id", "No such payment: '%s'", call->id);
        return NULL;
    }
    call->account = account;
    return intent;
}

void cf_sandbox_page_authenticate(struct cf_call *call)
{
    const struct cf_json *intent = intent_of(call);
    if (intent == NULL)
        return;
    const struct slot slots[] = {
        {"id", call->id, false},
        {"client_secret", cf_call_text(call, "client_secret"), false},
        {"return_url", cf_json_text_at(intent, "next_action.redirect_to_url.return_url"), false},
    };
    answer_page(call, "authenticate.html", slots, sizeof slots / sizeof slots[0]);
}

void cf_sandbox_page_authenticate_send(struct cf_call *call)
{
    struct cf_json *intent = intent_of(call);
    if (intent == NULL)
        return;
    bool succeeded = strcmp(cf_call_text(call, "outcome"), "succeed") == 0;
    if (cf_json_is(cf_json_get(intent, "object"), "payment_intent"))
        cf_payment_intent_authenticated(call, intent, succeeded);
    else
        cf_setup_intent_authenticated(call, intent, succeeded);
    cf_json_destroy(CF_TAKE(call->answer)); /* a decline is for the intent, not for this page */
    call->status = 0;
    const char *return_url = cf_call_text(call, "return_url");
    if (is_web_url(return_url)) {
        answer_redirect(call, return_url, cf_json_text_at(intent, "object"), call->id);
        return;
    }
    const struct slot slots[] = {{"status", cf_json_text_at(intent, "status"), false}};
    answer_page(call, "authenticated.html", slots, 1);
}

/* Onboarding; what is sent is in accounts.c. */
void cf_sandbox_page_onboarding(struct cf_call *call)
{
    char name[200];
    const char *token = cf_call_text(call, "token");
    if (cf_call_fetch(call, "account", call->id, "account") == NULL)
        return;
    snprintf(name, sizeof name, "link/%.64s/%.64s", call->id, token == NULL ? "" : token);
    if (cf_store_number(call->store, name) <= call->now) {
        cf_call_refuse(call, 404, NULL, NULL, "This link has expired: ask for a new one.");
        return;
    }
    cf_store_number_set(call->store, name, 0); /* it works once */
    const struct slot slots[] = {{"id", call->id, false}};
    answer_page(call, "onboarding.html", slots, 1);
}
