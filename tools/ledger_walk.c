/* SPDX-License-Identifier: Apache-2.0 */
/* A new view every so often: a long one would keep the log's map from growing. */
#include "tools/ledger_walk.h"

#include "eventstore/data_dir.h"
#include "eventstore/log.h"

#define CF_WALK_SLICE 10000

static enum cf_status cf_ledger_visit(const struct cf_log_entry *entry, cf_ledger_walk_fn *visit,
                                      void *context, struct cf_fault *reterr_fault)
{
    struct cf_record record;
    struct cf_event event;
    enum cf_status status = cf_record_decode(entry->record, &record, reterr_fault);
    if (status == CF_OK)
        status = cf_record_event(&record, &event, reterr_fault);
    if (status != CF_OK) {
        cf_fault_detail(reterr_fault, "record %llu", (unsigned long long)entry->sequence);
        return status;
    }
    return visit(context, &record, &event, reterr_fault);
}

/* The records from `*first` on, in one view; `*first` is past the last one visited afterwards. */
static enum cf_status cf_ledger_slice(struct cf_log *log, uint64_t *first, bool *ret_more,
                                      cf_ledger_walk_fn *visit, void *context,
                                      struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    CF_TRY(cf_log_view_begin(log, &view, reterr_fault));
    uint64_t size = cf_log_view_size(view);
    uint64_t end = *first + CF_WALK_SLICE;
    for (; *first <= size && *first < end; ++*first) {
        struct cf_log_entry entry;
        CF_TRY(cf_log_view_entry(view, *first, &entry, reterr_fault));
        CF_TRY(cf_ledger_visit(&entry, visit, context, reterr_fault));
    }
    *ret_more = *first <= size;
    return CF_OK;
}

enum cf_status cf_ledger_walk(const char *data, cf_ledger_walk_fn *visit, void *context,
                              struct cf_fault *reterr_fault)
{
    struct cf_data_dir dir;
    CF_TRY(cf_data_dir_open_ledger(data, &dir, reterr_fault));
    struct cf_data_dir_path path = cf_data_dir_path(&dir, "log");
    const struct cf_log_options options = {.directory = path.text, .read_only = true};
    CF_CLEANUP(cf_scope_cf_log_close) struct cf_log *log = NULL;
    CF_TRY(cf_log_open(&options, &log, reterr_fault));
    uint64_t first = 1;
    bool more = true;
    while (more)
        CF_TRY(cf_ledger_slice(log, &first, &more, visit, context, reterr_fault));
    return CF_OK;
}
