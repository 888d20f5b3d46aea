/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_KEEPER_QUESTION_H
#define CF_EVENTSTORE_KEEPER_QUESTION_H

/*
 * One operation asked of the keeper: written, sent, its reply read. Included by the client's files alone.
 *
 *     question_begin, write the arguments, question_ask, read the results, question_end
 */

#include "core/wire.h"
#include "eventstore/keeper_client.h"
#include "eventstore/keeper_serve.h"

struct cf_keeper_question {
    struct cf_buf request;
    struct cf_buf reply;
    struct cf_wire_writer arguments;
    struct cf_wire_cursor results;
};

void cf_keeper__question_begin(struct cf_keeper_question *question,
                               enum cf_keeper_operation operation, uint32_t argument_count);
void cf_keeper__question_end(struct cf_keeper_question *question);

void cf_keeper__write_id(struct cf_keeper_question *question, struct cf_id id);
void cf_keeper__write_bytes(struct cf_keeper_question *question, struct cf_bytes bytes);

/* Asks, and leaves the cursor at the results. */
enum cf_status cf_keeper__ask(struct cf_keeper_client *client, struct cf_keeper_question *question,
                              struct cf_fault *reterr_fault);

enum cf_status cf_keeper__read_id(struct cf_keeper_question *question, struct cf_id *ret_id,
                                  struct cf_fault *reterr_fault);
/* A text that fills ret_text to its NUL, or less. */
enum cf_status cf_keeper__read_text(struct cf_keeper_question *question, char *ret_text,
                                    size_t size, struct cf_fault *reterr_fault);

/* Ask, read the one result that there is (or none), and end. */
enum cf_status cf_keeper__ask_and_end(struct cf_keeper_client *client,
                                      struct cf_keeper_question *question,
                                      struct cf_fault *reterr_fault);
enum cf_status cf_keeper__ask_for_id(struct cf_keeper_client *client,
                                     struct cf_keeper_question *question, struct cf_id *ret_id,
                                     struct cf_fault *reterr_fault);
enum cf_status cf_keeper__ask_for_text(struct cf_keeper_client *client,
                                       struct cf_keeper_question *question, char *ret_text,
                                       size_t size, struct cf_fault *reterr_fault);

#endif
