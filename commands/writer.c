/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/writer_private.h"

#include "core/base/assert.h"
#include "core/base/hex.h"
#include "core/fold.h"
#include "eventstore/rotation.h"

#include <limits.h>
#include <stdio.h>

/* A writer is idle after this long without appends. A checkpoint is signed then, and at least this often
 * under load. */
#define IDLE_MS 100
#define SIGN_LOAD_MS 1000

/* Records that are worth a copy of the state in a quiet moment: a start after an unclean stop replays
 * these, or so. */
#define COPY_EVERY 500000

/* -- Opening -------------------------------------------------------------------------------- */

static enum cf_status open_key(const struct cf_data_dir *dir, const char *origin,
                               struct cf_note_signer *ret_signer, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_data_dir_make(dir, "keys", reterr_fault));
    struct cf_data_dir_path path = cf_data_dir_path(dir, "keys/checkpoint");
    enum cf_status status = cf_checkpoint_key_read(path.text, ret_signer, reterr_fault);
    if (status != CF_NOT_FOUND)
        return status;
    return cf_checkpoint_key_create(path.text, origin, CF_NOTE_ED25519, ret_signer, reterr_fault);
}

static void choose_origin(const char *wanted, char ret_origin[CF_ORIGIN_SIZE_MAX + 1])
{
    uint8_t random[8];
    char text[2 * sizeof random + 1];
    if (wanted != NULL) {
        snprintf(ret_origin, CF_ORIGIN_SIZE_MAX + 1, "%s", wanted);
        return;
    }
    cf_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(text + 2 * i, 3, "%02x", random[i]);
    snprintf(ret_origin, CF_ORIGIN_SIZE_MAX + 1, "coffer.local/%s", text);
}

static enum cf_status open_log(struct cf_writer *writer, const struct cf_writer_options *options,
                               struct cf_fault *reterr_fault)
{
    struct cf_log_genesis genesis = {
        .clock = options->clock == CF_CLOCK_SIMULATED ? CF_LOG_CLOCK_SIMULATED : CF_LOG_CLOCK_REAL};
    choose_origin(options->origin, genesis.origin);
    CF_TRY(open_key(options->dir, genesis.origin, &writer->signer, reterr_fault));
    /* The key's name is the origin: a start that made the key and no log goes on with it. */
    snprintf(genesis.origin, sizeof genesis.origin, "%s", writer->signer.verifier.name);
    memcpy(genesis.key, writer->signer.verifier.key, sizeof genesis.key);
    struct cf_data_dir_path path = cf_data_dir_path(options->dir, "log");
    CF_TRY(cf_log_open(&(struct cf_log_options){.directory = path.text,
                                                .create = &genesis,
                                                .reserve_size = CF_WRITER_RESERVE_SIZE},
                       &writer->log, reterr_fault));
    /* A rotation may have been interrupted: the log knows which key is in force. */
    writer->key_path = cf_data_dir_path(options->dir, "keys/checkpoint");
    CF_TRY(cf_rotation_settle(writer->log, writer->key_path.text, reterr_fault));
    CF_TRY(open_key(options->dir, genesis.origin, &writer->signer, reterr_fault));
    writer->simulated = cf_log_genesis(writer->log)->clock == CF_LOG_CLOCK_SIMULATED;
    return CF_OK;
}

static enum cf_status open_state(struct cf_writer *writer, const struct cf_writer_options *options,
                                 struct cf_fault *reterr_fault)
{
    struct cf_state_start start;
    struct cf_data_dir_path path = cf_data_dir_path(options->dir, "state");
    CF_TRY(cf_state_open(&(struct cf_state_options){.directory = path.text,
                                                    .log = writer->log,
                                                    .evolve = cf_fold,
                                                    .copy_every = COPY_EVERY,
                                                    .reserve_size = CF_WRITER_RESERVE_SIZE},
                         &writer->state, &start, reterr_fault));
    if (start.discarded != NULL)
        fprintf(stderr, "coffer writer: the state was made again from %s: %s\n",
                start.from_copy ? "its last copy" : "the log", start.discarded);
    return cf_batch_init(&writer->batch, writer->log, writer->state, reterr_fault);
}

/* Records never go back in time, so the newest one's time is where ours begins. */
static enum cf_status read_last_time(struct cf_writer *writer, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf bytes;
    struct cf_record record;
    cf_buf_init(&bytes, CF_RECORD_SIZE_MAX);
    if (cf_log_head(writer->log) == 0)
        return CF_OK;
    CF_TRY(cf_log_read(writer->log, cf_log_head(writer->log), &bytes, reterr_fault));
    CF_TRY(cf_record_decode(cf_buf_bytes(&bytes), &record, reterr_fault));
    writer->batch.last_us = record.time_us;
    return CF_OK;
}

/* The first record. */
static enum cf_status open_ledger(struct cf_writer *writer, const struct cf_writer_options *options,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf key;
    struct cf_command_input input;
    struct cf_reply reply;
    cf_buf_init(&key, 1024);
    if (cf_log_head(writer->log) > 0)
        return CF_OK;
    CF_TRY(cf_note_verifier_append(&writer->signer.verifier, &key));
    cf_command_input_init(&input, CF_COMMAND_ledger_open);
    cf_command_set_text(&input, "origin", cf_bytes_from_text(cf_log_genesis(writer->log)->origin));
    cf_command_set_signed(&input, "clock", writer->simulated ? CF_CLOCK_SIMULATED : CF_CLOCK_REAL);
    if (writer->simulated)
        cf_command_set_signed(&input, "genesis", options->genesis_us);
    cf_command_set_text(&input, "verifier_key", cf_buf_bytes(&key));
    CF_TRY(cf_batch_begin(&writer->batch, 1, reterr_fault));
    cf_batch_set_time(&writer->batch,
                      writer->simulated ? options->genesis_us : cf_writer_real_us());
    cf_batch_decide_input(&writer->batch, &input, CF_ACTOR_OPERATOR, CF_BYTES_LITERAL("genesis"),
                          &reply);
    if (reply.kind != CF_REPLY_ACCEPTED) {
        cf_batch_abort(&writer->batch);
        CF_FAIL(reterr_fault, CF_INVALID, "the ledger cannot begin so");
    }
    return cf_batch_commit(&writer->batch, reterr_fault);
}

static enum cf_status open_all(struct cf_writer *writer, const struct cf_writer_options *options,
                               struct cf_fault *reterr_fault)
{
    const struct cf_data_dir *dir = options->dir;
    for (size_t i = 0; i < CF_WRITER_MESSAGES_MAX; i++)
        cf_buf_init(&writer->messages[i].reply, CF_BUS_MESSAGE_SIZE_MAX);
    for (size_t i = 0; i < CF_WRITER_PUT_OFF_MAX; i++)
        cf_buf_init(&writer->surplus[i].reply, CF_BUS_MESSAGE_SIZE_MAX);
    CF_TRY(open_log(writer, options, reterr_fault));
    CF_TRY(open_state(writer, options, reterr_fault));
    CF_TRY(read_last_time(writer, reterr_fault));
    CF_TRY(open_ledger(writer, options, reterr_fault));
    CF_TRY(cf_range_server_open(writer->log, writer->state, cf_data_dir_socket(dir, "range").text,
                                cf_data_dir_socket(dir, "head").text, &writer->range,
                                reterr_fault));
    CF_TRY(cf_writer_sign(writer, reterr_fault));
    return cf_bus_server_open(cf_data_dir_socket(dir, "writer").text, CF_WRITER_WAITING_MAX,
                              &writer->server, reterr_fault);
}

enum cf_status cf_writer_open(const struct cf_writer_options *options,
                              struct cf_writer **ret_writer, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_writer_close) struct cf_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the writer");
    cf_sodium_init();
    CF_TRY(open_all(writer, options, reterr_fault));
    *ret_writer = CF_TAKE(writer);
    return CF_OK;
}

void cf_writer_close(struct cf_writer *writer)
{
    if (writer == NULL)
        return;
    /* After a failed commit nobody is answered: its senders ask the next writer. */
    for (size_t i = 0; i < CF_WRITER_MESSAGES_MAX; i++) {
        if (writer->messages[i].request != NULL)
            cf_bus_request_drop(writer->messages[i].request);
    }
    cf_bus_server_close(writer->server);
    cf_range_server_close(writer->range);
    cf_batch_clean_up(&writer->batch);
    cf_state_close(writer->state);
    cf_log_close(writer->log);
    for (size_t i = 0; i < CF_WRITER_MESSAGES_MAX; i++)
        cf_buf_clean_up(&writer->messages[i].reply);
    for (size_t i = 0; i < CF_WRITER_PUT_OFF_MAX; i++)
        cf_buf_clean_up(&writer->surplus[i].reply);
    cf_secret_wipe(&writer->signer, sizeof writer->signer);
    cf_secret_wipe(&writer->next_signer, sizeof writer->next_signer);
    free(writer);
}

/* -- Running -------------------------------------------------------------------------------- */

/* Milliseconds until a checkpoint is to be signed; INT_MAX when all is signed. */
static int64_t until_signing_ms(const struct cf_writer *writer, int64_t now_ms)
{
    if (writer->unsigned_since_ms == 0)
        return INT_MAX;
    int64_t idle_ms = writer->appended_last_ms + IDLE_MS - now_ms;
    int64_t load_ms = writer->unsigned_since_ms + SIGN_LOAD_MS - now_ms;
    return idle_ms < load_ms ? idle_ms : load_ms;
}

/* Milliseconds until a timer is due by the machine's clock; a simulated clock moves by commands. */
static int64_t until_timer_ms(const struct cf_writer *writer)
{
    int64_t full_ms = writer->full_until_ms - cf_writer_monotonic_ms();
    if (writer->timer_next_us == INT64_MAX)
        return INT_MAX;
    if (full_ms > 0)
        return full_ms;
    if (writer->simulated)
        return writer->timer_next_us <= writer->batch.last_us ? 0 : INT_MAX;
    int64_t left_us = writer->timer_next_us - cf_writer_real_us();
    return left_us <= 0 ? 0 : left_us / 1000 + 1;
}

static int clamp_ms(int64_t ms)
{
    return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

/* Takes what waits into some slots. False when the server was stopped and nothing waits any more. */
static bool take(struct cf_writer *writer, struct cf_writer_message *slots, size_t slot_count,
                 int timeout_ms, size_t *ret_count)
{
    struct cf_bus_request *requests[CF_WRITER_MESSAGES_MAX];
    CF_ASSERT(slot_count <= CF_WRITER_MESSAGES_MAX);
    enum cf_status status =
        cf_bus_server_take(writer->server, requests, slot_count, timeout_ms, ret_count);
    if (status != CF_OK)
        *ret_count = 0;
    for (size_t i = 0; i < *ret_count; i++)
        slots[i].request = requests[i];
    return status != CF_CLOSED;
}

/* All hands are full: what waits beyond that is told to come again. */
static void put_off_surplus(struct cf_writer *writer)
{
    size_t count;
    while (take(writer, writer->surplus, CF_WRITER_PUT_OFF_MAX, 0, &count) && count > 0)
        cf_writer_put_off(writer, count);
}

/* Decides everything that was taken, in as many batches as it needs. */
static enum cf_status serve(struct cf_writer *writer, size_t count, struct cf_fault *reterr_fault)
{
    do {
        size_t done;
        CF_TRY(cf_writer_round(writer, count, &done, reterr_fault));
        /* What is left moves to the front; the buffers change places with it. */
        for (size_t i = 0; i + done < count && done > 0; i++) {
            struct cf_writer_message moved = writer->messages[i];
            writer->messages[i] = writer->messages[i + done];
            writer->messages[i + done] = moved;
        }
        count -= done;
    } while (count > 0);
    return CF_OK;
}

enum cf_status cf_writer_run(struct cf_writer *writer, struct cf_fault *reterr_fault)
{
    bool listening = true;
    CF_TRY(serve(writer, 0, reterr_fault)); /* what fell due while nobody ran */
    while (listening) {
        int64_t now_ms = cf_writer_monotonic_ms();
        int64_t sign_ms = until_signing_ms(writer, now_ms);
        int64_t timer_ms = until_timer_ms(writer);
        size_t count;
        listening = take(writer, writer->messages, CF_WRITER_MESSAGES_MAX,
                         clamp_ms(sign_ms < timer_ms ? sign_ms : timer_ms), &count);
        if (count == CF_WRITER_MESSAGES_MAX)
            put_off_surplus(writer);
        if (count > 0 || until_timer_ms(writer) == 0)
            CF_TRY(serve(writer, count, reterr_fault));
        else if (cf_writer_monotonic_ms() >= writer->appended_last_ms + IDLE_MS)
            cf_state_idle(writer->state);
        if (until_signing_ms(writer, cf_writer_monotonic_ms()) <= 0)
            CF_TRY(cf_writer_sign(writer, reterr_fault));
    }
    return writer->unsigned_since_ms == 0 ? CF_OK : cf_writer_sign(writer, reterr_fault);
}

void cf_writer_stop(struct cf_writer *writer)
{
    cf_bus_server_stop(writer->server);
}

const struct cf_writer_figures *cf_writer_figures(const struct cf_writer *writer)
{
    return &writer->figures;
}
