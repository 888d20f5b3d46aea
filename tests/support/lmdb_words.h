/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_TESTS_SUPPORT_LMDB_WORDS_H
#define CF_TESTS_SUPPORT_LMDB_WORDS_H

/*
 * Every word of an LMDB data file that its newest commit is made of, told by LMDB 0.9's format (mdb.c).
 * For damaging them one by one. The file must be whole; anything strange ends the test.
 */

#include "core/base/bytes.h"

#define CF_LMDB_WORDS_PAGE ((size_t)4096)

enum cf_lmdb_word {
    CF_LMDB_META_PAGE, /* of the newest commit: header, what the file is, trees, last page, number */
    CF_LMDB_PAGE,      /* the header of a page in a tree, and the places of its nodes */
    CF_LMDB_NODE,      /* a node's header, and where a long value's pages are */
    CF_LMDB_LONG_SIZE,  /* in a node's header, the size of a value that has pages of its own */
    CF_LMDB_KEY,        /* a table's row's, or one above rows */
    CF_LMDB_UNREAD_KEY, /* of a branch page's first node */
    CF_LMDB_TABLE,      /* a table's description, by its name */
    CF_LMDB_VALUE,      /* a row's */
    CF_LMDB_FREE_KEY,   /* which commit freed pages */
    CF_LMDB_FREE_LIST,  /* how many and which */
};

typedef void cf_lmdb_word_fn(void *context, enum cf_lmdb_word what, size_t at, size_t size);

/* Calls `word` for each, where it stands in the file and how long it is. */
void cf_lmdb_words(struct cf_bytes file, cf_lmdb_word_fn *word, void *context);

/* How many pages the file has come to, and the number of its newest commit. */
uint64_t cf_lmdb_words_pages(struct cf_bytes file);
uint64_t cf_lmdb_words_commit(struct cf_bytes file);

/* Where the topmost page of a table begins; the table of tables is one leaf. */
size_t cf_lmdb_words_root(struct cf_bytes file, const char *table);

#endif
