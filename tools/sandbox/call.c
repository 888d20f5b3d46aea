/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sandbox/call.h"

#include "core/base/assert.h"
#include "eventstore/sodium.h"
#include "tools/sandbox/sandbox_internal.h"

#include <stdarg.h>
#include <stdio.h>

#define LIST_SIZE 200
/* Lists are in the order of making. What falls due while the clock jumps is made as of its own moment: so far a list may
 * be out of the order of time. */
#define DISORDER_S (40 * 86400)

/* Answers. */

void cf_call_answer_taken(struct cf_call *call, struct cf_json *answer)
{
    CF_ASSERT(call->status == 0);
    call->status = 200;
    call->answer = answer;
}

void cf_call_answer(struct cf_call *call, const struct cf_json *answer)
{
    cf_call_answer_taken(call, cf_json_copy(answer));
}

static void answer_error(struct cf_call *call, unsigned status, struct cf_json *error)
{
    if (call->request_id != NULL) {
        char url[160];
        snprintf(url, sizeof url, "https://dashboard.stripe.com/test/logs/%s", call->request_id);
        cf_json_set_text(error, "request_log_url", url);
    }
    call->status = status;
    call->answer = cf_json_object();
    cf_json_set(call->answer, "error", error);
}

void cf_call_refuse(struct cf_call *call, unsigned status, const char *code, const char *param,
                    const char *format, ...)
{
    if (call->status != 0)
        return; /* the first reason counts */
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct cf_json *error = cf_json_object();
    cf_json_set_text(error, "type",
                     status == 409 || status == 429 || status < 500 ? "invalid_request_error"
                                                                    : "api_error");
    if (code != NULL) {
        bool idempotency = strcmp(code, "idempotency_error") == 0;
        cf_json_set_text(error, idempotency ? "type" : "code", code);
        if (!idempotency) {
            char url[160];
            snprintf(url, sizeof url, "https://stripe.com/docs/error-codes/%s", code);
            cf_json_set_text(error, "doc_url", url);
        }
    }
    if (param != NULL)
        cf_json_set_text(error, "param", param);
    cf_json_set_text(error, "message", message);
    answer_error(call, status, error);
}

void cf_call_refuse_card(struct cf_call *call, const struct cf_json *error)
{
    CF_ASSERT(call->status == 0);
    answer_error(call, 402, cf_json_copy(error));
}

/* Parameters. */

const char *cf_call_text(const struct cf_call *call, const char *param)
{
    return cf_json_text_at(call->params, param);
}

int64_t cf_call_integer(const struct cf_call *call, const char *param, int64_t otherwise)
{
    return cf_json_integer_at(call->params, param, otherwise);
}

bool cf_call_is_true(const struct cf_call *call, const char *param)
{
    return cf_json_is_true(cf_json_at(call->params, param));
}

static void take_metadata(struct cf_json *object, struct cf_json *given)
{
    struct cf_json *metadata = cf_json_get(object, "metadata");
    if (cf_json_kind(metadata) != CF_JSON_OBJECT) {
        metadata = cf_json_object();
        cf_json_set(object, "metadata", metadata);
    }
    void *iterator = NULL;
    const char *key = NULL;
    struct cf_json *value = NULL;
    while (cf_json_next(given, &iterator, &key, &value)) {
        if (cf_json_text(value) == NULL || *cf_json_text(value) == '\0')
            cf_json_remove(metadata, key);
        else
            cf_json_set(metadata, key, cf_json_copy(value));
    }
}

void cf_call_take(struct cf_call *call, struct cf_json *object, const char *names)
{
    while (*names != '\0') {
        char name[64];
        size_t size = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)size, names);
        names += size + (names[size] == ' ');
        struct cf_json *value = cf_json_get(call->params, name);
        if (value == NULL)
            continue;
        if (strcmp(name, "metadata") == 0 && cf_json_kind(value) == CF_JSON_OBJECT)
            take_metadata(object, value);
        else if (strcmp(name, "metadata") == 0)
            cf_json_set(object, name, cf_json_object());
        else
            cf_json_set(object, name, cf_json_copy(value));
    }
}

/* Objects. */

const struct cf_json *cf_call_fetch(struct cf_call *call, const char *type, const char *id,
                                    const char *param)
{
    const struct cf_json *object = cf_store_find(call->store, call->account, id);
    if (object != NULL && cf_json_is(cf_json_get(object, "object"), type) &&
        !cf_json_is_true(cf_json_get(object, "deleted")))
        return object;
    bool addressed = call->id != NULL && strcmp(call->id, id) == 0;
    cf_call_refuse(call, addressed ? 404 : 400, "resource_missing", param, "No such %s: '%s'", type,
                   id);
    return NULL;
}

struct cf_json *cf_call_edit(struct cf_call *call, const char *type, const char *id,
                             const char *param)
{
    return cf_call_fetch(call, type, id, param) == NULL
               ? NULL
               : cf_store_edit(call->store, call->account, id);
}

/* The same seed and the same calls give the same ids. */
void cf_call_new_id(struct cf_call *call, const char *prefix, char ret_id[64])
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char name[80];
    struct cf_hash hash;
    int size = snprintf(name, sizeof name, "%s %llu", call->random_seed,
                        (unsigned long long)cf_store_next(call->store));
    cf_sha256(cf_bytes_from(name, (size_t)size), &hash);
    size = snprintf(ret_id, 40, "%s_", prefix);
    for (int i = 0; i < 24; i++)
        ret_id[size++] = digits[hash.bytes[i] % 62];
    ret_id[size] = '\0';
}

struct cf_json *cf_call_make(struct cf_call *call, const char *account, const char *type,
                             const char *prefix)
{
    char id[64], list[LIST_SIZE];
    cf_call_new_id(call, prefix, id);
    struct cf_json *object = cf_json_copy(cf_sandbox_template(call->sandbox, type));
    cf_json_set_text(object, "id", id);
    cf_json_set_integer(object, "created", call->now);
    cf_store_add(call->store, account, object);
    snprintf(list, sizeof list, "%s@%s", type, account);
    cf_store_list(call->store, list, object);
    return object;
}

/* Members by which lists of a type are kept ready. */
static const struct index {
    const char *type;
    const char *member;
} indexes[] = {
    {"charge", "payment_intent"},      {"charge", "transfer_group"},
    {"refund", "payment_intent"},      {"refund", "charge"},
    {"balance_transaction", "source"}, {"transfer", "transfer_group"},
    {"payment_intent", "customer"},    {"dispute", "charge"},
};

static void index_name(char name[LIST_SIZE], const struct index *index, const char *value,
                       const char *account)
{
    snprintf(name, LIST_SIZE, "%s/%s=%s@%s", index->type, index->member, value, account);
}

void cf_call_index(struct cf_call *call, const char *account, const struct cf_json *object)
{
    const char *type = cf_json_text_at(object, "object");
    for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
        const char *value = cf_json_text_at(object, indexes[i].member);
        if (strcmp(indexes[i].type, type) != 0 || value == NULL)
            continue;
        char name[LIST_SIZE];
        index_name(name, &indexes[i], value, account);
        cf_store_list(call->store, name, object);
    }
}

/* Lists. */

struct page {
    struct cf_call *call;
    struct cf_json *data;
    size_t limit;
    bool more;
};

static bool in_range(const struct cf_json *range, int64_t value)
{
    int64_t exact;
    if (cf_json_integer(range, &exact))
        return value == exact;
    return value > cf_json_integer_at(range, "gt", INT64_MIN) &&
           value >= cf_json_integer_at(range, "gte", INT64_MIN) &&
           value < cf_json_integer_at(range, "lt", INT64_MAX) &&
           value <= cf_json_integer_at(range, "lte", INT64_MAX);
}

/* "payment_intent.*" takes all of them. */
static bool matches_type(const char *pattern, const char *type)
{
    size_t size = strlen(pattern);
    if (size > 0 && pattern[size - 1] == '*')
        return strncmp(pattern, type, size - 1) == 0;
    return strcmp(pattern, type) == 0;
}

static bool matches_any(const struct cf_json *patterns, const char *type)
{
    for (size_t i = 0; i < cf_json_size(patterns); i++) {
        if (matches_type(cf_json_text(cf_json_item(patterns, i)), type))
            return true;
    }
    return false;
}

static bool matches(struct cf_json *params, const struct cf_json *object)
{
    static const char *const paging[] = {"limit", "starting_after", "ending_before", "expand",
                                         "delivery_success"};
    void *iterator = NULL;
    const char *key = NULL;
    struct cf_json *wanted = NULL;
    while (cf_json_next(params, &iterator, &key, &wanted)) {
        bool skip = cf_json_kind(wanted) == CF_JSON_NULL;
        for (size_t i = 0; i < sizeof paging / sizeof paging[0]; i++)
            skip = skip || strcmp(key, paging[i]) == 0;
        const struct cf_json *member = cf_json_get(object, key);
        int64_t number;
        if (skip)
            continue;
        if (strcmp(key, "types") == 0) {
            if (!matches_any(wanted, cf_json_text_at(object, "type")))
                return false;
        } else if (cf_json_integer(member, &number)) {
            if (!in_range(wanted, number))
                return false;
        } else if (cf_json_text(member) == NULL || cf_json_text(wanted) == NULL ||
                   !matches_type(cf_json_text(wanted), cf_json_text(member))) {
            return false;
        }
    }
    return true;
}

/* Whether nothing behind this one on a list, newest first, can be wanted any more. */
static bool is_long_past(const struct page *page, const struct cf_json *object)
{
    const struct cf_json *range = cf_json_get(page->call->params, "created");
    int64_t exact, from = cf_json_integer_at(range, "gte", cf_json_integer_at(range, "gt", 0));
    if (cf_json_integer(range, &exact))
        from = exact;
    return cf_json_get(page->call->params, "ending_before") == NULL &&
           cf_json_integer_at(object, "created", INT64_MAX - DISORDER_S) + DISORDER_S < from;
}

static bool visit_page(void *context, const char *id)
{
    struct page *page = context;
    const struct cf_json *object = cf_store_find(page->call->store, page->call->account, id);
    if (object != NULL && is_long_past(page, object))
        return false;
    if (object == NULL || cf_json_is_true(cf_json_get(object, "deleted")) ||
        !matches(page->call->params, object))
        return true;
    page->more = cf_json_size(page->data) == page->limit;
    if (!page->more)
        cf_json_append(page->data, cf_json_copy(object));
    return !page->more;
}

static struct cf_json *reversed(struct cf_json *list)
{
    struct cf_json *turned = cf_json_array();
    for (size_t i = cf_json_size(list); i-- > 0;)
        cf_json_append(turned, cf_json_copy(cf_json_item(list, i)));
    cf_json_destroy(list);
    return turned;
}

/* False, with the refusal, when a list cannot be asked for like this. */
static bool check_paging(struct cf_call *call, const char *type)
{
    int64_t limit = cf_call_integer(call, "limit", 10);
    const char *after = cf_call_text(call, "starting_after");
    const char *before = cf_call_text(call, "ending_before");
    void *iterator = NULL;
    const char *key = NULL;
    struct cf_json *value = NULL;
    while (cf_json_next(call->params, &iterator, &key, &value)) {
        if (cf_json_kind(value) == CF_JSON_NULL)
            cf_call_refuse(call, 400, "parameter_invalid_empty", key,
                           "You passed an empty string for '%s'.", key);
    }
    if (limit < 1)
        cf_call_refuse(call, 400, "parameter_invalid_integer", "limit",
                       "This value must be greater than or equal to 1.");
    else if (limit > 100)
        cf_call_refuse(call, 400, "parameter_invalid_integer", "limit",
                       "This value must be less than or equal to 100 (it currently is '%lld').",
                       (long long)limit);
    else if (after != NULL && before != NULL)
        cf_call_refuse(call, 400, NULL, "ending_before",
                       "You cannot parameterize both ending_before and starting_after.");
    return call->status == 0 &&
           (after == NULL || cf_call_fetch(call, type, after, "starting_after") != NULL) &&
           (before == NULL || cf_call_fetch(call, type, before, "ending_before") != NULL);
}

void cf_call_answer_list(struct cf_call *call, const char *type)
{
    int64_t limit = cf_call_integer(call, "limit", 10);
    const char *after = cf_call_text(call, "starting_after");
    const char *before = cf_call_text(call, "ending_before");
    if (!check_paging(call, type))
        return;
    char list[LIST_SIZE], url[80];
    snprintf(list, sizeof list, "%s@%s", type, call->account);
    for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
        const char *value = cf_call_text(call, indexes[i].member);
        if (strcmp(indexes[i].type, type) == 0 && value != NULL)
            index_name(list, &indexes[i], value, call->account);
    }
    struct page page = {.call = call, .data = cf_json_array(), .limit = (size_t)limit};
    cf_store_walk(call->store, list, before != NULL ? before : after, before != NULL, visit_page,
                  &page);
    struct cf_json *answer = cf_json_object();
    snprintf(url, sizeof url, "/v1/%ss", type);
    cf_json_set_text(answer, "object", "list");
    cf_json_set(answer, "data", before != NULL ? reversed(page.data) : page.data);
    cf_json_set_bool(answer, "has_more", page.more);
    cf_json_set_text(answer, "url", url);
    cf_call_answer_taken(call, answer);
}
