/* SPDX-License-Identifier: Apache-2.0 */
#include "api/server_bare.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>

struct cf_http_bare {
    struct MHD_Daemon *daemon;
    struct MHD_Response *response;
};

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    (void)upload_size;
    /* The first of two calls for each request; answering it would end the connection. */
    if (*state == NULL) {
        *state = context;
        return MHD_YES;
    }
    const struct cf_http_bare *bare = context;
    return MHD_queue_response(connection, MHD_HTTP_OK, bare->response);
}

enum cf_status cf_http_bare_open(struct cf_bytes body, unsigned thread_count,
                                 struct cf_http_bare **ret_bare, struct cf_fault *reterr_fault)
{
    struct cf_http_bare *bare = calloc(1, sizeof *bare);
    if (bare == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the bare server");
    /* The library takes a mutable pointer for memory that it only reads. */
    bare->response = MHD_create_response_from_buffer(body.size, (void *)(uintptr_t)body.data,
                                                     MHD_RESPMEM_PERSISTENT);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    bare->daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, bare,
                         MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE, thread_count,
                         MHD_OPTION_CONNECTION_LIMIT, 4096U, MHD_OPTION_END);
    if (bare->daemon == NULL || bare->response == NULL) {
        cf_http_bare_close(bare);
        CF_FAIL(reterr_fault, CF_IO, "the bare server does not start");
    }
    *ret_bare = bare;
    return CF_OK;
}

uint16_t cf_http_bare_port(const struct cf_http_bare *bare)
{
    return MHD_get_daemon_info(bare->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void cf_http_bare_close(struct cf_http_bare *bare)
{
    if (bare == NULL)
        return;
    if (bare->daemon != NULL)
        MHD_stop_daemon(bare->daemon);
    if (bare->response != NULL)
        MHD_destroy_response(bare->response);
    free(bare);
}
