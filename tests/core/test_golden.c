/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the bytes of every event stay as they are, so that old logs read for ever.
 * Shown: tests/vectors/event/<name>.hex holds two lines, a full and a sparse sample as hex; each is
 * what the sample encodes to, and decodes to the sample. `test_core_golden --write` writes the
 * missing files (for a new event), and never changes one that is there.
 */
#include "core/base/assert.h"
#include "core/base/hex.h"
#include "tests/support/cmocka.h"
#include "tests/support/samples.h"

#include <stdio.h>
#include <stdlib.h>

#define PAYLOAD_SIZE_MAX 8192
#define LINES 2

static void path_of(enum cf_event_type type, char ret_path[256])
{
    snprintf(ret_path, 256, "tests/vectors/event/%s.hex", cf_event_name(type));
}

static struct cf_event sample_of(enum cf_event_type type, int line)
{
    return cf_sample_event(type, type, line == 1);
}

static size_t encode(const struct cf_event *event, uint8_t memory[PAYLOAD_SIZE_MAX])
{
    struct cf_wire_writer writer = cf_wire_writer_fixed(memory, PAYLOAD_SIZE_MAX);
    cf_event_encode(event, &writer);
    CF_ASSERT(cf_wire_writer_finish(&writer) == CF_OK);
    return writer.size;
}

static int write_missing(void)
{
    for (size_t i = 0; i < cf_event_type_count(); i++) {
        char path[256];
        path_of(cf_event_type_at(i), path);
        FILE *file = fopen(path, "wx");
        if (file == NULL)
            continue;
        printf("%s\n", path);
        for (int line = 0; line < LINES; line++) {
            static uint8_t memory[PAYLOAD_SIZE_MAX];
            static char hex[2 * PAYLOAD_SIZE_MAX + 1];
            struct cf_event event = sample_of(cf_event_type_at(i), line);
            cf_hex_print(cf_bytes_from(memory, encode(&event, memory)), hex);
            fprintf(file, "%s\n", hex);
        }
        fclose(file);
    }
    return 0;
}

static void check_line(enum cf_event_type type, int line, const char *hex)
{
    static uint8_t golden[PAYLOAD_SIZE_MAX], encoded[PAYLOAD_SIZE_MAX];
    size_t size = strlen(hex) / 2;
    assert_int_equal(cf_hex_parse(cf_bytes_from_text(hex), size, golden), CF_OK);
    struct cf_event event = sample_of(type, line), again;
    struct cf_wire_cursor cursor =
        cf_wire_cursor_over(cf_bytes_from(golden, size), CF_WIRE_CANONICAL);
    struct cf_fault fault = {0};
    if (cf_event_decode(type, &cursor, &again, &fault) != CF_OK)
        fail_msg("%s: its golden bytes no longer decode: %s at %d (%s)", cf_event_name(type),
                 fault.text, (int)fault.offset, fault.detail);
    if (!cf_event_equal(&event, &again))
        fail_msg("%s: its golden bytes decode to something else", cf_event_name(type));
    if (encode(&event, encoded) != size || memcmp(encoded, golden, size) != 0)
        fail_msg("%s: it encodes to other bytes than the golden ones", cf_event_name(type));
}

static void test_golden__every_event_keeps_its_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < cf_event_type_count(); i++) {
        enum cf_event_type type = cf_event_type_at(i);
        char path[256];
        static char hex[2 * PAYLOAD_SIZE_MAX + 2];
        path_of(type, path);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            fail_msg("%s is missing: write it with `test_core_golden --write`", path);
        for (int line = 0; line < LINES; line++) {
            assert_non_null(fgets(hex, sizeof hex, file));
            hex[strcspn(hex, "\n")] = '\0';
            check_line(type, line, hex);
        }
        fclose(file);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--write") == 0)
        return write_missing();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden__every_event_keeps_its_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
