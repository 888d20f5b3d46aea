/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first people, some campaigns, and pledges that trickle in, for a sandbox ledger. Ready when
 * the people are there; the campaigns follow, so that a start does not wait for them.
 */
#include "tools/sample/sample.h"
#include "eventstore/sodium.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"

#include <stdio.h>

#define BACKER_COUNT 8
#define PAUSE_AFTER_TROUBLE_MS 5000

struct crowd {
    struct cf_process process;
    struct cf_sample sample;
    struct cf_sample_campaign campaigns[CF_SAMPLE_CAMPAIGN_COUNT];
    struct cf_sample_person backers[BACKER_COUNT];
};

static uint32_t random_below(uint32_t limit)
{
    uint32_t number;
    cf_random(&number, sizeof number);
    return number % limit; /* the bias does not matter here */
}

static enum cf_status make_people(struct cf_sample *sample, const struct cf_data_dir *dir,
                                  struct cf_fault *reterr_fault)
{
    CF_TRY(cf_logins_open(dir, &sample->logins, reterr_fault));
    if (sample->logins.complete)
        return CF_OK;
    for (int i = 0; i < CF_LOGIN_COUNT; i++) {
        const struct cf_login *login = &sample->logins.rows[i];
        struct cf_sample_person person;
        CF_TRY(cf_sample_person(sample, login->email, login->password, login->role, &person,
                                reterr_fault));
    }
    return cf_logins_complete(dir, &sample->logins, reterr_fault);
}

static enum cf_status log_in_as(struct cf_sample *sample, enum cf_role role,
                                struct cf_sample_person *ret_person, struct cf_fault *reterr_fault)
{
    const struct cf_login *login = &sample->logins.rows[role - 1];
    return cf_sample_log_in(sample, login->email, login->password, ret_person, reterr_fault);
}

/* Takes seconds, so it looks for a signal to stop now and then: CLOSED. */
static enum cf_status make_crowd(struct crowd *crowd, struct cf_fault *reterr_fault)
{
    struct cf_sample *sample = &crowd->sample;
    struct cf_sample_person creator, moderator;
    CF_TRY(log_in_as(sample, CF_ROLE_CREATOR, &creator, reterr_fault));
    CF_TRY(log_in_as(sample, CF_ROLE_MODERATOR, &moderator, reterr_fault));
    for (int n = 0; n < CF_SAMPLE_CAMPAIGN_COUNT; n++) {
        if (cf_process_wait_for(&crowd->process, 0))
            CF_FAIL(reterr_fault, CF_CLOSED, "asked to stop");
        CF_TRY(cf_sample_campaign(sample, n, &creator, &moderator, &crowd->campaigns[n],
                                  reterr_fault));
    }
    const char *password = sample->logins.rows[CF_ROLE_BACKER - 1].password;
    for (int i = 0; i < BACKER_COUNT; i++) {
        char email[48];
        snprintf(email, sizeof email, "backer-%d@example.org", i + 1);
        if (cf_process_wait_for(&crowd->process, 0))
            CF_FAIL(reterr_fault, CF_CLOSED, "asked to stop");
        CF_TRY(cf_sample_person(sample, email, password, CF_ROLE_BACKER, &crowd->backers[i],
                                reterr_fault));
    }
    return CF_OK;
}

/* Somebody pledges something somewhere. What the ledger says to it is its own business: a campaign
 * may be over by now. */
static enum cf_status pledge(struct crowd *crowd, struct cf_fault *reterr_fault)
{
    const struct cf_sample_campaign *campaign =
        &crowd->campaigns[random_below(CF_SAMPLE_CAMPAIGN_COUNT)];
    const struct cf_sample_person *backer = &crowd->backers[random_below(BACKER_COUNT)];
    char path[128], key[40];
    snprintf(path, sizeof path, "/api/v1/campaigns/%s/pledge", campaign->id);
    snprintf(key, sizeof key, "sample:pledge:%08x%08x", random_below(UINT32_MAX),
             random_below(UINT32_MAX));
    /* Half to twice the usual, in whole units of the currency. */
    int64_t percent = 50 + (int64_t)random_below(151);
    int64_t amount = campaign->pledge_minor * percent / 100 / 100 * 100;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *body = cf_json_object();
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = NULL;
    cf_json_set_text(body, "currency", campaign->currency);
    cf_json_set_integer(body, "amount", amount);
    cf_json_set_text(body, "payment_method", "pm_card_visa");
    const struct cf_client_call call = {
        .method = "POST", .path = path, .token = backer->token, .key = key, .body = body};
    long http_status;
    CF_TRY(cf_client_ask(crowd->sample.api, &call, &http_status, &answer, reterr_fault));
    if (http_status == 401)
        CF_FAIL(reterr_fault, CF_DENIED, "a sample backer's session is over");
    return CF_OK;
}

/* Pledges until asked to stop. After trouble it begins again from the start, which does nothing
 * twice. */
static void trickle(struct crowd *crowd, int interval_ms)
{
    bool made = false;
    int wait_ms = 0;
    while (!cf_process_wait_for(&crowd->process, wait_ms)) {
        struct cf_fault fault = {0};
        enum cf_status status = made ? pledge(crowd, &fault) : make_crowd(crowd, &fault);
        if (status != CF_OK && status != CF_CLOSED)
            cf_cli_fail("sample", &fault);
        made = status == CF_OK;
        wait_ms = status == CF_OK ? interval_ms : PAUSE_AFTER_TROUBLE_MS;
    }
}

int cf_cli_sample(int argc, char **argv)
{
    static struct crowd crowd;
    const char *data = NULL, *api = "http://127.0.0.1:8080";
    bool no_samples = false;
    int64_t interval_ms = 1500;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("api", &api, "URL", "the API to use"),
        CF_OPTION_NUMBER("sample-interval", &interval_ms, 1, 3600000, "ms between pledges"),
        CF_OPTION_FLAG("no-samples", &no_samples, "only the first people"),
    };
    const struct cf_usage usage = {"sample", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    struct cf_process *process = &crowd.process;
    struct cf_client client;
    struct cf_fault fault = {0};
    if (cf_process_begin(process, "sample", data, &fault) != CF_OK ||
        cf_client_open(api, &client, &fault) != CF_OK)
        return cf_cli_fail("sample", &fault);
    crowd.sample.api = &client;
    enum cf_exit result = CF_EXIT_GOOD;
    if (cf_link_open(cf_data_dir_socket(&process->dir, "writer").text, &crowd.sample.link,
                     &fault) != CF_OK ||
        make_people(&crowd.sample, &process->dir, &fault) != CF_OK ||
        cf_process_ready(process, &fault) != CF_OK)
        result = cf_cli_fail("sample", &fault);
    else if (no_samples)
        cf_process_wait(process, 0);
    else
        trickle(&crowd, (int)interval_ms);
    cf_process_end(process);
    cf_link_close(crowd.sample.link);
    cf_client_close(&client);
    return result;
}
