/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sample/logins.h"

#include "core/base/assert.h"
#include "core/time.h"
#include "eventstore/sodium.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PATH_DONE "keys/logins"
#define PATH_NEW "keys/logins.new"

_Static_assert(CF_ROLE_BACKER == 1 && CF_ROLE_ADMIN == CF_LOGIN_COUNT, "one login per role");

/* Sixteen of the letters and digits that nobody confuses: 77 bits. */
static void make_password(char ret_password[24])
{
    static const char letters[] = "abcdefghjkmnpqrstuvwxyz23456789"; /* 31 */
    for (int i = 0; i < 19; i++) {
        uint8_t byte;
        if (i % 5 == 4) {
            ret_password[i] = '-';
            continue;
        }
        do
            cf_random(&byte, 1);
        while (byte >= 31 * 8);
        ret_password[i] = letters[byte % 31];
    }
    ret_password[19] = '\0';
}

static void make(struct cf_logins *ret_logins)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *ret_logins = (struct cf_logins){.made_us = (int64_t)now.tv_sec * CF_SECOND_US};
    for (int i = 0; i < CF_LOGIN_COUNT; i++) {
        struct cf_login *login = &ret_logins->rows[i];
        login->role = (enum cf_role)(i + 1);
        snprintf(login->email, sizeof login->email, "%s@example.org", cf_role_name(login->role));
        make_password(login->password);
    }
}

static enum cf_status write_file(const struct cf_data_dir *dir, const struct cf_logins *logins,
                                 struct cf_fault *reterr_fault)
{
    CF_TRY(cf_data_dir_make(dir, "keys", reterr_fault));
    struct cf_data_dir_path path = cf_data_dir_path(dir, PATH_NEW);
    int fd = open(path.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    if (file == NULL)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot write the first logins", "%s: %s", path.text,
                   strerror(errno));
    char made[CF_TIME_TEXT_SIZE];
    cf_time_print(logins->made_us, made);
    fprintf(file, "made %s\n", made);
    for (int i = 0; i < CF_LOGIN_COUNT; i++)
        fprintf(file, "%s %s %s\n", cf_role_name(logins->rows[i].role), logins->rows[i].email,
                logins->rows[i].password);
    bool written = fflush(file) == 0 && fsync(fd) == 0;
    if (fclose(file) != 0 || !written)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot write the first logins", "%s", path.text);
    return CF_OK;
}

static bool read_rows(FILE *file, struct cf_logins *ret_logins)
{
    char made[32], role[32];
    if (fscanf(file, "made %31s", made) != 1 ||
        cf_time_parse(cf_bytes_from_text(made), &ret_logins->made_us) != CF_OK)
        return false;
    for (int i = 0; i < CF_LOGIN_COUNT; i++) {
        struct cf_login *login = &ret_logins->rows[i];
        login->role = (enum cf_role)(i + 1);
        if (fscanf(file, "%31s %47s %23s", role, login->email, login->password) != 3 ||
            strcmp(role, cf_role_name(login->role)) != 0)
            return false;
    }
    return true;
}

/* NOT_FOUND when there is no such file. */
static enum cf_status read_file(const struct cf_data_dir *dir, const char *name,
                                struct cf_logins *ret_logins, struct cf_fault *reterr_fault)
{
    struct cf_data_dir_path path = cf_data_dir_path(dir, name);
    FILE *file = fopen(path.text, "re");
    if (file == NULL && errno == ENOENT)
        return CF_NOT_FOUND;
    if (file == NULL)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot read the first logins", "%s: %s", path.text,
                   strerror(errno));
    struct cf_logins logins = {.complete = false};
    bool good = read_rows(file, &logins);
    fclose(file);
    if (!good)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "the file of the first logins is damaged", "%s",
                   path.text);
    *ret_logins = logins;
    return CF_OK;
}

enum cf_status cf_logins_open(const struct cf_data_dir *dir, struct cf_logins *ret_logins,
                              struct cf_fault *reterr_fault)
{
    enum cf_status status = read_file(dir, PATH_DONE, ret_logins, reterr_fault);
    if (status == CF_OK)
        ret_logins->complete = true;
    if (status != CF_NOT_FOUND)
        return status;
    status = read_file(dir, PATH_NEW, ret_logins, reterr_fault);
    if (status != CF_NOT_FOUND)
        return status;
    struct cf_logins made;
    make(&made);
    CF_TRY(write_file(dir, &made, reterr_fault));
    *ret_logins = made;
    return CF_OK;
}

enum cf_status cf_logins_complete(const struct cf_data_dir *dir, struct cf_logins *logins,
                                  struct cf_fault *reterr_fault)
{
    CF_ASSERT(!logins->complete);
    struct cf_data_dir_path from = cf_data_dir_path(dir, PATH_NEW);
    struct cf_data_dir_path to = cf_data_dir_path(dir, PATH_DONE);
    if (rename(from.text, to.text) != 0)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot keep the first logins", "%s: %s", to.text,
                   strerror(errno));
    logins->complete = true;
    return CF_OK;
}
