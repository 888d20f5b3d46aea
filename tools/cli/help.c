/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/cli.h"

#include <stdio.h>
#include <string.h>

static void print_all(void)
{
    printf("Coffer, the crowdfunding ledger you can prove.\n\nusage: coffer SUBCOMMAND …\n\n");
    for (const struct cf_subcommand *row = cf_subcommands; row->name != NULL; row++) {
        char typed[32];
        size_t length = strlen(row->name);
        for (size_t i = 0; i <= length && i < sizeof typed; i++)
            typed[i] = row->name[i] == '_' ? '-' : row->name[i];
        printf("  %-14s %s\n", typed, row->summary);
    }
    printf("\n`coffer help SUBCOMMAND` lists its options.\n");
}

int cf_cli_help(int argc, char **argv)
{
    if (argc < 2) {
        print_all();
        return CF_EXIT_GOOD;
    }
    const struct cf_subcommand *subcommand = cf_subcommand_find(argv[1]);
    if (subcommand == NULL)
        return cf_cli_unknown(argv[1]);
    if (subcommand->run == cf_cli_help) {
        print_all();
        return CF_EXIT_GOOD;
    }
    /* Each subcommand knows its own options, and prints them when asked this way. */
    char ask[] = "--help";
    return subcommand->run(2, (char *[]){argv[1], ask, NULL});
}
