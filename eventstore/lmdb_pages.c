/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What LMDB 0.9 writes (mdb.c; its names in brackets), on a little-endian machine with 64 bits. Page
 * numbers, sizes and offsets come from the file: each is held against the file's or the page's end
 * before anything is read there.
 */
#include "eventstore/lmdb_pages.h"

#include "core/base/assert.h"
#include "core/base/scope.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC 0xBEEFC0DE
#define VERSION 1
#define META_PAGES 2
#define NO_PAGE UINT64_MAX
#define DEPTH_MAX 32
#define PAGE_HEADER_SIZE sizeof(struct page_header)
#define NODE_HEADER_SIZE sizeof(struct node_header)

enum { BRANCH = 0x01, LEAF = 0x02, OVERFLOW = 0x04, META = 0x08 }; /* [P_BRANCH and so on] */
enum { ON_PAGES_OF_ITS_OWN = 0x01, A_TREE = 0x02 };                /* [F_BIGDATA, F_SUBDATA] */
enum { KEYS_ARE_NUMBERS = 0x08, MADE_AS_ONE_FILE = 0x4000 }; /* [MDB_INTEGERKEY, MDB_NOSUBDIR] */

struct page_header { /* [MDB_page] */
    uint64_t number;
    uint16_t pad;
    uint16_t flags;
    uint16_t lower; /* behind the list of nodes */
    uint16_t upper; /* where nodes begin; in an overflow page both are one number, of its pages */
};

struct node_header {    /* [MDB_node] */
    uint16_t low, high; /* of a value's size, or with the flags of a page's number */
    uint16_t flags;
    uint16_t key_size;
};

struct tree { /* [MDB_db] */
    uint32_t pad;
    uint16_t flags;
    uint16_t depth;
    uint64_t branch_pages;
    uint64_t leaf_pages;
    uint64_t overflow_pages;
    uint64_t rows;
    uint64_t root;
};

enum { FREE_LISTS, TABLES, ROWS }; /* what a tree holds; the first two stand in the meta page */

struct meta { /* [MDB_meta] */
    uint32_t magic;
    uint32_t version;
    uint64_t address;
    uint64_t map_size;
    struct tree trees[2];
    uint64_t last_page;
    uint64_t commit;
};

_Static_assert(sizeof(struct page_header) == 16 && sizeof(struct node_header) == 8 &&
                   sizeof(struct tree) == 48 && sizeof(struct meta) == 136,
               "these are LMDB's, byte for byte");

struct walk {
    const uint8_t *file;
    uint64_t page_count;
    uint8_t *accounted; /* a bit a page */
    uint64_t accounted_count;
    struct cf_fault *fault;
};

/* One tree being walked. */
struct climb {
    struct walk *walk;
    unsigned content;
    bool numbers;
    const struct tree *said;
    struct tree found;
};

/* From the first key on, and up to the second; no bytes: no bound. */
struct bounds {
    struct cf_bytes first, end;
};

struct node {
    struct cf_bytes key;
    uint16_t flags;
    uint64_t child;
    const uint8_t *value;
    size_t value_size;
};

static enum cf_status check_tree(struct walk *walk, const struct tree *said, unsigned content);

static enum cf_status damaged(const struct walk *walk, uint64_t page, const char *what)
{
    CF_FAIL_ON(walk->fault, CF_CORRUPT, "the file's structure is damaged", "page %llu: %s",
               (unsigned long long)page, what);
}

/* --- Pages ------------------------------------------------------------------------------------ */

static enum cf_status account(struct walk *walk, uint64_t page)
{
    if (page < META_PAGES || page >= walk->page_count)
        return damaged(walk, page, "there is no such page");
    uint8_t bit = (uint8_t)(1 << page % 8);
    if ((walk->accounted[page / 8] & bit) != 0)
        return damaged(walk, page, "it is used twice, or free and in use at once");
    walk->accounted[page / 8] |= bit;
    walk->accounted_count++;
    return CF_OK;
}

static enum cf_status take_page(struct walk *walk, uint64_t page, const uint8_t **ret_bytes,
                                struct page_header *ret_header)
{
    CF_TRY(account(walk, page));
    *ret_bytes = walk->file + page * CF_LMDB_PAGE_SIZE;
    memcpy(ret_header, *ret_bytes, sizeof *ret_header);
    if (ret_header->number != page)
        return damaged(walk, page, "it says that it is another page");
    if (ret_header->pad != 0)
        return damaged(walk, page, "its header is damaged");
    return CF_OK;
}

/* A value that is too long for a leaf. */
static enum cf_status take_overflow(struct climb *climb, uint64_t page, size_t size,
                                    const uint8_t **ret_value)
{
    struct walk *walk = climb->walk;
    struct page_header header;
    const uint8_t *bytes;
    CF_TRY(take_page(walk, page, &bytes, &header));
    uint64_t count = (uint64_t)header.upper << 16 | header.lower,
             needed = (PAGE_HEADER_SIZE + size + CF_LMDB_PAGE_SIZE - 1) / CF_LMDB_PAGE_SIZE;
    if (header.flags != OVERFLOW || count < needed || count > walk->page_count - page)
        return damaged(walk, page, "it is not what a long value begins with");
    for (uint64_t i = 1; i < count; i++)
        CF_TRY(account(walk, page + i));
    climb->found.overflow_pages += count;
    *ret_value = bytes + PAGE_HEADER_SIZE;
    return CF_OK;
}

/* --- Nodes ------------------------------------------------------------------------------------ */

static int compare_keys(const struct climb *climb, struct cf_bytes a, struct cf_bytes b)
{
    if (climb->numbers) {
        uint64_t left, right;
        CF_ASSERT(a.size == sizeof left && b.size == sizeof right);
        memcpy(&left, a.data, sizeof left);
        memcpy(&right, b.data, sizeof right);
        return (left > right) - (left < right);
    }
    size_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.data, b.data, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Adds the room that the node takes to `taken`. */
static enum cf_status take_node(struct climb *climb, uint64_t page, const uint8_t *bytes,
                                const struct page_header *header, size_t i, struct node *ret_node,
                                size_t *taken)
{
    bool leaf = header->flags == LEAF;
    uint16_t at;
    struct node_header node;
    memcpy(&at, bytes + PAGE_HEADER_SIZE + i * sizeof at, sizeof at);
    if (at < header->upper || at > CF_LMDB_PAGE_SIZE - NODE_HEADER_SIZE || at % 2 != 0)
        return damaged(climb->walk, page, "a node is out of its place");
    memcpy(&node, bytes + at, sizeof node);
    uint32_t low = (uint32_t)node.high << 16 | node.low;
    uint16_t allowed = climb->content == TABLES ? A_TREE : node.flags & ON_PAGES_OF_ITS_OWN;
    if (leaf && node.flags != allowed)
        return damaged(climb->walk, page, "a node's flags are damaged");
    bool inside = leaf && (node.flags & ON_PAGES_OF_ITS_OWN) == 0;
    size_t value_room = inside ? low
                        : leaf ? sizeof(uint64_t)
                               : 0,
           size = (NODE_HEADER_SIZE + node.key_size + value_room + 1) & ~(size_t)1;
    if (size > CF_LMDB_PAGE_SIZE - at)
        return damaged(climb->walk, page, "a node goes beyond its page");
    bool no_key = node.key_size == 0 && !leaf && i == 0;
    if (!no_key && (node.key_size == 0 || (climb->numbers && node.key_size != sizeof(uint64_t))))
        return damaged(climb->walk, page, "a key has a wrong size");
    const uint8_t *key = bytes + at + NODE_HEADER_SIZE;
    *ret_node = (struct node){.key = cf_bytes_from(key, node.key_size),
                              .flags = node.flags,
                              .child = (uint64_t)node.flags << 32 | low,
                              .value = key + node.key_size,
                              .value_size = low};
    *taken += size;
    return CF_OK;
}

/* A key is behind the one before it; the first and the last one keep to what the pages above say, and so all do. */
static enum cf_status check_key(const struct climb *climb, uint64_t page, struct cf_bytes before,
                                struct cf_bytes key, bool last, const struct bounds *bounds)
{
    bool good = true;
    if (before.size > 0)
        good = compare_keys(climb, before, key) < 0;
    else if (bounds->first.size > 0)
        good = compare_keys(climb, bounds->first, key) <= 0;
    if (good && last && bounds->end.size > 0)
        good = compare_keys(climb, key, bounds->end) < 0;
    return good ? CF_OK : damaged(climb->walk, page, "a key is out of its place");
}

/* --- Values ----------------------------------------------------------------------------------- */

/* How many pages are free, then which. */
static enum cf_status take_free_list(struct walk *walk, uint64_t page, const uint8_t *value,
                                     size_t size)
{
    uint64_t count, number;
    if (size < sizeof count)
        return damaged(walk, page, "a list of free pages is too short");
    memcpy(&count, value, sizeof count);
    if (count >= size / sizeof count)
        return damaged(walk, page, "a list of free pages is longer than its row");
    for (uint64_t i = 1; i <= count; i++) {
        memcpy(&number, value + i * sizeof number, sizeof number);
        CF_TRY(account(walk, number));
    }
    return CF_OK;
}

static enum cf_status check_value(struct climb *climb, uint64_t page, const struct node *node)
{
    const uint8_t *value = node->value;
    struct tree tree;
    if (node->flags == ON_PAGES_OF_ITS_OWN) {
        uint64_t first;
        memcpy(&first, value, sizeof first);
        CF_TRY(take_overflow(climb, first, node->value_size, &value));
    }
    climb->found.rows++;
    if (climb->content == FREE_LISTS)
        return take_free_list(climb->walk, page, value, node->value_size);
    if (climb->content == ROWS)
        return CF_OK;
    if (node->value_size != sizeof tree)
        return damaged(climb->walk, page, "a table's description has a wrong size");
    memcpy(&tree, value, sizeof tree);
    return check_tree(climb->walk, &tree, ROWS);
}

/* --- Trees ------------------------------------------------------------------------------------ */

static enum cf_status check_page(struct climb *climb, uint64_t page, unsigned depth,
                                 const struct bounds *bounds)
{
    struct walk *walk = climb->walk;
    struct page_header header;
    const uint8_t *bytes;
    CF_TRY(take_page(walk, page, &bytes, &header));
    bool leaf = depth == climb->said->depth;
    if (header.flags != (leaf ? LEAF : BRANCH))
        return damaged(walk, page, "it is of another kind than its place");
    if (header.lower <= PAGE_HEADER_SIZE || header.lower % 2 != 0 || header.lower > header.upper ||
        header.upper > CF_LMDB_PAGE_SIZE)
        return damaged(walk, page, "its header is damaged");
    *(leaf ? &climb->found.leaf_pages : &climb->found.branch_pages) += 1;

    size_t count = (header.lower - PAGE_HEADER_SIZE) / sizeof(uint16_t), taken = 0;
    struct node node, next;
    struct cf_bytes before = {0};
    CF_TRY(take_node(climb, page, bytes, &header, 0, &node, &taken));
    for (size_t i = 0; i < count; i++, before = node.key, node = next) {
        if (node.key.size > 0)
            CF_TRY(check_key(climb, page, before, node.key, i + 1 == count, bounds));
        struct bounds below = {.first = i == 0 ? bounds->first : node.key, .end = bounds->end};
        if (i + 1 < count) {
            CF_TRY(take_node(climb, page, bytes, &header, i + 1, &next, &taken));
            below.end = next.key;
        }
        if (leaf)
            CF_TRY(check_value(climb, page, &node));
        else
            CF_TRY(check_page(climb, node.child, depth + 1, &below));
    }
    return taken == CF_LMDB_PAGE_SIZE - header.upper
               ? CF_OK
               : damaged(walk, page, "its nodes do not fill what they take");
}

static enum cf_status check_tree(struct walk *walk, const struct tree *said, unsigned content)
{
    struct climb climb = {.walk = walk,
                          .content = content,
                          .numbers = (said->flags & KEYS_ARE_NUMBERS) != 0,
                          .said = said};
    if (said->depth > DEPTH_MAX || (said->depth == 0) != (said->root == NO_PAGE) ||
        (content == ROWS && (said->pad != 0 || (said->flags & ~KEYS_ARE_NUMBERS) != 0)))
        return damaged(walk, said->root, "a table's description is damaged");
    if (said->depth > 0)
        CF_TRY(check_page(&climb, said->root, 1, &(struct bounds){0}));
    if (said->branch_pages != climb.found.branch_pages ||
        said->leaf_pages != climb.found.leaf_pages ||
        said->overflow_pages != climb.found.overflow_pages || said->rows != climb.found.rows)
        return damaged(walk, said->root, "a table has not the pages and rows that it should have");
    return CF_OK;
}

/* --- The whole -------------------------------------------------------------------------------- */

static enum cf_status meta_read(const struct walk *walk, uint64_t page, struct meta *ret_meta)
{
    struct page_header header;
    const uint8_t *bytes = walk->file + page * CF_LMDB_PAGE_SIZE;
    memcpy(&header, bytes, sizeof header);
    memcpy(ret_meta, bytes + sizeof header, sizeof *ret_meta);
    const struct tree *free_lists = &ret_meta->trees[FREE_LISTS],
                      *tables = &ret_meta->trees[TABLES];
    if (header.number != page || header.pad != 0 || header.flags != META)
        return damaged(walk, page, "it says that it is another page");
    if (ret_meta->magic != MAGIC || ret_meta->version != VERSION || ret_meta->address != 0 ||
        free_lists->pad != CF_LMDB_PAGE_SIZE ||
        (free_lists->flags & ~MADE_AS_ONE_FILE) != KEYS_ARE_NUMBERS || tables->pad != 0 ||
        tables->flags != 0)
        return damaged(walk, page, "it is no meta page of ours");
    return CF_OK;
}

/* The meta page of the commit, when it and its neighbour are as two commits leave them. */
static enum cf_status metas_read(const struct walk *walk, uint64_t commit, struct meta *ret_meta)
{
    struct meta older;
    uint64_t page = commit % META_PAGES;
    CF_TRY(meta_read(walk, page, ret_meta));
    CF_TRY(meta_read(walk, 1 - page, &older));
    if (ret_meta->commit > commit || older.commit > commit)
        CF_FAIL(walk->fault, CF_RETRY, "a newer commit has come");
    if (ret_meta->commit != commit || older.commit != (commit == 0 ? 0 : commit - 1))
        return damaged(walk, 1 - page, "the numbers of the last two commits do not follow");
    return CF_OK;
}

enum cf_status cf_lmdb_pages_check(struct cf_bytes file, uint64_t commit,
                                   struct cf_fault *reterr_fault)
{
    struct walk walk = {.file = file.data, .fault = reterr_fault};
    struct meta meta;
    if (file.size < META_PAGES * CF_LMDB_PAGE_SIZE)
        return damaged(&walk, 0, "the file has no meta pages");
    CF_TRY(metas_read(&walk, commit, &meta));
    walk.page_count = file.size / CF_LMDB_PAGE_SIZE;
    if (meta.last_page >= walk.page_count || meta.last_page < META_PAGES - 1)
        return damaged(&walk, meta.last_page, "there is no such page");
    walk.page_count = meta.last_page + 1;
    CF_CLEANUP(cf_scope_free) uint8_t *accounted = calloc(walk.page_count / 8 + 1, 1);
    if (accounted == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory to count pages");
    walk.accounted = accounted;
    CF_TRY(check_tree(&walk, &meta.trees[FREE_LISTS], FREE_LISTS));
    CF_TRY(check_tree(&walk, &meta.trees[TABLES], TABLES));
    if (walk.accounted_count + META_PAGES == walk.page_count)
        return CF_OK;
    uint64_t lost = META_PAGES;
    while ((accounted[lost / 8] >> lost % 8 & 1) != 0)
        lost++;
    return damaged(&walk, lost, "it is neither in use nor free");
}
