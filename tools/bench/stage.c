/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bench/stage.h"

#include "commands/gateway/stripe.h"
#include "tools/cli/listen.h"
#include "tools/cli/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 24
#define READY_TIMEOUT_MS 30000
#define READY_POLL_MS 20
#define KEEPER_TIMEOUT_MS 30000

extern char **environ;

static const char *const names[CF_STAGE_PROCESSES] = {
    [CF_STAGE_SANDBOX] = "sandbox",
    [CF_STAGE_WRITER] = "writer",
    [CF_STAGE_KEEPER] = "keeper",
    [CF_STAGE_GATEWAY] = "gateway",
};

static bool is_ready(const struct cf_stage *stage, int which)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct cf_data_dir_url path = cf_process_ready_path(&stage->dir, names[which]);
    memcpy(address.sun_path, path.text, strnlen(path.text, sizeof address.sun_path - 1));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ready = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0)
        close(fd);
    return ready;
}

static enum cf_status await(struct cf_stage *stage, int which, struct cf_fault *reterr_fault)
{
    for (int waited_ms = 0; waited_ms < READY_TIMEOUT_MS; waited_ms += READY_POLL_MS) {
        if (is_ready(stage, which))
            return CF_OK;
        if (waitpid(stage->children[which], NULL, WNOHANG) == stage->children[which]) {
            stage->children[which] = 0;
            CF_FAIL_ON(reterr_fault, CF_IO, "a process ended at its start", "%s", names[which]);
        }
        poll(NULL, 0, READY_POLL_MS);
    }
    CF_FAIL_ON(reterr_fault, CF_TIMEOUT, "a process does not become ready", "%s", names[which]);
}

/* `coffer NAME --data … more`, and waits until it is ready. */
static enum cf_status start(struct cf_stage *stage, int which, const char *data,
                            const char *const *more, struct cf_fault *reterr_fault)
{
    const char *argv[ARGUMENTS_MAX] = {"/proc/self/exe", names[which], "--data", data};
    for (size_t i = 0; more[i] != NULL; i++)
        argv[4 + i] = more[i];
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    int failure = posix_spawn(&stage->children[which], argv[0], &files, NULL,
                              (char *const *)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (failure != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot start a process", "%s: %s", names[which],
                   strerror(failure));
    return await(stage, which, reterr_fault);
}

static enum cf_status start_all(struct cf_stage *stage, const char *data, bool limited,
                                struct cf_fault *reterr_fault)
{
    struct cf_listen listen = {.address = "127.0.0.1"};
    char listen_text[32], url[64];
    CF_TRY(cf_listen_check(&listen, reterr_fault));
    snprintf(listen_text, sizeof listen_text, "127.0.0.1:%u", listen.port);
    snprintf(url, sizeof url, "http://%s", listen_text);
    const char *const clock[] = {"--clock", "simulated", "--genesis", CF_STAGE_GENESIS, NULL};
    const char *const sandbox[] = {"--sandbox-listen", listen_text, clock[0], clock[1],
                                   clock[2],           clock[3],    NULL};
    char endpoint_limit[16], global_limit[16];
    snprintf(endpoint_limit, sizeof endpoint_limit, "%d", limited ? CF_STRIPE_ENDPOINT_LIMIT : 0);
    snprintf(global_limit, sizeof global_limit, "%d", limited ? CF_STRIPE_GLOBAL_LIMIT : 0);
    /* No notices: what this measures is told by the provider's answers. */
    const char *const gateway[] = {"--stripe-key",
                                   "sk_test_coffer",
                                   "--stripe-url",
                                   url,
                                   "--poll-s",
                                   "0",
                                   "--stripe-endpoint-limit",
                                   endpoint_limit,
                                   "--stripe-global-limit",
                                   global_limit,
                                   NULL};
    const char *const nothing[] = {NULL};
    CF_TRY(start(stage, CF_STAGE_SANDBOX, data, sandbox, reterr_fault));
    CF_TRY(start(stage, CF_STAGE_WRITER, data, clock, reterr_fault));
    CF_TRY(start(stage, CF_STAGE_KEEPER, data, nothing, reterr_fault));
    CF_TRY(start(stage, CF_STAGE_GATEWAY, data, gateway, reterr_fault));
    return cf_import_provider_open(url, &stage->provider, reterr_fault);
}

enum cf_status cf_stage_open(struct cf_stage *stage, const char *data, bool limited,
                             struct cf_fault *reterr_fault)
{
    memset(stage, 0, sizeof *stage);
    CF_TRY(cf_data_dir_open(data, &stage->dir, reterr_fault));
    CF_TRY(start_all(stage, data, limited, reterr_fault));
    CF_TRY(cf_range_client_open(cf_data_dir_socket(&stage->dir, "range").text,
                                cf_data_dir_socket(&stage->dir, "head").text, &stage->tools.log,
                                reterr_fault));
    CF_TRY(cf_import_sender_open(cf_data_dir_socket(&stage->dir, "writer").text,
                                 &stage->tools.sender, reterr_fault));
    CF_TRY(cf_keeper_client_open(cf_data_dir_socket(&stage->dir, "keeper").text, KEEPER_TIMEOUT_MS,
                                 &stage->tools.keeper, reterr_fault));
    stage->tools.provider = &stage->provider;
    stage->tools.stop = &stage->stop;
    stage->clock = (struct cf_import_clock){.sender = stage->tools.sender,
                                            .provider = &stage->provider,
                                            .log = stage->tools.log,
                                            .stop = &stage->stop};
    return CF_OK;
}

void cf_stage_close(struct cf_stage *stage)
{
    cf_range_client_close(stage->tools.log);
    cf_keeper_client_close(stage->tools.keeper);
    cf_import_sender_close(stage->tools.sender);
    cf_import_provider_close(&stage->provider);
    for (int which = CF_STAGE_PROCESSES - 1; which >= 0; which--) {
        if (stage->children[which] <= 0)
            continue;
        kill(stage->children[which], SIGTERM);
        while (waitpid(stage->children[which], NULL, 0) < 0 && errno == EINTR)
            continue;
        stage->children[which] = 0;
    }
}
