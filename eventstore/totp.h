/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_TOTP_H
#define CF_EVENTSTORE_TOTP_H

/*
 * Time-based one-time passwords (RFC 6238: SHA-1, six digits, steps of 30 s, as every authenticator
 * app has it): the only door to liboath.
 */

#include "core/base/bytes.h"

#define CF_TOTP_SECRET_SIZE 20
#define CF_TOTP_TEXT_SIZE 33 /* base32 of a secret, with the NUL */

/* The secret as people type it into an app: base32. NO_MEMORY. */
CF_MUST_CHECK enum cf_status cf_totp_print(const uint8_t secret[CF_TOTP_SECRET_SIZE],
                                           char ret_text[CF_TOTP_TEXT_SIZE]);

/*
 * True when the code is that of the step of now_us, of the one before or of the one after, and that
 * step is later than step_last: whoever keeps ret_step as the next step_last accepts no code twice.
 */
bool cf_totp_check(const uint8_t secret[CF_TOTP_SECRET_SIZE], int64_t now_us, uint64_t step_last,
                   struct cf_bytes code, uint64_t *ret_step);

/* The code at a time; for tests and for the sandbox's sample logins. Six digits and a NUL. */
void cf_totp_code(const uint8_t secret[CF_TOTP_SECRET_SIZE], int64_t now_us, char ret_code[7]);

#endif
