/* SPDX-License-Identifier: Apache-2.0 */
/* coffer payments: what waits for the provider and what was put aside; how the gateway fares, endpoint by endpoint. */
#include "tools/payments.h"

#include "core/json_value.h"
#include "core/time.h"
#include "eventstore/bus.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"

#include <stdio.h>

#define TIMEOUT_MS 5000
#define STATUS_SIZE_MAX ((size_t)64 << 10)

static const char *const wait_names[] = {
    [CF_PAYMENT_OPEN] = "open", [CF_PAYMENT_RETRY] = "retry", [CF_PAYMENT_PARKED] = "parked"};

static size_t listed_notices(const struct cf_payments *payments)
{
    return payments->notice_count < CF_PAYMENTS_NOTICES_MAX ? payments->notice_count
                                                            : CF_PAYMENTS_NOTICES_MAX;
}

/* "3d 4h", "12m", "5s". */
static const char *span(int64_t us, char ret_text[32])
{
    if (us >= CF_DAY_US)
        snprintf(ret_text, 32, "%lldd %lldh", (long long)(us / CF_DAY_US),
                 (long long)(us % CF_DAY_US / CF_HOUR_US));
    else if (us >= CF_HOUR_US)
        snprintf(ret_text, 32, "%lldh %lldm", (long long)(us / CF_HOUR_US),
                 (long long)(us % CF_HOUR_US / CF_MINUTE_US));
    else if (us >= CF_MINUTE_US)
        snprintf(ret_text, 32, "%lldm", (long long)(us / CF_MINUTE_US));
    else
        snprintf(ret_text, 32, "%llds", (long long)(us > 0 ? us / CF_SECOND_US : 0));
    return ret_text;
}

static void print_table(const struct cf_payments *payments)
{
    if (payments->count == 0)
        printf("Nothing waits for the provider.\n");
    else
        printf("%-7s %-18s %-36s %8s %6s %9s  %s\n", "state", "request", "about", "since", "tries",
               "next try", "why");
    for (size_t i = 0; i < payments->count; i++) {
        const struct cf_waiting_payment *waiting = &payments->waiting[i];
        char subject[CF_ID_TEXT_SIZE], since[32] = "-", next[32] = "-", tries[16] = "-";
        cf_id_print(waiting->subject, subject);
        if (waiting->asked_us != 0)
            span(payments->now_us - waiting->asked_us, since);
        if (waiting->retry_at_us != 0)
            span(waiting->retry_at_us - payments->now_us, next);
        if (waiting->attempt != 0)
            snprintf(tries, sizeof tries, "%u", waiting->attempt);
        printf("%-7s %-18s %-36s %8s %6s %9s  %s\n", wait_names[waiting->wait],
               cf_request_name(waiting->request), subject, since, tries, next, waiting->reason);
    }
    if (payments->unlisted > 0)
        printf("and %zu more\n", payments->unlisted);
    for (size_t i = 0; i < listed_notices(payments); i++)
        printf("%-7s notice %s about %s: %s\n", i == 0 ? "aside" : "",
               payments->notices[i].event.text, payments->notices[i].object.text,
               payments->notices[i].reason);
    if (payments->notice_count > listed_notices(payments))
        printf("and %zu more: `coffer replay --type provider_event_quarantined`\n",
               payments->notice_count - listed_notices(payments));
}

static struct cf_json *notices_to_json(const struct cf_payments *payments)
{
    struct cf_json *list = cf_json_array();
    for (size_t i = 0; i < listed_notices(payments); i++) {
        struct cf_json *item = cf_json_object();
        cf_json_set_text(item, "event", payments->notices[i].event.text);
        cf_json_set_text(item, "object", payments->notices[i].object.text);
        cf_json_set_text(item, "reason", payments->notices[i].reason);
        cf_json_append(list, item);
    }
    return list;
}

static struct cf_json *waiting_to_json(const struct cf_payments *payments)
{
    struct cf_json *list = cf_json_array();
    for (size_t i = 0; i < payments->count; i++) {
        const struct cf_waiting_payment *waiting = &payments->waiting[i];
        char subject[CF_ID_TEXT_SIZE], time[CF_TIME_TEXT_SIZE];
        struct cf_json *item = cf_json_object();
        cf_id_print(waiting->subject, subject);
        cf_json_set_text(item, "state", wait_names[waiting->wait]);
        cf_json_set_text(item, "request", cf_request_name(waiting->request));
        cf_json_set_text(item, "subject", subject);
        cf_json_set_integer(item, "sequence", (int64_t)waiting->sequence);
        cf_json_set_integer(item, "tries", waiting->attempt);
        cf_json_set_text(item, "reason", waiting->reason);
        if (waiting->asked_us != 0) {
            cf_time_print(waiting->asked_us, time);
            cf_json_set_text(item, "asked_at", time);
        }
        if (waiting->retry_at_us != 0) {
            cf_time_print(waiting->retry_at_us, time);
            cf_json_set_text(item, "retry_at", time);
        }
        cf_json_append(list, item);
    }
    return list;
}

/* How the gateway fares, in its own words; NULL where it does not answer. */
static struct cf_json *ask_gateway(const struct cf_data_dir *dir)
{
    struct cf_bus_client *client = NULL;
    struct cf_json *json = NULL;
    struct cf_buf about;
    cf_buf_init(&about, STATUS_SIZE_MAX);
    if (cf_bus_client_open(cf_data_dir_socket(dir, "gateway").text, &client, NULL) != CF_OK ||
        cf_bus_client_call(client, CF_BYTES_LITERAL("status"), TIMEOUT_MS, &about, NULL) != CF_OK ||
        cf_json_parse(cf_buf_bytes(&about), &json, NULL) != CF_OK)
        json = NULL;
    cf_bus_client_close(client);
    cf_buf_clean_up(&about);
    return json;
}

static void print_gateway(const struct cf_json *gateway)
{
    if (gateway == NULL) {
        printf("The gateway does not answer: nothing is performed until it runs.\n");
        return;
    }
    const struct cf_json *provider = cf_json_get(gateway, "provider");
    printf("gateway: %lld under way, %lld performed, %lld deferred, %lld parked since its start\n",
           (long long)cf_json_integer_at(gateway, "under_way", 0),
           (long long)cf_json_integer_at(gateway, "performed", 0),
           (long long)cf_json_integer_at(gateway, "deferred", 0),
           (long long)cf_json_integer_at(gateway, "parked", 0));
    printf("provider: breaker %s, %lld calls waiting, %lld flying; %lld calls, %lld retries, %lld "
           "limited, %lld failures\n",
           cf_json_text_at(provider, "breaker"),
           (long long)cf_json_integer_at(provider, "waiting", 0),
           (long long)cf_json_integer_at(provider, "in_flight", 0),
           (long long)cf_json_integer_at(provider, "calls", 0),
           (long long)cf_json_integer_at(provider, "retries", 0),
           (long long)cf_json_integer_at(provider, "limited", 0),
           (long long)cf_json_integer_at(provider, "failures", 0));
}

static void print_endpoints(const struct cf_json *provider)
{
    const struct cf_json *endpoints = cf_json_get(provider, "endpoints");
    for (size_t i = 0; i < cf_json_size(endpoints); i++) {
        const struct cf_json *endpoint = cf_json_item(endpoints, i);
        char rate[48] = "no limit";
        int64_t per_second = cf_json_integer_at(endpoint, "rate_per_second", 0);
        if (per_second > 0)
            snprintf(rate, sizeof rate, "at most %lld a second", (long long)per_second);
        printf("  %-14s %8lld calls, %6lld waiting, %s\n", cf_json_text_at(endpoint, "operation"),
               (long long)cf_json_integer_at(endpoint, "calls", 0),
               (long long)cf_json_integer_at(endpoint, "waiting", 0), rate);
    }
}

static enum cf_status print_all(const struct cf_payments *payments, struct cf_json *gateway,
                                bool json)
{
    if (!json) {
        print_table(payments);
        print_gateway(gateway);
        if (gateway != NULL)
            print_endpoints(cf_json_get(gateway, "provider"));
        cf_json_destroy(gateway);
        return CF_OK;
    }
    struct cf_buf text;
    struct cf_json *object = cf_json_object();
    cf_json_set(object, "waiting", waiting_to_json(payments));
    cf_json_set_integer(object, "unlisted", (int64_t)payments->unlisted);
    cf_json_set(object, "notices_aside", notices_to_json(payments));
    cf_json_set_integer(object, "notices_aside_count", (int64_t)payments->notice_count);
    if (gateway != NULL)
        cf_json_set(object, "gateway", gateway);
    cf_buf_init(&text, (size_t)16 << 20);
    enum cf_status status = cf_json_print(object, &text);
    if (status == CF_OK)
        printf("%.*s\n", (int)text.size, (const char *)text.data);
    cf_buf_clean_up(&text);
    cf_json_destroy(object);
    return status;
}

int cf_cli_payments(int argc, char **argv)
{
    static struct cf_payments payments;
    const char *data = NULL;
    bool json = false;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_FLAG("json", &json, "one object for programs"),
    };
    const struct cf_usage usage = {"payments", options, sizeof options / sizeof options[0], 0, 0};
    struct cf_fault fault = {0};
    struct cf_data_dir dir;
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    enum cf_status status = cf_data_dir_open_ledger(data, &dir, &fault);
    if (status == CF_OK)
        status = cf_payments_read(&dir, &payments, &fault);
    if (status == CF_OK)
        status = print_all(&payments, ask_gateway(&dir), json);
    return status == CF_OK ? CF_EXIT_GOOD : cf_cli_fail("payments", &fault);
}
