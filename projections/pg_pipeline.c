/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipeline and copy. libpq gives one answer for each thing sent, prepares included, so a ring says
 * what is still to come.
 */
#include "core/base/assert.h"
#include "core/base/scope.h"
#include "projections/pg_private.h"

#include <stdlib.h>

CF_SCOPE_DEFINE(PGresult *, PQclear)

static void expect(struct cf_pg *pg, enum cf_pg_answer answer, size_t statement)
{
    CF_ASSERT(pg->answers_count < CF_PG_PIPELINE_MAX);
    size_t place = (pg->answers_first + pg->answers_count++) % CF_PG_PIPELINE_MAX;
    pg->answers[place] = answer;
    pg->preparing[place] = statement;
}

static enum cf_pg_answer expected(struct cf_pg *pg)
{
    CF_ASSERT(pg->answers_count > 0);
    enum cf_pg_answer answer = pg->answers[pg->answers_first];
    pg->answers_first = (pg->answers_first + 1) % CF_PG_PIPELINE_MAX;
    pg->answers_count--;
    return answer;
}

enum cf_status cf_pg_pipeline_begin(struct cf_pg *pg, struct cf_fault *reterr_fault)
{
    CF_ASSERT(!pg->is_pipeline);
    if (!pg->is_open || PQenterPipelineMode(pg->connection) != 1)
        return cf_pg__fail(pg, NULL, "a pipeline cannot begin", reterr_fault);
    pg->is_pipeline = true;
    pg->answers_first = pg->answers_count = 0;
    return CF_OK;
}

static enum cf_status send_prepare(struct cf_pg *pg, const struct cf_pg_statement *statement,
                                   struct cf_fault *reterr_fault)
{
    if (pg->prepared[statement->index])
        return CF_OK;
    if (PQsendPrepare(pg->connection, statement->name, statement->text, 0, NULL) != 1)
        return cf_pg__fail(pg, NULL, statement->name, reterr_fault);
    expect(pg, CF_PG_ANSWER_PREPARE, statement->index);
    pg->prepared[statement->index] = true;
    return CF_OK;
}

enum cf_status cf_pg_send(struct cf_pg *pg, const char *name, const struct cf_pg_params *params,
                          struct cf_fault *reterr_fault)
{
    CF_ASSERT(pg->is_pipeline);
    const struct cf_pg_statement *statement = cf_pg_statement_find(name);
    struct cf_pg__values values;
    if (cf_pg__values_of(params, &values) != CF_OK)
        CF_FAIL(reterr_fault, params->status, "parameters do not fit");
    CF_TRY(send_prepare(pg, statement, reterr_fault));
    if (PQsendQueryPrepared(pg->connection, statement->name, values.count, values.values,
                            values.sizes, values.formats, 1) != 1)
        return cf_pg__fail(pg, NULL, statement->name, reterr_fault);
    expect(pg, CF_PG_ANSWER_ROWS, statement->index);
    return CF_OK;
}

enum cf_status cf_pg_sync(struct cf_pg *pg, struct cf_fault *reterr_fault)
{
    CF_ASSERT(pg->is_pipeline);
    if (PQpipelineSync(pg->connection) != 1)
        return cf_pg__fail(pg, NULL, "a pipeline cannot be sent", reterr_fault);
    expect(pg, CF_PG_ANSWER_SYNC, 0);
    return CF_OK;
}

/* The next answer, with the NULL that libpq puts behind each but a sync. What was sent as prepared
 * and then was not, is not. */
static PGresult *next_answer(struct cf_pg *pg, enum cf_pg_answer *ret_answer)
{
    size_t statement = pg->preparing[pg->answers_first];
    enum cf_pg_answer answer = *ret_answer = expected(pg);
    PGresult *result = PQgetResult(pg->connection);
    if (answer == CF_PG_ANSWER_PREPARE && PQresultStatus(result) != PGRES_COMMAND_OK)
        pg->prepared[statement] = false;
    if (answer != CF_PG_ANSWER_SYNC && result != NULL) {
        PGresult *behind = PQgetResult(pg->connection);
        if (behind != NULL)
            PQclear(behind);
    }
    return result;
}

enum cf_status cf_pg_receive(struct cf_pg *pg, struct cf_pg_rows **ret_rows,
                             struct cf_fault *reterr_fault)
{
    CF_ASSERT(pg->is_pipeline);
    for (;;) {
        enum cf_pg_answer answer;
        CF_CLEANUP(cf_scope_PQclear) PGresult *result = next_answer(pg, &answer);
        ExecStatusType status = PQresultStatus(result);
        if (answer == CF_PG_ANSWER_SYNC && status == PGRES_PIPELINE_SYNC)
            continue;
        if (answer == CF_PG_ANSWER_PREPARE && status == PGRES_COMMAND_OK)
            continue;
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            return cf_pg__fail(pg, result, "a statement in a pipeline failed", reterr_fault);
        if (ret_rows == NULL)
            return CF_OK;
        return cf_pg__rows_new(CF_TAKE(result), ret_rows, reterr_fault);
    }
}

/* Reads what is left; keeps the first failure that is not "a statement before me failed". */
static enum cf_status drain(struct cf_pg *pg, struct cf_fault *reterr_fault)
{
    enum cf_status first = CF_OK;
    while (pg->answers_count > 0) {
        enum cf_pg_answer answer;
        CF_CLEANUP(cf_scope_PQclear) PGresult *result = next_answer(pg, &answer);
        ExecStatusType status = PQresultStatus(result);
        bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
                    status == PGRES_PIPELINE_SYNC;
        if (!good && first == CF_OK && (status != PGRES_PIPELINE_ABORTED || !pg->is_open))
            first = cf_pg__fail(pg, result, "a statement in a pipeline failed", reterr_fault);
    }
    return first;
}

enum cf_status cf_pg_pipeline_end(struct cf_pg *pg, struct cf_fault *reterr_fault)
{
    CF_ASSERT(pg->is_pipeline);
    /* Whatever was sent after the last sync would never be answered. */
    size_t last = (pg->answers_first + pg->answers_count - 1) % CF_PG_PIPELINE_MAX;
    if (pg->answers_count > 0 && pg->answers[last] != CF_PG_ANSWER_SYNC &&
        cf_pg_sync(pg, reterr_fault) != CF_OK)
        pg->answers_count = 0;
    enum cf_status status = drain(pg, reterr_fault);
    pg->is_pipeline = false;
    if (PQexitPipelineMode(pg->connection) != 1 || PQstatus(pg->connection) != CONNECTION_OK) {
        pg->is_open = false;
        if (status == CF_OK)
            return cf_pg__fail(pg, NULL, "a pipeline cannot end", reterr_fault);
    }
    return status;
}

/* COPY cannot be prepared, so its text is sent as it stands. */
static enum cf_status copy_begin(struct cf_pg *pg, const char *name, ExecStatusType wanted,
                                 struct cf_fault *reterr_fault)
{
    CF_ASSERT(!pg->is_pipeline);
    const struct cf_pg_statement *statement = cf_pg_statement_find(name);
    CF_CLEANUP(cf_scope_PQclear) PGresult *result = PQexec(pg->connection, statement->text);
    if (PQresultStatus(result) != wanted)
        return cf_pg__fail(pg, result, statement->name, reterr_fault);
    return CF_OK;
}

enum cf_status cf_pg_copy_in_begin(struct cf_pg *pg, const char *statement,
                                   struct cf_fault *reterr_fault)
{
    return copy_begin(pg, statement, PGRES_COPY_IN, reterr_fault);
}

enum cf_status cf_pg_copy_in_data(struct cf_pg *pg, struct cf_bytes bytes,
                                  struct cf_fault *reterr_fault)
{
    CF_ASSERT(bytes.size <= INT32_MAX);
    if (bytes.size > 0 &&
        PQputCopyData(pg->connection, (const char *)bytes.data, (int)bytes.size) != 1)
        return cf_pg__fail(pg, NULL, "a copy cannot be sent", reterr_fault);
    return CF_OK;
}

enum cf_status cf_pg_copy_in_end(struct cf_pg *pg, int64_t *ret_rows_count,
                                 struct cf_fault *reterr_fault)
{
    if (PQputCopyEnd(pg->connection, NULL) != 1)
        return cf_pg__fail(pg, NULL, "a copy cannot be ended", reterr_fault);
    CF_CLEANUP(cf_scope_PQclear) PGresult *result = PQgetResult(pg->connection);
    CF_CLEANUP(cf_scope_PQclear) PGresult *behind = PQgetResult(pg->connection);
    (void)behind;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        return cf_pg__fail(pg, result, "a copy was not taken", reterr_fault);
    *ret_rows_count = strtoll(PQcmdTuples(result), NULL, 10);
    return CF_OK;
}

enum cf_status cf_pg_copy_out_begin(struct cf_pg *pg, const char *statement,
                                    struct cf_fault *reterr_fault)
{
    return copy_begin(pg, statement, PGRES_COPY_OUT, reterr_fault);
}

enum cf_status cf_pg_copy_out_next(struct cf_pg *pg, struct cf_bytes *ret_row,
                                   struct cf_fault *reterr_fault)
{
    if (pg->copy_bytes != NULL)
        PQfreemem(pg->copy_bytes);
    pg->copy_bytes = NULL;
    int size = PQgetCopyData(pg->connection, &pg->copy_bytes, 0);
    if (size > 0) {
        *ret_row = cf_bytes_from(pg->copy_bytes, (size_t)size);
        return CF_OK;
    }
    CF_CLEANUP(cf_scope_PQclear) PGresult *result = PQgetResult(pg->connection);
    CF_CLEANUP(cf_scope_PQclear) PGresult *behind = PQgetResult(pg->connection);
    (void)behind;
    if (size != -1 || PQresultStatus(result) != PGRES_COMMAND_OK)
        return cf_pg__fail(pg, result, "a copy broke off", reterr_fault);
    return CF_NOT_FOUND;
}
