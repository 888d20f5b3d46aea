/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a process counts as ready from when it says so until it ends; a signal stops a loop
 * that runs in another thread, once; so does the end without a signal; a child's end is noticed.
 * Shown: on a fresh data directory, by looking for the socket and by signals to this process.
 */
#include "eventstore/sodium.h"
#include "tests/support/cmocka.h"
#include "tools/cli/process.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[] = "/tmp/cf-process-XXXXXX";

static bool looks_ready(const struct cf_process *process)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct cf_data_dir_url path = cf_process_ready_path(&process->dir, process->name);
    assert_true(strlen(path.text) < sizeof address.sun_path);
    memcpy(address.sun_path, path.text, strlen(path.text) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool ready = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return ready;
}

static void test_process__is_ready_from_its_word_to_its_end(void **state)
{
    (void)state;
    struct cf_process process;
    struct cf_fault fault = {0};
    assert_int_equal(cf_process_begin(&process, "sample", directory, &fault), CF_OK);
    assert_false(looks_ready(&process));
    assert_int_equal(cf_process_ready(&process, &fault), CF_OK);
    assert_true(looks_ready(&process));
    cf_process_end(&process);
    assert_false(looks_ready(&process));
}

struct loop {
    sem_t stopped;
    int count;
};

static void stop_loop(void *context)
{
    struct loop *loop = context;
    loop->count++;
    sem_post(&loop->stopped);
}

static void test_process__a_signal_stops_the_loop_once(void **state)
{
    (void)state;
    struct cf_process process;
    struct cf_fault fault = {0};
    struct loop loop = {.count = 0};
    sem_init(&loop.stopped, 0, 0);
    assert_int_equal(cf_process_begin(&process, "sample", directory, &fault), CF_OK);
    assert_int_equal(cf_process_on_stop(&process, stop_loop, &loop, &fault), CF_OK);
    kill(getpid(), SIGTERM);
    while (sem_wait(&loop.stopped) != 0)
        continue;
    cf_process_end(&process);
    assert_int_equal(loop.count, 1);
}

static void test_process__its_end_stops_the_loop_too(void **state)
{
    (void)state;
    struct cf_process process;
    struct cf_fault fault = {0};
    struct loop loop = {.count = 0};
    sem_init(&loop.stopped, 0, 0);
    assert_int_equal(cf_process_begin(&process, "sample", directory, &fault), CF_OK);
    assert_int_equal(cf_process_on_stop(&process, stop_loop, &loop, &fault), CF_OK);
    cf_process_end(&process);
    assert_int_equal(loop.count, 1);
}

static void test_process__tells_a_signal_from_the_end_of_its_child(void **state)
{
    (void)state;
    struct cf_process process;
    struct cf_fault fault = {0};
    assert_int_equal(cf_process_begin(&process, "sample", directory, &fault), CF_OK);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(0);
    assert_false(cf_process_wait(&process, child));
    assert_int_equal(waitpid(child, NULL, 0), child);
    kill(getpid(), SIGINT);
    assert_true(cf_process_wait(&process, 0));
}

static int remove_directory(void **state)
{
    (void)state;
    struct cf_data_dir dir;
    char command[256];
    if (cf_data_dir_open(directory, &dir, NULL) != CF_OK)
        return -1;
    snprintf(command, sizeof command, "rm -r '%s' '%s'", directory, dir.run_path);
    return system(command);
}

int main(void)
{
    cf_sodium_init();
    if (mkdtemp(directory) == NULL)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_process__is_ready_from_its_word_to_its_end),
        cmocka_unit_test(test_process__a_signal_stops_the_loop_once),
        cmocka_unit_test(test_process__its_end_stops_the_loop_too),
        cmocka_unit_test(test_process__tells_a_signal_from_the_end_of_its_child),
    };
    return cmocka_run_group_tests(tests, NULL, remove_directory);
}
