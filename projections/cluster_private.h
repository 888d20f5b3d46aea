/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_PROJECTIONS_CLUSTER_PRIVATE_H
#define CF_PROJECTIONS_CLUSTER_PRIVATE_H

/* What cluster.c (running) and cluster_make.c (making) share. */

#include "projections/cluster.h"

#define CF_CLUSTER_ROLE "coffer"
#define CF_CLUSTER_OWNER "coffer_owner"

struct cf_cluster {
    char *directory;
    char *socket_directory;
    char *programs;  /* where initdb and postgres are */
    char *dsn;       /* as the role that owns the database */
    char *owner_dsn; /* as the cluster's superuser, used here alone */
    bool is_disposable;
    bool is_root; /* then the server runs as `user` */
    uid_t user;
    gid_t group;
    pid_t pid; /* 0 when not running */
};

enum cf_status cf_cluster__new(const struct cf_cluster_options *options,
                               struct cf_cluster **ret_cluster, struct cf_fault *reterr_fault);
void cf_cluster__free(struct cf_cluster *cluster);

/* Directories, password, initdb. Does nothing where a cluster is. */
enum cf_status cf_cluster__make(struct cf_cluster *cluster, struct cf_fault *reterr_fault);

/* Writes the settings; at every start, so that a new program brings its own. */
enum cf_status cf_cluster__configure(struct cf_cluster *cluster, struct cf_fault *reterr_fault);

/* The role and its database, on the running server. Does nothing where they are. */
enum cf_status cf_cluster__make_database(struct cf_cluster *cluster, struct cf_fault *reterr_fault);

/* Where PostgreSQL's programs are: of this major version, or of the newest when it is 0. */
enum cf_status cf_cluster__find_programs(long wanted, struct cf_buf *directory,
                                         struct cf_fault *reterr_fault);

/* In a child: takes on the server's user. 0, or -1. */
int cf_cluster__become_user(const struct cf_cluster *cluster);

#endif
