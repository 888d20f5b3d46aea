/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/status.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[] = {
#define CF_STATUS(name, sentence) [CF_##name] = #name,
#include "core/base/status.def"
#undef CF_STATUS
};

static const char *const sentences[] = {
#define CF_STATUS(name, sentence) [CF_##name] = sentence,
#include "core/base/status.def"
#undef CF_STATUS
};

const char *cf_status_name(enum cf_status status)
{
    return names[status];
}

const char *cf_status_sentence(enum cf_status status)
{
    return sentences[status];
}

enum cf_status cf_fault_set(struct cf_fault *reterr_fault, enum cf_status status, const char *file,
                            int line, const char *text)
{
    return cf_fault_set_at(reterr_fault, status, file, line, text, -1);
}

enum cf_status cf_fault_set_at(struct cf_fault *reterr_fault, enum cf_status status,
                               const char *file, int line, const char *text, int64_t offset)
{
    if (reterr_fault != NULL) {
        *reterr_fault = (struct cf_fault){
            .status = status, .file = file, .line = line, .text = text, .offset = offset};
    }
    return status;
}

enum cf_status cf_fault_detail(struct cf_fault *reterr_fault, const char *format, ...)
{
    if (reterr_fault == NULL)
        return CF_OK;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reterr_fault->detail, sizeof reterr_fault->detail, format, arguments);
    va_end(arguments);
    return reterr_fault->status;
}
