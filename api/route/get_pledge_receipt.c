/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receipt: every record of the pledge, as its bytes and as JSON, each with a proof file that leads to the
 * newest signed checkpoint. It can be checked with the log's public key and nothing of ours.
 */
#include "api/api_private.h"
#include "api/exchange.h"
#include "core/base/base64.h"
#include "core/event/record_json.h"
#include "eventstore/checkpoint.h"
#include "eventstore/tlog_proof.h"

#include <poll.h>

#define RECORDS_MAX 64
#define NOTE_SIZE_MAX ((size_t)16384)
#define RECEIPT_SIZE_MAX ((size_t)16 << 20)
/* A checkpoint follows a record within a fraction of a second. */
#define CHECKPOINT_PATIENCE_MS 3000
#define CHECKPOINT_POLL_MS 20

struct receipt {
    struct cf_range_client *range;
    uint64_t sequences[RECORDS_MAX];
    size_t count;
    struct cf_buf note;
    struct cf_checkpoint checkpoint;
};

/* The pledge's records, if they are this backer's. The first record names its backer. */
static enum cf_status records_find(struct receipt *receipt, const struct cf_id *pledge_id,
                                   struct cf_fault *reterr_fault)
{
    CF_TRY(cf_range_stream(receipt->range, *pledge_id, 1, receipt->sequences, RECORDS_MAX,
                           &receipt->count, reterr_fault));
    if (receipt->count == 0)
        CF_FAIL(reterr_fault, CF_NOT_FOUND, "there is no such pledge");
    return CF_OK;
}

static enum cf_status checkpoint_read(struct receipt *receipt, struct cf_fault *reterr_fault)
{
    struct cf_note note;
    CF_TRY(cf_note_parse(cf_buf_bytes(&receipt->note), &note, reterr_fault));
    return cf_checkpoint_parse(note.text, &receipt->checkpoint, reterr_fault);
}

/* Waits for a checkpoint that covers the newest record. */
static enum cf_status checkpoint_get(struct receipt *receipt, struct cf_fault *reterr_fault)
{
    uint64_t needed = receipt->sequences[receipt->count - 1];
    for (int waited_ms = 0;; waited_ms += CHECKPOINT_POLL_MS) {
        cf_buf_clear(&receipt->note);
        enum cf_status status = cf_range_checkpoint(receipt->range, &receipt->note, reterr_fault);
        if (status == CF_OK)
            CF_TRY(checkpoint_read(receipt, reterr_fault));
        else if (status != CF_NOT_FOUND)
            return status;
        if (status == CF_OK && receipt->checkpoint.size >= needed)
            return CF_OK;
        if (waited_ms >= CHECKPOINT_PATIENCE_MS)
            CF_FAIL(reterr_fault, CF_RETRY, "no checkpoint covers the pledge yet");
        poll(NULL, 0, CHECKPOINT_POLL_MS);
    }
}

static enum cf_status entry_write(struct receipt *receipt, uint64_t sequence,
                                  struct cf_range_records *records, struct cf_json_writer *writer,
                                  struct cf_fault *reterr_fault)
{
    CF_TRY(cf_range_read(receipt->range, sequence, 1, records, reterr_fault));
    if (records->count == 0)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the log ends before its stream");
    struct cf_proof proof;
    CF_TRY(cf_range_inclusion(receipt->range, sequence, receipt->checkpoint.size, &proof,
                              reterr_fault));
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf text;
    cf_buf_init(&text, CF_TLOG_PROOF_SIZE_MAX);
    CF_TRY(cf_tlog_proof_append(sequence - 1, &proof, cf_buf_bytes(&receipt->note), &text));

    struct cf_record record;
    CF_TRY(cf_record_decode(records->records[0], &record, reterr_fault));
    cf_json_begin_object(writer);
    cf_json_name(writer, "sequence");
    cf_json_write_integer(writer, (int64_t)sequence);
    cf_json_name(writer, "event");
    CF_TRY(cf_record_write_json(&record, writer, reterr_fault));
    cf_json_name(writer, "record");
    cf_json_write_base64(writer, records->records[0]);
    cf_json_name(writer, "proof");
    cf_json_write_text(writer, cf_buf_bytes(&text));
    cf_json_end_object(writer);
    return CF_OK;
}

static enum cf_status receipt_write(struct receipt *receipt, const struct cf_id *pledge_id,
                                    struct cf_buf *json, struct cf_fault *reterr_fault)
{
    CF_TRY(records_find(receipt, pledge_id, reterr_fault));
    CF_TRY(checkpoint_get(receipt, reterr_fault));
    struct cf_json_writer writer = cf_json_writer_to(json);
    cf_json_begin_object(&writer);
    cf_json_name(&writer, "pledge_id");
    cf_json_write_id(&writer, *pledge_id);
    cf_json_name(&writer, "checkpoint");
    cf_json_write_text(&writer, cf_buf_bytes(&receipt->note));
    cf_json_name(&writer, "entries");
    cf_json_begin_array(&writer);
    CF_CLEANUP(cf_range_records_clean_up) struct cf_range_records records = {0};
    for (size_t i = 0; i < receipt->count; i++)
        CF_TRY(entry_write(receipt, receipt->sequences[i], &records, &writer, reterr_fault));
    cf_json_end_array(&writer);
    cf_json_end_object(&writer);
    return cf_json_writer_finish(&writer);
}

/* Only the backer gets a receipt. */
static enum cf_status backer_check(struct cf_exchange *exchange, const struct cf_id *pledge_id,
                                   struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    struct cf_id backer_id;
    CF_TRY(cf_query_pledge(exchange->api->seats[exchange->seat].query, pledge_id, &json, &backer_id,
                           reterr_fault));
    if (!cf_id_equal(backer_id, exchange->user_id))
        CF_FAIL(reterr_fault, CF_DENIED, "somebody else's pledge");
    return CF_OK;
}

void cf_route_get_pledge_receipt(struct cf_exchange *exchange)
{
    struct cf_id pledge_id;
    if (!cf_exchange_id(exchange, 0, &pledge_id) || !cf_exchange_await_sequence(exchange))
        return;
    struct receipt receipt = {.range = exchange->api->seats[exchange->seat].range};
    cf_buf_init(&receipt.note, NOTE_SIZE_MAX);
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf json;
    cf_buf_init(&json, RECEIPT_SIZE_MAX);
    struct cf_fault fault = {0};
    enum cf_status status = backer_check(exchange, &pledge_id, &fault);
    if (status == CF_OK)
        status = receipt_write(&receipt, &pledge_id, &json, &fault);
    if (status == CF_OK)
        cf_exchange_json_text(exchange, cf_buf_bytes(&json));
    else if (status == CF_DENIED)
        cf_exchange_problem(exchange, CF_PROBLEM_FORBIDDEN, NULL, NULL);
    else
        cf_exchange_failed(exchange, status, &fault);
    cf_buf_clean_up(&receipt.note);
}
