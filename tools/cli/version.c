/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/data_dir.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>

int cf_cli_version(int argc, char **argv)
{
    const struct cf_usage usage = {.synopsis = "version"};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    printf("coffer %s, data directory version %d\n", COFFER_VERSION, CF_DATA_DIR_VERSION);
    return CF_EXIT_GOOD;
}
