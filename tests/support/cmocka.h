/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_CMOCKA_H
#define CF_TESTS_SUPPORT_CMOCKA_H

/* cmocka wants these included before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
