/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_CLI_CLI_H
#define CF_TOOLS_CLI_CLI_H

/*
 * The command line: what every subcommand shares.
 *
 * A subcommand is one row in subcommands.def and one file <name>.c with
 *
 *     int cf_cli_<name>(int argc, char **argv);
 *
 * argv[0] is the subcommand's name as typed. It returns one of the exit codes below, and reads its
 * options with options.h.
 */

#include "core/base/status.h"

/* What the shell sees. Frozen: scripts rely on it. */
enum cf_exit {
    CF_EXIT_GOOD = 0,
    CF_EXIT_NO = 1,           /* the answer is no: a difference, a failed check */
    CF_EXIT_USAGE = 2,        /* the command line is wrong */
    CF_EXIT_UNREACHABLE = 3,  /* cannot reach or open something */
    CF_EXIT_TAMPERED = 4,     /* stored bytes contradict what was signed */
    CF_EXIT_DAMAGED = 5,      /* truncated or structurally damaged */
    CF_EXIT_UNVERIFIABLE = 6, /* nothing to verify against: an unknown key */
};

typedef int cf_cli_fn(int argc, char **argv);

struct cf_subcommand {
    const char *name;    /* with underscores; static */
    const char *summary; /* one line; static */
    cf_cli_fn *run;
};

/* Every subcommand, in the order of subcommands.def; ends with an all-zero row. */
extern const struct cf_subcommand cf_subcommands[];

#define CF_SUBCOMMAND(name, summary) cf_cli_fn cf_cli_##name;
#include "tools/cli/subcommands.def"
#undef CF_SUBCOMMAND

/* The subcommand of that name, typed with dashes or underscores; NULL when there is none. */
const struct cf_subcommand *cf_subcommand_find(const char *name);

/*
 * Prints the fault as one sentence on stderr, "coffer <doing>: …", and returns the exit code that
 * its status asks for: CORRUPT is DAMAGED, INVALID and RANGE are USAGE, all else UNREACHABLE. Where nobody
 * answered, a second one says what to do.
 */
enum cf_exit cf_cli_fail(const char *doing, const struct cf_fault *fault);

/* Says on stderr that there is no such subcommand, and returns USAGE. */
enum cf_exit cf_cli_unknown(const char *name);

/* Prints "coffer <doing>: <message>" on stderr and returns USAGE. */
enum cf_exit cf_cli_usage(const char *doing, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
