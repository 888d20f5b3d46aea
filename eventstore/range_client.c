/* SPDX-License-Identifier: Apache-2.0 */
/* The range service's client. Nothing that comes back is believed without a look. */
#include "eventstore/range.h"

#include "core/base/assert.h"
#include "core/wire.h"
#include "eventstore/bus.h"
#include "eventstore/range_wire.h"
#include "eventstore/tile.h"

#include <stdatomic.h>
#include <time.h>

#define TIMEOUT_MS 5000
/* Announcements may be lost: a wait asks for itself this often. */
#define ASK_EVERY_MS 1000
#define REQUEST_SIZE_MAX 1024

struct cf_range_client {
    struct cf_bus_client *bus;
    struct cf_bus_subscriber *heads; /* NULL: never waits */
    int timeout_ms;
    uint64_t head; /* the newest heard of */
    atomic_bool interrupted;
    struct cf_buf reply;
};

enum cf_status cf_range_client_open(const char *range_url, const char *head_url,
                                    struct cf_range_client **ret_client,
                                    struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_range_client_close)
    struct cf_range_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a client of the range service");
    client->timeout_ms = TIMEOUT_MS;
    cf_buf_init(&client->reply, CF_BUS_MESSAGE_SIZE_MAX);
    CF_TRY(cf_bus_client_open(range_url, &client->bus, reterr_fault));
    if (head_url != NULL) {
        CF_TRY(cf_bus_subscriber_open(head_url, &client->heads, reterr_fault));
        if (cf_bus_subscriber_subscribe(client->heads, CF_RANGE_TOPIC) != CF_OK)
            CF_FAIL(reterr_fault, CF_IO, "cannot subscribe to the head");
    }
    *ret_client = CF_TAKE(client);
    return CF_OK;
}

void cf_range_client_close(struct cf_range_client *client)
{
    if (client == NULL)
        return;
    cf_bus_client_close(client->bus);
    if (client->heads != NULL)
        cf_bus_subscriber_close(client->heads);
    cf_buf_clean_up(&client->reply);
    free(client);
}

void cf_range_client_timeout(struct cf_range_client *client, int timeout_ms)
{
    client->timeout_ms = timeout_ms;
}

/* --- Calling ---------------------------------------------------------------------------------- */

struct request {
    uint8_t bytes[REQUEST_SIZE_MAX];
    struct cf_wire_writer writer;
};

static void request_begin(struct request *request, enum cf_range_operation operation,
                          uint32_t argument_count)
{
    request->writer = cf_wire_writer_fixed(request->bytes, sizeof request->bytes);
    cf_wire_write_array(&request->writer, 1 + argument_count);
    cf_wire_write_unsigned(&request->writer, operation);
}

/* Calls and leaves a cursor on the results. */
static enum cf_status call(struct cf_range_client *client, const struct request *request,
                           struct cf_buf *reply, struct cf_wire_cursor *ret_results,
                           struct cf_fault *reterr_fault)
{
    if (cf_wire_writer_finish(&request->writer) != CF_OK)
        CF_FAIL(reterr_fault, CF_INVALID, "the request is too long");
    CF_TRY(cf_bus_client_call(client->bus, cf_bytes_from(request->bytes, request->writer.size),
                              client->timeout_ms, reply, reterr_fault));
    *ret_results = cf_wire_cursor_over(cf_buf_bytes(reply), CF_WIRE_CANONICAL);
    uint64_t code;
    CF_TRY(cf_wire_read_unsigned(ret_results, CF_RANGE_FAILED, &code, reterr_fault));
    switch ((enum cf_range_reply)code) {
    case CF_RANGE_OK:
        return CF_OK;
    case CF_RANGE_NOT_FOUND:
        return CF_NOT_FOUND;
    case CF_RANGE_OUT_OF_RANGE:
        CF_FAIL(reterr_fault, CF_RANGE, "the log does not reach that far");
    case CF_RANGE_MALFORMED:
        CF_FAIL(reterr_fault, CF_INVALID, "the range service does not understand the request");
    case CF_RANGE_FAILED:
        break;
    }
    CF_FAIL(reterr_fault, CF_IO, "the range service cannot read");
}

static enum cf_status read_exact(struct cf_wire_cursor *results, size_t size, void *ret_bytes,
                                 struct cf_fault *reterr_fault)
{
    struct cf_bytes bytes;
    CF_TRY(cf_wire_read_bytes(results, size, &bytes, reterr_fault));
    if (bytes.size != size)
        CF_FAIL(reterr_fault, CF_CORRUPT, "a reply of the range service has a wrong size");
    memcpy(ret_bytes, bytes.data, size);
    return CF_OK;
}

static enum cf_status read_proof(struct cf_wire_cursor *results, struct cf_proof *ret_proof,
                                 struct cf_fault *reterr_fault)
{
    uint32_t count;
    CF_TRY(cf_wire_read_array(results, CF_PROOF_HASHES_MAX, &count, reterr_fault));
    struct cf_proof proof = {.count = count};
    for (uint32_t i = 0; i < count; i++)
        CF_TRY(read_exact(results, CF_HASH_SIZE, proof.hashes[i].bytes, reterr_fault));
    *ret_proof = proof;
    return CF_OK;
}

static enum cf_status read_bytes_into(struct cf_wire_cursor *results, struct cf_buf *ret_buf,
                                      struct cf_fault *reterr_fault)
{
    struct cf_bytes bytes;
    CF_TRY(cf_wire_read_bytes(results, CF_BUS_MESSAGE_SIZE_MAX, &bytes, reterr_fault));
    cf_buf_clear(ret_buf);
    if (cf_buf_append(ret_buf, bytes) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_SPACE, "the reply does not fit its buffer");
    return CF_OK;
}

/* --- The head --------------------------------------------------------------------------------- */

enum cf_status cf_range_head(struct cf_range_client *client, uint64_t *ret_head,
                             struct cf_fault *reterr_fault)
{
    struct request request;
    struct cf_wire_cursor results;
    request_begin(&request, CF_RANGE_HEAD, 0);
    CF_TRY(call(client, &request, &client->reply, &results, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(&results, UINT64_MAX, ret_head, reterr_fault));
    if (*ret_head > client->head)
        client->head = *ret_head;
    return CF_OK;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes one announcement, waiting at most timeout_ms. */
static enum cf_status hear(struct cf_range_client *client, int timeout_ms)
{
    struct cf_bus_news news;
    CF_TRY(cf_bus_subscriber_receive(client->heads, timeout_ms, &news));
    struct cf_wire_cursor cursor = cf_wire_cursor_over(news.payload, CF_WIRE_CANONICAL);
    uint64_t head;
    if (cf_wire_read_unsigned(&cursor, UINT64_MAX, &head, NULL) == CF_OK && head > client->head)
        client->head = head;
    return CF_OK;
}

enum cf_status cf_range_client_wait(struct cf_range_client *client, uint64_t sequence,
                                    int timeout_ms, uint64_t *ret_head,
                                    struct cf_fault *reterr_fault)
{
    CF_ASSERT(client->heads != NULL);
    int64_t end_ms = now_ms() + timeout_ms, ask_ms = 0;
    while (client->head <= sequence) {
        int64_t left_ms = end_ms - now_ms();
        if (atomic_load(&client->interrupted))
            CF_FAIL(reterr_fault, CF_CLOSED, "the wait was interrupted");
        if (left_ms < 0)
            CF_FAIL(reterr_fault, CF_TIMEOUT, "the head did not move in time");
        if (now_ms() >= ask_ms) {
            uint64_t head;
            enum cf_status status = cf_range_head(client, &head, reterr_fault);
            if (status != CF_OK && status != CF_RETRY && status != CF_TIMEOUT &&
                status != CF_CLOSED)
                return status;
            ask_ms = now_ms() + ASK_EVERY_MS;
            continue;
        }
        int64_t slice_ms = left_ms < ASK_EVERY_MS ? left_ms : ASK_EVERY_MS;
        enum cf_status status = hear(client, (int)slice_ms);
        if (status == CF_CLOSED)
            CF_FAIL(reterr_fault, CF_CLOSED, "the wait was interrupted");
    }
    *ret_head = client->head;
    return CF_OK;
}

void cf_range_client_interrupt(struct cf_range_client *client)
{
    atomic_store(&client->interrupted, true);
    if (client->heads != NULL)
        cf_bus_subscriber_interrupt(client->heads);
}

/* --- Records ---------------------------------------------------------------------------------- */

void cf_range_records_clean_up(struct cf_range_records *records)
{
    cf_buf_clean_up(&records->reply);
    free(records->records);
    *records = (struct cf_range_records){0};
}

static enum cf_status records_room(struct cf_range_records *records, uint32_t count,
                                   struct cf_fault *reterr_fault)
{
    if (count <= records->capacity)
        return CF_OK;
    struct cf_bytes *larger = realloc(records->records, count * sizeof *larger);
    if (larger == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a range of records");
    records->records = larger;
    records->capacity = count;
    return CF_OK;
}

enum cf_status cf_range_read(struct cf_range_client *client, uint64_t first, size_t size_max,
                             struct cf_range_records *records, struct cf_fault *reterr_fault)
{
    struct request request;
    struct cf_wire_cursor results;
    if (records->reply.size_max == 0)
        cf_buf_init(&records->reply, CF_BUS_MESSAGE_SIZE_MAX);
    records->count = 0;
    records->first = first;
    request_begin(&request, CF_RANGE_READ, 2);
    cf_wire_write_unsigned(&request.writer, first);
    cf_wire_write_unsigned(&request.writer, size_max);
    CF_TRY(call(client, &request, &records->reply, &results, reterr_fault));
    uint32_t count;
    CF_TRY(cf_wire_read_unsigned(&results, UINT64_MAX, &records->head, reterr_fault));
    CF_TRY(cf_wire_read_array(&results, CF_RANGE_COUNT_MAX, &count, reterr_fault));
    CF_TRY(records_room(records, count, reterr_fault));
    for (uint32_t i = 0; i < count; i++)
        CF_TRY(
            cf_wire_read_bytes(&results, CF_RECORD_SIZE_MAX, &records->records[i], reterr_fault));
    records->count = count;
    if (records->head > client->head)
        client->head = records->head;
    return CF_OK;
}

/* --- The tree --------------------------------------------------------------------------------- */

static enum cf_status note(struct cf_range_client *client, enum cf_range_operation operation,
                           struct cf_buf *ret_note, struct cf_fault *reterr_fault)
{
    struct request request;
    struct cf_wire_cursor results;
    request_begin(&request, operation, 0);
    CF_TRY(call(client, &request, &client->reply, &results, reterr_fault));
    return read_bytes_into(&results, ret_note, reterr_fault);
}

enum cf_status cf_range_checkpoint(struct cf_range_client *client, struct cf_buf *ret_note,
                                   struct cf_fault *reterr_fault)
{
    return note(client, CF_RANGE_CHECKPOINT, ret_note, reterr_fault);
}

enum cf_status cf_range_published(struct cf_range_client *client, struct cf_buf *ret_note,
                                  struct cf_fault *reterr_fault)
{
    return note(client, CF_RANGE_PUBLISHED, ret_note, reterr_fault);
}

enum cf_status cf_range_root(struct cf_range_client *client, uint64_t size,
                             struct cf_hash *ret_root, struct cf_fault *reterr_fault)
{
    struct request request;
    struct cf_wire_cursor results;
    request_begin(&request, CF_RANGE_ROOT, 1);
    cf_wire_write_unsigned(&request.writer, size);
    CF_TRY(call(client, &request, &client->reply, &results, reterr_fault));
    return read_exact(&results, CF_HASH_SIZE, ret_root->bytes, reterr_fault);
}

static enum cf_status prove(struct cf_range_client *client, enum cf_range_operation operation,
                            uint64_t first, uint64_t second, struct cf_proof *ret_proof,
                            struct cf_fault *reterr_fault)
{
    struct request request;
    struct cf_wire_cursor results;
    request_begin(&request, operation, 2);
    cf_wire_write_unsigned(&request.writer, first);
    cf_wire_write_unsigned(&request.writer, second);
    CF_TRY(call(client, &request, &client->reply, &results, reterr_fault));
    return read_proof(&results, ret_proof, reterr_fault);
}

enum cf_status cf_range_inclusion(struct cf_range_client *client, uint64_t sequence, uint64_t size,
                                  struct cf_proof *ret_proof, struct cf_fault *reterr_fault)
{
    return prove(client, CF_RANGE_INCLUSION, sequence, size, ret_proof, reterr_fault);
}

enum cf_status cf_range_consistency(struct cf_range_client *client, uint64_t size_old,
                                    uint64_t size_new, struct cf_proof *ret_proof,
                                    struct cf_fault *reterr_fault)
{
    return prove(client, CF_RANGE_CONSISTENCY, size_old, size_new, ret_proof, reterr_fault);
}

/* A tile of records can be larger than a message: it is put together from ranges. */
static enum cf_status entries_tile(struct cf_range_client *client, const struct cf_tile *tile,
                                   struct cf_buf *ret_bytes, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_range_records_clean_up) struct cf_range_records records = {0};
    uint64_t first = tile->index * CF_TILE_WIDTH + 1, end = first + tile->width;
    for (uint64_t next = first; next < end; next += records.count) {
        CF_TRY(cf_range_read(client, next, CF_RANGE_READ_SIZE_MAX, &records, reterr_fault));
        if (records.head < end - 1)
            return CF_NOT_FOUND;
        for (size_t i = 0; i < records.count && next + i < end; i++) {
            struct cf_bytes record = records.records[i];
            const uint8_t prefix[] = {(uint8_t)(record.size >> 8), (uint8_t)record.size};
            if (cf_buf_append(ret_bytes, cf_bytes_from(prefix, sizeof prefix)) != CF_OK ||
                cf_buf_append(ret_bytes, record) != CF_OK)
                CF_FAIL(reterr_fault, CF_NO_SPACE, "the tile does not fit its buffer");
        }
        if (records.count == 0)
            CF_FAIL(reterr_fault, CF_CORRUPT, "the range service gave no records");
    }
    return CF_OK;
}

enum cf_status cf_range_tile(struct cf_range_client *client, struct cf_bytes path,
                             struct cf_buf *ret_bytes, struct cf_fault *reterr_fault)
{
    struct cf_tile tile;
    if (cf_tile_parse(path, &tile) != CF_OK)
        CF_FAIL(reterr_fault, CF_INVALID, "not a tile's path");
    cf_buf_clear(ret_bytes);
    if (tile.level == CF_TILE_LEVEL_ENTRIES)
        return entries_tile(client, &tile, ret_bytes, reterr_fault);
    struct request request;
    struct cf_wire_cursor results;
    request_begin(&request, CF_RANGE_TILE, 3);
    cf_wire_write_unsigned(&request.writer, tile.level);
    cf_wire_write_unsigned(&request.writer, tile.index);
    cf_wire_write_unsigned(&request.writer, tile.width);
    CF_TRY(call(client, &request, &client->reply, &results, reterr_fault));
    return read_bytes_into(&results, ret_bytes, reterr_fault);
}

/* --- Look-ups --------------------------------------------------------------------------------- */

enum cf_status cf_range_stream(struct cf_range_client *client, struct cf_id stream,
                               uint32_t version, uint64_t *ret_sequences, size_t count_max,
                               size_t *ret_count, struct cf_fault *reterr_fault)
{
    struct request request;
    struct cf_wire_cursor results;
    if (count_max > CF_RANGE_COUNT_MAX)
        count_max = CF_RANGE_COUNT_MAX;
    request_begin(&request, CF_RANGE_STREAM, 3);
    cf_wire_write_bytes(&request.writer, cf_id_bytes(&stream));
    cf_wire_write_unsigned(&request.writer, version);
    cf_wire_write_unsigned(&request.writer, count_max);
    CF_TRY(call(client, &request, &client->reply, &results, reterr_fault));
    uint32_t count;
    CF_TRY(cf_wire_read_array(&results, (uint32_t)count_max, &count, reterr_fault));
    for (uint32_t i = 0; i < count; i++)
        CF_TRY(cf_wire_read_unsigned(&results, UINT64_MAX, &ret_sequences[i], reterr_fault));
    *ret_count = count;
    return CF_OK;
}

enum cf_status cf_range_subject(struct cf_range_client *client, struct cf_id subject,
                                uint64_t *ret_newest, uint64_t *ret_count,
                                struct cf_fault *reterr_fault)
{
    struct request request;
    struct cf_wire_cursor results;
    request_begin(&request, CF_RANGE_SUBJECT, 1);
    cf_wire_write_bytes(&request.writer, cf_id_bytes(&subject));
    CF_TRY(call(client, &request, &client->reply, &results, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(&results, UINT64_MAX, ret_newest, reterr_fault));
    return cf_wire_read_unsigned(&results, UINT64_MAX, ret_count, reterr_fault);
}

enum cf_status cf_range_requests(struct cf_range_client *client, uint64_t sequence,
                                 struct cf_range_request *ret_requests, size_t count_max,
                                 size_t *ret_count, struct cf_fault *reterr_fault)
{
    struct request request;
    struct cf_wire_cursor results;
    if (count_max > CF_RANGE_COUNT_MAX)
        count_max = CF_RANGE_COUNT_MAX;
    request_begin(&request, CF_RANGE_REQUESTS, 2);
    cf_wire_write_unsigned(&request.writer, sequence);
    cf_wire_write_unsigned(&request.writer, count_max);
    CF_TRY(call(client, &request, &client->reply, &results, reterr_fault));
    uint32_t count;
    CF_TRY(cf_wire_read_array(&results, (uint32_t)count_max, &count, reterr_fault));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t kind;
        CF_TRY(cf_wire_expect_array(&results, 3, reterr_fault));
        CF_TRY(
            cf_wire_read_unsigned(&results, UINT64_MAX, &ret_requests[i].sequence, reterr_fault));
        CF_TRY(cf_wire_read_unsigned(&results, UINT8_MAX, &kind, reterr_fault));
        CF_TRY(read_exact(&results, CF_ID_SIZE, ret_requests[i].subject.bytes, reterr_fault));
        ret_requests[i].kind = (uint32_t)kind;
    }
    *ret_count = count;
    return CF_OK;
}

enum cf_status cf_range_lookup(struct cf_range_client *client, uint32_t kind, struct cf_bytes name,
                               struct cf_id *ret_id, struct cf_fault *reterr_fault)
{
    struct request request;
    struct cf_wire_cursor results;
    request_begin(&request, CF_RANGE_LOOKUP, 2);
    cf_wire_write_unsigned(&request.writer, kind);
    cf_wire_write_bytes(&request.writer, name);
    CF_TRY(call(client, &request, &client->reply, &results, reterr_fault));
    return read_exact(&results, CF_ID_SIZE, ret_id->bytes, reterr_fault);
}

enum cf_status cf_range_name_behind(struct cf_range_client *client, uint32_t kind,
                                    struct cf_bytes name, char ret_name[CF_RANGE_NAME_SIZE],
                                    struct cf_fault *reterr_fault)
{
    struct request request;
    struct cf_wire_cursor results;
    struct cf_bytes found;
    request_begin(&request, CF_RANGE_NAME, 2);
    cf_wire_write_unsigned(&request.writer, kind);
    cf_wire_write_bytes(&request.writer, name);
    CF_TRY(call(client, &request, &client->reply, &results, reterr_fault));
    CF_TRY(cf_wire_read_bytes(&results, CF_RANGE_NAME_SIZE - 1, &found, reterr_fault));
    memcpy(ret_name, found.data, found.size);
    ret_name[found.size] = '\0';
    return CF_OK;
}
