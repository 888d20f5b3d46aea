/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/subject.h"

#include "core/base/assert.h"

/* Sequences of one subject; far beyond any person's history. */
#define CHAIN_SIZE_MAX ((size_t)1 << 30)

/* ---- Sources ---- */

static enum cf_status range_record(void *context, uint64_t sequence, struct cf_bytes *ret_bytes,
                                   struct cf_fault *reterr_fault)
{
    struct cf_subject_range *range = context;
    CF_TRY(cf_range_read(range->client, sequence, 1, &range->records, reterr_fault));
    if (range->records.count == 0)
        CF_FAIL_ON(reterr_fault, CF_NOT_FOUND, "the log has no such record", "%llu",
                   (unsigned long long)sequence);
    *ret_bytes = range->records.records[0];
    return CF_OK;
}

struct cf_subject_source cf_subject_range_source(struct cf_subject_range *range)
{
    return (struct cf_subject_source){.context = range, .record = range_record};
}

void cf_subject_range_clean_up(struct cf_subject_range *range)
{
    cf_range_records_clean_up(&range->records);
}

static enum cf_status view_record(void *context, uint64_t sequence, struct cf_bytes *ret_bytes,
                                  struct cf_fault *reterr_fault)
{
    struct cf_log_entry entry;
    CF_TRY(cf_log_view_entry(context, sequence, &entry, reterr_fault));
    *ret_bytes = entry.record;
    return CF_OK;
}

struct cf_subject_source cf_subject_view_source(struct cf_log_view *view)
{
    return (struct cf_subject_source){.context = view, .record = view_record};
}

/* ---- Walking ---- */

const struct cf_subject_link *cf_subject_link_of(const struct cf_record *record,
                                                 struct cf_id subject)
{
    for (uint32_t i = 0; i < record->subject_count; i++) {
        if (cf_id_equal(record->subjects[i].id, subject))
            return &record->subjects[i];
    }
    return NULL;
}

enum cf_status cf_subject_walk(struct cf_subject_source source, struct cf_id subject,
                               uint64_t newest, cf_subject_each_fn *each, void *context,
                               uint64_t *ret_count, struct cf_fault *reterr_fault)
{
    uint64_t count = 0;
    for (uint64_t sequence = newest; sequence != 0; count++) {
        struct cf_bytes bytes;
        struct cf_record record;
        CF_TRY(source.record(source.context, sequence, &bytes, reterr_fault));
        CF_TRY(cf_record_decode(bytes, &record, reterr_fault));
        const struct cf_subject_link *link = cf_subject_link_of(&record, subject);
        if (record.sequence != sequence || link == NULL || link->previous >= sequence)
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a subject's chain is broken", "at record %llu",
                       (unsigned long long)sequence);
        CF_TRY(each(context, &record, bytes, reterr_fault));
        sequence = link->previous;
    }
    *ret_count = count;
    return CF_OK;
}

/* ---- Recomputing ---- */

const char *cf_subject_finding_sentence(enum cf_subject_finding finding)
{
    switch (finding) {
    case CF_SUBJECT_WHOLE:
        return "one chain leads through every record that names the subject";
    case CF_SUBJECT_FORKED:
        return "the chain forks: this record follows one that another record follows already";
    case CF_SUBJECT_FORGED:
        return "the back-link is forged: this record points at one that does not name the subject";
    case CF_SUBJECT_NEWEST_MISSING:
        return "the newest record is missing: this one names the subject and was not shown";
    case CF_SUBJECT_NEWEST_WRONG:
        return "the record shown as the newest does not name the subject";
    case CF_SUBJECT_MISCOUNTED:
        return "another number of records name the subject than was said";
    }
    CF_UNREACHABLE();
}

void cf_subject_scan_begin(struct cf_subject_scan *scan, struct cf_id subject)
{
    *scan = (struct cf_subject_scan){.subject = subject};
    cf_buf_init(&scan->chain, CHAIN_SIZE_MAX);
}

void cf_subject_scan_end(struct cf_subject_scan *scan)
{
    cf_buf_clean_up(&scan->chain);
}

static size_t chain_count(const struct cf_subject_scan *scan)
{
    return scan->chain.size / sizeof(uint64_t);
}

static uint64_t chain_at(const struct cf_subject_scan *scan, size_t index)
{
    uint64_t sequence;
    memcpy(&sequence, scan->chain.data + index * sizeof sequence, sizeof sequence);
    return sequence;
}

static uint64_t chain_newest(const struct cf_subject_scan *scan)
{
    return chain_count(scan) == 0 ? 0 : chain_at(scan, chain_count(scan) - 1);
}

static bool chain_has(const struct cf_subject_scan *scan, uint64_t sequence)
{
    for (size_t low = 0, high = chain_count(scan); low < high;) {
        size_t middle = low + (high - low) / 2;
        uint64_t found = chain_at(scan, middle);
        if (found == sequence)
            return true;
        if (found < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static void find(struct cf_subject_scan *scan, enum cf_subject_finding finding, uint64_t sequence)
{
    if (scan->finding != CF_SUBJECT_WHOLE)
        return;
    scan->finding = finding;
    scan->sequence = sequence;
}

enum cf_status cf_subject_scan_record(struct cf_subject_scan *scan, const struct cf_record *record,
                                      struct cf_fault *reterr_fault)
{
    CF_ASSERT(record->sequence == scan->size + 1);
    scan->size = record->sequence;
    const struct cf_subject_link *link = cf_subject_link_of(record, scan->subject);
    if (link == NULL)
        return CF_OK;
    if (link->previous != chain_newest(scan)) {
        bool known = link->previous == 0 || chain_has(scan, link->previous);
        find(scan, known ? CF_SUBJECT_FORKED : CF_SUBJECT_FORGED, record->sequence);
    }
    enum cf_status status =
        cf_buf_append(&scan->chain, cf_bytes_from(&record->sequence, sizeof record->sequence));
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "no memory for a subject's chain");
    return CF_OK;
}

void cf_subject_scan_compare(struct cf_subject_scan *scan, uint64_t newest, uint64_t count)
{
    uint64_t found = chain_newest(scan);
    if (newest != found && newest != 0 && !chain_has(scan, newest))
        find(scan, CF_SUBJECT_NEWEST_WRONG, newest);
    else if (newest != found)
        find(scan, CF_SUBJECT_NEWEST_MISSING, found);
    else if (count != chain_count(scan))
        find(scan, CF_SUBJECT_MISCOUNTED, found);
}
