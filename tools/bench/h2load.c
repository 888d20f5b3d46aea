/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Its log has a line a request: start in microseconds, HTTP status, duration in microseconds. What we report
 * is made of these, so that rate and percentile are of the same requests.
 */
#include "tools/bench/h2load.h"

#include "core/base/scope.h"
#include "tools/bench/program.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 32

struct arguments {
    const char *list[ARGUMENTS_MAX];
    size_t count;
    char connections[16];
    char seconds[16];
    char rate[24];
    char authorization[256];
    char log_path[512];
};

static void add(struct arguments *arguments, const char *flag, const char *value)
{
    arguments->list[arguments->count++] = flag;
    if (value != NULL)
        arguments->list[arguments->count++] = value;
}

static void arguments_make(const struct cf_h2load_options *options, struct arguments *arguments)
{
    *arguments = (struct arguments){.count = 0};
    snprintf(arguments->connections, sizeof arguments->connections, "%d", options->connections);
    snprintf(arguments->seconds, sizeof arguments->seconds, "%d", options->seconds);
    snprintf(arguments->log_path, sizeof arguments->log_path, "%s/h2load.log", options->directory);
    add(arguments, "h2load", NULL);
    add(arguments, "--h1", NULL);
    add(arguments, "-t", "1");
    add(arguments, "-c", arguments->connections);
    add(arguments, "-D", arguments->seconds);
    add(arguments, "--log-file", arguments->log_path);
    if (options->rate > 0) {
        /* The flag is requests a second for each connection. */
        int64_t each = options->rate / options->connections;
        snprintf(arguments->rate, sizeof arguments->rate, "%" PRId64, each > 0 ? each : 1);
        add(arguments, "--rps", arguments->rate);
    }
    if (options->body_path != NULL) {
        add(arguments, "-d", options->body_path);
        add(arguments, "-H", "content-type: application/json");
    }
    if (options->authorization != NULL) {
        snprintf(arguments->authorization, sizeof arguments->authorization, "authorization: %s",
                 options->authorization);
        add(arguments, "-H", arguments->authorization);
    }
    add(arguments, options->url, NULL);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* Durations of the good requests, in ret_durations, and when the first began and the last ended. */
struct reading {
    int64_t *durations_us; /* owned */
    size_t count;
    size_t capacity;
    int64_t began_us;
    int64_t ended_us;
    int64_t bad;
};

static enum cf_status line_take(struct reading *reading, const char *line)
{
    int64_t start_us, duration_us;
    int http_status;
    if (sscanf(line, "%" SCNd64 " %d %" SCNd64, &start_us, &http_status, &duration_us) != 3)
        return CF_OK;
    if (http_status < 200 || http_status > 299) {
        reading->bad++;
        return CF_OK;
    }
    if (reading->count == reading->capacity) {
        size_t larger = reading->capacity == 0 ? 65536 : reading->capacity * 2;
        int64_t *grown = realloc(reading->durations_us, larger * sizeof *grown);
        if (grown == NULL)
            return CF_NO_MEMORY;
        reading->durations_us = grown;
        reading->capacity = larger;
    }
    reading->durations_us[reading->count++] = duration_us;
    if (reading->began_us == 0 || start_us < reading->began_us)
        reading->began_us = start_us;
    if (start_us + duration_us > reading->ended_us)
        reading->ended_us = start_us + duration_us;
    return CF_OK;
}

static enum cf_status log_read(const char *path, struct reading *reading,
                               struct cf_fault *reterr_fault)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        CF_FAIL_ON(reterr_fault, CF_IO, "h2load left no log", "%s", path);
    char line[256];
    enum cf_status status = CF_OK;
    while (status == CF_OK && fgets(line, sizeof line, file) != NULL)
        status = line_take(reading, line);
    fclose(file);
    unlink(path);
    return status;
}

enum cf_status cf_h2load(const struct cf_h2load_options *options,
                         struct cf_h2load_result *ret_result, struct cf_fault *reterr_fault)
{
    struct arguments arguments;
    arguments_make(options, &arguments);
    unlink(arguments.log_path);
    CF_TRY(cf_bench_program(arguments.list, NULL, reterr_fault));
    struct reading reading = {.count = 0};
    enum cf_status status = log_read(arguments.log_path, &reading, reterr_fault);
    CF_CLEANUP(cf_scope_free) int64_t *durations_us = reading.durations_us;
    CF_TRY(status);
    *ret_result = (struct cf_h2load_result){.good = (int64_t)reading.count, .bad = reading.bad};
    if (reading.count == 0)
        return CF_OK;
    qsort(durations_us, reading.count, sizeof *durations_us, compare);
    ret_result->p99_us = durations_us[(reading.count - 1) * 99 / 100];
    ret_result->per_second =
        (double)reading.count * 1e6 / (double)(reading.ended_us - reading.began_us);
    return CF_OK;
}
