/* SPDX-License-Identifier: Apache-2.0 */
/* Webhook endpoints. The secret is told once, when one is made; it lives in a row of its own. */
#include "tools/sandbox/sandbox_internal.h"

#include <stdio.h>
#include <string.h>

/* In the metadata of the endpoint that the sandbox was started with: the next start finds it, wherever that leads. */
#define OWN "started_with"

static struct cf_json *make(struct cf_call *call, const char *url, const char *secret)
{
    struct cf_json *endpoint = cf_call_make(call, "", "webhook_endpoint", "we");
    struct cf_json *kept = cf_json_object();
    char name[80];
    snprintf(name, sizeof name, "secret_of_%s", cf_json_text_at(endpoint, "id"));
    cf_json_set_text(endpoint, "url", url);
    cf_json_set_text(kept, "id", name);
    cf_json_set_text(kept, "secret", secret);
    cf_store_add(call->store, "", kept);
    return endpoint;
}

struct search {
    const struct cf_call *call;
    const char *url;
    char id[64]; /* of the one that was found; empty without */
};

static bool visit(void *context, const char *id)
{
    struct search *search = context;
    const struct cf_json *endpoint = cf_store_find(search->call->store, "", id);
    if (!cf_json_is(cf_json_at(endpoint, "metadata." OWN), "yes") &&
        !cf_json_is(cf_json_get(endpoint, "url"), search->url))
        return true;
    snprintf(search->id, sizeof search->id, "%s", id);
    return false;
}

static struct cf_json *list_of(const char *events)
{
    struct cf_json *list = cf_json_array();
    for (const char *rest = events == NULL ? "*" : events; *rest != '\0';) {
        char event[64];
        size_t size = strcspn(rest, ",");
        snprintf(event, sizeof event, "%.*s", (int)size, rest);
        cf_json_append(list, cf_json_from_text(event));
        rest += size + (rest[size] == ',');
    }
    return list;
}

void cf_webhook_endpoint_ensure(struct cf_call *call, const char *url, const char *secret,
                                const char *events)
{
    struct search search = {.call = call, .url = url};
    cf_store_walk(call->store, "webhook_endpoint@", NULL, true, visit, &search);
    struct cf_json *endpoint =
        search.id[0] == '\0' ? make(call, url, secret) : cf_store_edit(call->store, "", search.id);
    char name[80];
    snprintf(name, sizeof name, "secret_of_%s", cf_json_text_at(endpoint, "id"));
    cf_json_set_text(cf_store_edit(call->store, "", name), "secret", secret);
    cf_json_set_text(endpoint, "url", url);
    cf_json_set_text(cf_json_get(endpoint, "metadata"), OWN, "yes");
    cf_json_set(endpoint, "enabled_events", list_of(events));
}

void cf_sandbox_webhook_endpoint_create(struct cf_call *call)
{
    const char *url = cf_call_text(call, "url");
    char secret[64];
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
        cf_call_refuse(call, 400, "url_invalid", "url", "Invalid URL: %s", url);
        return;
    }
    cf_call_new_id(call, "whsec", secret);
    struct cf_json *endpoint = make(call, url, secret);
    cf_call_take(call, endpoint, "enabled_events description metadata");
    cf_call_answer(call, endpoint);
    cf_json_set_text(call->answer, "secret", secret);
}

void cf_sandbox_webhook_endpoint_list(struct cf_call *call)
{
    cf_call_answer_list(call, "webhook_endpoint");
}

void cf_sandbox_webhook_endpoint_get(struct cf_call *call)
{
    const struct cf_json *endpoint = cf_call_fetch(call, "webhook_endpoint", call->id, "id");
    if (endpoint != NULL)
        cf_call_answer(call, endpoint);
}

void cf_sandbox_webhook_endpoint_update(struct cf_call *call)
{
    struct cf_json *endpoint = cf_call_edit(call, "webhook_endpoint", call->id, "id");
    if (endpoint == NULL)
        return;
    cf_call_take(call, endpoint, "url enabled_events description metadata");
    if (cf_json_get(call->params, "disabled") != NULL)
        cf_json_set_text(endpoint, "status",
                         cf_call_is_true(call, "disabled") ? "disabled" : "enabled");
    cf_call_answer(call, endpoint);
}

void cf_sandbox_webhook_endpoint_delete(struct cf_call *call)
{
    char name[80];
    if (cf_call_fetch(call, "webhook_endpoint", call->id, "id") == NULL)
        return;
    snprintf(name, sizeof name, "secret_of_%s", call->id);
    cf_store_remove(call->store, name);
    cf_store_remove(call->store, call->id);
    struct cf_json *answer = cf_json_object();
    cf_json_set_text(answer, "id", call->id);
    cf_json_set_text(answer, "object", "webhook_endpoint");
    cf_json_set_bool(answer, "deleted", true);
    cf_call_answer_taken(call, answer);
}
