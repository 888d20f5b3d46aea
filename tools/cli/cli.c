/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/cli.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

/* As typed, "close-period" names the subcommand close_period. */
static bool is_named(const char *name, const char *typed)
{
    for (; *name != '\0' && *typed != '\0'; name++, typed++) {
        if (*name != *typed && !(*name == '_' && *typed == '-'))
            return false;
    }
    return *name == *typed;
}

const struct cf_subcommand *cf_subcommand_find(const char *name)
{
    for (const struct cf_subcommand *row = cf_subcommands; row->name != NULL; row++) {
        if (is_named(row->name, name))
            return row;
    }
    return NULL;
}

static enum cf_exit exit_for(enum cf_status status)
{
    switch (status) {
    case CF_OK:
        return CF_EXIT_GOOD;
    case CF_CORRUPT:
        return CF_EXIT_DAMAGED;
    case CF_INVALID:
    case CF_RANGE:
        return CF_EXIT_USAGE;
    case CF_RETRY:
    case CF_NOT_FOUND:
    case CF_CONFLICT:
    case CF_NO_MEMORY:
    case CF_NO_SPACE:
    case CF_IO:
    case CF_TIMEOUT:
    case CF_CLOSED:
    case CF_DENIED:
    case CF_UNSUPPORTED:
        return CF_EXIT_UNREACHABLE;
    }
    return CF_EXIT_UNREACHABLE;
}

enum cf_exit cf_cli_fail(const char *doing, const struct cf_fault *fault)
{
    const char *text = fault->text != NULL ? fault->text : cf_status_sentence(fault->status);
    fprintf(stderr, "coffer %s: %s", doing, text);
    if (fault->detail[0] != '\0')
        fprintf(stderr, ": %s", fault->detail);
    if (fault->offset > 0)
        fprintf(stderr, ", at byte %lld", (long long)fault->offset);
    fputc('\n', stderr);
    if (fault->status == CF_RETRY || fault->status == CF_TIMEOUT || fault->status == CF_CLOSED)
        fputs("Is the ledger running? `coffer up` starts it.\n", stderr);
    return exit_for(fault->status);
}

enum cf_exit cf_cli_unknown(const char *name)
{
    fprintf(stderr, "coffer: there is no subcommand \"%s\"; `coffer help` lists all\n", name);
    return CF_EXIT_USAGE;
}

enum cf_exit cf_cli_usage(const char *doing, const char *format, ...)
{
    fprintf(stderr, "coffer %s: ", doing);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n`coffer help %s` lists what it takes.\n", doing);
    return CF_EXIT_USAGE;
}

const struct cf_subcommand cf_subcommands[] = {
#define CF_SUBCOMMAND(name, summary) {#name, summary, cf_cli_##name},
#include "tools/cli/subcommands.def"
#undef CF_SUBCOMMAND
    {0},
};
