/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/tlog_proof.h"

#include "core/base/base64.h"

#include <inttypes.h>

#define FIRST_LINE "c2sp.org/tlog-proof@v1"
#define HASH_TEXT_SIZE 44

enum cf_status cf_tlog_proof_append(uint64_t index, const struct cf_proof *proof,
                                    struct cf_bytes note, struct cf_buf *buf)
{
    CF_TRY(cf_buf_append_format(buf, FIRST_LINE "\nindex %" PRIu64 "\n", index));
    for (size_t i = 0; i < proof->count; i++) {
        char text[HASH_TEXT_SIZE + 1];
        cf_base64_print(cf_bytes_from(proof->hashes[i].bytes, CF_HASH_SIZE), text);
        CF_TRY(cf_buf_append_text(buf, text));
        CF_TRY(cf_buf_append_byte(buf, '\n'));
    }
    CF_TRY(cf_buf_append_byte(buf, '\n'));
    return cf_buf_append(buf, note);
}

/* Cuts a line off, without its end. False where there is no whole line. */
static bool line_take(struct cf_bytes *rest, struct cf_bytes *ret_line)
{
    const uint8_t *end = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
    if (end == NULL)
        return false;
    *ret_line = cf_bytes_from(rest->data, (size_t)(end - rest->data));
    *rest = cf_bytes_from(end + 1, rest->size - ret_line->size - 1);
    return true;
}

static bool starts_with(struct cf_bytes line, const char *start)
{
    size_t size = strlen(start);
    return line.size >= size && memcmp(line.data, start, size) == 0;
}

/* "index <decimal>", without leading zeroes. */
static bool index_parse(struct cf_bytes line, uint64_t *ret_index)
{
    if (!starts_with(line, "index "))
        return false;
    struct cf_bytes digits = cf_bytes_from(line.data + 6, line.size - 6);
    if (digits.size == 0 || digits.size > 18 || (digits.data[0] == '0' && digits.size > 1))
        return false;
    uint64_t index = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        index = index * 10 + (uint64_t)(digits.data[i] - '0');
    }
    *ret_index = index;
    return true;
}

static bool hash_parse(struct cf_bytes line, struct cf_hash *ret_hash)
{
    uint8_t memory[HASH_TEXT_SIZE];
    size_t size = 0;
    if (line.size != HASH_TEXT_SIZE || cf_base64_parse(line, memory, &size) != CF_OK ||
        size != CF_HASH_SIZE)
        return false;
    memcpy(ret_hash->bytes, memory, CF_HASH_SIZE);
    return true;
}

enum cf_status cf_tlog_proof_parse(struct cf_bytes text, uint64_t *ret_index,
                                   struct cf_proof *ret_proof, struct cf_bytes *ret_note,
                                   struct cf_fault *reterr_fault)
{
    struct cf_bytes rest = text;
    struct cf_bytes line;
    struct cf_proof proof = {.count = 0};
    uint64_t index = 0;
    if (!line_take(&rest, &line) || !cf_bytes_equal(line, CF_BYTES_LITERAL(FIRST_LINE)))
        CF_FAIL_AT(reterr_fault, CF_INVALID, "not a tlog-proof of version 1", 0);
    size_t offset = text.size - rest.size;
    bool there = line_take(&rest, &line);
    if (there && starts_with(line, "extra ")) {
        offset = text.size - rest.size;
        there = line_take(&rest, &line);
    }
    if (!there || !index_parse(line, &index))
        CF_FAIL_AT(reterr_fault, CF_INVALID, "the index line is malformed", offset);
    for (;;) {
        offset = text.size - rest.size;
        if (!line_take(&rest, &line))
            CF_FAIL_AT(reterr_fault, CF_INVALID, "the proof is cut short", offset);
        if (line.size == 0)
            break;
        if (proof.count == CF_PROOF_HASHES_MAX || !hash_parse(line, &proof.hashes[proof.count]))
            CF_FAIL_AT(reterr_fault, CF_INVALID, "a hash of the proof is malformed", offset);
        proof.count++;
    }
    *ret_index = index;
    *ret_proof = proof;
    *ret_note = rest;
    return CF_OK;
}
