/* SPDX-License-Identifier: Apache-2.0 */
#include "api/web.h"

#include "core/base/assert.h"
#include "core/base/embedded.h"

extern const struct cf_embedded cf_web_files[];

static bool ends_with(struct cf_bytes text, const char *ending)
{
    size_t size = strlen(ending);
    return text.size > size && memcmp(text.data + text.size - size, ending, size) == 0;
}

static const char *content_type_of(struct cf_bytes name)
{
    if (ends_with(name, ".css"))
        return "text/css; charset=utf-8";
    if (ends_with(name, ".js"))
        return "text/javascript; charset=utf-8";
    if (ends_with(name, ".svg"))
        return "image/svg+xml";
    return "text/html; charset=utf-8";
}

bool cf_web_find(struct cf_bytes name, const char **ret_content_type, struct cf_bytes *ret_bytes)
{
    for (const struct cf_embedded *file = cf_web_files; file->name != NULL; file++) {
        const char *slash = strrchr(file->name, '/');
        if (!cf_bytes_equal(cf_bytes_from_text(slash + 1), name))
            continue;
        *ret_content_type = content_type_of(name);
        *ret_bytes = file->bytes;
        return true;
    }
    return false;
}

void cf_web_answer_page(struct cf_exchange *exchange, const char *name)
{
    const char *type;
    struct cf_bytes page;
    CF_ASSERT(cf_web_find(cf_bytes_from_text(name), &type, &page));
    cf_exchange_page(exchange, type, page);
}
