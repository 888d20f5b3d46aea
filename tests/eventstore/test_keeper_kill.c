/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: what the keeper answered is durable: a key is committed before anybody has what it sealed, so
 * a ciphertext that reached the log always opens, and a reservation that was answered stands.
 * Shown: a keeper in a process of its own is killed (SIGKILL) at random moments while several threads
 * seal for new subjects; after each start, everything that was answered before is asked for again.
 */
#include "eventstore/bus.h"
#include "eventstore/keeper.h"
#include "eventstore/keeper_client.h"
#include "tests/support/cmocka.h"
#include "tests/support/temp_dir.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 20
#define SEALERS 4
#define KEPT_MAX 20000
#define SEALER_TIMEOUT_MS 300
#define TIMEOUT_MS 20000

/* ---- The keeper's process ---- */

static enum cf_status no_head(void *context, uint64_t *ret_head, struct cf_fault *fault)
{
    (void)context, (void)fault;
    *ret_head = 0;
    return CF_OK;
}

static int64_t real_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int be_keeper(const char *folder)
{
    char vault[128], master[128], url[128];
    snprintf(vault, sizeof vault, "%s/vault", folder);
    snprintf(master, sizeof master, "%s/master", folder);
    snprintf(url, sizeof url, "ipc://%s/socket", folder);
    const struct cf_keeper_options options = {.vault_directory = vault,
                                              .master_key_path = master,
                                              .url = url,
                                              .log = {.head = no_head},
                                              .now_us = real_us};
    struct cf_keeper *keeper;
    struct cf_fault fault = {0};
    cf_sodium_init();
    if (cf_keeper_open(&options, &keeper, &fault) != CF_OK ||
        cf_keeper_run(keeper, NULL, NULL, &fault) != CF_OK) {
        fprintf(stderr, "keeper: %s %s\n", fault.text, fault.detail);
        return 1;
    }
    return 0;
}

static pid_t start_keeper(const char *folder)
{
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* it does not outlive a test that is cut short */
        execl("/proc/self/exe", "test_eventstore_keeper_kill", "keeper", folder, (char *)NULL);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

/* ---- Those who seal ---- */

/* One thing that was answered. */
struct kept {
    struct cf_id subject;
    char email[48];
    uint8_t sealed[128];
    size_t size;
};

struct world {
    struct cf_keeper_client *client;
    atomic_bool enough;
    pthread_mutex_t lock;
    size_t count;
    struct kept *kept;
};

static void keep(struct world *world, const struct kept *kept)
{
    pthread_mutex_lock(&world->lock);
    if (world->count < KEPT_MAX)
        world->kept[world->count++] = *kept;
    pthread_mutex_unlock(&world->lock);
}

static void *seal_run(void *argument)
{
    static atomic_int number;
    struct world *world = argument;
    struct cf_buf buf;
    cf_buf_init(&buf, CF_BUS_MESSAGE_SIZE_MAX);
    while (!atomic_load(&world->enough)) {
        struct kept kept = {.size = 0};
        snprintf(kept.email, sizeof kept.email, "p%d@example.org", atomic_fetch_add(&number, 1));
        struct cf_keeper_field field = {.name = "email", .clear = cf_bytes_from_text(kept.email)};
        /* Whatever is not answered counts for nothing. */
        if (cf_keeper_reserve(world->client, field.clear, field.clear, &kept.subject, NULL) !=
                CF_OK ||
            cf_keeper_seal(world->client, kept.subject, true, field.clear, &field, 1, &buf, NULL) !=
                CF_OK)
            continue;
        kept.size = field.sealed.ciphertext.size;
        assert_true(kept.size <= sizeof kept.sealed);
        memcpy(kept.sealed, field.sealed.ciphertext.data, kept.size);
        keep(world, &kept);
    }
    cf_buf_clean_up(&buf);
    return NULL;
}

static size_t kept_count(struct world *world)
{
    pthread_mutex_lock(&world->lock);
    size_t count = world->count;
    pthread_mutex_unlock(&world->lock);
    return count;
}

/* Until there is something that the kill could take back; a slow machine takes its time to start. */
static void wait_for_answers(struct world *world, size_t before)
{
    int waited_ms = 0;
    while (kept_count(world) == before && before < KEPT_MAX) {
        assert_true(waited_ms++ < TIMEOUT_MS);
        poll(NULL, 0, 1);
    }
}

/* Everything kept since `first` opens, and its reservation is the same. */
static void check(const char *url, const struct world *world, size_t first)
{
    struct cf_keeper_client *client; /* a fresh one: nothing is in its cache */
    struct cf_buf clear;
    cf_buf_init(&clear, 1024);
    assert_int_equal(cf_keeper_client_open(url, TIMEOUT_MS, &client, NULL), CF_OK);
    for (size_t i = first; i < world->count; i++) {
        const struct kept *kept = &world->kept[i];
        struct cf_bytes email = cf_bytes_from_text(kept->email);
        struct cf_id subject;
        assert_int_equal(cf_keeper_open_one(client, kept->subject,
                                            cf_bytes_from(kept->sealed, kept->size), &clear, NULL),
                         CF_OK);
        assert_true(cf_bytes_equal(cf_buf_bytes(&clear), email));
        assert_int_equal(cf_keeper_reserve(client, email, email, &subject, NULL), CF_OK);
        assert_true(cf_id_equal(subject, kept->subject));
    }
    cf_keeper_client_close(client);
    cf_buf_clean_up(&clear);
}

static void test_keeper__keeps_what_it_answered_when_it_is_killed(void **state)
{
    struct cf_temp_dir dir;
    char url[128];
    struct world world = {.lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t threads[SEALERS];
    (void)state;
    cf_sodium_init();
    cf_temp_dir_make(&dir);
    snprintf(url, sizeof url, "ipc://%s/socket", dir.path);
    world.kept = calloc(KEPT_MAX, sizeof *world.kept);
    assert_int_equal(cf_keeper_client_open(url, SEALER_TIMEOUT_MS, &world.client, NULL), CF_OK);
    size_t checked = 0;
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t dice;
        cf_random(&dice, sizeof dice);
        pid_t pid = start_keeper(dir.path);
        check(url, &world, checked);
        checked = world.count;
        atomic_store(&world.enough, false);
        for (int i = 0; i < SEALERS; i++)
            pthread_create(&threads[i], NULL, seal_run, &world);
        wait_for_answers(&world, checked);
        poll(NULL, 0, dice / 4); /* the random moment */
        assert_int_equal(kill(pid, SIGKILL), 0);
        atomic_store(&world.enough, true);
        for (int i = 0; i < SEALERS; i++)
            pthread_join(threads[i], NULL);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
    }
    /* At last, all of it once more. */
    pid_t pid = start_keeper(dir.path);
    check(url, &world, 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    cf_keeper_client_close(world.client);
    free(world.kept);
    cf_temp_dir_remove(&dir);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "keeper") == 0)
        return be_keeper(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeper__keeps_what_it_answered_when_it_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
