/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_KEEPER_H
#define CF_EVENTSTORE_KEEPER_H

/*
 * The keeper: the process that has the vault, and serves it over the bus. Everybody else asks
 * through keeper_client.h.
 *
 * It follows the log: UserRegistered and UserEmailChanged confirm addresses, SubjectErased forgets
 * a subject. It answers nobody before it has applied all of the log once; so whoever was erased
 * stays erased, whatever backup the vault came from.
 *
 * One thread takes all requests that wait and serves them in one durable transaction. Passwords are
 * hashed (about 50 ms each) by two threads of their own, so they never hold up sealing. A fourth
 * thread follows the log.
 *
 * The protocol, in msgpack:
 *
 *     request  [1, [[operation number, argument…], …]]
 *     reply    [1, [[status, result…], …]], one for each operation, or [1, status] for the whole
 * message
 *
 * A status is its name, as text; results are there iff it is OK. Ids are 16 bytes, times and
 * durations microseconds, texts text, all else bytes. Arguments -> results (keeper_operations.def
 * has the numbers):
 *
 *     seal           subject, make its key?, idempotency key, [[field, clear], …] -> [[sealed, tag], …]
 *     open           [[subject, idempotency key or "", field or "", sealed], …] -> [[status, clear], …]
 *     reserve        e-mail, idempotency key -> subject
 *     find           e-mail -> subject
 *     password_first subject, password
 *     password_set   subject, password; revokes the subject's tickets
 *     login          e-mail, password, second factor or "", purpose, lifetime -> subject, token
 *     ticket_make    subject, purpose, lifetime -> token
 *     ticket_check   token, purpose, take it? -> subject
 *     totp_begin     subject -> secret in base32
 *     totp_confirm   subject, code -> [recovery code, …]
 *     totp_disable   subject
 *     catch_up       -> the newest record that was applied: at least the log's head when it was asked
 *
 * What the vault says of each is in vault.h. A login fails with DENIED, whatever is wrong; its token
 * is empty when only the second factor is missing.
 */

#include "core/base/scope.h"
#include "eventstore/vault.h"

/* Gets one record; returns OK to go on. */
typedef enum cf_status cf_keeper_record_fn(void *context, struct cf_bytes record);

/* The log, as the keeper reads it. Used by one thread at a time. RETRY, TIMEOUT and CLOSED mean
 * that the log is not there just now, and are tried again. */
struct cf_keeper_log {
    void *context;
    enum cf_status (*head)(void *context, uint64_t *ret_head, struct cf_fault *reterr_fault);
    /* Hands out records from `first` on, as many as it likes, at least one. */
    enum cf_status (*read)(void *context, uint64_t first, cf_keeper_record_fn *each,
                           void *each_context, struct cf_fault *reterr_fault);
};

struct cf_keeper_options {
    const char *vault_directory; /* these three are borrowed for the call */
    const char *master_key_path;
    const char *url;
    struct cf_keeper_log log;
    int64_t (*now_us)(void); /* real time */
    /* Called for what nobody waits for, from several threads; may be NULL. */
    void (*report)(const struct cf_fault *fault);
};

struct cf_keeper;

/* Opens the vault; serves nobody yet. CORRUPT and others as cf_vault_open. */
CF_MUST_CHECK enum cf_status cf_keeper_open(const struct cf_keeper_options *options,
                                            struct cf_keeper **ret_keeper,
                                            struct cf_fault *reterr_fault);

/* Catches up with the log, waiting for it as long as it takes, then listens, calls ready(context)
 * and serves until it is stopped: OK. CORRUPT when the log ends before what the vault has seen of
 * it: one of them is not the other's. IO when the vault fails: the process should end. */
CF_MUST_CHECK enum cf_status cf_keeper_run(struct cf_keeper *keeper, void (*ready)(void *context),
                                           void *context, struct cf_fault *reterr_fault);

/* Ends the run, once what was accepted is answered. From any thread; before the run it counts too.
 */
void cf_keeper_stop(struct cf_keeper *keeper);

/* After the run. Accepts NULL. */
void cf_keeper_close(struct cf_keeper *keeper);

#endif
