/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: whatever a provider, or somebody who calls himself one, sends, is read or refused: signature
 * headers, notices, answers to every operation. The first byte chooses operation and HTTP status.
 */
#include "commands/gateway/stripe_form.h"
#include "commands/gateway/webhook.h"
#include "tests/fuzz/fuzz.h"

static void terminated(const char *text, size_t size)
{
    CF_ASSERT(memchr(text, '\0', size) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const secrets[] = {"whsec_a", "whsec_b"};
    static const long statuses[] = {200, 400, 402, 404, 409, 429, 500};
    struct cf_bytes bytes = cf_bytes_from(data, size);
    struct cf_webhook_notice notice;
    struct cf_buf found;
    if (size == 0)
        return 0;
    /* Nobody who does not know the secret signs by chance. */
    CF_ASSERT(cf_webhook_verify(bytes, bytes, secrets, 2, 1700000000, 300) != CF_WEBHOOK_SIGNED);
    if (cf_webhook_parse(bytes, &notice, NULL) == CF_OK) {
        CF_ASSERT(notice.event[0] != '\0' && notice.type[0] != '\0');
        terminated(notice.request_key, sizeof notice.request_key);
    }
    struct cf_bytes body = cf_bytes_from(data + 1, size - 1);
    struct cf_port_result result;
    long status = statuses[data[0] % (sizeof statuses / sizeof statuses[0])];
    cf_stripe_read((enum cf_port_operation)(data[0] / 8 % CF_PORT_OPERATION_COUNT), status, body,
                   &result);
    terminated(result.id, sizeof result.id);
    terminated(result.reason, sizeof result.reason);
    CF_ASSERT(result.outcome != CF_PORT_DONE || status == 200);
    cf_buf_init(&found, 1 << 20);
    if (!cf_stripe_find(body, "key", &found))
        CF_ASSERT(found.size == 0);
    cf_buf_clean_up(&found);
    return 0;
}
