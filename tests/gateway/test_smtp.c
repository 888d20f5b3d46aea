/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a letter reaches a mail server whole, whatever its lines begin with; a server's refusal is the
 * last word on that letter alone, and about that letter alone; anything else is tried again later.
 * Shown: against a server of forty lines, on a socket.
 */
#include "commands/gateway/mail_port.h"
#include "tests/support/cmocka.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

/* A mail server for one letter. */
struct server {
    int listener;
    char url[64];
    const char *refuse; /* the command (or "greeting") that is answered differently; NULL: none */
    const char *with;   /* how; NULL: the connection is closed */
    pthread_t thread;
    char heard[8192]; /* all that was said to it */
};

static bool begins(const char *line, const char *with)
{
    return with != NULL && strncmp(line, with, strlen(with)) == 0;
}

static void *serve(void *context)
{
    struct server *server = context;
    int one = accept(server->listener, NULL, NULL);
    FILE *in = fdopen(one, "r"), *out = fdopen(dup(one), "w");
    char line[1024];
    bool data = false;
    fprintf(out, "%s\r\n", begins("greeting", server->refuse) ? server->with : "220 mail.example");
    while (fflush(out) == 0 && fgets(line, sizeof line, in) != NULL) {
        strncat(server->heard, line, sizeof server->heard - strlen(server->heard) - 1);
        if (data && strcmp(line, ".\r\n") != 0)
            continue;
        if (begins(line, server->refuse) && server->with == NULL)
            break;
        if (begins(line, server->refuse))
            fprintf(out, "%s\r\n", server->with);
        else if (begins(line, "EHLO"))
            fputs("250-mail.example\r\n250 AUTH PLAIN\r\n", out);
        else if (begins(line, "AUTH"))
            fputs("334 \r\n", out);
        else if (begins(line, "AGNvZmZlcgBzZWNyZXQ=")) /* NUL coffer NUL secret */
            fputs("235 welcome\r\n", out);
        else if (begins(line, "DATA"))
            fputs("354 go on\r\n", out);
        else
            fputs("250 fine\r\n", out);
        data = !data && begins(line, "DATA");
        if (begins(line, "QUIT"))
            break;
    }
    fclose(out);
    fclose(in);
    return NULL;
}

static void server_start(struct server *server, const char *refuse, const char *with)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    *server = (struct server){
        .listener = socket(AF_INET, SOCK_STREAM, 0), .refuse = refuse, .with = with};
    assert_int_equal(bind(server->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(server->listener, 1), 0);
    assert_int_equal(getsockname(server->listener, (struct sockaddr *)&address, &size), 0);
    snprintf(server->url, sizeof server->url, "smtp://127.0.0.1:%u", ntohs(address.sin_port));
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void server_end(struct server *server)
{
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static const struct cf_letter letter = {
    .name = "name-1",
    .from = "coffer@example.org",
    .to = "ada@example.org",
    .text = CF_BYTES_LITERAL("Subject: A receipt\r\n\r\nDear Ada,\r\n.\r\n..two\r\nlast\r\n")};

static enum cf_status send_to(const char *url, const char *user, struct cf_fault *fault)
{
    struct cf_mail_port *port = NULL;
    assert_int_equal(cf_smtp_open(url, user, user == NULL ? NULL : "secret", &port, NULL), CF_OK);
    enum cf_status status = cf_mail_port_send(port, &letter, fault);
    cf_mail_port_close(port);
    return status;
}

static void test_smtp__hands_over_the_whole_letter(void **state)
{
    (void)state;
    struct server server;
    server_start(&server, NULL, NULL);
    assert_int_equal(send_to(server.url, NULL, NULL), CF_OK);
    server_end(&server);
    assert_non_null(strstr(server.heard, "MAIL FROM:<coffer@example.org>"));
    assert_non_null(strstr(server.heard, "RCPT TO:<ada@example.org>\r\nDATA\r\n"));
    /* A line that begins with a dot gets one more on the way: the server takes it off. */
    assert_non_null(
        strstr(server.heard,
               "Subject: A receipt\r\n\r\nDear Ada,\r\n..\r\n...two\r\nlast\r\n.\r\nQUIT\r\n"));
    assert_null(strstr(server.heard, "AUTH"));
}

static void test_smtp__says_who_we_are_where_that_is_set(void **state)
{
    (void)state;
    struct server server;
    server_start(&server, NULL, NULL);
    assert_int_equal(send_to(server.url, "coffer", NULL), CF_OK);
    server_end(&server);
    assert_non_null(strstr(server.heard, "AUTH PLAIN\r\nAGNvZmZlcgBzZWNyZXQ=\r\nMAIL FROM"));
}

static void test_smtp__tells_a_last_word_from_bad_weather(void **state)
{
    (void)state;
    static const struct {
        const char *refuse, *with;
        enum cf_status status;
    } rows[] = {
        {"RCPT", "550 5.1.1 there is no such person", CF_INVALID},
        {"RCPT", "450 4.2.1 come back later", CF_IO},
        {"MAIL", "451 4.3.0 not now", CF_IO},
        {".", "554 5.7.1 that looks like spam", CF_INVALID},
        {"DATA", NULL, CF_IO},
        {".", NULL, CF_IO},
        {"greeting", "554 5.3.2 no service here", CF_IO},
        {"AGNvZmZlcgBzZWNyZXQ=", "535 5.7.8 wrong password", CF_IO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct server server;
        struct cf_fault fault = {0};
        server_start(&server, rows[i].refuse, rows[i].with);
        assert_int_equal(send_to(server.url, "coffer", &fault), rows[i].status);
        server_end(&server);
    }
}

static void test_smtp__nobody_there_is_bad_weather(void **state)
{
    (void)state;
    struct cf_mail_port *port = NULL;
    assert_int_equal(send_to("smtp://127.0.0.1:1", NULL, NULL), CF_IO);
    assert_int_equal(cf_smtp_open("http://127.0.0.1", NULL, NULL, &port, NULL), CF_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smtp__hands_over_the_whole_letter),
        cmocka_unit_test(test_smtp__says_who_we_are_where_that_is_set),
        cmocka_unit_test(test_smtp__tells_a_last_word_from_bad_weather),
        cmocka_unit_test(test_smtp__nobody_there_is_bad_weather),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
