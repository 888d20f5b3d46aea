/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_VAULT_H
#define CF_EVENTSTORE_VAULT_H

/*
 * The vault: what must be forgettable, and so must not be in the log. Opened by the keeper alone.
 *
 *   keys       subject -> its key, wrapped under the master key (a file in keys/, mode 0600)
 *   e-mail     keyed blind index -> subject, reserved until an instant or confirmed
 *   accounts   subject -> password hash, TOTP secret, recovery codes; sealed under the subject's
 * key tickets    hash of a random token -> subject, purpose, expiry: sessions and one-time links
 *   erased     subject -> the record that says so; no key is ever made again for it
 *   position   the newest record of the log that was applied
 *
 * Reads and changes happen between cf_vault_begin and cf_vault_commit or cf_vault_abort, in one
 * durable transaction; begin waits for other threads. On a full disk changes fail with NO_SPACE, reads go
 * on. Times are real time, given by the caller.
 *
 * Subjects are persons and campaigns. NOT_FOUND means that the vault has no key (any more) for the
 * subject; DENIED that it was erased and nothing may be sealed for it.
 */

#include "core/event/record.h"
#include "eventstore/sodium.h"
#include "eventstore/totp.h"

#define CF_VAULT_TAG_SIZE 16
#define CF_VAULT_TOKEN_SIZE 65 /* 64 hex digits and a NUL */
#define CF_VAULT_RECOVERY_CODES 10
#define CF_VAULT_RECOVERY_SIZE 18 /* xxxxx-xxxxx-xxxxx and a NUL */
#define CF_VAULT_EMAIL_SIZE_MAX 254

/* How long a reserved e-mail waits for its UserRegistered; far longer than a command can be under
 * way. */
#define CF_VAULT_RESERVATION_US INT64_C(900000000)

/* Bytes that sealing adds. */
#define CF_VAULT_SEAL_OVERHEAD 65

struct cf_vault;

/* Makes directory, vault and master key where they are missing. A vault without its master key, or
 * with another one, is CORRUPT; CONFLICT when another process has the vault. Finishes a compaction
 * that a crash cut short. */
CF_MUST_CHECK enum cf_status cf_vault_open(const char *directory, const char *master_key_path,
                                           struct cf_vault **ret_vault,
                                           struct cf_fault *reterr_fault);
/* Accepts NULL. */
void cf_vault_close(struct cf_vault *vault);

CF_MUST_CHECK enum cf_status cf_vault_begin(struct cf_vault *vault, struct cf_fault *reterr_fault);
/* Ends the transaction, whatever it returns. */
CF_MUST_CHECK enum cf_status cf_vault_commit(struct cf_vault *vault, struct cf_fault *reterr_fault);
void cf_vault_abort(struct cf_vault *vault);

/* ---- Sealing ---- */

/* What a field is sealed for: the idempotency key of its command, and the field's name. */
struct cf_vault_field {
    struct cf_id subject_id;
    struct cf_bytes key;
    struct cf_bytes name;
};

/* Makes sure that the subject has a key. OK also when it had one, DENIED when it was erased. */
CF_MUST_CHECK enum cf_status cf_vault_key_make(struct cf_vault *vault, struct cf_id subject_id,
                                               struct cf_fault *reterr_fault);

/* Appends the sealed bytes, and gives the tag of (subject, key, name, clear text): a retry seals to
 * other bytes but has the same tag. NOT_FOUND, DENIED. */
CF_MUST_CHECK enum cf_status cf_vault_seal(struct cf_vault *vault,
                                           const struct cf_vault_field *field,
                                           struct cf_bytes clear, struct cf_buf *sealed,
                                           uint8_t ret_tag[CF_VAULT_TAG_SIZE],
                                           struct cf_fault *reterr_fault);

/* Appends the clear text. The idempotency key may be empty: then it is not compared with the one
 * that the bytes were sealed for. NOT_FOUND, or CORRUPT: not sealed for this subject, key and name.
 */
CF_MUST_CHECK enum cf_status cf_vault_unseal(struct cf_vault *vault,
                                             const struct cf_vault_field *field,
                                             struct cf_bytes sealed, struct cf_buf *clear,
                                             struct cf_fault *reterr_fault);

/* ---- E-mail addresses; compared without regard to case and surrounding blanks ---- */

/* Reserves an address for a registration with this idempotency key: a new subject with a key, or,
 * for a retry, the same one again. CONFLICT when the address is confirmed, or reserved under
 * another key. INVALID for what is no address. */
CF_MUST_CHECK enum cf_status cf_vault_reserve(struct cf_vault *vault, struct cf_bytes email,
                                              struct cf_bytes key, int64_t now_us,
                                              struct cf_id *ret_subject_id,
                                              struct cf_fault *reterr_fault);

/* The same for somebody who is registered already and takes another address. */
CF_MUST_CHECK enum cf_status cf_vault_reserve_for(struct cf_vault *vault, struct cf_id subject_id,
                                                  struct cf_bytes email, struct cf_bytes key,
                                                  int64_t now_us, struct cf_fault *reterr_fault);

/* Whose confirmed address it is. NOT_FOUND. */
CF_MUST_CHECK enum cf_status cf_vault_find(struct cf_vault *vault, struct cf_bytes email,
                                           struct cf_id *ret_subject_id,
                                           struct cf_fault *reterr_fault);

/* ---- Credentials ---- */

/* The argon2id text; computing and comparing it is the caller's, outside of a transaction. An empty
 * text is "has none". */
CF_MUST_CHECK enum cf_status cf_vault_password_get(struct cf_vault *vault, struct cf_id subject_id,
                                                   char ret_text[CF_PASSWORD_HASH_SIZE],
                                                   struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_vault_password_set(struct cf_vault *vault, struct cf_id subject_id,
                                                   const char text[CF_PASSWORD_HASH_SIZE],
                                                   struct cf_fault *reterr_fault);

/* Second factor: begin makes a secret that counts once a code of it confirms it; confirming hands
 * out the recovery codes, which are kept as hashes. DENIED for a wrong or used code. */
CF_MUST_CHECK enum cf_status cf_vault_totp_begin(struct cf_vault *vault, struct cf_id subject_id,
                                                 char ret_secret[CF_TOTP_TEXT_SIZE],
                                                 struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_vault_totp_confirm(
    struct cf_vault *vault, struct cf_id subject_id, struct cf_bytes code, int64_t now_us,
    char ret_codes[CF_VAULT_RECOVERY_CODES][CF_VAULT_RECOVERY_SIZE], struct cf_fault *reterr_fault);
CF_MUST_CHECK enum cf_status cf_vault_totp_disable(struct cf_vault *vault, struct cf_id subject_id,
                                                   struct cf_fault *reterr_fault);

/* OK when the person has no second factor, or when `code` is a fresh TOTP code or an unused
 * recovery code, which is then used up. RETRY when one is needed and `code` is empty. DENIED. */
CF_MUST_CHECK enum cf_status cf_vault_second_factor(struct cf_vault *vault, struct cf_id subject_id,
                                                    struct cf_bytes code, int64_t now_us,
                                                    struct cf_fault *reterr_fault);

/* ---- Tickets: sessions, links in mails ---- */

/* Makes a random token; only its hash is kept. `purpose` is the caller's, 1 to 255. */
CF_MUST_CHECK enum cf_status cf_vault_ticket_make(struct cf_vault *vault, struct cf_id subject_id,
                                                  uint8_t purpose, int64_t now_us,
                                                  int64_t expires_us,
                                                  char ret_token[CF_VAULT_TOKEN_SIZE],
                                                  struct cf_fault *reterr_fault);
/* NOT_FOUND unless the token is known, not expired, and of this purpose. `take`: it counts no more.
 */
CF_MUST_CHECK enum cf_status cf_vault_ticket_check(struct cf_vault *vault, struct cf_bytes token,
                                                   uint8_t purpose, int64_t now_us, bool take,
                                                   struct cf_id *ret_subject_id,
                                                   struct cf_fault *reterr_fault);
/* Revokes all tickets of a subject that have this purpose, or any if it is 0. */
CF_MUST_CHECK enum cf_status cf_vault_ticket_revoke(struct cf_vault *vault, struct cf_id subject_id,
                                                    uint8_t purpose, struct cf_fault *reterr_fault);

/* ---- Following the log ---- */

/* The newest record that was applied; 0 at first. */
CF_MUST_CHECK enum cf_status cf_vault_position(struct cf_vault *vault, uint64_t *ret_sequence,
                                               struct cf_fault *reterr_fault);

/* Whether an event of this number changes anything here. The others need not be applied. */
bool cf_vault_concerns(uint32_t event_number);

/* Says that everything up to here was applied, as far as it concerns the vault. */
CF_MUST_CHECK enum cf_status cf_vault_position_set(struct cf_vault *vault, uint64_t sequence,
                                                   struct cf_fault *reterr_fault);

/* Applies the next record: UserRegistered and UserEmailChanged confirm the address in them,
 * CampaignDrafted says whose the campaign is, SubjectErased forgets the subject and the campaigns that
 * are the subject's. CORRUPT when an address does not open, CONFLICT when it is
 * somebody else's: the record then counts as applied, without effect. */
CF_MUST_CHECK enum cf_status cf_vault_apply(struct cf_vault *vault, const struct cf_record *record,
                                            struct cf_fault *reterr_fault);

/* The campaign of a creator that comes behind `after` (the zero id: the first). NOT_FOUND. */
CF_MUST_CHECK enum cf_status cf_vault_campaign_next(struct cf_vault *vault, struct cf_id creator_id,
                                                    struct cf_id after,
                                                    struct cf_id *ret_campaign_id,
                                                    struct cf_fault *reterr_fault);

/* Removes what has expired: tickets, and reservations with their subjects' keys. */
CF_MUST_CHECK enum cf_status cf_vault_sweep(struct cf_vault *vault, int64_t now_us,
                                            struct cf_fault *reterr_fault);

/* Outside of a transaction: if subjects were forgotten since the last time, writes the vault anew
 * without them, overwrites the old file, and takes the new one's place. */
CF_MUST_CHECK enum cf_status cf_vault_compact(struct cf_vault *vault,
                                              struct cf_fault *reterr_fault);

#endif
