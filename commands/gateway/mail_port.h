/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_MAIL_PORT_H
#define CF_COMMANDS_GATEWAY_MAIL_PORT_H

/*
 * The mail port: where letters go. A Maildir on this machine, or a server over SMTP.
 *
 * A letter has a name that derives from the event that asked for it. A Maildir keeps one letter of a
 * name; over SMTP the name is its Message-ID, by which mail programs show it once.
 */

#include "core/base/bytes.h"
#include "core/base/scope.h"

/* A letter, whole: borrowed until the call returns. */
struct cf_letter {
    const char *name;      /* letters, digits, '-' and '.' */
    const char *from, *to; /* bare addresses */
    struct cf_bytes text;  /* headers and body, lines ended by CR LF */
};

struct cf_mail_port;

struct cf_mail_port_ops {
    /* Sends, and waits until it is safe. INVALID: this address will never do. Anything else: later. */
    enum cf_status (*send)(struct cf_mail_port *port, const struct cf_letter *letter,
                           struct cf_fault *reterr_fault);
    void (*close)(struct cf_mail_port *port);
};

/* An implementation begins with this member. */
struct cf_mail_port {
    const struct cf_mail_port_ops *ops;
};

CF_MUST_CHECK static inline enum cf_status cf_mail_port_send(struct cf_mail_port *port,
                                                             const struct cf_letter *letter,
                                                             struct cf_fault *reterr_fault)
{
    return port->ops->send(port, letter, reterr_fault);
}

/* Accepts NULL. */
static inline void cf_mail_port_close(struct cf_mail_port *port)
{
    if (port != NULL)
        port->ops->close(port);
}
CF_SCOPE_DEFINE(struct cf_mail_port *, cf_mail_port_close)

/* Letters become files in directory/new, by way of directory/tmp. The directories are made. */
CF_MUST_CHECK enum cf_status cf_maildir_open(const char *directory, struct cf_mail_port **ret_port,
                                             struct cf_fault *reterr_fault);

/* "smtp://host:port" or "smtps://…"; user and password may be NULL. Without smtps the connection
 * still has to become TLS, except to this machine. */
CF_MUST_CHECK enum cf_status cf_smtp_open(const char *url, const char *user, const char *password,
                                          struct cf_mail_port **ret_port,
                                          struct cf_fault *reterr_fault);

#endif
