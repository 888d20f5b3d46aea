/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/listen.h"

#include "core/base/scope.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* The socket address; its size, or 0 when the text is no numeric address. */
static socklen_t to_socket_address(const struct cf_listen *listen, struct sockaddr_storage *ret)
{
    struct sockaddr_in *four = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, listen->address, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons(listen->port);
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, listen->address, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(listen->port);
        return sizeof *six;
    }
    return 0;
}

static bool parse_port(const char *text, uint16_t *ret_port)
{
    char *end;
    errno = 0;
    long port = strtol(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || port < 0 || port > UINT16_MAX)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

enum cf_status cf_listen_parse(const char *text, struct cf_listen *ret_listen,
                               struct cf_fault *reterr_fault)
{
    struct cf_listen listen = {.address = "127.0.0.1"};
    const char *colon = strrchr(text, ':');
    const char *address = text;
    size_t size = colon == NULL ? 0 : (size_t)(colon - text);
    if (size > 2 && text[0] == '[' && text[size - 1] == ']') {
        address++;
        size -= 2;
    }
    if (size > 0 && size < sizeof listen.address) {
        memcpy(listen.address, address, size);
        listen.address[size] = '\0';
    }
    struct sockaddr_storage unused;
    if (size >= sizeof listen.address ||
        !parse_port(colon == NULL ? text : colon + 1, &listen.port) ||
        to_socket_address(&listen, &unused) == 0)
        CF_FAIL_ON(reterr_fault, CF_INVALID,
                   "say where to listen as ADDRESS:PORT, such as 127.0.0.1:8080", "%s", text);
    *ret_listen = listen;
    return CF_OK;
}

enum cf_status cf_listen_check(struct cf_listen *listen, struct cf_fault *reterr_fault)
{
    struct sockaddr_storage address;
    socklen_t size = to_socket_address(listen, &address);
    CF_CLEANUP(cf_scope_close)
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* What lingers of our own last connections is no hindrance. */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    if (bind(fd, (const struct sockaddr *)&address, size) != 0) {
        if (errno == EADDRINUSE)
            CF_FAIL_ON(
                reterr_fault, CF_CONFLICT,
                "the port is in use; stop what listens there or choose another with --listen",
                "%s:%u", listen->address, listen->port);
        if (errno == EACCES)
            CF_FAIL_ON(reterr_fault, CF_DENIED,
                       "only root may listen on this port; choose another with --listen", "%s:%u",
                       listen->address, listen->port);
        CF_FAIL_ON(reterr_fault, CF_INVALID,
                   "cannot listen on this address; choose another with --listen", "%s: %s",
                   listen->address, strerror(errno));
    }
    if (listen->port == 0) {
        struct sockaddr_storage bound;
        socklen_t bound_size = sizeof bound;
        if (getsockname(fd, (struct sockaddr *)&bound, &bound_size) != 0)
            CF_FAIL(reterr_fault, CF_IO, "cannot find a free port");
        listen->port =
            ntohs(bound.ss_family == AF_INET ? ((struct sockaddr_in *)&bound)->sin_port
                                             : ((struct sockaddr_in6 *)&bound)->sin6_port);
    }
    return CF_OK;
}
