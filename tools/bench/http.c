/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP, everything on this machine: durable pledges with a saved card to one hot campaign, beside what
 * PostgreSQL makes of the same; a campaign's page beside the HTTP library alone; live streams.
 */
#include "api/server_bare.h"
#include "core/base/scope.h"
#include "eventstore/sodium.h"
#include "tools/bench/h2load.h"
#include "tools/bench/platform.h"
#include "tools/bench/rivals.h"
#include "tools/bench/streams.h"

#include <stdio.h>
#include <string.h>

#define PAGE_SIZE 1024

CF_SCOPE_DEFINE(struct cf_platform *, cf_platform_close)
CF_SCOPE_DEFINE(struct cf_http_bare *, cf_http_bare_close)

static enum cf_status load(const struct cf_h2load_options *options,
                           struct cf_h2load_result *ret_result, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_h2load(options, ret_result, reterr_fault));
    if (ret_result->good == 0 || ret_result->bad > ret_result->good / 100)
        CF_FAIL_ON(reterr_fault, CF_IO, "too many requests of the bench failed",
                   "%lld good, %lld bad", (long long)ret_result->good, (long long)ret_result->bad);
    return CF_OK;
}

static enum cf_status pledges(struct cf_bench *bench, const struct cf_platform *platform,
                              const struct cf_rivals *rivals, struct cf_fault *reterr_fault)
{
    struct cf_h2load_options options = {.url = cf_platform_pledge_url(platform),
                                        .body_path = cf_platform_body_path(platform),
                                        .authorization = cf_platform_authorization(platform),
                                        .connections = 64,
                                        .seconds = bench->quick ? 4 : 15,
                                        .directory = bench->directory};
    struct cf_h2load_result few, many, half;
    CF_TRY(load(&options, &few, reterr_fault));
    cf_figure_report(bench, &(struct cf_figure){.name = "http.pledges.64",
                                                .value = few.per_second,
                                                .unit = "pledges/s",
                                                .against = "PostgreSQL, insert and update",
                                                .against_value = rivals->insert_and_update});
    options.connections = 256;
    CF_TRY(load(&options, &many, reterr_fault));
    cf_figure_report(bench, &(struct cf_figure){.name = "http.pledges",
                                                .value = many.per_second,
                                                .unit = "pledges/s",
                                                .against = "PostgreSQL, inserts only",
                                                .against_value = rivals->insert_only});
    options.rate = (int64_t)(many.per_second / 2);
    CF_TRY(load(&options, &half, reterr_fault));
    cf_figure_report(bench, &(struct cf_figure){.name = "http.pledges_p99",
                                                .value = (double)half.p99_us / 1000,
                                                .unit = "ms",
                                                .against = "the limit at half load",
                                                .against_value = 50});
    return CF_OK;
}

static enum cf_status campaign(struct cf_bench *bench, const struct cf_platform *platform,
                               struct cf_fault *reterr_fault)
{
    static uint8_t page[PAGE_SIZE];
    memset(page, ' ', sizeof page);
    CF_CLEANUP(cf_scope_cf_http_bare_close) struct cf_http_bare *bare = NULL;
    CF_TRY(cf_http_bare_open(cf_bytes_from(page, sizeof page), 2, &bare, reterr_fault));
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/", cf_http_bare_port(bare));
    struct cf_h2load_options options = {.url = url,
                                        .connections = 64,
                                        .seconds = bench->quick ? 4 : 10,
                                        .directory = bench->directory};
    struct cf_h2load_result alone, ours;
    CF_TRY(load(&options, &alone, reterr_fault));
    options.url = cf_platform_campaign_url(platform);
    CF_TRY(load(&options, &ours, reterr_fault));
    cf_figure_report(bench, &(struct cf_figure){.name = "http.campaign",
                                                .value = ours.per_second,
                                                .unit = "requests/s",
                                                .against = "libmicrohttpd alone",
                                                .against_value = alone.per_second});
    return CF_OK;
}

enum cf_status cf_bench_http(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    cf_sodium_init();
    struct cf_rivals rivals;
    CF_TRY(cf_rivals_measure(bench, bench->quick ? 4 : 15, &rivals, reterr_fault));
    CF_CLEANUP(cf_scope_cf_platform_close) struct cf_platform *platform = NULL;
    CF_TRY(cf_platform_open(bench->directory, &platform, reterr_fault));
    CF_TRY(campaign(bench, platform, reterr_fault));
    CF_TRY(cf_streams_measure(bench, platform, reterr_fault));
    return pledges(bench, platform, &rivals, reterr_fault);
}
