/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/webhook.h"

#include "core/base/assert.h"
#include "core/base/hex.h"
#include "core/json_value.h"
#include "eventstore/sodium.h"

#include <stdio.h>

#define SIGNATURE_COUNT_MAX 8

/* What the header says. */
struct signatures {
    int64_t at_s;
    struct cf_hash tags[SIGNATURE_COUNT_MAX]; /* v1 only */
    size_t count;
};

static bool parse_time(struct cf_bytes text, int64_t *ret_at_s)
{
    int64_t at_s = 0;
    if (text.size == 0 || text.size > 15)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        at_s = at_s * 10 + (text.data[i] - '0');
    }
    *ret_at_s = at_s;
    return true;
}

/* `t=1,v1=…,v1=…,v0=…`: other schemes are passed over. False without a time and a v1. */
static bool parse_header(struct cf_bytes header, struct signatures *ret_signatures)
{
    struct signatures signatures = {.at_s = -1};
    while (header.size > 0) {
        const uint8_t *comma = memchr(header.data, ',', header.size);
        size_t size = comma == NULL ? header.size : (size_t)(comma - header.data);
        struct cf_bytes item = cf_bytes_from(header.data, size);
        if (size >= 2 && memcmp(item.data, "t=", 2) == 0) {
            if (!parse_time(cf_bytes_from(item.data + 2, size - 2), &signatures.at_s))
                return false;
        } else if (size >= 3 && memcmp(item.data, "v1=", 3) == 0 &&
                   signatures.count < SIGNATURE_COUNT_MAX) {
            struct cf_bytes hex = cf_bytes_from(item.data + 3, size - 3);
            if (cf_hex_parse(hex, CF_HASH_SIZE, signatures.tags[signatures.count].bytes) == CF_OK)
                signatures.count++;
        }
        header =
            cf_bytes_from(item.data + size + (comma != NULL), header.size - size - (comma != NULL));
    }
    *ret_signatures = signatures;
    return signatures.at_s >= 0 && signatures.count > 0;
}

/* The tag over `<time>.<body>`. */
static void tag_of(const char *secret, int64_t at_s, struct cf_bytes body, struct cf_hash *ret_tag)
{
    struct cf_buf payload;
    cf_buf_init(&payload, body.size + 32);
    CF_ASSERT(cf_buf_append_format(&payload, "%lld.", (long long)at_s) == CF_OK);
    CF_ASSERT(cf_buf_append(&payload, body) == CF_OK);
    cf_hmac_sha256(cf_bytes_from_text(secret), cf_buf_bytes(&payload), ret_tag);
    cf_buf_clean_up(&payload);
}

enum cf_webhook_verdict cf_webhook_verify(struct cf_bytes header, struct cf_bytes body,
                                          const char *const *secrets, size_t secret_count,
                                          int64_t now_s, int64_t tolerance_s)
{
    struct signatures signatures;
    if (!parse_header(header, &signatures))
        return CF_WEBHOOK_MALFORMED;
    bool match = false;
    for (size_t i = 0; i < secret_count; i++) {
        struct cf_hash tag;
        tag_of(secrets[i], signatures.at_s, body, &tag);
        for (size_t k = 0; k < signatures.count; k++)
            match |= cf_secret_equal(tag.bytes, signatures.tags[k].bytes, CF_HASH_SIZE);
    }
    if (!match)
        return CF_WEBHOOK_FORGED;
    if (signatures.at_s < now_s - tolerance_s)
        return CF_WEBHOOK_STALE;
    return signatures.at_s > now_s + tolerance_s ? CF_WEBHOOK_EARLY : CF_WEBHOOK_SIGNED;
}

void cf_webhook_sign(const char *secret, int64_t at_s, struct cf_bytes body,
                     char ret_header[CF_WEBHOOK_SIGNATURE_SIZE])
{
    struct cf_hash tag;
    char hex[2 * CF_HASH_SIZE + 1] = "";
    tag_of(secret, at_s, body, &tag);
    cf_hex_print(cf_bytes_from(tag.bytes, CF_HASH_SIZE), hex);
    snprintf(ret_header, CF_WEBHOOK_SIGNATURE_SIZE, "t=%lld,v1=%.64s", (long long)at_s, hex);
}

static bool take(const struct cf_json *json, const char *path, char *ret_text, size_t size)
{
    const char *text = cf_json_text_at(json, path);
    ret_text[0] = '\0';
    return text == NULL || snprintf(ret_text, size, "%s", text) < (int)size;
}

enum cf_status cf_webhook_parse(struct cf_bytes body, struct cf_webhook_notice *ret_notice,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    CF_TRY(cf_json_parse(body, &json, reterr_fault));
    struct cf_webhook_notice notice = {0};
    bool fits =
        take(json, "id", notice.event, sizeof notice.event) &&
        take(json, "type", notice.type, sizeof notice.type) &&
        take(json, "account", notice.account, sizeof notice.account) &&
        take(json, "data.object.id", notice.object, sizeof notice.object) &&
        take(json, "data.object.status", notice.object_status, sizeof notice.object_status) &&
        take(json, "request.idempotency_key", notice.request_key, sizeof notice.request_key);
    int64_t created = cf_json_integer_at(json, "created", -1);
    if (!cf_json_is(cf_json_get(json, "object"), "event") || notice.event[0] == '\0' ||
        notice.type[0] == '\0' || created < 0 || created > INT64_MAX / 1000000)
        CF_FAIL(reterr_fault, CF_INVALID, "not an event");
    if (!fits)
        CF_FAIL(reterr_fault, CF_INVALID, "an event with a name that is too long");
    notice.created_at_us = created * 1000000;
    *ret_notice = notice;
    return CF_OK;
}
