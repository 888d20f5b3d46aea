/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rate.h"

#include "core/base/assert.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET_COUNT 16384

/* A bucket as the instant at which it will be full again: one number says how many are left. */
struct cf_rate {
    pthread_mutex_t mutex;
    int64_t each_us; /* one drop's worth of time */
    int64_t burst_us;
    int64_t full_at_us[BUCKET_COUNT];
};

enum cf_status cf_rate_new(uint32_t burst, uint32_t per_minute, struct cf_rate **ret_rate)
{
    CF_ASSERT(burst > 0 && per_minute > 0);
    struct cf_rate *rate = calloc(1, sizeof *rate);
    if (rate == NULL)
        return CF_NO_MEMORY;
    pthread_mutex_init(&rate->mutex, NULL);
    rate->each_us = INT64_C(60000000) / per_minute;
    rate->burst_us = rate->each_us * burst;
    *ret_rate = rate;
    return CF_OK;
}

void cf_rate_destroy(struct cf_rate *rate)
{
    if (rate == NULL)
        return;
    pthread_mutex_destroy(&rate->mutex);
    free(rate);
}

static size_t place_of(const struct sockaddr_in6 *client)
{
    /* A mapped IPv4 address counts whole, an IPv6 address by its network. FNV-1a. */
    const uint8_t *bytes = client->sin6_addr.s6_addr;
    size_t size = IN6_IS_ADDR_V4MAPPED(&client->sin6_addr) ? 16 : 8;
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * 16777619U;
    return hash % BUCKET_COUNT;
}

bool cf_rate_take(struct cf_rate *rate, const struct sockaddr_in6 *client, int64_t now_us)
{
    pthread_mutex_lock(&rate->mutex);
    int64_t *full_at_us = &rate->full_at_us[place_of(client)];
    int64_t from_us = *full_at_us > now_us ? *full_at_us : now_us;
    bool fits = from_us + rate->each_us - now_us <= rate->burst_us;
    if (fits)
        *full_at_us = from_us + rate->each_us;
    pthread_mutex_unlock(&rate->mutex);
    return fits;
}
