/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_LEDGER_H
#define CF_TESTS_SUPPORT_LEDGER_H

/*
 * A ledger with its writer in a thread of the test, and a link to it. Whatever fails here ends the test.
 *
 * In JSON, @7 stands for the id of the number 7.
 */

#include "commands/link.h"
#include "commands/writer.h"
#include "tests/support/temp_dir.h"

#include <pthread.h>

struct cf_test_ledger {
    struct cf_temp_dir temp;
    struct cf_data_dir dir;
    enum cf_clock clock;
    struct cf_writer *writer;
    pthread_t thread;
    struct cf_link *link;
    uint64_t keys; /* made up so far */
};

struct cf_id cf_test_id(uint64_t number);

/* In thirty days, which every campaign may last. */
void cf_test_in_a_month(char ret_text[CF_TIME_TEXT_SIZE]);

/* A fresh directory, a running writer, a link. */
void cf_test_ledger_open(struct cf_test_ledger *ledger, enum cf_clock clock);
void cf_test_ledger_close(struct cf_test_ledger *ledger);

/* Stops the writer gracefully, and starts one again on the same directory. The link stays. */
void cf_test_ledger_stop(struct cf_test_ledger *ledger);
void cf_test_ledger_start(struct cf_test_ledger *ledger);

/* Lets a writer run that was opened by the test itself. */
void cf_test_ledger_run(struct cf_test_ledger *ledger);

/* Sends a command and waits; a key of NULL is a fresh one. */
struct cf_reply cf_test_ledger_send(struct cf_test_ledger *ledger, struct cf_id actor,
                                    const char *name, const char *json, const char *key);
/* The same, and it must be accepted. */
struct cf_reply cf_test_ledger_do(struct cf_test_ledger *ledger, struct cf_id actor,
                                  const char *name, const char *json);

/* People 1 (creator) and 2 (backer, with card 3), campaign 4 (all-or-nothing, goal 10,000 EUR cents,
 * ends at `ends_at`), reward 5 with a limit of 10 at 1,000. Live. */
void cf_test_ledger_campaign(struct cf_test_ledger *ledger, const char *ends_at);

#endif
