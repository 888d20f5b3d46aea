/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_RANGE_WIRE_H
#define CF_EVENTSTORE_RANGE_WIRE_H

/* What range client and server say to each other. For eventstore/range*.c alone. */

/* The request's first element; the comment shows what follows it, and the reply behind its status.
 */
enum cf_range_operation {
    CF_RANGE_HEAD = 1,        /* → head */
    CF_RANGE_READ = 2,        /* first, size max → head, [record, …] */
    CF_RANGE_CHECKPOINT = 3,  /* → note */
    CF_RANGE_ROOT = 4,        /* size → hash */
    CF_RANGE_INCLUSION = 5,   /* sequence, size → [hash, …] */
    CF_RANGE_CONSISTENCY = 6, /* old size, new size → [hash, …] */
    CF_RANGE_TILE = 7,        /* level, index, width → bytes; hashes only */
    CF_RANGE_STREAM = 8,      /* stream, version, count max → [sequence, …] */
    CF_RANGE_SUBJECT = 9,     /* subject → newest, count */
    CF_RANGE_REQUESTS = 10,   /* sequence, count max → [[sequence, kind, subject], …] */
    CF_RANGE_LOOKUP = 11,     /* kind, name → id */
    CF_RANGE_PUBLISHED = 12,  /* → note */
    CF_RANGE_NAME = 13,       /* kind, name → the name behind it */
};

/* The reply's first element. Anything but OK stands alone. */
enum cf_range_reply {
    CF_RANGE_OK = 0,
    CF_RANGE_NOT_FOUND = 1,
    CF_RANGE_OUT_OF_RANGE = 2,
    CF_RANGE_MALFORMED = 3,
    CF_RANGE_FAILED = 4,
};

#define CF_RANGE_TOPIC "head"

/* Leaves room for what stands around the records in a message. */
#define CF_RANGE_READ_SIZE_MAX ((size_t)1024 * 1024 - 4096)
#define CF_RANGE_RECORDS_MAX 65536
#define CF_RANGE_COUNT_MAX 4096

#endif
