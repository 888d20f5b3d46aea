/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bench/figure.h"

#include "core/base/assert.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PROGRESS_EVERY_NS (INT64_C(5) * 1000 * 1000 * 1000)

/* Figures hold names from our own source, so nothing needs escaping. */
static void print_json(const struct cf_figure *figure)
{
    printf("{\"figure\":\"%s\",\"value\":%.3f,\"unit\":\"%s\"", figure->name, figure->value,
           figure->unit);
    if (figure->against != NULL) {
        printf(",\"against\":\"%s\",\"against_value\":%.3f,\"ratio\":%.3f", figure->against,
               figure->against_value, figure->value / figure->against_value);
    }
    if (figure->syncs_per_second > 0)
        printf(",\"syncs_per_second\":%.1f", figure->syncs_per_second);
    printf("}\n");
}

static void print_row(const struct cf_bench *bench, const struct cf_figure *figure)
{
    if (bench->figure_count == 0) {
        printf("%-26s %14s %-12s %-32s %7s %9s\n", "figure", "value", "unit", "against", "ratio",
               "syncs/s");
    }
    char against[64] = "", ratio[16] = "", syncs[16] = "";
    if (figure->against != NULL) {
        snprintf(against, sizeof against, "%s %.1f", figure->against, figure->against_value);
        snprintf(ratio, sizeof ratio, "%.2f", figure->value / figure->against_value);
    }
    if (figure->syncs_per_second > 0)
        snprintf(syncs, sizeof syncs, "%.0f", figure->syncs_per_second);
    printf("%-26s %14.1f %-12s %-32s %7s %9s\n", figure->name, figure->value, figure->unit, against,
           ratio, syncs);
}

void cf_figure_report(struct cf_bench *bench, const struct cf_figure *figure)
{
    CF_ASSERT(figure->name != NULL && figure->unit != NULL);
    CF_ASSERT(figure->against == NULL || figure->against_value > 0);
    if (bench->json)
        print_json(figure);
    else
        print_row(bench, figure);
    fflush(stdout);
    bench->figure_count++;
}

bool cf_bench_wants(const struct cf_bench *bench, const char *part)
{
    if (bench->only == NULL)
        return true;
    size_t only_size = strlen(bench->only), part_size = strlen(part);
    return strncmp(bench->only, part, only_size < part_size ? only_size : part_size) == 0;
}

void cf_bench_progress(struct cf_bench *bench, const char *what, uint64_t done, uint64_t total)
{
    int64_t now_ns = cf_bench_now_ns();
    if (bench->told_ns == 0)
        bench->told_ns = now_ns; /* what is over soon says nothing */
    if (now_ns - bench->told_ns < PROGRESS_EVERY_NS)
        return;
    bench->told_ns = now_ns;
    fprintf(stderr, "%s: %llu of %llu\n", what, (unsigned long long)done,
            (unsigned long long)total);
}

int64_t cf_bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double cf_bench_rate(int64_t count, int64_t elapsed_ns)
{
    CF_ASSERT(elapsed_ns > 0);
    return (double)count * 1e9 / (double)elapsed_ns;
}

const struct cf_bench_row cf_benches[] = {
#define CF_BENCH(name, summary) {#name, summary, cf_bench_##name},
#include "tools/bench/benches.def"
#undef CF_BENCH
    {0},
};
