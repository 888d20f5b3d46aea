/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_BACKUP_PRIVATE_H
#define CF_EVENTSTORE_BACKUP_PRIVATE_H

/* What writing a backup and reading it back share. For eventstore/backup*.c alone. */

#include "eventstore/backup.h"

#include <stdio.h>

/* So many records are read at a time. */
#define CF_BACKUP_BATCH_RECORDS 1024

/* For CF_CLEANUP. */
void cf_backup__close(FILE **file);

/* False at the file's end, and where it cannot be read. Numbers are big-endian, of `size` bytes. */
bool cf_backup__get(FILE *file, void *ret_bytes, size_t size);
bool cf_backup__get_number(FILE *file, size_t size, uint64_t *ret_number);

/* Leaves the file where the records begin. */
CF_MUST_CHECK enum cf_status cf_backup__get_header(FILE *file, const char *path,
                                                   struct cf_backup_header *ret_header,
                                                   struct cf_fault *reterr_fault);

/* What errno says, about the file. */
enum cf_status cf_backup__io_fault(const char *path, const char *text,
                                   struct cf_fault *reterr_fault);

#endif
