/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMTP goes through the same library as HTTP. Letters are few and may take their time: each is one
 * connection of its own, on the thread that sends it.
 */
#include "commands/gateway/mail_port.h"

#include "core/base/assert.h"

#include <curl/curl.h>
#include <stdio.h>

#define ADDRESS_SIZE 400
#define TIMEOUT_MS 30000L

struct smtp {
    struct cf_mail_port port; /* first, so that one leads to the other */
    char *url, *user, *password;
};

/* What is left to be sent. */
static size_t on_read(char *ret_bytes, size_t one, size_t size, void *context)
{
    struct cf_bytes *left = context;
    size_t taken = left->size < one * size ? left->size : one * size;
    memcpy(ret_bytes, left->data, taken);
    *left = cf_bytes_from(left->data + taken, left->size - taken);
    return taken;
}

static bool is_local(const char *url)
{
    const char *host = strstr(url, "://");
    return host != NULL &&
           (strncmp(host, "://127.0.0.1", 12) == 0 || strncmp(host, "://localhost", 12) == 0 ||
            strncmp(host, "://[::1]", 8) == 0);
}

static void set_options(const struct smtp *smtp, CURL *easy, const char *from,
                        struct curl_slist *recipients, struct cf_bytes *left, char *message)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_URL, smtp->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_USE_SSL,
                     (long)(is_local(smtp->url) ? CURLUSESSL_TRY : CURLUSESSL_ALL));
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, message);
    if (smtp->user != NULL) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, smtp->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, smtp->password);
    }
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, left);
}

static enum cf_status send_letter(struct cf_mail_port *port, const struct cf_letter *letter,
                                  struct cf_fault *reterr_fault)
{
    const struct smtp *smtp = (const struct smtp *)port;
    char from[ADDRESS_SIZE], to[ADDRESS_SIZE], message[CURL_ERROR_SIZE] = "";
    struct cf_bytes left = letter->text;
    snprintf(from, sizeof from, "<%s>", letter->from);
    if (snprintf(to, sizeof to, "<%s>", letter->to) >= ADDRESS_SIZE)
        CF_FAIL(reterr_fault, CF_INVALID, "an address that is too long");
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    CURL *easy = curl_easy_init();
    if (easy == NULL || recipients == NULL) {
        curl_easy_cleanup(easy);
        curl_slist_free_all(recipients);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "sending a letter");
    }
    set_options(smtp, easy, from, recipients, &left, message);
    CURLcode code = curl_easy_perform(easy);
    long reply = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply);
    curl_easy_cleanup(easy);
    curl_slist_free_all(recipients);
    if (code == CURLE_OK)
        return CF_OK;
    /* A reply of 5xx to the address or the text is the server's last word on this letter. Instead of a
     * greeting, or to our password, it is about us and will be mended. */
    bool asked = code == CURLE_SEND_ERROR || left.size == 0;
    bool over = asked && reply >= 500 && reply < 600;
    CF_FAIL_ON(reterr_fault, over ? CF_INVALID : CF_IO, "a letter was not taken", "%ld %s", reply,
               message[0] == '\0' ? curl_easy_strerror(code) : message);
}

static void close_port(struct cf_mail_port *port)
{
    struct smtp *smtp = (struct smtp *)port;
    free(smtp->url);
    free(smtp->user);
    free(smtp->password);
    free(smtp);
}

static const struct cf_mail_port_ops ops = {.send = send_letter, .close = close_port};

static char *copied(const char *text)
{
    char *copy = text == NULL ? NULL : strdup(text);
    CF_ASSERT(text == NULL || copy != NULL);
    return copy;
}

enum cf_status cf_smtp_open(const char *url, const char *user, const char *password,
                            struct cf_mail_port **ret_port, struct cf_fault *reterr_fault)
{
    if (strncmp(url, "smtp://", 7) != 0 && strncmp(url, "smtps://", 8) != 0)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "not an SMTP server's URL", "%s", url);
    struct smtp *smtp = calloc(1, sizeof *smtp);
    if (smtp == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "an SMTP port");
    smtp->port.ops = &ops;
    smtp->url = copied(url);
    smtp->user = copied(user);
    smtp->password = copied(password);
    *ret_port = &smtp->port;
    return CF_OK;
}
