/* SPDX-License-Identifier: Apache-2.0 */
/* Promised: a payload that decodes as the event its first byte names encodes to the very same
 * bytes. */
#include "core/event/event.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t back[1 << 17];
    if (size == 0 || size > sizeof back)
        return 0;
    struct cf_bytes payload = cf_bytes_from(data + 1, size - 1);
    struct cf_wire_cursor cursor = cf_wire_cursor_over(payload, CF_WIRE_CANONICAL);
    struct cf_event event;
    struct cf_fault fault = {0};
    if (cf_event_decode(data[0], &cursor, &event, &fault) != CF_OK) {
        CF_ASSERT(fault.status == CF_UNSUPPORTED ||
                  (fault.offset >= 0 && (size_t)fault.offset <= payload.size));
        return 0;
    }
    struct cf_wire_writer writer = cf_wire_writer_fixed(back, sizeof back);
    cf_event_encode(&event, &writer);
    CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
    CF_ASSERT(cf_bytes_equal(cf_bytes_from(back, writer.size),
                             cf_bytes_from(payload.data, cf_wire_offset(&cursor))));
    return 0;
}
