/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/funding/items.h"

#include "core/base/assert.h"

#include <endian.h>

size_t cf_items_write(const struct cf_items *items, uint8_t ret_bytes[CF_ITEMS_SIZE_MAX])
{
    CF_ASSERT(items->count <= CF_ITEMS_MAX);
    for (uint32_t i = 0; i < items->count; i++) {
        uint8_t *place = ret_bytes + (size_t)i * CF_ITEM_SIZE;
        uint32_t quantity = htobe32(items->items[i].quantity);
        uint64_t amount = htobe64((uint64_t)cf_money_minor(items->items[i].amount));
        memcpy(place, items->items[i].reward_id.bytes, CF_ID_SIZE);
        memcpy(place + CF_ID_SIZE, &quantity, sizeof quantity);
        memcpy(place + CF_ID_SIZE + sizeof quantity, &amount, sizeof amount);
    }
    return (size_t)items->count * CF_ITEM_SIZE;
}

enum cf_status cf_items_read(struct cf_bytes bytes, struct cf_items *ret_items)
{
    if (bytes.size % CF_ITEM_SIZE != 0 || bytes.size > CF_ITEMS_SIZE_MAX)
        return CF_CORRUPT;
    ret_items->count = (uint32_t)(bytes.size / CF_ITEM_SIZE);
    for (uint32_t i = 0; i < ret_items->count; i++) {
        const uint8_t *place = bytes.data + (size_t)i * CF_ITEM_SIZE;
        uint32_t quantity;
        uint64_t amount;
        memcpy(ret_items->items[i].reward_id.bytes, place, CF_ID_SIZE);
        memcpy(&quantity, place + CF_ID_SIZE, sizeof quantity);
        memcpy(&amount, place + CF_ID_SIZE + sizeof quantity, sizeof amount);
        ret_items->items[i].quantity = be32toh(quantity);
        ret_items->items[i].amount = cf_money_of((int64_t)be64toh(amount));
    }
    return CF_OK;
}
