/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_BASE_EMBEDDED_H
#define CF_CORE_BASE_EMBEDDED_H

/*
 * Files inside the program: SQL, pages, schemas. Tables are made by cf_embed
 * (tools/cmake/coffer_embed.cmake) and declared by the module that embeds them:
 *
 *     extern const struct cf_embedded cf_pages[];   (ends with an all-zero row)
 *     extern const size_t cf_pages_count;
 */

#include "core/base/bytes.h"

struct cf_embedded {
    const char *name;      /* the file's path below the source tree; static */
    struct cf_bytes bytes; /* its bytes, with a NUL behind them that does not count; static */
};

#endif
