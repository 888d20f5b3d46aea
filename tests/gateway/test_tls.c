/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a provider whose certificate nobody vouches for is not spoken to, nor is one whose certificate is
 * for somebody else; one that is vouched for is.
 * Shown: against OpenSSL's own server with a certificate made for this test.
 */
#include "commands/gateway/http_client.h"
#include "core/base/scope.h"
#include "tests/support/cmocka.h"
#include "tests/support/temp_dir.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

struct fixture {
    struct cf_temp_dir directory;
    char certificate[96], key[96];
    pid_t server;
    int port;
    bool skipped; /* there is no openssl here */
};

static pid_t start(char *const *arguments, int *ret_output)
{
    int ends[2];
    pid_t pid = 0;
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe(ends), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    if (posix_spawnp(&pid, arguments[0], &actions, NULL, arguments, environ) != 0)
        pid = 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *ret_output = ends[0];
    return pid;
}

/* Makes a certificate for 127.0.0.1, and for nobody else. */
static bool make_certificate(struct fixture *fixture)
{
    char subject[] = "/CN=coffer-test", alternative[] = "subjectAltName=IP:127.0.0.1";
    char program[] = "openssl", request[] = "req", x509[] = "-x509", nodes[] = "-nodes";
    char newkey[] = "-newkey", curve[] = "ec", option[] = "-pkeyopt";
    char name[] = "ec_paramgen_curve:prime256v1", days[] = "-days", two[] = "2", subj[] = "-subj";
    char keyout[] = "-keyout", out[] = "-out", addext[] = "-addext";
    char *arguments[] = {program, request,     x509,   nodes,        newkey, curve,
                         option,  name,        days,   two,          subj,   subject,
                         addext,  alternative, keyout, fixture->key, out,    fixture->certificate,
                         NULL};
    int output = -1, status = -1;
    pid_t pid = start(arguments, &output);
    close(output);
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Waits for "ACCEPT 0.0.0.0:PORT". */
static int read_port(int output)
{
    char text[512];
    size_t size = 0;
    while (size < sizeof text - 1) {
        ssize_t got = read(output, text + size, 1);
        if (got <= 0)
            return 0;
        size += (size_t)got;
        text[size] = '\0';
        if (text[size - 1] == '\n' && strncmp(text, "ACCEPT", 6) == 0)
            return (int)strtol(strrchr(text, ':') + 1, NULL, 10);
        if (text[size - 1] == '\n')
            size = 0;
    }
    return 0;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    cf_temp_dir_make(&fixture->directory);
    snprintf(fixture->certificate, sizeof fixture->certificate, "%s/cert.pem",
             fixture->directory.path);
    snprintf(fixture->key, sizeof fixture->key, "%s/key.pem", fixture->directory.path);
    *state = fixture;
    fixture->skipped = !make_certificate(fixture);
    if (fixture->skipped)
        return 0;
    char program[] = "openssl", server[] = "s_server", accept[] = "-accept", any[] = "127.0.0.1:0";
    char cert[] = "-cert", key[] = "-key", www[] = "-www";
    char *arguments[] = {program, server,       accept, any, cert, fixture->certificate,
                         key,     fixture->key, www,    NULL};
    int output = -1;
    fixture->server = start(arguments, &output);
    fixture->port = read_port(output);
    close(output);
    return fixture->port == 0 ? -1 : 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture->server > 0) {
        kill(fixture->server, SIGKILL);
        waitpid(fixture->server, NULL, 0);
    }
    cf_temp_dir_remove(&fixture->directory);
    free(fixture);
    return 0;
}

/* How a GET ends, trusting `ca_file` (NULL: whom the system trusts). */
static enum cf_status get(const char *host, int port, const char *ca_file, struct cf_fault *fault)
{
    char url[128];
    long status = 0;
    struct cf_buf body;
    struct cf_http_client *client = NULL;
    const struct cf_http_client_options options = {.ca_file = ca_file};
    cf_buf_init(&body, 1 << 20);
    assert_int_equal(cf_http_client_open(&options, &client, NULL), CF_OK);
    snprintf(url, sizeof url, "https://%s:%d/", host, port);
    const struct cf_http_call call = {.method = "GET", .url = url};
    enum cf_status result = cf_http_client_perform(client, &call, &status, &body, fault);
    cf_http_client_close(client);
    cf_buf_clean_up(&body);
    return result;
}

static void test_tls__is_verified(void **state)
{
    const struct fixture *fixture = *state;
    struct cf_fault fault = {0};
    if (fixture->skipped) {
        print_message("SKIPPED: openssl is not there to make a certificate\n");
        skip();
    }
    assert_int_equal(get("127.0.0.1", fixture->port, NULL, &fault), CF_IO);
    assert_non_null(strstr(fault.detail, "certificate"));
    assert_int_equal(get("127.0.0.1", fixture->port, fixture->certificate, &fault), CF_OK);
    assert_int_equal(get("localhost", fixture->port, fixture->certificate, &fault), CF_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tls__is_verified, set_up, tear_down),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
