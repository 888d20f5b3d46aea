/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promised: the keeper answers nobody before it has applied the log; a key is durable before what
 * it sealed can reach the log, and a registration that was cut short is taken up again with the
 * same subject; hashing passwords holds up nothing else; who is erased in the log is erased here;
 * bytes that make no sense harm nobody. Shown: with keepers in threads, clients over real sockets,
 * and a log that the test holds.
 */
#include "eventstore/bus.h"
#include "eventstore/keeper.h"
#include "eventstore/keeper_client.h"

#include "core/base/scope.h"
#include "tests/support/authenticator.h"
#include "tests/support/cmocka.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define RECORDS_MAX 64
#define EMAIL CF_BYTES_LITERAL("ada@example.org")
#define PASSWORD CF_BYTES_LITERAL("difference engine")
#define KEY CF_BYTES_LITERAL("key-1")
#define HOUR_US (3600 * CF_SECOND_US)

struct log {
    pthread_mutex_t lock;
    bool away;
    size_t count;
    struct cf_bytes records[RECORDS_MAX];
};

struct place {
    char folder[64], directory[96], master[96], url[96];
    struct log log;
    struct cf_keeper *keeper;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ready;
    bool over;
    enum cf_status outcome;
    struct cf_fault fault;
    struct cf_keeper_client *client;
};

/* ---- The log ---- */

static enum cf_status log_head(void *context, uint64_t *ret_head, struct cf_fault *reterr_fault)
{
    struct log *log = context;
    pthread_mutex_lock(&log->lock);
    bool away = log->away;
    *ret_head = log->count;
    pthread_mutex_unlock(&log->lock);
    if (away)
        CF_FAIL(reterr_fault, CF_RETRY, "the writer is not there");
    return CF_OK;
}

static enum cf_status log_read(void *context, uint64_t first, cf_keeper_record_fn *each,
                               void *each_context, struct cf_fault *reterr_fault)
{
    struct log *log = context;
    (void)reterr_fault;
    pthread_mutex_lock(&log->lock);
    struct cf_bytes record = log->records[first - 1];
    pthread_mutex_unlock(&log->lock);
    return each(each_context, record);
}

static uint64_t log_append(struct log *log, struct cf_bytes key, const struct cf_event *event)
{
    uint8_t *bytes = malloc(4096);
    struct cf_id stream = {.bytes = {9}};
    pthread_mutex_lock(&log->lock);
    struct cf_record record = {.sequence = log->count + 1,
                               .time_us = 1800000000000000,
                               .stream_version = 1,
                               .stream_id = stream,
                               .actor_id = stream,
                               .idempotency_key = key};
    struct cf_wire_writer writer = cf_wire_writer_fixed(bytes, 4096);
    cf_record_encode_event(&record, event, &writer);
    assert_int_equal(cf_wire_writer_finish(&writer), CF_OK);
    log->records[log->count++] = cf_bytes_from(bytes, writer.size);
    pthread_mutex_unlock(&log->lock);
    return record.sequence;
}

/* ---- The keeper ---- */

static int64_t real_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void is_ready(void *context)
{
    struct place *place = context;
    pthread_mutex_lock(&place->lock);
    place->ready = true;
    pthread_cond_broadcast(&place->changed);
    pthread_mutex_unlock(&place->lock);
}

static void *run(void *argument)
{
    struct place *place = argument;
    enum cf_status outcome = cf_keeper_run(place->keeper, is_ready, place, &place->fault);
    pthread_mutex_lock(&place->lock);
    place->outcome = outcome;
    place->over = true;
    pthread_cond_broadcast(&place->changed);
    pthread_mutex_unlock(&place->lock);
    return NULL;
}

static void start(struct place *place)
{
    struct cf_keeper_options options = {.vault_directory = place->directory,
                                        .master_key_path = place->master,
                                        .url = place->url,
                                        .log = {&place->log, log_head, log_read},
                                        .now_us = real_us};
    assert_int_equal(cf_keeper_open(&options, &place->keeper, NULL), CF_OK);
    place->ready = place->over = false;
    assert_int_equal(pthread_create(&place->thread, NULL, run, place), 0);
}

static void wait_until_ready(struct place *place)
{
    pthread_mutex_lock(&place->lock);
    while (!place->ready && !place->over)
        pthread_cond_wait(&place->changed, &place->lock);
    pthread_mutex_unlock(&place->lock);
}

static enum cf_status stop(struct place *place)
{
    cf_keeper_stop(place->keeper);
    pthread_join(place->thread, NULL);
    cf_keeper_close(CF_TAKE(place->keeper));
    return place->outcome;
}

static void open_client(struct place *place)
{
    assert_int_equal(cf_keeper_client_open(place->url, PATIENCE_MS, &place->client, NULL), CF_OK);
}

static int make_place(void **state)
{
    cf_sodium_init();
    struct place *place = calloc(1, sizeof *place);
    pthread_mutex_init(&place->lock, NULL);
    pthread_cond_init(&place->changed, NULL);
    pthread_mutex_init(&place->log.lock, NULL);
    snprintf(place->folder, sizeof place->folder, "/tmp/cf-keeper-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->directory, sizeof place->directory, "%s/vault", place->folder);
    snprintf(place->master, sizeof place->master, "%s/master", place->folder);
    snprintf(place->url, sizeof place->url, "ipc://%s/socket", place->folder);
    *state = place;
    return 0;
}

static int make_running_place(void **state)
{
    make_place(state);
    struct place *place = *state;
    start(place);
    wait_until_ready(place);
    open_client(place);
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    char command[96];
    cf_keeper_client_close(place->client);
    if (place->keeper != NULL)
        assert_int_equal(stop(place), CF_OK);
    for (size_t i = 0; i < place->log.count; i++)
        free((void *)(uintptr_t)place->log.records[i].data);
    snprintf(command, sizeof command, "rm -r %s", place->folder);
    assert_int_equal(system(command), 0);
    free(place);
    return 0;
}

/* ---- What clients do ---- */

static struct cf_id reserve(struct place *place, struct cf_bytes email, struct cf_bytes key)
{
    struct cf_id subject;
    assert_int_equal(cf_keeper_reserve(place->client, email, key, &subject, NULL), CF_OK);
    return subject;
}

/* Seals the address and puts UserRegistered into the log, as API and writer do. */
static uint64_t log_registration(struct place *place, struct cf_id subject, struct cf_bytes email,
                                 struct cf_bytes key)
{
    struct cf_keeper_field field = {.name = "email", .clear = email};
    struct cf_buf buf;
    cf_buf_init(&buf, CF_BUS_MESSAGE_SIZE_MAX);
    assert_int_equal(cf_keeper_seal(place->client, subject, false, key, &field, 1, &buf, NULL),
                     CF_OK);
    struct cf_event event = {.type = CF_EVENT_USER_REGISTERED,
                             .user_registered = {.user_id = subject,
                                                 .email = field.sealed,
                                                 .terms_version = CF_BYTES_LITERAL("1")}};
    uint64_t sequence = log_append(&place->log, key, &event);
    cf_buf_clean_up(&buf);
    return sequence;
}

static struct cf_id register_person(struct place *place, struct cf_bytes email, struct cf_bytes key)
{
    struct cf_id subject = reserve(place, email, key);
    log_registration(place, subject, email, key);
    return subject;
}

static void erase(struct place *place, struct cf_id subject)
{
    struct cf_event event = {.type = CF_EVENT_SUBJECT_ERASED,
                             .subject_erased = {.subject_id = subject, .newest = 1}};
    uint64_t sequence = log_append(&place->log, KEY, &event), reached;
    assert_int_equal(cf_keeper_catch_up(place->client, &reached, NULL), CF_OK);
    assert_true(reached >= sequence);
}

static void test_keeper__answers_nobody_before_it_has_the_log(void **state)
{
    struct place *place = *state;
    struct cf_keeper_client *client;
    struct cf_id subject;
    place->log.away = true;
    start(place);
    assert_int_equal(cf_keeper_client_open(place->url, 300, &client, NULL), CF_OK);
    assert_int_equal(cf_keeper_reserve(client, EMAIL, KEY, &subject, NULL), CF_RETRY);
    assert_false(place->ready);
    pthread_mutex_lock(&place->log.lock);
    place->log.away = false;
    pthread_mutex_unlock(&place->log.lock);
    wait_until_ready(place);
    assert_int_equal(cf_keeper_reserve(client, EMAIL, KEY, &subject, NULL), CF_OK);
    cf_keeper_client_close(client);
}

static void test_keeper__seals_and_opens_many_fields_at_once(void **state)
{
    struct place *place = *state;
    enum { COUNT = 100 };
    struct cf_id campaign = {.bytes = {7}}, stranger = {.bytes = {8}};
    struct cf_keeper_field fields[COUNT];
    struct cf_keeper_item items[COUNT + 1];
    char names[COUNT][24];
    CF_CLEANUP(cf_scope_free) uint8_t *story = malloc(40000);
    memset(story, 's', 40000);
    struct cf_buf sealed[2], opened;
    for (int i = 0; i < 2; i++)
        cf_buf_init(&sealed[i], CF_BUS_MESSAGE_SIZE_MAX);
    cf_buf_init(&opened, (size_t)16 << 20);
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "field_%d", i);
        fields[i].name = names[i];
        /* Some long: all in all 1.7 MB, more than one message. */
        fields[i].clear =
            i % 2 == 0 ? cf_bytes_from_text(names[i]) : cf_bytes_from(story, 35000 + (size_t)i);
    }
    assert_int_equal(
        cf_keeper_seal(place->client, campaign, false, KEY, fields, 2, &sealed[0], NULL),
        CF_NOT_FOUND);
    for (int i = 0; i < 4; i++) {
        struct cf_buf *buf = &sealed[i % 2];
        size_t first = (size_t)i * COUNT / 4;
        assert_int_equal(cf_keeper_seal(place->client, campaign, true, KEY, fields + first,
                                        COUNT / 4, buf, NULL),
                         CF_OK);
        for (size_t j = first; j < first + COUNT / 4; j++) {
            struct cf_bytes bytes = fields[j].sealed.ciphertext;
            uint8_t *copy = malloc(bytes.size);
            memcpy(copy, bytes.data, bytes.size);
            items[j] = (struct cf_keeper_item){.subject_id = campaign,
                                               .sealed = {cf_bytes_from(copy, bytes.size)}};
        }
    }
    items[COUNT] = (struct cf_keeper_item){.subject_id = stranger, .sealed = items[0].sealed};
    for (int round = 0; round < 2; round++) { /* the second one from the cache, in part */
        assert_int_equal(cf_keeper_open_all(place->client, items, COUNT + 1, &opened, NULL), CF_OK);
        for (int i = 0; i < COUNT; i++) {
            assert_int_equal(items[i].status, CF_OK);
            assert_true(cf_bytes_equal(items[i].clear, fields[i].clear));
        }
        assert_int_equal(items[COUNT].status, CF_NOT_FOUND);
    }
    for (int i = 0; i < COUNT; i++)
        free((void *)(uintptr_t)items[i].sealed.ciphertext.data);
    for (int i = 0; i < 2; i++)
        cf_buf_clean_up(&sealed[i]);
    cf_buf_clean_up(&opened);
}

static void test_keeper__takes_a_registration_up_again(void **state)
{
    struct place *place = *state;
    struct cf_id found;
    struct cf_id subject = reserve(place, EMAIL, KEY);
    struct cf_keeper_field field = {.name = "email", .clear = EMAIL};
    struct cf_buf sealed, clear;
    cf_buf_init(&sealed, CF_BUS_MESSAGE_SIZE_MAX);
    cf_buf_init(&clear, 1024);
    assert_int_equal(cf_keeper_seal(place->client, subject, false, KEY, &field, 1, &sealed, NULL),
                     CF_OK);
    uint8_t tag[CF_VAULT_TAG_SIZE];
    memcpy(tag, field.tag, sizeof tag);

    /* The key is committed, the command has not reached the log, and everybody dies. */
    assert_int_equal(stop(place), CF_OK);
    start(place);
    wait_until_ready(place);
    enum cf_status status;
    do
        status = cf_keeper_reserve(place->client, EMAIL, KEY, &found, NULL);
    while (status == CF_CLOSED);
    assert_int_equal(status, CF_OK);
    assert_true(cf_id_equal(found, subject));
    assert_int_equal(
        cf_keeper_open_one(place->client, subject, field.sealed.ciphertext, &clear, NULL), CF_OK);
    assert_true(cf_bytes_equal(cf_buf_bytes(&clear), EMAIL));
    /* The retry's tag is the same, so the writer sees the same command. */
    cf_buf_clear(&sealed);
    assert_int_equal(cf_keeper_seal(place->client, subject, false, KEY, &field, 1, &sealed, NULL),
                     CF_OK);
    assert_memory_equal(tag, field.tag, sizeof tag);

    assert_int_equal(cf_keeper_find(place->client, EMAIL, &found, NULL), CF_NOT_FOUND);
    log_registration(place, subject, EMAIL, KEY);
    assert_int_equal(cf_keeper_find(place->client, EMAIL, &found, NULL), CF_OK);
    assert_true(cf_id_equal(found, subject));
    cf_buf_clean_up(&sealed);
    cf_buf_clean_up(&clear);
}

static enum cf_status login(struct place *place, struct cf_bytes email, struct cf_bytes password,
                            struct cf_bytes code, char token[CF_VAULT_TOKEN_SIZE],
                            bool *second_factor_needed)
{
    struct cf_id subject;
    return cf_keeper_login(place->client, email, password, code, HOUR_US, &subject, token,
                           second_factor_needed, NULL);
}

static void test_keeper__logs_in_and_out(void **state)
{
    struct place *place = *state;
    struct cf_id ada = register_person(place, EMAIL, KEY), found;
    struct cf_bytes none = cf_bytes_from(NULL, 0);
    char token[CF_VAULT_TOKEN_SIZE], other[CF_VAULT_TOKEN_SIZE];
    bool needed = true;
    assert_int_equal(login(place, EMAIL, PASSWORD, none, token, &needed), CF_DENIED);
    assert_int_equal(cf_keeper_password_set(place->client, ada, PASSWORD, NULL), CF_OK);
    assert_int_equal(login(place, EMAIL, CF_BYTES_LITERAL("wrong"), none, token, &needed),
                     CF_DENIED);
    assert_int_equal(
        login(place, CF_BYTES_LITERAL("bob@example.org"), PASSWORD, none, token, &needed),
        CF_DENIED);
    assert_int_equal(login(place, CF_BYTES_LITERAL("nonsense"), PASSWORD, none, token, &needed),
                     CF_DENIED);
    assert_int_equal(login(place, EMAIL, PASSWORD, none, token, &needed), CF_OK);
    assert_false(needed);
    assert_int_equal(cf_keeper_ticket_check(place->client, cf_bytes_from_text(token),
                                            CF_TICKET_SESSION, false, &found, NULL),
                     CF_OK);
    assert_true(cf_id_equal(found, ada));

    /* Out of one session; the other lives until the password changes. */
    assert_int_equal(login(place, EMAIL, PASSWORD, none, other, &needed), CF_OK);
    assert_int_equal(cf_keeper_ticket_check(place->client, cf_bytes_from_text(token),
                                            CF_TICKET_SESSION, true, &found, NULL),
                     CF_OK);
    assert_int_equal(cf_keeper_ticket_check(place->client, cf_bytes_from_text(token),
                                            CF_TICKET_SESSION, false, &found, NULL),
                     CF_NOT_FOUND);
    assert_int_equal(cf_keeper_ticket_check(place->client, cf_bytes_from_text(other),
                                            CF_TICKET_SESSION, false, &found, NULL),
                     CF_OK);
    assert_int_equal(cf_keeper_password_set(place->client, ada, PASSWORD, NULL), CF_OK);
    assert_int_equal(cf_keeper_ticket_check(place->client, cf_bytes_from_text(other),
                                            CF_TICKET_SESSION, false, &found, NULL),
                     CF_NOT_FOUND);
}

static void test_keeper__a_repeated_registration_changes_no_password(void **state)
{
    struct place *place = *state;
    struct cf_id ada = register_person(place, EMAIL, KEY), found;
    struct cf_bytes other = CF_BYTES_LITERAL("another password");
    char token[CF_VAULT_TOKEN_SIZE];
    bool needed;
    assert_int_equal(cf_keeper_password_first(place->client, ada, PASSWORD, NULL), CF_OK);
    assert_int_equal(login(place, EMAIL, PASSWORD, cf_bytes_from(NULL, 0), token, &needed), CF_OK);
    assert_int_equal(cf_keeper_password_first(place->client, ada, PASSWORD, NULL), CF_OK);
    assert_int_equal(cf_keeper_password_first(place->client, ada, other, NULL), CF_CONFLICT);
    assert_int_equal(login(place, EMAIL, other, cf_bytes_from(NULL, 0), token, &needed), CF_DENIED);
    assert_int_equal(cf_keeper_ticket_check(place->client, cf_bytes_from_text(token),
                                            CF_TICKET_SESSION, false, &found, NULL),
                     CF_OK);
}

static void test_keeper__asks_for_the_second_factor(void **state)
{
    struct place *place = *state;
    struct cf_id ada = register_person(place, EMAIL, KEY);
    struct cf_bytes none = cf_bytes_from(NULL, 0);
    char secret[CF_TOTP_TEXT_SIZE], token[CF_VAULT_TOKEN_SIZE];
    char codes[CF_VAULT_RECOVERY_CODES][CF_VAULT_RECOVERY_SIZE];
    bool needed = false;
    assert_int_equal(cf_keeper_password_set(place->client, ada, PASSWORD, NULL), CF_OK);
    assert_int_equal(cf_keeper_totp_begin(place->client, ada, secret, NULL), CF_OK);
    assert_int_equal(strlen(secret), CF_TOTP_TEXT_SIZE - 1);
    char code[7];
    authenticator_code(secret, real_us(), code);
    assert_int_equal(
        cf_keeper_totp_confirm(place->client, ada, cf_bytes_from_text(code), codes, NULL), CF_OK);
    assert_int_equal(login(place, EMAIL, PASSWORD, none, token, &needed), CF_OK);
    assert_true(needed);
    assert_string_equal(token, "");
    assert_int_equal(login(place, EMAIL, PASSWORD, cf_bytes_from_text(code), token, &needed),
                     CF_DENIED); /* it confirmed, and counts once */
    assert_int_equal(login(place, EMAIL, PASSWORD, cf_bytes_from_text(codes[3]), token, &needed),
                     CF_OK);
    assert_false(needed);
    assert_int_equal(login(place, EMAIL, PASSWORD, cf_bytes_from_text(codes[3]), token, &needed),
                     CF_DENIED);
    assert_int_equal(cf_keeper_totp_disable(place->client, ada, NULL), CF_OK);
    assert_int_equal(login(place, EMAIL, PASSWORD, none, token, &needed), CF_OK);
    assert_false(needed);
}

/* ---- Nobody holds up the others ---- */

struct hashing {
    struct place *place;
    struct cf_id subject;
    atomic_int *done;
};

static void *hash_run(void *argument)
{
    struct hashing *hashing = argument;
    assert_int_equal(
        cf_keeper_password_set(hashing->place->client, hashing->subject, PASSWORD, NULL), CF_OK);
    atomic_fetch_add(hashing->done, 1);
    return NULL;
}

static void test_keeper__passwords_do_not_hold_up_sealing(void **state)
{
    struct place *place = *state;
    enum { COUNT = 16 };
    struct cf_id ada = register_person(place, EMAIL, KEY);
    atomic_int done = 0;
    struct hashing hashing = {place, ada, &done};
    pthread_t threads[COUNT];
    for (int i = 0; i < COUNT; i++)
        pthread_create(&threads[i], NULL, hash_run, &hashing);
    int sealed = 0;
    struct cf_buf buf;
    cf_buf_init(&buf, CF_BUS_MESSAGE_SIZE_MAX);
    while (atomic_load(&done) < COUNT / 2) {
        struct cf_keeper_field field = {.name = "note", .clear = PASSWORD};
        assert_int_equal(cf_keeper_seal(place->client, ada, false, KEY, &field, 1, &buf, NULL),
                         CF_OK);
        sealed++;
    }
    assert_true(sealed > COUNT);
    for (int i = 0; i < COUNT; i++)
        pthread_join(threads[i], NULL);
    cf_buf_clean_up(&buf);
}

static void test_keeper__survives_bytes_that_make_no_sense(void **state)
{
    struct place *place = *state;
    struct cf_bus_client *bus;
    struct cf_buf reply;
    cf_buf_init(&reply, CF_BUS_MESSAGE_SIZE_MAX);
    assert_int_equal(cf_bus_client_open(place->url, &bus, NULL), CF_OK);
    uint8_t bytes[64];
    for (int i = 0; i < 2000; i++) {
        /* Noise, and noise behind the beginning of each operation. */
        uint8_t dice[3];
        cf_random(dice, sizeof dice);
        size_t size = dice[0] % sizeof bytes;
        cf_random(bytes, sizeof bytes);
        if (i % 2 == 0) {
            static const uint8_t head[] = {0x92, 0x01, 0x91};
            memcpy(bytes, head, sizeof head);
            bytes[3] = (uint8_t)(0x91 + dice[1] % 6);
            bytes[4] = (uint8_t)(dice[2] % 17);
            size = size < 5 ? 5 : size;
        }
        assert_int_equal(
            cf_bus_client_call(bus, cf_bytes_from(bytes, size), PATIENCE_MS, &reply, NULL), CF_OK);
        assert_true(reply.size > 0);
    }
    cf_bus_client_close(bus);
    cf_buf_clean_up(&reply);
    reserve(place, EMAIL, KEY);
}

/* ---- Erasure ---- */

static void test_keeper__forgets_who_is_erased_in_the_log(void **state)
{
    struct place *place = *state;
    struct cf_id ada = register_person(place, EMAIL, KEY), found;
    struct cf_keeper_field field = {.name = "display_name", .clear = CF_BYTES_LITERAL("Ada")};
    struct cf_buf buf, clear;
    char token[CF_VAULT_TOKEN_SIZE];
    bool needed;
    cf_buf_init(&buf, CF_BUS_MESSAGE_SIZE_MAX);
    cf_buf_init(&clear, 1024);
    assert_int_equal(cf_keeper_password_set(place->client, ada, PASSWORD, NULL), CF_OK);
    assert_int_equal(login(place, EMAIL, PASSWORD, cf_bytes_from(NULL, 0), token, &needed), CF_OK);
    assert_int_equal(cf_keeper_seal(place->client, ada, false, KEY, &field, 1, &buf, NULL), CF_OK);
    struct cf_bytes sealed = field.sealed.ciphertext;
    assert_int_equal(cf_keeper_open_one(place->client, ada, sealed, &clear, NULL), CF_OK);

    erase(place, ada);
    /* This process may still have the text, until the news comes that it must not. */
    enum cf_status status;
    do
        status = cf_keeper_open_one(place->client, ada, sealed, &clear, NULL);
    while (status == CF_OK);
    assert_int_equal(status, CF_NOT_FOUND);
    assert_int_equal(cf_keeper_seal(place->client, ada, true, KEY, &field, 1, &clear, NULL),
                     CF_DENIED);
    assert_int_equal(cf_keeper_find(place->client, EMAIL, &found, NULL), CF_NOT_FOUND);
    assert_int_equal(cf_keeper_ticket_check(place->client, cf_bytes_from_text(token),
                                            CF_TICKET_SESSION, false, &found, NULL),
                     CF_NOT_FOUND);
    assert_int_equal(login(place, EMAIL, PASSWORD, cf_bytes_from(NULL, 0), token, &needed),
                     CF_DENIED);
    /* The address is free: somebody may register with it, as somebody else. */
    assert_false(cf_id_equal(reserve(place, EMAIL, CF_BYTES_LITERAL("anew")), ada));
    cf_buf_clean_up(&buf);
    cf_buf_clean_up(&clear);
}

/* Seals a campaign's title under the campaign's own key and puts CampaignDrafted into the log. */
static void draft(struct place *place, struct cf_id campaign, struct cf_id creator,
                  struct cf_buf *ret_sealed)
{
    struct cf_keeper_field title = {.name = "title", .clear = CF_BYTES_LITERAL("A lighthouse")};
    cf_buf_init(ret_sealed, CF_BUS_MESSAGE_SIZE_MAX);
    assert_int_equal(
        cf_keeper_seal(place->client, campaign, true, KEY, &title, 1, ret_sealed, NULL), CF_OK);
    cf_buf_clear(ret_sealed);
    assert_int_equal(cf_buf_append(ret_sealed, title.sealed.ciphertext), CF_OK);
    struct cf_event event = {.type = CF_EVENT_CAMPAIGN_DRAFTED,
                             .campaign_drafted = {.campaign_id = campaign,
                                                  .creator_id = creator,
                                                  .model = CF_FUNDING_MODEL_AON,
                                                  .currency = CF_CURRENCY_EUR,
                                                  .goal = cf_money_of(100),
                                                  .title = {cf_buf_bytes(ret_sealed)},
                                                  .slug = CF_BYTES_LITERAL("lighthouse")}};
    log_append(&place->log, KEY, &event);
}

static void test_keeper__forgets_the_campaigns_of_who_is_erased(void **state)
{
    struct place *place = *state;
    struct cf_id ada = register_person(place, EMAIL, KEY);
    struct cf_id campaigns[3] = {{.bytes = {7}}, {.bytes = {8}}, {.bytes = {9}}};
    struct cf_buf sealed[3], clear;
    cf_buf_init(&clear, 1024);
    for (int i = 0; i < 3; i++) {
        draft(place, campaigns[i], i < 2 ? ada : (struct cf_id){.bytes = {6}}, &sealed[i]);
        assert_int_equal(
            cf_keeper_open_one(place->client, campaigns[i], cf_buf_bytes(&sealed[i]), &clear, NULL),
            CF_OK);
    }
    erase(place, ada);
    for (int i = 0; i < 3; i++) {
        enum cf_status status;
        do /* until this process has heard of it */
            status = cf_keeper_open_one(place->client, campaigns[i], cf_buf_bytes(&sealed[i]),
                                        &clear, NULL);
        while (i < 2 && status == CF_OK);
        assert_int_equal(status, i < 2 ? CF_NOT_FOUND : CF_OK);
        cf_buf_clean_up(&sealed[i]);
    }
    cf_buf_clean_up(&clear);
}

static void test_keeper__an_old_vault_is_brought_up_to_date_before_it_answers(void **state)
{
    struct place *place = *state;
    char command[400];
    struct cf_id ada = register_person(place, EMAIL, KEY);
    struct cf_keeper_field field = {.name = "display_name", .clear = CF_BYTES_LITERAL("Ada")};
    struct cf_buf buf, clear;
    cf_buf_init(&buf, CF_BUS_MESSAGE_SIZE_MAX);
    cf_buf_init(&clear, 1024);
    assert_int_equal(cf_keeper_seal(place->client, ada, false, KEY, &field, 1, &buf, NULL), CF_OK);
    assert_int_equal(stop(place), CF_OK);
    snprintf(command, sizeof command, "cp -r %s %s.old", place->directory, place->directory);
    assert_int_equal(system(command), 0);
    start(place);
    wait_until_ready(place);
    struct cf_event event = {.type = CF_EVENT_SUBJECT_ERASED,
                             .subject_erased = {.subject_id = ada, .newest = 1}};
    log_append(&place->log, KEY, &event);
    assert_int_equal(stop(place), CF_OK);

    snprintf(command, sizeof command, "rm -r %s && mv %s.old %s", place->directory,
             place->directory, place->directory);
    assert_int_equal(system(command), 0);
    start(place);
    wait_until_ready(place);
    cf_keeper_client_close(CF_TAKE(place->client));
    open_client(place);
    assert_int_equal(cf_keeper_open_one(place->client, ada, field.sealed.ciphertext, &clear, NULL),
                     CF_NOT_FOUND);
    cf_buf_clean_up(&buf);
    cf_buf_clean_up(&clear);
}

static void test_keeper__refuses_a_log_that_ends_before_it(void **state)
{
    struct place *place = *state;
    register_person(place, EMAIL, KEY);
    uint64_t reached;
    assert_int_equal(cf_keeper_catch_up(place->client, &reached, NULL), CF_OK);
    assert_int_equal(reached, 1);
    assert_int_equal(stop(place), CF_OK);
    free((void *)(uintptr_t)place->log.records[--place->log.count].data);
    start(place);
    pthread_join(place->thread, NULL);
    assert_int_equal(place->outcome, CF_CORRUPT);
    assert_non_null(strstr(place->fault.detail, "log 0, vault 1"));
    cf_keeper_close(CF_TAKE(place->keeper));
}

#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_keeper__answers_nobody_before_it_has_the_log, make_place),
        TEST(test_keeper__seals_and_opens_many_fields_at_once, make_running_place),
        TEST(test_keeper__takes_a_registration_up_again, make_running_place),
        TEST(test_keeper__logs_in_and_out, make_running_place),
        TEST(test_keeper__a_repeated_registration_changes_no_password, make_running_place),
        TEST(test_keeper__asks_for_the_second_factor, make_running_place),
        TEST(test_keeper__passwords_do_not_hold_up_sealing, make_running_place),
        TEST(test_keeper__survives_bytes_that_make_no_sense, make_running_place),
        TEST(test_keeper__forgets_who_is_erased_in_the_log, make_running_place),
        TEST(test_keeper__forgets_the_campaigns_of_who_is_erased, make_running_place),
        TEST(test_keeper__an_old_vault_is_brought_up_to_date_before_it_answers, make_running_place),
        TEST(test_keeper__refuses_a_log_that_ends_before_it, make_running_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
