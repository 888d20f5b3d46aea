/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's thread owns every libcurl handle. Submitting puts a call into `waiting` under the
 * mutex and wakes the thread; from then on only the thread touches it.
 */
#include "commands/gateway/http_client.h"

#include "core/base/assert.h"
#include "core/base/scope.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <strings.h>

#define HEADERS_SIZE_MAX ((size_t)64 << 10)
#define POLL_MS 1000
#define CONNECT_TIMEOUT_MS 10000L

/* One call on its way. */
struct transfer {
    struct transfer *next;
    CURL *easy; /* while in flight */
    char *method, *url;
    struct curl_slist *header_lines;
    struct cf_buf request_body;
    struct cf_buf body;
    struct cf_buf headers;
    long timeout_ms;
    bool too_large;
    cf_http_done_fn *done;
    void *context;
    char message[CURL_ERROR_SIZE];
};

struct cf_http_client {
    CURLM *multi;
    pthread_t thread;
    bool thread_started;
    struct cf_http_client_options options;
    char *ca_file, *user_agent;

    pthread_mutex_t mutex;
    struct transfer *waiting, **waiting_end; /* in order; under mutex */
    size_t pending_count;                    /* waiting or in flight; under mutex */
    bool closing;                            /* under mutex */

    struct transfer *in_flight; /* the thread's own */
    unsigned in_flight_count;
    CURL *spare[64]; /* handles to use again; their connections live in multi anyway */
    unsigned spare_count;
};

static void transfer_destroy(struct transfer *transfer)
{
    if (transfer == NULL)
        return;
    curl_slist_free_all(transfer->header_lines);
    cf_buf_clean_up(&transfer->request_body);
    cf_buf_clean_up(&transfer->body);
    cf_buf_clean_up(&transfer->headers);
    free(transfer->method);
    free(transfer->url);
    free(transfer);
}
CF_SCOPE_DEFINE(struct transfer *, transfer_destroy)

static struct transfer *transfer_new(const struct cf_http_call *call, size_t body_size_max)
{
    CF_CLEANUP(cf_scope_transfer_destroy) struct transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL)
        return NULL;
    cf_buf_init(&transfer->request_body, SIZE_MAX / 2);
    cf_buf_init(&transfer->body, body_size_max);
    cf_buf_init(&transfer->headers, HEADERS_SIZE_MAX);
    transfer->method = strdup(call->method);
    transfer->url = strdup(call->url);
    transfer->timeout_ms = call->timeout_ms == 0 ? 30000 : call->timeout_ms;
    transfer->done = call->done;
    transfer->context = call->context;
    if (transfer->method == NULL || transfer->url == NULL ||
        cf_buf_append(&transfer->request_body, call->body) != CF_OK)
        return NULL;
    /* An empty Expect: keeps libcurl from waiting for a 100 before larger bodies. */
    static const char *const none[] = {NULL};
    const char *line = "Expect:";
    for (const char *const *next = call->headers == NULL ? none : call->headers; line != NULL;
         line = *next++) {
        struct curl_slist *lines = curl_slist_append(transfer->header_lines, line);
        if (lines == NULL)
            return NULL;
        transfer->header_lines = lines;
    }
    return CF_TAKE(transfer);
}

static size_t on_body(char *bytes, size_t one, size_t size, void *context)
{
    struct transfer *transfer = context;
    if (cf_buf_append(&transfer->body, cf_bytes_from(bytes, one * size)) == CF_OK)
        return one * size;
    transfer->too_large = true;
    return 0;
}

static size_t on_header(char *bytes, size_t one, size_t size, void *context)
{
    struct transfer *transfer = context;
    if (size >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        cf_buf_clear(&transfer->headers); /* a further answer begins, after a 100 */
    if (cf_buf_append(&transfer->headers, cf_bytes_from(bytes, one * size)) == CF_OK)
        return one * size;
    transfer->too_large = true;
    return 0;
}

/* Tells the caller, and forgets the call. */
static void finish(struct cf_http_client *client, struct transfer *transfer, enum cf_status status,
                   long http_status)
{
    struct cf_http_result result = {.status = status,
                                    .http_status = http_status,
                                    .body = cf_buf_bytes(&transfer->body),
                                    .headers = cf_buf_bytes(&transfer->headers),
                                    .message = status == CF_OK ? "" : transfer->message};
    pthread_mutex_lock(&client->mutex);
    client->pending_count--;
    pthread_mutex_unlock(&client->mutex);
    transfer->done(transfer->context, &result);
    transfer_destroy(transfer);
}

static void set_options(struct cf_http_client *client, struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_URL, transfer->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "localhost,127.0.0.1,::1");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, transfer->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, client->user_agent);
    if (client->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, client->ca_file);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->header_lines);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->message);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    if (strcmp(transfer->method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)transfer->request_body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         transfer->request_body.size == 0 ? ""
                                                          : (char *)transfer->request_body.data);
    } else if (strcmp(transfer->method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, transfer->method);
    }
}

static void start(struct cf_http_client *client, struct transfer *transfer)
{
    transfer->easy =
        client->spare_count > 0 ? client->spare[--client->spare_count] : curl_easy_init();
    if (transfer->easy == NULL) {
        finish(client, transfer, CF_NO_MEMORY, 0);
        return;
    }
    set_options(client, transfer);
    CF_ASSERT(curl_multi_add_handle(client->multi, transfer->easy) == CURLM_OK);
    transfer->next = client->in_flight;
    client->in_flight = transfer;
    client->in_flight_count++;
}

/* Takes a transfer out of flight and keeps its handle for the next. */
static void land(struct cf_http_client *client, struct transfer *transfer)
{
    struct transfer **link = &client->in_flight;
    while (*link != transfer)
        link = &(*link)->next;
    *link = transfer->next;
    client->in_flight_count--;
    curl_multi_remove_handle(client->multi, transfer->easy);
    if (client->spare_count < sizeof client->spare / sizeof client->spare[0]) {
        curl_easy_reset(transfer->easy);
        client->spare[client->spare_count++] = transfer->easy;
    } else {
        curl_easy_cleanup(transfer->easy);
    }
    transfer->easy = NULL;
}

static enum cf_status status_of(CURLcode code, const struct transfer *transfer)
{
    if (code == CURLE_OK)
        return CF_OK;
    if (transfer->too_large)
        return CF_NO_SPACE;
    return code == CURLE_OPERATION_TIMEDOUT ? CF_TIMEOUT : CF_IO;
}

static void finish_done(struct cf_http_client *client)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        struct transfer *transfer = NULL;
        long http_status = 0;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &http_status);
        if (code != CURLE_OK && transfer->message[0] == '\0')
            snprintf(transfer->message, sizeof transfer->message, "%s", curl_easy_strerror(code));
        land(client, transfer);
        finish(client, transfer, status_of(code, transfer), code == CURLE_OK ? http_status : 0);
    }
}

/* Starts what may start; false when the client is closing. */
static bool start_waiting(struct cf_http_client *client)
{
    pthread_mutex_lock(&client->mutex);
    bool closing = client->closing;
    while (!closing && client->waiting != NULL &&
           client->in_flight_count < client->options.in_flight_max) {
        struct transfer *transfer = client->waiting;
        client->waiting = transfer->next;
        if (client->waiting == NULL)
            client->waiting_end = &client->waiting;
        pthread_mutex_unlock(&client->mutex);
        start(client, transfer);
        pthread_mutex_lock(&client->mutex);
        closing = client->closing;
    }
    pthread_mutex_unlock(&client->mutex);
    return !closing;
}

static void *run(void *context)
{
    struct cf_http_client *client = context;
    while (start_waiting(client)) {
        int running;
        CF_ASSERT(curl_multi_perform(client->multi, &running) == CURLM_OK);
        unsigned before = client->in_flight_count;
        finish_done(client);
        if (client->in_flight_count == before)
            curl_multi_poll(client->multi, NULL, 0, POLL_MS, NULL);
    }
    while (client->in_flight != NULL) {
        struct transfer *transfer = client->in_flight;
        land(client, transfer);
        finish(client, transfer, CF_CLOSED, 0);
    }
    while (client->waiting != NULL) { /* nobody adds any more */
        struct transfer *transfer = client->waiting;
        client->waiting = transfer->next;
        finish(client, transfer, CF_CLOSED, 0);
    }
    return NULL;
}

static void init_library(void)
{
    CF_ASSERT(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

enum cf_status cf_http_client_open(const struct cf_http_client_options *options,
                                   struct cf_http_client **ret_client,
                                   struct cf_fault *reterr_fault)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_library);
    struct cf_http_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "an HTTP client");
    client->options = *options;
    if (options->in_flight_max == 0)
        client->options.in_flight_max = 64;
    if (options->body_size_max == 0)
        client->options.body_size_max = (size_t)4 << 20;
    pthread_mutex_init(&client->mutex, NULL);
    client->waiting_end = &client->waiting;
    client->user_agent = strdup(options->user_agent == NULL ? "coffer" : options->user_agent);
    client->ca_file = options->ca_file == NULL ? NULL : strdup(options->ca_file);
    client->multi = curl_multi_init();
    if (client->multi == NULL || client->user_agent == NULL ||
        (options->ca_file != NULL && client->ca_file == NULL)) {
        cf_http_client_close(client);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "an HTTP client");
    }
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, (long)client->options.in_flight_max);
    client->thread_started = pthread_create(&client->thread, NULL, run, client) == 0;
    if (!client->thread_started) {
        cf_http_client_close(client);
        CF_FAIL(reterr_fault, CF_IO, "cannot start a thread");
    }
    *ret_client = client;
    return CF_OK;
}

void cf_http_client_close(struct cf_http_client *client)
{
    if (client == NULL)
        return;
    if (client->thread_started) {
        pthread_mutex_lock(&client->mutex);
        client->closing = true;
        pthread_mutex_unlock(&client->mutex);
        curl_multi_wakeup(client->multi);
        pthread_join(client->thread, NULL);
    }
    while (client->spare_count > 0)
        curl_easy_cleanup(client->spare[--client->spare_count]);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    pthread_mutex_destroy(&client->mutex);
    free(client->ca_file);
    free(client->user_agent);
    free(client);
}

enum cf_status cf_http_client_submit(struct cf_http_client *client, const struct cf_http_call *call)
{
    struct transfer *transfer = transfer_new(call, client->options.body_size_max);
    if (transfer == NULL)
        return CF_NO_MEMORY;
    pthread_mutex_lock(&client->mutex);
    bool closing = client->closing, first = client->waiting == NULL;
    if (!closing) {
        *client->waiting_end = transfer;
        client->waiting_end = &transfer->next;
        client->pending_count++;
    }
    pthread_mutex_unlock(&client->mutex);
    if (closing) {
        transfer_destroy(transfer);
        return CF_CLOSED;
    }
    if (first)
        curl_multi_wakeup(client->multi);
    return CF_OK;
}

size_t cf_http_client_pending(struct cf_http_client *client)
{
    pthread_mutex_lock(&client->mutex);
    size_t count = client->pending_count;
    pthread_mutex_unlock(&client->mutex);
    return count;
}
