/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_PROJECTIONS_OTHER_MODEL_H
#define CF_TESTS_PROJECTIONS_OTHER_MODEL_H

/*
 * A small model of the tests' own, which computes what the read models say in another way: it keeps pledges
 * and payouts and adds them up at the end, where the product carries differences along. It shares the
 * decoding of events with the product, and nothing else.
 */

#include "projections/pg.h"
#include "tools/bench/history.h"

/* Compares pledges, payouts, totals, hours, stock, movements and accounts row by row. Fails the test. */
void cf_test_compare_with_other_model(struct cf_pg *pg, const struct cf_history *history);

#endif
