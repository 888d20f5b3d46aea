/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_PROVIDER_H
#define CF_TOOLS_IMPORT_PROVIDER_H

/*
 * The sandbox, as its owner and as the people who fill in its pages see it: its clock, and onboarding.
 */

#include "commands/gateway/http_client.h"
#include "core/json_value.h"
#include "eventstore/range.h"

struct cf_import_provider {
    struct cf_http_client *http; /* owned */
    char url[80];
};

CF_MUST_CHECK enum cf_status cf_import_provider_open(const char *url,
                                                     struct cf_import_provider *ret_provider,
                                                     struct cf_fault *reterr_fault);
void cf_import_provider_close(struct cf_import_provider *provider);

/* One call; `form` may be empty. IO unless the answer is 200 and, where ret_json is not NULL, JSON. */
CF_MUST_CHECK enum cf_status cf_import_provider_ask(struct cf_import_provider *provider,
                                                    const char *method, const char *path,
                                                    struct cf_bytes form, struct cf_json **ret_json,
                                                    struct cf_fault *reterr_fault);

/* A POST that makes something, once for each key. */
CF_MUST_CHECK enum cf_status cf_import_provider_make(struct cf_import_provider *provider,
                                                     const char *path, const char *key,
                                                     struct cf_bytes form,
                                                     struct cf_json **ret_json,
                                                     struct cf_fault *reterr_fault);

/*
 * Does for a creator what a person does on the provider's onboarding page, so that payouts may leave. Nothing
 * where it was done before. NOT_FOUND without a connected account.
 */
CF_MUST_CHECK enum cf_status cf_import_provider_onboard(struct cf_import_provider *provider,
                                                        struct cf_range_client *log,
                                                        struct cf_id creator_id,
                                                        struct cf_fault *reterr_fault);

#endif
