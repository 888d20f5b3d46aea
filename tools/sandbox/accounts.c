/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connected accounts: made with requirements that their owners fill in on the onboarding page.
 */
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>

#define LINK_LIFE_S 300

static const char *const asked[] = {"business_type", "external_account", "individual.dob.day",
                                    "tos_acceptance.date"};

static void require(struct cf_json *account, const char *disabled_reason, bool due)
{
    struct cf_json *requirements = cf_json_get(account, "requirements");
    struct cf_json *currently = cf_json_array(), *eventually = cf_json_array();
    for (size_t i = 0; due && i < sizeof asked / sizeof asked[0]; i++) {
        cf_json_append(currently, cf_json_from_text(asked[i]));
        cf_json_append(eventually, cf_json_from_text(asked[i]));
    }
    cf_json_set(requirements, "currently_due", currently);
    cf_json_set(requirements, "eventually_due", eventually);
    cf_json_set(requirements, "past_due", cf_json_array());
    cf_json_set_text(requirements, "disabled_reason", disabled_reason);
}

static void set_capabilities(struct cf_json *account, const char *status)
{
    struct cf_json *capabilities = cf_json_get(account, "capabilities");
    void *iterator = NULL;
    const char *name = NULL;
    struct cf_json *value = NULL;
    while (cf_json_next(capabilities, &iterator, &name, &value))
        cf_json_set_text(capabilities, name, status);
}

static void take_interval(struct cf_call *call, struct cf_json *account)
{
    const char *interval = cf_call_text(call, "settings.payouts.schedule.interval");
    if (interval != NULL)
        cf_json_set_text(cf_json_at(account, "settings.payouts.schedule"), "interval", interval);
}

void cf_sandbox_account_create(struct cf_call *call)
{
    static const char *const capabilities[] = {"transfers", "card_payments"};
    const char *country = cf_call_text(call, "country");
    if (country != NULL &&
        (strlen(country) != 2 || strspn(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2)) {
        cf_call_refuse(
            call, 400, "country_unsupported", "country",
            "Country '%s' is unknown. Try using a 2-character alphanumeric country code.", country);
        return;
    }
    struct cf_json *account = cf_call_make(call, "", "account", "acct");
    char url[100];
    cf_call_take(call, account,
                 "type country email default_currency business_type business_profile metadata");
    snprintf(url, sizeof url, "/v1/accounts/%s/external_accounts", cf_json_text_at(account, "id"));
    cf_json_set_text(cf_json_get(account, "external_accounts"), "url", url);
    for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++) {
        char param[80];
        snprintf(param, sizeof param, "capabilities.%s.requested", capabilities[i]);
        if (cf_call_is_true(call, param))
            cf_json_set_text(cf_json_get(account, "capabilities"), capabilities[i], "inactive");
    }
    take_interval(call, account);
    require(account, "requirements.past_due", true);
    cf_call_answer(call, account);
}

/* An account is its own object and the platform's: either may ask. */
static const struct cf_json *fetch(struct cf_call *call, const char *id)
{
    call->account = "";
    return cf_call_fetch(call, "account", id, "account");
}

static struct cf_json *edit(struct cf_call *call, const char *id)
{
    call->account = "";
    return cf_call_edit(call, "account", id, "account");
}

void cf_sandbox_account_get(struct cf_call *call)
{
    const struct cf_json *account = fetch(call, call->id);
    if (account != NULL)
        cf_call_answer(call, account);
}

void cf_sandbox_account_list(struct cf_call *call)
{
    call->account = "";
    cf_call_answer_list(call, "account");
}

/* Whose key it is: a connected account, or the platform, which is an account like any other. */
void cf_sandbox_account_own(struct cf_call *call)
{
    if (call->account[0] != '\0') {
        call->id = call->account;
        cf_sandbox_account_get(call);
        return;
    }
    struct cf_json *platform = cf_json_copy(cf_sandbox_template(call->sandbox, "account"));
    cf_json_set_text(platform, "id", "acct_platform");
    cf_json_set_text(platform, "type", "standard");
    cf_json_set_bool(platform, "charges_enabled", true);
    cf_json_set_bool(platform, "payouts_enabled", true);
    cf_json_set_bool(platform, "details_submitted", true);
    cf_call_answer_taken(call, platform);
}

void cf_sandbox_account_update(struct cf_call *call)
{
    struct cf_json *account = edit(call, call->id);
    if (account == NULL)
        return;
    cf_call_take(call, account, "email business_type business_profile metadata");
    take_interval(call, account);
    cf_call_emit(call, call->id, "account.updated", account);
    cf_call_answer(call, account);
}

void cf_sandbox_account_link_create(struct cf_call *call)
{
    const char *id = cf_call_text(call, "account");
    if (fetch(call, id) == NULL)
        return;
    char token[64], url[256], name[120];
    cf_call_new_id(call, "al", token);
    snprintf(name, sizeof name, "link/%s/%s", id, token);
    cf_store_number_set(call->store, name, call->now + LINK_LIFE_S);
    snprintf(url, sizeof url, "%s/_sandbox/onboarding/%s?token=%s", call->public_url, id, token);
    struct cf_json *link = cf_json_object();
    cf_json_set_text(link, "object", "account_link");
    cf_json_set_integer(link, "created", call->now);
    cf_json_set_integer(link, "expires_at", call->now + LINK_LIFE_S);
    cf_json_set_text(link, "url", url);
    cf_call_answer_taken(call, link);
}

static struct cf_json *bank_account(struct cf_call *call, const struct cf_json *account,
                                    const char *behaviour)
{
    struct cf_json *bank = cf_json_object();
    char id[64];
    /* The last digits say what becomes of payouts there. */
    const char *last4 = strcmp(behaviour, "fails") == 0              ? "1116"
                        : strcmp(behaviour, "fails_after_paid") == 0 ? "1113"
                                                                     : "6789";
    static const char *const nulls[] = {"account_holder_name",
                                        "account_holder_type",
                                        "account_type",
                                        "available_payout_methods",
                                        "customer",
                                        "fingerprint",
                                        "routing_number",
                                        "metadata"};
    cf_call_new_id(call, "ba", id);
    for (size_t i = 0; i < sizeof nulls / sizeof nulls[0]; i++)
        cf_json_set_null(bank, nulls[i]);
    cf_json_set_text(bank, "id", id);
    cf_json_set_text(bank, "object", "bank_account");
    cf_json_set_text(bank, "account", cf_json_text_at(account, "id"));
    cf_json_set_text(bank, "bank_name", "SANDBOX BANK");
    cf_json_set_text(bank, "country", cf_json_text_at(account, "country"));
    cf_json_set_text(bank, "currency", cf_json_text_at(account, "default_currency"));
    cf_json_set_bool(bank, "default_for_currency", true);
    cf_json_set_text(bank, "last4", last4);
    cf_json_set_text(bank, "status", "new");
    return bank;
}

static void complete(struct cf_call *call, struct cf_json *account, const char *bank)
{
    struct cf_json *external = cf_json_array();
    cf_json_append(external, bank_account(call, account, bank == NULL ? "pays" : bank));
    cf_json_set(cf_json_get(account, "external_accounts"), "data", external);
    require(account, NULL, false);
    set_capabilities(account, "active");
    cf_json_set_bool(account, "details_submitted", true);
    cf_json_set_bool(account, "charges_enabled", true);
    cf_json_set_bool(account, "payouts_enabled", true);
}

static void disable(struct cf_json *account, const char *reason, bool due)
{
    require(account, reason, due);
    set_capabilities(account, "inactive");
    cf_json_set_bool(account, "charges_enabled", false);
    cf_json_set_bool(account, "payouts_enabled", false);
}

void cf_sandbox_page_onboarding_send(struct cf_call *call)
{
    struct cf_json *account = edit(call, call->id);
    const char *outcome = cf_call_text(call, "outcome");
    if (account == NULL)
        return;
    if (strcmp(outcome, "complete") == 0 || strcmp(outcome, "restore") == 0)
        complete(call, account, cf_call_text(call, "bank"));
    else if (strcmp(outcome, "incomplete") == 0)
        disable(account, "requirements.past_due", true);
    else
        disable(account, "rejected.other", false);
    cf_call_emit(call, call->id, "account.updated", account);
    cf_call_answer(call, account);
}
