/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_AUTHENTICATOR_H
#define CF_TESTS_SUPPORT_AUTHENTICATOR_H

/* What an authenticator app does with the secret that a person types into it. */

#include "eventstore/totp.h"

static inline void authenticator_code(const char secret_text[CF_TOTP_TEXT_SIZE], int64_t now_us,
                                      char ret_code[7])
{
    uint8_t secret[CF_TOTP_SECRET_SIZE] = {0};
    for (int i = 0; i < CF_TOTP_TEXT_SIZE - 1; i++) {
        char c = secret_text[i];
        int value = c >= 'A' ? c - 'A' : c - '2' + 26;
        for (int bit = 0; bit < 5; bit++) {
            if ((value >> (4 - bit)) & 1)
                secret[(i * 5 + bit) / 8] |= (uint8_t)(0x80 >> ((i * 5 + bit) % 8));
        }
    }
    cf_totp_code(secret, now_us, ret_code);
}

#endif
