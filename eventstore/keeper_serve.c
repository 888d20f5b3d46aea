/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's messages: what each asks for, and the replies. */
#include "eventstore/keeper_serve.h"

#include "core/base/assert.h"
#include "eventstore/bus.h"
#include "eventstore/keeper_operation.h"

bool cf_keeper__is_fatal(enum cf_status status)
{
    return status == CF_IO || status == CF_NO_SPACE || status == CF_NO_MEMORY;
}

static enum cf_status read_head(struct cf_wire_cursor *cursor, uint32_t *ret_count,
                                struct cf_fault *reterr_fault)
{
    uint64_t version;
    CF_TRY(cf_wire_expect_array(cursor, 2, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(cursor, UINT32_MAX, &version, reterr_fault));
    if (version != CF_KEEPER_PROTOCOL)
        CF_FAIL(reterr_fault, CF_UNSUPPORTED, "a version of the protocol that we do not speak");
    CF_TRY(cf_wire_read_array(cursor, CF_KEEPER_OPERATIONS_MAX, ret_count, reterr_fault));
    return *ret_count == 0 ? CF_INVALID : CF_OK;
}

static enum cf_status read_operation(struct cf_wire_cursor *cursor,
                                     const struct cf_keeper_operation_row **ret_operation,
                                     struct cf_fault *reterr_fault)
{
    uint32_t length;
    uint64_t number;
    CF_TRY(cf_wire_read_array(cursor, 16, &length, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(cursor, UINT32_MAX, &number, reterr_fault));
    if (number >= CF_KEEPER_OPERATION_LIMIT || cf_keeper__operations[number].name == NULL)
        CF_FAIL(reterr_fault, CF_UNSUPPORTED, "an operation that the keeper does not know");
    *ret_operation = &cf_keeper__operations[number];
    if (length != 1 + (*ret_operation)->argument_count)
        CF_FAIL(reterr_fault, CF_INVALID, "an operation has other arguments");
    return CF_OK;
}

enum cf_status cf_keeper__classify(struct cf_bytes request, enum cf_keeper_class *ret_class,
                                   struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(request, CF_WIRE_LENIENT);
    uint32_t count;
    const struct cf_keeper_operation_row *operation;
    if (cf_wire_guard(request, CF_WIRE_LENIENT, reterr_fault) != CF_OK)
        return CF_INVALID;
    enum cf_status status = read_head(&cursor, &count, reterr_fault);
    enum cf_keeper_class class = CF_KEEPER_FAST;
    for (uint32_t i = 0; status == CF_OK && i < count; i++) {
        status = read_operation(&cursor, &operation, reterr_fault);
        if (status == CF_OK && operation->class != CF_KEEPER_FAST) {
            class = operation->class;
            status = count == 1 ? CF_OK : CF_INVALID;
        }
        for (uint32_t j = 0; status == CF_OK && j < operation->argument_count; j++)
            status = cf_wire_skip(&cursor, NULL, reterr_fault);
    }
    if (status == CF_OK)
        *ret_class = class;
    return status == CF_OK || status == CF_UNSUPPORTED ? status : CF_INVALID;
}

/* Runs one operation and writes its part of the reply. */
static enum cf_status execute_one(struct cf_keeper_turn *turn,
                                  const struct cf_keeper_operation_row *operation,
                                  struct cf_wire_writer *reply, struct cf_buf *results)
{
    struct cf_wire_writer writer = cf_wire_writer_to(results);
    cf_buf_clear(results);
    turn->results = &writer;
    enum cf_status status = operation->run(turn);
    if (status == CF_OK && cf_wire_writer_finish(&writer) != CF_OK)
        status = CF_RANGE;
    if (turn->malformed)
        return CF_INVALID;
    if (cf_keeper__is_fatal(status))
        return status;
    cf_wire_write_array(reply, 1 + (status == CF_OK ? operation->result_count : 0));
    cf_wire_write_text(reply, cf_bytes_from_text(cf_status_name(status)));
    if (status == CF_OK)
        cf_wire_write_raw(reply, cf_buf_bytes(results));
    return CF_OK;
}

static enum cf_status execute_all(struct cf_keeper_turn *turn, uint32_t count, struct cf_buf *reply)
{
    struct cf_wire_writer writer = cf_wire_writer_to(reply);
    cf_wire_write_array(&writer, 2);
    cf_wire_write_unsigned(&writer, CF_KEEPER_PROTOCOL);
    cf_wire_write_array(&writer, count);
    struct cf_buf results;
    cf_buf_init(&results, CF_BUS_MESSAGE_SIZE_MAX);
    enum cf_status status = CF_OK;
    for (uint32_t i = 0; status == CF_OK && i < count; i++) {
        const struct cf_keeper_operation_row *operation;
        status = read_operation(turn->arguments, &operation, turn->fault);
        if (status == CF_OK)
            status = execute_one(turn, operation, &writer, &results);
    }
    if (results.data != NULL)
        cf_secret_wipe(results.data, results.capacity);
    cf_buf_clean_up(&results);
    if (status == CF_OK && cf_wire_writer_finish(&writer) != CF_OK)
        CF_FAIL(turn->fault, CF_RANGE, "the results are more than a message holds");
    return status;
}

enum cf_status cf_keeper__execute(struct cf_vault *vault, int64_t now_us, struct cf_bytes request,
                                  struct cf_buf *reply, struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor cursor = cf_wire_cursor_over(request, CF_WIRE_LENIENT);
    struct cf_keeper_turn turn = {
        .vault = vault, .now_us = now_us, .arguments = &cursor, .fault = reterr_fault};
    uint32_t count;
    cf_buf_clear(reply);
    CF_TRY(read_head(&cursor, &count, reterr_fault));
    return execute_all(&turn, count, reply);
}

enum cf_status cf_keeper__reply_position(uint64_t sequence, struct cf_buf *reply)
{
    struct cf_wire_writer writer = cf_wire_writer_to(reply);
    cf_buf_clear(reply);
    cf_wire_write_array(&writer, 2);
    cf_wire_write_unsigned(&writer, CF_KEEPER_PROTOCOL);
    cf_wire_write_array(&writer, 1);
    cf_wire_write_array(&writer, 2);
    cf_wire_write_text(&writer, cf_bytes_from_text(cf_status_name(CF_OK)));
    cf_wire_write_unsigned(&writer, sequence);
    return cf_wire_writer_finish(&writer);
}

enum cf_status cf_keeper__reply_status(enum cf_status status, struct cf_buf *reply)
{
    struct cf_wire_writer writer = cf_wire_writer_to(reply);
    cf_buf_clear(reply);
    cf_wire_write_array(&writer, 2);
    cf_wire_write_unsigned(&writer, CF_KEEPER_PROTOCOL);
    cf_wire_write_text(&writer, cf_bytes_from_text(cf_status_name(status)));
    return cf_wire_writer_finish(&writer);
}
