/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/totp.h"

#include "core/base/assert.h"

#include <liboath/oath.h>
#include <stdlib.h>

#define STEP_US INT64_C(30000000)
#define DIGITS 6

enum cf_status cf_totp_print(const uint8_t secret[CF_TOTP_SECRET_SIZE],
                             char ret_text[CF_TOTP_TEXT_SIZE])
{
    char *text = NULL;
    size_t size = 0;
    if (oath_base32_encode((const char *)secret, CF_TOTP_SECRET_SIZE, &text, &size) != OATH_OK)
        return CF_NO_MEMORY;
    CF_ASSERT(size == CF_TOTP_TEXT_SIZE - 1);
    memcpy(ret_text, text, CF_TOTP_TEXT_SIZE);
    free(text);
    return CF_OK;
}

static void code_of_step(const uint8_t secret[CF_TOTP_SECRET_SIZE], uint64_t step,
                         char ret_code[DIGITS + 1])
{
    CF_ASSERT(oath_hotp_generate((const char *)secret, CF_TOTP_SECRET_SIZE, step, DIGITS, false,
                                 OATH_HOTP_DYNAMIC_TRUNCATION, ret_code) == OATH_OK);
}

bool cf_totp_check(const uint8_t secret[CF_TOTP_SECRET_SIZE], int64_t now_us, uint64_t step_last,
                   struct cf_bytes code, uint64_t *ret_step)
{
    CF_ASSERT(now_us >= STEP_US);
    if (code.size != DIGITS)
        return false;
    uint64_t step_now = (uint64_t)(now_us / STEP_US);
    for (uint64_t step = step_now - 1; step <= step_now + 1; step++) {
        char expected[DIGITS + 1];
        code_of_step(secret, step, expected);
        if (step > step_last && memcmp(expected, code.data, DIGITS) == 0) {
            *ret_step = step;
            return true;
        }
    }
    return false;
}

void cf_totp_code(const uint8_t secret[CF_TOTP_SECRET_SIZE], int64_t now_us, char ret_code[7])
{
    CF_ASSERT(now_us >= 0);
    code_of_step(secret, (uint64_t)(now_us / STEP_US), ret_code);
}
