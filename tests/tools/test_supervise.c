/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: children start stage by stage, a killed one comes back, a signal stops the stages in
 * reverse, a child that cannot start stops everybody with its exit code, and nobody outlives the
 * supervisor.
 * Shown: the supervisor runs in a process of its own; its children are this very program, which
 * listens on a socket and writes down in a shared file what happens to it.
 */
#include "core/base/scope.h"
#include "tests/support/cmocka.h"
#include "tools/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define SELF "/proc/self/exe"

static char directory[] = "/tmp/cf-supervise-XXXXXX";
static char journal[64];

static void note(const char *name, const char *what)
{
    char line[96];
    int size = snprintf(line, sizeof line, "%s %s %ld\n", name, what, (long)getpid());
    int fd = open(journal, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, line, (size_t)size) != size)
        abort();
    close(fd);
}

/* What a child does: `NAME DIRECTORY` listens on DIRECTORY/NAME until SIGTERM. A child named
 * "broken" ends with 3, one named "deaf" never listens. */
static int be_a_child(const char *name, const char *where)
{
    snprintf(journal, sizeof journal, "%s/journal", where);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    note(name, "began");
    if (strcmp(name, "broken") == 0)
        return 3;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", where, name);
    unlink(address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool deaf = strcmp(name, "deaf") == 0;
    if (!deaf &&
        (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 16) != 0))
        return 4;
    int signal_number;
    sigwait(&signals, &signal_number);
    note(name, "stopped");
    return 0;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The pid in the nth line "name what pid" of the journal, or 0. */
static pid_t noted(const char *name, const char *what, int nth)
{
    FILE *file = fopen(journal, "re");
    if (file == NULL)
        return 0;
    char a[32], b[32];
    long pid = 0, found = 0;
    while (found == 0 && fscanf(file, "%31s %31s %ld", a, b, &pid) == 3) {
        if (strcmp(a, name) == 0 && strcmp(b, what) == 0 && --nth == 0)
            found = pid;
    }
    fclose(file);
    return (pid_t)found;
}

static pid_t wait_noted(const char *name, const char *what, int nth)
{
    for (int64_t until = now_ms() + PATIENCE_MS; now_ms() < until; poll(NULL, 0, 2)) {
        pid_t pid = noted(name, what, nth);
        if (pid != 0)
            return pid;
    }
    fail_msg("%s never %s", name, what);
    return 0;
}

/* 0 is gone: it never began. */
static void wait_gone(pid_t pid)
{
    if (pid == 0)
        return;
    for (int64_t until = now_ms() + PATIENCE_MS; now_ms() < until; poll(NULL, 0, 2)) {
        if (kill(pid, 0) != 0 && errno == ESRCH)
            return;
    }
    fail_msg("process %ld is still there", (long)pid);
}

static void on_ready(void *context)
{
    (void)context;
    note("supervisor", "ready");
}

/* Supervises the named children, one stage each, in a process of its own. It ends with 100 + status
 * when supervision failed with a child's exit code 3, else with the status. */
static pid_t supervise(const char *const *names, size_t count, int ready_timeout_ms)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    struct cf_child children[4];
    const char *arguments[4][5];
    char sockets[4][96];
    for (size_t i = 0; i < count; i++) {
        const char *name = names[i];
        snprintf(sockets[i], sizeof sockets[i], "%s/%s", directory, names[i]);
        memcpy(arguments[i], (const char *[]){SELF, "child", name, directory, NULL},
               sizeof arguments[i]);
        children[i] = (struct cf_child){
            .name = name, .argv = arguments[i], .stage = (int)i, .socket_path = sockets[i]};
    }
    int exit_code = 0;
    struct cf_fault fault = {0};
    const struct cf_supervise_options options = {.children = children,
                                                 .child_count = count,
                                                 .ready_timeout_ms = ready_timeout_ms,
                                                 .ready = on_ready};
    enum cf_status status = cf_supervise(&options, &exit_code, &fault);
    _exit((exit_code == 3 ? 100 : 0) + (int)status);
}

static int exit_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int line_of(const char *name, const char *what)
{
    FILE *file = fopen(journal, "re");
    assert_non_null(file);
    char a[32], b[32];
    long pid;
    int line = 0, found = 0;
    while (found == 0 && fscanf(file, "%31s %31s %ld", a, b, &pid) == 3) {
        line++;
        if (strcmp(a, name) == 0 && strcmp(b, what) == 0)
            found = line;
    }
    fclose(file);
    assert_true(found > 0);
    return found;
}

static void test_supervise__starts_and_stops_in_order(void **state)
{
    (void)state;
    const char *const names[] = {"first", "second", "third"};
    pid_t pid = supervise(names, 3, PATIENCE_MS);
    wait_noted("supervisor", "ready", 1);
    assert_true(line_of("first", "began") < line_of("second", "began"));
    assert_true(line_of("second", "began") < line_of("third", "began"));
    kill(pid, SIGINT);
    assert_int_equal(exit_of(pid), CF_OK);
    assert_true(line_of("third", "stopped") < line_of("second", "stopped"));
    assert_true(line_of("second", "stopped") < line_of("first", "stopped"));
    wait_gone(noted("first", "began", 1));
}

static void test_supervise__a_killed_child_comes_back(void **state)
{
    (void)state;
    const char *const names[] = {"first", "second"};
    pid_t pid = supervise(names, 2, PATIENCE_MS);
    wait_noted("supervisor", "ready", 1);
    for (int round = 1; round <= 3; round++) {
        kill(noted("first", "began", round), SIGKILL);
        wait_noted("first", "began", round + 1);
    }
    assert_int_equal(noted("second", "began", 2), 0);
    kill(pid, SIGTERM);
    assert_int_equal(exit_of(pid), CF_OK);
}

static void test_supervise__a_child_that_cannot_start_stops_everybody(void **state)
{
    (void)state;
    const char *const names[] = {"first", "broken", "third"};
    assert_int_equal(exit_of(supervise(names, 3, PATIENCE_MS)), 100 + CF_CLOSED);
    assert_int_equal(noted("third", "began", 1), 0);
    wait_gone(noted("first", "began", 1));
}

static void test_supervise__waits_only_so_long_for_readiness(void **state)
{
    (void)state;
    const char *const names[] = {"first", "deaf"};
    assert_int_equal(exit_of(supervise(names, 2, 300)), CF_TIMEOUT);
    wait_gone(noted("deaf", "began", 1));
}

static void test_supervise__nobody_outlives_it(void **state)
{
    (void)state;
    const char *const names[] = {"first", "second"};
    pid_t pid = supervise(names, 2, PATIENCE_MS);
    wait_noted("supervisor", "ready", 1);
    kill(pid, SIGKILL);
    int status;
    waitpid(pid, &status, 0);
    wait_noted("first", "stopped", 1);
    wait_noted("second", "stopped", 1);
}

static int set_up(void **state)
{
    (void)state;
    unlink(journal);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "child") == 0)
        return be_a_child(argv[2], argv[3]);
    if (mkdtemp(directory) == NULL)
        return 1;
    snprintf(journal, sizeof journal, "%s/journal", directory);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_supervise__starts_and_stops_in_order, set_up),
        cmocka_unit_test_setup(test_supervise__a_killed_child_comes_back, set_up),
        cmocka_unit_test_setup(test_supervise__a_child_that_cannot_start_stops_everybody, set_up),
        cmocka_unit_test_setup(test_supervise__waits_only_so_long_for_readiness, set_up),
        cmocka_unit_test_setup(test_supervise__nobody_outlives_it, set_up),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    char command[96];
    snprintf(command, sizeof command, "rm -r '%s'", directory);
    return system(command) == 0 ? result : 1;
}
