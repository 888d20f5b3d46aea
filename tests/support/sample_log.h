/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_SAMPLE_LOG_H
#define CF_TESTS_SUPPORT_SAMPLE_LOG_H

/*
 * A ledger of well-formed records about nothing: streams, subjects, back-links, commands with tags.
 * What record N holds depends on N and the records before it alone, so two ledgers of one length
 * are equal byte for byte. The rows come from an evolve of its own, which touches everything that a
 * book has.
 *
 * Any failure ends the test.
 */

#include "eventstore/checkpoint.h"
#include "eventstore/state.h"

#define CF_SAMPLE_STREAMS 7
#define CF_SAMPLE_SUBJECTS 5

struct cf_sample_log {
    char directory[128]; /* holds log/ and state/ */
    struct cf_log *log;
    struct cf_state *state;
    struct cf_state_start start; /* how the state came up */
    struct cf_note_signer signer;
};

/* Opens (and makes) the ledger below `directory`. boot_id as in state.h. */
void cf_sample_log_open(struct cf_sample_log *sample, const char *directory, const char *boot_id);
/* As above, on a disk of which `reserve_size` bytes stay free. */
void cf_sample_log_open_reserved(struct cf_sample_log *sample, const char *directory,
                                 const char *boot_id, uint64_t reserve_size);
/* Accepts one that did not open whole. */
void cf_sample_log_close(struct cf_sample_log *sample);

/* Appends about `record_count` records as one batch of whole commands, 1 to 3 records each. */
void cf_sample_log_append(struct cf_sample_log *sample, size_t record_count);
/* As above, telling instead of failing. */
CF_MUST_CHECK enum cf_status cf_sample_log_try_append(struct cf_sample_log *sample,
                                                      size_t record_count,
                                                      struct cf_fault *reterr_fault);

/* Appends one record of this event, a command of its own. */
void cf_sample_log_append_event(struct cf_sample_log *sample, const struct cf_event *event);

/* The evolve that its state uses. */
enum cf_status cf_sample_evolve(struct cf_book *book, const struct cf_record *record,
                                const struct cf_event *event, struct cf_fault *reterr_fault);

struct cf_id cf_sample_stream(uint64_t number);
struct cf_id cf_sample_subject(uint64_t number);

#endif
