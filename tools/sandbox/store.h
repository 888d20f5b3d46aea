/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SANDBOX_STORE_H
#define CF_TOOLS_SANDBOX_STORE_H

/*
 * The sandbox's memory: objects as JSON by id, lists of them, counters, things that fall due.
 *
 * One transaction at a time. Objects got in a transaction are owned by the store, live until it
 * ends, and whatever is changed in those got for editing is kept by the commit. Errors are sticky:
 * after one everything answers "not there", and the commit fails and says why.
 *
 * A commit survives the process, not the machine: this is a provider for development and tests.
 */

#include "core/json_value.h"

struct cf_store;

CF_MUST_CHECK enum cf_status cf_store_open(const char *directory, struct cf_store **ret_store,
                                           struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_store_close(struct cf_store *store);

CF_MUST_CHECK enum cf_status cf_store_begin(struct cf_store *store, struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_store_commit(struct cf_store *store, struct cf_fault *reterr_fault);
/* Ends a transaction without keeping anything. Does nothing without one. */
void cf_store_abort(struct cf_store *store);

/* Objects. `account` is the one they belong to, "" for the platform. */

/* The object, or NULL where there is none of that id in that account; what is changed in it is lost. */
const struct cf_json *cf_store_find(struct cf_store *store, const char *account, const char *id);
const struct cf_json *cf_store_find_anywhere(struct cf_store *store, const char *id);
struct cf_json *cf_store_edit(struct cf_store *store, const char *account, const char *id);
/* In any account. The account's name is borrowed until the transaction ends. */
struct cf_json *cf_store_edit_anywhere(struct cf_store *store, const char *id,
                                       const char **ret_account);
/* Takes the object, whose member "id" names it; returns it. It also counts as edited. */
struct cf_json *cf_store_add(struct cf_store *store, const char *account, struct cf_json *object);
void cf_store_remove(struct cf_store *store, const char *id);

/* Lists of objects in the order of their making. */

/* Puts an object of this transaction on a list. */
void cf_store_list(struct cf_store *store, const char *list, const struct cf_json *object);
/* Calls back with each object's id from the newest (or the one made before `after`, or with
 * `ascending` from the oldest or the one made behind `after`), until it says false. */
typedef bool cf_store_visit_fn(void *context, const char *id);
void cf_store_walk(struct cf_store *store, const char *list, const char *after, bool ascending,
                   cf_store_visit_fn *visit, void *context);

/* Whole numbers by name; 0 until set. */
int64_t cf_store_number(struct cf_store *store, const char *name);
void cf_store_number_set(struct cf_store *store, const char *name, int64_t number);
/* Calls back for each number whose name begins so. */
typedef void cf_store_number_fn(void *context, const char *name, int64_t number);
void cf_store_numbers(struct cf_store *store, const char *prefix, cf_store_number_fn *visit,
                      void *context);

/* The next of an endless series, from 1. */
uint64_t cf_store_next(struct cf_store *store);

/* Things that fall due: `what` is for whoever takes it. The number names the row for removing it.
 */
uint64_t cf_store_due_add(struct cf_store *store, int64_t at, const char *what);
void cf_store_due_remove(struct cf_store *store, int64_t at, uint64_t number);
/* Takes the earliest that is due by `now` into the buffer; false when there is none. */
bool cf_store_due_take(struct cf_store *store, int64_t now, struct cf_buf *ret_what);
/* When the next falls due; 0 when nothing will. */
int64_t cf_store_due_next(struct cf_store *store);

/* Answers kept for idempotency, by a hash. */
struct cf_json *cf_store_answer(struct cf_store *store, struct cf_bytes hash);
void cf_store_answer_set(struct cf_store *store, struct cf_bytes hash,
                         const struct cf_json *answer);

#endif
