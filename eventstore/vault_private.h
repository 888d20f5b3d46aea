/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_VAULT_PRIVATE_H
#define CF_EVENTSTORE_VAULT_PRIVATE_H

/* What the parts of the vault share. Included by eventstore/vault*.c alone. */

#include "eventstore/lmdb_env.h"
#include "eventstore/vault.h"

#include <pthread.h>

enum cf_vault_table {
    CF_VAULT_META,
    CF_VAULT_KEYS,
    CF_VAULT_EMAILS,
    CF_VAULT_ACCOUNTS,
    CF_VAULT_TICKETS,
    CF_VAULT_OWNED,  /* subject, kind, hash: the e-mails and tickets of a subject */
    CF_VAULT_EXPIRY, /* instant, kind, hash: what expires, soonest first */
    CF_VAULT_ERASED,
    CF_VAULT_CAMPAIGNS, /* creator, campaign: whose texts go with whom */
    CF_VAULT_TABLE_COUNT,
};

struct cf_vault {
    char *directory;
    int lock_fd;             /* the file keeper.lock; one process has the vault */
    pthread_mutex_t lock;    /* held from begin to commit or abort, and while compacting */
    struct cf_lmdb *env;     /* NULL after a compaction that failed half-way */
    struct cf_lmdb_txn *txn; /* NULL outside of a transaction */
    struct cf_lmdb_table tables[CF_VAULT_TABLE_COUNT];
    uint8_t wrap_key[CF_SEAL_KEY_SIZE]; /* these are derived from the master key */
    uint8_t blind_key[CF_SEAL_KEY_SIZE];
};

/* A row of the table; borrowed until the next change. NOT_FOUND. */
enum cf_status cf_vault__get(struct cf_vault *vault, enum cf_vault_table table, struct cf_bytes key,
                             struct cf_bytes *ret_value, struct cf_fault *reterr_fault);
enum cf_status cf_vault__put(struct cf_vault *vault, enum cf_vault_table table, struct cf_bytes key,
                             struct cf_bytes value, struct cf_fault *reterr_fault);
/* OK also when there is no such row. */
enum cf_status cf_vault__delete(struct cf_vault *vault, enum cf_vault_table table,
                                struct cf_bytes key, struct cf_fault *reterr_fault);

/* A key of a subject for one use; wipe it. NOT_FOUND. */
enum cf_status cf_vault__subject_key(struct cf_vault *vault, struct cf_id subject_id,
                                     const char *use, uint8_t ret_key[CF_SEAL_KEY_SIZE],
                                     struct cf_fault *reterr_fault);

/* OK or NOT_FOUND. */
enum cf_status cf_vault__erased(struct cf_vault *vault, struct cf_id subject_id,
                                struct cf_fault *reterr_fault);

/* What a subject owns, and what expires. */
enum cf_vault_kind {
    CF_VAULT_KIND_EMAIL = 'e',
    CF_VAULT_KIND_TICKET = 't',
};

/* The row of an e-mail's blind hash or of a ticket's hash. */
struct cf_vault_holding {
    enum cf_vault_kind kind;
    struct cf_hash hash;
    struct cf_id subject_id;
    uint8_t label;      /* a ticket's purpose, an e-mail's enum cf_vault_email */
    uint8_t digest[16]; /* of an e-mail's idempotency key; zero for a ticket */
    int64_t expires_us; /* 0: never */
};

enum cf_vault_email {
    CF_VAULT_EMAIL_NEW = 1,       /* reserved for a subject that nobody else knows of */
    CF_VAULT_EMAIL_ANOTHER = 2,   /* reserved for a registered subject */
    CF_VAULT_EMAIL_CONFIRMED = 3, /* in use */
};

enum cf_status cf_vault__holding_get(struct cf_vault *vault, enum cf_vault_kind kind,
                                     const struct cf_hash *hash,
                                     struct cf_vault_holding *ret_holding,
                                     struct cf_fault *reterr_fault);
/* Writes the row and its entries under owner and expiry; an older row of this hash is removed
 * first. */
enum cf_status cf_vault__holding_put(struct cf_vault *vault, const struct cf_vault_holding *holding,
                                     struct cf_fault *reterr_fault);
enum cf_status cf_vault__holding_remove(struct cf_vault *vault,
                                        const struct cf_vault_holding *holding,
                                        struct cf_fault *reterr_fault);

/* The subject's first holding of this kind that is not `but` (which may be NULL). NOT_FOUND. */
enum cf_status cf_vault__holding_of(struct cf_vault *vault, struct cf_id subject_id,
                                    enum cf_vault_kind kind, const struct cf_hash *but,
                                    struct cf_vault_holding *ret_holding,
                                    struct cf_fault *reterr_fault);

/* Makes a record's address the subject's only one. CORRUPT, CONFLICT, INVALID. */
enum cf_status cf_vault__email_confirm(struct cf_vault *vault, struct cf_id subject_id,
                                       struct cf_bytes email, struct cf_fault *reterr_fault);

/* The first sixteen bytes of SHA-256. */
void cf_vault__digest(struct cf_bytes bytes, uint8_t ret_digest[16]);

/* Eight bytes, big end first: sorts as the number does. */
void cf_vault__number_write(uint64_t number, uint8_t ret_bytes[8]);
uint64_t cf_vault__number_read(const uint8_t bytes[8]);

/* Opens the environment and its tables. */
enum cf_status cf_vault__env_open(struct cf_vault *vault, struct cf_fault *reterr_fault);

#endif
