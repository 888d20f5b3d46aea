/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_CLUSTER_H
#define CF_PROJECTIONS_CLUSTER_H

/*
 * The private PostgreSQL cluster: what `coffer` uses when nobody gives it a server.
 *
 * Everything lives below one directory (made on first use):
 *
 *     cluster/    PostgreSQL's own data directory
 *     password    the role's password, in libpq's password file form; 0600
 *     log         what the server says
 *
 * It listens on a Unix socket only, with password login (SCRAM). Run as root, the server runs as
 * the system user `postgres`, since PostgreSQL refuses root. The role that the program uses owns
 * its database and nothing else.
 *
 * A start after any crash works: a half-made cluster is made again, a server that an earlier
 * process left behind is stopped first, a stale pid file is removed. The server is a child of the
 * caller and shuts down when the caller dies.
 */

#include "core/base/bytes.h"

#include <sys/types.h>

struct cf_cluster_options {
    const char *directory;     /* absolute; its parents are passable for the user postgres */
    const char *run_directory; /* absolute; where the socket's folder `pg` is made */
    bool is_disposable;        /* for tests: never waits for the disk */
};

struct cf_cluster;

/*
 * Makes the cluster where there is none, starts it, and returns when it answers. Takes about two
 * seconds the first time. NOT_FOUND: no PostgreSQL 15 or later is installed (looked for in PATH and
 * /usr/lib/postgresql). IO: the detail holds the server's last words. Options are copied.
 */
CF_MUST_CHECK enum cf_status cf_cluster_start(const struct cf_cluster_options *options,
                                              struct cf_cluster **ret_cluster,
                                              struct cf_fault *reterr_fault);

/* A fast shutdown: waits until the server is gone. Accepts NULL. Frees the cluster. */
void cf_cluster_stop(struct cf_cluster *cluster);

/* A libpq connection string; borrowed until the cluster is stopped. Any process of the same user
 * can use it as long as the server runs. */
const char *cf_cluster_dsn(const struct cf_cluster *cluster);

/* The server's process, a child of the caller. */
pid_t cf_cluster_pid(const struct cf_cluster *cluster);

/* OK while the server answers; otherwise why not. */
CF_MUST_CHECK enum cf_status cf_cluster_health(struct cf_cluster *cluster,
                                               struct cf_fault *reterr_fault);

/* The connection string of the cluster in these directories, without starting anything. */
CF_MUST_CHECK enum cf_status cf_cluster_dsn_of(const struct cf_cluster_options *options,
                                               struct cf_buf *dsn, struct cf_fault *reterr_fault);

#endif
