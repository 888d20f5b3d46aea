/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/pg_statement.h"

#include "core/base/assert.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>

enum { NAME_SIZE_MAX = 63 };

struct named {
    struct cf_pg_statement statement;
    char name[NAME_SIZE_MAX + 1];
};

/* Written once, under the pthread_once; read-only afterwards. Lives as long as the program. */
static struct named *table;
static size_t table_count;
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* The file's name without folders and suffix; false for a migration. */
static bool statement_name(const char *path, char *ret_name)
{
    const char *slash = strrchr(path, '/');
    const char *stem = slash == NULL ? path : slash + 1;
    size_t size = strlen(stem) - strlen(".sql");
    CF_ASSERT(size <= NAME_SIZE_MAX);
    memcpy(ret_name, stem, size);
    ret_name[size] = '\0';
    return !isdigit((unsigned char)stem[0]);
}

static void make_table(void)
{
    table = calloc(cf_sql_count, sizeof *table);
    CF_ASSERT(table != NULL);
    for (size_t i = 0; i < cf_sql_count; i++) {
        struct named *row = &table[table_count];
        if (statement_name(cf_sql[i].name, row->name)) {
            row->statement.text = (const char *)cf_sql[i].bytes.data;
            table_count++;
        }
    }
    qsort(table, table_count, sizeof *table, compare);
    for (size_t i = 0; i < table_count; i++) {
        CF_ASSERT(i == 0 || strcmp(table[i - 1].name, table[i].name) != 0);
        table[i].statement.name = table[i].name;
        table[i].statement.index = i;
    }
}

size_t cf_pg_statement_count(void)
{
    pthread_once(&table_made, make_table);
    return table_count;
}

const struct cf_pg_statement *cf_pg_statement_at(size_t index)
{
    CF_ASSERT(index < cf_pg_statement_count());
    return &table[index].statement;
}

const struct cf_pg_statement *cf_pg_statement_find(const char *name)
{
    size_t low = 0, high = cf_pg_statement_count();
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, table[middle].name);
        if (order == 0)
            return &table[middle].statement;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    cf_assert_failed(name, __FILE__, __LINE__, "no .sql file has this name");
}

struct cf_bytes cf_pg_statement_header(const struct cf_pg_statement *statement, const char *key)
{
    size_t key_size = strlen(key);
    for (const char *line = statement->text; strncmp(line, "-- ", 3) == 0;) {
        const char *end = strchr(line, '\n');
        if (end == NULL)
            break;
        const char *word = line + 3;
        if (strncmp(word, key, key_size) == 0 && word[key_size] == ':') {
            const char *value = word + key_size + 1;
            while (value < end && isspace((unsigned char)*value))
                value++;
            while (end > value && isspace((unsigned char)end[-1]))
                end--;
            return cf_bytes_from(value, (size_t)(end - value));
        }
        line = end + 1;
    }
    return (struct cf_bytes){0};
}
