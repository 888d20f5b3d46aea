/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what the guard lets through, msgpack-c reads to its end, and packs to the same bytes
 * where the guard called it canonical.
 */
#include "core/wire.h"
#include "tests/fuzz/fuzz.h"

#include <msgpack.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cf_bytes message = cf_bytes_from(data, size);
    struct cf_fault fault = {0};
    if (cf_wire_guard(message, CF_WIRE_LENIENT, &fault) != CF_OK) {
        CF_ASSERT(fault.offset >= 0 && (size_t)fault.offset <= size);
        CF_ASSERT(cf_wire_guard(message, CF_WIRE_CANONICAL, NULL) == CF_CORRUPT);
        return 0;
    }
    size_t offset = 0;
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    CF_ASSERT(msgpack_unpack_next(&unpacked, (const char *)data, size, &offset) ==
              MSGPACK_UNPACK_SUCCESS);
    CF_ASSERT(offset == size);

    msgpack_sbuffer packed;
    msgpack_sbuffer_init(&packed);
    msgpack_packer packer;
    msgpack_packer_init(&packer, &packed, msgpack_sbuffer_write);
    CF_ASSERT(msgpack_pack_object(&packer, unpacked.data) == 0);
    bool same = cf_bytes_equal(message, cf_bytes_from(packed.data, packed.size));
    CF_ASSERT(same == (cf_wire_guard(message, CF_WIRE_CANONICAL, NULL) == CF_OK));
    msgpack_sbuffer_destroy(&packed);
    msgpack_unpacked_destroy(&unpacked);
    return 0;
}
