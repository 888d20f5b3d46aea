/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a request or reply on the link, whatever its bytes, is read to its end or refused, and what
 * is read stays within the bytes.
 */
#include "commands/link_wire.h"
#include "core/base/assert.h"
#include "tests/fuzz/fuzz.h"

static bool within(struct cf_bytes part, const uint8_t *data, size_t size)
{
    return part.size == 0 || (part.data >= data && part.data + part.size <= data + size);
}

static void read_request(const uint8_t *data, size_t size)
{
    struct cf_link_request request;
    struct cf_link_entry entry;
    struct cf_wire_cursor cursor = cf_wire_cursor_over(cf_bytes_from(data, size), CF_WIRE_LENIENT);
    if (cf_link_read_request_head(&cursor, &request, NULL) != CF_OK)
        return;
    CF_ASSERT(request.command_count <= CF_LINK_BATCH_MAX);
    CF_ASSERT(request.timers_max <= CF_LINK_TIMERS_MAX);
    for (uint32_t i = 0; i < request.command_count; i++) {
        if (cf_link_read_entry(&cursor, &entry, NULL) != CF_OK)
            return;
        CF_ASSERT(within(entry.key, data, size) && entry.key.size > 0);
        CF_ASSERT(within(entry.fields, data, size) && entry.fields.size > 0);
        CF_ASSERT(!cf_id_is_zero(entry.actor));
        for (uint32_t j = 0; j < entry.sealed_tag_count; j++)
            CF_ASSERT(within(entry.sealed_tags[j].tag, data, size));
    }
}

/* A reply that was read is written the same way again. */
static void read_reply(const uint8_t *data, size_t size)
{
    struct cf_reply reply, again;
    uint8_t bytes[256];
    struct cf_wire_cursor cursor = cf_wire_cursor_over(cf_bytes_from(data, size), CF_WIRE_LENIENT);
    if (cf_link_read_reply_head(&cursor, 1, NULL) != CF_OK ||
        cf_link_read_reply(&cursor, &reply, NULL) != CF_OK || strchr(reply.text, '\0') == NULL)
        return;
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_link_write_reply_head(&writer, 1);
    cf_link_write_reply(&writer, &reply);
    CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
    cursor = cf_wire_cursor_over(cf_bytes_from(bytes, writer.size), CF_WIRE_CANONICAL);
    CF_ASSERT(cf_link_read_reply_head(&cursor, 1, NULL) == CF_OK);
    CF_ASSERT(cf_link_read_reply(&cursor, &again, NULL) == CF_OK);
    CF_ASSERT(again.kind == reply.kind && again.first_sequence == reply.first_sequence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_link_timer timers[8];
    int64_t now_us;
    size_t count;
    read_request(data, size);
    read_reply(data, size);
    if (cf_link_read_timers(cf_bytes_from(data, size), &now_us, timers, 8, &count, NULL) == CF_OK)
        CF_ASSERT(count <= 8);
    return 0;
}
