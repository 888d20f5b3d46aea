/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/lmdb_words.h"

#include "tests/support/cmocka.h"

#define PAGE CF_LMDB_WORDS_PAGE
#define HEADER 16
#define META_SIZE 136
#define TREES (HEADER + 24) /* in a meta page: of the free lists, then of the tables */
#define TREE_SIZE 48
#define TREE_ROOT 40
#define LAST_PAGE (TREES + 2 * TREE_SIZE)
#define COMMIT (LAST_PAGE + 8)
#define NODE_HEADER 8

enum { LEAF = 0x02, LONG = 0x01 };
enum content { FREE_LISTS, TABLES, ROWS };

struct words {
    struct cf_bytes file;
    cf_lmdb_word_fn *word;
    void *context;
};

static uint64_t number_at(struct cf_bytes file, size_t at, size_t size)
{
    uint64_t number = 0;
    assert_true(at + size <= file.size);
    memcpy(&number, file.data + at, size);
    return number;
}

static void tell(const struct words *words, enum cf_lmdb_word what, size_t at, size_t size)
{
    assert_true(at + size <= words->file.size);
    words->word(words->context, what, at, size);
}

static void walk(const struct words *words, uint64_t page, enum content content);

static void walk_tree(const struct words *words, size_t tree, enum content content)
{
    uint64_t root = number_at(words->file, tree + TREE_ROOT, 8);
    if (root != UINT64_MAX)
        walk(words, root, content);
}

static void tell_value(const struct words *words, size_t at, size_t size, enum content content)
{
    if (content == FREE_LISTS)
        tell(words, CF_LMDB_FREE_LIST, at, 8 + 8 * number_at(words->file, at, 8));
    else
        tell(words, content == TABLES ? CF_LMDB_TABLE : CF_LMDB_VALUE, at, size);
    if (content == TABLES)
        walk_tree(words, at, ROWS);
}

static void walk_node(const struct words *words, size_t at, bool leaf, bool first,
                      enum content content)
{
    size_t size = number_at(words->file, at, 4), flags = number_at(words->file, at + 4, 2),
           key_size = number_at(words->file, at + 6, 2), value = at + NODE_HEADER + key_size;
    enum cf_lmdb_word key = content == FREE_LISTS ? CF_LMDB_FREE_KEY : CF_LMDB_KEY;
    tell(words, !leaf && first ? CF_LMDB_UNREAD_KEY : key, at + NODE_HEADER, key_size);
    bool long_value = leaf && (flags & LONG) != 0;
    tell(words, long_value ? CF_LMDB_LONG_SIZE : CF_LMDB_NODE, at, 4);
    tell(words, CF_LMDB_NODE, at + 4, NODE_HEADER - 4);
    if (!leaf) {
        walk(words, size | flags << 32, content);
    } else if (long_value) {
        size_t page = number_at(words->file, value, 8) * PAGE;
        tell(words, CF_LMDB_NODE, value, 8);
        tell(words, CF_LMDB_PAGE, page, HEADER);
        tell_value(words, page + HEADER, size, content);
    } else {
        tell_value(words, value, size, content);
    }
}

static void walk(const struct words *words, uint64_t page, enum content content)
{
    size_t at = page * PAGE;
    bool leaf = (number_at(words->file, at + 10, 2) & LEAF) != 0;
    size_t count = (number_at(words->file, at + 12, 2) - HEADER) / 2;
    tell(words, CF_LMDB_PAGE, at, HEADER + 2 * count);
    for (size_t i = 0; i < count; i++)
        walk_node(words, at + number_at(words->file, at + HEADER + 2 * i, 2), leaf, i == 0,
                  content);
}

static size_t newest_meta(struct cf_bytes file)
{
    return number_at(file, COMMIT, 8) > number_at(file, PAGE + COMMIT, 8) ? 0 : PAGE;
}

void cf_lmdb_words(struct cf_bytes file, cf_lmdb_word_fn *word, void *context)
{
    const struct words words = {.file = file, .word = word, .context = context};
    size_t meta = newest_meta(file);
    /* All but the map's size, which the program chooses anew, and a byte of flags from when the file was
     * made. */
    tell(&words, CF_LMDB_META_PAGE, meta, HEADER - 4);
    tell(&words, CF_LMDB_META_PAGE, meta + HEADER, 16);
    tell(&words, CF_LMDB_META_PAGE, meta + TREES, 5);
    tell(&words, CF_LMDB_META_PAGE, meta + TREES + 6, META_SIZE - 24 - 6);
    walk_tree(&words, meta + TREES, FREE_LISTS);
    walk_tree(&words, meta + TREES + TREE_SIZE, TABLES);
}

uint64_t cf_lmdb_words_pages(struct cf_bytes file)
{
    return number_at(file, newest_meta(file) + LAST_PAGE, 8) + 1;
}

uint64_t cf_lmdb_words_commit(struct cf_bytes file)
{
    return number_at(file, newest_meta(file) + COMMIT, 8);
}

size_t cf_lmdb_words_root(struct cf_bytes file, const char *table)
{
    size_t tables = newest_meta(file) + TREES + TREE_SIZE;
    size_t page = number_at(file, tables + TREE_ROOT, 8) * PAGE;
    for (size_t i = 0; i < (number_at(file, page + 12, 2) - HEADER) / 2; i++) {
        size_t node = page + number_at(file, page + HEADER + 2 * i, 2);
        size_t key_size = number_at(file, node + 6, 2);
        if (key_size == strlen(table) &&
            memcmp(file.data + node + NODE_HEADER, table, key_size) == 0)
            return number_at(file, node + NODE_HEADER + key_size + TREE_ROOT, 8) * PAGE;
    }
    fail_msg("no table %s", table);
    return 0;
}
