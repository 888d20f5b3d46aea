/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: any text is a JSON document or INVALID with an offset; a document that reads as an
 * event (the first byte says which) prints and reads as the same event.
 */
#include "core/event/event.h"
#include "core/shape_json.h"
#include "tests/fuzz/fuzz.h"

static struct cf_json *parse(struct cf_bytes text)
{
    struct cf_json *json = NULL;
    struct cf_fault fault = {0};
    if (cf_json_parse(text, &json, &fault) != CF_OK)
        CF_ASSERT(fault.offset >= 0 && (size_t)fault.offset <= text.size);
    return json;
}

static void there_and_back(const struct cf_shape *shape, struct cf_event *event,
                           struct cf_arena *arena)
{
    struct cf_buf buf;
    cf_buf_init(&buf, 1 << 20);
    struct cf_json_writer writer = cf_json_writer_to(&buf);
    cf_shape_write_json(shape, cf_event_value(event), &writer);
    CF_ASSERT(cf_json_writer_finish(&writer) == CF_OK);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = parse(cf_buf_bytes(&buf));
    struct cf_event again = {.type = event->type};
    CF_ASSERT(json != NULL);
    CF_ASSERT(cf_shape_read_json(shape, json, arena, &again.ledger_opened, NULL) == CF_OK);
    CF_ASSERT(cf_event_equal(event, &again));
    cf_buf_clean_up(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    CF_CLEANUP(cf_scope_cf_json_destroy)
    struct cf_json *json = parse(cf_bytes_from(data + 1, size - 1));
    const struct cf_shape *shape = cf_event_shape(data[0]);
    if (json == NULL || shape == NULL)
        return 0;
    struct cf_event event = {.type = (enum cf_event_type)data[0]};
    struct cf_arena arena;
    cf_arena_init(&arena, 1 << 20);
    if (cf_shape_read_json(shape, json, &arena, &event.ledger_opened, NULL) == CF_OK)
        there_and_back(shape, &event, &arena);
    cf_arena_clean_up(&arena);
    return 0;
}
