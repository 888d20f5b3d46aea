/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_WEB_H
#define CF_API_WEB_H

/* The pages' files: what stands in api/web/, embedded in the program. */

#include "api/exchange.h"

/* A file by its name, such as "style.css". The bytes are static. */
bool cf_web_find(struct cf_bytes name, const char **ret_content_type, struct cf_bytes *ret_bytes);

/* Answers with a page. It loads nothing from elsewhere and runs no script but ours. */
void cf_web_answer_page(struct cf_exchange *exchange, const char *name);

#endif
