/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/campaigns.h"

#include "commands/decide/policy.h"
#include "core/base/utf8.h"
#include "core/money_text.h"
#include "core/time.h"
#include "eventstore/sodium.h"
#include "tools/import/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define TEXTS_SIZE_MAX ((size_t)64 << 20)
/* A campaign without a launch date lasted this long. */
#define USUAL_DURATION_US (30 * CF_DAY_US)
/* Before this nobody launched anything: the date is an unset one. Behind the other one it is a slip of the pen. */
#define EARLIEST_US (INT64_C(1230768000) * CF_SECOND_US) /* 2009 */
#define LATEST_US (INT64_C(4102444800) * CF_SECOND_US)   /* 2100 */
/* Each of them is registered, with a customer and a card at the provider. */
#define BACKERS_MAX 1000000

enum column {
    COLUMN_ID,
    COLUMN_NAME,
    COLUMN_CATEGORY,
    COLUMN_MAIN_CATEGORY,
    COLUMN_CURRENCY,
    COLUMN_DEADLINE,
    COLUMN_GOAL,
    COLUMN_LAUNCHED,
    COLUMN_PLEDGED,
    COLUMN_STATE,
    COLUMN_BACKERS,
    COLUMN_COUNTRY,
    COLUMN_COUNT
};

static const char *const column_names[COLUMN_COUNT] = {
    "ID",   "name",     "category", "main_category", "currency", "deadline",
    "goal", "launched", "pledged",  "state",         "backers",  "country",
};

static const char *const state_names[CF_IMPORT_STATE_COUNT] = {
    "successful", "failed", "canceled", "suspended", "live", "undefined",
};

const char *cf_import_state_name(enum cf_import_state state)
{
    return state_names[state];
}

void cf_import_rows_clean_up(struct cf_import_rows *rows)
{
    free(rows->rows);
    cf_arena_clean_up(&rows->texts);
    *rows = (struct cf_import_rows){0};
}

struct cf_id cf_import_id(int64_t time_us, const char *kind, struct cf_bytes name, uint32_t index)
{
    char text[256];
    struct cf_hash hash;
    int size = snprintf(text, sizeof text, "import %s %u %.*s", kind, index, (int)name.size,
                        (const char *)name.data);
    cf_sha256(cf_bytes_from(text, (size_t)size < sizeof text ? (size_t)size : sizeof text - 1),
              &hash);
    return cf_id_make(time_us, hash.bytes);
}

/* The smallest amount that can be charged, which all others are multiples of; in minor units. */
static int64_t unit_of(enum cf_currency currency)
{
    int64_t charged, unit_minor = 1;
    while (unit_minor < 1000 && cf_currency_to_stripe(currency, CF_AMOUNT_CHARGE,
                                                      cf_money_of(unit_minor), &charged) != CF_OK)
        unit_minor *= 10;
    return unit_minor;
}

bool cf_import_is_below_least(const struct cf_import_row *row)
{
    return row->backers > 0 && !cf_money_is_zero(row->pledged) &&
           !cf_policy_reaches_least(row->currency, cf_import_share(row, row->backers - 1));
}

struct cf_money cf_import_share(const struct cf_import_row *row, uint32_t index)
{
    int64_t unit_minor = unit_of(row->currency);
    int64_t units = cf_money_minor(row->pledged) / unit_minor;
    return cf_money_of((units / row->backers + (index < units % row->backers)) * unit_minor);
}

/* A name as the header has it, blanks and capitals aside. */
static bool is_column(struct cf_bytes field, const char *name)
{
    while (field.size > 0 && field.data[field.size - 1] == ' ')
        field.size--;
    while (field.size > 0 && field.data[0] == ' ')
        field = cf_bytes_from(field.data + 1, field.size - 1);
    return field.size == strlen(name) &&
           strncasecmp((const char *)field.data, name, field.size) == 0;
}

/* Where each of our columns stands in the file. */
static enum cf_status find_columns(const struct cf_csv_record *header, size_t ret_at[COLUMN_COUNT],
                                   struct cf_fault *reterr_fault)
{
    for (size_t column = 0; column < COLUMN_COUNT; column++) {
        size_t at = 0;
        while (at < header->count && !is_column(header->fields[at], column_names[column]))
            at++;
        if (at == header->count)
            CF_FAIL_ON(reterr_fault, CF_INVALID, "the file has no such column", "%s",
                       column_names[column]);
        ret_at[column] = at;
    }
    return CF_OK;
}

/* Major units with a point: zeros behind the currency's last decimal say nothing and are dropped. */
static enum cf_status parse_amount(struct cf_bytes text, enum cf_currency currency,
                                   struct cf_money *ret_money)
{
    const uint8_t *point = text.size == 0 ? NULL : memchr(text.data, '.', text.size);
    size_t whole = point == NULL ? text.size : (size_t)(point - text.data);
    while (text.size > whole + 1 + cf_currency_exponent(currency) &&
           text.data[text.size - 1] == '0')
        text.size--;
    if (text.size == whole + 1)
        text.size--;
    return cf_money_parse(text, currency, CF_MONEY_NOT_NEGATIVE, ret_money);
}

static enum cf_status parse_count(struct cf_bytes text, uint32_t *ret_count)
{
    uint64_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || count > UINT32_MAX / 10)
            return CF_INVALID;
        count = count * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (text.size == 0 || count > UINT32_MAX)
        return CF_INVALID;
    *ret_count = (uint32_t)count;
    return CF_OK;
}

/* `2015-08-11 12:12:28`, with a T and a Z too, or `2015-10-09` and the time of day that is to be taken then; in UTC. */
static enum cf_status parse_moment(struct cf_bytes text, const char *time_of_day,
                                   int64_t *ret_time_us)
{
    char moment[32];
    const char *bytes = (const char *)text.data;
    bool timed = text.size == 19 || (text.size == 20 && bytes[19] == 'Z');
    if ((!timed && text.size != 10) || (timed && bytes[10] != ' ' && bytes[10] != 'T'))
        return CF_INVALID;
    snprintf(moment, sizeof moment, "%.10sT%.8sZ", bytes, timed ? bytes + 11 : time_of_day);
    return cf_time_parse(cf_bytes_from_text(moment), ret_time_us);
}

static void report(const struct cf_import_row *row, const char *what)
{
    fprintf(stderr, "line %u: %s\n", row->line, what);
}

/* A copy of at most so many bytes, whole letters, and with blanks for line ends and other controls. */
static enum cf_status keep_text(struct cf_import_rows *rows, struct cf_bytes text, size_t size_max,
                                struct cf_bytes *ret_text)
{
    if (!cf_utf8_is_valid(text))
        return CF_INVALID;
    if (text.size > size_max) {
        for (text.size = size_max; (text.data[text.size] & 0xc0) == 0x80;)
            text.size--;
    }
    uint8_t *copy = cf_arena_allocate(&rows->texts, text.size + 1);
    if (copy == NULL)
        return CF_NO_MEMORY;
    for (size_t i = 0; i < text.size; i++)
        copy[i] = text.data[i] < ' ' || text.data[i] == 0x7f ? ' ' : text.data[i];
    *ret_text = cf_bytes_from(copy, text.size);
    return cf_utf8_is_plain(*ret_text) ? CF_OK : CF_INVALID;
}

static bool is_blank(struct cf_bytes text)
{
    while (text.size > 0 && text.data[text.size - 1] == ' ')
        text.size--;
    return text.size == 0;
}

static void fill_country(struct cf_import_row *row, struct cf_bytes text)
{
    static const struct {
        enum cf_currency currency;
        char country[3];
    } homes[] = {{CF_CURRENCY_USD, "US"}, {CF_CURRENCY_GBP, "GB"}, {CF_CURRENCY_EUR, "DE"},
                 {CF_CURRENCY_CAD, "CA"}, {CF_CURRENCY_AUD, "AU"}, {CF_CURRENCY_MXN, "MX"},
                 {CF_CURRENCY_SEK, "SE"}, {CF_CURRENCY_NZD, "NZ"}, {CF_CURRENCY_DKK, "DK"},
                 {CF_CURRENCY_HKD, "HK"}, {CF_CURRENCY_NOK, "NO"}, {CF_CURRENCY_CHF, "CH"},
                 {CF_CURRENCY_SGD, "SG"}, {CF_CURRENCY_JPY, "JP"}};
    if (text.size == 2 && text.data[0] >= 'A' && text.data[0] <= 'Z' && text.data[1] >= 'A' &&
        text.data[1] <= 'Z') {
        memcpy(row->country, text.data, 2);
        return;
    }
    memcpy(row->country, "US", 2);
    for (size_t i = 0; i < sizeof homes / sizeof homes[0]; i++) {
        if (homes[i].currency == row->currency)
            memcpy(row->country, homes[i].country, 2);
    }
    report(row, "no country; taken from the currency");
}

/* NULL, or why the row cannot be read. */
static const char *parse_numbers(struct cf_import_row *row, const struct cf_bytes fields[])
{
    if (cf_currency_from_letters(fields[COLUMN_CURRENCY], &row->currency) != CF_OK)
        return "no such currency";
    if (parse_amount(fields[COLUMN_GOAL], row->currency, &row->goal) != CF_OK ||
        cf_money_is_zero(row->goal))
        return "the goal is no amount";
    if (parse_amount(fields[COLUMN_PLEDGED], row->currency, &row->pledged) != CF_OK)
        return "what was pledged is no amount";
    if (parse_count(fields[COLUMN_BACKERS], &row->backers) != CF_OK)
        return "the number of backers is no number";
    if (row->backers > BACKERS_MAX)
        return "more than 1000000 backers";
    if (parse_moment(fields[COLUMN_DEADLINE], "23:59:59", &row->deadline_us) != CF_OK)
        return "the deadline is no date";
    if (row->deadline_us < EARLIEST_US || row->deadline_us > LATEST_US)
        return "the deadline does not lie between 2009 and 2100";
    if (parse_moment(fields[COLUMN_LAUNCHED], "00:00:00", &row->launched_us) != CF_OK)
        return "the launch is no time";
    if (row->launched_us < EARLIEST_US) {
        row->launched_us = row->deadline_us - USUAL_DURATION_US;
        report(row, "the launch date is unset; taken as 30 days before the deadline");
    }
    if (row->launched_us >= row->deadline_us)
        return "it ends before it is launched";
    return NULL;
}

static const char *parse_row(struct cf_import_rows *rows, struct cf_import_row *row,
                             const struct cf_bytes fields[])
{
    size_t state = 0;
    while (state < CF_IMPORT_STATE_COUNT &&
           !cf_bytes_equal(fields[COLUMN_STATE], cf_bytes_from_text(state_names[state])))
        state++;
    if (state == CF_IMPORT_STATE_COUNT)
        return "no such state";
    row->state = (enum cf_import_state)state;
    const char *problem = parse_numbers(row, fields);
    if (problem != NULL)
        return problem;
    fill_country(row, fields[COLUMN_COUNTRY]);
    if (fields[COLUMN_ID].size == 0 || fields[COLUMN_ID].size > 32 ||
        !cf_ascii_is_token(fields[COLUMN_ID]) ||
        keep_text(rows, fields[COLUMN_ID], 32, &row->number) != CF_OK)
        return "the ID is no short token";
    if (keep_text(rows, fields[COLUMN_NAME], 200, &row->name) || is_blank(row->name) ||
        keep_text(rows, fields[COLUMN_MAIN_CATEGORY], 100, &row->category) ||
        keep_text(rows, fields[COLUMN_CATEGORY], 100, &row->subcategory))
        return "a name is empty or no UTF-8";
    if (row->backers == 0 && !cf_money_is_zero(row->pledged))
        report(row, "pledged by nobody; no pledges are placed");
    int64_t unit_minor = unit_of(row->currency);
    if (cf_money_minor(row->goal) % unit_minor != 0 ||
        cf_money_minor(row->pledged) % unit_minor != 0)
        return "an amount that nobody can be charged in this currency";
    if (cf_money_minor(row->pledged) / unit_minor < (int64_t)row->backers)
        return "less was pledged than there were backers";
    if (row->backers > 0 && !cf_money_is_zero(row->pledged) &&
        !cf_policy_pledgeable(row->currency, cf_import_share(row, 0)))
        return "more for each backer than a card can be charged";
    if (cf_import_is_below_least(row) && row->state <= CF_IMPORT_FAILED &&
        cf_money_compare(row->pledged, row->goal) >= 0)
        return "less for each backer than a card can be charged";
    row->campaign_id = cf_import_id(row->launched_us, "campaign", row->number, 0);
    return NULL;
}

static int by_launch(const void *left, const void *right)
{
    const struct cf_import_row *a = left, *b = right;
    if (a->launched_us != b->launched_us)
        return a->launched_us < b->launched_us ? -1 : 1;
    return cf_id_compare(a->campaign_id, b->campaign_id);
}

static int by_number(const void *left, const void *right)
{
    const struct cf_import_row *a = left, *b = right;
    size_t size = a->number.size < b->number.size ? a->number.size : b->number.size;
    int order = memcmp(a->number.data, b->number.data, size);
    if (order == 0 && a->number.size != b->number.size)
        order = a->number.size < b->number.size ? -1 : 1;
    return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

/* Of rows with the same ID the first one counts. */
static void drop_repeated(struct cf_import_rows *rows)
{
    size_t kept = 0;
    qsort(rows->rows, rows->count, sizeof rows->rows[0], by_number);
    for (size_t i = 0; i < rows->count; i++) {
        const struct cf_import_row *row = &rows->rows[i];
        if (kept > 0 && cf_bytes_equal(row->number, rows->rows[kept - 1].number)) {
            fprintf(stderr, "line %u: skipped: the ID stands in line %u already\n", row->line,
                    rows->rows[kept - 1].line);
            rows->skipped++;
        } else {
            rows->rows[kept++] = *row;
        }
    }
    rows->count = kept;
}

static enum cf_status add_row(struct cf_import_rows *rows, const struct cf_import_row *row)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? 1024 : 2 * rows->capacity;
        struct cf_import_row *more = realloc(rows->rows, capacity * sizeof *more);
        if (more == NULL)
            return CF_NO_MEMORY;
        rows->rows = more;
        rows->capacity = capacity;
    }
    rows->rows[rows->count++] = *row;
    return CF_OK;
}

static enum cf_status read_rows(struct cf_csv *csv, struct cf_csv_record *record,
                                const size_t at[COLUMN_COUNT], struct cf_import_rows *rows)
{
    for (;;) {
        enum cf_status status = cf_csv_read(csv, record);
        if (status == CF_NOT_FOUND)
            return CF_OK;
        struct cf_import_row row = {.line = record->line};
        const char *problem = status == CF_OK ? NULL : "not readable as CSV";
        struct cf_bytes fields[COLUMN_COUNT];
        for (size_t column = 0; problem == NULL && column < COLUMN_COUNT; column++) {
            if (at[column] >= record->count)
                problem = "too few fields";
            else
                fields[column] = record->fields[at[column]];
        }
        if (problem == NULL)
            problem = parse_row(rows, &row, fields);
        if (problem == NULL) {
            CF_TRY(add_row(rows, &row));
            continue;
        }
        fprintf(stderr, "line %u: skipped: %s\n", row.line, problem);
        rows->skipped++;
    }
}

enum cf_status cf_import_rows_read(struct cf_bytes file, struct cf_import_rows *ret_rows,
                                   struct cf_fault *reterr_fault)
{
    static struct cf_csv_record record;
    struct cf_csv csv = cf_csv_over(file);
    size_t at[COLUMN_COUNT];
    *ret_rows = (struct cf_import_rows){0};
    cf_arena_init(&ret_rows->texts, TEXTS_SIZE_MAX);
    if (cf_csv_read(&csv, &record) != CF_OK)
        CF_FAIL(reterr_fault, CF_INVALID, "the file has no header");
    CF_TRY(find_columns(&record, at, reterr_fault));
    enum cf_status status = read_rows(&csv, &record, at, ret_rows);
    if (status != CF_OK)
        CF_FAIL(reterr_fault, status, "no memory for the file's rows");
    if (ret_rows->count == 0)
        return CF_OK;
    drop_repeated(ret_rows);
    qsort(ret_rows->rows, ret_rows->count, sizeof ret_rows->rows[0], by_launch);
    return CF_OK;
}
