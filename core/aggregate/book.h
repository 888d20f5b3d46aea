/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_BOOK_H
#define CF_CORE_AGGREGATE_BOOK_H

/*
 * The book: everything that deciding needs to know, derived from the log and from nothing else.
 *
 * It holds rows (one aggregate each), balances, look-ups from outside names to ids, due timers and
 * open requests. Deciders read it; evolve, post and react change it, and nobody else does.
 *
 * Errors are sticky: a store that cannot read or write answers "not there", remembers why, and says
 * so in cf_book_status. Whoever drives the book asks before it trusts the outcome; the code between
 * stays free of error paths that no test could reach.
 *
 * Pointers to rows are borrowed from the book. They hold until the command ends for which they were
 * asked, over further calls of row_find and row_edit.
 */

#include "core/currency.h"
#include "core/event/choices.h"
#include "core/id.h"
#include "core/journal/account.h"

/* Raise whenever a row's layout or the meaning of a derived row changes: states rebuild themselves.
 */
#define CF_BOOK_LAYOUT_VERSION 8

/* FROZEN for one layout version: the numbers are keys in state/. */
enum cf_row_kind {
    CF_ROW_USER = 1,
    CF_ROW_CAMPAIGN = 2,
    CF_ROW_REWARD = 3,
    CF_ROW_PLEDGE = 4,
    CF_ROW_REFUND = 5,
    CF_ROW_PAYOUT = 6,
    CF_ROW_CARD = 7,
    CF_ROW_BACKING = 8,         /* key: campaign, backer */
    CF_ROW_LEDGER = 9,          /* key: CF_LEDGER_STREAM */
    CF_ROW_CREATOR = 10,        /* key: creator, currency */
    CF_ROW_SETTLEMENT = 11,     /* key: campaign, round */
    CF_ROW_DEFERRED = 12,       /* key: subject, request */
    CF_ROW_REWARD_BACKING = 13, /* key: reward, backer */
    CF_ROW_KIND_LIMIT = 14
};

struct cf_row_key {
    enum cf_row_kind kind;
    struct cf_id id;
    struct cf_id second; /* zero where the kind has a simple key; a number by cf_id_of_number */
};

/* The size of a kind's row in bytes. */
size_t cf_row_size(enum cf_row_kind kind);

/* Names from outside, each leading to one of our ids. */
enum cf_lookup_kind {
    CF_LOOKUP_SLUG = 1,                /* → campaign */
    CF_LOOKUP_INTENT = 2,              /* → pledge */
    CF_LOOKUP_CHARGE = 3,              /* → pledge */
    CF_LOOKUP_REFUND = 4,              /* → refund */
    CF_LOOKUP_DISPUTE = 5,             /* → pledge */
    CF_LOOKUP_CUSTOMER = 6,            /* → user */
    CF_LOOKUP_ACCOUNT = 7,             /* → user */
    CF_LOOKUP_TRANSFER = 8,            /* → payout */
    CF_LOOKUP_BANK_PAYOUT = 9,         /* → payout */
    CF_LOOKUP_PROVIDER_EVENT = 10,     /* → its request's subject; present means seen */
    CF_LOOKUP_BALANCE_TRANSACTION = 11, /* → pledge */
    CF_LOOKUP_ORPHAN = 12 /* a charge that is not its pledge's own → its refund */
};

struct cf_book;

struct cf_book_ops {
    /* The row, or NULL. With `create`, a zeroed one is made where there is none (never NULL: a
     * store that fails hands out a scratch row and remembers why). A row got with `edit` counts as
     * changed. */
    void *(*row)(struct cf_book *book, const struct cf_row_key *key, bool edit, bool create);

    int64_t (*balance)(struct cf_book *book, const struct cf_account *account);
    void (*balance_set)(struct cf_book *book, const struct cf_account *account, int64_t minor);

    /* False where the name is unknown. */
    bool (*lookup)(struct cf_book *book, enum cf_lookup_kind kind, struct cf_bytes name,
                   struct cf_id *ret_id);
    void (*lookup_set)(struct cf_book *book, enum cf_lookup_kind kind, struct cf_bytes name,
                       const struct cf_id *id);

    /* due_us 0 clears. */
    void (*timer_set)(struct cf_book *book, const struct cf_id *subject, enum cf_timer timer,
                      int64_t due_us);
    /* 0 where none is set. */
    int64_t (*timer)(struct cf_book *book, const struct cf_id *subject, enum cf_timer timer);

    /* requested_by is the sequence of the asking event; 0 closes. */
    void (*request_set)(struct cf_book *book, const struct cf_id *subject, enum cf_request request,
                        uint64_t requested_by);
    /* 0 where none is open. A pledge's and a payout's requests go by its id, a refund's by its own,
     * a customer's and an account's by the user's; a letter's and a notice's by the id of the
     * number of the record that asked (cf_id_of_number). */
    uint64_t (*request)(struct cf_book *book, const struct cf_id *subject, enum cf_request request);

    /* Pledges of a campaign in order of their ids, those after `after` (zero: from the first), at
     * most `count_max`; returns how many. */
    size_t (*pledges)(struct cf_book *book, const struct cf_id *campaign_id,
                      const struct cf_id *after, struct cf_id *ret_ids, size_t count_max);
    /* Adds a pledge to its campaign's list. */
    void (*pledge_list)(struct cf_book *book, const struct cf_id *campaign_id,
                        const struct cf_id *pledge_id);

    /* OK, or why the store failed first. */
    enum cf_status (*status)(struct cf_book *book);
};

/* An implementation begins with this member. */
struct cf_book {
    const struct cf_book_ops *ops;
};

/* The row to read, or NULL. */
static inline const void *cf_book_find(struct cf_book *book, enum cf_row_kind kind,
                                       const struct cf_id *id)
{
    return book->ops->row(book, &(struct cf_row_key){.kind = kind, .id = *id}, false, false);
}

/* The row to change, or NULL where there is none. */
static inline void *cf_book_edit(struct cf_book *book, enum cf_row_kind kind,
                                 const struct cf_id *id)
{
    return book->ops->row(book, &(struct cf_row_key){.kind = kind, .id = *id}, true, false);
}

/* The row to change, made of zeroes where there is none. */
static inline void *cf_book_make(struct cf_book *book, enum cf_row_kind kind,
                                 const struct cf_id *id)
{
    return book->ops->row(book, &(struct cf_row_key){.kind = kind, .id = *id}, true, true);
}

/* The same for kinds with two ids. */
static inline const void *cf_book_find_pair(struct cf_book *book, enum cf_row_kind kind,
                                            const struct cf_id *id, const struct cf_id *second)
{
    return book->ops->row(book, &(struct cf_row_key){.kind = kind, .id = *id, .second = *second},
                          false, false);
}

static inline void *cf_book_make_pair(struct cf_book *book, enum cf_row_kind kind,
                                      const struct cf_id *id, const struct cf_id *second)
{
    return book->ops->row(book, &(struct cf_row_key){.kind = kind, .id = *id, .second = *second},
                          true, true);
}

static inline enum cf_status cf_book_status(struct cf_book *book)
{
    return book->ops->status(book);
}

/* A short ASCII name held by value: provider references, slugs. NUL-terminated, the rest zero. */
struct cf_token {
    char text[64];
};

/* The token's text; borrowed from it. */
static inline struct cf_bytes cf_token_bytes(const struct cf_token *token)
{
    return cf_bytes_from(token->text, strnlen(token->text, sizeof token->text));
}

/* The token of a text of at most 63 bytes; false where it is longer, and the token stays. */
bool cf_token_set(struct cf_token *token, struct cf_bytes text);

static inline bool cf_token_is_empty(const struct cf_token *token)
{
    return token->text[0] == '\0';
}

static inline bool cf_token_equals(const struct cf_token *token, struct cf_bytes text)
{
    return cf_bytes_equal(cf_token_bytes(token), text);
}

/* A number as an id: eight zero bytes, then the number, most significant byte first. Never the id
 * of an aggregate. */
struct cf_id cf_id_of_number(uint64_t number);

/* Streams that are no aggregate's. */
extern const struct cf_id CF_LEDGER_STREAM;
extern const struct cf_id CF_PROVIDER_STREAM;

/* Actors that are no person: the writer's own timers, the gateway, the keeper, the shell. */
extern const struct cf_id CF_ACTOR_SYSTEM;
extern const struct cf_id CF_ACTOR_GATEWAY;
extern const struct cf_id CF_ACTOR_KEEPER;
extern const struct cf_id CF_ACTOR_OPERATOR;

#endif
