/* SPDX-License-Identifier: Apache-2.0 */
/* The pure core: how fast one thread turns a typical pledge event into bytes and back, and takes an
 * event into the books. */
#include "core/event/record.h"
#include "tools/bench/core_evolve.h"

#define RECORD_SIZE_MAX 1024

static struct cf_event typical_pledge(void)
{
    return (struct cf_event){
        .type = CF_EVENT_PLEDGE_PLACED,
        .pledge_placed =
            {
                .pledge_id = {{1, 0x90, 7}},
                .campaign_id = {{1, 0x8f, 9}},
                .backer_id = {{1, 0x88, 3}},
                .currency = CF_CURRENCY_EUR,
                .amount = cf_money_of(4900),
                .reward_id = {{1, 0x8f, 11}},
                .shipping = cf_money_of(900),
                .card_id = {{1, 0x8a, 5}},
                .payment_method = CF_BYTES_LITERAL("pm_1OabcdLkdIwHu7ixraBm864x"),
                .country = CF_BYTES_LITERAL("DE"),
            },
    };
}

static const struct cf_record typical_record = {
    .sequence = 12345678,
    .time_us = INT64_C(1795215786000000),
    .stream_version = 1,
    .stream_id = {{1, 0x90, 7}},
    .actor_id = {{1, 0x88, 3}},
    .idempotency_key = CF_BYTES_LITERAL("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b"),
    .subject_count = 1,
    .subjects = {{{{1, 0x88, 3}}, 12340000}},
};

static enum cf_status payload_there_and_back(uint8_t *memory, struct cf_event *event)
{
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, RECORD_SIZE_MAX);
    cf_event_encode(event, &writer);
    CF_TRY(cf_wire_writer_finish(&writer));
    struct cf_wire_cursor cursor =
        cf_wire_cursor_over(cf_bytes_from(memory, writer.size), CF_WIRE_CANONICAL);
    struct cf_event again;
    CF_TRY(cf_event_decode(event->type, &cursor, &again, NULL));
    event->pledge_placed.amount = again.pledge_placed.amount;
    return cf_wire_finish(&cursor, NULL);
}

static enum cf_status record_there_and_back(uint8_t *memory, struct cf_event *event)
{
    struct cf_record again;
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, RECORD_SIZE_MAX);
    cf_record_encode_event(&typical_record, event, &writer);
    CF_TRY(cf_wire_writer_finish(&writer));
    CF_TRY(cf_record_decode(cf_bytes_from(memory, writer.size), &again, NULL));
    struct cf_event event_again;
    return cf_record_event(&again, &event_again, NULL);
}

typedef enum cf_status there_and_back_fn(uint8_t *memory, struct cf_event *event);

static enum cf_status measure(struct cf_bench *bench, const char *name, there_and_back_fn *once,
                              struct cf_fault *reterr_fault)
{
    uint8_t memory[RECORD_SIZE_MAX];
    struct cf_event event = typical_pledge();
    int64_t count = bench->quick ? 1000000 : 10000000;
    int64_t start_ns = cf_bench_now_ns();
    for (int64_t i = 0; i < count; i++) {
        event.pledge_placed.amount = cf_money_of(4900 + i % 100000);
        if (once(memory, &event) != CF_OK)
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record did not come back", "%s", name);
    }
    cf_figure_report(bench, &(struct cf_figure){
                                .name = name,
                                .value = cf_bench_rate(count, cf_bench_now_ns() - start_ns),
                                .unit = "events/s",
                            });
    return CF_OK;
}

enum cf_status cf_bench_core(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    CF_TRY(measure(bench, "core.codec", payload_there_and_back, reterr_fault));
    CF_TRY(measure(bench, "core.codec.record", record_there_and_back, reterr_fault));
    return cf_bench_core_evolve(bench, reterr_fault);
}
