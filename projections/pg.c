/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/pg.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "projections/pg_private.h"

#include <stdio.h>
#include <stdlib.h>

enum { SERVER_VERSION_MIN = 150000 };

CF_SCOPE_DEFINE(PGresult *, PQclear)

/* Which SQLSTATE classes and codes mean what (PostgreSQL manual, appendix A); the first match
 * counts. */
static const struct {
    const char *prefix;
    enum cf_status status;
} states[] = {
    {"40", CF_RETRY},     {"55P03", CF_RETRY},    {"08", CF_CLOSED},     {"57P", CF_CLOSED},
    {"23", CF_CONFLICT},  {"42P06", CF_CONFLICT}, {"22", CF_INVALID},    {"28", CF_DENIED},
    {"42501", CF_DENIED}, {"53100", CF_NO_SPACE}, {"57014", CF_TIMEOUT},
};

/* libpq's messages end in a newline and may hold several lines; a fault holds one. */
static void detail_line(struct cf_fault *reterr_fault, const char *message)
{
    if (strncmp(message, "ERROR:", 6) == 0)
        message += 6;
    while (*message == ' ')
        message++;
    size_t size = strcspn(message, "\n");
    cf_fault_detail(reterr_fault, "%.*s", (int)size, message);
}

enum cf_status cf_pg__fail(struct cf_pg *pg, const PGresult *result, const char *text,
                           struct cf_fault *reterr_fault)
{
    enum cf_status status = CF_IO;
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (PQstatus(pg->connection) != CONNECTION_OK) {
        status = CF_CLOSED;
    } else if (state != NULL) {
        for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
            if (strncmp(state, states[i].prefix, strlen(states[i].prefix)) == 0) {
                status = states[i].status;
                break;
            }
        }
    }
    if (status == CF_CLOSED)
        pg->is_open = false;
    cf_fault_set(reterr_fault, status, __FILE__, __LINE__, text);
    const char *message = result == NULL ? "" : PQresultErrorMessage(result);
    detail_line(reterr_fault, message[0] != '\0' ? message : PQerrorMessage(pg->connection));
    return status;
}

static void ignore_notice(void *user, const PGresult *result)
{
    (void)user;
    (void)result;
}

/* Binary bigint and bytea are what we speak; text parameters are UTF-8, plans stay as they are. */
static const char *const settings[][2] = {
    {"client_encoding", "UTF8"},
    {"application_name", "coffer"},
    {"fallback_application_name", "coffer"},
};

static PGconn *connect(const char *dsn)
{
    enum { SETTINGS_COUNT = sizeof settings / sizeof settings[0] };
    const char *keywords[SETTINGS_COUNT + 3] = {"dbname", "connect_timeout"};
    const char *values[SETTINGS_COUNT + 3] = {dsn, "10"};
    for (size_t i = 0; i < SETTINGS_COUNT; i++) {
        keywords[i + 2] = settings[i][0];
        values[i + 2] = settings[i][1];
    }
    return PQconnectdbParams(keywords, values, 1);
}

enum cf_status cf_pg_open(const char *dsn, struct cf_pg **ret_pg, struct cf_fault *reterr_fault)
{
    struct cf_pg *pg = calloc(1, sizeof *pg);
    bool *prepared = calloc(cf_pg_statement_count() + 1, sizeof *prepared);
    if (pg == NULL || prepared == NULL) {
        free(pg);
        free(prepared);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a PostgreSQL connection");
    }
    pg->prepared = prepared;
    pg->connection = connect(dsn);
    if (PQstatus(pg->connection) != CONNECTION_OK) {
        const char *message = PQerrorMessage(pg->connection);
        bool refused = strstr(message, "authentication failed") != NULL;
        enum cf_status status = refused ? CF_DENIED : CF_IO;
        cf_fault_set(reterr_fault, status, __FILE__, __LINE__,
                     refused ? "PostgreSQL refuses the login" : "PostgreSQL cannot be reached");
        detail_line(reterr_fault, message);
        cf_pg_close(pg);
        return status;
    }
    int version = PQserverVersion(pg->connection);
    if (version < SERVER_VERSION_MIN) {
        cf_pg_close(pg);
        CF_FAIL_ON(reterr_fault, CF_UNSUPPORTED, "PostgreSQL is too old: 15 or later is needed",
                   "this server is version %d.%d", version / 10000, version % 10000);
    }
    const char *encoding = PQparameterStatus(pg->connection, "server_encoding");
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        cf_fault_set(reterr_fault, CF_UNSUPPORTED, __FILE__, __LINE__,
                     "the database cannot hold every text: its encoding must be UTF8");
        cf_fault_detail(reterr_fault, "it is %s", encoding == NULL ? "not known" : encoding);
        cf_pg_close(pg);
        return CF_UNSUPPORTED;
    }
    PQsetNoticeReceiver(pg->connection, ignore_notice, NULL);
    pg->is_open = true;
    *ret_pg = pg;
    return CF_OK;
}

void cf_pg_close(struct cf_pg *pg)
{
    if (pg == NULL)
        return;
    if (pg->copy_bytes != NULL)
        PQfreemem(pg->copy_bytes);
    PQfinish(pg->connection);
    free(pg->prepared);
    free(pg);
}

bool cf_pg_is_open(const struct cf_pg *pg)
{
    return pg->is_open;
}

enum cf_status cf_pg_script(struct cf_pg *pg, const char *script, struct cf_fault *reterr_fault)
{
    CF_ASSERT(!pg->is_pipeline);
    CF_CLEANUP(cf_scope_PQclear) PGresult *result = PQexec(pg->connection, script);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        return cf_pg__fail(pg, result, "a script failed", reterr_fault);
    return CF_OK;
}

enum cf_status cf_pg__values_of(const struct cf_pg_params *params, struct cf_pg__values *ret_values)
{
    ret_values->count = 0;
    if (params == NULL)
        return CF_OK;
    CF_TRY(params->status);
    CF_ASSERT(!params->array_open);
    ret_values->count = (int)params->count;
    for (size_t i = 0; i < params->count; i++) {
        bool null = params->sizes[i] < 0;
        /* An empty value needs a pointer that is not NULL. */
        const char *start = params->bytes.data == NULL ? "" : (const char *)params->bytes.data;
        ret_values->values[i] = null ? NULL : start + params->offsets[i];
        ret_values->sizes[i] = null ? 0 : params->sizes[i];
        ret_values->formats[i] = 1;
    }
    return CF_OK;
}

static enum cf_status prepare(struct cf_pg *pg, const struct cf_pg_statement *statement,
                              struct cf_fault *reterr_fault)
{
    if (pg->prepared[statement->index])
        return CF_OK;
    CF_CLEANUP(cf_scope_PQclear)
    PGresult *result = PQprepare(pg->connection, statement->name, statement->text, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return cf_pg__fail(pg, result, statement->name, reterr_fault);
    pg->prepared[statement->index] = true;
    return CF_OK;
}

enum cf_status cf_pg_run(struct cf_pg *pg, const char *name, const struct cf_pg_params *params,
                         struct cf_pg_rows **ret_rows, struct cf_fault *reterr_fault)
{
    CF_ASSERT(!pg->is_pipeline);
    const struct cf_pg_statement *statement = cf_pg_statement_find(name);
    struct cf_pg__values values;
    if (cf_pg__values_of(params, &values) != CF_OK)
        CF_FAIL(reterr_fault, params->status, "parameters do not fit");
    CF_TRY(prepare(pg, statement, reterr_fault));
    CF_CLEANUP(cf_scope_PQclear)
    PGresult *result = PQexecPrepared(pg->connection, statement->name, values.count, values.values,
                                      values.sizes, values.formats, 1);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return cf_pg__fail(pg, result, statement->name, reterr_fault);
    if (ret_rows == NULL)
        return CF_OK;
    return cf_pg__rows_new(CF_TAKE(result), ret_rows, reterr_fault);
}

static enum cf_status attempt(struct cf_pg *pg, cf_pg_work_fn *work, void *user,
                              struct cf_fault *reterr_fault)
{
    CF_TRY(cf_pg_script(pg, "BEGIN", reterr_fault));
    enum cf_status status = work(pg, user, reterr_fault);
    CF_ASSERT(!pg->is_pipeline);
    if (status == CF_OK) {
        CF_ASSERT(!pg->is_open || PQtransactionStatus(pg->connection) == PQTRANS_INTRANS);
        return cf_pg_script(pg, "COMMIT", reterr_fault);
    }
    /* The first failure is the one to tell; a rollback that fails means the connection is gone. */
    if (pg->is_open && cf_pg_script(pg, "ROLLBACK", NULL) != CF_OK)
        pg->is_open = false;
    return status;
}

enum cf_status cf_pg_transaction(struct cf_pg *pg, const char *name, int retries_max,
                                 cf_pg_work_fn *work, void *user, int *ret_retries,
                                 struct cf_fault *reterr_fault)
{
    CF_ASSERT(retries_max >= 0);
    CF_ASSERT(PQtransactionStatus(pg->connection) != PQTRANS_INTRANS);
    enum cf_status status = CF_RETRY;
    int retries = -1;
    while (status == CF_RETRY && retries < retries_max) {
        retries++;
        status = attempt(pg, work, user, reterr_fault);
    }
    if (status == CF_RETRY)
        CF_FAIL_ON(reterr_fault, CF_RETRY, "a transaction could not get through", "%s, %d retries",
                   name, retries);
    if (status == CF_OK && ret_retries != NULL)
        *ret_retries = retries;
    return status;
}

enum cf_status cf_pg_describe(struct cf_pg *pg, const char *name, struct cf_buf *params,
                              struct cf_buf *columns, struct cf_fault *reterr_fault)
{
    const struct cf_pg_statement *statement = cf_pg_statement_find(name);
    CF_TRY(prepare(pg, statement, reterr_fault));
    CF_CLEANUP(cf_scope_PQclear)
    PGresult *result = PQdescribePrepared(pg->connection, statement->name);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return cf_pg__fail(pg, result, statement->name, reterr_fault);
    for (int i = 0; i < PQnparams(result); i++)
        CF_TRY(cf_buf_append_format(params, "%s%u", i == 0 ? "" : ", ", PQparamtype(result, i)));
    for (int i = 0; i < PQnfields(result); i++)
        CF_TRY(cf_buf_append_format(columns, "%s%s %u", i == 0 ? "" : ", ", PQfname(result, i),
                                    PQftype(result, i)));
    return CF_OK;
}
