/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_LOG_PRIVATE_H
#define CF_EVENTSTORE_LOG_PRIVATE_H

/* What the log's writing and reading halves share. For eventstore/log*.c alone. */

#include "eventstore/lmdb_env.h"
#include "eventstore/log.h"
#include "eventstore/node_cache.h"

#include <stdatomic.h>

/* A row of `records` is the record's length (two bytes, big-endian, as tlog-tiles has it), the
 * record, and the nodes its leaf completes. */
#define CF_ROW_PREFIX 2

struct cf_log {
    struct cf_lmdb *env;
    struct cf_lmdb_table records;
    struct cf_lmdb_table checkpoints;
    struct cf_lmdb_table meta;
    struct cf_node_cache *nodes;
    int lock_fd;
    bool read_only;
    bool failed;
    struct cf_log_genesis genesis;
    struct cf_frontier frontier;
    _Atomic uint64_t head;
    uint64_t waiting_size; /* of the checkpoint that waits; 0: none */
    struct cf_buf waiting;
};

struct cf_log_view {
    struct cf_log *log;
    struct cf_lmdb_txn *txn;
    uint64_t size;
};

static inline struct cf_bytes cf_log__key(const uint64_t *number)
{
    return cf_bytes_from(number, sizeof *number);
}

static inline uint64_t cf_log__number(struct cf_bytes key)
{
    uint64_t number = 0;
    memcpy(&number, key.data, key.size < sizeof number ? key.size : sizeof number);
    return number;
}

/* The size of the log as a transaction sees it: its last row's key. */
CF_MUST_CHECK enum cf_status cf_log__size(const struct cf_log *log, struct cf_lmdb_txn *txn,
                                          uint64_t *ret_size, struct cf_fault *reterr_fault);

#endif
