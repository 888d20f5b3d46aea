/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: when the power goes at any moment, whoever was told that something is sealed can open it, and
 * whoever was told that somebody is forgotten never finds a key again; on a full disk the vault refuses
 * with a clear sentence, loses nothing that it had promised, and goes on once there is space.
 * Shown: a child seals and forgets, and says after each commit what it promises. Its disk
 * (tests/support/power_loss.c) takes back what was not synced, renames too, at a random write or sync.
 * With the syncs made deaf the first promise must fail to hold. The full disk is a small file system.
 *
 * `test_eventstore_vault_disk long` does ten times as many rounds.
 */
#include "eventstore/vault.h"
#include "tests/support/cmocka.h"
#include "tests/support/small_disk.h"
#include "tests/support/temp_dir.h"

#include <signal.h>
#include <sys/wait.h>

#define PEOPLE 60
#define FORGET_EVERY 6
#define CUT_STATUS 77
#define DISK_MIB 80
#define SEALED_SIZE_MAX 256
#define CROWD 500

static const char *program;
static int rounds = 20;
static uint64_t luck;

static long draw(void)
{
    luck = luck * 6364136223846793005u + 1442695040888963407u;
    return (long)(luck >> 33);
}

/* --- A vault and its people ------------------------------------------------------------------- */

struct place {
    char directory[128], master[128];
    struct cf_vault *vault;
};

static enum cf_status place_open(struct place *place, const char *path, struct cf_fault *fault)
{
    snprintf(place->directory, sizeof place->directory, "%s/vault", path);
    snprintf(place->master, sizeof place->master, "%s/master", path);
    return cf_vault_open(place->directory, place->master, &place->vault, fault);
}

static struct cf_id person(uint32_t number)
{
    struct cf_id id = {{7}};
    memcpy(id.bytes + 8, &number, sizeof number);
    return id;
}

static struct cf_vault_field field_of(uint32_t number)
{
    return (struct cf_vault_field){person(number), CF_BYTES_LITERAL("key"),
                                   CF_BYTES_LITERAL("name")};
}

/* What the child promises: a person's sealed text opens, or, where it is empty, the person is forgotten.
 * While it is forgetting somebody it promises nothing. */
#define NOTHING UINT32_MAX
struct promise {
    uint32_t number;
    uint32_t size;
    uint8_t sealed[SEALED_SIZE_MAX];
};

static enum cf_status seal(struct place *place, uint32_t number, struct promise *ret_promise)
{
    struct cf_buf sealed;
    uint8_t tag[CF_VAULT_TAG_SIZE];
    struct cf_vault_field field = field_of(number);
    cf_buf_init(&sealed, SEALED_SIZE_MAX);
    CF_TRY(cf_vault_begin(place->vault, NULL));
    enum cf_status status = cf_vault_key_make(place->vault, person(number), NULL);
    if (status == CF_OK)
        status = cf_vault_seal(place->vault, &field, CF_BYTES_LITERAL("Ada"), &sealed, tag, NULL);
    if (status == CF_OK)
        status = cf_vault_commit(place->vault, NULL);
    else
        cf_vault_abort(place->vault);
    ret_promise->number = number;
    ret_promise->size = (uint32_t)sealed.size;
    if (sealed.size > 0)
        memcpy(ret_promise->sealed, sealed.data, sealed.size);
    cf_buf_clean_up(&sealed);
    return status;
}

static enum cf_status forget(struct place *place, uint64_t sequence, uint32_t number)
{
    uint8_t bytes[1024];
    const struct cf_event event = {
        .type = CF_EVENT_SUBJECT_ERASED,
        .subject_erased = {.subject_id = person(number), .newest = sequence - 1}};
    const struct cf_record made = {.sequence = sequence,
                                   .time_us = INT64_C(1800000000000000),
                                   .stream_version = 1,
                                   .stream_id = person(number),
                                   .actor_id = person(number),
                                   .idempotency_key = CF_BYTES_LITERAL("key")};
    struct cf_record record;
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, sizeof bytes);
    cf_record_encode_event(&made, &event, &writer);
    CF_TRY(cf_wire_writer_finish(&writer));
    CF_TRY(cf_record_decode(cf_bytes_from(bytes, writer.size), &record, NULL));
    CF_TRY(cf_vault_begin(place->vault, NULL));
    enum cf_status status = cf_vault_apply(place->vault, &record, NULL);
    if (status != CF_OK) {
        cf_vault_abort(place->vault);
        return status;
    }
    CF_TRY(cf_vault_commit(place->vault, NULL));
    return cf_vault_compact(place->vault, NULL);
}

static bool holds(struct place *place, const struct promise *promise)
{
    struct cf_buf clear;
    struct cf_vault_field field = field_of(promise->number);
    if (promise->size == NOTHING)
        return true;
    cf_buf_init(&clear, 64);
    assert_int_equal(cf_vault_begin(place->vault, NULL), CF_OK);
    enum cf_status status;
    bool good;
    if (promise->size == 0) {
        status = cf_vault_key_make(place->vault, person(promise->number), NULL);
        good = status == CF_DENIED;
    } else {
        status = cf_vault_unseal(place->vault, &field,
                                 cf_bytes_from(promise->sealed, promise->size), &clear, NULL);
        good = status == CF_OK && cf_bytes_equal(cf_buf_bytes(&clear), CF_BYTES_LITERAL("Ada"));
    }
    cf_vault_abort(place->vault);
    cf_buf_clean_up(&clear);
    return good;
}

/* --- Power ------------------------------------------------------------------------------------ */

static void say(const struct promise *promise)
{
    if (write(STDOUT_FILENO, promise, sizeof *promise) != sizeof *promise)
        abort();
}

static int child(const char *path)
{
    struct place place;
    uint64_t sequence = 0;
    if (place_open(&place, path, NULL) != CF_OK)
        abort();
    for (uint32_t number = 0; number < PEOPLE; number++) {
        struct promise promise = {.number = number};
        if (seal(&place, number, &promise) != CF_OK)
            abort();
        say(&promise);
        if (number % FORGET_EVERY != FORGET_EVERY - 1)
            continue;
        promise = (struct promise){.number = number - 2, .size = NOTHING};
        say(&promise);
        promise.size = 0;
        if (forget(&place, ++sequence, promise.number) != CF_OK)
            abort();
        say(&promise);
    }
    cf_vault_close(place.vault);
    return 0;
}

static void become_child(const char *path, long cut_at, unsigned long seed, bool deaf, int output)
{
    char at[32], seed_text[32], directory[128];
    dup2(output, STDOUT_FILENO);
    snprintf(at, sizeof at, "%ld", cut_at);
    snprintf(seed_text, sizeof seed_text, "%lu", seed);
    snprintf(directory, sizeof directory, "%s/", path);
    setenv("CF_POWER_LOSS_AT", at, 1);
    setenv("CF_POWER_LOSS_SEED", seed_text, 1);
    setenv("CF_POWER_LOSS_DIR", directory, 1);
    setenv("LD_PRELOAD", CF_POWER_LOSS_LIBRARY, 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
    if (deaf)
        setenv("CF_POWER_LOSS_DEAF", "1", 1);
    execl(program, program, "child", path, (char *)NULL);
    abort();
}

/* Promises by person; the last one counts. Returns how many were made. */
static size_t run_child(const char *path, long cut_at, unsigned long seed, bool deaf,
                        struct promise promises[PEOPLE], bool made[PEOPLE], bool *ret_cut)
{
    int ends[2], state;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        close(ends[0]);
        become_child(path, cut_at, seed, deaf, ends[1]);
    }
    close(ends[1]);
    struct promise promise;
    size_t count = 0;
    while (read(ends[0], &promise, sizeof promise) == sizeof promise) {
        promises[promise.number] = promise;
        made[promise.number] = true;
        count++;
    }
    close(ends[0]);
    assert_int_equal(waitpid(pid, &state, 0), pid);
    assert_true(WIFEXITED(state));
    *ret_cut = WEXITSTATUS(state) == CUT_STATUS;
    return count;
}

/* One round; whether every promise holds. */
static bool survive(long cut_at, unsigned long seed, bool deaf, bool *ret_cut, size_t *ret_count)
{
    struct promise promises[PEOPLE];
    bool made[PEOPLE] = {false};
    struct cf_temp_dir dir;
    struct place place = {.vault = NULL};
    cf_temp_dir_make(&dir);
    *ret_count = run_child(dir.path, cut_at, seed, deaf, promises, made, ret_cut);
    bool good = *ret_count == 0 || place_open(&place, dir.path, NULL) == CF_OK;
    for (uint32_t number = 0; number < PEOPLE && good && *ret_count > 0; number++)
        good = !made[number] || holds(&place, &promises[number]);
    cf_vault_close(place.vault);
    cf_temp_dir_remove(&dir);
    return good;
}

static void test_power_loss__takes_no_promise(void **state)
{
    (void)state;
    luck = 4711;
    int cuts = 0, with_promises = 0;
    for (int round = 0; round < rounds; round++) {
        long cut_at = 1 + draw() % (PEOPLE * 8);
        unsigned long seed = (unsigned long)draw();
        bool cut;
        size_t count;
        if (!survive(cut_at, seed, false, &cut, &count))
            fail_msg("cut at %ld with seed %lu after %zu promises", cut_at, seed, count);
        cuts += cut;
        with_promises += count > 0;
    }
    assert_true(cuts > rounds / 3 && with_promises > rounds / 2);
}

static void test_power_loss__is_noticed_where_syncs_are_missing(void **state)
{
    (void)state;
    luck = 7;
    int noticed = 0;
    for (int round = 0; round < 10; round++) {
        bool cut;
        size_t count;
        long cut_at = PEOPLE * 3 + draw() % PEOPLE;
        noticed += !survive(cut_at, (unsigned long)draw(), true, &cut, &count);
        assert_true(cut && count > 0);
    }
    assert_true(noticed >= 8);
}

/* --- A full disk ------------------------------------------------------------------------------ */

/* Makes keys for more and more people, many at a time, then one at a time, until the disk refuses.
 * Returns how many there are; `ret_last` is what was promised to the last one. */
static uint32_t fill_vault(struct place *place, struct promise *ret_last)
{
    uint32_t number = 1;
    enum cf_status status = CF_OK;
    struct cf_fault fault = {0};
    while (status == CF_OK) {
        assert_int_equal(cf_vault_begin(place->vault, NULL), CF_OK);
        for (uint32_t i = 0; i < CROWD && status == CF_OK; i++)
            status = cf_vault_key_make(place->vault, person(1000000 + number++), &fault);
        if (status == CF_OK)
            status = cf_vault_commit(place->vault, &fault);
        else
            cf_vault_abort(place->vault);
    }
    assert_int_equal(status, CF_NO_SPACE);
    assert_string_equal(fault.text, "the disk is full");
    for (number = 1;; number++) {
        struct promise promise;
        status = seal(place, number, &promise);
        if (status != CF_OK)
            break;
        *ret_last = promise;
    }
    assert_int_equal(status, CF_NO_SPACE);
    return number;
}

static uint64_t next_sequence(struct place *place)
{
    uint64_t position = 0;
    assert_int_equal(cf_vault_begin(place->vault, NULL), CF_OK);
    assert_int_equal(cf_vault_position(place->vault, &position, NULL), CF_OK);
    cf_vault_abort(place->vault);
    return position + 1;
}

static void fill_up(struct place *place, const char *mount_point)
{
    char junk[144];
    struct promise first, last, later;
    struct cf_fault fault = {0};
    snprintf(junk, sizeof junk, "%s/junk", mount_point);
    assert_int_equal(place_open(place, mount_point, &fault), CF_OK);
    assert_int_equal(seal(place, 0, &first), CF_OK);
    last = first;
    assert_true(cf_small_disk_fill(junk));
    uint32_t count = fill_vault(place, &last);
    assert_true(holds(place, &first));
    assert_true(holds(place, &last));

    /* Over a restart too. */
    cf_vault_close(place->vault);
    if (place_open(place, mount_point, &fault) != CF_OK)
        fail_msg("%s (%s)", fault.text, fault.detail);
    assert_true(holds(place, &first));
    assert_int_equal(seal(place, count, &later), CF_NO_SPACE);

    /* Forgetting needs room for a new file. It is refused, or comes true once there is room. */
    enum cf_status status = forget(place, 1, 0);
    assert_true(status == CF_OK || status == CF_NO_SPACE);
    cf_vault_close(place->vault);
    assert_int_equal(unlink(junk), 0);
    if (place_open(place, mount_point, &fault) != CF_OK)
        fail_msg("%s (%s)", fault.text, fault.detail);
    assert_int_equal(forget(place, next_sequence(place), 0), CF_OK);
    assert_true(holds(place, &(struct promise){.number = 0}));
    assert_true(count == 1 || holds(place, &last));
    assert_int_equal(seal(place, count, &later), CF_OK);
    assert_true(holds(place, &later));
    cf_vault_close(place->vault);
}

static void test_disk_full__is_refused_and_gotten_over(void **state)
{
    (void)state;
    struct cf_temp_dir dir;
    struct place place;
    char file[96], mount_point[96];
    cf_temp_dir_make(&dir);
    snprintf(file, sizeof file, "%s/disk", dir.path);
    snprintf(mount_point, sizeof mount_point, "%s/mount", dir.path);
    assert_int_equal(mkdir(mount_point, 0700), 0);
    if (cf_small_disk_mount(file, mount_point, DISK_MIB)) {
        fill_up(&place, mount_point);
        assert_int_equal(umount(mount_point), 0);
        cf_temp_dir_remove(&dir);
        return;
    }
    cf_temp_dir_remove(&dir);
    print_message("skipped: no small file system can be mounted here\n");
    skip();
}

int main(int argc, char **argv)
{
    cf_sodium_init();
    program = argv[0];
    if (argc == 3 && strcmp(argv[1], "child") == 0)
        return child(argv[2]);
    if (argc == 2 && strcmp(argv[1], "long") == 0)
        rounds = 200;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_loss__takes_no_promise),
        cmocka_unit_test(test_power_loss__is_noticed_where_syncs_are_missing),
        cmocka_unit_test(test_disk_full__is_refused_and_gotten_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
