/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_BENCH_FIGURE_H
#define CF_TOOLS_BENCH_FIGURE_H

/*
 * Figures: what `coffer bench NAME` measures and prints.
 *
 * A bench is one row in benches.def and one file <name>.c with a cf_bench_fn. It reports each
 * result with cf_figure_report, best beside a bare figure of the library underneath, taken in the
 * same run on the same machine: the ratio travels between machines, the value does not.
 */

#include "core/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct cf_bench {
    bool quick;            /* keep the whole bench under a minute */
    bool json;             /* one object a line instead of a table */
    int figure_count;      /* how many were reported */
    const char *directory; /* an empty directory on a real disk, removed after the run; borrowed */
    const char *only;      /* measure only figures whose names begin so; NULL: all. Borrowed */
    int64_t told_ns;       /* when progress was last told */
};

struct cf_figure {
    const char *name; /* such as "append.batch512" */
    double value;
    const char *unit;        /* such as "records/s" */
    const char *against;     /* what it is compared with, or NULL */
    double against_value;    /* in the same unit */
    double syncs_per_second; /* durable commits, 0 where nothing is synced */
};

typedef enum cf_status cf_bench_fn(struct cf_bench *bench, struct cf_fault *reterr_fault);

#define CF_BENCH(name, summary) cf_bench_fn cf_bench_##name;
#include "tools/bench/benches.def"
#undef CF_BENCH

struct cf_bench_row {
    const char *name;
    const char *summary;
    cf_bench_fn *run;
};

/* Every bench, in the order of benches.def; ends with an all-zero row. */
extern const struct cf_bench_row cf_benches[];

/* Prints the figure at once. The ratio is value / against_value: above 1 is better than it for
 * rates, worse for times. */
void cf_figure_report(struct cf_bench *bench, const struct cf_figure *figure);

/* Whether the part of a bench whose figures' names begin with `part` is to be run. */
bool cf_bench_wants(const struct cf_bench *bench, const char *part);

/* Says on stderr, every few seconds, how far a part has come that takes minutes. Outside of what is
 * measured, or too seldom to be seen in it. */
void cf_bench_progress(struct cf_bench *bench, const char *what, uint64_t done, uint64_t total);

/* Monotonic nanoseconds, for measuring. */
int64_t cf_bench_now_ns(void);

/* How often per second, given a count and the nanoseconds it took. */
double cf_bench_rate(int64_t count, int64_t elapsed_ns);

#endif
