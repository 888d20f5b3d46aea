/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_KEEPER_OPERATION_H
#define CF_EVENTSTORE_KEEPER_OPERATION_H

/* The keeper's operations, one by one: each reads its arguments, asks the vault, writes its results.
 * For eventstore/keeper*.c alone. */

#include "core/wire.h"
#include "eventstore/keeper_serve.h"

/* One operation under way; what it points to is borrowed. */
struct cf_keeper_turn {
    struct cf_vault *vault;
    int64_t now_us;
    struct cf_wire_cursor *arguments;
    struct cf_wire_writer *results;
    struct cf_fault *fault;
    bool malformed; /* the arguments do not read: the whole message is refused */
};

typedef enum cf_status cf_keeper_operation_fn(struct cf_keeper_turn *turn);

struct cf_keeper_operation_row {
    const char *name;
    enum cf_keeper_class class;
    uint32_t argument_count;
    uint32_t result_count;
    cf_keeper_operation_fn *run; /* NULL for FOLLOW */
};

/* Every operation at its number (keeper_operations.def). */
extern const struct cf_keeper_operation_row cf_keeper__operations[CF_KEEPER_OPERATION_LIMIT];

#endif
