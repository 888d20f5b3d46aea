/* SPDX-License-Identifier: Apache-2.0 */
/* Checking an export: nothing in it is believed but what the checkpoint's key signed. */
#include "eventstore/subject_export.h"

#include "core/json_value.h"
#include "eventstore/checkpoint.h"

#include <stdlib.h>

struct check {
    struct cf_checkpoint checkpoint;
    struct cf_subject_proved proved;
    uint64_t said_count;
    uint64_t next; /* the sequence that the record above points at */
};

static enum cf_status read_head(struct check *check, const struct cf_json *head,
                                const struct cf_note_verifier *verifier,
                                struct cf_fault *reterr_fault)
{
    const char *subject = cf_json_text(cf_json_get(head, "subject"));
    const char *note = cf_json_text(cf_json_get(head, "checkpoint"));
    struct cf_json *purpose = cf_json_get(head, "purpose");
    int64_t newest = cf_json_integer_at(head, "newest", 0);
    int64_t count = cf_json_integer_at(head, "count", 0);
    check->proved.erasure = cf_json_is(purpose, "erasure");
    if (cf_json_integer_at(head, "coffer_export", 0) != CF_SUBJECT_EXPORT_VERSION ||
        subject == NULL || note == NULL || newest <= 0 || count <= 0 ||
        (!check->proved.erasure && !cf_json_is(purpose, "history")) ||
        cf_id_parse(cf_bytes_from_text(subject), &check->proved.subject) != CF_OK)
        CF_FAIL(reterr_fault, CF_INVALID, "the first line is not that of an export");
    check->proved.newest = (uint64_t)newest;
    check->said_count = (uint64_t)count;
    check->next = check->proved.newest;

    /* The origin is the one that the key's name says; a file cannot choose it. */
    enum cf_status status = cf_checkpoint_verify(cf_bytes_from_text(note), verifier->name, verifier,
                                                 1, &check->checkpoint, NULL, reterr_fault);
    if (status == CF_DENIED)
        return CF_CORRUPT;
    CF_TRY(status);
    memcpy(check->proved.origin, check->checkpoint.origin, sizeof check->proved.origin);
    check->proved.size = check->checkpoint.size;
    check->proved.root = check->checkpoint.root;
    return CF_OK;
}

static enum cf_status read_proof(const struct cf_json *array, struct cf_proof *ret_proof,
                                 struct cf_fault *reterr_fault)
{
    size_t count = cf_json_size(array);
    if (cf_json_kind(array) != CF_JSON_ARRAY || count > CF_PROOF_HASHES_MAX)
        CF_FAIL(reterr_fault, CF_INVALID, "a line has no proof");
    for (size_t i = 0; i < count; i++) {
        const char *text = cf_json_text(cf_json_item(array, i));
        size_t size = 0;
        if (text == NULL ||
            cf_base64_decode(cf_bytes_from_text(text), ret_proof->hashes[i].bytes, CF_HASH_SIZE,
                             &size) != CF_OK ||
            size != CF_HASH_SIZE)
            CF_FAIL(reterr_fault, CF_INVALID, "a hash of a proof is malformed");
    }
    ret_proof->count = count;
    return CF_OK;
}

/* What the newest record must say. */
static enum cf_status check_newest(const struct check *check, const struct cf_record *record,
                                   struct cf_fault *reterr_fault)
{
    struct cf_event event;
    CF_TRY(cf_record_event(record, &event, reterr_fault));
    if (check->proved.erasure) {
        if (event.type != CF_EVENT_SUBJECT_ERASED ||
            !cf_id_equal(event.subject_erased.subject_id, check->proved.subject))
            CF_FAIL(reterr_fault, CF_CORRUPT, "the record does not say that the subject is erased");
        return CF_OK;
    }
    if (event.type != CF_EVENT_HISTORY_EXPORTED ||
        !cf_id_equal(event.history_exported.subject_id, check->proved.subject))
        CF_FAIL(reterr_fault, CF_CORRUPT, "the newest record is not the export's own");
    if (event.history_exported.count + 1 != check->said_count)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the log says another number of records", "%llu",
                   (unsigned long long)event.history_exported.count);
    return CF_OK;
}

static enum cf_status check_bytes(struct check *check, struct cf_bytes bytes,
                                  const struct cf_proof *proof, struct cf_fault *reterr_fault)
{
    struct cf_record record;
    struct cf_hash leaf;
    CF_TRY(cf_record_decode(bytes, &record, reterr_fault));
    const struct cf_subject_link *link = cf_subject_link_of(&record, check->proved.subject);
    if (record.sequence != check->next || link == NULL || link->previous >= record.sequence)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the chain is broken",
                   "record %llu stands where %llu "
                   "is due",
                   (unsigned long long)record.sequence, (unsigned long long)check->next);
    cf_hash_leaf(bytes, &leaf);
    if (record.sequence > check->checkpoint.size ||
        !cf_tree_verify_inclusion(record.sequence - 1, check->checkpoint.size, &leaf, proof,
                                  &check->checkpoint.root))
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record is not in the log of the checkpoint",
                   "record %llu", (unsigned long long)record.sequence);
    if (check->proved.count == 0)
        CF_TRY(check_newest(check, &record, reterr_fault));
    check->proved.count++;
    check->next = link->previous;
    return CF_OK;
}

static enum cf_status check_line(struct check *check, struct cf_bytes line, uint8_t *scratch,
                                 const struct cf_note_verifier *verifier, bool first,
                                 struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    if (cf_json_parse(line, &json, reterr_fault) != CF_OK)
        return CF_INVALID;
    if (first)
        return read_head(check, json, verifier, reterr_fault);
    if (check->next == 0)
        CF_FAIL(reterr_fault, CF_CORRUPT, "there are records below the first one of the chain");
    struct cf_proof proof;
    const char *text = cf_json_text(cf_json_get(json, "bytes"));
    size_t size = 0;
    if (text == NULL ||
        cf_base64_decode(cf_bytes_from_text(text), scratch, CF_RECORD_SIZE_MAX, &size) != CF_OK)
        CF_FAIL(reterr_fault, CF_INVALID, "a line has no record");
    CF_TRY(read_proof(cf_json_get(json, "proof"), &proof, reterr_fault));
    return check_bytes(check, cf_bytes_from(scratch, size), &proof, reterr_fault);
}

/* Whether the file ended where it should. */
static enum cf_status check_end(const struct check *check, struct cf_fault *reterr_fault)
{
    if (check->proved.count == 0)
        CF_FAIL(reterr_fault, CF_INVALID, "the file has no records");
    if (check->proved.count != check->said_count)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "records are missing", "%llu of %llu are there",
                   (unsigned long long)check->proved.count, (unsigned long long)check->said_count);
    if (!check->proved.erasure && check->next != 0)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the chain goes on below the last record",
                   "record %llu is missing", (unsigned long long)check->next);
    return CF_OK;
}

enum cf_status cf_subject_export_check(struct cf_bytes file,
                                       const struct cf_note_verifier *verifier,
                                       struct cf_subject_proved *ret_proved,
                                       struct cf_fault *reterr_fault)
{
    struct check check = {.next = 1};
    CF_CLEANUP(cf_scope_free) uint8_t *scratch = malloc(CF_RECORD_SIZE_MAX);
    if (scratch == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a record");
    for (size_t offset = 0, line = 0; offset < file.size; line++) {
        const uint8_t *start = file.data + offset;
        const uint8_t *end = memchr(start, '\n', file.size - offset);
        if (end == NULL)
            CF_FAIL_AT(reterr_fault, CF_INVALID, "the last line is cut short", offset);
        CF_TRY(check_line(&check, cf_bytes_from(start, (size_t)(end - start)), scratch, verifier,
                          line == 0, reterr_fault));
        offset += (size_t)(end - start) + 1;
    }
    CF_TRY(check_end(&check, reterr_fault));
    *ret_proved = check.proved;
    return CF_OK;
}

/* Scans up to the newest record shown, and goes on to the checkpoint for the root. */
static enum cf_status recompute(struct cf_log_view *view, const struct cf_subject_proved *proved,
                                struct cf_subject_scan *scan, struct cf_hash *ret_root,
                                struct cf_fault *reterr_fault)
{
    struct cf_frontier frontier = {0};
    CF_CLEANUP(cf_scope_cf_log_walk_end) struct cf_log_walk *walk = NULL;
    CF_TRY(cf_log_walk_begin(view, 1, &walk, reterr_fault));
    for (uint64_t sequence = 1; sequence <= proved->size; sequence++) {
        struct cf_log_entry entry;
        struct cf_record record;
        struct cf_hash leaf;
        CF_TRY(cf_log_walk_next(walk, &entry, reterr_fault));
        if (entry.sequence != sequence)
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the log has a gap", "at record %llu",
                       (unsigned long long)sequence);
        cf_hash_leaf(entry.record, &leaf);
        cf_frontier_add(&frontier, &leaf);
        if (sequence > proved->newest)
            continue;
        CF_TRY(cf_record_decode(entry.record, &record, reterr_fault));
        if (record.sequence != sequence)
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record stands in another's place",
                       "at record %llu", (unsigned long long)sequence);
        CF_TRY(cf_subject_scan_record(scan, &record, reterr_fault));
    }
    cf_frontier_root(&frontier, ret_root);
    return CF_OK;
}

enum cf_status cf_subject_recompute(struct cf_log_view *view,
                                    const struct cf_subject_proved *proved,
                                    struct cf_subject_answer *ret_answer,
                                    struct cf_fault *reterr_fault)
{
    struct cf_subject_scan scan;
    struct cf_hash root;
    if (cf_log_view_size(view) < proved->size)
        CF_FAIL(reterr_fault, CF_RANGE, "the log ends before the checkpoint");
    cf_subject_scan_begin(&scan, proved->subject);
    enum cf_status status = recompute(view, proved, &scan, &root, reterr_fault);
    if (status == CF_OK && !cf_hash_equal(&root, &proved->root))
        status = cf_fault_set(reterr_fault, CF_CORRUPT, __FILE__, __LINE__,
                              "the log is not the one that the checkpoint was signed for");
    if (status == CF_OK) {
        cf_subject_scan_compare(&scan, proved->newest, proved->count);
        *ret_answer = (struct cf_subject_answer){scan.finding, scan.sequence};
    }
    cf_subject_scan_end(&scan);
    return status;
}
