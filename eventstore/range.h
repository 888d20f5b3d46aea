/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_RANGE_H
#define CF_EVENTSTORE_RANGE_H

/*
 * The range service: how running processes read the log. The writer serves it from threads of its
 * own; everybody else asks through a client. Whatever is served is durable.
 *
 * Beside it the writer announces its head: after each commit the topic "head" carries the newest
 * sequence, a msgpack integer. Announcements may get lost; cf_range_client_wait asks again.
 *
 * A request is a msgpack array [operation, arguments…], a reply [status, results…]; range.c has the
 * list.
 */

#include "core/base/scope.h"
#include "core/id.h"
#include "eventstore/log.h"

/* ---- Client: one per thread ---- */

struct cf_range_client;

/* Starts connecting; OK even when the writer is not there yet. `head_url` may be NULL for a client
 * that never waits. */
CF_MUST_CHECK enum cf_status cf_range_client_open(const char *range_url, const char *head_url,
                                                  struct cf_range_client **ret_client,
                                                  struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_range_client_close(struct cf_range_client *client);
CF_SCOPE_DEFINE(struct cf_range_client *, cf_range_client_close)

/* How long each call waits; 5,000 unless set. Every call below gives RETRY when nobody serves,
 * TIMEOUT when no reply came, CORRUPT for a reply that makes no sense; all are safe to call again.
 */
void cf_range_client_timeout(struct cf_range_client *client, int timeout_ms);

CF_MUST_CHECK enum cf_status cf_range_head(struct cf_range_client *client, uint64_t *ret_head,
                                           struct cf_fault *reterr_fault);

/* Waits until the head is past `sequence`; TIMEOUT after timeout_ms, CLOSED after an interrupt. */
CF_MUST_CHECK enum cf_status cf_range_client_wait(struct cf_range_client *client, uint64_t sequence,
                                                  int timeout_ms, uint64_t *ret_head,
                                                  struct cf_fault *reterr_fault);
/* Ends a wait, running or next, for good. From any thread. */
void cf_range_client_interrupt(struct cf_range_client *client);

/* Records in a row. Made all-zero, reused over calls, given back by cf_range_records_clean_up. */
struct cf_range_records {
    uint64_t head;            /* at the time of the answer */
    uint64_t first;           /* sequence of records[0] */
    size_t count;             /* 0 when first is past the head */
    struct cf_bytes *records; /* owned; the bytes hold until the next call with this struct */
    size_t capacity;
    struct cf_buf reply;
};
void cf_range_records_clean_up(struct cf_range_records *records);

/* The records from `first` on, as many as fit into `size_max` bytes and one message, but at least
 * one if there is one. */
CF_MUST_CHECK enum cf_status cf_range_read(struct cf_range_client *client, uint64_t first,
                                           size_t size_max, struct cf_range_records *records,
                                           struct cf_fault *reterr_fault);

/* The newest signed checkpoint, with such cosignatures as it has. NOT_FOUND before the first. */
CF_MUST_CHECK enum cf_status cf_range_checkpoint(struct cf_range_client *client,
                                                 struct cf_buf *ret_note,
                                                 struct cf_fault *reterr_fault);
/* The checkpoint for the public: the newest that came back cosigned since the writer's start; where
 * none did, the newest. */
CF_MUST_CHECK enum cf_status cf_range_published(struct cf_range_client *client,
                                                struct cf_buf *ret_note,
                                                struct cf_fault *reterr_fault);
/* The root of the first `size` records. RANGE past the head. */
CF_MUST_CHECK enum cf_status cf_range_root(struct cf_range_client *client, uint64_t size,
                                           struct cf_hash *ret_root, struct cf_fault *reterr_fault);
/* As in tree.h, with sequences counted from 1. RANGE past the head. */
CF_MUST_CHECK enum cf_status cf_range_inclusion(struct cf_range_client *client, uint64_t sequence,
                                                uint64_t size, struct cf_proof *ret_proof,
                                                struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_range_consistency(struct cf_range_client *client, uint64_t size_old,
                                                  uint64_t size_new, struct cf_proof *ret_proof,
                                                  struct cf_fault *reterr_fault);

/* A tile by its path below the log's prefix, such as "tile/0/x001/067.p/3" or "tile/entries/000".
 * NOT_FOUND for one that is not there (yet), INVALID for what is no tile's path. */
CF_MUST_CHECK enum cf_status cf_range_tile(struct cf_range_client *client, struct cf_bytes path,
                                           struct cf_buf *ret_bytes, struct cf_fault *reterr_fault);

/* Sequences of a stream's records from version `version` (counted from 1) on, at most count_max. */
CF_MUST_CHECK enum cf_status cf_range_stream(struct cf_range_client *client, struct cf_id stream,
                                             uint32_t version, uint64_t *ret_sequences,
                                             size_t count_max, size_t *ret_count,
                                             struct cf_fault *reterr_fault);

/* The newest record that names a subject, and how many do. NOT_FOUND. */
CF_MUST_CHECK enum cf_status cf_range_subject(struct cf_range_client *client, struct cf_id subject,
                                              uint64_t *ret_newest, uint64_t *ret_count,
                                              struct cf_fault *reterr_fault);

/* A request to a provider that is open: asked for by record `sequence`, about `subject`. */
struct cf_range_request {
    uint64_t sequence;
    uint32_t kind; /* enum cf_request */
    struct cf_id subject;
};

/* Open requests asked for after `sequence`, oldest first, at most count_max. */
CF_MUST_CHECK enum cf_status cf_range_requests(struct cf_range_client *client, uint64_t sequence,
                                               struct cf_range_request *ret_requests,
                                               size_t count_max, size_t *ret_count,
                                               struct cf_fault *reterr_fault);

/* The id that an outside name leads to (core/aggregate/book.h, enum cf_lookup_kind). NOT_FOUND. */
CF_MUST_CHECK enum cf_status cf_range_lookup(struct cf_range_client *client, uint32_t kind,
                                             struct cf_bytes name, struct cf_id *ret_id,
                                             struct cf_fault *reterr_fault);

/* The outside name of that kind that comes next behind `name` (empty: the first), in the order of their
 * bytes, with a NUL behind it. NOT_FOUND behind the last. */
#define CF_RANGE_NAME_SIZE 64
CF_MUST_CHECK enum cf_status cf_range_name_behind(struct cf_range_client *client, uint32_t kind,
                                                  struct cf_bytes name,
                                                  char ret_name[CF_RANGE_NAME_SIZE],
                                                  struct cf_fault *reterr_fault);

/* ---- Server: in the writer's process ---- */

struct cf_range_server;
struct cf_state;

/* Serves from threads of its own. `log` and `state` are borrowed until it is closed. */
CF_MUST_CHECK enum cf_status cf_range_server_open(struct cf_log *log, struct cf_state *state,
                                                  const char *range_url, const char *head_url,
                                                  struct cf_range_server **ret_server,
                                                  struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_range_server_close(struct cf_range_server *server);
CF_SCOPE_DEFINE(struct cf_range_server *, cf_range_server_close)

/* Announces a durable head. Never waits. */
void cf_range_server_announce(struct cf_range_server *server, uint64_t head);
/* The checkpoint that now is the newest. */
CF_MUST_CHECK enum cf_status cf_range_server_checkpoint(struct cf_range_server *server,
                                                        struct cf_bytes note,
                                                        struct cf_fault *reterr_fault);
/* One of them, with cosignatures that came for it. */
CF_MUST_CHECK enum cf_status cf_range_server_cosigned(struct cf_range_server *server,
                                                      struct cf_bytes note,
                                                      struct cf_fault *reterr_fault);

#endif
