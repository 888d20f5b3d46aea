/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_LMDB_ENV_PRIVATE_H
#define CF_EVENTSTORE_LMDB_ENV_PRIVATE_H

/* What environments and the rows in them share. For eventstore/lmdb_env*.c alone. */

#include "eventstore/lmdb_env.h"

#include <lmdb.h>
#include <pthread.h>

struct cf_lmdb {
    MDB_env *env;
    int data_fd; /* LMDB's own; never closed here */
    bool read_only;
    uint64_t map_size;
    uint64_t room_size; /* of the map, what has disk blocks */
    uint64_t step_size;
    uint64_t reserve_size;
    pthread_rwlock_t map_lock; /* held shared by readers, alone by whoever moves the map */
};

struct cf_lmdb_txn {
    MDB_txn *txn;
    struct cf_lmdb *env;
    bool reads;
};

/* What LMDB's code, or errno's, is as a status. */
enum cf_status cf_lmdb__status(int code);

/* Turns LMDB's code into a status; the fault names the operation and LMDB's words. */
#define CF_LMDB_CHECK(fault, code, text)                                                           \
    do {                                                                                           \
        int cf_lmdb_code_ = (code);                                                                \
        if (cf_lmdb_code_ != 0)                                                                    \
            CF_FAIL_ON(fault, cf_lmdb__status(cf_lmdb_code_),                                      \
                       cf_lmdb__status(cf_lmdb_code_) == CF_NO_SPACE ? "the disk is full"          \
                                                                     : (text),                     \
                       "%s", mdb_strerror(cf_lmdb_code_));                                         \
    } while (0)

#endif
