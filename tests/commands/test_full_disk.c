/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: a writer whose disk is full says so to whoever sends a command, goes on answering
 * questions, loses nothing that it accepted, waits idly with timers that are due, and goes on once
 * there is room; a start on the full disk works too. Shown on a small file system of its own (the test says
 * so and is skipped where none can be mounted).
 */
#include "tests/support/cmocka.h"
#include "tests/support/ledger.h"
#include "tests/support/small_disk.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define DISK_MIB 300 /* both environments' first steps, and the reserve */
#define PLEDGES 20

struct disk {
    char file[96], mount[96], junk[112];
};

static bool open_on_small_disk(struct cf_test_ledger *ledger, struct disk *disk)
{
    *ledger = (struct cf_test_ledger){.clock = CF_CLOCK_REAL};
    cf_temp_dir_make(&ledger->temp);
    snprintf(disk->file, sizeof disk->file, "%s/disk", ledger->temp.path);
    snprintf(disk->mount, sizeof disk->mount, "%s/data", ledger->temp.path);
    snprintf(disk->junk, sizeof disk->junk, "%s/junk", disk->mount);
    assert_int_equal(mkdir(disk->mount, 0700), 0);
    if (!cf_small_disk_mount(disk->file, disk->mount, DISK_MIB))
        return false;
    assert_int_equal(cf_data_dir_open(disk->mount, &ledger->dir, NULL), CF_OK);
    cf_test_ledger_start(ledger);
    assert_int_equal(
        cf_link_open(cf_data_dir_socket(&ledger->dir, "writer").text, &ledger->link, NULL), CF_OK);
    return true;
}

static struct cf_reply pledge(struct cf_test_ledger *ledger, int number)
{
    char json[256], key[32];
    snprintf(json, sizeof json,
             "{\"pledge_id\":\"@%d\",\"campaign_id\":\"@4\",\"backer_id\":\"@2\","
             "\"currency\":\"EUR\",\"amount\":1000,\"card_id\":\"@3\"}",
             number);
    snprintf(key, sizeof key, "pledge %d", number);
    return cf_test_ledger_send(ledger, cf_test_id(2), "pledge_start_checkout", json, key);
}

static void assert_refused(struct cf_test_ledger *ledger, int number)
{
    struct cf_reply reply = pledge(ledger, number);
    assert_int_equal(reply.kind, CF_REPLY_FAILED);
    assert_string_equal(reply.text, "the disk is full: nothing new is taken until there is room");
}

static double cpu_s(void)
{
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* A campaign that begins so many seconds from now. */
static void schedule_one(struct cf_test_ledger *ledger, int number, int lead_s, const char *ends_at)
{
    char json[512], starts_at[CF_TIME_TEXT_SIZE];
    struct timespec now;
    snprintf(
        json, sizeof json,
        "{\"campaign_id\":\"@%d\",\"creator_id\":\"@1\",\"model\":\"aon\",\"currency\":\"EUR\","
        "\"goal\":10000,\"title\":\"c2VhbGVk\",\"slug\":\"later-%d\",\"ends_at\":\"%s\"}",
        number, number, ends_at);
    cf_test_ledger_do(ledger, cf_test_id(1), "campaign_draft", json);
    snprintf(json, sizeof json, "{\"campaign_id\":\"@%d\"}", number);
    cf_test_ledger_do(ledger, cf_test_id(1), "campaign_submit", json);
    snprintf(json, sizeof json,
             "{\"campaign_id\":\"@%d\",\"platform_fee_bps\":500,"
             "\"processor_fee_bearer\":\"creator\",\"reserve_bps\":0,\"reserve_days\":0}",
             number);
    cf_test_ledger_do(ledger, CF_ACTOR_OPERATOR, "campaign_approve", json);
    clock_gettime(CLOCK_REALTIME, &now);
    cf_time_print(((int64_t)now.tv_sec + lead_s) * CF_SECOND_US + now.tv_nsec / 1000, starts_at);
    snprintf(json, sizeof json, "{\"campaign_id\":\"@%d\",\"starts_at\":\"%s\"}", number,
             starts_at);
    cf_test_ledger_do(ledger, cf_test_id(1), "campaign_schedule", json);
}

static struct cf_link_timer first_timer(struct cf_test_ledger *ledger, int64_t *ret_now_us)
{
    struct cf_link_timer timer = {0};
    size_t count;
    assert_int_equal(cf_link_timers(ledger->link, 10000, &timer, 1, &count, ret_now_us, NULL),
                     CF_OK);
    assert_int_equal(count, 1);
    return timer;
}

/* Leaves a timer that falls due with the disk full: where filling it took longer, another one. */
static void fill_before_a_timer_is_due(struct cf_test_ledger *ledger, const struct disk *disk,
                                       const char *ends_at)
{
    int64_t now_us;
    int number = 6;
    for (int lead_s = 1;; lead_s *= 2) {
        schedule_one(ledger, number++, lead_s, ends_at);
        assert_true(cf_small_disk_fill(disk->junk));
        if (first_timer(ledger, &now_us).timer == CF_TIMER_CAMPAIGN_START)
            return;
        assert_int_equal(unlink(disk->junk), 0);
    }
}

/* The timer is due, and half of a processor's time is the most that looking at it takes. */
static void assert_waits_idly(struct cf_test_ledger *ledger)
{
    int64_t now_us;
    struct cf_link_timer timer;
    do
        timer = first_timer(ledger, &now_us);
    while (timer.due_us > now_us);
    assert_int_equal(timer.timer, CF_TIMER_CAMPAIGN_START);
    struct timespec began, now;
    double used_s = cpu_s(), passed_s;
    clock_gettime(CLOCK_MONOTONIC, &began);
    do {
        struct timespec moment = {.tv_nsec = 100000000};
        nanosleep(&moment, NULL);
        clock_gettime(CLOCK_MONOTONIC, &now);
        passed_s =
            (double)(now.tv_sec - began.tv_sec) + (double)(now.tv_nsec - began.tv_nsec) / 1e9;
    } while (passed_s < 2.0);
    assert_true(cpu_s() - used_s < passed_s / 2);
}

static void test_full_disk__is_said_and_gotten_over(void **state)
{
    (void)state;
    struct cf_test_ledger ledger;
    struct disk disk;
    uint64_t sequences[PLEDGES];
    if (!open_on_small_disk(&ledger, &disk)) {
        print_message("skipped: no small file system can be mounted here (%s)\n", strerror(errno));
        skip();
    }
    char ends_at[CF_TIME_TEXT_SIZE];
    cf_test_in_a_month(ends_at);
    cf_test_ledger_campaign(&ledger, ends_at);
    for (int i = 0; i < PLEDGES; i++) {
        struct cf_reply reply = pledge(&ledger, 100 + i);
        assert_int_equal(reply.kind, CF_REPLY_ACCEPTED);
        sequences[i] = reply.first_sequence;
    }
    fill_before_a_timer_is_due(&ledger, &disk, ends_at);
    assert_refused(&ledger, 500);
    assert_waits_idly(&ledger);
    assert_refused(&ledger, 500);
    cf_test_ledger_stop(&ledger);
    cf_test_ledger_start(&ledger);
    assert_refused(&ledger, 500);

    assert_int_equal(unlink(disk.junk), 0);
    assert_int_equal(pledge(&ledger, 500).kind, CF_REPLY_ACCEPTED);
    int64_t now_us;
    while (first_timer(&ledger, &now_us).timer == CF_TIMER_CAMPAIGN_START)
        continue;
    for (int i = 0; i < PLEDGES; i++)
        assert_int_equal(pledge(&ledger, 100 + i).first_sequence, sequences[i]);
    cf_test_ledger_stop(&ledger);
    cf_link_close(ledger.link);
    assert_int_equal(umount(disk.mount), 0);
    cf_temp_dir_remove(&ledger.temp);
    cf_temp_dir_remove_path(ledger.dir.run_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_disk__is_said_and_gotten_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
