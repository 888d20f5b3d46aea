/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_FUNDING_ITEMS_H
#define CF_PROJECTIONS_FUNDING_ITEMS_H

/*
 * Add-ons in one bytea: 28 bytes each, the reward's id, the quantity (32 bits) and the amount of
 * one (64 bits), both big endian.
 */

#include "core/shape.h"

#define CF_ITEM_SIZE 28
#define CF_ITEMS_SIZE_MAX (CF_ITEM_SIZE * CF_ITEMS_MAX)

/* Writes at most CF_ITEMS_SIZE_MAX bytes; returns how many. */
size_t cf_items_write(const struct cf_items *items, uint8_t ret_bytes[CF_ITEMS_SIZE_MAX]);

/* CORRUPT for bytes that cf_items_write does not write. */
CF_MUST_CHECK enum cf_status cf_items_read(struct cf_bytes bytes, struct cf_items *ret_items);

#endif
