/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/sodium.h"
#include "tools/bench/figure.h"

/* What one record costs in hashing alone: its leaf, and one inner node (n leaves complete n - 1).
 */
#define RECORD_SIZE 200

enum cf_status cf_bench_hash(struct cf_bench *bench, struct cf_fault *reterr_fault)
{
    (void)reterr_fault;
    int64_t count = bench->quick ? 200000 : 2000000;
    uint8_t record[RECORD_SIZE] = {0};
    struct cf_hash leaf, node = {{0}};

    int64_t began_ns = cf_bench_now_ns();
    for (int64_t i = 0; i < count; i++) {
        record[0] = (uint8_t)i;
        cf_sha256(cf_bytes_from(record, sizeof record), &leaf);
    }
    double plain = cf_bench_rate(count, cf_bench_now_ns() - began_ns);

    began_ns = cf_bench_now_ns();
    for (int64_t i = 0; i < count; i++) {
        record[0] = (uint8_t)i;
        cf_hash_leaf(cf_bytes_from(record, sizeof record), &leaf);
        cf_hash_node(&node, &leaf, &node);
    }
    double tree = cf_bench_rate(count, cf_bench_now_ns() - began_ns);

    cf_figure_report(bench, &(struct cf_figure){.name = "hash.tree",
                                                .value = tree,
                                                .unit = "records/s",
                                                .against = "plain SHA-256",
                                                .against_value = plain});
    return CF_OK;
}
