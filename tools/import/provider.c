/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/provider.h"

#include "core/event/record.h"

#include <poll.h>
#include <stdio.h>

#define ANSWER_SIZE_MAX ((size_t)1 << 20)
/* A sandbox that was killed is started again, and whatever we ask of it may be asked twice. */
#define PATIENCE_MS 30000
#define PAUSE_MS 100
#define STREAM_MAX 64

enum cf_status cf_import_provider_open(const char *url, struct cf_import_provider *ret_provider,
                                       struct cf_fault *reterr_fault)
{
    const struct cf_http_client_options options = {.user_agent = "coffer import"};
    struct cf_import_provider provider = {0};
    snprintf(provider.url, sizeof provider.url, "%s", url);
    CF_TRY(cf_http_client_open(&options, &provider.http, reterr_fault));
    *ret_provider = provider;
    return CF_OK;
}

void cf_import_provider_close(struct cf_import_provider *provider)
{
    cf_http_client_close(provider->http);
    provider->http = NULL;
}

/* `key_line` is the header with the idempotency key, or NULL. */
static enum cf_status call(struct cf_import_provider *provider, const char *method,
                           const char *path, const char *key_line, struct cf_bytes form,
                           struct cf_json **ret_json, struct cf_fault *reterr_fault)
{
    const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded",
                                   "Authorization: Bearer sk_test_coffer", key_line, NULL};
    char url[512];
    long http_status;
    snprintf(url, sizeof url, "%s%s", provider->url, path);
    const struct cf_http_call call = {
        .method = method, .url = url, .headers = headers, .body = form};
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf body;
    cf_buf_init(&body, ANSWER_SIZE_MAX);
    enum cf_status status;
    for (int waited_ms = 0;; waited_ms += PAUSE_MS) {
        cf_buf_clear(&body);
        status = cf_http_client_perform(provider->http, &call, &http_status, &body, reterr_fault);
        if (status != CF_IO || waited_ms >= PATIENCE_MS)
            break;
        poll(NULL, 0, PAUSE_MS);
    }
    CF_TRY(status);
    if (http_status != 200 ||
        (ret_json != NULL && cf_json_parse(cf_buf_bytes(&body), ret_json, NULL) != CF_OK))
        CF_FAIL_ON(reterr_fault, CF_IO, "the sandbox gives no sense", "%s: %ld %.*s", path,
                   http_status, (int)(body.size < 100 ? body.size : 100), (const char *)body.data);
    return CF_OK;
}

enum cf_status cf_import_provider_ask(struct cf_import_provider *provider, const char *method,
                                      const char *path, struct cf_bytes form,
                                      struct cf_json **ret_json, struct cf_fault *reterr_fault)
{
    return call(provider, method, path, NULL, form, ret_json, reterr_fault);
}

enum cf_status cf_import_provider_make(struct cf_import_provider *provider, const char *path,
                                       const char *key, struct cf_bytes form,
                                       struct cf_json **ret_json, struct cf_fault *reterr_fault)
{
    char key_line[256];
    snprintf(key_line, sizeof key_line, "Idempotency-Key: %s", key);
    return call(provider, "POST", path, key_line, form, ret_json, reterr_fault);
}

/* What the creator's own records say of the connected account. */
struct account {
    char id[64];
    bool payouts_enabled;
};

static enum cf_status note(struct account *account, struct cf_bytes bytes,
                           struct cf_fault *reterr_fault)
{
    struct cf_record record;
    struct cf_event event;
    CF_TRY(cf_record_decode(bytes, &record, reterr_fault));
    CF_TRY(cf_record_event(&record, &event, reterr_fault));
    if (event.type == CF_EVENT_USER_PAYOUT_ACCOUNT_LINKED)
        snprintf(account->id, sizeof account->id, "%.*s",
                 (int)event.user_payout_account_linked.account.size,
                 (const char *)event.user_payout_account_linked.account.data);
    if (event.type == CF_EVENT_USER_PAYOUT_ACCOUNT_UPDATED)
        account->payouts_enabled = event.user_payout_account_updated.payouts_enabled;
    return CF_OK;
}

static enum cf_status find_account(struct cf_range_client *log, struct cf_id creator_id,
                                   struct account *ret_account, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_range_records_clean_up) struct cf_range_records records = {0};
    uint64_t sequences[STREAM_MAX];
    size_t count;
    *ret_account = (struct account){.id = ""};
    CF_TRY(cf_range_stream(log, creator_id, 1, sequences, STREAM_MAX, &count, reterr_fault));
    for (size_t i = 0; i < count; i++) {
        CF_TRY(cf_range_read(log, sequences[i], 1, &records, reterr_fault));
        CF_TRY(note(ret_account, records.records[0], reterr_fault));
    }
    return CF_OK;
}

enum cf_status cf_import_provider_onboard(struct cf_import_provider *provider,
                                          struct cf_range_client *log, struct cf_id creator_id,
                                          struct cf_fault *reterr_fault)
{
    struct account account;
    char form[256], path[128];
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *link = NULL;
    CF_TRY(find_account(log, creator_id, &account, reterr_fault));
    if (account.payouts_enabled)
        return CF_OK;
    if (account.id[0] == '\0')
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "the creator has no connected account");
    snprintf(form, sizeof form,
             "account=%s&type=account_onboarding&refresh_url=http://localhost/"
             "&return_url=http://localhost/",
             account.id);
    CF_TRY(cf_import_provider_ask(provider, "POST", "/v1/account_links", cf_bytes_from_text(form),
                                  &link, reterr_fault));
    const char *url = cf_json_text_at(link, "url");
    const char *token = url == NULL ? NULL : strstr(url, "token=");
    if (token == NULL)
        CF_FAIL(reterr_fault, CF_IO, "the sandbox's onboarding link has no token");
    snprintf(path, sizeof path, "/_sandbox/onboarding/%s", account.id);
    snprintf(form, sizeof form, "%s&outcome=complete&bank=pays", token);
    return cf_import_provider_ask(provider, "POST", path, cf_bytes_from_text(form), NULL,
                                  reterr_fault);
}
