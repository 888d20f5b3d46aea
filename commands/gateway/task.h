/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_TASK_H
#define CF_COMMANDS_GATEWAY_TASK_H

/*
 * Tasks: what an open request asks of the provider, and what the provider's answer means to the ledger.
 * Pure: an event in, a port request out; a result in, commands out. The loop (gateway.h) does the rest.
 */

#include "commands/command.h"
#include "commands/gateway/payment_port.h"
#include "core/event/record.h"

/* An open request and the event that asked for it. Borrows the record's bytes. */
struct cf_task {
    enum cf_request kind;
    struct cf_id subject;
    uint64_t sequence;
    struct cf_record record;
    struct cf_event event;
};

/* The idempotency key towards the provider: the same for the same asking event, on any machine, ever. */
#define CF_TASK_KEY_SIZE 96
void cf_task_key(const struct cf_task *task, char ret_key[CF_TASK_KEY_SIZE]);
/* The key for making a person's customer, whatever asks for it. */
void cf_task_customer_key(struct cf_id user_id, char ret_key[CF_TASK_KEY_SIZE]);

/* A port request with its texts. */
struct cf_task_request {
    struct cf_port_request request; /* points into what follows */
    char texts[6][CF_PORT_NAME_SIZE];
    char return_url[400];
};

/* What to ask. `customer` is the payer's, for payments, and `public_url` where the pages are, for browsers that
 * come back from a bank (NULL: they do not). False when the event asks for nothing that a provider does:
 * the task is to be parked. */
bool cf_task_ask(const struct cf_task *task, const char *customer, const char *public_url,
                 int64_t now_us, struct cf_task_request *ret_request);

/* Who pays, when the task is a payment; zero otherwise. */
struct cf_id cf_task_payer(const struct cf_task *task);

/* What a notice is about may come behind it for as long as the provider goes on telling. What is still unknown
 * then is quarantined. */
#define CF_TASK_AWAIT_MAX_US (3 * CF_DAY_US)

/* What is to happen with the request after its commands. */
enum cf_task_then {
    CF_TASK_DONE,       /* the commands close it */
    CF_TASK_DEFER,      /* later; `reason` */
    CF_TASK_PARK,       /* somebody has to look; `reason` */
    CF_TASK_LOOK,       /* look at `object` first: it is at another point than we thought */
    CF_TASK_QUARANTINE, /* a notice that contradicts us; `reason` */
    CF_TASK_AWAIT, /* a notice of what we do not know yet: later, while it is young; `reason` */
};

#define CF_TASK_COMMAND_COUNT_MAX 6

struct cf_task_answer {
    struct cf_command_input commands[CF_TASK_COMMAND_COUNT_MAX]; /* borrow from task and result */
    size_t command_count;
    enum cf_task_then then;
    int64_t wait_us; /* DEFER: at least; 0 leaves it to the loop */
    char reason[160];
    char object[CF_PORT_NAME_SIZE];
};

/* What the result means. The answer borrows from task and result. */
void cf_task_take(const struct cf_task *task, const struct cf_port_result *result,
                  struct cf_task_answer *ret_answer);

/*
 * Notices. A notice names an object; what the object is now decides, not what the notice said, so order and
 * duplicates do not matter.
 */

/* What to look at; false for notices that we only record. */
bool cf_task_ask_news(const struct cf_task *task, struct cf_task_request *ret_request);

/* Which of our things the object belongs to, as far as the loop could find out. */
struct cf_task_subject {
    struct cf_id pledge_id, refund_id, payout_id, user_id;
};

/* A request whose answer was lost is known by its key, which the notice carries: fills in what is still unknown. */
void cf_task_subject_of_key(struct cf_bytes request_key, struct cf_task_subject *subject);

void cf_task_take_news(const struct cf_task *task, const struct cf_port_result *result,
                       const struct cf_task_subject *subject, struct cf_task_answer *ret_answer);

/* A refusal of an outcome command that means: the provider contradicts our books. */
bool cf_task_is_contradiction(const char *command, const char *verdict);

/* A refusal of a notice's command that other news under way will change: CF_TASK_AWAIT. */
bool cf_task_is_early(const char *command, const char *verdict);

/* The commands for what a pledge's payment has become; shared by answers and news. */
void cf_task_take_payment(struct cf_id pledge_id, struct cf_id payer,
                          const struct cf_port_result *result, bool is_news,
                          struct cf_task_answer *answer);

/* The commands for what a refund of ours has become: it has left, or come back. */
void cf_task_take_refund(struct cf_id refund_id, const struct cf_port_result *result,
                         struct cf_task_answer *answer);

#endif
