/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_DURABLE_H
#define CF_EVENTSTORE_DURABLE_H

/*
 * Small files and names that a power loss leaves whole or not at all.
 *
 * Syncing a file keeps its bytes; its name is an entry of its directory and lasts once that is synced,
 * too. Every path is borrowed for the call. A fault's detail names the path and the reason.
 */

#include "core/base/bytes.h"

/* Keeps a file's bytes, or a directory's entries. */
CF_MUST_CHECK enum cf_status cf_durable_sync(const char *path, struct cf_fault *reterr_fault);

/* As cf_durable_sync, for the directory in which the path is. */
CF_MUST_CHECK enum cf_status cf_durable_sync_parent(const char *path,
                                                    struct cf_fault *reterr_fault);

/* Renames, within one directory or from one below it; `from` was synced before. What was at `to` is
 * gone. */
CF_MUST_CHECK enum cf_status cf_durable_rename(const char *from, const char *to,
                                               struct cf_fault *reterr_fault);

/* Makes a file that its owner alone may read: CONFLICT where there is one, DENIED where that is not
 * allowed, NO_SPACE. A crash may leave a partial file beside it, of its name with a number behind. */
CF_MUST_CHECK enum cf_status cf_durable_make(const char *path, struct cf_bytes bytes,
                                             struct cf_fault *reterr_fault);
/* As cf_durable_make; takes the place of one that is there. */
CF_MUST_CHECK enum cf_status cf_durable_replace(const char *path, struct cf_bytes bytes,
                                                struct cf_fault *reterr_fault);

#endif
