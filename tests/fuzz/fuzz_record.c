/* SPDX-License-Identifier: Apache-2.0 */
/* Promised: a record that decodes encodes to the very same bytes, and so does its event. */
#include "core/event/record.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t back[CF_RECORD_SIZE_MAX];
    struct cf_record record;
    struct cf_event event;
    struct cf_fault fault = {0};
    if (cf_record_decode(cf_bytes_from(data, size), &record, &fault) != CF_OK) {
        CF_ASSERT(fault.offset >= 0 && (size_t)fault.offset <= size);
        return 0;
    }
    struct cf_wire_writer writer = cf_wire_writer_fixed(back, sizeof back);
    cf_record_encode(&record, &writer);
    CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
    CF_ASSERT(cf_bytes_equal(cf_bytes_from(back, writer.size), cf_bytes_from(data, size)));

    if (cf_record_event(&record, &event, &fault) != CF_OK)
        return 0;
    writer = cf_wire_writer_fixed(back, sizeof back);
    cf_record_encode_event(&record, &event, &writer);
    CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
    CF_ASSERT(cf_bytes_equal(cf_bytes_from(back, writer.size), cf_bytes_from(data, size)));
    return 0;
}
