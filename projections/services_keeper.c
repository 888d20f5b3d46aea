/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/services_keeper.h"

#include "eventstore/keeper_client.h"

#include <stdlib.h>

/* A batch waits no longer than this for one text; then its model waits, and the others go on. */
enum { TIMEOUT_MS = 2000 };

struct cf_services_keeper {
    struct cf_keeper_client *client;
    struct cf_services services;
};

static enum cf_status open_text(void *context, struct cf_id subject, struct cf_bytes sealed,
                                struct cf_buf *ret_clear, struct cf_fault *reterr_fault)
{
    struct cf_services_keeper *keeper = context;
    enum cf_status status =
        cf_keeper_open_one(keeper->client, subject, sealed, ret_clear, reterr_fault);
    /* What cannot be opened by its own key will never be: it stays out of the index. */
    return status == CF_CORRUPT || status == CF_DENIED ? CF_NOT_FOUND : status;
}

enum cf_status cf_services_keeper_open(const char *url, struct cf_services_keeper **ret_keeper,
                                       struct cf_fault *reterr_fault)
{
    struct cf_services_keeper *keeper = calloc(1, sizeof *keeper);
    if (keeper == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a keeper's client");
    keeper->services = (struct cf_services){.open = open_text, .context = keeper};
    enum cf_status status = cf_keeper_client_open(url, TIMEOUT_MS, &keeper->client, reterr_fault);
    if (status != CF_OK) {
        cf_services_keeper_close(keeper);
        return status;
    }
    *ret_keeper = keeper;
    return CF_OK;
}

void cf_services_keeper_close(struct cf_services_keeper *keeper)
{
    if (keeper == NULL)
        return;
    cf_keeper_client_close(keeper->client);
    free(keeper);
}

const struct cf_services *cf_services_keeper_services(const struct cf_services_keeper *keeper)
{
    return &keeper->services;
}
