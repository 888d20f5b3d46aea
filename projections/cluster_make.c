/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making the private cluster. Each step may be cut short by a crash: the password is renamed into
 * place, then the cluster is, and the role and its database are looked for at every start.
 */
#include "core/base/assert.h"
#include "core/base/scope.h"
#include "eventstore/sodium.h"
#include "projections/cluster_private.h"
#include "projections/pg.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { PASSWORD_SIZE = 24 }; /* random bytes */

#define SERVER_USER "postgres"

CF_SCOPE_DEFINE(FILE *, fclose)

static enum cf_status fail_path(struct cf_fault *reterr_fault, const char *text, const char *path)
{
    int error = errno;
    CF_FAIL_ON(reterr_fault, error == ENOSPC ? CF_NO_SPACE : CF_IO, text, "%s: %s", path,
               strerror(error));
}

/* Owned text, or NULL. */
static char *join(const char *directory, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

/* The major version that made an existing cluster, 0 where there is none. */
static long cluster_version(const struct cf_cluster *cluster)
{
    CF_CLEANUP(cf_scope_free) char *path = join(cluster->directory, "cluster/PG_VERSION");
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    if (file == NULL)
        return 0;
    char line[16] = "";
    bool is_read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    return is_read ? strtol(line, NULL, 10) : 0;
}

enum cf_status cf_cluster_dsn_of(const struct cf_cluster_options *options, struct cf_buf *dsn,
                                 struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) char *socket_directory = join(options->run_directory, "pg");
    struct sockaddr_un address;
    if (socket_directory == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a path");
    if (strlen(socket_directory) + sizeof "/.s.PGSQL.5432.lock" > sizeof address.sun_path)
        CF_FAIL_ON(reterr_fault, CF_RANGE, "the run directory's path is too long for a socket",
                   "%s", socket_directory);
    CF_TRY(cf_buf_append_format(dsn, "host='%s' port=5432 dbname=%s user=%s passfile='%s/password'",
                                socket_directory, CF_CLUSTER_ROLE, CF_CLUSTER_ROLE,
                                options->directory));
    return cf_buf_terminate(dsn);
}

static enum cf_status find_user(struct cf_cluster *cluster, struct cf_fault *reterr_fault)
{
    cluster->is_root = geteuid() == 0;
    if (!cluster->is_root)
        return CF_OK;
    const struct passwd *entry = getpwnam(SERVER_USER);
    if (entry == NULL)
        CF_FAIL(reterr_fault, CF_NOT_FOUND,
                "PostgreSQL refuses root, and there is no user " SERVER_USER " to run it as");
    cluster->user = entry->pw_uid;
    cluster->group = entry->pw_gid;
    return CF_OK;
}

static enum cf_status fill(struct cf_cluster *cluster, const struct cf_cluster_options *options,
                           struct cf_fault *reterr_fault)
{
    struct cf_buf buf;
    cf_buf_init(&buf, PATH_MAX * 2);
    CF_TRY(cf_cluster_dsn_of(options, &buf, reterr_fault));
    cluster->dsn = (char *)CF_TAKE(buf.data);
    cf_buf_init(&buf, PATH_MAX);
    cluster->directory = strdup(options->directory);
    cluster->socket_directory = join(options->run_directory, "pg");
    if (cluster->directory == NULL || cluster->socket_directory == NULL ||
        asprintf(&cluster->owner_dsn,
                 "host='%s' port=5432 dbname=postgres user=" CF_CLUSTER_OWNER
                 " passfile='%s/password'",
                 cluster->socket_directory, cluster->directory) < 0)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the cluster");
    cluster->is_disposable = options->is_disposable;
    CF_TRY(find_user(cluster, reterr_fault));
    enum cf_status status = cf_cluster__find_programs(cluster_version(cluster), &buf, reterr_fault);
    cluster->programs = (char *)buf.data;
    return status;
}

enum cf_status cf_cluster__new(const struct cf_cluster_options *options,
                               struct cf_cluster **ret_cluster, struct cf_fault *reterr_fault)
{
    CF_ASSERT(options->directory[0] == '/' && options->run_directory[0] == '/');
    struct cf_cluster *cluster = calloc(1, sizeof *cluster);
    if (cluster == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the cluster");
    enum cf_status status = fill(cluster, options, reterr_fault);
    if (status != CF_OK) {
        cf_cluster__free(cluster);
        return status;
    }
    *ret_cluster = cluster;
    return CF_OK;
}

void cf_cluster__free(struct cf_cluster *cluster)
{
    free(cluster->directory);
    free(cluster->socket_directory);
    free(cluster->programs);
    free(cluster->dsn);
    free(cluster->owner_dsn);
    free(cluster);
}

int cf_cluster__become_user(const struct cf_cluster *cluster)
{
    if (!cluster->is_root)
        return 0;
    if (setgroups(1, &cluster->group) != 0 || setgid(cluster->group) != 0 ||
        setuid(cluster->user) != 0)
        return -1;
    return 0;
}

/* A directory with this mode, given to the server's user where asked. */
static enum cf_status make_directory(const struct cf_cluster *cluster, const char *path,
                                     mode_t mode, bool is_servers, struct cf_fault *reterr_fault)
{
    if (mkdir(path, mode) != 0 && errno != EEXIST)
        return fail_path(reterr_fault, "a directory cannot be made", path);
    if (chmod(path, mode) != 0)
        return fail_path(reterr_fault, "a directory's mode cannot be set", path);
    if (is_servers && cluster->is_root && chown(path, cluster->user, cluster->group) != 0)
        return fail_path(reterr_fault, "a directory's owner cannot be set", path);
    return CF_OK;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

/* Writes the file anew under this mode, through a temporary name, so that it is there whole or not.
 */
static enum cf_status write_file(const char *path, const char *text, mode_t mode,
                                 struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) char *temporary = NULL;
    if (asprintf(&temporary, "%s.new", path) < 0)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a path");
    unlink(temporary);
    CF_CLEANUP(cf_scope_close)
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0 || fchmod(fd, mode) != 0)
        return fail_path(reterr_fault, "a file cannot be made", temporary);
    size_t size = strlen(text);
    if (write(fd, text, size) != (ssize_t)size || fsync(fd) != 0)
        return fail_path(reterr_fault, "a file cannot be written", temporary);
    if (rename(temporary, path) != 0)
        return fail_path(reterr_fault, "a file cannot be renamed", path);
    return CF_OK;
}

/* The password of both roles; made on the first call. */
static enum cf_status get_password(const struct cf_cluster *cluster,
                                   char ret_password[PASSWORD_SIZE * 2 + 1],
                                   struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) char *path = join(cluster->directory, "password");
    if (path == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a path");
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        int count = fscanf(file, "*:*:*:" CF_CLUSTER_ROLE ":%48s", ret_password);
        fclose(file);
        if (count != 1 || strlen(ret_password) != PASSWORD_SIZE * 2)
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the password file is damaged", "%s", path);
        return CF_OK;
    }
    if (cluster_version(cluster) != 0)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "the cluster is there but its password is not",
                   "%s (remove the directory: read models come back from the log)", path);
    uint8_t random[PASSWORD_SIZE];
    cf_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(ret_password + i * 2, 3, "%02x", random[i]);
    char text[256];
    snprintf(text, sizeof text, "*:*:*:%s:%s\n*:*:*:%s:%s\n", CF_CLUSTER_ROLE, ret_password,
             CF_CLUSTER_OWNER, ret_password);
    return write_file(path, text, 0600, reterr_fault);
}

static enum cf_status run_initdb(const struct cf_cluster *cluster, const char *data_directory,
                                 const char *password_path, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) char *program = join(cluster->programs, "initdb");
    CF_CLEANUP(cf_scope_free) char *log_path = join(cluster->directory, "log");
    CF_CLEANUP(cf_scope_free) char *pwfile = NULL;
    if (program == NULL || log_path == NULL || asprintf(&pwfile, "--pwfile=%s", password_path) < 0)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a path");
    CF_CLEANUP(cf_scope_close)
    int log_fd = open(log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (log_fd < 0)
        return fail_path(reterr_fault, "the server's log cannot be opened", log_path);
    pid_t pid = fork();
    if (pid < 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "no process for initdb", "%s", strerror(errno));
    if (pid == 0) {
        dup2(log_fd, STDOUT_FILENO);
        dup2(log_fd, STDERR_FILENO);
        if (cf_cluster__become_user(cluster) != 0)
            _exit(126);
        execl(program, program, "-D", data_directory, "-U", CF_CLUSTER_OWNER, pwfile,
              "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions",
              cluster->is_disposable ? "--no-sync" : "--data-checksums", (char *)NULL);
        _exit(127);
    }
    int result = 0;
    while (waitpid(pid, &result, 0) < 0 && errno == EINTR)
        continue;
    if (!WIFEXITED(result) || WEXITSTATUS(result) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "initdb failed",
                   "status %d, see %s; can the user " SERVER_USER " pass all its parents?",
                   WIFEXITED(result) ? WEXITSTATUS(result) : -1, log_path);
    return CF_OK;
}

enum cf_status cf_cluster__make(struct cf_cluster *cluster, struct cf_fault *reterr_fault)
{
    CF_TRY(make_directory(cluster, cluster->directory, 0711, false, reterr_fault));
    CF_TRY(make_directory(cluster, cluster->socket_directory, 0700, true, reterr_fault));
    char password[PASSWORD_SIZE * 2 + 1];
    CF_TRY(get_password(cluster, password, reterr_fault));
    if (cluster_version(cluster) != 0)
        return CF_OK;

    CF_CLEANUP(cf_scope_free) char *made = join(cluster->directory, "cluster");
    CF_CLEANUP(cf_scope_free) char *making = join(cluster->directory, "cluster.new");
    CF_CLEANUP(cf_scope_free) char *pwfile = join(cluster->directory, "password.initdb");
    if (made == NULL || making == NULL || pwfile == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a path");
    nftw(making, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    CF_TRY(make_directory(cluster, making, 0700, true, reterr_fault));
    CF_TRY(write_file(pwfile, password, 0600, reterr_fault));
    if (cluster->is_root && chown(pwfile, cluster->user, cluster->group) != 0)
        return fail_path(reterr_fault, "a file's owner cannot be set", pwfile);
    enum cf_status status = run_initdb(cluster, making, pwfile, reterr_fault);
    unlink(pwfile);
    CF_TRY(status);
    if (rename(making, made) != 0)
        return fail_path(reterr_fault, "the cluster cannot be renamed", made);
    return CF_OK;
}

/* A share of the machine's memory, between bounds, in megabytes. */
static long memory_share_mb(long divisor, long smallest, long largest)
{
    long mb = sysconf(_SC_PHYS_PAGES) / 1024 * sysconf(_SC_PAGESIZE) / 1024 / divisor;
    return mb < smallest ? smallest : mb > largest ? largest : mb;
}

enum cf_status cf_cluster__configure(struct cf_cluster *cluster, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free) char *path = join(cluster->directory, "cluster/postgresql.conf");
    CF_CLEANUP(cf_scope_free) char *text = NULL;
    if (path == NULL ||
        asprintf(&text,
                 "# Written at every start; changes here do not last.\n"
                 "listen_addresses = ''\n"
                 "unix_socket_directories = '%s'\n"
                 "unix_socket_permissions = 0700\n"
                 "password_encryption = scram-sha-256\n"
                 "max_connections = 80\n"
                 "shared_buffers = %ldMB\n"
                 "effective_cache_size = %ldMB\n"
                 "maintenance_work_mem = 256MB\n"
                 "work_mem = 16MB\n"
                 "wal_level = minimal\n"
                 "max_wal_senders = 0\n"
                 "max_wal_size = 4GB\n"
                 "checkpoint_timeout = 15min\n"
                 "wal_compression = lz4\n"
                 "random_page_cost = 1.1\n"
                 "jit = off\n"
                 "autovacuum_naptime = 20s\n"
                 "log_timezone = 'UTC'\n"
                 "timezone = 'UTC'\n"
                 "log_line_prefix = '%%m [%%p] '\n"
                 "%s",
                 cluster->socket_directory,
                 memory_share_mb(8, 32, cluster->is_disposable ? 64 : 1024),
                 memory_share_mb(2, 128, 65536),
                 cluster->is_disposable ? "fsync = off\nfull_page_writes = off\n" : "") < 0)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the settings");
    CF_TRY(write_file(path, text, 0600, reterr_fault));
    if (cluster->is_root && chown(path, cluster->user, cluster->group) != 0)
        return fail_path(reterr_fault, "a file's owner cannot be set", path);
    return CF_OK;
}

/* Runs the command that a statement made, if it made one. */
static enum cf_status run_made(struct cf_pg *pg, const char *statement,
                               const struct cf_pg_params *params, struct cf_fault *reterr_fault)
{
    struct cf_pg_rows *rows = NULL;
    CF_TRY(cf_pg_run(pg, statement, params, &rows, reterr_fault));
    enum cf_status status = CF_OK;
    for (size_t i = 0; i < cf_pg_rows_count(rows) && status == CF_OK; i++)
        status = cf_pg_script(pg, cf_pg_text(rows, i, "command"), reterr_fault);
    cf_pg_rows_destroy(rows);
    return status;
}

enum cf_status cf_cluster__make_database(struct cf_cluster *cluster, struct cf_fault *reterr_fault)
{
    char password[PASSWORD_SIZE * 2 + 1];
    CF_TRY(get_password(cluster, password, reterr_fault));
    struct cf_pg *pg = NULL;
    CF_TRY(cf_pg_open(cluster->owner_dsn, &pg, reterr_fault));
    struct cf_pg_params params;
    cf_pg_params_init(&params);
    cf_pg_add_text(&params, CF_CLUSTER_ROLE);
    cf_pg_add_text(&params, password);
    enum cf_status status = run_made(pg, "cluster_role_make", &params, reterr_fault);
    if (status == CF_OK) {
        cf_pg_params_clear(&params);
        cf_pg_add_text(&params, CF_CLUSTER_ROLE);
        status = run_made(pg, "cluster_database_make", &params, reterr_fault);
    }
    cf_pg_params_clean_up(&params);
    cf_pg_close(pg);
    return status;
}
