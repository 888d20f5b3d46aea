/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/keeper_news.h"

#include "core/wire.h"
#include "eventstore/bus.h"
#include "eventstore/sodium.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BEAT_MS 1000
#define SILENCE_MS 3000
#define TOPIC "keeper"
#define URL_SIZE 256

static enum cf_status news_url(const char *keeper_url, char ret_url[URL_SIZE],
                               struct cf_fault *reterr_fault)
{
    if (snprintf(ret_url, URL_SIZE, "%s.news", keeper_url) >= URL_SIZE)
        CF_FAIL(reterr_fault, CF_INVALID, "the keeper's URL is too long");
    return CF_OK;
}

/* ---- Telling ---- */

struct cf_keeper_teller {
    struct cf_bus_publisher *publisher;
    uint64_t epoch;
    uint64_t number;
    int64_t told_ms;
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum cf_status cf_keeper_teller_open(const char *keeper_url, struct cf_keeper_teller **ret_teller,
                                     struct cf_fault *reterr_fault)
{
    char url[URL_SIZE];
    CF_TRY(news_url(keeper_url, url, reterr_fault));
    struct cf_keeper_teller *teller = calloc(1, sizeof *teller);
    if (teller == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the keeper's news");
    cf_random(&teller->epoch, sizeof teller->epoch);
    enum cf_status status = cf_bus_publisher_open(url, &teller->publisher, reterr_fault);
    if (status != CF_OK) {
        cf_keeper_teller_close(teller);
        return status;
    }
    *ret_teller = teller;
    return CF_OK;
}

void cf_keeper_teller_close(struct cf_keeper_teller *teller)
{
    if (teller == NULL)
        return;
    cf_bus_publisher_close(teller->publisher);
    free(teller);
}

/* What cannot be sent counts as lost: the next number tells. */
static void tell(struct cf_keeper_teller *teller, const struct cf_id *subject_id)
{
    uint8_t bytes[64];
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_wire_write_array(&writer, 3);
    cf_wire_write_unsigned(&writer, teller->epoch);
    cf_wire_write_unsigned(&writer, teller->number);
    if (subject_id == NULL)
        cf_wire_write_nil(&writer);
    else
        cf_wire_write_bytes(&writer, cf_id_bytes(subject_id));
    enum cf_status status =
        cf_bus_publisher_publish(teller->publisher, TOPIC, cf_bytes_from(bytes, writer.size));
    teller->told_ms = status == CF_OK ? now_ms() : teller->told_ms;
}

void cf_keeper_teller_forget(struct cf_keeper_teller *teller, struct cf_id subject_id)
{
    teller->number++;
    tell(teller, &subject_id);
}

void cf_keeper_teller_beat(struct cf_keeper_teller *teller)
{
    if (now_ms() - teller->told_ms >= BEAT_MS)
        tell(teller, NULL);
}

/* ---- Listening ---- */

struct cf_keeper_listener {
    struct cf_bus_subscriber *subscriber;
    struct cf_keeper_hearing hearing;
    pthread_t thread;
    bool has_thread;
    bool hears;
    uint64_t epoch;
    uint64_t number;
};

struct news {
    uint64_t epoch;
    uint64_t number;
    bool forgets;
    struct cf_id subject_id;
};

static enum cf_status news_read(struct cf_bytes payload, struct news *ret_news)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(payload, CF_WIRE_CANONICAL);
    struct cf_bytes subject;
    CF_TRY(cf_wire_expect_array(&cursor, 3, NULL));
    CF_TRY(cf_wire_read_unsigned(&cursor, UINT64_MAX, &ret_news->epoch, NULL));
    CF_TRY(cf_wire_read_unsigned(&cursor, UINT64_MAX, &ret_news->number, NULL));
    ret_news->forgets = cf_wire_peek(&cursor) == CF_WIRE_BYTES;
    if (!ret_news->forgets)
        return cf_wire_read_nil(&cursor, NULL);
    CF_TRY(cf_wire_read_bytes(&cursor, CF_ID_SIZE, &subject, NULL));
    if (subject.size != CF_ID_SIZE)
        return CF_CORRUPT;
    memcpy(ret_news->subject_id.bytes, subject.data, CF_ID_SIZE);
    return CF_OK;
}

static void hear(struct cf_keeper_listener *listener, const struct news *news)
{
    const struct cf_keeper_hearing *hearing = &listener->hearing;
    uint64_t due = listener->number + (news->forgets ? 1 : 0);
    bool follows = listener->hears && news->epoch == listener->epoch && news->number == due;
    listener->epoch = news->epoch;
    listener->number = news->number;
    listener->hears = true;
    if (!follows) {
        hearing->missed(hearing->context);
        hearing->hears(hearing->context);
    } else if (news->forgets) {
        hearing->forget(hearing->context, news->subject_id);
    }
}

static void *listen_run(void *argument)
{
    struct cf_keeper_listener *listener = argument;
    for (;;) {
        struct cf_bus_news received;
        struct news news;
        enum cf_status status =
            cf_bus_subscriber_receive(listener->subscriber, SILENCE_MS, &received);
        if (status == CF_CLOSED)
            return NULL;
        if (status == CF_OK && news_read(received.payload, &news) == CF_OK) {
            hear(listener, &news);
        } else if (listener->hears) {
            listener->hears = false;
            listener->hearing.missed(listener->hearing.context);
        }
    }
}

enum cf_status cf_keeper_listener_open(const char *keeper_url,
                                       const struct cf_keeper_hearing *hearing,
                                       struct cf_keeper_listener **ret_listener,
                                       struct cf_fault *reterr_fault)
{
    char url[URL_SIZE];
    CF_TRY(news_url(keeper_url, url, reterr_fault));
    struct cf_keeper_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the keeper's news");
    listener->hearing = *hearing;
    enum cf_status status = cf_bus_subscriber_open(url, &listener->subscriber, reterr_fault);
    if (status == CF_OK)
        status = cf_bus_subscriber_subscribe(listener->subscriber, TOPIC);
    if (status == CF_OK && pthread_create(&listener->thread, NULL, listen_run, listener) != 0)
        status = cf_fault_set(reterr_fault, CF_IO, __FILE__, __LINE__, "cannot make a thread");
    listener->has_thread = status == CF_OK;
    if (status != CF_OK) {
        cf_keeper_listener_close(listener);
        return status;
    }
    *ret_listener = listener;
    return CF_OK;
}

void cf_keeper_listener_close(struct cf_keeper_listener *listener)
{
    if (listener == NULL)
        return;
    if (listener->has_thread) {
        cf_bus_subscriber_interrupt(listener->subscriber);
        pthread_join(listener->thread, NULL);
    }
    cf_bus_subscriber_close(listener->subscriber);
    free(listener);
}
