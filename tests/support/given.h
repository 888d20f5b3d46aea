/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_GIVEN_H
#define CF_TESTS_SUPPORT_GIVEN_H

/*
 * Given, when, then as text. A file holds blocks and scenarios, one step a line:
 *
 *     block NAME              steps that scenarios can use
 *     scenario WHAT           begins with an empty ledger at 2026-01-01T00:00:00Z
 *     use NAME                the block's steps
 *     after 3d12h             time passes
 *     times 70 STEP           so often, with the number in the place of each %
 *     ACTOR COMMAND field=value … => accepted EVENT …
 *     ACTOR COMMAND field=value … => refused VERDICT
 *
 * A step without an arrow must be accepted. ACTOR is operator, system, gateway, keeper or a name. What a
 * command needs and a step does not name is filled in: an id `campaign_id` is @campaign, and so on; see
 * default_of. A value is an integer, true, false, @name (that name's id), JSON in brackets (without spaces), or a
 * text. Sealed values are base64. `#` begins a comment line.
 *
 * Every command also goes to bytes and back before it is decided.
 */

#include "commands/command.h"

/* How often each outcome was seen: accepted is verdict 0. */
struct cf_given_tally {
    uint32_t seen[256][64];
    uint32_t step_count;
};

/* Runs a file's scenarios, which may use the blocks of another file. The first step that fails in each
 * is printed with its line, and false is returned. */
bool cf_given_run(const char *blocks, const char *path, struct cf_given_tally *tally);

#endif
