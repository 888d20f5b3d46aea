/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/bench/projections_queries.h"

#include "core/base/assert.h"
#include "core/id.h"

enum { VOCABULARY_BITS = 16, WORD_SIZE = 16, TEXT_WORDS = 8, PICKED_MAX = 100, PAGE = 24 };

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 31)) * 0x9e3779b97f4a7c15;
    return value ^ (value >> 29);
}

/* -- Texts ---------------------------------------------------------------------------------- */

/* The word of a number: two syllables for common ones, three or four for others. */
static size_t print_word(uint64_t number, char word[WORD_SIZE])
{
    static const char consonants[] = "bcdfghjklmnprstvwz", vowels[] = "aeiou";
    uint64_t letters = mix(number), syllables = number < 256 ? 2 : 3 + number % 2;
    size_t size = 0;
    for (; syllables > 0; syllables--, letters = mix(letters)) {
        word[size++] = consonants[letters % 18];
        word[size++] = vowels[letters / 18 % 5];
    }
    word[size++] = consonants[letters % 18];
    return size;
}

/* The word of rank n is picked about n times as seldom as the first. */
static size_t pick_word(uint64_t seed, char word[WORD_SIZE])
{
    uint64_t least = UINT64_C(1) << mix(seed) % VOCABULARY_BITS;
    return print_word(least + mix(seed + 1) % least, word);
}

static enum cf_status open_text(void *context, struct cf_id subject, struct cf_bytes sealed,
                                struct cf_buf *ret_clear, struct cf_fault *reterr_fault)
{
    (void)context;
    (void)reterr_fault;
    uint64_t seed = sealed.size;
    for (size_t i = 0; i < sizeof subject.bytes; i++)
        seed = mix(seed + subject.bytes[i]);
    for (size_t i = 0; i < TEXT_WORDS; i++) {
        char word[WORD_SIZE];
        size_t size = pick_word(seed + i, word);
        word[size] = ' ';
        CF_TRY(cf_buf_append(ret_clear, cf_bytes_from((uint8_t *)word, size + 1)));
    }
    return CF_OK;
}

const struct cf_services cf_bench_texts = {.open = open_text};

/* -- Queries -------------------------------------------------------------------------------- */

static struct cf_id picked[PICKED_MAX];
static size_t picked_count;

/* Titles are left sealed: opening them is the keeper's time. */
static enum cf_status leave_sealed(void *context, const struct cf_query_sealed *sealed,
                                   size_t count, struct cf_fault *reterr_fault)
{
    (void)context;
    (void)sealed;
    (void)count;
    (void)reterr_fault;
    return CF_OK;
}

static const struct cf_query_unsealer unsealer = {.unseal = leave_sealed};

static enum cf_status ask_for_campaigns(struct cf_query *query,
                                        const struct cf_query_listing *listing,
                                        struct cf_fault *reterr_fault)
{
    struct cf_json *json = NULL;
    CF_TRY(cf_query_campaigns(query, listing, &unsealer, &json, reterr_fault));
    cf_json_destroy(json);
    return CF_OK;
}

static struct cf_query_listing filtered(uint64_t round)
{
    static const char *const categories[] = {"games", "music", "design", "film", "", ""};
    return (struct cf_query_listing){.status = cf_bytes_from_text(round % 3 == 0 ? "" : "active"),
                                     .category = cf_bytes_from_text(categories[round % 6]),
                                     .count_max = PAGE};
}

enum cf_status cf_bench_query_listing(struct cf_query *query, uint64_t round,
                                      struct cf_fault *reterr_fault)
{
    static const char *const sorts[] = {"trending", "newest", "ending_soon", "most_funded"};
    struct cf_query_listing listing = filtered(round);
    listing.sort = cf_bytes_from_text(sorts[round % 4]);
    return ask_for_campaigns(query, &listing, reterr_fault);
}

enum cf_status cf_bench_query_search(struct cf_query *query, uint64_t round,
                                     struct cf_fault *reterr_fault)
{
    char words[2 * WORD_SIZE], letter;
    size_t size = pick_word(round, words);
    switch (round / 6 % 3) {
    case 0:
        words[size] = ' ';
        size += 1 + pick_word(round + 1, words + size + 1);
        break;
    case 1:
        letter = words[1];
        words[1] = words[2];
        words[2] = letter;
        break;
    default:
        words[1] = 'y';
        words[size - 2] = 'y';
        break;
    }
    struct cf_query_listing listing = filtered(round);
    listing.words = cf_bytes_from((uint8_t *)words, size);
    return ask_for_campaigns(query, &listing, reterr_fault);
}

enum cf_status cf_bench_query_campaign(struct cf_query *query, uint64_t round,
                                       struct cf_fault *reterr_fault)
{
    struct cf_json *json = NULL;
    struct cf_id creator_id;
    bool is_public;
    CF_ASSERT(picked_count > 0);
    CF_TRY(cf_query_campaign(query, &picked[round % picked_count], &unsealer, &json, &creator_id,
                             &is_public, reterr_fault));
    cf_json_destroy(json);
    return CF_OK;
}

enum cf_status cf_bench_queries_prepare(struct cf_query *query, struct cf_fault *reterr_fault)
{
    const struct cf_query_listing listing = {.count_max = PICKED_MAX};
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *json = NULL;
    CF_TRY(cf_query_campaigns(query, &listing, &unsealer, &json, reterr_fault));
    const struct cf_json *list = cf_json_get(json, "campaigns");
    for (picked_count = 0; picked_count < cf_json_size(list); picked_count++) {
        const struct cf_json *id = cf_json_get(cf_json_item(list, picked_count), "id");
        CF_TRY(cf_id_parse(cf_bytes_from_text(cf_json_text(id)), &picked[picked_count]));
    }
    return CF_OK;
}
