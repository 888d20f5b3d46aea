/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_EVENTSTORE_LMDB_PAGES_H
#define CF_EVENTSTORE_LMDB_PAGES_H

/*
 * The pages of an LMDB file (format of LMDB 0.9), looked at as bytes: does one commit hang together?
 *
 * LMDB walks its trees believing every word in them. This believes none, reads nothing outside of the
 * file, and holds each word that LMDB will ever read against what LMDB writes:
 *
 * - both meta pages: magic, version, page size, the number of the commit, which alternates between them;
 * - each page: its own number, its kind, where its nodes begin and end; each is in one tree, once, or in
 *   the list of free pages, once, and none is in neither;
 * - each node: flags, sizes, place; keys ascend within a page and keep to what the pages above say;
 * - each tree: its depth, and how many pages and rows it says it has.
 *
 * What LMDB never reads cannot matter and is not looked at: the room between a page's list of nodes and
 * the nodes, the byte that makes a node's length even, the rest of a row's last page, free pages, the
 * key of a branch page's first node as long as it is in its place, the lock file, and what the older
 * meta page says beside the above. The values of rows are their owners' affair.
 */

#include "core/base/bytes.h"
#include "core/base/status.h"

#define CF_LMDB_PAGE_SIZE ((uint64_t)4096)

/* Checks the commit with this number, the newest, in the bytes of a whole data file. CORRUPT names the
 * page. RETRY: a newer commit has come, or is coming. */
CF_MUST_CHECK enum cf_status cf_lmdb_pages_check(struct cf_bytes file, uint64_t commit,
                                                 struct cf_fault *reterr_fault);

#endif
