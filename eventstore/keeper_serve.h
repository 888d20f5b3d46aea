/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_KEEPER_SERVE_H
#define CF_EVENTSTORE_KEEPER_SERVE_H

/* One message of the keeper's protocol, executed. Included by eventstore/keeper*.c alone. */

#include "eventstore/vault.h"

#define CF_KEEPER_PROTOCOL 1
#define CF_KEEPER_OPERATIONS_MAX 64

enum cf_keeper_operation {
#define CF_KEEPER_OPERATION(number, name, class, arguments, results) CF_KEEPER_##name = number,
#include "eventstore/keeper_operations.def"
#undef CF_KEEPER_OPERATION
    CF_KEEPER_OPERATION_LIMIT,
};

enum cf_keeper_class { CF_KEEPER_FAST, CF_KEEPER_SLOW, CF_KEEPER_FOLLOW };

/* What kind of message it is. INVALID for anything but a message of the protocol. */
enum cf_status cf_keeper__classify(struct cf_bytes request, enum cf_keeper_class *ret_class,
                                   struct cf_fault *reterr_fault);

/*
 * Executes a message and writes its reply: a FAST one between the vault's begin and commit, a SLOW
 * one outside, since it begins and commits by itself. IO, NO_SPACE and NO_MEMORY are the vault's:
 * the transaction must be aborted. Otherwise the message alone is refused: INVALID where an
 * argument does not read (operations before it count), RANGE where the results are more than a
 * reply holds.
 */
enum cf_status cf_keeper__execute(struct cf_vault *vault, int64_t now_us, struct cf_bytes request,
                                  struct cf_buf *reply, struct cf_fault *reterr_fault);

/* True for what cf_keeper__execute says of the vault. */
bool cf_keeper__is_fatal(enum cf_status status);

/* Writes the reply of a catch_up. */
enum cf_status cf_keeper__reply_position(uint64_t sequence, struct cf_buf *reply);

/* Writes a reply for the whole message. */
enum cf_status cf_keeper__reply_status(enum cf_status status, struct cf_buf *reply);

#endif
