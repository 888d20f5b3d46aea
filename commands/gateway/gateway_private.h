/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_GATEWAY_PRIVATE_H
#define CF_COMMANDS_GATEWAY_GATEWAY_PRIVATE_H

/*
 * The gateway's inside. One thread (cf_gateway_run's) owns every job. Port and link call back on threads of
 * theirs; what they bring goes into the inbox, and the thread takes it from there.
 */

#include "commands/gateway/gateway.h"
#include "commands/gateway/task.h"
#include "commands/link.h"
#include "eventstore/bus.h"
#include "eventstore/range.h"

#include <pthread.h>

#define CF_GATEWAY_BUCKETS 4096
#define CF_GATEWAY_JOBS_MAX 4096
#define CF_GATEWAY_CUSTOMERS 4096
/* Letters go one by one, some slowly: all that are jobs leave room for payments. */
#define CF_GATEWAY_LETTERS_MAX 32

/* What a job waits for. */
enum cf_job_step {
    CF_JOB_QUEUED,
    CF_JOB_CUSTOMER,      /* the provider makes the payer's customer */
    CF_JOB_CUSTOMER_LINK, /* the writer records it */
    CF_JOB_ASK,           /* the provider does what was asked */
    CF_JOB_LOOK,          /* the provider shows an object */
    CF_JOB_COMMANDS,      /* the writer takes outcomes, one after the other */
    CF_JOB_CLOSING,       /* the writer defers, parks, settles or quarantines */
};

/* One open request in the gateway's hands. */
struct cf_job {
    struct cf_job *next;        /* in the queue, the inbox, or those that wait to send again */
    struct cf_job *bucket_next; /* in the table */
    struct cf_gateway *gateway;
    uint64_t sequence;
    enum cf_request kind;
    struct cf_id subject;
    enum cf_job_step step;
    struct cf_task task;
    struct cf_buf record; /* owns what the task borrows */
    char customer[CF_PORT_NAME_SIZE];
    struct cf_port_result result;
    struct cf_task_answer *answer; /* owned */
    size_t command_index;
    struct cf_command_input closing; /* the last command: defer, park, settle, quarantine */
    char closing_key[255];

    bool from_port; /* what the inbox brings */
    enum cf_status link_status;
    struct cf_reply reply;
};

struct cf_gateway {
    struct cf_gateway_options options;
    char *range_url, *head_url, *public_url;
    struct cf_link *link;
    struct cf_range_client *range;
    struct cf_range_client *watcher;
    pthread_t watch_thread;
    bool watching;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct cf_job *inbox, **inbox_end; /* under mutex */
    uint64_t head;                     /* under mutex: newest that was announced */
    size_t under_way;                  /* under mutex: calls whose callback is still to come */
    size_t asked;                      /* under mutex: those that a provider or the mail answers */
    bool stopping;                     /* under mutex */
    uint64_t performed, deferred, parked, quarantined, missed; /* under mutex */

    /* The thread's own. */
    struct cf_job *table[CF_GATEWAY_BUCKETS];
    struct cf_job *queue, **queue_end;
    struct cf_job *again; /* the writer was busy or silent: send their command again */
    size_t job_count;     /* changes under mutex */
    size_t in_progress;
    size_t letter_count; /* of the jobs */
    uint64_t newest;     /* requests up to this sequence have been seen */
    uint64_t head_seen;
    int64_t swept_us;  /* when all open requests were last listed */
    bool open_are_few; /* then they filled no page */
    bool clock_known;
    int64_t ledger_offset_us, ledger_asked_us; /* the ledger's clock against ours */
    int64_t ledger_now_us;                     /* what it said then */
    struct cf_range_records chunk;             /* records read together */
    struct cf_bus_server *status;              /* who asks something: inquiry.h */
    pthread_t inquiry_thread;
    bool inquiring;
    struct {
        int64_t next_us;                 /* monotonic: when to read the list of notices again */
        int64_t since_s;                 /* the platform's from then on have not been seen yet */
        int64_t began_s, newest_s;       /* of this round: the ledger's time, the newest notice */
        char account[CF_PORT_NAME_SIZE]; /* whose list is being read; empty: the platform's */
        char last_account[CF_PORT_NAME_SIZE]; /* the one behind it has its turn */
        unsigned accounts_left;               /* in this round */
        char after[CF_PORT_NAME_SIZE];        /* the round goes on behind this one */
        bool busy;                            /* the provider is being asked */
        bool answered;                        /* under mutex: `body` has come */
        struct cf_buf body;                   /* under mutex until answered */
    } poll;
    struct {
        struct cf_id user_id;
        char customer[CF_PORT_NAME_SIZE];
    } customers[CF_GATEWAY_CUSTOMERS]; /* a cache: by hash, the newer wins */
    struct {
        uint64_t sequence;
        unsigned attempts;
    } attempts[CF_GATEWAY_BUCKETS]; /* how often a request was deferred, as far as we remember */
};

/* gateway.c */
int64_t cf_gateway__monotonic_us(void);
/* The ledger's time; once that was known, which comes before any job. */
int64_t cf_gateway__now_us(struct cf_gateway *gateway);
struct cf_job *cf_gateway__find(struct cf_gateway *gateway, enum cf_request kind,
                                struct cf_id subject);
void cf_gateway__forget(struct cf_job *job);

/* poll.c: the provider's own list of notices, for those that never reached us. */
void cf_gateway__poll(struct cf_gateway *gateway);

/* inquiry.c: a thread that answers what other processes ask, until the status server is stopped. */
void *cf_gateway__answer_inquiries(void *context);

/* job_read.c */
/* Reads the asking event, with those behind it: runs of requests stand together in the log. CORRUPT, or the range
 * service's. */
CF_MUST_CHECK enum cf_status cf_job__read_event(struct cf_job *job);
/* Where the person's customer is remembered; empty while it is not known. */
char *cf_job__customer_slot(struct cf_gateway *gateway, struct cf_id user_id);
/* Into job->customer; false where the ledger knows of none. */
bool cf_job__find_customer(struct cf_job *job, struct cf_id user_id);
void cf_job__find_subject(struct cf_job *job, struct cf_task_subject *ret_subject);

/* job_ask.c: a request on its way out. */
/* False when the writer's process is not to be reached: then the job is forgotten. */
bool cf_job_begin(struct cf_job *job);
/* Asks the provider for what the event asks for, the payer's customer being known. */
void cf_job__ask(struct cf_job *job);
/* Looks at one of the provider's objects. */
void cf_job__look(struct cf_job *job, const char *object);
/* Brings a job whose call has ended to the thread; on any thread. */
void cf_job__hand_in(struct cf_job *job, bool from_port);
/* Whom a call waits for: the writer, or else the provider or the mail. */
enum cf_job_party { CF_JOB_WRITER, CF_JOB_PROVIDER };
void cf_job__set_under_way(struct cf_gateway *gateway, enum cf_job_party with, bool begins);

/* job.c: what becomes of it. */
/* Defers, parks, settles or quarantines, as the last thing of this job. */
void cf_job__close(struct cf_job *job, enum cf_task_then then, int64_t wait_us, const char *reason);
void cf_job_on_result(struct cf_job *job);
void cf_job_on_reply(struct cf_job *job);
/* Sends the command that the job waits for, again. */
void cf_job_resend(struct cf_job *job);

#endif
