/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_STATE_PACK_H
#define CF_EVENTSTORE_STATE_PACK_H

/*
 * Packing for values that are mostly zero: a bit for each word of eight bytes, then the words that
 * are not zero. The reader knows the value's size.
 */

#include "core/base/bytes.h"

/* The most that `size` bytes can become. */
#define CF_PACKED_SIZE_MAX(size) ((size) + ((size) + 63) / 64)

/* Writes at most CF_PACKED_SIZE_MAX(value.size) bytes; returns how many. */
size_t cf_pack(struct cf_bytes value, uint8_t *ret_packed);

/* False where `packed` is shorter or longer than its bits and this size say. */
bool cf_unpack(struct cf_bytes packed, void *ret_value, size_t size);

#endif
