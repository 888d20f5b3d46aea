/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of campaigns into a sandbox ledger of its own, whose simulated clock begins before the first row. The
 * processes are those of `coffer up`; this one sends the commands and moves the clock. Interrupted, it
 * goes on where it was when it is started again.
 */
#include "core/time.h"
#include "tools/claim.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"
#include "tools/import/course.h"
#include "tools/import/outcome.h"
#include "tools/import/spent.h"
#include "tools/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_SIZE_MAX ((size_t)256 << 20)
#define READY_TIMEOUT_MS 120000
/* The provider's news that no answer of its own tells. */
#define NEWS                                                                                       \
    "account.updated,payout.paid,payout.failed,payout.canceled,refund.updated,"                    \
    "charge.refund.updated,charge.dispute.created,charge.dispute.closed"

struct import {
    struct cf_process process;
    struct cf_import_rows rows;
    struct cf_plan plan;
    pid_t platform; /* the supervisor of all processes; 0 before */
    int claim_fd;   /* on the data directory: ours, and not the supervisor's */
    int ready_fd;   /* of the supervisor: tells where the sandbox is, once everything is ready */
    char sandbox_url[80];
    bool stopping;
};

static enum cf_status read_file(const char *path, struct cf_buf *ret_file,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "cannot open the file", "%s: %s", path,
                   strerror(errno));
    for (;;) {
        uint8_t bytes[65536];
        ssize_t size = read(fd, bytes, sizeof bytes);
        if (size < 0)
            CF_FAIL_ON(reterr_fault, CF_IO, "cannot read the file", "%s: %s", path,
                       strerror(errno));
        if (size == 0)
            return CF_OK;
        if (cf_buf_append(ret_file, cf_bytes_from(bytes, (size_t)size)) != CF_OK)
            CF_FAIL_ON(reterr_fault, CF_NO_SPACE, "the file is too large", "%s", path);
    }
}

/* -- The platform, in a process of its own ----------------------------------------------------- */

static void tell_ready(void *context)
{
    struct import *import = context;
    size_t size = strlen(import->plan.sandbox_url);
    if (write(import->ready_fd, import->plan.sandbox_url, size) != (ssize_t)size)
        fprintf(stderr, "coffer import: nobody waits for the platform any more\n");
    close(import->ready_fd);
}

/* In the child: everything of `coffer up`, until the parent stops it or is gone. */
static int run_platform(struct import *import)
{
    struct cf_listen listen = {.address = "127.0.0.1"};
    struct cf_fault fault = {0};
    int child_exit = 0;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(
        0,
        0); /* Ctrl-C is for the import alone, which stops the platform when it has nothing under way */
    const struct cf_plan_options options = {
        .dir = &import->process.dir, .listen = &listen, .no_people = true};
    if (cf_listen_check(&listen, &fault) != CF_OK ||
        cf_plan_make(&options, &import->plan, &fault) != CF_OK)
        return cf_cli_fail("import", &fault);
    const struct cf_supervise_options supervise = {.children = import->plan.children,
                                                   .child_count = import->plan.child_count,
                                                   .ready_timeout_ms = READY_TIMEOUT_MS,
                                                   .ready = tell_ready,
                                                   .context = import};
    if (cf_supervise(&supervise, &child_exit, &fault) != CF_OK)
        return cf_cli_fail("import", &fault);
    return CF_EXIT_GOOD;
}

static enum cf_status start_platform(struct import *import, struct cf_fault *reterr_fault)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0 || (import->platform = fork()) < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot start the platform", "%s", strerror(errno));
    if (import->platform == 0) {
        close(fds[0]);
        close(import->claim_fd);
        import->ready_fd = fds[1];
        _exit(run_platform(import));
    }
    close(fds[1]);
    size_t size = 0;
    for (ssize_t more; (more = read(fds[0], import->sandbox_url + size,
                                    sizeof import->sandbox_url - 1 - size)) > 0;)
        size += (size_t)more;
    close(fds[0]);
    if (size == 0)
        CF_FAIL(reterr_fault, CF_CLOSED, "the platform did not start");
    return CF_OK;
}

static void stop_platform(struct import *import)
{
    if (import->platform <= 0)
        return;
    kill(import->platform, SIGTERM);
    waitpid(import->platform, NULL, 0);
}

/* -- The import ------------------------------------------------------------------------------- */

static bool is_stopping(void *context)
{
    struct import *import = context;
    if (!import->stopping)
        import->stopping = cf_process_wait_for(&import->process, 0);
    return import->stopping;
}

static enum cf_status run_course(struct import *import, struct cf_import_tools *tools,
                                 struct cf_import_clock *clock, struct cf_fault *reterr_fault)
{
    struct cf_data_dir_url keeper_url = cf_data_dir_socket(&import->process.dir, "keeper");
    CF_TRY(cf_keeper_client_open(keeper_url.text, READY_TIMEOUT_MS, &tools->keeper, reterr_fault));
    enum cf_status status = cf_import_course_run(tools, clock, &import->rows, reterr_fault);
    cf_keeper_client_close(tools->keeper);
    return status;
}

static enum cf_status run_import(struct import *import, uint64_t *ret_jumps,
                                 struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_import_sender_close) struct cf_import_sender *sender = NULL;
    CF_CLEANUP(cf_import_provider_close) struct cf_import_provider provider = {0};
    CF_CLEANUP(cf_scope_cf_range_client_close) struct cf_range_client *log = NULL;
    struct cf_data_dir_url writer_url = cf_data_dir_socket(&import->process.dir, "writer");
    struct cf_data_dir_url range_url = cf_data_dir_socket(&import->process.dir, "range");
    CF_TRY(cf_import_sender_open(writer_url.text, &sender, reterr_fault));
    CF_TRY(cf_import_provider_open(import->sandbox_url, &provider, reterr_fault));
    CF_TRY(cf_range_client_open(range_url.text, NULL, &log, reterr_fault));
    cf_range_client_timeout(log, READY_TIMEOUT_MS);
    const struct cf_import_stop stop = {is_stopping, import};
    struct cf_import_clock clock = {
        .sender = sender, .provider = &provider, .log = log, .stop = &stop};
    struct cf_import_tools tools = {
        .sender = sender, .provider = &provider, .log = log, .stop = &stop};
    enum cf_status status = run_course(import, &tools, &clock, reterr_fault);
    *ret_jumps = clock.jumps;
    return status;
}

static void print_spent(const char *name, int64_t milliseconds, uint64_t pledges)
{
    int64_t us = milliseconds * 1000 / (int64_t)(pledges + 1);
    printf("%s %lld.%02lld", name, (long long)(us / 1000), (long long)(us % 1000 / 10));
}

/* Processor time by process, which is where an import's time goes. */
static void print_all_spent(pid_t platform, uint64_t pledges)
{
    struct cf_import_spent spent[CF_IMPORT_SPENT_MAX];
    struct timespec own = {0};
    size_t count = cf_import_spent_list(platform, spent);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    printf("ms of a processor for each pledge: ");
    for (size_t i = 0; i < count; i++) {
        print_spent(spent[i].name, spent[i].milliseconds, pledges);
        printf(", ");
    }
    print_spent("import", own.tv_sec * INT64_C(1000) + own.tv_nsec / 1000000, pledges);
    printf("\n");
}

static enum cf_exit run(struct import *import)
{
    struct cf_fault fault = {0};
    uint64_t records = 0, jumps = 0;
    bool agrees = false;
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    if (start_platform(import, &fault) != CF_OK || run_import(import, &jumps, &fault) != CF_OK)
        return cf_cli_fail("import", &fault);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    struct cf_data_dir_url range = cf_data_dir_socket(&import->process.dir, "range");
    struct cf_data_dir_url head = cf_data_dir_socket(&import->process.dir, "head");
    if (cf_import_outcome_print(range.text, head.text, &import->rows, &records, &agrees, &fault) !=
        CF_OK)
        return cf_cli_fail("import", &fault);
    int64_t milliseconds =
        (ended.tv_sec - began.tv_sec) * INT64_C(1000) + (ended.tv_nsec - began.tv_nsec) / 1000000;
    uint64_t pledges = cf_import_course_pledges(&import->rows);
    printf("\n%zu campaigns, %llu pledges, %llu events, %llu jumps of the clock, %zu rows skipped\n"
           "%lld s, %lld pledges per second\n",
           import->rows.count, (unsigned long long)pledges, (unsigned long long)records,
           (unsigned long long)jumps, import->rows.skipped, (long long)(milliseconds / 1000),
           (long long)((int64_t)pledges * 1000 / (milliseconds + 1)));
    print_all_spent(import->platform, pledges);
    puts(agrees ? "The ledger's verdicts are the file's." : "The ledger and the file differ.");
    printf("coffer up --data %s shows it.\n", import->process.dir.path);
    return agrees ? CF_EXIT_GOOD : CF_EXIT_NO;
}

/* The environment reaches every process of the platform. */
static enum cf_status choose_clock(const struct import *import, struct cf_fault *reterr_fault)
{
    char genesis[CF_TIME_TEXT_SIZE];
    cf_time_print(cf_import_course_begins(&import->rows), genesis);
    if (setenv("COFFER_CLOCK", "simulated", 1) != 0 || setenv("COFFER_GENESIS", genesis, 1) != 0 ||
        setenv("COFFER_WEBHOOK_EVENTS", NEWS, 1) != 0 || setenv("COFFER_POLL_S", "0", 1) != 0)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "cannot set the environment");
    return CF_OK;
}

/* Beside the default ledger, and named after the file: /var/lib/coffer-campaigns for campaigns.csv. */
static enum cf_status choose_directory(const char *file, char *ret_path, size_t size,
                                       struct cf_fault *reterr_fault)
{
    const char *name = strrchr(file, '/') == NULL ? file : strrchr(file, '/') + 1;
    CF_TRY(cf_data_dir_default(ret_path, size, reterr_fault));
    size_t used = strlen(ret_path);
    int more = snprintf(ret_path + used, size - used, "-%.*s", (int)strcspn(name, "."), name);
    if (more >= (int)(size - used))
        CF_FAIL(reterr_fault, CF_INVALID, "the path of the data directory is too long");
    return CF_OK;
}

int cf_cli_import(int argc, char **argv)
{
    static struct import import;
    const char *data = NULL, *path = NULL;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the directory of the new ledger"),
    };
    const struct cf_usage usage = {"import FILE", options, sizeof options / sizeof options[0], 1,
                                   1};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, &path, &stop))
        return stop;
    struct cf_fault fault = {0};
    char directory[CF_DATA_DIR_PATH_SIZE];
    if (data == NULL) {
        if (choose_directory(path, directory, sizeof directory, &fault) != CF_OK)
            return cf_cli_fail("import", &fault);
        data = directory;
    }
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf file;
    cf_buf_init(&file, FILE_SIZE_MAX);
    if (read_file(path, &file, &fault) != CF_OK ||
        cf_import_rows_read(cf_buf_bytes(&file), &import.rows, &fault) != CF_OK)
        return cf_cli_fail("import", &fault);
    if (import.rows.count == 0)
        return cf_cli_usage("import", "%s has no row that can be read", path);
    if (cf_process_begin(&import.process, "import", data, &fault) != CF_OK ||
        cf_claim(&import.process.dir, &import.claim_fd, &fault) != CF_OK ||
        choose_clock(&import, &fault) != CF_OK)
        return cf_cli_fail("import", &fault);
    enum cf_exit result = run(&import);
    stop_platform(&import);
    cf_import_rows_clean_up(&import.rows);
    return result;
}
