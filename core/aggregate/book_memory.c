/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One open-addressing table per kind of thing, from a key's bytes to a node that never moves. Nodes
 * come from chunks and are chained in the order of their making. Deleting is setting to zero.
 */
#include "core/aggregate/book_memory.h"

#include "core/base/assert.h"
#include "core/base/scope.h"

#define CF_CHUNK_SIZE ((size_t)1 << 20)
#define CF_SLOTS_FIRST 1024u

/* Key and value follow the node; the value is aligned to 8. */
struct cf_node {
    struct cf_node *next; /* made after this one */
    uint64_t hash;
    uint32_t key_size;
    uint32_t value_size;
};

struct cf_slot {
    uint64_t hash;
    struct cf_node *node; /* NULL: free */
};

struct cf_table {
    struct cf_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t used;
    struct cf_node *first;
    struct cf_node *last;
};

struct cf_chunk {
    struct cf_chunk *before;
    size_t used;
    size_t size;
};

/* A campaign's pledges, ascending. */
struct cf_pledge_ids {
    struct cf_id *ids;
    size_t count;
    size_t capacity;
};

enum cf_table_kind {
    CF_TABLE_ROWS,
    CF_TABLE_BALANCES,
    CF_TABLE_LOOKUPS,
    CF_TABLE_TIMERS,
    CF_TABLE_REQUESTS,
    CF_TABLE_LISTS,
    CF_TABLE_COUNT
};

struct cf_book_memory {
    struct cf_book book; /* first: a book begins with it */
    struct cf_table tables[CF_TABLE_COUNT];
    struct cf_chunk *chunks;
    enum cf_status status;
    uint64_t scratch[256]; /* the row that is handed out when memory is gone */
};

static struct cf_book_memory *cf_memory_of(struct cf_book *book)
{
    return (struct cf_book_memory *)(void *)book;
}

/* -- Tables --------------------------------------------------------------------------------- */

static uint64_t cf_hash(const void *key, size_t size)
{
    const uint8_t *bytes = key;
    uint64_t hash = 0x9e3779b97f4a7c15u ^ size;
    while (size > 0) {
        uint64_t word = 0;
        size_t step = size < 8 ? size : 8;
        memcpy(&word, bytes, step);
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
        bytes += step;
        size -= step;
    }
    return hash;
}

static const void *cf_node_key(const struct cf_node *node)
{
    return node + 1;
}

static size_t cf_round_up(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

static void *cf_node_value(const struct cf_node *node)
{
    const uint8_t *key = cf_node_key(node);
    return (void *)(uintptr_t)(key + cf_round_up(node->key_size));
}

static struct cf_node *cf_table_find(const struct cf_table *table, const void *key, size_t size,
                                     uint64_t hash)
{
    if (table->slot_count == 0)
        return NULL;
    size_t mask = table->slot_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        const struct cf_slot *slot = &table->slots[at];
        if (slot->node == NULL)
            return NULL;
        if (slot->hash == hash && slot->node->key_size == size &&
            memcmp(cf_node_key(slot->node), key, size) == 0)
            return slot->node;
    }
}

static void cf_table_put(struct cf_table *table, struct cf_node *node)
{
    size_t mask = table->slot_count - 1;
    size_t at = node->hash & mask;
    while (table->slots[at].node != NULL)
        at = (at + 1) & mask;
    table->slots[at] = (struct cf_slot){.hash = node->hash, .node = node};
}

static bool cf_table_grow(struct cf_table *table)
{
    size_t slot_count = table->slot_count == 0 ? CF_SLOTS_FIRST : table->slot_count * 2;
    struct cf_slot *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL)
        return false;
    free(table->slots);
    table->slots = slots;
    table->slot_count = slot_count;
    for (struct cf_node *node = table->first; node != NULL; node = node->next)
        cf_table_put(table, node);
    return true;
}

/* Zeroed bytes that live as long as the book, or NULL. */
static void *cf_memory_take(struct cf_book_memory *memory, size_t size)
{
    struct cf_chunk *chunk = memory->chunks;
    if (chunk == NULL || chunk->size - chunk->used < size) {
        size_t chunk_size = size > CF_CHUNK_SIZE ? size : CF_CHUNK_SIZE;
        chunk = calloc(1, sizeof *chunk + chunk_size);
        if (chunk == NULL)
            return NULL;
        *chunk = (struct cf_chunk){.before = memory->chunks, .size = chunk_size};
        memory->chunks = chunk;
    }
    void *taken = (uint8_t *)(chunk + 1) + chunk->used;
    chunk->used += size;
    return taken;
}

/* The value under a key, made of zeroes where there is none and `create` says so; or NULL. */
static void *cf_memory_value(struct cf_book_memory *memory, enum cf_table_kind kind,
                             const void *key, size_t key_size, size_t value_size, bool create)
{
    struct cf_table *table = &memory->tables[kind];
    uint64_t hash = cf_hash(key, key_size);
    struct cf_node *node = cf_table_find(table, key, key_size, hash);
    if (node != NULL)
        return cf_node_value(node);
    if (!create)
        return NULL;
    if (table->used * 2 >= table->slot_count && !cf_table_grow(table)) {
        memory->status = CF_NO_MEMORY;
        return NULL;
    }
    node = cf_memory_take(memory, sizeof *node + cf_round_up(key_size) + cf_round_up(value_size));
    if (node == NULL) {
        memory->status = CF_NO_MEMORY;
        return NULL;
    }
    node->hash = hash;
    node->key_size = (uint32_t)key_size;
    node->value_size = (uint32_t)value_size;
    memcpy((void *)(node + 1), key, key_size);
    if (table->first == NULL)
        table->first = node;
    else
        table->last->next = node;
    table->last = node;
    table->used++;
    cf_table_put(table, node);
    return cf_node_value(node);
}

/* -- The book's operations ------------------------------------------------------------------ */

static void *cf_memory_row(struct cf_book *book, const struct cf_row_key *key, bool edit,
                           bool create)
{
    (void)edit;
    struct cf_book_memory *memory = cf_memory_of(book);
    size_t size = cf_row_size(key->kind);
    void *row = cf_memory_value(memory, CF_TABLE_ROWS, key, sizeof *key, size, create);
    if (row != NULL || !create)
        return row;
    CF_ASSERT(size <= sizeof memory->scratch);
    return memset(memory->scratch, 0, sizeof memory->scratch);
}

static int64_t cf_memory_balance(struct cf_book *book, const struct cf_account *account)
{
    const int64_t *minor =
        cf_memory_value(cf_memory_of(book), CF_TABLE_BALANCES, account, sizeof *account, 8, false);
    return minor == NULL ? 0 : *minor;
}

static void cf_memory_balance_set(struct cf_book *book, const struct cf_account *account,
                                  int64_t minor)
{
    int64_t *value =
        cf_memory_value(cf_memory_of(book), CF_TABLE_BALANCES, account, sizeof *account, 8, true);
    if (value != NULL)
        *value = minor;
}

struct cf_lookup_key {
    uint8_t bytes[1 + 255];
    size_t size;
};

static struct cf_lookup_key cf_lookup_key(enum cf_lookup_kind kind, struct cf_bytes name)
{
    struct cf_lookup_key key = {.size = 1 + name.size};
    CF_ASSERT(name.size > 0 && key.size <= sizeof key.bytes);
    key.bytes[0] = (uint8_t)kind;
    memcpy(key.bytes + 1, name.data, name.size);
    return key;
}

static bool cf_memory_lookup(struct cf_book *book, enum cf_lookup_kind kind, struct cf_bytes name,
                             struct cf_id *ret_id)
{
    if (name.size == 0 || name.size > 255)
        return false;
    struct cf_lookup_key key = cf_lookup_key(kind, name);
    const struct cf_id *id = cf_memory_value(cf_memory_of(book), CF_TABLE_LOOKUPS, key.bytes,
                                             key.size, sizeof *id, false);
    if (id == NULL)
        return false;
    *ret_id = *id;
    return true;
}

static void cf_memory_lookup_set(struct cf_book *book, enum cf_lookup_kind kind,
                                 struct cf_bytes name, const struct cf_id *id)
{
    struct cf_lookup_key key = cf_lookup_key(kind, name);
    struct cf_id *value = cf_memory_value(cf_memory_of(book), CF_TABLE_LOOKUPS, key.bytes, key.size,
                                          sizeof *id, true);
    if (value != NULL)
        *value = *id;
}

/* The key of a timer or request. */
struct cf_subject_key {
    struct cf_id subject;
    uint64_t kind;
};

static void cf_memory_timer_set(struct cf_book *book, const struct cf_id *subject,
                                enum cf_timer timer, int64_t due_us)
{
    struct cf_subject_key key = {.subject = *subject, .kind = timer};
    int64_t *value =
        cf_memory_value(cf_memory_of(book), CF_TABLE_TIMERS, &key, sizeof key, 8, due_us != 0);
    if (value != NULL)
        *value = due_us;
}

static int64_t cf_memory_timer(struct cf_book *book, const struct cf_id *subject,
                               enum cf_timer timer)
{
    struct cf_subject_key key = {.subject = *subject, .kind = timer};
    const int64_t *value =
        cf_memory_value(cf_memory_of(book), CF_TABLE_TIMERS, &key, sizeof key, 8, false);
    return value == NULL ? 0 : *value;
}

static void cf_memory_request_set(struct cf_book *book, const struct cf_id *subject,
                                  enum cf_request request, uint64_t requested_by)
{
    struct cf_subject_key key = {.subject = *subject, .kind = request};
    uint64_t *value = cf_memory_value(cf_memory_of(book), CF_TABLE_REQUESTS, &key, sizeof key, 8,
                                      requested_by != 0);
    if (value != NULL)
        *value = requested_by;
}

static uint64_t cf_memory_request(struct cf_book *book, const struct cf_id *subject,
                                  enum cf_request request)
{
    struct cf_subject_key key = {.subject = *subject, .kind = request};
    const uint64_t *value =
        cf_memory_value(cf_memory_of(book), CF_TABLE_REQUESTS, &key, sizeof key, 8, false);
    return value == NULL ? 0 : *value;
}

/* The place of the first id above `after`. */
static size_t cf_pledge_ids_above(const struct cf_pledge_ids *list, const struct cf_id *after)
{
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (cf_id_compare(list->ids[middle], *after) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t cf_memory_pledges(struct cf_book *book, const struct cf_id *campaign_id,
                                const struct cf_id *after, struct cf_id *ret_ids, size_t count_max)
{
    const struct cf_pledge_ids *list = cf_memory_value(
        cf_memory_of(book), CF_TABLE_LISTS, campaign_id, sizeof *campaign_id, sizeof *list, false);
    if (list == NULL)
        return 0;
    size_t from = cf_pledge_ids_above(list, after);
    size_t count = list->count - from < count_max ? list->count - from : count_max;
    if (count > 0)
        memcpy(ret_ids, list->ids + from, count * sizeof *ret_ids);
    return count;
}

static void cf_memory_pledge_list(struct cf_book *book, const struct cf_id *campaign_id,
                                  const struct cf_id *pledge_id)
{
    struct cf_book_memory *memory = cf_memory_of(book);
    struct cf_pledge_ids *list = cf_memory_value(memory, CF_TABLE_LISTS, campaign_id,
                                                 sizeof *campaign_id, sizeof *list, true);
    if (list == NULL)
        return;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        struct cf_id *ids = realloc(list->ids, capacity * sizeof *ids);
        if (ids == NULL) {
            memory->status = CF_NO_MEMORY;
            return;
        }
        list->ids = ids;
        list->capacity = capacity;
    }
    size_t at = cf_pledge_ids_above(list, pledge_id);
    if (at > 0 && cf_id_equal(list->ids[at - 1], *pledge_id))
        return;
    memmove(list->ids + at + 1, list->ids + at, (list->count - at) * sizeof *list->ids);
    list->ids[at] = *pledge_id;
    list->count++;
}

static enum cf_status cf_memory_status(struct cf_book *book)
{
    return cf_memory_of(book)->status;
}

static const struct cf_book_ops cf_memory_ops = {
    .row = cf_memory_row,
    .balance = cf_memory_balance,
    .balance_set = cf_memory_balance_set,
    .lookup = cf_memory_lookup,
    .lookup_set = cf_memory_lookup_set,
    .timer_set = cf_memory_timer_set,
    .timer = cf_memory_timer,
    .request_set = cf_memory_request_set,
    .request = cf_memory_request,
    .pledges = cf_memory_pledges,
    .pledge_list = cf_memory_pledge_list,
    .status = cf_memory_status,
};

/* -- Making, visiting, comparing ------------------------------------------------------------ */

struct cf_book_memory *cf_book_memory_new(void)
{
    struct cf_book_memory *memory = calloc(1, sizeof *memory);
    if (memory != NULL)
        memory->book.ops = &cf_memory_ops;
    return memory;
}

void cf_book_memory_destroy(struct cf_book_memory *memory)
{
    if (memory == NULL)
        return;
    for (const struct cf_node *node = memory->tables[CF_TABLE_LISTS].first; node != NULL;
         node = node->next)
        free(((struct cf_pledge_ids *)cf_node_value(node))->ids);
    for (int kind = 0; kind < CF_TABLE_COUNT; kind++)
        free(memory->tables[kind].slots);
    while (memory->chunks != NULL) {
        struct cf_chunk *before = memory->chunks->before;
        free(memory->chunks);
        memory->chunks = before;
    }
    free(memory);
}

struct cf_book *cf_book_memory_book(struct cf_book_memory *memory)
{
    return &memory->book;
}

void cf_book_memory_each_row(struct cf_book_memory *memory, enum cf_row_kind kind,
                             cf_book_row_fn *visit, void *context)
{
    const struct cf_node *node = memory->tables[CF_TABLE_ROWS].first;
    for (; node != NULL; node = node->next) {
        const struct cf_row_key *key = cf_node_key(node);
        if (key->kind == kind)
            visit(context, key, cf_node_value(node));
    }
}

void cf_book_memory_each_balance(struct cf_book_memory *memory, cf_book_balance_fn *visit,
                                 void *context)
{
    const struct cf_node *node = memory->tables[CF_TABLE_BALANCES].first;
    for (; node != NULL; node = node->next) {
        const int64_t *minor = cf_node_value(node);
        if (*minor != 0)
            visit(context, cf_node_key(node), *minor);
    }
}

void cf_book_memory_each_timer(struct cf_book_memory *memory, cf_book_timer_fn *visit,
                               void *context)
{
    const struct cf_node *node = memory->tables[CF_TABLE_TIMERS].first;
    for (; node != NULL; node = node->next) {
        const struct cf_subject_key *key = cf_node_key(node);
        const int64_t *due_us = cf_node_value(node);
        if (*due_us != 0)
            visit(context, &key->subject, (enum cf_timer)key->kind, *due_us);
    }
}

void cf_book_memory_each_request(struct cf_book_memory *memory, cf_book_request_fn *visit,
                                 void *context)
{
    const struct cf_node *node = memory->tables[CF_TABLE_REQUESTS].first;
    for (; node != NULL; node = node->next) {
        const struct cf_subject_key *key = cf_node_key(node);
        const uint64_t *requested_by = cf_node_value(node);
        if (*requested_by != 0)
            visit(context, &key->subject, (enum cf_request)key->kind, *requested_by);
    }
}

bool cf_book_memory_next_timer(struct cf_book_memory *memory, struct cf_id *ret_subject,
                               enum cf_timer *ret_timer, int64_t *ret_due_us)
{
    const struct cf_subject_key *best = NULL;
    int64_t best_due_us = 0;
    const struct cf_node *node = memory->tables[CF_TABLE_TIMERS].first;
    for (; node != NULL; node = node->next) {
        const struct cf_subject_key *key = cf_node_key(node);
        int64_t due_us = *(const int64_t *)cf_node_value(node);
        if (due_us == 0 || (best != NULL && due_us > best_due_us))
            continue;
        int order = best == NULL ? -1 : cf_id_compare(key->subject, best->subject);
        if (best == NULL || due_us < best_due_us || order < 0 ||
            (order == 0 && key->kind < best->kind)) {
            best = key;
            best_due_us = due_us;
        }
    }
    if (best == NULL)
        return false;
    *ret_subject = best->subject;
    *ret_timer = (enum cf_timer)best->kind;
    *ret_due_us = best_due_us;
    return true;
}

static bool cf_is_zero(const uint8_t *bytes, size_t size)
{
    while (size > 0 && bytes[size - 1] == 0)
        size--;
    return size == 0;
}

static bool cf_list_within(const struct cf_pledge_ids *a, const struct cf_pledge_ids *b)
{
    return b != NULL && a->count == b->count &&
           memcmp(a->ids, b->ids, a->count * sizeof *a->ids) == 0;
}

/* Everything in a's table is in b's. */
static bool cf_table_within(const struct cf_table *a, const struct cf_table *b,
                            enum cf_table_kind kind)
{
    for (const struct cf_node *node = a->first; node != NULL; node = node->next) {
        const struct cf_node *other =
            cf_table_find(b, cf_node_key(node), node->key_size, node->hash);
        const void *value = cf_node_value(node);
        const void *other_value = other == NULL ? NULL : cf_node_value(other);
        bool same;
        if (kind == CF_TABLE_LISTS)
            same = cf_list_within(value, other_value);
        else if (other == NULL)
            same = cf_is_zero(value, node->value_size);
        else
            same = memcmp(value, other_value, node->value_size) == 0;
        if (!same)
            return false;
    }
    return true;
}

bool cf_book_memory_equal(const struct cf_book_memory *a, const struct cf_book_memory *b,
                          const char **ret_what)
{
    static const char *const names[] = {
        [CF_TABLE_ROWS] = "rows",         [CF_TABLE_BALANCES] = "balances",
        [CF_TABLE_LOOKUPS] = "lookups",   [CF_TABLE_TIMERS] = "timers",
        [CF_TABLE_REQUESTS] = "requests", [CF_TABLE_LISTS] = "lists of pledges",
    };
    for (int kind = 0; kind < CF_TABLE_COUNT; kind++) {
        if (cf_table_within(&a->tables[kind], &b->tables[kind], (enum cf_table_kind)kind) &&
            cf_table_within(&b->tables[kind], &a->tables[kind], (enum cf_table_kind)kind))
            continue;
        if (ret_what != NULL)
            *ret_what = names[kind];
        return false;
    }
    return true;
}
