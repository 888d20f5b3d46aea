/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_SUBJECT_EXPORT_H
#define CF_EVENTSTORE_SUBJECT_EXPORT_H

/*
 * A subject's whole history as JSON lines, with proofs, and checking such a file without trusting whoever
 * made it. A certificate of erasure is the same form with one record.
 *
 * The first line:
 *
 *     {"coffer_export":1,"purpose":"history" or "erasure","subject":"<uuid>","newest":<sequence>,
 *      "count":<records>,"checkpoint":"<signed note>","completeness":"<what is proved, in words>"}
 *
 * Then one line for each record, the newest first:
 *
 *     {"record":{…as in record_json.h…},"opened":{"<field>":"<clear text>",…},
 *      "bytes":"<base64 of the stored bytes>","proof":["<base64 of each sibling, leaf to root>",…]}
 *
 * The newest record of a history is its HistoryExported, which says how many records there were before it.
 * What is proved is `bytes`; record and opened are for the reader.
 */

#include "eventstore/keeper_client.h"
#include "eventstore/note.h"
#include "eventstore/subject.h"

#define CF_SUBJECT_EXPORT_VERSION 1

/* Gets each line, with its newline. */
typedef enum cf_status cf_subject_line_fn(void *context, struct cf_bytes line,
                                          struct cf_fault *reterr_fault);

/* Exports what record `newest` (a HistoryExported) and all before it say of the subject. Waits up to
 * timeout_ms for a checkpoint that covers it: TIMEOUT. `keeper` may be NULL: then nothing is opened. */
CF_MUST_CHECK enum cf_status cf_subject_export(struct cf_range_client *range,
                                               struct cf_keeper_client *keeper,
                                               struct cf_id subject, uint64_t newest,
                                               int timeout_ms, cf_subject_line_fn *line,
                                               void *context, struct cf_fault *reterr_fault);

/* The certificate: the record `erased` (a SubjectErased) with its proof. The keeper must have applied it. */
CF_MUST_CHECK enum cf_status cf_subject_certify(struct cf_range_client *range, struct cf_id subject,
                                                uint64_t erased, int timeout_ms,
                                                cf_subject_line_fn *line, void *context,
                                                struct cf_fault *reterr_fault);

/* What a file proves. */
struct cf_subject_proved {
    struct cf_id subject;
    char origin[CF_ORIGIN_SIZE_MAX + 1];
    bool erasure;  /* a certificate, not a history */
    uint64_t size; /* of the checkpoint */
    struct cf_hash root;
    uint64_t newest; /* sequence of the first record */
    uint64_t count;  /* records in the file */
};

/*
 * Checks a whole file against the log's key: the checkpoint's signature, each record's place in its tree,
 * the chain from the newest to the first, and HistoryExported's count. INVALID for what is no such file;
 * NOT_FOUND when the key did not sign it; CORRUPT, with the reason in the fault, when something in it does
 * not hold.
 */
CF_MUST_CHECK enum cf_status cf_subject_export_check(struct cf_bytes file,
                                                     const struct cf_note_verifier *verifier,
                                                     struct cf_subject_proved *ret_proved,
                                                     struct cf_fault *reterr_fault);

/* What recomputing says: cf_subject_finding, and at which record. */
struct cf_subject_answer {
    enum cf_subject_finding finding;
    uint64_t sequence;
};

/*
 * Reads the log up to the file's checkpoint, recomputes its root and all back-links of the subject, and
 * compares with what the file shows of a history. CORRUPT when the log is not the one that the checkpoint
 * was signed for, RANGE when it ends before.
 */
CF_MUST_CHECK enum cf_status cf_subject_recompute(struct cf_log_view *view,
                                                  const struct cf_subject_proved *proved,
                                                  struct cf_subject_answer *ret_answer,
                                                  struct cf_fault *reterr_fault);

#endif
