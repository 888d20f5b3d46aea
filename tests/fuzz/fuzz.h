/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_FUZZ_FUZZ_H
#define CF_TESTS_FUZZ_FUZZ_H

/*
 * What a fuzz target is: one function that takes any bytes and must neither crash nor leak. Where a
 * decoder says yes, the target checks that encoding gives the same bytes again. CF_ASSERT reports a
 * finding.
 */

#include "core/base/assert.h"
#include "core/base/bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
