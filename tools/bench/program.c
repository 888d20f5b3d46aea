/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bench/program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum cf_status cf_bench_program(const char *const *argv, const char *output_path,
                                struct cf_fault *reterr_fault)
{
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO,
                                     output_path == NULL ? "/dev/null" : output_path,
                                     O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t child;
    int failure =
        posix_spawnp(&child, argv[0], &files, NULL, (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (failure == ENOENT)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "a program that measures is not installed", "%s",
                   argv[0]);
    if (failure != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot start a program", "%s: %s", argv[0],
                   strerror(failure));
    int ended = 0;
    while (waitpid(child, &ended, 0) < 0)
        if (errno != EINTR)
            CF_FAIL_ON(reterr_fault, CF_IO, "lost a program", "%s", argv[0]);
    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "a program failed", "%s", argv[0]);
    return CF_OK;
}
