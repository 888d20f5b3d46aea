/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_WRITER_H
#define CF_COMMANDS_WRITER_H

/*
 * The writer: the one process that opens log/ and state/ of a running ledger.
 *
 * It takes whatever commands wait, decides each against the state as the one before left it, appends
 * all their events in one durable transaction, and answers. Timers that are due are decided in the
 * same batches, after the users' commands. Beside that it serves ranges and look-ups (range.h), announces the head,
 * and signs checkpoints.
 *
 * A failed log commit ends cf_writer_run with IO: its outcome is unknown, so nobody is answered, and
 * the process must end and start again; senders resend their keys.
 */

#include "core/base/scope.h"
#include "core/event/choices.h"
#include "eventstore/data_dir.h"

struct cf_writer;

struct cf_writer_options {
    const struct cf_data_dir *dir; /* borrowed for the call */
    const char *origin;            /* of a new log; NULL: coffer.local/<random> */
    enum cf_clock clock;           /* of a new log */
    int64_t genesis_us;            /* of a new log with a simulated clock */
};

/* Figures since the start; read them between calls or after cf_writer_run. */
struct cf_writer_figures {
    uint64_t batches;
    uint64_t commands;
    uint64_t records;
    uint64_t timers;
    uint64_t checkpoints;
    uint64_t replies_lost; /* that could not be handed on */
    uint64_t put_off;      /* messages that were told to come again */
};

/* Opens log and state, makes them on the first start (the first record is ledger_opened), recovers
 * what a crash left, and listens. CONFLICT when another writer has the directory. */
CF_MUST_CHECK enum cf_status cf_writer_open(const struct cf_writer_options *options,
                                            struct cf_writer **ret_writer,
                                            struct cf_fault *reterr_fault);

/* Works until cf_writer_stop. OK: everything that was accepted is answered. */
CF_MUST_CHECK enum cf_status cf_writer_run(struct cf_writer *writer, struct cf_fault *reterr_fault);

/* From any thread: take nothing more, finish what was taken. */
void cf_writer_stop(struct cf_writer *writer);

const struct cf_writer_figures *cf_writer_figures(const struct cf_writer *writer);

/* Accepts NULL. */
void cf_writer_close(struct cf_writer *writer);
CF_SCOPE_DEFINE(struct cf_writer *, cf_writer_close)

#endif
