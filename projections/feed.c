/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/feed.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "core/wire.h"
#include "eventstore/bus.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    TOPIC_SIZE_MAX = 80,
    PAYLOAD_SIZE_MAX = 4096,
    SETS_COUNT = 1 << 14,
    WAYS_COUNT = 8, /* topics remembered per set; one that falls out of memory reads as a gap */
};

/* The newest message of one topic, by the topic's hash. */
struct remembered {
    uint64_t topic;
    int64_t sequence;
};

struct cf_feed {
    struct cf_bus_publisher *publisher;
    struct remembered *topics;
    int64_t beat_before;
};

enum cf_status cf_feed_open(const char *url, struct cf_feed **ret_feed,
                            struct cf_fault *reterr_fault)
{
    struct cf_feed *feed = calloc(1, sizeof *feed);
    struct remembered *topics = calloc((size_t)SETS_COUNT * WAYS_COUNT, sizeof *topics);
    if (feed == NULL || topics == NULL) {
        free(feed);
        free(topics);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the feed");
    }
    feed->topics = topics;
    enum cf_status status = cf_bus_publisher_open(url, &feed->publisher, reterr_fault);
    if (status != CF_OK) {
        cf_feed_close(feed);
        return status;
    }
    *ret_feed = feed;
    return CF_OK;
}

void cf_feed_close(struct cf_feed *feed)
{
    if (feed == NULL)
        return;
    if (feed->publisher != NULL)
        cf_bus_publisher_close(feed->publisher);
    free(feed->topics);
    free(feed);
}

static void send(struct cf_feed *feed, const char *topic, int64_t sequence, int64_t before,
                 struct cf_bytes json)
{
    uint8_t payload[PAYLOAD_SIZE_MAX];
    struct cf_wire_writer writer = cf_wire_writer_fixed(payload, sizeof payload);
    cf_wire_write_array(&writer, 3);
    cf_wire_write_signed(&writer, sequence);
    cf_wire_write_signed(&writer, before);
    cf_wire_write_text(&writer, json);
    CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
    enum cf_status status =
        cf_bus_publisher_publish(feed->publisher, topic, cf_bytes_from(payload, writer.size));
    (void)status; /* a lost message is a gap, which its subscribers see */
}

/* FNV-1a. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
    return hash;
}

/* Where the topic is remembered, or can be: in place of the one of its set that was quiet longest.
 */
static struct remembered *place_of(struct cf_feed *feed, uint64_t hash)
{
    struct remembered *set = &feed->topics[hash % SETS_COUNT * WAYS_COUNT], *quietest = set;
    for (size_t i = 0; i < WAYS_COUNT; i++) {
        if (set[i].topic == hash)
            return &set[i];
        if (set[i].sequence < quietest->sequence)
            quietest = &set[i];
    }
    return quietest;
}

void cf_feed_publish(struct cf_feed *feed, const char *kind, struct cf_id key, int64_t sequence,
                     struct cf_bytes json)
{
    char topic[TOPIC_SIZE_MAX], id[CF_ID_TEXT_SIZE];
    cf_id_print(key, id);
    snprintf(topic, sizeof topic, "%s:%s", kind, id);
    uint64_t hash = hash_of(topic);
    struct remembered *place = place_of(feed, hash);
    int64_t before = place->topic == hash ? place->sequence : 0;
    /* Several rows of one batch may speak on one topic, in no order: the newest one speaks for all.
     */
    if (sequence <= before)
        return;
    *place = (struct remembered){.topic = hash, .sequence = sequence};
    send(feed, topic, sequence, before, json);
}

void cf_feed_beat(struct cf_feed *feed, int64_t sequence, struct cf_bytes json)
{
    send(feed, "heartbeat", sequence, feed->beat_before, json);
    feed->beat_before = sequence;
}

enum cf_status cf_feed_read(struct cf_bytes payload, int64_t *ret_sequence, int64_t *ret_before,
                            struct cf_bytes *ret_json, struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(payload, CF_WIRE_LENIENT);
    int64_t sequence, before;
    struct cf_bytes json;
    CF_TRY(cf_wire_expect_array(&cursor, 3, reterr_fault));
    CF_TRY(cf_wire_read_signed(&cursor, &sequence, reterr_fault));
    CF_TRY(cf_wire_read_signed(&cursor, &before, reterr_fault));
    CF_TRY(cf_wire_read_text(&cursor, PAYLOAD_SIZE_MAX, &json, reterr_fault));
    CF_TRY(cf_wire_finish(&cursor, reterr_fault));
    *ret_sequence = sequence;
    *ret_before = before;
    *ret_json = json;
    return CF_OK;
}
