/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the table `handlers` of a model's list of events. Included once per model, behind reads.h.
 */
#define CF_READS(name)                                                                             \
    static enum cf_status read_##name(struct cf_fold *fold, const struct cf_event *event)          \
    {                                                                                              \
        return CF_ON_PASTE(CF_ON_MODEL, name)(fold, &event->name);                                 \
    }
#include CF_READS_FILE
#undef CF_READS

static cf_handler_fn *const handlers[CF_EVENT_NUMBER_LIMIT] = {
#define CF_READS(name) [CF_EVENT_NUMBER_##name] = read_##name,
#include CF_READS_FILE
#undef CF_READS
};
