/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_DATA_DIR_H
#define CF_EVENTSTORE_DATA_DIR_H

/*
 * The data directory of one ledger, and the run directory that belongs to it.
 *
 *     log/ state/     the writer's LMDB environments
 *     vault/          the keeper's
 *     keys/           the checkpoint key and the vault's master key; 0700
 *     pg/             the private PostgreSQL cluster
 *     sandbox/        the payment sandbox's own state
 *     mail/           the local Maildir
 *     VERSION         the version of this layout, in decimal
 *
 * Everything that must not survive a reboot (sockets) is in the run directory, which is named after
 * a hash of the data directory's real path: several ledgers coexist on one machine, and one ledger
 * has the same sockets for every process. Its path is short enough that every socket's path fits
 * the 107 bytes that Unix allows.
 *
 * Opening takes no lock: each environment is locked by whoever owns it.
 */

#include "core/base/status.h"

#include <stddef.h>

#define CF_DATA_DIR_VERSION 1

#define CF_DATA_DIR_PATH_SIZE 1024
#define CF_DATA_DIR_URL_SIZE (sizeof "ipc://" + 107)

struct cf_data_dir {
    char path[CF_DATA_DIR_PATH_SIZE - 64]; /* real and absolute */
    char run_path[76];                     /* absolute; exists */
};

/* Plain values: `cf_data_dir_path(&dir, "log").text` lives to the end of the full expression. */
struct cf_data_dir_path {
    char text[CF_DATA_DIR_PATH_SIZE];
};
struct cf_data_dir_url {
    char text[CF_DATA_DIR_URL_SIZE];
};

/* Where a ledger lives unless somebody says otherwise: /var/lib/coffer for root, else coffer under
 * $XDG_DATA_HOME or ~/.local/share. */
CF_MUST_CHECK enum cf_status cf_data_dir_default(char *ret_path, size_t size,
                                                 struct cf_fault *reterr_fault);

/*
 * Opens the data directory, making it (and its run directory) where it does not exist. `path` may
 * be NULL or empty: then it is the default one.
 *
 * UNSUPPORTED: it was written by a newer program. CONFLICT: the directory holds something else.
 * DENIED, NO_SPACE, IO: the file system said so. INVALID: the path is too long.
 */
CF_MUST_CHECK enum cf_status cf_data_dir_open(const char *path, struct cf_data_dir *ret_dir,
                                              struct cf_fault *reterr_fault);

/* The same of a ledger that exists, for those who only look at one. NOT_FOUND: there is none, and nothing was made. */
CF_MUST_CHECK enum cf_status cf_data_dir_open_ledger(const char *path, struct cf_data_dir *ret_dir,
                                                     struct cf_fault *reterr_fault);

/* A path inside the data directory: name is at most 40 bytes, such as "log" or "keys/checkpoint".
 */
struct cf_data_dir_path cf_data_dir_path(const struct cf_data_dir *dir, const char *name);

/* The URL of a socket, "ipc://<run directory>/bus/<name>"; name is at most 24 bytes, such as
 * "writer".
 */
struct cf_data_dir_url cf_data_dir_socket(const struct cf_data_dir *dir, const char *name);

/* Makes a directory inside the data directory unless it is there: mode 0700. */
CF_MUST_CHECK enum cf_status cf_data_dir_make(const struct cf_data_dir *dir, const char *name,
                                              struct cf_fault *reterr_fault);

/* The bytes that are free for us on the data directory's disk. */
CF_MUST_CHECK enum cf_status cf_data_dir_space(const struct cf_data_dir *dir, int64_t *ret_bytes,
                                               struct cf_fault *reterr_fault);

#endif
