/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/record_json.h"

#include "eventstore/data_dir.h"
#include "eventstore/log.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <inttypes.h>
#include <stdio.h>

#define LINE_SIZE_MAX ((size_t)1 << 20)
#define VIEW_RECORDS 4096

/* Which records to print; zero members let everything pass. */
struct filter {
    uint64_t from, to; /* sequences, inclusive */
    int64_t since_us, until_us;
    struct cf_id stream, subject;
    uint32_t event_number;
};

static bool names_subject(const struct cf_record *record, struct cf_id subject)
{
    for (uint32_t i = 0; i < record->subject_count; i++) {
        if (cf_id_equal(record->subjects[i].id, subject))
            return true;
    }
    return false;
}

static bool passes(const struct filter *filter, const struct cf_record *record)
{
    return (filter->since_us == 0 || record->time_us >= filter->since_us) &&
           (filter->until_us == 0 || record->time_us < filter->until_us) &&
           (filter->event_number == 0 || record->event_number == filter->event_number) &&
           (cf_id_is_zero(filter->stream) || cf_id_equal(record->stream_id, filter->stream)) &&
           (cf_id_is_zero(filter->subject) || names_subject(record, filter->subject));
}

static enum cf_status print_record(const struct cf_record *record, struct cf_buf *line,
                                   struct cf_fault *reterr_fault)
{
    cf_buf_clear(line);
    struct cf_json_writer writer = cf_json_writer_to(line);
    CF_TRY(cf_record_write_json(record, &writer, reterr_fault));
    enum cf_status status = cf_json_writer_finish(&writer);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "the record cannot be printed");
    if (fwrite(line->data, 1, line->size, stdout) != line->size || putchar('\n') == EOF)
        CF_FAIL(reterr_fault, CF_IO, "cannot write to the output");
    return CF_OK;
}

/* One short view, so that a running writer can grow its map in between. */
static enum cf_status replay_some(struct cf_log *log, const struct filter *filter, uint64_t *next,
                                  struct cf_buf *line, bool *ret_ended,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_CLEANUP(cf_scope_cf_log_walk_end) struct cf_log_walk *walk = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    CF_TRY(cf_log_walk_begin(view, *next, &walk, reterr_fault));
    for (int i = 0; i < VIEW_RECORDS; i++) {
        struct cf_log_entry entry;
        struct cf_record record;
        enum cf_status status = cf_log_walk_next(walk, &entry, reterr_fault);
        if (status == CF_NOT_FOUND || (filter->to != 0 && *next > filter->to)) {
            *ret_ended = true;
            return CF_OK;
        }
        CF_TRY(status);
        CF_TRY(cf_record_decode(entry.record, &record, reterr_fault));
        if (passes(filter, &record))
            CF_TRY(print_record(&record, line, reterr_fault));
        *next = entry.sequence + 1;
    }
    return CF_OK;
}

static enum cf_status replay(const char *data, const struct filter *filter,
                             struct cf_fault *reterr_fault)
{
    struct cf_data_dir dir;
    CF_TRY(cf_data_dir_open_ledger(data, &dir, reterr_fault));
    struct cf_data_dir_path path = cf_data_dir_path(&dir, "log");
    const struct cf_log_options options = {.directory = path.text, .read_only = true};
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_TRY(cf_log_open(&options, &log, reterr_fault));
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf line;
    cf_buf_init(&line, LINE_SIZE_MAX);
    uint64_t next = filter->from == 0 ? 1 : filter->from;
    for (bool ended = false; !ended;)
        CF_TRY(replay_some(log, filter, &next, &line, &ended, reterr_fault));
    if (fflush(stdout) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot write to the output");
    return CF_OK;
}

/* A moment is a sequence or a time. */
static bool parse_as_of(const char *text, struct filter *filter)
{
    char *end;
    unsigned long long sequence = strtoull(text, &end, 10);
    if (*text >= '1' && *text <= '9' && *end == '\0') {
        if (filter->to == 0 || sequence < filter->to)
            filter->to = sequence;
        return true;
    }
    int64_t time_us;
    if (cf_time_parse(cf_bytes_from_text(text), &time_us) != CF_OK)
        return false;
    /* What happened at that very moment had happened. */
    if (filter->until_us == 0 || time_us + 1 < filter->until_us)
        filter->until_us = time_us + 1;
    return true;
}

struct texts {
    const char *since, *until, *as_of, *stream, *subject, *event;
};

/* What cannot be understood; no option: nothing. */
struct wrong {
    const char *option, *text, *must_be;
};

static bool parse_time(const char *text, int64_t *ret_us)
{
    return text == NULL || cf_time_parse(cf_bytes_from_text(text), ret_us) == CF_OK;
}

static bool parse_id(const char *text, struct cf_id *ret_id)
{
    return text == NULL ||
           (cf_id_parse(cf_bytes_from_text(text), ret_id) == CF_OK && !cf_id_is_zero(*ret_id));
}

static bool parse_event(const char *text, struct filter *filter)
{
    enum cf_event_type type = CF_EVENT_NONE;
    if (text != NULL && cf_event_type_parse(cf_bytes_from_text(text), &type) != CF_OK)
        return false;
    filter->event_number = type;
    return true;
}

static struct wrong parse(const struct texts *texts, struct filter *filter)
{
    static const char time[] = "a time such as 2026-01-31T12:00:00Z", id[] = "an id";
    if (!parse_time(texts->since, &filter->since_us))
        return (struct wrong){"since", texts->since, time};
    if (!parse_time(texts->until, &filter->until_us))
        return (struct wrong){"until", texts->until, time};
    if (!parse_id(texts->stream, &filter->stream))
        return (struct wrong){"stream", texts->stream, id};
    if (!parse_id(texts->subject, &filter->subject))
        return (struct wrong){"subject", texts->subject, id};
    if (!parse_event(texts->event, filter))
        return (struct wrong){"type", texts->event, "an event's name, such as pledge_placed"};
    if (texts->as_of != NULL && !parse_as_of(texts->as_of, filter))
        return (struct wrong){"as-of", texts->as_of,
                              "a sequence, or a time such as "
                              "2026-01-31T12:00:00Z"};
    return (struct wrong){0};
}

int cf_cli_replay(int argc, char **argv)
{
    const char *data = NULL;
    int64_t from = 0, to = 0;
    struct texts texts = {0};
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_NUMBER("from", &from, 1, INT64_MAX, "the first sequence"),
        CF_OPTION_NUMBER("to", &to, 1, INT64_MAX, "the last sequence"),
        CF_OPTION_TEXT("since", &texts.since, "TIME", "not before (RFC 3339)"),
        CF_OPTION_TEXT("until", &texts.until, "TIME", "before"),
        CF_OPTION_TEXT("as-of", &texts.as_of, "WHEN", "what was there at a time or sequence"),
        CF_OPTION_TEXT("stream", &texts.stream, "ID", "one stream's records"),
        CF_OPTION_TEXT("subject", &texts.subject, "ID", "records that name one subject"),
        CF_OPTION_TEXT("type", &texts.event, "EVENT", "one type, such as pledge_placed"),
    };
    const struct cf_usage usage = {"replay", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    struct filter filter = {.from = (uint64_t)from, .to = (uint64_t)to};
    if (from > 0 && to > 0 && from > to)
        return cf_cli_usage("replay", "--from is behind --to");
    struct wrong wrong = parse(&texts, &filter);
    if (wrong.option != NULL)
        return cf_cli_usage("replay", "--%s is \"%s\"; it must be %s", wrong.option, wrong.text,
                            wrong.must_be);
    struct cf_fault fault = {0};
    if (replay(data, &filter, &fault) != CF_OK)
        return cf_cli_fail("replay", &fault);
    return CF_EXIT_GOOD;
}
