/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/verify.h"

#include "core/base/assert.h"
#include "eventstore/verify_private.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define PROGRESS_EVERY_MS 100

void cf_verify_find(struct cf_verify_report *report, enum cf_verify_verdict verdict,
                    uint64_t sequence, const char *format, ...)
{
    bool earlier = sequence != 0 && (report->sequence == 0 || sequence < report->sequence);
    if (cf_verify_found(report) && !earlier)
        return;
    report->verdict = verdict;
    report->sequence = sequence;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(report->finding, sizeof report->finding, format, arguments);
    va_end(arguments);
}

/* --- What a bad record is about --------------------------------------------------------------- */

static void describe_money(const struct cf_event *event, struct cf_verify_report *report)
{
    const struct cf_shape *shape = cf_event_shape(event->type);
    const uint8_t *value = cf_event_value(event);
    const char *letters = "minor units";
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const struct cf_field *field = &shape->fields[i];
        enum cf_currency currency;
        if (field->type->kind != CF_KIND_CURRENCY)
            continue;
        memcpy(&currency, value + field->offset, sizeof currency);
        if (cf_currency_is_known(currency))
            letters = cf_currency_letters(currency);
    }
    size_t at = 0;
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const struct cf_field *field = &shape->fields[i];
        int64_t minor;
        if (field->type->kind != CF_KIND_AMOUNT && field->type->kind != CF_KIND_DELTA)
            continue;
        memcpy(&minor, value + field->offset, sizeof minor);
        if (minor == 0 || at >= sizeof report->money)
            continue;
        at += (size_t)snprintf(report->money + at, sizeof report->money - at, "%s%s %lld %s",
                               at == 0 ? "" : ", ", field->name, (long long)minor, letters);
    }
}

/* As far as the bytes can still be read. */
static void describe(struct cf_log *log, struct cf_verify_report *report)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    struct cf_log_entry entry;
    struct cf_record record;
    struct cf_event event;
    if (report->sequence == 0 || cf_log_view_begin(log, &view, NULL) != CF_OK ||
        cf_log_view_entry(view, report->sequence, &entry, NULL) != CF_OK ||
        cf_record_decode(entry.record, &record, NULL) != CF_OK)
        return;
    const char *name = cf_event_name(record.event_number);
    snprintf(report->event, sizeof report->event, "%s", name == NULL ? "unknown" : name);
    cf_id_print(record.stream_id, report->stream);
    if (cf_record_event(&record, &event, NULL) == CF_OK)
        describe_money(&event, report);
}

/* --- The whole -------------------------------------------------------------------------------- */

void cf_verify_here(const struct cf_verify_options *options, struct cf_verify_shared *shared)
{
    struct cf_verify_report *report = &shared->report;
    struct cf_fault fault = {0};
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    const struct cf_log_options log_options = {.directory = options->log_directory,
                                               .read_only = true};
    enum cf_status status = cf_log_open(&log_options, &log, &fault);
    if (status != CF_OK) {
        cf_verify_find(report, status == CF_CORRUPT ? CF_VERIFY_TRUNCATED : CF_VERIFY_UNREADABLE, 0,
                       "%s (%s)", fault.text, fault.detail);
        return;
    }
    if (cf_log_check_pages(log, &fault) != CF_OK)
        cf_verify_find(report, CF_VERIFY_TRUNCATED, 0, "%s (%s)", fault.text, fault.detail);
    struct cf_verify_rotations rotations = {0};
    cf_verify_tree(log, options->thread_count, shared, &rotations);
    if (!cf_verify_found(report))
        cf_verify_checkpoints(log, options, &rotations, report);
    /* A wrong root without a wrong record is explained by the records, if anything explains it. */
    bool explain = report->verdict == CF_VERIFY_TAMPERED && report->sequence != 0;
    if (options->scratch_directory != NULL && (!cf_verify_found(report) || explain))
        cf_verify_state(log, options, shared);
    describe(log, report);
}

/* A signal from damaged pages ends the child at once, whatever the parent does about its own. */
static void end_by_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0});
}

static void watch(pid_t child, int done_fd, const struct cf_verify_shared *shared,
                  cf_verify_progress_fn *progress, void *context, int *ret_state)
{
    struct pollfd ended = {.fd = done_fd, .events = POLLIN};
    while (poll(&ended, 1, PROGRESS_EVERY_MS) == 0 && progress != NULL) {
        const char *phase = atomic_load(&shared->phase);
        if (phase != NULL)
            progress(context, phase, atomic_load(&shared->done), atomic_load(&shared->total));
    }
    while (waitpid(child, ret_state, 0) < 0 && errno == EINTR)
        continue;
}

static void judge_end(int state, const struct cf_verify_shared *shared,
                      struct cf_verify_report *report)
{
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0)
        return;
    const char *phase = atomic_load(&shared->phase);
    cf_verify_find(report, CF_VERIFY_TRUNCATED, 0,
                   "the structure is damaged: the walk (%s) was ended by signal %d after about "
                   "%llu records",
                   phase == NULL ? "opening" : phase, WIFSIGNALED(state) ? WTERMSIG(state) : 0,
                   (unsigned long long)atomic_load(&shared->done));
}

enum cf_status cf_verify(const struct cf_verify_options *options, cf_verify_progress_fn *progress,
                         void *context, struct cf_verify_report *ret_report,
                         struct cf_fault *reterr_fault)
{
    struct cf_verify_shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory to share with the verifying process");
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        munmap(shared, sizeof *shared);
        CF_FAIL(reterr_fault, CF_IO, "cannot make a pipe");
    }
    pid_t child = fork();
    if (child == 0) {
        end_by_signals();
        close(ends[0]);
        cf_verify_here(options, shared);
        _exit(0);
    }
    close(ends[1]);
    enum cf_status status = CF_OK;
    if (child < 0) {
        status = cf_fault_set(reterr_fault, CF_NO_MEMORY, __FILE__, __LINE__,
                              "cannot make the verifying process");
    } else {
        int state = 0;
        watch(child, ends[0], shared, progress, context, &state);
        *ret_report = shared->report;
        judge_end(state, shared, ret_report);
    }
    close(ends[0]);
    munmap(shared, sizeof *shared);
    return status;
}
