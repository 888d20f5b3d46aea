/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_TLOG_PROOF_H
#define CF_EVENTSTORE_TLOG_PROOF_H

/*
 * Proof files (C2SP tlog-proof): a record's index, its inclusion proof, and the checkpoint it leads
 * to, as one text that anybody checks with the record's bytes and the log's key alone.
 *
 *     c2sp.org/tlog-proof@v1
 *     index <decimal>
 *     <base64 of each sibling, leaf to root>
 *     <empty line>
 *     <the checkpoint, a signed note, as it is>
 */

#include "eventstore/note.h"
#include "eventstore/tree.h"

#define CF_TLOG_PROOF_SIZE_MAX ((size_t)64 * 1024)

/* Appends the text. `index` counts from 0; `note` is a whole signed note. */
CF_MUST_CHECK enum cf_status cf_tlog_proof_append(uint64_t index, const struct cf_proof *proof,
                                                  struct cf_bytes note, struct cf_buf *buf);

/* Reads one. The note is borrowed from `text`. INVALID, with the offset of the line. */
CF_MUST_CHECK enum cf_status cf_tlog_proof_parse(struct cf_bytes text, uint64_t *ret_index,
                                                 struct cf_proof *ret_proof,
                                                 struct cf_bytes *ret_note,
                                                 struct cf_fault *reterr_fault);

#endif
