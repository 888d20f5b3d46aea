/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: when 200 senders race for the last ten of a limited reward, exactly ten win, however their
 * commands come to lie. Shown with 200 threads over several links, round after round with the ten
 * given back in between.
 */
#include "tests/support/cmocka.h"
#include "tests/support/ledger.h"

#include <stdatomic.h>
#include <stdio.h>

#define SENDERS 200
#define LINKS 5
#define ROUNDS 4
#define WINNERS 10

struct race {
    struct cf_test_ledger ledger;
    struct cf_link *links[LINKS];
    pthread_barrier_t line;
    atomic_int accepted;
    atomic_int sold_out;
    int round;
    bool won[SENDERS];
};

struct sender {
    struct race *race;
    int number;
};

static uint64_t pledge_number(const struct race *race, int sender)
{
    return 1000 + (uint64_t)(race->round * SENDERS + sender);
}

static void *run(void *context)
{
    struct sender *sender = context;
    struct race *race = sender->race;
    struct cf_command_input input;
    struct cf_reply reply;
    char key[32];
    uint64_t number = pledge_number(race, sender->number);
    snprintf(key, sizeof key, "race %llu", (unsigned long long)number);
    cf_command_input_init(&input, CF_COMMAND_pledge_start_checkout);
    cf_command_set_id(&input, "pledge_id", cf_test_id(number));
    cf_command_set_id(&input, "campaign_id", cf_test_id(4));
    cf_command_set_id(&input, "backer_id", cf_test_id(2));
    cf_command_set_id(&input, "card_id", cf_test_id(3));
    cf_command_set_id(&input, "reward_id", cf_test_id(5));
    cf_command_set_signed(&input, "currency", CF_CURRENCY_EUR);
    cf_command_set_signed(&input, "amount", 1000);
    const struct cf_link_command command = {
        .input = &input, .actor = cf_test_id(2), .key = cf_bytes_from_text(key)};
    pthread_barrier_wait(&race->line);
    enum cf_status status =
        cf_link_send(race->links[sender->number % LINKS], &command, 60000, &reply, NULL);
    race->won[sender->number] = status == CF_OK && reply.kind == CF_REPLY_ACCEPTED;
    if (race->won[sender->number]) {
        atomic_fetch_add(&race->accepted, 1);
    } else if (status == CF_OK && reply.kind == CF_REPLY_REFUSED) {
        const struct cf_refusal *refusal = cf_command_refusal(input.spec, reply.verdict);
        if (strcmp(refusal->name, "REWARD_SOLD_OUT") == 0)
            atomic_fetch_add(&race->sold_out, 1);
    }
    return NULL;
}

static void run_round(struct race *race)
{
    pthread_t threads[SENDERS];
    struct sender senders[SENDERS];
    atomic_store(&race->accepted, 0);
    atomic_store(&race->sold_out, 0);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.race = race, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &senders[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&race->accepted), WINNERS);
    assert_int_equal(atomic_load(&race->sold_out), SENDERS - WINNERS);
}

/* The winners give theirs back. */
static void give_back(struct race *race)
{
    char json[64];
    for (int i = 0; i < SENDERS; i++) {
        if (!race->won[i])
            continue;
        snprintf(json, sizeof json, "{\"pledge_id\":\"@%llu\"}",
                 (unsigned long long)pledge_number(race, i));
        cf_test_ledger_do(&race->ledger, cf_test_id(2), "pledge_cancel", json);
    }
}

static void test_race__ten_of_two_hundred_win(void **state)
{
    (void)state;
    struct race *race = calloc(1, sizeof *race);
    char ends_at[CF_TIME_TEXT_SIZE];
    cf_test_in_a_month(ends_at);
    cf_test_ledger_open(&race->ledger, CF_CLOCK_REAL);
    cf_test_ledger_campaign(&race->ledger, ends_at);
    struct cf_data_dir_url url = cf_data_dir_socket(&race->ledger.dir, "writer");
    for (int i = 0; i < LINKS; i++)
        assert_int_equal(cf_link_open(url.text, &race->links[i], NULL), CF_OK);
    assert_int_equal(pthread_barrier_init(&race->line, NULL, SENDERS), 0);
    for (race->round = 0; race->round < ROUNDS; race->round++) {
        run_round(race);
        give_back(race);
    }
    pthread_barrier_destroy(&race->line);
    for (int i = 0; i < LINKS; i++)
        cf_link_close(race->links[i]);
    cf_test_ledger_close(&race->ledger);
    free(race);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_race__ten_of_two_hundred_win),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
