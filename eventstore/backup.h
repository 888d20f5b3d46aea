/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_BACKUP_H
#define CF_EVENTSTORE_BACKUP_H

/*
 * Backups: one file of records, hot and incremental.
 *
 * A backup holds the records (from, to] of one log, the checkpoints stored between them, and a proof
 * that the log's first `from` records are those of the backup before. It is read through views while
 * the writer goes on. What it says of itself is not believed: a restore makes the tree again from the
 * records and compares roots. The vault is never in it.
 *
 *     "coffer backup 1\n"
 *     two bytes length and msgpack [origin, clock, first key, from, to, root at from, root at to,
 *         [consistency proof hash, …]]
 *     the records, each behind two bytes of length (as in an entries tile)
 *     the checkpoints, each as eight bytes size, two bytes length and the note
 *
 * Numbers are big-endian.
 */

#include "eventstore/checkpoint.h"

struct cf_backup_header {
    struct cf_log_genesis genesis;
    uint64_t from;
    uint64_t to;
    struct cf_hash root_from;
    struct cf_hash root_to;
    struct cf_proof proof;
};

/* Writes the records after `from` up to the head into a new file, durably. CONFLICT when the file is
 * there, RANGE when the log has fewer than `from` records. */
CF_MUST_CHECK enum cf_status cf_backup_write(struct cf_log *log, uint64_t from, const char *path,
                                             struct cf_backup_header *ret_header,
                                             struct cf_fault *reterr_fault);

/* What a backup says of itself. */
CF_MUST_CHECK enum cf_status cf_backup_read_header(const char *path,
                                                   struct cf_backup_header *ret_header,
                                                   struct cf_fault *reterr_fault);

/* Appends a backup's records to a log that ends where it begins, or makes the log in `directory` where
 * there is none. Several in a row go from the full one to the newest. CONFLICT when the backup does
 * not follow, CORRUPT when its records do not have the roots it says, or a checkpoint in it did not sign
 * them with the key that was in force; either way none is appended. */
CF_MUST_CHECK enum cf_status cf_backup_restore(const char *path, const char *directory,
                                               struct cf_backup_header *ret_header,
                                               struct cf_fault *reterr_fault);

#endif
