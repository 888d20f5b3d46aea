/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_SUBJECT_H
#define CF_EVENTSTORE_SUBJECT_H

/*
 * Subjects: the people and campaigns that records name. Each record holds, for each of its subjects, the
 * sequence of that subject's previous record; so a subject's history is a chain, from its newest record
 * down to its first, and reading it costs what the history is long, not what the log is.
 *
 * A chain proves that nothing in it was left out, but not that it is the only one: a writer that means ill
 * could make two records point at the same previous one, and show only one branch. That is seen by whoever
 * recomputes every back-link of the log, as `coffer verify` and cf_subject_scan do. So an export is
 * complete relative to a checkpoint up to which that was done.
 */

#include "core/event/record.h"
#include "eventstore/log.h"
#include "eventstore/range.h"

/* Where records come from. The bytes live until the next call. */
struct cf_subject_source {
    void *context; /* borrowed */
    enum cf_status (*record)(void *context, uint64_t sequence, struct cf_bytes *ret_bytes,
                             struct cf_fault *reterr_fault);
};

/* Through the range service. Starts all-zero but for its client; the source lives as long as it does. */
struct cf_subject_range {
    struct cf_range_client *client; /* borrowed */
    struct cf_range_records records;
};
struct cf_subject_source cf_subject_range_source(struct cf_subject_range *range);
void cf_subject_range_clean_up(struct cf_subject_range *range);

/* From a log on this machine. */
struct cf_subject_source cf_subject_view_source(struct cf_log_view *view);

/* ---- Walking ---- */

/* Gets each record, the newest first; `bytes` are the stored ones, and both live for the call. */
typedef enum cf_status cf_subject_each_fn(void *context, const struct cf_record *record,
                                          struct cf_bytes bytes, struct cf_fault *reterr_fault);

/* Follows the chain from `newest` down. CORRUPT, with the sequence in the detail, where a record is not
 * the one asked for, does not name the subject, or points at itself or above. */
CF_MUST_CHECK enum cf_status cf_subject_walk(struct cf_subject_source source, struct cf_id subject,
                                             uint64_t newest, cf_subject_each_fn *each,
                                             void *context, uint64_t *ret_count,
                                             struct cf_fault *reterr_fault);

/* The subject's link in a record, or NULL; borrowed from the record. */
const struct cf_subject_link *cf_subject_link_of(const struct cf_record *record,
                                                 struct cf_id subject);

/* ---- Recomputing ---- */

enum cf_subject_finding {
    CF_SUBJECT_WHOLE = 0,      /* one chain, through every record that names the subject */
    CF_SUBJECT_FORKED,         /* this record follows one that another record follows already */
    CF_SUBJECT_FORGED,         /* this record points at one that does not name the subject */
    CF_SUBJECT_NEWEST_MISSING, /* this record names the subject, and the chain shown began below it */
    CF_SUBJECT_NEWEST_WRONG, /* the chain shown began at a record that does not name the subject */
    CF_SUBJECT_MISCOUNTED,   /* more or fewer records name the subject than was said */
};

/* A sentence for a finding; static. */
const char *cf_subject_finding_sentence(enum cf_subject_finding finding);

/* Looks at the log's records in order, all of them from the first one on. */
struct cf_subject_scan {
    struct cf_id subject;
    enum cf_subject_finding finding; /* the first one */
    uint64_t sequence;               /* where */
    uint64_t size;                   /* records looked at */
    struct cf_buf chain;             /* the sequences that name the subject */
};

void cf_subject_scan_begin(struct cf_subject_scan *scan, struct cf_id subject);
void cf_subject_scan_end(struct cf_subject_scan *scan);

/* The next record. NO_MEMORY, NO_SPACE. */
CF_MUST_CHECK enum cf_status cf_subject_scan_record(struct cf_subject_scan *scan,
                                                    const struct cf_record *record,
                                                    struct cf_fault *reterr_fault);

/* At the end: compares with the newest record and the count that somebody showed. */
void cf_subject_scan_compare(struct cf_subject_scan *scan, uint64_t newest, uint64_t count);

#endif
