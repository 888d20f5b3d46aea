/* SPDX-License-Identifier: Apache-2.0 */
/* The range service's server: worker threads, each answering from a snapshot of its own. */
#include "eventstore/range.h"

#include "core/base/assert.h"
#include "core/wire.h"
#include "eventstore/bus.h"
#include "eventstore/range_wire.h"
#include "eventstore/state.h"
#include "eventstore/tile.h"

#include <pthread.h>

#define WORKERS 2
#define REQUESTS_MAX 256

struct cf_range_server {
    struct cf_log *log;     /* borrowed */
    struct cf_state *state; /* borrowed; NULL: no look-ups */
    struct cf_bus_server *bus;
    struct cf_bus_publisher *heads;
    pthread_t workers[WORKERS];
    size_t worker_count;
    pthread_mutex_t lock;    /* over the notes */
    struct cf_buf note;      /* the newest checkpoint; empty: look into the log */
    struct cf_buf published; /* the newest that came back cosigned; empty: none did */
};

/* What an operation works with. */
struct call {
    struct cf_range_server *server;
    struct cf_wire_cursor *arguments;
    struct cf_wire_writer *results;
    struct cf_fault *fault;
};

static enum cf_status argument(struct call *call, uint64_t max, uint64_t *ret_number)
{
    return cf_wire_read_unsigned(call->arguments, max, ret_number, call->fault) == CF_OK
               ? CF_OK
               : CF_INVALID;
}

static enum cf_status argument_id(struct call *call, struct cf_id *ret_id)
{
    struct cf_bytes bytes;
    if (cf_wire_read_bytes(call->arguments, CF_ID_SIZE, &bytes, call->fault) != CF_OK ||
        bytes.size != CF_ID_SIZE)
        return CF_INVALID;
    memcpy(ret_id->bytes, bytes.data, CF_ID_SIZE);
    return CF_OK;
}

static void write_hash(struct cf_wire_writer *writer, const struct cf_hash *hash)
{
    cf_wire_write_bytes(writer, cf_bytes_from(hash->bytes, CF_HASH_SIZE));
}

static void write_proof(struct cf_wire_writer *writer, const struct cf_proof *proof)
{
    cf_wire_write_array(writer, (uint32_t)proof->count);
    for (size_t i = 0; i < proof->count; i++)
        write_hash(writer, &proof->hashes[i]);
}

/* --- The log's operations --------------------------------------------------------------------- */

static enum cf_status do_head(struct call *call, struct cf_log_view *view)
{
    cf_wire_write_unsigned(call->results, cf_log_view_size(view));
    return CF_OK;
}

static enum cf_status do_read(struct call *call, struct cf_log_view *view)
{
    uint64_t first, size_max;
    CF_TRY(argument(call, UINT64_MAX, &first));
    CF_TRY(argument(call, UINT64_MAX, &size_max));
    if (first == 0)
        return CF_INVALID;
    if (size_max > CF_RANGE_READ_SIZE_MAX)
        size_max = CF_RANGE_READ_SIZE_MAX;

    /* Twice over the rows: an array's count stands before its elements. */
    CF_CLEANUP(cf_scope_cf_log_walk_end) struct cf_log_walk *walk = NULL;
    CF_TRY(cf_log_walk_begin(view, first, &walk, call->fault));
    struct cf_bytes records[CF_RANGE_COUNT_MAX];
    uint32_t count = 0;
    uint64_t size = 0;
    while (count < CF_RANGE_COUNT_MAX) {
        struct cf_log_entry entry;
        enum cf_status status = cf_log_walk_next(walk, &entry, call->fault);
        if (status == CF_NOT_FOUND)
            break;
        CF_TRY(status);
        if (entry.sequence != first + count)
            CF_FAIL(call->fault, CF_CORRUPT, "the log misses a record");
        size += entry.record.size + 5; /* with the longest msgpack head */
        if (count > 0 && size > size_max)
            break;
        records[count++] = entry.record;
    }
    cf_wire_write_unsigned(call->results, cf_log_view_size(view));
    cf_wire_write_array(call->results, count);
    for (uint32_t i = 0; i < count; i++)
        cf_wire_write_bytes(call->results, records[i]);
    return CF_OK;
}

static enum cf_status do_checkpoint(struct call *call, struct cf_log_view *view)
{
    struct cf_range_server *server = call->server;
    pthread_mutex_lock(&server->lock);
    bool fresh = server->note.size > 0;
    if (fresh)
        cf_wire_write_bytes(call->results, cf_buf_bytes(&server->note));
    pthread_mutex_unlock(&server->lock);
    if (fresh)
        return CF_OK;
    uint64_t size;
    struct cf_bytes note;
    CF_TRY(cf_log_view_checkpoint(view, 1, cf_log_view_size(view), &size, &note, call->fault));
    cf_wire_write_bytes(call->results, note);
    return CF_OK;
}

static enum cf_status do_published(struct call *call, struct cf_log_view *view)
{
    struct cf_range_server *server = call->server;
    pthread_mutex_lock(&server->lock);
    bool cosigned = server->published.size > 0;
    if (cosigned)
        cf_wire_write_bytes(call->results, cf_buf_bytes(&server->published));
    pthread_mutex_unlock(&server->lock);
    return cosigned ? CF_OK : do_checkpoint(call, view);
}

static enum cf_status do_root(struct call *call, struct cf_log_view *view)
{
    uint64_t size;
    CF_TRY(argument(call, UINT64_MAX, &size));
    if (size > cf_log_view_size(view))
        return CF_RANGE;
    struct cf_hash root;
    CF_TRY(cf_tree_root(cf_log_view_tree(view), size, &root, call->fault));
    write_hash(call->results, &root);
    return CF_OK;
}

static enum cf_status do_inclusion(struct call *call, struct cf_log_view *view)
{
    uint64_t sequence, size;
    CF_TRY(argument(call, UINT64_MAX, &sequence));
    CF_TRY(argument(call, UINT64_MAX, &size));
    if (sequence == 0 || size > cf_log_view_size(view))
        return CF_RANGE;
    struct cf_proof proof;
    CF_TRY(
        cf_tree_prove_inclusion(cf_log_view_tree(view), sequence - 1, size, &proof, call->fault));
    write_proof(call->results, &proof);
    return CF_OK;
}

static enum cf_status do_consistency(struct call *call, struct cf_log_view *view)
{
    uint64_t size_old, size_new;
    CF_TRY(argument(call, UINT64_MAX, &size_old));
    CF_TRY(argument(call, UINT64_MAX, &size_new));
    if (size_new > cf_log_view_size(view))
        return CF_RANGE;
    struct cf_proof proof;
    CF_TRY(
        cf_tree_prove_consistency(cf_log_view_tree(view), size_old, size_new, &proof, call->fault));
    write_proof(call->results, &proof);
    return CF_OK;
}

static enum cf_status do_tile(struct call *call, struct cf_log_view *view)
{
    uint64_t level, index, width;
    CF_TRY(argument(call, 7, &level));
    CF_TRY(argument(call, UINT64_MAX, &index));
    CF_TRY(argument(call, CF_TILE_WIDTH, &width));
    if (width == 0)
        return CF_INVALID;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf bytes;
    cf_buf_init(&bytes, (size_t)CF_TILE_WIDTH * CF_HASH_SIZE);
    const struct cf_tile tile = {
        .level = (uint32_t)level, .index = index, .width = (uint32_t)width};
    CF_TRY(cf_tile_read(view, &tile, &bytes, call->fault));
    cf_wire_write_bytes(call->results, cf_buf_bytes(&bytes));
    return CF_OK;
}

/* --- The state's operations ------------------------------------------------------------------- */

static enum cf_status do_stream(struct call *call, struct cf_state_view *view)
{
    struct cf_id stream;
    uint64_t version, count_max;
    CF_TRY(argument_id(call, &stream));
    CF_TRY(argument(call, UINT32_MAX, &version));
    CF_TRY(argument(call, CF_RANGE_COUNT_MAX, &count_max));
    uint64_t sequences[CF_RANGE_COUNT_MAX];
    size_t count;
    CF_TRY(cf_state_view_stream(view, &stream, (uint32_t)version, sequences, count_max, &count,
                                call->fault));
    cf_wire_write_array(call->results, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        cf_wire_write_unsigned(call->results, sequences[i]);
    return CF_OK;
}

static enum cf_status do_subject(struct call *call, struct cf_state_view *view)
{
    struct cf_id subject;
    uint64_t newest, count;
    CF_TRY(argument_id(call, &subject));
    CF_TRY(cf_state_view_subject(view, &subject, &newest, &count, call->fault));
    cf_wire_write_unsigned(call->results, newest);
    cf_wire_write_unsigned(call->results, count);
    return CF_OK;
}

static enum cf_status do_requests(struct call *call, struct cf_state_view *view)
{
    uint64_t sequence, count_max;
    CF_TRY(argument(call, UINT64_MAX - 1, &sequence));
    CF_TRY(argument(call, CF_RANGE_COUNT_MAX, &count_max));
    struct cf_state_request requests[CF_RANGE_COUNT_MAX];
    size_t count;
    CF_TRY(cf_state_view_requests(view, sequence, requests, count_max, &count, call->fault));
    cf_wire_write_array(call->results, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        cf_wire_write_array(call->results, 3);
        cf_wire_write_unsigned(call->results, requests[i].sequence);
        cf_wire_write_unsigned(call->results, requests[i].kind);
        cf_wire_write_bytes(call->results, cf_id_bytes(&requests[i].subject));
    }
    return CF_OK;
}

static enum cf_status do_lookup(struct call *call, struct cf_state_view *view)
{
    uint64_t kind;
    struct cf_bytes name;
    CF_TRY(argument(call, UINT32_MAX, &kind));
    if (cf_wire_read_bytes(call->arguments, CF_RANGE_READ_SIZE_MAX, &name, call->fault) != CF_OK)
        return CF_INVALID;
    struct cf_id id;
    CF_TRY(cf_state_view_lookup(view, (uint32_t)kind, name, &id, call->fault));
    cf_wire_write_bytes(call->results, cf_id_bytes(&id));
    return CF_OK;
}

static enum cf_status do_name(struct call *call, struct cf_state_view *view)
{
    uint64_t kind;
    struct cf_bytes name;
    CF_TRY(argument(call, UINT32_MAX, &kind));
    if (cf_wire_read_bytes(call->arguments, CF_RANGE_READ_SIZE_MAX, &name, call->fault) != CF_OK)
        return CF_INVALID;
    char found[CF_RANGE_NAME_SIZE];
    CF_TRY(cf_state_view_name_behind(view, (uint32_t)kind, name, found, sizeof found, call->fault));
    cf_wire_write_bytes(call->results, cf_bytes_from_text(found));
    return CF_OK;
}

/* --- Serving ---------------------------------------------------------------------------------- */

typedef enum cf_status log_operation_fn(struct call *call, struct cf_log_view *view);
typedef enum cf_status state_operation_fn(struct call *call, struct cf_state_view *view);

static const struct {
    log_operation_fn *log;
    state_operation_fn *state;
} operations[] = {
    [CF_RANGE_HEAD] = {.log = do_head},
    [CF_RANGE_READ] = {.log = do_read},
    [CF_RANGE_CHECKPOINT] = {.log = do_checkpoint},
    [CF_RANGE_ROOT] = {.log = do_root},
    [CF_RANGE_INCLUSION] = {.log = do_inclusion},
    [CF_RANGE_CONSISTENCY] = {.log = do_consistency},
    [CF_RANGE_TILE] = {.log = do_tile},
    [CF_RANGE_STREAM] = {.state = do_stream},
    [CF_RANGE_SUBJECT] = {.state = do_subject},
    [CF_RANGE_REQUESTS] = {.state = do_requests},
    [CF_RANGE_LOOKUP] = {.state = do_lookup},
    [CF_RANGE_PUBLISHED] = {.log = do_published},
    [CF_RANGE_NAME] = {.state = do_name},
};

static enum cf_status perform(struct call *call)
{
    uint32_t count;
    uint64_t operation;
    if (cf_wire_read_array(call->arguments, 8, &count, call->fault) != CF_OK ||
        argument(call, sizeof operations / sizeof operations[0] - 1, &operation) != CF_OK)
        return CF_INVALID;
    if (operations[operation].log != NULL) {
        CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
        CF_TRY(cf_log_view_begin(call->server->log, &view, call->fault));
        return operations[operation].log(call, view);
    }
    if (operations[operation].state == NULL || call->server->state == NULL)
        return CF_INVALID;
    CF_CLEANUP(cf_scope_cf_state_view_end) struct cf_state_view *view = NULL;
    CF_TRY(cf_state_view_begin(call->server->state, &view, call->fault));
    return operations[operation].state(call, view);
}

static enum cf_range_reply reply_of(enum cf_status status)
{
    if (status == CF_NOT_FOUND)
        return CF_RANGE_NOT_FOUND;
    if (status == CF_RANGE)
        return CF_RANGE_OUT_OF_RANGE;
    return status == CF_INVALID ? CF_RANGE_MALFORMED : CF_RANGE_FAILED;
}

static void answer(struct cf_range_server *server, struct cf_bus_request *request,
                   struct cf_buf *reply)
{
    struct cf_fault fault = {0};
    struct cf_wire_cursor arguments =
        cf_wire_cursor_over(cf_bus_request_bytes(request), CF_WIRE_LENIENT);
    cf_buf_clear(reply);
    struct cf_wire_writer results = cf_wire_writer_to(reply);
    cf_wire_write_unsigned(&results, CF_RANGE_OK);
    struct call call = {
        .server = server, .arguments = &arguments, .results = &results, .fault = &fault};
    enum cf_status status = perform(&call);
    if (status == CF_OK)
        status = cf_wire_writer_finish(&results);
    if (status != CF_OK) {
        uint8_t code = (uint8_t)reply_of(status);
        status = cf_bus_request_reply(request, cf_bytes_from(&code, 1));
    } else {
        status = cf_bus_request_reply(request, cf_buf_bytes(reply));
    }
    /* A peer that cannot be answered runs into its timeout and asks again. */
    (void)status;
}

static void *work(void *context)
{
    struct cf_range_server *server = context;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf reply;
    cf_buf_init(&reply, CF_BUS_MESSAGE_SIZE_MAX);
    for (;;) {
        struct cf_bus_request *request;
        size_t count;
        enum cf_status status =
            cf_bus_server_take(server->bus, &request, 1, CF_BUS_FOREVER, &count);
        if (status == CF_OK && count == 1)
            answer(server, request, &reply);
        else if (status == CF_CLOSED)
            return NULL;
    }
}

enum cf_status cf_range_server_open(struct cf_log *log, struct cf_state *state,
                                    const char *range_url, const char *head_url,
                                    struct cf_range_server **ret_server,
                                    struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_range_server_close)
    struct cf_range_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the range service");
    server->log = log;
    server->state = state;
    pthread_mutex_init(&server->lock, NULL);
    cf_buf_init(&server->note, CF_CHECKPOINT_SIZE_MAX);
    cf_buf_init(&server->published, CF_CHECKPOINT_SIZE_MAX);
    CF_TRY(cf_bus_publisher_open(head_url, &server->heads, reterr_fault));
    CF_TRY(cf_bus_server_open(range_url, REQUESTS_MAX, &server->bus, reterr_fault));
    while (server->worker_count < WORKERS) {
        if (pthread_create(&server->workers[server->worker_count], NULL, work, server) != 0)
            CF_FAIL(reterr_fault, CF_NO_MEMORY, "cannot start a thread for the range service");
        server->worker_count++;
    }
    *ret_server = CF_TAKE(server);
    return CF_OK;
}

void cf_range_server_close(struct cf_range_server *server)
{
    if (server == NULL)
        return;
    if (server->bus != NULL)
        cf_bus_server_stop(server->bus);
    for (size_t i = 0; i < server->worker_count; i++)
        pthread_join(server->workers[i], NULL);
    cf_bus_server_close(server->bus);
    cf_bus_publisher_close(server->heads);
    cf_buf_clean_up(&server->note);
    cf_buf_clean_up(&server->published);
    pthread_mutex_destroy(&server->lock);
    free(server);
}

void cf_range_server_announce(struct cf_range_server *server, uint64_t head)
{
    uint8_t payload[9];
    struct cf_wire_writer writer = cf_wire_writer_fixed(payload, sizeof payload);
    cf_wire_write_unsigned(&writer, head);
    CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
    /* Whoever misses it asks again. */
    enum cf_status status = cf_bus_publisher_publish(server->heads, CF_RANGE_TOPIC,
                                                     cf_bytes_from(payload, writer.size));
    (void)status;
}

static enum cf_status note_set(struct cf_buf *buf, struct cf_bytes note,
                               struct cf_fault *reterr_fault)
{
    cf_buf_clear(buf);
    if (cf_buf_append(buf, note) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_SPACE, "the checkpoint does not fit");
    return CF_OK;
}

enum cf_status cf_range_server_checkpoint(struct cf_range_server *server, struct cf_bytes note,
                                          struct cf_fault *reterr_fault)
{
    pthread_mutex_lock(&server->lock);
    enum cf_status status = note_set(&server->note, note, reterr_fault);
    pthread_mutex_unlock(&server->lock);
    return status;
}

enum cf_status cf_range_server_cosigned(struct cf_range_server *server, struct cf_bytes note,
                                        struct cf_fault *reterr_fault)
{
    pthread_mutex_lock(&server->lock);
    enum cf_status status = note_set(&server->published, note, reterr_fault);
    /* It may still be the newest: then it begins with what was signed. */
    bool newest = server->note.size > 0 && note.size > server->note.size &&
                  memcmp(note.data, server->note.data, server->note.size) == 0;
    if (status == CF_OK && newest)
        status = note_set(&server->note, note, reterr_fault);
    pthread_mutex_unlock(&server->lock);
    return status;
}
