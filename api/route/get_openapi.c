/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OpenAPI 3.1 document, made of what the program itself goes by: the tables of routes and parameters, the fields
 * of the commands, and their verdicts. So it cannot say anything else than what happens.
 */
#include "api/exchange.h"
#include "core/base/assert.h"

#include <pthread.h>
#include <stdio.h>

#define DOCUMENT_SIZE_MAX ((size_t)4 << 20)

static const char *const method_names[] = {
    [CF_HTTP_GET] = "get",         [CF_HTTP_HEAD] = "head",   [CF_HTTP_POST] = "post",
    [CF_HTTP_PUT] = "put",         [CF_HTTP_PATCH] = "patch", [CF_HTTP_DELETE] = "delete",
    [CF_HTTP_OPTIONS] = "options",
};

static struct cf_json *type_json(const char *type)
{
    struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "type", type);
    return json;
}

static struct cf_json *text_json(const char *format, const char *pattern)
{
    struct cf_json *json = type_json("string");
    if (format != NULL)
        cf_json_set_text(json, "format", format);
    if (pattern != NULL)
        cf_json_set_text(json, "pattern", pattern);
    return json;
}

static struct cf_json *integer_json(int64_t minimum)
{
    struct cf_json *json = type_json("integer");
    cf_json_set_integer(json, "minimum", minimum);
    return json;
}

static struct cf_json *reference_json(const char *target)
{
    struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "$ref", target);
    return json;
}

static struct cf_json *choice_json(const struct cf_choice_set *choices)
{
    struct cf_json *names = cf_json_array();
    for (uint32_t i = 0; i < choices->count; i++)
        if (choices->names[i] != NULL)
            cf_json_append(names, cf_json_from_text(choices->names[i]));
    struct cf_json *json = type_json("string");
    cf_json_set(json, "enum", names);
    return json;
}

static struct cf_json *items_json(void)
{
    struct cf_json *properties = cf_json_object();
    cf_json_set(properties, "reward_id", text_json("uuid", NULL));
    cf_json_set(properties, "quantity", integer_json(1));
    cf_json_set(properties, "amount", integer_json(0));
    struct cf_json *item = type_json("object");
    cf_json_set(item, "properties", properties);
    struct cf_json *json = type_json("array");
    cf_json_set(json, "items", item);
    cf_json_set_integer(json, "maxItems", CF_ITEMS_MAX);
    return json;
}

static struct cf_json *ids_json(void)
{
    struct cf_json *json = type_json("array");
    cf_json_set(json, "items", text_json("uuid", NULL));
    cf_json_set_integer(json, "maxItems", CF_IDS_MAX);
    return json;
}

/* A field as JSON Schema has it. */
static struct cf_json *field_json(const struct cf_field *field)
{
    switch (field->type->kind) {
    case CF_KIND_ID:
        return text_json("uuid", NULL);
    case CF_KIND_U32:
    case CF_KIND_U64:
    case CF_KIND_AMOUNT:
    case CF_KIND_BPS:
        return integer_json(0);
    case CF_KIND_I32:
    case CF_KIND_DELTA:
        return type_json("integer");
    case CF_KIND_BOOL:
        return type_json("boolean");
    case CF_KIND_TIME:
        return text_json("date-time", NULL);
    case CF_KIND_CURRENCY:
        return text_json(NULL, "^[A-Z]{3}$");
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
    case CF_KIND_SEALED: {
        struct cf_json *json = type_json("string");
        cf_json_set_integer(json, "maxLength", field->type->size_max);
        return json;
    }
    case CF_KIND_HASH:
        return text_json(NULL, "^[0-9a-f]{64}$");
    case CF_KIND_ITEMS:
        return items_json();
    case CF_KIND_IDS:
        return ids_json();
    case CF_KIND_CHOICE:
        return choice_json(field->type->choices);
    }
    CF_UNREACHABLE();
}

static bool is_own(const struct cf_route *route, const char *name)
{
    char spaced[72];
    snprintf(spaced, sizeof spaced, "%s ", name);
    const char *found = strstr(route->own, spaced);
    return found != NULL && (found == route->own || found[-1] == ' ');
}

static struct cf_json *parameter_schema_json(const struct cf_parameter *parameter)
{
    struct cf_json *json = type_json(parameter->kind == CF_PARAMETER_NUMBER ? "integer" : "string");
    if (parameter->sentence[0] != '\0')
        cf_json_set_text(json, "description", parameter->sentence);
    return json;
}

/* The body's members that are no fields of the command; those that must be there go to `required`. */
static void members_add(struct cf_json *properties, struct cf_json *required,
                        const struct cf_route *route)
{
    for (size_t i = 0; i < cf_parameters_count; i++) {
        const struct cf_parameter *row = &cf_parameters[i];
        bool in_body = row->place == CF_PLACE_BODY || row->place == CF_PLACE_BODY_OPTIONAL;
        if (row->route != route->run || !in_body)
            continue;
        cf_json_set(properties, row->name, parameter_schema_json(row));
        if (row->place == CF_PLACE_BODY)
            cf_json_append(required, cf_json_from_text(row->name));
    }
}

static struct cf_json *body_json(const struct cf_route *route, const struct cf_command_spec *spec)
{
    struct cf_json *properties = cf_json_object(), *required = cf_json_array();
    for (uint32_t i = 0; spec != NULL && i < spec->shape.field_count; i++) {
        const struct cf_field *field = &spec->shape.fields[i];
        if (!is_own(route, field->name))
            cf_json_set(properties, field->name, field_json(field));
    }
    members_add(properties, required, route);
    struct cf_json *schema = type_json("object");
    cf_json_set(schema, "properties", properties);
    cf_json_set(schema, "required", required);
    struct cf_json *media = cf_json_object();
    cf_json_set(media, "schema", schema);
    struct cf_json *content = cf_json_object();
    cf_json_set(content, "application/json", media);
    struct cf_json *body = cf_json_object();
    cf_json_set(body, "content", content);
    return body;
}

static bool route_has(const struct cf_route *route, enum cf_parameter_place place)
{
    for (size_t i = 0; i < cf_parameters_count; i++)
        if (cf_parameters[i].route == route->run && cf_parameters[i].place == place)
            return true;
    return false;
}

static bool has_body(const struct cf_route *route)
{
    return route->command != NULL || route_has(route, CF_PLACE_BODY);
}

static void response_add(struct cf_json *responses, unsigned http_status, const char *sentence)
{
    char status[8];
    snprintf(status, sizeof status, "%u", http_status);
    const char *former = cf_json_text(cf_json_get(cf_json_get(responses, status), "description"));
    struct cf_buf text;
    cf_buf_init(&text, 8192);
    CF_ASSERT(cf_buf_append_format(&text, "%s%s%s", former == NULL ? "" : former,
                                   former == NULL ? "" : " ", sentence) == CF_OK &&
              cf_buf_terminate(&text) == CF_OK);
    struct cf_json *response = cf_json_object();
    cf_json_set_text(response, "description", (const char *)text.data);
    if (http_status >= 400) {
        struct cf_json *media = cf_json_object(), *content = cf_json_object();
        cf_json_set(media, "schema", reference_json("#/components/schemas/problem"));
        cf_json_set(content, "application/problem+json", media);
        cf_json_set(response, "content", content);
    }
    cf_json_set(responses, status, response);
    cf_buf_clean_up(&text);
}

static struct cf_json *responses_json(const struct cf_route *route,
                                      const struct cf_command_spec *spec)
{
    struct cf_json *responses = cf_json_object();
    response_add(responses, 200, "Done.");
    if (route->access == CF_ACCESS_SESSION)
        response_add(responses, 401, "Nobody is logged in.");
    for (uint32_t i = 0; spec != NULL && i < spec->verdict_count; i++)
        response_add(responses, spec->verdicts[i].http_status, spec->verdicts[i].sentence);
    if (has_body(route)) {
        response_add(responses, 400, "The body is no JSON object.");
        response_add(responses, 422, "A field is missing, unknown or out of range.");
    }
    if (route_has(route, CF_PLACE_QUERY))
        response_add(responses, 400, "A parameter is not as described.");
    response_add(responses, 503, "Busy, or a part cannot be reached; try again.");
    return responses;
}

static struct cf_json *parameter_json(const char *name, const char *place, bool required,
                                      struct cf_json *schema)
{
    struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "name", name);
    cf_json_set_text(json, "in", place);
    cf_json_set_bool(json, "required", required);
    cf_json_set(json, "schema", schema);
    return json;
}

/* The path's parameters; `path` gets the pattern without the dots of a rest parameter. */
static void path_parameters_add(struct cf_json *parameters, const char *pattern,
                                struct cf_buf *path)
{
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at != '{') {
            CF_ASSERT(cf_buf_append_byte(path, (uint8_t)*at) == CF_OK);
            continue;
        }
        char name[64];
        size_t size = strcspn(at + 1, ".}");
        snprintf(name, sizeof name, "%.*s", (int)size, at + 1);
        CF_ASSERT(cf_buf_append_format(path, "{%s}", name) == CF_OK);
        at = strchr(at, '}');
        cf_json_append(parameters, parameter_json(name, "path", true, type_json("string")));
    }
    CF_ASSERT(cf_buf_terminate(path) == CF_OK);
}

/* Those of the query and the headers. */
static void other_parameters_add(struct cf_json *parameters, const struct cf_route *route)
{
    for (size_t i = 0; i < cf_parameters_count; i++) {
        const struct cf_parameter *row = &cf_parameters[i];
        if (row->route != route->run)
            continue;
        if (row->place == CF_PLACE_QUERY || row->place == CF_PLACE_HEADER)
            cf_json_append(parameters,
                           parameter_json(row->name,
                                          row->place == CF_PLACE_QUERY ? "query" : "header", false,
                                          parameter_schema_json(row)));
    }
    if (has_body(route))
        cf_json_append(parameters, parameter_json("Idempotency-Key", "header", false,
                                                  text_json(NULL, "^[!-~]{1,255}$")));
}

static void route_add(struct cf_json *paths, const struct cf_route *route)
{
    const struct cf_command_spec *spec =
        route->command == NULL ? NULL : cf_command_find_name(cf_bytes_from_text(route->command));
    struct cf_buf path;
    cf_buf_init(&path, 512);
    struct cf_json *operation = cf_json_object();
    cf_json_set_text(operation, "operationId", route->name);
    cf_json_set_text(operation, "summary", route->summary);
    struct cf_json *parameters = cf_json_array();
    path_parameters_add(parameters, route->pattern, &path);
    other_parameters_add(parameters, route);
    cf_json_set(operation, "parameters", parameters);
    if (has_body(route))
        cf_json_set(operation, "requestBody", body_json(route, spec));
    cf_json_set(operation, "responses", responses_json(route, spec));
    if (route->access == CF_ACCESS_SESSION) {
        struct cf_json *scheme = cf_json_object();
        cf_json_set(scheme, "session", cf_json_array());
        struct cf_json *security = cf_json_array();
        cf_json_append(security, scheme);
        cf_json_set(operation, "security", security);
    }
    struct cf_json *item = cf_json_get(paths, (const char *)path.data);
    if (item == NULL) {
        item = cf_json_object();
        cf_json_set(paths, (const char *)path.data, item);
    }
    cf_json_set(item, method_names[route->method], operation);
    cf_buf_clean_up(&path);
}

/* How the API says no: problem.c writes it. */
static struct cf_json *problem_json(void)
{
    static const char *const texts[] = {"type", "title", "code", "detail", "field"};
    struct cf_json *properties = cf_json_object(), *json = type_json("object");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cf_json_set(properties, texts[i], type_json("string"));
    cf_json_set(properties, "status", type_json("integer"));
    cf_json_set(json, "properties", properties);
    return json;
}

static struct cf_buf document;

static void document_make(void)
{
    struct cf_json *info = cf_json_object();
    cf_json_set_text(info, "title", "Coffer");
    cf_json_set_text(info, "version", "1");
    struct cf_json *session = type_json("http");
    cf_json_set_text(session, "scheme", "bearer");
    struct cf_json *schemes = cf_json_object();
    cf_json_set(schemes, "session", session);
    struct cf_json *components = cf_json_object();
    cf_json_set(components, "securitySchemes", schemes);
    struct cf_json *schemas = cf_json_object();
    cf_json_set(schemas, "problem", problem_json());
    cf_json_set(components, "schemas", schemas);
    struct cf_json *paths = cf_json_object();
    for (size_t i = 0; i < cf_routes_count; i++)
        route_add(paths, &cf_routes[i]);

    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "openapi", "3.1.0");
    cf_json_set(json, "info", info);
    cf_json_set(json, "paths", paths);
    cf_json_set(json, "components", components);
    cf_buf_init(&document, DOCUMENT_SIZE_MAX);
    CF_ASSERT(cf_json_print(json, &document) == CF_OK);
}

void cf_route_get_openapi(struct cf_exchange *exchange)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, document_make);
    cf_exchange_json_text(exchange, cf_buf_bytes(&document));
}
