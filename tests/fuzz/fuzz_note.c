/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: any bytes are a note or INVALID. A note's parts are the bytes it was parsed from, a
 * checkpoint and a key print as they were read, and nothing verifies under the published key but
 * the published text.
 */
#include "eventstore/checkpoint.h"
#include "eventstore/tile.h"
#include "tests/fuzz/fuzz.h"

#define PUBLISHED "ledger.example/crowdfund\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
#define PUBLISHED_KEY                                                                              \
    "ledger.example/crowdfund+121ba587+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"

static void note(struct cf_bytes bytes)
{
    struct cf_note note;
    struct cf_note_verifier verifier;
    if (cf_note_parse(bytes, &note, NULL) != CF_OK)
        return;
    size_t size = note.text.size + 1;
    for (size_t i = 0; i < note.signature_count; i++)
        size += note.signatures[i].line.size;
    CF_ASSERT(size == bytes.size);
    CF_ASSERT(note.text.data == bytes.data && note.text.data[note.text.size - 1] == '\n');
    CF_ASSERT(cf_note_verifier_parse(CF_BYTES_LITERAL(PUBLISHED_KEY), &verifier, NULL) == CF_OK);
    if (cf_note_verify(&note, &verifier, 1) == CF_OK)
        CF_ASSERT(cf_bytes_equal(note.text, CF_BYTES_LITERAL(PUBLISHED)));
}

static void checkpoint(struct cf_bytes bytes)
{
    struct cf_checkpoint checkpoint;
    struct cf_buf buf;
    if (cf_checkpoint_parse(bytes, &checkpoint, NULL) != CF_OK)
        return;
    cf_buf_init(&buf, 4096);
    CF_ASSERT(cf_checkpoint_append(&checkpoint, &buf) == CF_OK);
    CF_ASSERT(buf.size <= bytes.size && memcmp(buf.data, bytes.data, buf.size) == 0);
    cf_buf_clean_up(&buf);
}

static void key(struct cf_bytes bytes)
{
    struct cf_note_verifier verifier;
    struct cf_buf buf;
    if (cf_note_verifier_parse(bytes, &verifier, NULL) != CF_OK)
        return;
    cf_buf_init(&buf, 4096);
    CF_ASSERT(cf_note_verifier_append(&verifier, &buf) == CF_OK);
    CF_ASSERT(cf_bytes_equal(cf_buf_bytes(&buf), bytes));
    cf_buf_clean_up(&buf);
}

static void tile(struct cf_bytes bytes)
{
    struct cf_tile tile;
    char path[CF_TILE_PATH_SIZE];
    if (cf_tile_parse(bytes, &tile) != CF_OK)
        return;
    cf_tile_print(&tile, path);
    CF_ASSERT(cf_bytes_equal(cf_bytes_from_text(path), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool started;
    if (!started)
        cf_sodium_init();
    started = true;
    struct cf_bytes bytes = cf_bytes_from(data, size);
    note(bytes);
    checkpoint(bytes);
    key(bytes);
    tile(bytes);
    return 0;
}
