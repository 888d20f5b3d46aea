/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_KEEPER_CLIENT_H
#define CF_EVENTSTORE_KEEPER_CLIENT_H

/*
 * Asking the keeper: seal, open, register, log in. One client serves all threads of a process.
 *
 * Besides what each call says, every call gives RETRY, TIMEOUT or CLOSED when the keeper does not
 * answer (bus.h says what is known then); each may be made again, except that a token or code may
 * be used up. What the outcomes mean is in vault.h.
 *
 * Opened texts are kept in a cache of the process, as long as the keeper says once a second that nobody
 * was forgotten who is in it (keeper_news.h). cf_keeper_forget drops somebody at once.
 */

#include "core/shape.h"
#include "eventstore/vault.h"

/* Purposes of tickets. Frozen: stored. */
enum cf_ticket_purpose {
    CF_TICKET_SESSION = 1,
    CF_TICKET_VERIFY_EMAIL = 2,
    CF_TICKET_RESET_PASSWORD = 3,
};

struct cf_keeper_client;

/* Starts connecting. Every call waits at most timeout_ms. */
CF_MUST_CHECK enum cf_status cf_keeper_client_open(const char *url, int timeout_ms,
                                                   struct cf_keeper_client **ret_client,
                                                   struct cf_fault *reterr_fault);
/* Accepts NULL. No call may be running. */
void cf_keeper_client_close(struct cf_keeper_client *client);

/* ---- Sealing ---- */

/* One field to seal, and what became of it. */
struct cf_keeper_field {
    const char *name;               /* the field's name in the command and its event */
    struct cf_bytes clear;          /* borrowed */
    struct cf_sealed sealed;        /* set by the call; borrowed from its buffer */
    uint8_t tag[CF_VAULT_TAG_SIZE]; /* set by the call */
};

/*
 * Seals the fields of one command for a subject, in one call. `make_key`: the subject may be new.
 * The idempotency key is the command's. NOT_FOUND, DENIED when the subject was erased. `buf` is
 * initialised by the caller with room for a message (CF_BUS_MESSAGE_SIZE_MAX) and lends the sealed
 * bytes out until it is next changed.
 */
CF_MUST_CHECK enum cf_status cf_keeper_seal(struct cf_keeper_client *client,
                                            struct cf_id subject_id, bool make_key,
                                            struct cf_bytes key, struct cf_keeper_field *fields,
                                            size_t count, struct cf_buf *buf,
                                            struct cf_fault *reterr_fault);

/* One sealed field to open, and what became of it. */
struct cf_keeper_item {
    struct cf_id subject_id;
    struct cf_sealed sealed; /* borrowed */
    enum cf_status status;   /* set by the call: OK, NOT_FOUND (erased), CORRUPT */
    struct cf_bytes clear;   /* set by the call; borrowed from its buffer */
};

/*
 * Opens fields of any subjects, in as few calls as their sizes allow. OK when every item has its
 * status. `buf` is initialised by the caller with a maximum for all clear texts together; it lends
 * them out until it is next changed. NO_SPACE when they do not fit.
 */
CF_MUST_CHECK enum cf_status cf_keeper_open_all(struct cf_keeper_client *client,
                                                struct cf_keeper_item *items, size_t count,
                                                struct cf_buf *buf, struct cf_fault *reterr_fault);

/* Opens one field; its clear text replaces ret_clear's content. */
CF_MUST_CHECK enum cf_status cf_keeper_open_one(struct cf_keeper_client *client,
                                                struct cf_id subject_id, struct cf_bytes sealed,
                                                struct cf_buf *ret_clear,
                                                struct cf_fault *reterr_fault);

/* Drops what the cache has of a subject; opens that are under way put nothing back. */
void cf_keeper_forget(struct cf_keeper_client *client, struct cf_id subject_id);

/* ---- Persons ---- */

CF_MUST_CHECK enum cf_status cf_keeper_reserve(struct cf_keeper_client *client,
                                               struct cf_bytes email, struct cf_bytes key,
                                               struct cf_id *ret_subject_id,
                                               struct cf_fault *reterr_fault);
/* Knows also who registered a moment ago. */
CF_MUST_CHECK enum cf_status cf_keeper_find(struct cf_keeper_client *client, struct cf_bytes email,
                                            struct cf_id *ret_subject_id,
                                            struct cf_fault *reterr_fault);

/* The password of a registration, which may be repeated: OK when there is none yet, and when it is this
 * one already; CONFLICT when it is another. So who repeats somebody's registration takes nothing over. */
CF_MUST_CHECK enum cf_status cf_keeper_password_first(struct cf_keeper_client *client,
                                                      struct cf_id subject_id,
                                                      struct cf_bytes password,
                                                      struct cf_fault *reterr_fault);

/* Changes the password. Revokes the person's tickets too. */
CF_MUST_CHECK enum cf_status cf_keeper_password_set(struct cf_keeper_client *client,
                                                    struct cf_id subject_id,
                                                    struct cf_bytes password,
                                                    struct cf_fault *reterr_fault);

/* Checks address, password and second factor (which may be empty), and makes a session. DENIED:
 * something is wrong. OK with ret_second_factor_needed and without a token when only that is
 * missing. */
CF_MUST_CHECK enum cf_status cf_keeper_login(struct cf_keeper_client *client, struct cf_bytes email,
                                             struct cf_bytes password, struct cf_bytes code,
                                             int64_t lifetime_us, struct cf_id *ret_subject_id,
                                             char ret_token[CF_VAULT_TOKEN_SIZE],
                                             bool *ret_second_factor_needed,
                                             struct cf_fault *reterr_fault);

CF_MUST_CHECK enum cf_status cf_keeper_ticket_make(
    struct cf_keeper_client *client, struct cf_id subject_id, enum cf_ticket_purpose purpose,
    int64_t lifetime_us, char ret_token[CF_VAULT_TOKEN_SIZE], struct cf_fault *reterr_fault);
/* `take`: it counts no more; so a session ends, and a link in a mail works once. */
CF_MUST_CHECK enum cf_status cf_keeper_ticket_check(struct cf_keeper_client *client,
                                                    struct cf_bytes token,
                                                    enum cf_ticket_purpose purpose, bool take,
                                                    struct cf_id *ret_subject_id,
                                                    struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_keeper_totp_begin(struct cf_keeper_client *client,
                                                  struct cf_id subject_id,
                                                  char ret_secret[CF_TOTP_TEXT_SIZE],
                                                  struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_keeper_totp_confirm(
    struct cf_keeper_client *client, struct cf_id subject_id, struct cf_bytes code,
    char ret_codes[CF_VAULT_RECOVERY_CODES][CF_VAULT_RECOVERY_SIZE], struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_keeper_totp_disable(struct cf_keeper_client *client,
                                                    struct cf_id subject_id,
                                                    struct cf_fault *reterr_fault);

/* Makes the keeper apply the log as far as it goes now, and says how far that is. After it, whoever
 * is erased in the log is forgotten in every file of the vault. */
CF_MUST_CHECK enum cf_status cf_keeper_catch_up(struct cf_keeper_client *client,
                                                uint64_t *ret_sequence,
                                                struct cf_fault *reterr_fault);

#endif
