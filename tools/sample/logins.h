/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_SAMPLE_LOGINS_H
#define CF_TOOLS_SAMPLE_LOGINS_H

/*
 * The first people of a ledger: one login per role, with passwords of their own, kept in
 * keys/logins of the data directory (0600) so that `coffer up` can print them each time.
 *
 * The file is keys/logins.new until all of them exist in the ledger: whoever was interrupted goes
 * on with the same passwords.
 */

#include "core/event/choices.h"
#include "eventstore/data_dir.h"

#include <stdbool.h>
#include <stdint.h>

#define CF_LOGIN_COUNT 7 /* the roles */

struct cf_login {
    enum cf_role role;
    char email[48];
    char password[24];
};

struct cf_logins {
    int64_t made_us; /* when the first of them was thought of */
    bool complete;   /* all of them exist in the ledger */
    struct cf_login rows[CF_LOGIN_COUNT];
};

/* Reads them, or makes them up and writes them down. CORRUPT when the file is not what we wrote. */
CF_MUST_CHECK enum cf_status cf_logins_open(const struct cf_data_dir *dir,
                                            struct cf_logins *ret_logins,
                                            struct cf_fault *reterr_fault);

/* Notes that all of them exist. */
CF_MUST_CHECK enum cf_status cf_logins_complete(const struct cf_data_dir *dir,
                                                struct cf_logins *logins,
                                                struct cf_fault *reterr_fault);

#endif
