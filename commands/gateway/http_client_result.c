/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/http_client.h"

#include <pthread.h>
#include <strings.h>

bool cf_http_result_header(const struct cf_http_result *result, const char *name,
                           struct cf_bytes *ret_value)
{
    size_t name_size = strlen(name);
    const char *line = (const char *)result->headers.data;
    const char *end = line + result->headers.size;
    while (line < end) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        if (next == NULL)
            next = end;
        if ((size_t)(next - line) > name_size && line[name_size] == ':' &&
            strncasecmp(line, name, name_size) == 0) {
            const char *value = line + name_size + 1, *value_end = next;
            while (value < value_end && (*value == ' ' || *value == '\t'))
                value++;
            while (value_end > value && (value_end[-1] == '\r' || value_end[-1] == ' '))
                value_end--;
            *ret_value = cf_bytes_from(value, (size_t)(value_end - value));
            return true;
        }
        line = next + 1;
    }
    return false;
}

/* A caller that waits for its answer. */
struct waiter {
    pthread_mutex_t mutex;
    pthread_cond_t answered;
    bool done;
    enum cf_status status;
    long http_status;
    struct cf_buf *body;
    struct cf_fault *fault;
};

static void on_done(void *context, const struct cf_http_result *result)
{
    struct waiter *waiter = context;
    pthread_mutex_lock(&waiter->mutex);
    waiter->status = result->status;
    waiter->http_status = result->http_status;
    if (waiter->status == CF_OK)
        waiter->status = cf_buf_append(waiter->body, result->body);
    if (waiter->status != CF_OK) {
        cf_fault_set(waiter->fault, waiter->status, __FILE__, __LINE__, "an HTTP call failed");
        cf_fault_detail(waiter->fault, "%s", result->message);
    }
    waiter->done = true;
    pthread_cond_signal(&waiter->answered);
    pthread_mutex_unlock(&waiter->mutex);
}

enum cf_status cf_http_client_perform(struct cf_http_client *client,
                                      const struct cf_http_call *call, long *ret_http_status,
                                      struct cf_buf *ret_body, struct cf_fault *reterr_fault)
{
    struct waiter waiter = {.body = ret_body, .fault = reterr_fault};
    struct cf_http_call waited = *call;
    waited.done = on_done;
    waited.context = &waiter;
    pthread_mutex_init(&waiter.mutex, NULL);
    pthread_cond_init(&waiter.answered, NULL);
    enum cf_status status = cf_http_client_submit(client, &waited);
    if (status == CF_OK) {
        pthread_mutex_lock(&waiter.mutex);
        while (!waiter.done)
            pthread_cond_wait(&waiter.answered, &waiter.mutex);
        pthread_mutex_unlock(&waiter.mutex);
        status = waiter.status;
    } else {
        cf_fault_set(reterr_fault, status, __FILE__, __LINE__, "an HTTP call could not be made");
    }
    pthread_cond_destroy(&waiter.answered);
    pthread_mutex_destroy(&waiter.mutex);
    if (status == CF_OK)
        *ret_http_status = waiter.http_status;
    return status;
}
