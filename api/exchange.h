/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_API_EXCHANGE_H
#define CF_API_EXCHANGE_H

/*
 * An exchange: one HTTP request on its way through a route.
 *
 * It lives in the request's arena, from the routing until it is answered; the functions here that
 * say "answers" end its life. A route answers exactly once. Functions that return bool answer it
 * themselves with a problem when they return false, so a route reads as a row of questions:
 *
 *     struct cf_id campaign_id;
 *     if (!cf_exchange_id(exchange, 0, &campaign_id) || !cf_exchange_body(exchange))
 *         return;
 */

#include "api/page_cache.h"
#include "api/problem.h"
#include "api/router.h"
#include "commands/link.h"
#include "core/event/record.h"
#include "core/json_value.h"

struct cf_api;

struct cf_exchange {
    struct cf_api *api;
    struct cf_http_request *request;
    const struct cf_route *route;
    struct cf_bytes parameters[CF_ROUTE_PARAMETERS_MAX]; /* of the path, in order */
    struct cf_id user_id;                                /* who is logged in; zero: nobody */
    char key[CF_IDEMPOTENCY_KEY_SIZE_MAX + 1]; /* of a POST: the client's, or one made for it */
    struct cf_json *body;                      /* after cf_exchange_body; owned by the exchange */
    size_t seat;                               /* of the pool's worker; pool only */
    cf_route_fn *resume;                       /* what the pool goes on with, or NULL: the route */
    struct cf_id made_id;                      /* for routes: what a command made, */
    uint64_t sequence;                         /* and its last record */
};

/* ---- What was asked ---- */

/* The path's parameter as an id. NOT_FOUND problem: an id that is none leads nowhere. */
bool cf_exchange_id(struct cf_exchange *exchange, size_t parameter, struct cf_id *ret_id);

/* The body as a JSON object, and the idempotency key. A member that the route's row calls the server's own
 * is refused. */
bool cf_exchange_body(struct cf_exchange *exchange);

/* The same where an absent body counts as an empty object. */
bool cf_exchange_body_or_nothing(struct cf_exchange *exchange);

/* A member that must be a text; borrowed from the body. */
bool cf_exchange_text(struct cf_exchange *exchange, const char *field, const char **ret_text);
/* The field "password", where it may become one. */
bool cf_exchange_password(struct cf_exchange *exchange, const char **ret_password);

/* A number in the query, `otherwise` where there is none. */
bool cf_exchange_query_number(struct cf_exchange *exchange, const char *name, int64_t otherwise,
                              int64_t minimum, int64_t maximum, int64_t *ret_number);
/* The query's value or an empty one; borrowed from the request. */
struct cf_bytes cf_exchange_query(struct cf_exchange *exchange, const char *name);

/* Waits until the read models have reached the query's `sequence`, if there is one: so a client reads what it
 * has just written. On the pool. */
bool cf_exchange_await_sequence(struct cf_exchange *exchange);

/* The record that a report is as of: the query's `as_of`, which the read models must have reached, or else
 * the newest that they all hold. On the pool. */
bool cf_exchange_as_of(struct cf_exchange *exchange, int64_t *ret_sequence);

/* How many seconds the client would wait for an outcome (RFC 7240, Prefer: wait=N), at most
 * CF_EXCHANGE_WAIT_S_MAX; 0 when it would not. */
#define CF_EXCHANGE_WAIT_S_MAX 30
unsigned cf_exchange_prefers_wait(const struct cf_exchange *exchange);

/* Goes on, on the pool, where it may wait. */
void cf_exchange_wait(struct cf_exchange *exchange, cf_route_fn *resume);

/* The session's token as it was sent, or an empty one; borrowed from the request. */
struct cf_bytes cf_exchange_token(const struct cf_exchange *exchange);
#define CF_SESSION_COOKIE "coffer_session"

/* ---- Answers ---- */

void cf_exchange_problem(struct cf_exchange *exchange, enum cf_problem problem, const char *detail,
                         const char *field);
/* Answers with the status of a failed part: BUSY, UNAVAILABLE, NOT_FOUND, INTERNAL. */
void cf_exchange_failed(struct cf_exchange *exchange, enum cf_status status,
                        const struct cf_fault *fault);

/* `json` is taken. */
void cf_exchange_json(struct cf_exchange *exchange, unsigned http_status, struct cf_json *json);
/* The same, and sets or (with an empty token) removes the session's cookie. */
void cf_exchange_json_with_cookie(struct cf_exchange *exchange, unsigned http_status,
                                  struct cf_json *json, const char *token, int64_t lifetime_s);
/* Finished JSON text; an ETag is made of it, and If-None-Match answered with 304. */
void cf_exchange_json_text(struct cf_exchange *exchange, struct cf_bytes text);
/* The same of a document, which is taken. */
void cf_exchange_json_etag(struct cf_exchange *exchange, struct cf_json *json);
/* The ETag of a body, with its quotes. */
void cf_exchange_etag(struct cf_bytes text, char ret_etag[CF_ETAG_SIZE]);
void cf_exchange_bytes(struct cf_exchange *exchange, const char *content_type,
                       const char *cache_control, struct cf_bytes bytes);
/* A page: it may load only what we serve, run only our scripts, and be framed by nobody. */
void cf_exchange_page(struct cf_exchange *exchange, const char *content_type,
                      struct cf_bytes bytes);

/* ---- Commands ---- */

/* The outcome was accepted: answers. `reply` is borrowed for the call of this function. */
typedef void cf_exchange_accepted_fn(struct cf_exchange *exchange, const struct cf_reply *reply);

/*
 * Sends a command and answers: through `accepted`, or with a problem. The body's members are the
 * command's fields by their names; clear texts for sealed fields are sealed for `subject_id` first (on
 * the pool only). The actor is whoever is logged in.
 */
void cf_exchange_command(struct cf_exchange *exchange, enum cf_command_number number,
                         const struct cf_id *subject_id, cf_exchange_accepted_fn *accepted);

/* The same, with an actor of its own, and for a subject that may be new to the keeper. */
void cf_exchange_command_as(struct cf_exchange *exchange, struct cf_id actor,
                            enum cf_command_number number, const struct cf_id *subject_id,
                            bool new_subject, cf_exchange_accepted_fn *accepted);

/* Answers 200 with the sequence alone. */
void cf_exchange_accepted_plainly(struct cf_exchange *exchange, const struct cf_reply *reply);

/* Sets an id in the body, which the server chose. */
void cf_exchange_set_id(struct cf_exchange *exchange, const char *field, const struct cf_id *id);

/* A new id of the present time. */
struct cf_id cf_exchange_new_id(struct cf_exchange *exchange);

/* An id that a repeated request gets again, made of the user and the idempotency key: for what has
 * fields sealed under a key of its own, whose tags would differ otherwise. After cf_exchange_body. */
struct cf_id cf_exchange_repeatable_id(const struct cf_exchange *exchange);

#endif
