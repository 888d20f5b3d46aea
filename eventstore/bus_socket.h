/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_BUS_SOCKET_H
#define CF_EVENTSTORE_BUS_SOCKET_H

/* What the parts of the bus share. Included by eventstore/bus_*.c alone. */

#include "eventstore/bus.h"

#include <nng/nng.h>

/* What REQ and REP put before the content: the request's number. nng's size limit counts it. */
#define CF_BUS_REQUEST_HEADER_SIZE 4

/* The status for an nng error number other than 0. */
enum cf_status cf_bus__status(int error);

/* Fails with an nng error: text and the library's words. */
enum cf_status cf_bus__fail(struct cf_fault *reterr_fault, int error, const char *text,
                            const char *url);

/* Limits message size, checks the socket's folder, listens with mode 0600. */
enum cf_status cf_bus__listen(nng_socket socket, const char *url, size_t header_size,
                              struct cf_fault *reterr_fault);

/* Limits message size, connects in the background. */
enum cf_status cf_bus__dial(nng_socket socket, const char *url, size_t header_size,
                            struct cf_fault *reterr_fault);

/* Closes a socket whose operations have ended. Gives up on it after a while instead of hanging. */
void cf_bus__close(nng_socket socket);

/* A message with this content. NO_SPACE, NO_MEMORY. */
enum cf_status cf_bus__message(struct cf_bytes content, nng_msg **ret_message);

/* The monotonic clock, in milliseconds. */
int64_t cf_bus__now_ms(void);

#endif
