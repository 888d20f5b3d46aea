/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything on one machine. What can be wrong is looked at before anything starts, so that it is
 * said once and plainly; then each process is this same program with its subcommand.
 */
#include "core/base/assert.h"
#include "core/base/scope.h"
#include "projections/cluster.h"
#include "projections/pg.h"
#include "tools/cli/cli.h"
#include "tools/cli/listen.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"
#include "tools/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define READY_TIMEOUT_MS 60000
#define LOCK_PATIENCE_MS 15000
#define LOCK_POLL_MS 20
/* Below this the writer would refuse commands soon, and PostgreSQL cannot begin. */
#define SPACE_MIN_MB 512
#define CHILD_COUNT_MAX 12
#define ARGUMENT_COUNT_MAX 12

struct up {
    struct cf_data_dir dir;
    struct cf_listen listen;
    const char *pg; /* the person's own server, or NULL for the private one */
    char program[PATH_MAX];
    struct cf_child children[CHILD_COUNT_MAX];
    struct cf_data_dir_url ready[CHILD_COUNT_MAX];
    const char *arguments[CHILD_COUNT_MAX][ARGUMENT_COUNT_MAX];
    size_t child_count;
    struct cf_listen sandbox;
    char sandbox_listen[64];
    char webhook_url[128];
};

/* Opens (and makes) a file of the run directory to be locked. */
static enum cf_status open_lock(const struct up *up, const char *name, int flags, int *ret_fd,
                                struct cf_fault *reterr_fault)
{
    char path[sizeof up->dir.run_path + 32];
    snprintf(path, sizeof path, "%s/%s", up->dir.run_path, name);
    *ret_fd = open(path, O_RDWR | O_CREAT | flags, 0600);
    if (*ret_fd < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot write to the run directory", "%s: %s", path,
                   strerror(errno));
    return CF_OK;
}

/*
 * Two locks, both held to the end of the process: up.lock by the supervisor alone, family.lock by
 * all its children too, who may be still stopping when a killed supervisor is started again.
 */
static enum cf_status lock(const struct up *up, struct cf_fault *reterr_fault)
{
    int own, family;
    CF_TRY(open_lock(up, "up.lock", O_CLOEXEC, &own, reterr_fault));
    if (flock(own, LOCK_EX | LOCK_NB) != 0)
        CF_FAIL_ON(reterr_fault, CF_CONFLICT,
                   "another `coffer up` runs on this data directory; stop it, or name another "
                   "directory with --data",
                   "%s", up->dir.path);
    CF_TRY(open_lock(up, "family.lock", 0, &family, reterr_fault));
    for (int waited_ms = 0; flock(family, LOCK_EX | LOCK_NB) != 0; waited_ms += LOCK_POLL_MS) {
        if (waited_ms >= LOCK_PATIENCE_MS)
            CF_FAIL_ON(reterr_fault, CF_CONFLICT,
                       "processes of an earlier run are still there; stop them first", "%s",
                       up->dir.path);
        poll(NULL, 0, LOCK_POLL_MS);
    }
    return CF_OK;
}

static enum cf_status check_space(const struct up *up, struct cf_fault *reterr_fault)
{
    int64_t bytes;
    CF_TRY(cf_data_dir_space(&up->dir, &bytes, reterr_fault));
    if (bytes / (1 << 20) < SPACE_MIN_MB)
        CF_FAIL_ON(reterr_fault, CF_NO_SPACE,
                   "the disk is full: make room, or name a directory on another disk with --data",
                   "%s has %lld MB free and needs %d", up->dir.path, (long long)(bytes >> 20),
                   SPACE_MIN_MB);
    return CF_OK;
}

/* Tells the children which PostgreSQL to use. In the environment, since a DSN may hold a password
 * and a command line can be read by everybody. */
static enum cf_status choose_postgres(const struct up *up, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf dsn;
    cf_buf_init(&dsn, 4096);
    if (up->pg != NULL) {
        struct cf_pg *pg = NULL;
        struct cf_fault fault = {0};
        enum cf_status status = cf_pg_open(up->pg, &pg, &fault);
        if (status != CF_OK)
            CF_FAIL_ON(
                reterr_fault, status,
                "cannot use the PostgreSQL of --pg; mend the DSN, or leave it out for a private "
                "server",
                "%s", fault.detail);
        cf_pg_close(pg);
        CF_TRY(cf_buf_append_text(&dsn, up->pg));
    } else {
        struct cf_data_dir_path directory = cf_data_dir_path(&up->dir, "pg");
        const struct cf_cluster_options options = {.directory = directory.text,
                                                   .run_directory = up->dir.run_path};
        CF_TRY(cf_cluster_dsn_of(&options, &dsn, reterr_fault));
    }
    CF_TRY(cf_buf_terminate(&dsn));
    if (setenv("COFFER_PG", (const char *)dsn.data, 1) != 0)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "cannot set the environment");
    return CF_OK;
}

/* One more process: this program's subcommand `name`, with further arguments up to a NULL. */
static void add(struct up *up, int stage, const char *name, ...)
{
    CF_ASSERT(up->child_count < CHILD_COUNT_MAX);
    size_t child = up->child_count++;
    const char **arguments = up->arguments[child];
    size_t count = 0;
    arguments[count++] = up->program;
    arguments[count++] = name;
    arguments[count++] = "--data";
    arguments[count++] = up->dir.path;
    va_list more;
    va_start(more, name);
    for (const char *text = va_arg(more, const char *); text != NULL;
         text = va_arg(more, const char *)) {
        CF_ASSERT(count + 1 < ARGUMENT_COUNT_MAX);
        arguments[count++] = text;
    }
    va_end(more);
    arguments[count] = NULL;
    up->ready[child] = cf_process_ready_path(&up->dir, name);
    unlink(up->ready[child].text);
    up->children[child] = (struct cf_child){
        .name = name, .argv = arguments, .stage = stage, .socket_path = up->ready[child].text};
}

static void print_welcome(void *context)
{
    const struct up *up = context;
    bool six = strchr(up->listen.address, ':') != NULL;
    printf("\nCoffer runs at http://%s%s%s:%u\n  data in %s\n  Ctrl-C stops it.\n", six ? "[" : "",
           up->listen.address, six ? "]" : "", up->listen.port, up->dir.path);
    fflush(stdout);
}

/* The sandbox listens where it is free, and tells the API its news, signed. */
static enum cf_status prepare_sandbox(struct up *up, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_listen_parse("127.0.0.1:0", &up->sandbox, reterr_fault));
    CF_TRY(cf_listen_check(&up->sandbox, reterr_fault));
    snprintf(up->sandbox_listen, sizeof up->sandbox_listen, "%s:%u", up->sandbox.address,
             up->sandbox.port);
    add(up, 0, "sandbox", "--sandbox-listen", up->sandbox_listen, NULL);
    return CF_OK;
}

static enum cf_status prepare(struct up *up, const char *data, const char *listen,
                              struct cf_fault *reterr_fault)
{
    CF_TRY(cf_listen_parse(listen, &up->listen, reterr_fault));
    CF_TRY(cf_listen_check(&up->listen, reterr_fault));
    CF_TRY(cf_data_dir_open(data, &up->dir, reterr_fault));
    CF_TRY(check_space(up, reterr_fault));
    CF_TRY(lock(up, reterr_fault));
    CF_TRY(choose_postgres(up, reterr_fault));
    ssize_t size = readlink("/proc/self/exe", up->program, sizeof up->program - 1);
    if (size < 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot find this program's own file");
    up->program[size] = '\0';
    if (up->pg == NULL)
        add(up, 0, "postgres", NULL);
    CF_TRY(prepare_sandbox(up, reterr_fault));
    return CF_OK;
}

int cf_cli_up(int argc, char **argv)
{
    static struct up up;
    const char *data = NULL, *listen = "127.0.0.1:8080";
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "where everything is kept"),
        CF_OPTION_TEXT("listen", &listen, "WHERE", "ADDRESS:PORT of the pages and the API"),
        CF_OPTION_TEXT("pg", &up.pg, "DSN", "a PostgreSQL of your own"),
    };
    const struct cf_usage usage = {"up", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    struct cf_fault fault = {0};
    if (prepare(&up, data, listen, &fault) != CF_OK)
        return cf_cli_fail("up", &fault);
    const struct cf_supervise_options supervision = {.children = up.children,
                                                     .child_count = up.child_count,
                                                     .ready_timeout_ms = READY_TIMEOUT_MS,
                                                     .ready = print_welcome,
                                                     .context = &up};
    int child_exit = 0;
    enum cf_status status = cf_supervise(&supervision, &child_exit, &fault);
    if (status == CF_OK)
        return CF_EXIT_GOOD;
    int own_exit = cf_cli_fail("up", &fault);
    return child_exit > 0 && child_exit < 128 ? child_exit : own_exit;
}
