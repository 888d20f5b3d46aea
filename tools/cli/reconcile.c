/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coffer reconcile: reads the ledger and the provider's balance transactions, and compares. The provider is the one
 * that options name, or else the ledger's own sandbox, whether that runs or not.
 */
#include "tools/reconcile.h"

#include "commands/gateway/http_client.h"
#include "core/base/scope.h"
#include "core/json_value.h"
#include "core/money_text.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/sandbox_url.h"
#include "tools/ledger_walk.h"
#include "tools/sandbox/sandbox.h"

#include <stdio.h>
#include <string.h>

#define CF_PROVIDER_TIMEOUT_MS 30000
#define CF_URL_SIZE 512
#define CF_KEY_SIZE 200

/* The provider, as far as this tool needs it. */
struct cf_provider {
    struct cf_http_client *client;
    const char *url;
    char authorization[256];
    char sandbox_url[CF_SANDBOX_URL_SIZE];
    struct cf_sandbox *sandbox; /* owned: one that had to be opened */
};

static enum cf_status cf_provider_get(struct cf_provider *provider, const char *path,
                                      struct cf_json **ret_json, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf body;
    char url[CF_URL_SIZE];
    const char *const headers[] = {provider->authorization, "Stripe-Version: 2022-11-15", NULL};
    cf_buf_init(&body, (size_t)1 << 24);
    if (snprintf(url, sizeof url, "%s%s", provider->url, path) >= (int)sizeof url)
        CF_FAIL(reterr_fault, CF_INVALID, "the provider's URL is too long");
    const struct cf_http_call call = {
        .method = "GET", .url = url, .headers = headers, .timeout_ms = CF_PROVIDER_TIMEOUT_MS};
    long http_status;
    CF_TRY(cf_http_client_perform(provider->client, &call, &http_status, &body, reterr_fault));
    if (http_status != 200)
        CF_FAIL_ON(reterr_fault, CF_IO, "the provider does not answer that", "%s: HTTP %ld", path,
                   http_status);
    return cf_json_parse(cf_buf_bytes(&body), ret_json, reterr_fault);
}

/* The sandbox of an imported ledger does not run: it is opened for as long as this takes. In order, since nothing
 * is to happen in it. */
static enum cf_status cf_provider_wake(struct cf_provider *provider, const struct cf_data_dir *dir,
                                       struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *clock = NULL;
    const struct cf_data_dir_path directory = cf_data_dir_path(dir, "sandbox");
    const struct cf_sandbox_options options = {
        .directory = directory.text, .address = "127.0.0.1", .in_order = true, .thread_count = 1};
    if (cf_provider_get(provider, "/_sandbox/clock", &clock, NULL) == CF_OK)
        return CF_OK;
    CF_TRY(cf_sandbox_open(&options, &provider->sandbox, reterr_fault));
    snprintf(provider->sandbox_url, sizeof provider->sandbox_url, "http://127.0.0.1:%u",
             cf_sandbox_port(provider->sandbox));
    return CF_OK;
}

/* Where nothing else is said, the ledger's own sandbox. */
static enum cf_status cf_provider_open(struct cf_provider *provider, const char *data,
                                       const char *key, const char *ca_file,
                                       struct cf_fault *reterr_fault)
{
    const struct cf_http_client_options client = {.ca_file = ca_file, .user_agent = "coffer"};
    bool own = key == NULL && provider->url == NULL;
    struct cf_data_dir dir;
    CF_TRY(cf_data_dir_open_ledger(data, &dir, reterr_fault));
    snprintf(provider->authorization, sizeof provider->authorization, "Authorization: Bearer %s",
             key != NULL ? key : CF_SANDBOX_KEY);
    CF_TRY(cf_http_client_open(&client, &provider->client, reterr_fault));
    if (provider->url == NULL)
        provider->url = own ? provider->sandbox_url : "https://api.stripe.com";
    if (!own)
        return CF_OK;
    if (cf_sandbox_url_read(&dir, provider->sandbox_url, NULL) != CF_OK)
        CF_FAIL(reterr_fault, CF_NOT_FOUND,
                "this ledger has no sandbox; name its provider's key with --stripe-key");
    return cf_provider_wake(provider, &dir, reterr_fault);
}

static void cf_provider_close(struct cf_provider *provider)
{
    cf_http_client_close(provider->client);
    cf_sandbox_close(provider->sandbox);
}

/* An amount and its currency as the provider writes them, in our minor units. */
static enum cf_status cf_provider_money(const struct cf_json *json, const char *field,
                                        enum cf_currency *ret_currency, int64_t *ret_minor,
                                        struct cf_fault *reterr_fault)
{
    const char *letters = cf_json_text_at(json, "currency");
    int64_t amount;
    struct cf_money money;
    if (letters == NULL || !cf_json_integer(cf_json_get(json, field), &amount) ||
        cf_currency_from_letters(cf_bytes_from_text(letters), ret_currency) != CF_OK ||
        cf_currency_from_stripe(*ret_currency, amount, &money) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the provider's amount makes no sense", "%s", field);
    *ret_minor = cf_money_minor(money);
    return CF_OK;
}

static enum cf_status cf_read_transaction(const struct cf_json *json,
                                          struct cf_reconciliation *reconciliation,
                                          struct cf_fault *reterr_fault)
{
    struct cf_provider_movement movement = {.transaction = cf_json_text_at(json, "id"),
                                            .type = cf_json_text_at(json, "type"),
                                            .source = cf_json_text_at(json, "source")};
    if (movement.transaction == NULL || movement.type == NULL)
        CF_FAIL(reterr_fault, CF_CORRUPT, "a balance transaction without id or type");
    CF_TRY(cf_provider_money(json, "amount", &movement.currency, &movement.amount_minor,
                             reterr_fault));
    CF_TRY(cf_provider_money(json, "fee", &movement.currency, &movement.fee_minor, reterr_fault));
    return cf_reconciliation_movement(reconciliation, &movement, reterr_fault);
}

/* Page by page, newest first. */
static enum cf_status cf_read_transactions(struct cf_provider *provider,
                                           struct cf_reconciliation *reconciliation,
                                           struct cf_fault *reterr_fault)
{
    char path[CF_URL_SIZE] = "/v1/balance_transactions?limit=100";
    bool more = true;
    while (more) {
        CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *page = NULL;
        CF_TRY(cf_provider_get(provider, path, &page, reterr_fault));
        const struct cf_json *data = cf_json_get(page, "data");
        size_t count = cf_json_size(data);
        for (size_t i = 0; i < count; i++)
            CF_TRY(cf_read_transaction(cf_json_item(data, i), reconciliation, reterr_fault));
        more = count > 0 && cf_json_is_true(cf_json_get(page, "has_more"));
        if (more)
            snprintf(path, sizeof path, "/v1/balance_transactions?limit=100&starting_after=%s",
                     cf_json_text_at(cf_json_item(data, count - 1), "id"));
    }
    return CF_OK;
}

static enum cf_status cf_read_balance(struct cf_provider *provider,
                                      struct cf_reconciliation *reconciliation,
                                      struct cf_fault *reterr_fault)
{
    static const char *const parts[] = {"available", "pending"};
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *balance = NULL;
    CF_TRY(cf_provider_get(provider, "/v1/balance", &balance, reterr_fault));
    for (size_t part = 0; part < 2; part++) {
        const struct cf_json *amounts = cf_json_get(balance, parts[part]);
        for (size_t i = 0; i < cf_json_size(amounts); i++) {
            enum cf_currency currency;
            int64_t minor;
            CF_TRY(cf_provider_money(cf_json_item(amounts, i), "amount", &currency, &minor,
                                     reterr_fault));
            CF_TRY(cf_reconciliation_balance(reconciliation, currency, minor));
        }
    }
    return CF_OK;
}

static enum cf_status cf_visit_event(void *context, const struct cf_record *record,
                                     const struct cf_event *event, struct cf_fault *reterr_fault)
{
    return cf_reconciliation_event(context, record, event, reterr_fault);
}

static void cf_print_difference(void *context, const struct cf_difference *difference)
{
    char ours[CF_MONEY_TEXT_SIZE];
    char theirs[CF_MONEY_TEXT_SIZE];
    (void)context;
    cf_money_print(cf_money_of(difference->ours_minor), difference->currency, ours);
    cf_money_print(cf_money_of(difference->theirs_minor), difference->currency, theirs);
    printf("%-32s %-18s ours %14s  theirs %14s %s  %s\n", difference->name, difference->type, ours,
           theirs, cf_currency_letters(difference->currency),
           cf_difference_sentence(difference->cause));
}

static void cf_print_finding(void *context, const struct cf_finding *finding)
{
    char subject[CF_ID_TEXT_SIZE];
    (void)context;
    cf_id_print(finding->subject, subject);
    printf("%s  %s: %lld, and should be %lld\n", subject, cf_invariant_sentence(finding->invariant),
           (long long)finding->found_minor, (long long)finding->expected_minor);
}

static enum cf_status cf_reconcile(const char *data, struct cf_provider *provider,
                                   struct cf_reconciliation_sums *ret_sums, size_t *ret_findings,
                                   struct cf_fault *reterr_fault)
{
    struct cf_reconciliation *reconciliation = cf_reconciliation_new();
    if (reconciliation == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a ledger");
    /* The provider first: what we book meanwhile may be missing there, not the other way round. */
    enum cf_status status = cf_read_transactions(provider, reconciliation, reterr_fault);
    if (status == CF_OK)
        status = cf_read_balance(provider, reconciliation, reterr_fault);
    if (status == CF_OK)
        status = cf_ledger_walk(data, cf_visit_event, reconciliation, reterr_fault);
    if (status == CF_OK)
        status = cf_reconciliation_report(reconciliation, cf_print_difference, NULL, ret_sums);
    if (status == CF_OK)
        *ret_findings = cf_reconciliation_inspect(reconciliation, cf_print_finding, NULL);
    cf_reconciliation_destroy(reconciliation);
    return status;
}

int cf_cli_reconcile(int argc, char **argv)
{
    const char *data = NULL;
    const char *key = NULL;
    const char *ca_file = NULL;
    struct cf_provider provider = {0};
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("stripe-key", &key, "KEY",
                       "the provider's secret key; the ledger's own sandbox unless given"),
        CF_OPTION_TEXT("stripe-url", &provider.url, "URL", "another host that speaks Stripe"),
        CF_OPTION_TEXT("stripe-ca", &ca_file, "FILE", "certificates to trust for it"),
    };
    const struct cf_usage usage = {"reconcile", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    if (key != NULL && strlen(key) >= CF_KEY_SIZE)
        return cf_cli_usage("reconcile", "--stripe-key is too long for a key");
    struct cf_fault fault = {0};
    struct cf_reconciliation_sums sums = {0};
    size_t findings = 0;
    enum cf_status status = cf_provider_open(&provider, data, key, ca_file, &fault);
    if (status == CF_OK)
        status = cf_reconcile(data, &provider, &sums, &findings, &fault);
    cf_provider_close(&provider);
    if (status != CF_OK) {
        fault.status = status;
        return cf_cli_fail("reconcile", &fault);
    }
    printf("%zu movements and balances: %zu agree, %zu differ\n", sums.movements, sums.agreed,
           sums.differences);
    if (findings > 0)
        printf("%zu times an invariant of our own books does not hold\n", findings);
    return sums.differences == 0 && findings == 0 ? CF_EXIT_GOOD : CF_EXIT_NO;
}
