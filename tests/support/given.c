/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/given.h"

#include "core/aggregate/book_memory.h"
#include "core/aggregate/subjects.h"
#include "core/base/assert.h"
#include "core/base/scope.h"
#include "core/fold.h"

#include <ctype.h>
#include <stdio.h>

#define BLOCKS_MAX 64
#define LINES_MAX 2048
#define STREAMS_MAX 256
#define EVENTS_MAX 256
#define LINE_SIZE 1024

struct stream {
    struct cf_id id;
    uint32_t version;
    uint64_t newest; /* as a subject */
    uint64_t count;
};

struct world {
    struct cf_decision decision; /* first */
    struct cf_book_memory *memory;
    uint64_t sequence;
    struct stream streams[STREAMS_MAX];
    size_t stream_count;
    enum cf_event_type events[EVENTS_MAX]; /* of the step under way */
    size_t event_count;
    struct cf_fault fault;
    enum cf_status status;
};

struct file {
    const char *path;
    char lines[LINES_MAX][LINE_SIZE];
    int line_count;
    int shared_count; /* of them, those of the shared blocks */
    struct world world;
    struct cf_given_tally *tally;
};

/* -- The world ------------------------------------------------------------------------------ */

static struct stream *stream_of(struct world *world, struct cf_id id)
{
    for (size_t i = 0; i < world->stream_count; i++) {
        if (cf_id_equal(world->streams[i].id, id))
            return &world->streams[i];
    }
    CF_ASSERT(world->stream_count < STREAMS_MAX);
    world->streams[world->stream_count].id = id;
    return &world->streams[world->stream_count++];
}

static void emit(struct cf_decision *decision, const struct cf_event *event)
{
    struct world *world = (struct world *)decision;
    if (world->status != CF_OK)
        return;
    struct cf_id subjects[CF_EVENT_SUBJECTS_MAX];
    struct cf_record record = {.sequence = ++world->sequence,
                               .time_us = decision->now_us,
                               .event_number = (uint32_t)event->type,
                               .stream_id = cf_event_stream_id(event),
                               .actor_id = decision->actor};
    record.stream_version = ++stream_of(world, record.stream_id)->version;
    uint32_t count = cf_event_subjects(event, decision->actor, subjects);
    for (uint32_t i = 0; i < count; i++) {
        struct stream *subject = stream_of(world, subjects[i]);
        subject->newest = world->sequence;
        subject->count++;
    }
    CF_ASSERT(world->event_count < EVENTS_MAX);
    world->events[world->event_count++] = event->type;
    world->status =
        cf_shape_check(cf_event_shape((uint32_t)event->type), cf_event_value(event), &world->fault);
    if (world->status == CF_OK)
        world->status = cf_fold(decision->book, &record, event, &world->fault);
}

static uint64_t subject_newest(const struct cf_decision *decision, struct cf_id subject,
                               uint64_t *ret_count)
{
    const struct world *world = (const struct world *)decision;
    *ret_count = 0;
    for (size_t i = 0; i < world->stream_count; i++) {
        if (cf_id_equal(world->streams[i].id, subject)) {
            *ret_count = world->streams[i].count;
            return world->streams[i].newest;
        }
    }
    return 0;
}

static int64_t timer_next(const struct cf_decision *decision)
{
    struct cf_id subject;
    enum cf_timer timer;
    int64_t due_us;
    struct cf_book_memory *memory = ((const struct world *)decision)->memory;
    return cf_book_memory_next_timer(memory, &subject, &timer, &due_us) ? due_us : INT64_MAX;
}

static void note_request(void *context, const struct cf_id *subject, enum cf_request request,
                         uint64_t requested_by)
{
    (void)subject, (void)request, (void)requested_by;
    *(bool *)context = true;
}

static bool requests_any(const struct cf_decision *decision)
{
    bool any = false;
    cf_book_memory_each_request(((const struct world *)decision)->memory, note_request, &any);
    return any;
}

static const struct cf_decision_facts facts = {
    .subject_newest = subject_newest, .timer_next = timer_next, .requests_any = requests_any};

static void begin_world(struct world *world)
{
    cf_book_memory_destroy(world->memory);
    *world = (struct world){.memory = cf_book_memory_new()};
    CF_ASSERT(world->memory != NULL);
    world->decision = (struct cf_decision){
        .book = cf_book_memory_book(world->memory), .emit = emit, .facts = &facts};
    CF_ASSERT(cf_time_parse(CF_BYTES_LITERAL("2026-01-01T00:00:00Z"), &world->decision.now_us) ==
              CF_OK);
}

/* -- Words ---------------------------------------------------------------------------------- */

/* A name's id: the same wherever it stands. */
static struct cf_id id_of(const char *name, size_t size)
{
    struct cf_id id = {{0x01, 0x90}};
    for (size_t i = 0; i < size; i++) {
        id.bytes[6 + i % 10] = (uint8_t)(id.bytes[6 + i % 10] * 31 + name[i]);
        id.bytes[15] = (uint8_t)(id.bytes[15] * 131 + name[i] + i);
    }
    return id;
}

static struct cf_id actor_of(const char *name)
{
    if (strcmp(name, "operator") == 0)
        return CF_ACTOR_OPERATOR;
    if (strcmp(name, "system") == 0)
        return CF_ACTOR_SYSTEM;
    if (strcmp(name, "gateway") == 0)
        return CF_ACTOR_GATEWAY;
    if (strcmp(name, "keeper") == 0)
        return CF_ACTOR_KEEPER;
    return id_of(name, strlen(name));
}

static void append(struct cf_buf *json, const char *text, size_t size)
{
    CF_ASSERT(cf_buf_append(json, cf_bytes_from(text, size)) == CF_OK);
}

/* A value as JSON; @names become ids wherever they stand. */
static void append_value(struct cf_buf *json, const char *value)
{
    char text[CF_ID_TEXT_SIZE];
    const char *rest = value + (value[0] == '-');
    bool number = rest[0] != '\0' && strspn(rest, "0123456789") == strlen(rest);
    bool bare =
        number || value[0] == '[' || strcmp(value, "true") == 0 || strcmp(value, "false") == 0;
    if (!bare)
        append(json, "\"", 1);
    for (const char *at = value; *at != '\0';) {
        size_t size = 1;
        if (*at == '@') {
            while (isalnum((unsigned char)at[size]) || at[size] == '_')
                size++;
            cf_id_print(id_of(at + 1, size - 1), text);
            append(json, text, strlen(text));
        } else {
            append(json, at, 1);
        }
        at += size;
    }
    if (!bare)
        append(json, "\"", 1);
}

/* What a field holds that a step does not name; NULL for one that may be absent. */
static const char *default_of(const struct cf_field *field, int64_t now_us, char text[64])
{
    if (field->type->presence == CF_PRESENCE_OPTIONAL)
        return NULL;
    switch (field->type->kind) {
    case CF_KIND_ID:
        snprintf(text, 64, "@%.*s", (int)(strlen(field->name) - strlen("_id")), field->name);
        return text;
    case CF_KIND_U32:
    case CF_KIND_I32:
    case CF_KIND_U64:
        return "1";
    case CF_KIND_BOOL:
        return "false";
    case CF_KIND_AMOUNT:
    case CF_KIND_DELTA:
        return "1000";
    case CF_KIND_TIME:
        cf_time_print(now_us + CF_DAY_US, text);
        return text;
    case CF_KIND_BPS:
        return "500";
    case CF_KIND_CURRENCY:
        return "EUR";
    case CF_KIND_TEXT:
    case CF_KIND_TOKEN:
        return field->name;
    case CF_KIND_HASH:
        return "a111111111111111111111111111111111111111111111111111111111111111";
    case CF_KIND_SEALED:
        return "c2VhbGVk";
    case CF_KIND_CHOICE:
        return cf_choice_name(field->type->choices, 1);
    case CF_KIND_ITEMS:
    case CF_KIND_IDS:
        break;
    }
    return NULL;
}

static void append_member(struct cf_buf *json, const char *name, const char *value)
{
    append(json, json->size == 1 ? "\"" : ",\"", json->size == 1 ? 1 : 2);
    append(json, name, strlen(name));
    append(json, "\":", 2);
    append_value(json, value);
}

/* "field=value field=value …" as an object, with what the command needs besides. */
static void append_object(struct cf_buf *json, const struct cf_command_spec *spec, int64_t now_us,
                          char *words)
{
    char *save = NULL;
    char text[64];
    uint64_t named = 0;
    append(json, "{", 1);
    for (char *word = strtok_r(words, " ", &save); word != NULL;
         word = strtok_r(NULL, " ", &save)) {
        char *value = strchr(word, '=');
        CF_ASSERT(value != NULL);
        *value++ = '\0';
        append_member(json, word, value);
        for (uint32_t i = 0; i < spec->shape.field_count; i++) {
            if (strcmp(spec->shape.fields[i].name, word) == 0)
                named |= UINT64_C(1) << i;
        }
    }
    for (uint32_t i = 0; i < spec->shape.field_count; i++) {
        const struct cf_field *field = &spec->shape.fields[i];
        const char *value = (named >> i & 1) != 0 ? NULL : default_of(field, now_us, text);
        if (value != NULL)
            append_member(json, field->name, value);
    }
    append(json, "}", 1);
}

/* "3d12h", "15m", "10s". */
static int64_t duration_of(const char *text)
{
    int64_t total_us = 0;
    while (*text != '\0') {
        char *unit;
        int64_t count = strtoll(text, &unit, 10);
        total_us += count * (*unit == 'd'   ? CF_DAY_US
                             : *unit == 'h' ? CF_HOUR_US
                             : *unit == 'm' ? CF_MINUTE_US
                                            : CF_SECOND_US);
        text = unit + 1;
    }
    return total_us;
}

/* -- Steps ---------------------------------------------------------------------------------- */

static bool fail(const struct file *file, int line, const char *what, const char *detail)
{
    bool shared = line < file->shared_count;
    fprintf(stderr, "%s:%d: %s: %s\n    %s\n", shared ? "blocks" : file->path,
            shared ? line + 1 : line + 1 - file->shared_count, what, detail, file->lines[line]);
    return false;
}

/* To bytes and back: what the link and the writer do to it. */
static void round_trip(struct cf_command_input *input, struct cf_buf *bytes)
{
    struct cf_wire_writer writer = cf_wire_writer_to(bytes);
    CF_ASSERT(cf_command_encode(input, &writer, NULL) == CF_OK);
    struct cf_wire_cursor cursor = cf_wire_cursor_over(cf_buf_bytes(bytes), CF_WIRE_CANONICAL);
    struct cf_command_input back;
    cf_command_input_init(&back, (enum cf_command_number)input->spec->shape.number);
    CF_ASSERT(cf_shape_decode(&back.spec->shape, &cursor, back.bytes, NULL) == CF_OK);
    CF_ASSERT(cf_shape_equal(&back.spec->shape, input->bytes, back.bytes));
    *input = back;
}

/* The verdict, with the events in the world; or false and why. */
static bool decide(struct file *file, int line, const char *actor, const char *name, char *words,
                   const struct cf_command_spec **ret_spec, uint32_t *ret_verdict)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf json, bytes;
    CF_CLEANUP(cf_arena_clean_up) struct cf_arena arena;
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *object = NULL;
    struct cf_command_input input;
    struct cf_fault fault = {0};
    struct world *world = &file->world;
    cf_buf_init(&json, 65536);
    cf_buf_init(&bytes, 65536);
    cf_arena_init(&arena, 65536);
    *ret_spec = cf_command_find_name(cf_bytes_from_text(name));
    if (*ret_spec == NULL)
        return fail(file, line, "no such command", name);
    append_object(&json, *ret_spec, world->decision.now_us, words);
    if (cf_json_parse(cf_buf_bytes(&json), &object, &fault) != CF_OK ||
        cf_command_from_json((enum cf_command_number)(*ret_spec)->shape.number, object, &arena,
                             &input, &fault) != CF_OK)
        return fail(file, line, fault.text, fault.detail);
    round_trip(&input, &bytes);
    world->decision.actor = actor_of(actor);
    world->event_count = 0;
    *ret_verdict = (*ret_spec)->decide(&world->decision, input.bytes);
    if (world->status != CF_OK)
        return fail(file, line, world->fault.text, world->fault.detail);
    if ((*ret_verdict == 0) != (world->event_count > 0))
        return fail(file, line, "accepted without an event, or refused with one", name);
    return true;
}

static bool check_events(const struct file *file, int line, char *expected)
{
    char *save = NULL;
    const struct world *world = &file->world;
    size_t i = 0;
    for (char *name = strtok_r(expected, " ", &save); name != NULL;
         name = strtok_r(NULL, " ", &save), i++) {
        if (i == world->event_count || strcmp(name, cf_event_name((uint32_t)world->events[i])) != 0)
            return fail(file, line, "another event than", name);
    }
    return i == 0 || i == world->event_count ||
           fail(file, line, "one event more", cf_event_name((uint32_t)world->events[i]));
}

static bool run_step(struct file *file, int line, const char *step)
{
    char text[LINE_SIZE];
    char accepted[] = "accepted";
    const struct cf_command_spec *spec = NULL;
    uint32_t verdict = 0;
    snprintf(text, sizeof text, "%s", step);
    char *expected = strstr(text, " => ");
    if (expected != NULL) {
        *expected = '\0';
        expected += 4;
    } else {
        expected = accepted;
    }
    char *save = NULL;
    char *actor = strtok_r(text, " ", &save);
    char *name = strtok_r(NULL, " ", &save);
    char none[] = "";
    if (name == NULL)
        return fail(file, line, "a step is an actor and a command", text);
    if (!decide(file, line, actor, name, save == NULL ? none : save, &spec, &verdict))
        return false;
    file->tally->seen[spec->shape.number][verdict]++;
    file->tally->step_count++;
    const struct cf_refusal *refusal = cf_command_refusal(spec, verdict);
    if (strncmp(expected, "refused ", 8) == 0) {
        if (refusal == NULL)
            return fail(file, line, "accepted", "a refusal was expected");
        return strcmp(refusal->name, expected + 8) == 0 ||
               fail(file, line, "refused for another reason", refusal->name);
    }
    if (refusal != NULL)
        return fail(file, line, "refused", refusal->name);
    return check_events(file, line, expected + strlen("accepted"));
}

/* "70 STEP": the step so many times, with its number in the place of each %. */
static bool run_times(struct file *file, int line, const char *text)
{
    char *step;
    long count = strtol(text, &step, 10);
    for (long i = 1; i <= count; i++) {
        char numbered[2 * LINE_SIZE];
        size_t size = 0;
        for (const char *at = step + 1; *at != '\0'; at++) {
            if (*at == '%')
                size += (size_t)snprintf(numbered + size, sizeof numbered - size, "%ld", i);
            else
                size += (size_t)snprintf(numbered + size, sizeof numbered - size, "%c", *at);
        }
        if (!run_step(file, line, numbered))
            return false;
    }
    return true;
}

static int find_block(const struct file *file, const char *name)
{
    for (int i = 0; i < file->line_count; i++) {
        if (strncmp(file->lines[i], "block ", 6) == 0 && strcmp(file->lines[i] + 6, name) == 0)
            return i;
    }
    return -1;
}

/* The lines of a block or scenario from behind its head on. */
static bool run_lines(struct file *file, int line)
{
    for (; line < file->line_count; line++) {
        const char *text = file->lines[line];
        if (strncmp(text, "block ", 6) == 0 || strncmp(text, "scenario ", 9) == 0)
            return true;
        if (text[0] == '\0' || text[0] == '#')
            continue;
        if (strncmp(text, "use ", 4) == 0) {
            int block = find_block(file, text + 4);
            if (block < 0)
                return fail(file, line, "no such block", text + 4);
            if (!run_lines(file, block + 1))
                return fail(file, line, "in the block", text + 4);
        } else if (strncmp(text, "after ", 6) == 0) {
            file->world.decision.now_us += duration_of(text + 6);
        } else if (strncmp(text, "times ", 6) == 0) {
            if (!run_times(file, line, text + 6))
                return false;
        } else if (!run_step(file, line, text)) {
            return false;
        }
    }
    return true;
}

static void read_lines(struct file *file, const char *path)
{
    FILE *input = fopen(path, "r");
    CF_ASSERT(input != NULL);
    while (fgets(file->lines[file->line_count], LINE_SIZE, input) != NULL) {
        char *line = file->lines[file->line_count];
        size_t indent = strspn(line, " ");
        memmove(line, line + indent, strlen(line + indent) + 1);
        line[strcspn(line, "\n")] = '\0';
        file->line_count++;
        CF_ASSERT(file->line_count < LINES_MAX);
    }
    fclose(input);
}

bool cf_given_run(const char *blocks, const char *path, struct cf_given_tally *tally)
{
    struct file *file = calloc(1, sizeof *file);
    bool good = true;
    CF_ASSERT(file != NULL);
    file->path = path;
    file->tally = tally;
    read_lines(file, blocks);
    file->shared_count = file->line_count;
    read_lines(file, path);
    for (int line = 0; line < file->line_count; line++) {
        if (strncmp(file->lines[line], "scenario ", 9) != 0)
            continue;
        begin_world(&file->world);
        good = run_lines(file, line + 1) && good;
    }
    cf_book_memory_destroy(file->world.memory);
    free(file);
    return good;
}
