/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_BASE_ASSERT_H
#define CF_CORE_BASE_ASSERT_H

/*
 * Bug: we failed. CF_ASSERT states what the code relies on; it stays on in release builds and ends
 * the process with one line that says what and where. Never use it on anything from outside.
 */

#define CF_ASSERT(condition)                                                                       \
    ((condition) ? (void)0 : cf_assert_failed(#condition, __FILE__, __LINE__, __func__))

/* A place that cannot be reached. */
#define CF_UNREACHABLE() cf_assert_failed("unreachable", __FILE__, __LINE__, __func__)

_Noreturn void cf_assert_failed(const char *condition, const char *file, int line,
                                const char *function);

#endif
