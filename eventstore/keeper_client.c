/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/keeper_client.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "eventstore/bus.h"
#include "eventstore/keeper_cache.h"
#include "eventstore/keeper_news.h"
#include "eventstore/keeper_question.h"

#include <stdlib.h>

/* How much is opened in one call: what is sealed is a little longer than what comes back. */
#define OPEN_SIZE_MAX (CF_BUS_MESSAGE_SIZE_MAX / 2)
#define OPEN_COUNT_MAX 256

struct cf_keeper_client {
    struct cf_bus_client *bus;
    struct cf_keeper_cache *cache;
    struct cf_keeper_listener *listener;
    int timeout_ms;
};

/* ---- Questions ---- */

void cf_keeper__question_begin(struct cf_keeper_question *question,
                               enum cf_keeper_operation operation, uint32_t argument_count)
{
    cf_buf_init(&question->request, CF_BUS_MESSAGE_SIZE_MAX);
    cf_buf_init(&question->reply, CF_BUS_MESSAGE_SIZE_MAX);
    question->arguments = cf_wire_writer_to(&question->request);
    cf_wire_write_array(&question->arguments, 2);
    cf_wire_write_unsigned(&question->arguments, CF_KEEPER_PROTOCOL);
    cf_wire_write_array(&question->arguments, 1);
    cf_wire_write_array(&question->arguments, 1 + argument_count);
    cf_wire_write_unsigned(&question->arguments, operation);
}

void cf_keeper__question_end(struct cf_keeper_question *question)
{
    struct cf_buf *bufs[] = {&question->request, &question->reply};
    for (size_t i = 0; i < 2; i++) {
        if (bufs[i]->data != NULL)
            cf_secret_wipe(bufs[i]->data, bufs[i]->capacity);
        cf_buf_clean_up(bufs[i]);
    }
}

static enum cf_status status_of(struct cf_bytes name)
{
    for (int status = CF_OK; status <= CF_UNSUPPORTED; status++) {
        const char *known = cf_status_name((enum cf_status)status);
        if (cf_bytes_equal(name, cf_bytes_from_text(known)))
            return (enum cf_status)status;
    }
    return CF_UNSUPPORTED;
}

/* Reads a status; one that is not OK becomes the fault. */
static enum cf_status read_status(struct cf_wire_cursor *cursor, struct cf_fault *reterr_fault)
{
    struct cf_bytes name;
    CF_TRY(cf_wire_read_text(cursor, 32, &name, reterr_fault));
    enum cf_status status = status_of(name);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "the keeper refuses");
    return CF_OK;
}

/* Asks, and leaves the cursor at the results. */
enum cf_status cf_keeper__ask(struct cf_keeper_client *client, struct cf_keeper_question *question,
                              struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_wire_writer_finish(&question->arguments);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "more than a message to the keeper holds");
    CF_TRY(cf_bus_client_call(client->bus, cf_buf_bytes(&question->request), client->timeout_ms,
                              &question->reply, reterr_fault));
    struct cf_wire_cursor *cursor = &question->results;
    *cursor = cf_wire_cursor_over(cf_buf_bytes(&question->reply), CF_WIRE_CANONICAL);
    uint64_t version;
    uint32_t length;
    CF_TRY(cf_wire_expect_array(cursor, 2, reterr_fault));
    CF_TRY(cf_wire_read_unsigned(cursor, UINT32_MAX, &version, reterr_fault));
    if (version != CF_KEEPER_PROTOCOL)
        CF_FAIL(reterr_fault, CF_UNSUPPORTED, "the keeper speaks another version");
    if (cf_wire_peek(cursor) == CF_WIRE_TEXT) {
        CF_TRY(read_status(cursor, reterr_fault));
        CF_FAIL(reterr_fault, CF_CORRUPT, "a reply of the keeper without results");
    }
    CF_TRY(cf_wire_expect_array(cursor, 1, reterr_fault));
    CF_TRY(cf_wire_read_array(cursor, 16, &length, reterr_fault));
    return read_status(cursor, reterr_fault);
}

void cf_keeper__write_id(struct cf_keeper_question *question, struct cf_id id)
{
    cf_wire_write_bytes(&question->arguments, cf_id_bytes(&id));
}

void cf_keeper__write_bytes(struct cf_keeper_question *question, struct cf_bytes bytes)
{
    cf_wire_write_bytes(&question->arguments, bytes);
}

enum cf_status cf_keeper__read_id(struct cf_keeper_question *question, struct cf_id *ret_id,
                                  struct cf_fault *reterr_fault)
{
    struct cf_bytes bytes;
    CF_TRY(cf_wire_read_bytes(&question->results, CF_ID_SIZE, &bytes, reterr_fault));
    if (bytes.size != CF_ID_SIZE)
        CF_FAIL(reterr_fault, CF_CORRUPT, "an id of the keeper's reply is cut short");
    memcpy(ret_id->bytes, bytes.data, CF_ID_SIZE);
    return CF_OK;
}

/* A text that fills ret_text to its NUL, or less. */
enum cf_status cf_keeper__read_text(struct cf_keeper_question *question, char *ret_text,
                                    size_t size, struct cf_fault *reterr_fault)
{
    struct cf_bytes text;
    CF_TRY(cf_wire_read_text(&question->results, size - 1, &text, reterr_fault));
    memcpy(ret_text, text.data, text.size);
    ret_text[text.size] = '\0';
    return CF_OK;
}

/* For operations without results. */
enum cf_status cf_keeper__ask_and_end(struct cf_keeper_client *client,
                                      struct cf_keeper_question *question,
                                      struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_keeper__ask(client, question, reterr_fault);
    cf_keeper__question_end(question);
    return status;
}

enum cf_status cf_keeper__ask_for_id(struct cf_keeper_client *client,
                                     struct cf_keeper_question *question, struct cf_id *ret_id,
                                     struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_keeper__ask(client, question, reterr_fault);
    if (status == CF_OK)
        status = cf_keeper__read_id(question, ret_id, reterr_fault);
    cf_keeper__question_end(question);
    return status;
}

enum cf_status cf_keeper__ask_for_text(struct cf_keeper_client *client,
                                       struct cf_keeper_question *question, char *ret_text,
                                       size_t size, struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_keeper__ask(client, question, reterr_fault);
    if (status == CF_OK)
        status = cf_keeper__read_text(question, ret_text, size, reterr_fault);
    cf_keeper__question_end(question);
    return status;
}

/* ---- The client ---- */

static void hear_forget(void *context, struct cf_id subject_id)
{
    cf_keeper_cache_forget(context, subject_id);
}

static void hear_nothing(void *context)
{
    cf_keeper_cache_close(context);
}

static void hear_again(void *context)
{
    cf_keeper_cache_open(context);
}

static enum cf_status open_cache(struct cf_keeper_client *client, const char *url,
                                 struct cf_fault *reterr_fault)
{
    client->cache = cf_keeper_cache_new();
    if (client->cache == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a cache");
    const struct cf_keeper_hearing hearing = {.context = client->cache,
                                              .forget = hear_forget,
                                              .missed = hear_nothing,
                                              .hears = hear_again};
    return cf_keeper_listener_open(url, &hearing, &client->listener, reterr_fault);
}

enum cf_status cf_keeper_client_open(const char *url, int timeout_ms,
                                     struct cf_keeper_client **ret_client,
                                     struct cf_fault *reterr_fault)
{
    struct cf_keeper_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a keeper client");
    client->timeout_ms = timeout_ms;
    enum cf_status status = cf_bus_client_open(url, &client->bus, reterr_fault);
    if (status == CF_OK)
        status = open_cache(client, url, reterr_fault);
    if (status != CF_OK) {
        cf_keeper_client_close(client);
        return status;
    }
    *ret_client = client;
    return CF_OK;
}

void cf_keeper_client_close(struct cf_keeper_client *client)
{
    if (client == NULL)
        return;
    cf_keeper_listener_close(client->listener);
    cf_bus_client_close(client->bus);
    cf_keeper_cache_destroy(client->cache);
    free(client);
}

void cf_keeper_forget(struct cf_keeper_client *client, struct cf_id subject_id)
{
    cf_keeper_cache_forget(client->cache, subject_id);
}

/* ---- Sealing ---- */

static enum cf_status read_sealed(struct cf_keeper_question *question,
                                  struct cf_keeper_field *fields, size_t count, struct cf_buf *buf,
                                  struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor *cursor = &question->results;
    CF_TRY(cf_wire_expect_array(cursor, (uint32_t)count, reterr_fault));
    /* The buffer must not move any more once bytes are lent out of it. */
    cf_buf_clear(buf);
    if (cf_buf_reserve(buf, question->reply.size) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_SPACE, "no room for sealed fields");
    for (size_t i = 0; i < count; i++) {
        struct cf_bytes sealed, tag;
        CF_TRY(cf_wire_expect_array(cursor, 2, reterr_fault));
        CF_TRY(cf_wire_read_bytes(cursor, CF_BUS_MESSAGE_SIZE_MAX, &sealed, reterr_fault));
        CF_TRY(cf_wire_read_bytes(cursor, CF_VAULT_TAG_SIZE, &tag, reterr_fault));
        if (tag.size != CF_VAULT_TAG_SIZE)
            CF_FAIL(reterr_fault, CF_CORRUPT, "a tag of the keeper's reply is cut short");
        fields[i].sealed.ciphertext = cf_bytes_from(buf->data + buf->size, sealed.size);
        memcpy(fields[i].tag, tag.data, tag.size);
        CF_TRY(cf_buf_append(buf, sealed));
    }
    return CF_OK;
}

enum cf_status cf_keeper_seal(struct cf_keeper_client *client, struct cf_id subject_id,
                              bool make_key, struct cf_bytes key, struct cf_keeper_field *fields,
                              size_t count, struct cf_buf *buf, struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    cf_keeper__question_begin(&question, CF_KEEPER_seal, 4);
    cf_keeper__write_id(&question, subject_id);
    cf_wire_write_bool(&question.arguments, make_key);
    cf_keeper__write_bytes(&question, key);
    cf_wire_write_array(&question.arguments, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        cf_wire_write_array(&question.arguments, 2);
        cf_wire_write_text(&question.arguments, cf_bytes_from_text(fields[i].name));
        cf_keeper__write_bytes(&question, fields[i].clear);
    }
    enum cf_status status = cf_keeper__ask(client, &question, reterr_fault);
    if (status == CF_OK)
        status = read_sealed(&question, fields, count, buf, reterr_fault);
    cf_keeper__question_end(&question);
    return status;
}

/* Items are first given offsets into the buffer, since it moves while it grows. */
static void item_set(struct cf_keeper_item *item, size_t offset, size_t size)
{
    item->status = CF_OK;
    item->clear = (struct cf_bytes){.data = NULL, .size = size};
    item->clear.data = (const uint8_t *)(uintptr_t)offset;
}

static enum cf_status read_opened(struct cf_keeper_question *question,
                                  struct cf_keeper_item **asked, size_t count,
                                  struct cf_keeper_cache *cache, uint64_t generation,
                                  struct cf_buf *buf, struct cf_fault *reterr_fault)
{
    struct cf_wire_cursor *cursor = &question->results;
    CF_TRY(cf_wire_expect_array(cursor, (uint32_t)count, reterr_fault));
    for (size_t i = 0; i < count; i++) {
        struct cf_bytes name, clear;
        uint32_t length;
        CF_TRY(cf_wire_read_array(cursor, 2, &length, reterr_fault));
        CF_TRY(cf_wire_read_text(cursor, 32, &name, reterr_fault));
        asked[i]->status = status_of(name);
        if (length < 2)
            continue;
        CF_TRY(cf_wire_read_bytes(cursor, CF_BUS_MESSAGE_SIZE_MAX, &clear, reterr_fault));
        cf_keeper_cache_put(cache, generation, asked[i]->subject_id, asked[i]->sealed.ciphertext,
                            clear);
        item_set(asked[i], buf->size, clear.size);
        if (cf_buf_append(buf, clear) != CF_OK)
            CF_FAIL(reterr_fault, CF_NO_SPACE, "no room for opened fields");
    }
    return CF_OK;
}

static enum cf_status open_asked(struct cf_keeper_client *client, struct cf_keeper_item **asked,
                                 size_t count, struct cf_buf *buf, struct cf_fault *reterr_fault)
{
    struct cf_keeper_question question;
    uint64_t generation = cf_keeper_cache_generation(client->cache);
    cf_keeper__question_begin(&question, CF_KEEPER_open, 1);
    cf_wire_write_array(&question.arguments, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        cf_wire_write_array(&question.arguments, 4);
        cf_keeper__write_id(&question, asked[i]->subject_id);
        cf_keeper__write_bytes(&question, cf_bytes_from(NULL, 0));
        cf_keeper__write_bytes(&question, cf_bytes_from(NULL, 0));
        cf_keeper__write_bytes(&question, asked[i]->sealed.ciphertext);
    }
    enum cf_status status = cf_keeper__ask(client, &question, reterr_fault);
    if (status == CF_OK)
        status = read_opened(&question, asked, count, client->cache, generation, buf, reterr_fault);
    cf_keeper__question_end(&question);
    return status;
}

enum cf_status cf_keeper_open_all(struct cf_keeper_client *client, struct cf_keeper_item *items,
                                  size_t count, struct cf_buf *buf, struct cf_fault *reterr_fault)
{
    struct cf_keeper_item *asked[OPEN_COUNT_MAX];
    size_t asked_count = 0, asked_size = 0;
    cf_buf_clear(buf);
    for (size_t i = 0; i < count; i++) {
        size_t offset = buf->size;
        items[i].clear = cf_bytes_from(NULL, 0);
        enum cf_status status = cf_keeper_cache_get(client->cache, items[i].subject_id,
                                                    items[i].sealed.ciphertext, buf);
        if (status == CF_OK) {
            item_set(&items[i], offset, buf->size - offset);
            continue;
        }
        if (status != CF_NOT_FOUND)
            CF_FAIL(reterr_fault, status, "no room for opened fields");
        size_t size = items[i].sealed.ciphertext.size;
        if (asked_count == OPEN_COUNT_MAX ||
            (asked_count > 0 && asked_size + size > OPEN_SIZE_MAX)) {
            CF_TRY(open_asked(client, asked, asked_count, buf, reterr_fault));
            asked_count = asked_size = 0;
        }
        asked[asked_count++] = &items[i];
        asked_size += size;
    }
    if (asked_count > 0)
        CF_TRY(open_asked(client, asked, asked_count, buf, reterr_fault));
    for (size_t i = 0; i < count; i++) {
        if (items[i].status == CF_OK)
            items[i].clear.data = buf->data + (uintptr_t)items[i].clear.data;
    }
    return CF_OK;
}

enum cf_status cf_keeper_open_one(struct cf_keeper_client *client, struct cf_id subject_id,
                                  struct cf_bytes sealed, struct cf_buf *ret_clear,
                                  struct cf_fault *reterr_fault)
{
    struct cf_keeper_item item = {.subject_id = subject_id, .sealed = {sealed}};
    CF_TRY(cf_keeper_open_all(client, &item, 1, ret_clear, reterr_fault));
    if (item.status != CF_OK)
        CF_FAIL(reterr_fault, item.status, "the sealed field does not open");
    return CF_OK;
}
