/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/world_log.h"

#include "eventstore/data_dir.h"
#include "eventstore/log.h"
#include "tests/support/cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static void append(void *context, const struct cf_record *record, const struct cf_event *event)
{
    static uint8_t bytes[CF_RECORD_SIZE_MAX];
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_record_encode_event(record, event, &writer);
    struct cf_bytes encoded = cf_bytes_from(bytes, writer.size);
    assert_int_equal(cf_log_append(context, &encoded, 1, NULL), CF_OK);
}

void cf_world_log_make(struct cf_world *world, uint64_t seed, char ret_directory[64])
{
    static const struct cf_log_genesis genesis = {.origin = "coffer.local/test",
                                                  .clock = CF_LOG_CLOCK_SIMULATED};
    struct cf_data_dir dir;
    struct cf_log *log = NULL;
    snprintf(ret_directory, 64, "/tmp/coffer_world_XXXXXX");
    assert_non_null(mkdtemp(ret_directory));
    assert_int_equal(cf_data_dir_open(ret_directory, &dir, NULL), CF_OK);
    assert_int_equal(cf_data_dir_make(&dir, "log", NULL), CF_OK);
    struct cf_data_dir_path path = cf_data_dir_path(&dir, "log");
    const struct cf_log_options options = {
        .directory = path.text, .create = &genesis, .step_size = 1 << 20};
    assert_int_equal(cf_log_open(&options, &log, NULL), CF_OK);
    cf_world_init_into(world, seed, append, log);
    cf_world_live(world);
    cf_log_close(log);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

void cf_world_log_remove(const char *directory)
{
    nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
