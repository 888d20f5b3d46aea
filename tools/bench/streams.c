/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread reads all streams and notes when each message came and up to which record it speaks; pledges
 * go out meanwhile on the HTTP client's thread. Afterwards the records' times are read from the log.
 */
#include "tools/bench/streams.h"

#include "commands/gateway/http_client.h"
#include "core/base/scope.h"
#include "core/event/record.h"
#include "eventstore/range.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define ARRIVALS_MAX (1 << 20)
#define TICK_MS 5

struct arrival {
    uint64_t sequence;
    int64_t at_us;
};

struct streams {
    int poll_fd;
    int fds[CF_STREAMS_COUNT];
    struct arrival *arrivals; /* owned */
    size_t arrival_count;
    struct cf_http_client *http;
    struct cf_buf body;
    char authorization[192];
    _Atomic int64_t refused;
};

static int64_t real_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- Viewers ---- */

static enum cf_status viewer_open(const struct cf_platform *platform, int *ret_fd,
                                  struct cf_fault *reterr_fault)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(cf_platform_port(platform)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char request[256];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n",
                        cf_platform_progress_path(platform));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        send(fd, request, (size_t)size, MSG_NOSIGNAL) == size) {
        *ret_fd = fd;
        return CF_OK;
    }
    int failure = errno;
    if (fd >= 0)
        close(fd);
    CF_FAIL_ON(reterr_fault, CF_IO, "cannot open a stream", "%s", strerror(failure));
}

static enum cf_status viewers_open(struct streams *streams, const struct cf_platform *platform,
                                   struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < CF_STREAMS_COUNT; i++) {
        CF_TRY(viewer_open(platform, &streams->fds[i], reterr_fault));
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        if (epoll_ctl(streams->poll_fd, EPOLL_CTL_ADD, streams->fds[i], &event) != 0)
            CF_FAIL(reterr_fault, CF_IO, "cannot watch a stream");
    }
    return CF_OK;
}

/* Messages are short and come whole; "id: " is in each. */
static void arrivals_note(struct streams *streams, const char *text, int64_t at_us)
{
    for (const char *id = strstr(text, "\nid: "); id != NULL; id = strstr(id + 1, "\nid: "))
        if (streams->arrival_count < ARRIVALS_MAX)
            streams->arrivals[streams->arrival_count++] =
                (struct arrival){.sequence = strtoull(id + 5, NULL, 10), .at_us = at_us};
}

static enum cf_status streams_read(struct streams *streams, int timeout_ms,
                                   struct cf_fault *reterr_fault)
{
    struct epoll_event events[256];
    int count = epoll_wait(streams->poll_fd, events, 256, timeout_ms);
    for (int i = 0; i < count; i++) {
        char text[16384];
        ssize_t size = recv(streams->fds[events[i].data.u32], text, sizeof text - 1, MSG_DONTWAIT);
        if (size == 0)
            CF_FAIL(reterr_fault, CF_CLOSED, "a stream ended during the bench");
        if (size < 0)
            continue;
        text[size] = '\0';
        arrivals_note(streams, text, real_us());
    }
    return CF_OK;
}

/* ---- Pledges ---- */

static void pledge_done(void *context, const struct cf_http_result *result)
{
    struct streams *streams = context;
    if (result->http_status != 201)
        streams->refused++;
}

static enum cf_status pledge_send(struct streams *streams, const struct cf_platform *platform,
                                  struct cf_fault *reterr_fault)
{
    const char *const headers[] = {"Content-Type: application/json", streams->authorization, NULL};
    if (cf_http_client_submit(streams->http,
                              &(struct cf_http_call){.method = "POST",
                                                     .url = cf_platform_pledge_url(platform),
                                                     .headers = headers,
                                                     .body = cf_buf_bytes(&streams->body),
                                                     .done = pledge_done,
                                                     .context = streams}) != CF_OK)
        CF_FAIL(reterr_fault, CF_IO, "cannot send a pledge");
    return CF_OK;
}

static enum cf_status pledges_pace(struct streams *streams, const struct cf_platform *platform,
                                   int seconds, struct cf_fault *reterr_fault)
{
    int64_t began_us = real_us();
    int64_t total = (int64_t)seconds * CF_STREAMS_PLEDGES_PER_SECOND;
    for (int64_t sent = 0; sent < total;) {
        int64_t due = (real_us() - began_us) * CF_STREAMS_PLEDGES_PER_SECOND / 1000000;
        for (; sent < due && sent < total; sent++)
            CF_TRY(pledge_send(streams, platform, reterr_fault));
        CF_TRY(streams_read(streams, TICK_MS, reterr_fault));
    }
    for (int64_t end_us = real_us() + 1000000; real_us() < end_us;)
        CF_TRY(streams_read(streams, TICK_MS, reterr_fault));
    if (streams->refused > 0)
        CF_FAIL(reterr_fault, CF_IO, "pledges were refused during the bench");
    return CF_OK;
}

/* ---- Judging ---- */

/* The time of each record from `first` to `last`. */
static enum cf_status times_read(const char *range_url, uint64_t first, uint64_t last,
                                 int64_t *ret_times_us, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_range_client_close) struct cf_range_client *range = NULL;
    CF_TRY(cf_range_client_open(range_url, NULL, &range, reterr_fault));
    CF_CLEANUP(cf_range_records_clean_up) struct cf_range_records records = {0};
    for (uint64_t next = first; next <= last;) {
        CF_TRY(cf_range_read(range, next, (size_t)512 * 1024, &records, reterr_fault));
        if (records.count == 0)
            CF_FAIL(reterr_fault, CF_CORRUPT, "a stream spoke of a record that is not there");
        for (size_t i = 0; i < records.count && next <= last; i++, next++) {
            struct cf_record record;
            CF_TRY(cf_record_decode(records.records[i], &record, reterr_fault));
            ret_times_us[next - first] = record.time_us;
        }
    }
    return CF_OK;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

static enum cf_status p99_find(const struct streams *streams, const char *range_url, uint64_t after,
                               int64_t *ret_p99_us, struct cf_fault *reterr_fault)
{
    uint64_t last = after;
    for (size_t i = 0; i < streams->arrival_count; i++)
        if (streams->arrivals[i].sequence > last)
            last = streams->arrivals[i].sequence;
    CF_CLEANUP(cf_scope_free) int64_t *times_us = calloc(last - after + 1, sizeof *times_us);
    CF_CLEANUP(cf_scope_free)
    int64_t *delays_us = calloc(streams->arrival_count + 1, sizeof *delays_us);
    if (times_us == NULL || delays_us == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the streams' delays");
    CF_TRY(times_read(range_url, after + 1, last, times_us, reterr_fault));
    size_t count = 0;
    for (size_t i = 0; i < streams->arrival_count; i++) {
        const struct arrival *arrival = &streams->arrivals[i];
        if (arrival->sequence > after)
            delays_us[count++] = arrival->at_us - times_us[arrival->sequence - after - 1];
    }
    if (count < CF_STREAMS_COUNT)
        CF_FAIL(reterr_fault, CF_IO, "not every stream heard of the pledges");
    qsort(delays_us, count, sizeof *delays_us, compare);
    *ret_p99_us = delays_us[(count - 1) * 99 / 100];
    return CF_OK;
}

/* ---- All of it ---- */

static void streams_clean_up(struct streams *streams)
{
    cf_http_client_close(streams->http);
    for (size_t i = 0; i < CF_STREAMS_COUNT; i++)
        if (streams->fds[i] >= 0)
            close(streams->fds[i]);
    if (streams->poll_fd >= 0)
        close(streams->poll_fd);
    cf_buf_clean_up(&streams->body);
    free(streams->arrivals);
}

static enum cf_status streams_prepare(struct streams *streams, const struct cf_platform *platform,
                                      struct cf_fault *reterr_fault)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    for (size_t i = 0; i < CF_STREAMS_COUNT; i++)
        streams->fds[i] = -1;
    cf_buf_init(&streams->body, 4096);
    streams->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    streams->arrivals = calloc(ARRIVALS_MAX, sizeof *streams->arrivals);
    if (streams->poll_fd < 0 || streams->arrivals == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the streams");
    snprintf(streams->authorization, sizeof streams->authorization, "Authorization: %s",
             cf_platform_authorization(platform));
    FILE *file = fopen(cf_platform_body_path(platform), "re");
    char body[1024];
    size_t size = file == NULL ? 0 : fread(body, 1, sizeof body, file);
    if (file != NULL)
        fclose(file);
    CF_TRY(cf_buf_append(&streams->body, cf_bytes_from(body, size)));
    return cf_http_client_open(&(struct cf_http_client_options){0}, &streams->http, reterr_fault);
}

static enum cf_status measure(struct streams *streams, struct cf_bench *bench,
                              const struct cf_platform *platform, struct cf_fault *reterr_fault)
{
    CF_TRY(streams_prepare(streams, platform, reterr_fault));
    CF_TRY(viewers_open(streams, platform, reterr_fault));
    CF_CLEANUP(cf_scope_cf_range_client_close) struct cf_range_client *range = NULL;
    CF_TRY(cf_range_client_open(cf_platform_range_url(platform), NULL, &range, reterr_fault));
    /* Every viewer gets the present totals first: those are no news. */
    for (int64_t end_us = real_us() + 2000000; real_us() < end_us;)
        CF_TRY(streams_read(streams, TICK_MS, reterr_fault));
    uint64_t after = 0;
    CF_TRY(cf_range_head(range, &after, reterr_fault));
    CF_TRY(pledges_pace(streams, platform, bench->quick ? 5 : 20, reterr_fault));
    int64_t p99_us = 0;
    CF_TRY(p99_find(streams, cf_platform_range_url(platform), after, &p99_us, reterr_fault));
    cf_figure_report(bench, &(struct cf_figure){.name = "http.streams_p99",
                                                .value = (double)p99_us / 1000,
                                                .unit = "ms",
                                                .against = "the limit with 2,000 streams",
                                                .against_value = 400});
    return CF_OK;
}

enum cf_status cf_streams_measure(struct cf_bench *bench, const struct cf_platform *platform,
                                  struct cf_fault *reterr_fault)
{
    static struct streams streams;
    streams = (struct streams){.poll_fd = -1};
    enum cf_status status = measure(&streams, bench, platform, reterr_fault);
    streams_clean_up(&streams);
    return status;
}
