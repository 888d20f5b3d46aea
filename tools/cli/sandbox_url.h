/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_CLI_SANDBOX_URL_H
#define CF_TOOLS_CLI_SANDBOX_URL_H

/*
 * Where a ledger's payment sandbox listens: the sandbox leaves it in the data directory when it starts, for
 * tools that are not told by an option.
 */

#include "eventstore/data_dir.h"

#define CF_SANDBOX_URL_SIZE 80
#define CF_SANDBOX_KEY "sk_test_coffer" /* it takes any that begins so */

CF_MUST_CHECK enum cf_status cf_sandbox_url_write(const struct cf_data_dir *dir, const char *url,
                                                  struct cf_fault *reterr_fault);

/* NOT_FOUND where no sandbox was ever started. */
CF_MUST_CHECK enum cf_status cf_sandbox_url_read(const struct cf_data_dir *dir,
                                                 char ret_url[CF_SANDBOX_URL_SIZE],
                                                 struct cf_fault *reterr_fault);

#endif
