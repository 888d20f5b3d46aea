/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core.evolve: a live campaign with a thousand pledges whose amounts go up and down. Each event
 * moves the pledge, the campaign's sums and two balances; no row is new, so nothing is allocated.
 */
#include "tools/bench/core_evolve.h"

#include "core/aggregate/book_memory.h"
#include "core/aggregate/evolve.h"
#include "core/base/scope.h"
#include "core/fold.h"
#include "core/journal/postings.h"

#define PLEDGES 1000
#define LOW_MINOR 4900
#define HIGH_MINOR 5900

static const struct cf_id campaign_id = {{1}};
static const struct cf_id creator_id = {{2}};

/* A book, and where its streams are. */
struct course {
    struct cf_book *book;
    uint64_t sequence;
    uint32_t campaign_version;
    uint32_t pledge_versions[PLEDGES];
};

static struct cf_id numbered_id(uint8_t kind, uint32_t number)
{
    return (struct cf_id){{kind, (uint8_t)(number >> 8), (uint8_t)number}};
}

static struct cf_record record_of(struct course *course, struct cf_id stream_id,
                                  uint32_t stream_version)
{
    return (struct cf_record){
        .sequence = ++course->sequence,
        .time_us = INT64_C(1795215786000000),
        .stream_version = stream_version,
        .stream_id = stream_id,
        .actor_id = creator_id,
        .idempotency_key = CF_BYTES_LITERAL("key"),
    };
}

static enum cf_status fold_campaign(struct course *course, const struct cf_event *event,
                                    struct cf_fault *reterr_fault)
{
    struct cf_record record = record_of(course, campaign_id, ++course->campaign_version);
    return cf_fold(course->book, &record, event, reterr_fault);
}

static enum cf_status launch(struct course *course, struct cf_fault *reterr_fault)
{
    const struct cf_sealed sealed = {CF_BYTES_LITERAL("ciphertext")};
    const struct cf_event events[] = {
        {CF_EVENT_CAMPAIGN_DRAFTED, .campaign_drafted = {.campaign_id = campaign_id,
                                                         .creator_id = creator_id,
                                                         .model = CF_FUNDING_MODEL_AON,
                                                         .currency = CF_CURRENCY_EUR,
                                                         .goal = cf_money_of(100000000),
                                                         .title = sealed,
                                                         .slug = CF_BYTES_LITERAL("a-lamp")}},
        {CF_EVENT_CAMPAIGN_SUBMITTED, .campaign_submitted = {campaign_id}},
        {CF_EVENT_CAMPAIGN_APPROVED,
         .campaign_approved = {.campaign_id = campaign_id,
                               .platform_fee_bps = 500,
                               .processor_fee_bearer = CF_BEARER_CREATOR}},
        {CF_EVENT_CAMPAIGN_LAUNCHED, .campaign_launched = {.campaign_id = campaign_id,
                                                           .model = CF_FUNDING_MODEL_AON,
                                                           .currency = CF_CURRENCY_EUR,
                                                           .goal = cf_money_of(100000000),
                                                           .ends_at = INT64_C(1797807786000000)}},
    };
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        CF_TRY(fold_campaign(course, &events[i], reterr_fault));
    return CF_OK;
}

static enum cf_status place_pledges(struct course *course, struct cf_fault *reterr_fault)
{
    for (uint32_t i = 0; i < PLEDGES; i++) {
        const struct cf_event event = {
            CF_EVENT_PLEDGE_PLACED,
            .pledge_placed = {.pledge_id = numbered_id(3, i),
                              .campaign_id = campaign_id,
                              .backer_id = numbered_id(4, i),
                              .currency = CF_CURRENCY_EUR,
                              .amount = cf_money_of(LOW_MINOR),
                              .card_id = numbered_id(5, i),
                              .payment_method = CF_BYTES_LITERAL("pm_1")},
        };
        struct cf_record record =
            record_of(course, event.pledge_placed.pledge_id, ++course->pledge_versions[i]);
        CF_TRY(cf_fold(course->book, &record, &event, reterr_fault));
    }
    return CF_OK;
}

static enum cf_status evolve_and_post(struct cf_book *book, const struct cf_record *record,
                                      const struct cf_event *event, struct cf_fault *reterr_fault)
{
    struct cf_postings postings;
    CF_TRY(cf_evolve(book, record, event, reterr_fault));
    CF_TRY(cf_postings(event, &postings, reterr_fault));
    return cf_postings_apply(book, &postings, reterr_fault);
}

enum cf_status cf_bench_core_evolve(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    struct cf_book_memory *memory = cf_book_memory_new();
    if (memory == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a book");
    struct course course = {.book = cf_book_memory_book(memory)};
    enum cf_status status = launch(&course, reterr_fault);
    if (status == CF_OK)
        status = place_pledges(&course, reterr_fault);

    int64_t count = bench->quick ? 2000000 : 20000000;
    struct cf_event event = {
        CF_EVENT_PLEDGE_AMENDED,
        .pledge_amended = {.campaign_id = campaign_id, .currency = CF_CURRENCY_EUR},
    };
    struct cf_record record = record_of(&course, campaign_id, 1);
    int64_t start_ns = cf_bench_now_ns();
    for (int64_t i = 0; i < count && status == CF_OK; i++) {
        uint32_t pledge = (uint32_t)(i * 7 % PLEDGES);
        bool up = i / PLEDGES % 2 == 0;
        event.pledge_amended.pledge_id = numbered_id(3, pledge);
        event.pledge_amended.amount = cf_money_of(up ? HIGH_MINOR : LOW_MINOR);
        event.pledge_amended.previous_amount = cf_money_of(up ? LOW_MINOR : HIGH_MINOR);
        record.sequence++;
        record.stream_id = event.pledge_amended.pledge_id;
        record.stream_version = ++course.pledge_versions[pledge];
        status = evolve_and_post(course.book, &record, &event, reterr_fault);
    }
    if (status == CF_OK)
        cf_figure_report(bench, &(struct cf_figure){
                                    .name = "core.evolve",
                                    .value = cf_bench_rate(count, cf_bench_now_ns() - start_ns),
                                    .unit = "events/s",
                                });
    cf_book_memory_destroy(memory);
    return status;
}
