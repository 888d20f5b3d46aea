/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/sodium.h"
#include "tools/cli/cli.h"

#include <string.h>

/* `coffer NAME …` runs tools/cli/NAME.c; --help and --version are what people try first. */
int main(int argc, char **argv)
{
    cf_sodium_init();
    if (argc < 2) {
        cf_cli_help(1, argv);
        return CF_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0)
        name = "version";
    const struct cf_subcommand *subcommand = cf_subcommand_find(name);
    if (subcommand == NULL)
        return cf_cli_unknown(name);
    return subcommand->run(argc - 1, argv + 1);
}
