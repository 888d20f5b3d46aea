/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_WORLD_LOG_H
#define CF_TESTS_SUPPORT_WORLD_LOG_H

/* A ledger on disk with a random life in it (world.h), for tests of tools that read one. */

#include "tests/support/world.h"

/* Lives the life of `seed` and writes it into a new data directory, whose path is written to
 * `ret_directory`. The world is left as it is at the end; its caller cleans it up. */
void cf_world_log_make(struct cf_world *world, uint64_t seed, char ret_directory[64]);

/* Removes the directory. */
void cf_world_log_remove(const char *directory);

#endif
