/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/spent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHILDREN_MAX 256

static FILE *open_of(pid_t pid, const char *file)
{
    char path[96];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return fopen(path, "re");
}

static size_t children_of(pid_t pid, pid_t ret_children[CHILDREN_MAX])
{
    char file[64];
    size_t count = 0;
    int child;
    snprintf(file, sizeof file, "task/%d/children", (int)pid);
    FILE *stream = open_of(pid, file);
    if (stream == NULL)
        return 0;
    while (count < CHILDREN_MAX && fscanf(stream, "%d", &child) == 1)
        ret_children[count++] = child;
    fclose(stream);
    return count;
}

/* Of the process and of those that it has waited for. */
static int64_t ticks_of(pid_t pid)
{
    char line[1024] = "";
    long long user = 0, kernel = 0, children_user = 0, children_kernel = 0;
    FILE *stream = open_of(pid, "stat");
    if (stream == NULL)
        return 0;
    size_t size = fread(line, 1, sizeof line - 1, stream);
    fclose(stream);
    line[size] = '\0';
    const char *behind_name = strrchr(line, ')');
    if (behind_name == NULL ||
        sscanf(behind_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld %lld %lld",
               &user, &kernel, &children_user, &children_kernel) != 4)
        return 0;
    return user + kernel + children_user + children_kernel;
}

static int64_t ticks_of_all(pid_t pid)
{
    pid_t children[CHILDREN_MAX];
    int64_t ticks = ticks_of(pid);
    for (size_t i = children_of(pid, children); i-- > 0;)
        ticks += ticks_of_all(children[i]);
    return ticks;
}

/* The word behind the program's name. */
static void name_of(pid_t pid, char *ret_name, size_t size)
{
    char line[512] = "";
    FILE *stream = open_of(pid, "cmdline");
    ret_name[0] = '\0';
    if (stream == NULL)
        return;
    size_t got = fread(line, 1, sizeof line - 1, stream);
    fclose(stream);
    size_t program = strlen(line) + 1;
    if (program < got)
        snprintf(ret_name, size, "%s", line + program);
}

static int by_time(const void *left, const void *right)
{
    const struct cf_import_spent *a = left, *b = right;
    return (a->milliseconds < b->milliseconds) - (a->milliseconds > b->milliseconds);
}

size_t cf_import_spent_list(pid_t supervisor, struct cf_import_spent ret_spent[CF_IMPORT_SPENT_MAX])
{
    pid_t children[CHILDREN_MAX];
    size_t count = children_of(supervisor, children);
    int64_t ticks_per_second = sysconf(_SC_CLK_TCK);
    if (count > CF_IMPORT_SPENT_MAX)
        count = CF_IMPORT_SPENT_MAX;
    for (size_t i = 0; i < count; i++) {
        name_of(children[i], ret_spent[i].name, sizeof ret_spent[i].name);
        ret_spent[i].milliseconds = ticks_of_all(children[i]) * 1000 / ticks_per_second;
    }
    qsort(ret_spent, count, sizeof ret_spent[0], by_time);
    return count;
}
