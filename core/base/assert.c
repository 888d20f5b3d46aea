/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void cf_assert_failed(const char *condition, const char *file, int line,
                                const char *function)
{
    fprintf(stderr, "coffer: bug: %s:%d: %s: %s\n", file, line, function, condition);
    abort();
}
