/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_TIMERS_H
#define CF_COMMANDS_TIMERS_H

/*
 * Due timers as commands of the system. A timer whose command is refused waits another while (the
 * event timer_deferred says so), so that nothing is tried without end and nothing is forgotten.
 */

#include "commands/batch.h"

/* Timers that may be left alone. */
#define CF_TIMERS_SKIPPED_MAX 16

/* Timers fired in one batch, and the records of theirs after which it fires no more: the rest comes
 * with the next batches, and so do the users' commands. */
#define CF_TIMERS_SLICE 64
#define CF_TIMERS_RECORDS_MAX 1024

/* The command that a due timer stands for. */
void cf_timers_command(const struct cf_state_timer *timer, struct cf_command_input *input);

/*
 * Fires what is due in the open batch. After a decision that broke the book it returns at once;
 * `reterr_broken` then says which timer it was, and cf_batch_broken is true. Timers in `skipped` are left
 * alone. Returns how many were fired.
 */
size_t cf_timers_fire(struct cf_batch *batch, const struct cf_state_timer *skipped,
                      size_t skipped_count, struct cf_state_timer *reterr_broken);

/* When the next timer is due that is not left alone; INT64_MAX when none is set. */
int64_t cf_timers_next(struct cf_batch *batch, const struct cf_state_timer *skipped,
                       size_t skipped_count);

#endif
