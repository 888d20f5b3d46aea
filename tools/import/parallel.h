/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TOOLS_IMPORT_PARALLEL_H
#define CF_TOOLS_IMPORT_PARALLEL_H

/*
 * The same for each of many things, over several threads: whoever commits for one of them commits for those of the
 * other threads as well.
 */

#include "core/base/bytes.h"
#include "core/base/status.h"
#include "tools/cli/progress.h"

/* Whether somebody has asked to stop. `asked` may be NULL: nobody does. */
struct cf_import_stop {
    bool (*asked)(void *context);
    void *context; /* borrowed */
};

bool cf_import_stop_asked(const struct cf_import_stop *stop);

/* CLOSED, with a sentence for whoever stopped it. */
CF_MUST_CHECK enum cf_status cf_import_stopped(struct cf_fault *reterr_fault);

/* One of them; `scratch` is empty, of the thread's own, and takes a bus message. */
typedef enum cf_status cf_import_one_fn(void *context, size_t index, struct cf_buf *scratch,
                                        struct cf_fault *reterr_fault);

/* Calls `one` for 0 to count - 1, in no order. Fails with the first failure, or CLOSED; the rest is then not
 * done. */
CF_MUST_CHECK enum cf_status cf_import_each(size_t count, cf_import_one_fn *one, void *context,
                                            const struct cf_import_stop *stop,
                                            struct cf_progress *progress,
                                            struct cf_fault *reterr_fault);

#endif
