/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/subject_export.h"

#include "core/event/record_json.h"
#include "eventstore/bus.h"
#include "eventstore/checkpoint.h"

#include <time.h>

#define LINE_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define FIELDS_MAX 32

/* How long between two looks for a new checkpoint. */
#define CHECKPOINT_POLL_MS 20

static const char history_words[] =
    "Every record that the back-links lead to from the newest one is here and stands in the log of "
    "this checkpoint. That no other record names the subject is proved to whoever recomputes the "
    "log's back-links up to this checkpoint (coffer check-export --data).";
static const char erasure_words[] =
    "The log says that the subject is erased; the keeper has destroyed its key. What was sealed "
    "for "
    "the subject cannot be read any more. Amounts, dates and ids stay.";

struct subject_file {
    struct cf_range_client *range;
    struct cf_keeper_client *keeper; /* or NULL */
    struct cf_id subject;
    uint64_t size; /* of the checkpoint */
    cf_subject_line_fn *line;
    void *context;
    struct cf_buf text, clear;
};

/* ---- The checkpoint ---- */

/* The signed note's tree size; no signature is checked here. */
static enum cf_status note_size(struct cf_bytes bytes, uint64_t *ret_size,
                                struct cf_fault *reterr_fault)
{
    struct cf_note note;
    struct cf_checkpoint checkpoint;
    CF_TRY(cf_note_parse(bytes, &note, reterr_fault));
    CF_TRY(cf_checkpoint_parse(note.text, &checkpoint, reterr_fault));
    *ret_size = checkpoint.size;
    return CF_OK;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for a checkpoint of at least `sequence` records: one is signed soon after each append. */
static enum cf_status wait_for_checkpoint(struct cf_range_client *range, uint64_t sequence,
                                          int timeout_ms, struct cf_buf *note, uint64_t *ret_size,
                                          struct cf_fault *reterr_fault)
{
    int64_t deadline_ms = now_ms() + timeout_ms;
    for (;;) {
        cf_buf_clear(note);
        enum cf_status status = cf_range_checkpoint(range, note, reterr_fault);
        if (status == CF_OK) {
            CF_TRY(note_size(cf_buf_bytes(note), ret_size, reterr_fault));
            if (*ret_size >= sequence)
                return CF_OK;
        } else if (status != CF_NOT_FOUND) {
            return status;
        }
        if (now_ms() >= deadline_ms)
            CF_FAIL(reterr_fault, CF_TIMEOUT, "no checkpoint covers the record yet");
        const struct timespec moment = {.tv_nsec = CHECKPOINT_POLL_MS * 1000000L};
        nanosleep(&moment, NULL);
    }
}

/* ---- Lines ---- */

static enum cf_status end_line(struct subject_file *file, const struct cf_json_writer *writer,
                               struct cf_fault *reterr_fault)
{
    enum cf_status status = cf_json_writer_finish(writer);
    if (status == CF_OK)
        status = cf_buf_append_byte(&file->text, '\n');
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "a line of the export is too long");
    return file->line(file->context, cf_buf_bytes(&file->text), reterr_fault);
}

static enum cf_status write_head(struct subject_file *file, bool erasure, uint64_t newest,
                                 uint64_t count, struct cf_bytes note,
                                 struct cf_fault *reterr_fault)
{
    cf_buf_clear(&file->text);
    struct cf_json_writer writer = cf_json_writer_to(&file->text);
    cf_json_begin_object(&writer);
    cf_json_name(&writer, "coffer_export");
    cf_json_write_integer(&writer, CF_SUBJECT_EXPORT_VERSION);
    cf_json_name(&writer, "purpose");
    cf_json_write_text(&writer, cf_bytes_from_text(erasure ? "erasure" : "history"));
    cf_json_name(&writer, "subject");
    cf_json_write_id(&writer, file->subject);
    cf_json_name(&writer, "newest");
    cf_json_write_integer(&writer, (int64_t)newest);
    cf_json_name(&writer, "count");
    cf_json_write_integer(&writer, (int64_t)count);
    cf_json_name(&writer, "checkpoint");
    cf_json_write_text(&writer, note);
    cf_json_name(&writer, "completeness");
    cf_json_write_text(&writer, cf_bytes_from_text(erasure ? erasure_words : history_words));
    cf_json_end_object(&writer);
    return end_line(file, &writer, reterr_fault);
}

/* The sealed fields of an event; which of them are the subject's only its key can tell. */
static size_t sealed_fields(const struct cf_event *event, const struct cf_field **ret_fields,
                            struct cf_keeper_item *ret_items, struct cf_id subject)
{
    const struct cf_shape *shape = cf_event_shape(event->type);
    const void *value = cf_event_value(event);
    size_t count = 0;
    for (uint32_t i = 0; i < shape->field_count && count < FIELDS_MAX; i++) {
        const struct cf_field *field = &shape->fields[i];
        if (!cf_field_is_sealed(field) || cf_field_is_absent(field, value))
            continue;
        const struct cf_sealed *sealed = cf_field_member(field, value);
        ret_fields[count] = field;
        ret_items[count++] = (struct cf_keeper_item){.subject_id = subject, .sealed = *sealed};
    }
    return count;
}

static enum cf_status write_opened(struct subject_file *file, const struct cf_record *record,
                                   struct cf_json_writer *writer, struct cf_fault *reterr_fault)
{
    const struct cf_field *fields[FIELDS_MAX];
    struct cf_keeper_item items[FIELDS_MAX];
    struct cf_event event;
    size_t count = 0;
    if (file->keeper != NULL && cf_record_event(record, &event, NULL) == CF_OK)
        count = sealed_fields(&event, fields, items, file->subject);
    if (count > 0)
        CF_TRY(cf_keeper_open_all(file->keeper, items, count, &file->clear, reterr_fault));
    cf_json_name(writer, "opened");
    cf_json_begin_object(writer);
    for (size_t i = 0; i < count; i++) {
        if (items[i].status != CF_OK)
            continue;
        cf_json_name(writer, fields[i]->name);
        cf_json_write_text(writer, items[i].clear);
    }
    cf_json_end_object(writer);
    return CF_OK;
}

static enum cf_status write_record(void *context, const struct cf_record *record,
                                   struct cf_bytes bytes, struct cf_fault *reterr_fault)
{
    struct subject_file *file = context;
    struct cf_proof proof;
    CF_TRY(cf_range_inclusion(file->range, record->sequence, file->size, &proof, reterr_fault));
    cf_buf_clear(&file->text);
    struct cf_json_writer writer = cf_json_writer_to(&file->text);
    cf_json_begin_object(&writer);
    cf_json_name(&writer, "record");
    CF_TRY(cf_record_write_json(record, &writer, reterr_fault));
    CF_TRY(write_opened(file, record, &writer, reterr_fault));
    cf_json_name(&writer, "bytes");
    cf_json_write_base64(&writer, bytes);
    cf_json_name(&writer, "proof");
    cf_json_begin_array(&writer);
    for (size_t i = 0; i < proof.count; i++)
        cf_json_write_base64(&writer, cf_bytes_from(proof.hashes[i].bytes, CF_HASH_SIZE));
    cf_json_end_array(&writer);
    cf_json_end_object(&writer);
    return end_line(file, &writer, reterr_fault);
}

/* ---- Both kinds of file ---- */

/* The record that the file begins with, copied and decoded. */
static enum cf_status read_newest(struct subject_file *file, struct cf_subject_source source,
                                  uint64_t newest, enum cf_event_type type, struct cf_buf *bytes,
                                  struct cf_record *ret_record, struct cf_event *ret_event,
                                  struct cf_fault *reterr_fault)
{
    struct cf_bytes stored;
    CF_TRY(source.record(source.context, newest, &stored, reterr_fault));
    if (cf_buf_append(bytes, stored) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a record");
    CF_TRY(cf_record_decode(cf_buf_bytes(bytes), ret_record, reterr_fault));
    CF_TRY(cf_record_event(ret_record, ret_event, reterr_fault));
    if (ret_event->type != type || cf_subject_link_of(ret_record, file->subject) == NULL)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "this record does not say what is asked for", "%llu",
                   (unsigned long long)newest);
    return CF_OK;
}

static enum cf_status write_file(struct subject_file *file, struct cf_subject_source source,
                                 uint64_t newest, bool erasure, int timeout_ms,
                                 struct cf_buf *bytes, struct cf_buf *note,
                                 struct cf_fault *reterr_fault)
{
    struct cf_record record;
    struct cf_event event;
    uint64_t count = 1;
    CF_TRY(read_newest(file, source, newest,
                       erasure ? CF_EVENT_SUBJECT_ERASED : CF_EVENT_HISTORY_EXPORTED, bytes,
                       &record, &event, reterr_fault));
    CF_TRY(wait_for_checkpoint(file->range, newest, timeout_ms, note, &file->size, reterr_fault));
    if (!erasure)
        count += event.history_exported.count;
    CF_TRY(write_head(file, erasure, newest, count, cf_buf_bytes(note), reterr_fault));
    if (erasure)
        return write_record(file, &record, cf_buf_bytes(bytes), reterr_fault);

    uint64_t found;
    CF_TRY(
        cf_subject_walk(source, file->subject, newest, write_record, file, &found, reterr_fault));
    if (found != count)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the chain has another length than the log says",
                   "%llu instead of %llu", (unsigned long long)found, (unsigned long long)count);
    return CF_OK;
}

static enum cf_status run(struct subject_file *file, uint64_t newest, bool erasure, int timeout_ms,
                          struct cf_fault *reterr_fault)
{
    struct cf_subject_range range = {.client = file->range};
    struct cf_buf bytes, note;
    cf_buf_init(&bytes, CF_RECORD_SIZE_MAX);
    cf_buf_init(&note, CF_CHECKPOINT_SIZE_MAX);
    cf_buf_init(&file->text, LINE_SIZE_MAX);
    cf_buf_init(&file->clear, LINE_SIZE_MAX);
    enum cf_status status = write_file(file, cf_subject_range_source(&range), newest, erasure,
                                       timeout_ms, &bytes, &note, reterr_fault);
    struct cf_buf *secrets[] = {&file->text, &file->clear};
    for (size_t i = 0; i < 2; i++) {
        if (secrets[i]->data != NULL)
            cf_secret_wipe(secrets[i]->data, secrets[i]->capacity);
        cf_buf_clean_up(secrets[i]);
    }
    cf_buf_clean_up(&bytes);
    cf_buf_clean_up(&note);
    cf_subject_range_clean_up(&range);
    return status;
}

enum cf_status cf_subject_export(struct cf_range_client *range, struct cf_keeper_client *keeper,
                                 struct cf_id subject, uint64_t newest, int timeout_ms,
                                 cf_subject_line_fn *line, void *context,
                                 struct cf_fault *reterr_fault)
{
    struct subject_file file = {
        .range = range, .keeper = keeper, .subject = subject, .line = line, .context = context};
    return run(&file, newest, false, timeout_ms, reterr_fault);
}

enum cf_status cf_subject_certify(struct cf_range_client *range, struct cf_id subject,
                                  uint64_t erased, int timeout_ms, cf_subject_line_fn *line,
                                  void *context, struct cf_fault *reterr_fault)
{
    struct subject_file file = {
        .range = range, .subject = subject, .line = line, .context = context};
    return run(&file, erased, true, timeout_ms, reterr_fault);
}
