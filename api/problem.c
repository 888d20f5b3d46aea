/* SPDX-License-Identifier: Apache-2.0 */
#include "api/problem.h"

#include "core/base/assert.h"
#include "core/json_value.h"

#include <ctype.h>
#include <stdio.h>

struct problem_row {
    unsigned http_status;
    const char *code;
    const char *title;
};

static const struct problem_row problems[] = {
#define CF_PROBLEM(name, http_status, code, title) [CF_PROBLEM_##name] = {http_status, code, title},
#include "api/problems.def"
#undef CF_PROBLEM
};

/* `type` is an address below our own, so that it can be read one day and compared today. */
static void respond(struct cf_http_request *request, unsigned http_status, const char *type,
                    const char *code, const char *title, const char *detail, const char *field)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = cf_json_object();
    cf_json_set_text(json, "type", type);
    cf_json_set_text(json, "title", title);
    cf_json_set_integer(json, "status", http_status);
    cf_json_set_text(json, "code", code);
    if (detail != NULL && detail[0] != '\0')
        cf_json_set_text(json, "detail", detail);
    if (field != NULL)
        cf_json_set_text(json, "field", field);

    struct cf_buf body;
    cf_buf_init(&body, 8192);
    CF_ASSERT(cf_json_print(json, &body) == CF_OK);
    struct cf_http_header headers[] = {
        {"Content-Type", "application/problem+json"},
        {"Cache-Control", "no-store"},
        {http_status == 401 ? "WWW-Authenticate" : "Retry-After",
         http_status == 401 ? "Bearer" : "1"},
    };
    bool third = http_status == 401 || http_status == 429 || http_status == 503;
    cf_http_respond(request, &(struct cf_http_response){.status = http_status,
                                                        .headers = headers,
                                                        .header_count = third ? 3 : 2,
                                                        .body = cf_buf_bytes(&body)});
    cf_buf_clean_up(&body);
}

void cf_problem_respond(struct cf_http_request *request, enum cf_problem problem,
                        const char *detail, const char *field)
{
    const struct problem_row *row = &problems[problem];
    char type[96];
    snprintf(type, sizeof type, "/problems/%s", row->code);
    respond(request, row->http_status, type, row->code, row->title, detail, field);
}

void cf_problem_respond_refusal(struct cf_http_request *request, const char *command,
                                const struct cf_refusal *refusal)
{
    char code[64];
    size_t length = 0;
    for (; refusal->name[length] != '\0' && length + 1 < sizeof code; length++)
        code[length] = (char)tolower((unsigned char)refusal->name[length]);
    code[length] = '\0';
    char type[192];
    snprintf(type, sizeof type, "/problems/%s/%s", command, code);
    respond(request, refusal->http_status, type, code, refusal->sentence, NULL, NULL);
}
