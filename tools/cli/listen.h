/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_CLI_LISTEN_H
#define CF_TOOLS_CLI_LISTEN_H

/*
 * Where a server listens: "ADDRESS:PORT", "[IPV6]:PORT" or "PORT" (on the loopback address).
 */

#include "core/base/status.h"

#include <stdint.h>

struct cf_listen {
    char address[48]; /* numeric, without brackets */
    uint16_t port;    /* 0 for whichever is free */
};

CF_MUST_CHECK enum cf_status cf_listen_parse(const char *text, struct cf_listen *ret_listen,
                                             struct cf_fault *reterr_fault);

/*
 * Whether one could listen there right now; says what to do when not. A port of 0 becomes one that
 * is free. CONFLICT: somebody else listens. DENIED. INVALID: the address is not of this machine.
 */
CF_MUST_CHECK enum cf_status cf_listen_check(struct cf_listen *listen,
                                             struct cf_fault *reterr_fault);

#endif
