/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the small parsers (money, time, id, currency, hex, base64, UTF-8) take any bytes, and
 * what they accept prints to a text that they read as the same value.
 */
#include "core/base/base64.h"
#include "core/base/hex.h"
#include "core/base/utf8.h"
#include "core/event/event.h"
#include "core/id.h"
#include "core/money_text.h"
#include "core/time.h"
#include "tests/fuzz/fuzz.h"

#include <strings.h>

#define TEXT_SIZE_MAX 4096

static void money(struct cf_bytes text)
{
    static const enum cf_currency currencies[] = {CF_CURRENCY_EUR, CF_CURRENCY_JPY, CF_CURRENCY_KWD,
                                                  CF_CURRENCY_CLF};
    for (size_t i = 0; i < sizeof currencies / sizeof currencies[0]; i++) {
        struct cf_money value, again;
        char printed[CF_MONEY_TEXT_SIZE];
        if (cf_money_parse(text, currencies[i], CF_MONEY_ANY_SIGN, &value) != CF_OK)
            continue;
        cf_money_print(value, currencies[i], printed);
        CF_ASSERT(cf_money_parse(cf_bytes_from_text(printed), currencies[i], CF_MONEY_ANY_SIGN,
                                 &again) == CF_OK);
        CF_ASSERT(cf_money_compare(value, again) == 0);
        enum cf_status status = cf_money_parse(text, currencies[i], CF_MONEY_NOT_NEGATIVE, &again);
        CF_ASSERT((status == CF_OK) == !cf_money_is_negative(value));
    }
}

static void moment(struct cf_bytes text)
{
    int64_t time_us, again_us;
    char printed[CF_TIME_TEXT_SIZE];
    if (cf_time_parse(text, &time_us) != CF_OK)
        return;
    cf_time_print(time_us, printed);
    CF_ASSERT(cf_time_parse(cf_bytes_from_text(printed), &again_us) == CF_OK);
    CF_ASSERT(time_us == again_us);
}

static void id(struct cf_bytes text)
{
    struct cf_id value, again;
    char printed[CF_ID_TEXT_SIZE];
    if (cf_id_parse(text, &value) != CF_OK)
        return;
    cf_id_print(value, printed);
    CF_ASSERT(cf_id_parse(cf_bytes_from_text(printed), &again) == CF_OK);
    CF_ASSERT(cf_id_equal(value, again));
}

static void base64(struct cf_bytes text)
{
    uint8_t bytes[TEXT_SIZE_MAX];
    char printed[TEXT_SIZE_MAX + 1];
    size_t size;
    if (cf_base64_parse(text, bytes, &size) != CF_OK)
        return;
    CF_ASSERT(size <= cf_base64_size_max(text.size));
    cf_base64_print(cf_bytes_from(bytes, size), printed);
    CF_ASSERT(cf_bytes_equal(cf_bytes_from_text(printed), text));
}

static void names(struct cf_bytes text)
{
    enum cf_currency currency;
    if (cf_currency_from_letters(text, &currency) == CF_OK)
        CF_ASSERT(strncasecmp(cf_currency_letters(currency), (const char *)text.data, 3) == 0);
    enum cf_event_type type;
    if (cf_event_type_parse(text, &type) == CF_OK)
        CF_ASSERT(cf_bytes_equal(cf_bytes_from_text(cf_event_name(type)), text));
    uint8_t digest[CF_DIGEST_SIZE];
    if (cf_hex_parse(text, sizeof digest, digest) == CF_OK)
        CF_ASSERT(text.size == 2 * sizeof digest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > TEXT_SIZE_MAX)
        return 0;
    struct cf_bytes text = cf_bytes_from(data, size);
    CF_ASSERT(!cf_utf8_is_plain(text) || cf_utf8_is_valid(text));
    CF_ASSERT(!cf_ascii_is_token(text) || cf_utf8_is_plain(text));
    CF_ASSERT(cf_utf8_count(text) <= size);
    money(text);
    moment(text);
    id(text);
    base64(text);
    names(text);
    return 0;
}
