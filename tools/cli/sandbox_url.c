/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/sandbox_url.h"

#include "tools/cli/files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define URL_FILE "sandbox/url"

enum cf_status cf_sandbox_url_write(const struct cf_data_dir *dir, const char *url,
                                    struct cf_fault *reterr_fault)
{
    struct cf_data_dir_path path = cf_data_dir_path(dir, URL_FILE);
    FILE *file = fopen(path.text, "we");
    bool written = file != NULL && fputs(url, file) >= 0;
    if ((file != NULL && fclose(file) != 0) || !written)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot write where the sandbox listens", "%s: %s",
                   path.text, strerror(errno));
    return CF_OK;
}

enum cf_status cf_sandbox_url_read(const struct cf_data_dir *dir, char ret_url[CF_SANDBOX_URL_SIZE],
                                   struct cf_fault *reterr_fault)
{
    struct cf_buf url;
    cf_buf_init(&url, CF_SANDBOX_URL_SIZE - 1);
    enum cf_status status =
        cf_cli_read_file(cf_data_dir_path(dir, URL_FILE).text, &url, reterr_fault);
    if (status == CF_OK)
        snprintf(ret_url, CF_SANDBOX_URL_SIZE, "%.*s", (int)url.size, (const char *)url.data);
    cf_buf_clean_up(&url);
    return status;
}
