/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting, watching and stopping. Making a cluster is in cluster_make.c.
 */
#include "projections/cluster.h"

#include "core/base/assert.h"
#include "core/base/scope.h"
#include "projections/cluster_private.h"
#include "projections/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum {
    START_DEADLINE_MS = 60000, /* recovery after a crash may replay a good deal of WAL */
    STOP_DEADLINE_MS = 30000,
    WAIT_STEP_MS = 20,
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void wait_a_step(void)
{
    poll(NULL, 0, WAIT_STEP_MS);
}

/* True when this process is a PostgreSQL server of that data directory. */
static bool is_our_server(pid_t pid, const char *data_directory)
{
    char path[64], link[PATH_MAX] = "";
    snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
    ssize_t size = readlink(path, link, sizeof link - 1);
    char real[PATH_MAX];
    return size > 0 && realpath(data_directory, real) != NULL && strcmp(link, real) == 0;
}

/* Stops what an earlier process left running, and removes a pid file that nobody stands behind. */
static enum cf_status clear_leftovers(const struct cf_cluster *cluster,
                                      struct cf_fault *reterr_fault)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/cluster/postmaster.pid", cluster->directory);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return CF_OK;
    char line[32] = "";
    bool is_read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    pid_t pid = is_read ? (pid_t)strtol(line, NULL, 10) : 0;

    char data_directory[PATH_MAX];
    snprintf(data_directory, sizeof data_directory, "%s/cluster", cluster->directory);
    int64_t deadline_ms = now_ms() + STOP_DEADLINE_MS;
    for (int signal_number = SIGINT; pid > 1 && is_our_server(pid, data_directory);) {
        if (now_ms() > deadline_ms)
            CF_FAIL_ON(reterr_fault, CF_TIMEOUT, "an earlier PostgreSQL does not stop", "pid %d",
                       (int)pid);
        if (signal_number != 0)
            kill(pid, signal_number);
        signal_number = 0;
        wait_a_step();
    }
    if (unlink(path) != 0 && errno != ENOENT)
        CF_FAIL_ON(reterr_fault, CF_IO, "a stale pid file cannot be removed", "%s: %s", path,
                   strerror(errno));
    return CF_OK;
}

/* Runs in the child: becomes the server. */
static _Noreturn void become_server(const struct cf_cluster *cluster, pid_t parent, int log_fd)
{
    setpgid(0, 0); /* a Ctrl-C at the terminal is for the parent, which then stops us in order */
    if (cf_cluster__become_user(cluster) != 0)
        _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGINT);
    if (getppid() != parent)
        _exit(125);
    dup2(log_fd, STDOUT_FILENO);
    dup2(log_fd, STDERR_FILENO);
    char data_directory[PATH_MAX], program[PATH_MAX];
    snprintf(data_directory, sizeof data_directory, "%s/cluster", cluster->directory);
    snprintf(program, sizeof program, "%s/postgres", cluster->programs);
    execl(program, program, "-D", data_directory, (char *)NULL);
    _exit(127);
}

static enum cf_status spawn(struct cf_cluster *cluster, struct cf_fault *reterr_fault)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/log", cluster->directory);
    CF_CLEANUP(cf_scope_close)
    int log_fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "the server's log cannot be opened", "%s: %s", path,
                   strerror(errno));
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "no process for PostgreSQL", "%s", strerror(errno));
    if (pid == 0)
        become_server(cluster, parent, log_fd);
    cluster->pid = pid;
    return CF_OK;
}

/* The last line of the server's log that holds a phrase; empty where none does. */
static void find_line(const struct cf_cluster *cluster, const char *phrase, char *ret_text,
                      size_t size)
{
    char path[PATH_MAX], line[256];
    ret_text[0] = '\0';
    snprintf(path, sizeof path, "%s/log", cluster->directory);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strstr(line, phrase) != NULL)
            snprintf(ret_text, size, "%s", line);
    }
    fclose(file);
}

/* What the server said of its end, for a fault. */
static void last_words(const struct cf_cluster *cluster, char *ret_text, size_t size)
{
    find_line(cluster, "FATAL", ret_text, size);
    if (ret_text[0] == '\0')
        find_line(cluster, "", ret_text, size);
}

/* True when the server has ended; the pid is gone then. */
static bool is_gone(struct cf_cluster *cluster)
{
    if (cluster->pid > 0 && waitpid(cluster->pid, NULL, WNOHANG) == cluster->pid)
        cluster->pid = 0;
    return cluster->pid <= 0;
}

static enum cf_status wait_until_up(struct cf_cluster *cluster, struct cf_fault *reterr_fault)
{
    int64_t deadline_ms = now_ms() + START_DEADLINE_MS;
    for (;;) {
        struct cf_pg *pg = NULL;
        struct cf_fault fault = {0};
        enum cf_status status = cf_pg_open(cluster->owner_dsn, &pg, &fault);
        cf_pg_close(pg);
        if (status == CF_OK)
            return CF_OK;
        bool gone = is_gone(cluster);
        if (gone || status == CF_DENIED || now_ms() > deadline_ms) {
            char words[160];
            last_words(cluster, words, sizeof words);
            CF_FAIL_ON(reterr_fault, gone ? CF_IO : CF_TIMEOUT, "PostgreSQL does not start", "%s",
                       words[0] != '\0' ? words : fault.detail);
        }
        wait_a_step();
    }
}

/* The children of a server that was killed end by themselves a moment later; until then they hold
 * its shared memory, and no other server may begin. They write to the same log, so its last words may
 * be theirs. */
static bool is_held_by_orphans(const struct cf_cluster *cluster)
{
    char words[160];
    find_line(cluster, "pre-existing shared memory block", words, sizeof words);
    return words[0] != '\0';
}

static enum cf_status bring_up(struct cf_cluster *cluster, struct cf_fault *reterr_fault)
{
    int64_t deadline_ms = now_ms() + START_DEADLINE_MS;
    for (;;) {
        CF_TRY(spawn(cluster, reterr_fault));
        enum cf_status status = wait_until_up(cluster, reterr_fault);
        if (status != CF_IO || now_ms() > deadline_ms || !is_held_by_orphans(cluster))
            return status;
        wait_a_step();
    }
}

static enum cf_status start(struct cf_cluster *cluster, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_cluster__make(cluster, reterr_fault));
    CF_TRY(clear_leftovers(cluster, reterr_fault));
    CF_TRY(cf_cluster__configure(cluster, reterr_fault));
    CF_TRY(bring_up(cluster, reterr_fault));
    return cf_cluster__make_database(cluster, reterr_fault);
}

enum cf_status cf_cluster_start(const struct cf_cluster_options *options,
                                struct cf_cluster **ret_cluster, struct cf_fault *reterr_fault)
{
    struct cf_cluster *cluster = NULL;
    CF_TRY(cf_cluster__new(options, &cluster, reterr_fault));
    enum cf_status status = start(cluster, reterr_fault);
    if (status != CF_OK) {
        cf_cluster_stop(cluster);
        return status;
    }
    *ret_cluster = cluster;
    return CF_OK;
}

void cf_cluster_stop(struct cf_cluster *cluster)
{
    if (cluster == NULL)
        return;
    if (!is_gone(cluster)) {
        kill(cluster->pid, SIGINT);
        int64_t deadline_ms = now_ms() + STOP_DEADLINE_MS;
        while (!is_gone(cluster) && now_ms() < deadline_ms)
            wait_a_step();
        /* An immediate shutdown loses nothing that is committed; the next start recovers. */
        if (!is_gone(cluster))
            kill(cluster->pid, SIGQUIT);
        while (!is_gone(cluster) && now_ms() < deadline_ms + STOP_DEADLINE_MS)
            wait_a_step();
    }
    cf_cluster__free(cluster);
}

const char *cf_cluster_dsn(const struct cf_cluster *cluster)
{
    return cluster->dsn;
}

pid_t cf_cluster_pid(const struct cf_cluster *cluster)
{
    return cluster->pid;
}

enum cf_status cf_cluster_health(struct cf_cluster *cluster, struct cf_fault *reterr_fault)
{
    if (is_gone(cluster)) {
        char words[160];
        last_words(cluster, words, sizeof words);
        CF_FAIL_ON(reterr_fault, CF_CLOSED, "PostgreSQL has ended", "%s", words);
    }
    struct cf_pg *pg = NULL;
    enum cf_status status = cf_pg_open(cluster->dsn, &pg, reterr_fault);
    cf_pg_close(pg);
    return status;
}
