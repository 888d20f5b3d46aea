/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_CLI_OPTIONS_H
#define CF_TOOLS_CLI_OPTIONS_H

/*
 * Options of a subcommand: --name VALUE or --name=VALUE, each mirrored by the environment variable
 * COFFER_NAME (dashes become underscores). The command line wins over the environment, and what
 * neither names keeps the value it has. `--` ends the options.
 *
 *     const char *data = NULL;
 *     int64_t workers = 1;
 *     bool quick = false;
 *     const struct cf_option options[] = {
 *         CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
 *         CF_OPTION_NUMBER("workers", &workers, 1, 64, "how many"),
 *         CF_OPTION_FLAG("quick", &quick, "less than a minute"),
 *     };
 *     const struct cf_usage usage = {
 *         "verify [FILE]", options, sizeof options / sizeof options[0], 0, 1};
 *     const char *file = NULL;
 *     enum cf_exit stop;
 *     if (!cf_options_read(&usage, argc, argv, &file, &stop))
 *         return stop;
 *
 * Texts are borrowed from the command line or the environment: they live as long as the process.
 */

#include "tools/cli/cli.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_option {
    const char *name;      /* without its dashes; static */
    const char *help;      /* one line; static */
    const char *value;     /* what the help calls the value, NULL for a flag or a number; static */
    const char **ret_text; /* exactly one of these three is set */
    int64_t *ret_number;
    bool *ret_flag;
    int64_t number_min;
    int64_t number_max;
};

#define CF_OPTION_TEXT(name_, text_, value_, help_)                                                \
    {                                                                                              \
        .name = (name_), .ret_text = (text_), .value = (value_), .help = (help_)                   \
    }
#define CF_OPTION_NUMBER(name_, number_, min_, max_, help_)                                        \
    {                                                                                              \
        .name = (name_), .ret_number = (number_), .number_min = (min_), .number_max = (max_),      \
        .help = (help_)                                                                            \
    }
#define CF_OPTION_FLAG(name_, flag_, help_)                                                        \
    {                                                                                              \
        .name = (name_), .ret_flag = (flag_), .help = (help_)                                      \
    }

struct cf_usage {
    const char *synopsis;            /* the subcommand and its arguments: "verify [FILE]"; static */
    const struct cf_option *options; /* borrowed */
    size_t option_count;
    int argument_min; /* how many arguments besides the options */
    int argument_max;
};

/*
 * Reads options and arguments. True: go on; the arguments that are there were written to
 * ret_arguments (room for argument_max, may be NULL when that is 0). False: return *ret_exit now,
 * either because --help was asked (and answered), or because the command line is wrong (and said).
 */
bool cf_options_read(const struct cf_usage *usage, int argc, char **argv,
                     const char **ret_arguments, enum cf_exit *ret_exit);

#endif
