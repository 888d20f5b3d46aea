/* SPDX-License-Identifier: Apache-2.0 */
#include "commands/gateway/mail_port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define PATH_SIZE 4096

struct maildir {
    struct cf_mail_port port; /* first, so that one leads to the other */
    char *directory;
};

static enum cf_status write_all(int fd, struct cf_bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t size = write(fd, bytes.data, bytes.size);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            return errno == ENOSPC ? CF_NO_SPACE : CF_IO;
        bytes = cf_bytes_from(bytes.data + size, bytes.size - (size_t)size);
    }
    return fsync(fd) == 0 ? CF_OK : CF_IO;
}

/* A name that is there already was sent before. */
static enum cf_status send_letter(struct cf_mail_port *port, const struct cf_letter *letter,
                                  struct cf_fault *reterr_fault)
{
    const struct maildir *maildir = (const struct maildir *)port;
    char fresh[PATH_SIZE], final[PATH_SIZE];
    snprintf(fresh, sizeof fresh, "%s/tmp/%s", maildir->directory, letter->name);
    snprintf(final, sizeof final, "%s/new/%s", maildir->directory, letter->name);
    CF_CLEANUP(cf_scope_close)
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot write a letter", "%s: %s", fresh, strerror(errno));
    enum cf_status status = write_all(fd, letter->text);
    if (status == CF_OK && link(fresh, final) != 0 && errno != EEXIST)
        status = CF_IO;
    int reason = errno;
    unlink(fresh);
    if (status != CF_OK)
        CF_FAIL_ON(reterr_fault, status, "cannot write a letter", "%s: %s", final,
                   strerror(reason));
    return CF_OK;
}

static void close_port(struct cf_mail_port *port)
{
    struct maildir *maildir = (struct maildir *)port;
    free(maildir->directory);
    free(maildir);
}

static const struct cf_mail_port_ops ops = {.send = send_letter, .close = close_port};

enum cf_status cf_maildir_open(const char *directory, struct cf_mail_port **ret_port,
                               struct cf_fault *reterr_fault)
{
    static const char *const folders[] = {"", "/tmp", "/new", "/cur"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[PATH_SIZE];
        if (snprintf(path, sizeof path, "%s%s", directory, folders[i]) >= PATH_SIZE - 256 ||
            (mkdir(path, 0700) != 0 && errno != EEXIST))
            CF_FAIL_ON(reterr_fault, CF_IO, "cannot make a Maildir", "%s: %s", path,
                       strerror(errno));
    }
    struct maildir *maildir = calloc(1, sizeof *maildir);
    char *copy = strdup(directory);
    if (maildir == NULL || copy == NULL) {
        free(maildir);
        free(copy);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "a Maildir");
    }
    maildir->port.ops = &ops;
    maildir->directory = copy;
    *ret_port = &maildir->port;
    return CF_OK;
}
