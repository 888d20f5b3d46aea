/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/course.h"

#include "core/aggregate/book.h"
#include "core/base/assert.h"
#include "core/policy.h"
#include "eventstore/bus.h"

#include <stdio.h>
#include <stdlib.h>

/* Genesis lies this long before the first launch. */
#define HEAD_START_US CF_DAY_US
/* After the last deadline: grace, payout, reserve and the refund window. */
#define AFTERMATH_US (120 * CF_DAY_US)
#define RESERVE_DAYS 30
/* A suspended campaign of the file never came back: it ends for good after this. */
#define PURGE_AFTER_US CF_DAY_US
#define KEY_SIZE 80
#define SLUG_NAME_SIZE 40

enum action_kind { LAUNCH, STOP, PURGE };

struct action {
    int64_t at_us;
    enum action_kind kind;
    const struct cf_import_row *row;
};

int64_t cf_import_course_begins(const struct cf_import_rows *rows)
{
    return rows->rows[0].launched_us - HEAD_START_US;
}

uint64_t cf_import_course_pledges(const struct cf_import_rows *rows)
{
    uint64_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        count += rows->rows[i].backers;
    return count;
}

static bool has_no_verdict(const struct cf_import_row *row)
{
    return row->state == CF_IMPORT_LIVE || row->state == CF_IMPORT_UNDEFINED;
}

static int64_t ends_at(const struct cf_import_rows *rows)
{
    int64_t last_us = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].deadline_us > last_us)
            last_us = rows->rows[i].deadline_us;
    }
    return last_us + AFTERMATH_US;
}

/* -- One campaign ---------------------------------------------------------------------------- */

struct launch {
    const struct cf_import_course *course;
    const struct cf_import_row *row;
    struct cf_command_input input;
    char key[KEY_SIZE];
    char slug[SLUG_NAME_SIZE + 40];
};

static struct cf_bytes key_for(struct launch *launch, const char *step)
{
    snprintf(launch->key, sizeof launch->key, "import %.*s %s", (int)launch->row->number.size,
             (const char *)launch->row->number.data, step);
    return cf_bytes_from_text(launch->key);
}

static enum cf_status send(struct launch *launch, const char *step, struct cf_id actor,
                           const struct cf_sealed_tag *tags, size_t tag_count,
                           struct cf_fault *reterr_fault)
{
    const struct cf_link_command command = {.input = &launch->input,
                                            .actor = actor,
                                            .key = key_for(launch, step),
                                            .sealed_tags = tags,
                                            .sealed_tag_count = tag_count};
    return cf_import_send(launch->course->sender, &command, NULL, reterr_fault);
}

/* A command about the campaign alone. */
static void about(struct launch *launch, enum cf_command_number number)
{
    cf_command_input_init(&launch->input, number);
    cf_command_set_id(&launch->input, "campaign_id", launch->row->campaign_id);
}

/* The name's letters and digits, and the file's id, which makes it unique. */
static void make_slug(struct launch *launch)
{
    size_t size = 0;
    for (size_t i = 0; i < launch->row->name.size && size < SLUG_NAME_SIZE; i++) {
        uint8_t byte = launch->row->name.data[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (uint8_t)(byte - 'A' + 'a');
        if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9'))
            launch->slug[size++] = (char)byte;
        else if (size > 0 && launch->slug[size - 1] != '-')
            launch->slug[size++] = '-';
    }
    if (size > 0 && launch->slug[size - 1] != '-')
        launch->slug[size++] = '-';
    snprintf(launch->slug + size, sizeof launch->slug - size, "%.*s",
             (int)(launch->row->number.size < 20 ? launch->row->number.size : 20),
             (const char *)launch->row->number.data);
}

static enum cf_status draft(struct launch *launch, int64_t ends_at_us,
                            struct cf_fault *reterr_fault)
{
    const struct cf_import_row *row = launch->row;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf buf;
    char story[320];
    cf_buf_init(&buf, CF_BUS_MESSAGE_SIZE_MAX);
    snprintf(story, sizeof story, "%.*s\n\nImported from line %u.", (int)row->name.size,
             (const char *)row->name.data, row->line);
    struct cf_keeper_field fields[] = {{.name = "title", .clear = row->name},
                                       {.name = "story", .clear = cf_bytes_from_text(story)}};
    CF_TRY(cf_keeper_seal(launch->course->keeper, row->campaign_id, true, key_for(launch, "draft"),
                          fields, 2, &buf, reterr_fault));
    make_slug(launch);
    about(launch, CF_COMMAND_campaign_draft);
    cf_command_set_id(&launch->input, "creator_id", row->creator_id);
    cf_command_set_unsigned(&launch->input, "model", CF_FUNDING_MODEL_AON);
    cf_command_set_unsigned(&launch->input, "currency", row->currency);
    cf_command_set_signed(&launch->input, "goal", cf_money_minor(row->goal));
    cf_command_set_sealed(&launch->input, "title", fields[0].sealed.ciphertext);
    cf_command_set_sealed(&launch->input, "story", fields[1].sealed.ciphertext);
    cf_command_set_text(&launch->input, "slug", cf_bytes_from_text(launch->slug));
    if (row->category.size > 0)
        cf_command_set_text(&launch->input, "category", row->category);
    if (row->subcategory.size > 0)
        cf_command_set_text(&launch->input, "subcategory", row->subcategory);
    cf_command_set_signed(&launch->input, "ends_at", ends_at_us);
    const struct cf_sealed_tag tags[] = {{6, cf_bytes_from(fields[0].tag, CF_VAULT_TAG_SIZE)},
                                         {8, cf_bytes_from(fields[1].tag, CF_VAULT_TAG_SIZE)}};
    return send(launch, "draft", row->creator_id, tags, 2, reterr_fault);
}

/* A length that policy does not allow is overridden, recorded and reported; it is not bent. */
static enum cf_status override_duration(struct launch *launch, int64_t ends_at_us,
                                        struct cf_fault *reterr_fault)
{
    char value[32];
    int64_t duration_us = ends_at_us - launch->row->launched_us;
    if (duration_us >= CF_POLICY_DURATION_MIN_US && duration_us <= CF_POLICY_DURATION_MAX_US)
        return CF_OK;
    snprintf(value, sizeof value, "%lld hours", (long long)(duration_us / CF_HOUR_US));
    if (!has_no_verdict(launch->row))
        fprintf(stderr, "line %u: lasts %s; the policy on durations is overridden\n",
                launch->row->line, value);
    about(launch, CF_COMMAND_campaign_override_policy);
    cf_command_set_text(&launch->input, "policy", CF_BYTES_LITERAL("duration"));
    cf_command_set_text(&launch->input, "value", cf_bytes_from_text(value));
    cf_command_set_text(&launch->input, "reason", CF_BYTES_LITERAL("imported as it was"));
    return send(launch, "duration", CF_ACTOR_OPERATOR, NULL, 0, reterr_fault);
}

/* Who the creator is has been established, and the provider opens an account. */
static enum cf_status prepare_payouts(struct launch *launch, struct cf_fault *reterr_fault)
{
    const struct cf_import_row *row = launch->row;
    struct cf_fault fault = {0};
    cf_command_input_init(&launch->input, CF_COMMAND_user_pass_identity_check);
    cf_command_set_id(&launch->input, "user_id", row->creator_id);
    cf_command_set_text(&launch->input, "check", CF_BYTES_LITERAL("import"));
    CF_TRY(send(launch, "identity", CF_ACTOR_OPERATOR, NULL, 0, reterr_fault));
    cf_command_input_init(&launch->input, CF_COMMAND_user_request_payout_account);
    cf_command_set_id(&launch->input, "user_id", row->creator_id);
    cf_command_set_text(&launch->input, "country", cf_bytes_from_text(row->country));
    cf_command_set_unsigned(&launch->input, "currency", row->currency);
    enum cf_status status = send(launch, "account", row->creator_id, NULL, 0, &fault);
    if (status == CF_CONFLICT) {
        fprintf(stderr, "line %u: no payout account: %s\n", row->line, fault.detail);
        return CF_OK;
    }
    if (status != CF_OK && reterr_fault != NULL)
        *reterr_fault = fault;
    return status;
}

static enum cf_status place_pledges(struct launch *launch, struct cf_fault *reterr_fault)
{
    const struct cf_import_row *row = launch->row;
    const struct cf_import_course *course = launch->course;
    char step[32];
    int64_t share = row->backers == 0 ? 0 : cf_money_minor(row->pledged) / row->backers;
    int64_t odd = row->backers == 0 ? 0 : cf_money_minor(row->pledged) % row->backers;
    for (uint32_t i = 0; i < row->backers; i++) {
        const struct cf_import_backer *backer = &course->people->backers[i];
        about(launch, CF_COMMAND_pledge_start_checkout);
        cf_command_set_id(&launch->input, "pledge_id",
                          cf_import_id(row->launched_us, "pledge", row->number, i));
        cf_command_set_id(&launch->input, "backer_id", backer->user_id);
        cf_command_set_id(&launch->input, "card_id", backer->card_id);
        cf_command_set_unsigned(&launch->input, "currency", row->currency);
        cf_command_set_signed(&launch->input, "amount", share + (i < odd));
        snprintf(step, sizeof step, "pledge %u", i);
        CF_TRY(cf_import_start(course->sender, backer->user_id, key_for(launch, step),
                               &launch->input, reterr_fault));
        cf_progress_advance(course->progress, 1);
    }
    return cf_import_drain(course->sender, reterr_fault);
}

static enum cf_status launch_campaign(struct launch *launch, struct cf_fault *reterr_fault)
{
    const struct cf_import_row *row = launch->row;
    int64_t ends_at_us = row->deadline_us;
    if (has_no_verdict(row))
        ends_at_us = ends_at(launch->course->rows) + CF_DAY_US;
    CF_TRY(draft(launch, ends_at_us, reterr_fault));
    CF_TRY(override_duration(launch, ends_at_us, reterr_fault));
    about(launch, CF_COMMAND_campaign_submit);
    cf_command_set_text(&launch->input, "check", CF_BYTES_LITERAL("import"));
    CF_TRY(send(launch, "submit", row->creator_id, NULL, 0, reterr_fault));
    about(launch, CF_COMMAND_campaign_approve);
    cf_command_set_unsigned(&launch->input, "platform_fee_bps", CF_POLICY_PLATFORM_FEE_MIN_BPS);
    cf_command_set_unsigned(&launch->input, "processor_fee_bearer", CF_BEARER_CREATOR);
    cf_command_set_unsigned(&launch->input, "reserve_bps", 500);
    cf_command_set_unsigned(&launch->input, "reserve_days", RESERVE_DAYS);
    CF_TRY(send(launch, "approve", CF_ACTOR_OPERATOR, NULL, 0, reterr_fault));
    CF_TRY(prepare_payouts(launch, reterr_fault));
    about(launch, CF_COMMAND_campaign_launch);
    CF_TRY(send(launch, "launch", row->creator_id, NULL, 0, reterr_fault));
    return place_pledges(launch, reterr_fault);
}

/* As the file says: by its creator, or by the platform. */
static enum cf_status stop_campaign(struct launch *launch, struct cf_fault *reterr_fault)
{
    if (launch->row->state == CF_IMPORT_CANCELED) {
        about(launch, CF_COMMAND_campaign_cancel);
        return send(launch, "cancel", launch->row->creator_id, NULL, 0, reterr_fault);
    }
    about(launch, CF_COMMAND_campaign_suspend);
    cf_command_set_text(&launch->input, "reason", CF_BYTES_LITERAL("imported as it was"));
    return send(launch, "suspend", CF_ACTOR_OPERATOR, NULL, 0, reterr_fault);
}

/* -- All of them ----------------------------------------------------------------------------- */

static int by_time(const void *left, const void *right)
{
    const struct action *a = left, *b = right;
    if (a->at_us != b->at_us)
        return a->at_us < b->at_us ? -1 : 1;
    if (a->row != b->row)
        return a->row < b->row ? -1 : 1;
    return (int)a->kind - (int)b->kind;
}

static size_t plan(const struct cf_import_rows *rows, struct action *actions)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct cf_import_row *row = &rows->rows[i];
        actions[count++] = (struct action){row->launched_us, LAUNCH, row};
        if (row->state != CF_IMPORT_CANCELED && row->state != CF_IMPORT_SUSPENDED)
            continue;
        int64_t at_us = row->deadline_us - CF_DAY_US;
        if (at_us <= row->launched_us)
            at_us = row->launched_us + (row->deadline_us - row->launched_us) / 2;
        actions[count++] = (struct action){at_us, STOP, row};
        if (row->state == CF_IMPORT_SUSPENDED)
            actions[count++] = (struct action){at_us + PURGE_AFTER_US, PURGE, row};
    }
    qsort(actions, count, sizeof actions[0], by_time);
    return count;
}

/* Creators whose provider account is asked for and not filled in yet. */
struct waiting {
    const struct cf_import_row **rows; /* owned */
    size_t count;
};

/* No request is open, so accounts that were asked for are there. */
static enum cf_status onboard(const struct cf_import_course *course, struct waiting *waiting,
                              struct cf_fault *reterr_fault)
{
    for (; waiting->count > 0; waiting->count--) {
        const struct cf_import_row *row = waiting->rows[waiting->count - 1];
        enum cf_status status = cf_import_provider_onboard(course->clock->provider, course->log,
                                                           row->creator_id, reterr_fault);
        if (status == CF_NOT_FOUND)
            fprintf(stderr, "line %u: no payout account\n", row->line);
        else
            CF_TRY(status);
    }
    return CF_OK;
}

/* A second on, which the clock gives only when the provider has answered everything. */
static enum cf_status settle_and_onboard(const struct cf_import_course *course,
                                         struct waiting *waiting, struct cf_fault *reterr_fault)
{
    if (waiting->count == 0)
        return CF_OK;
    CF_TRY(cf_import_clock_move(course->clock, course->clock->now_us + CF_SECOND_US, reterr_fault));
    return onboard(course, waiting, reterr_fault);
}

static enum cf_status run_now(struct launch *launch, enum action_kind kind,
                              struct cf_fault *reterr_fault)
{
    switch (kind) {
    case LAUNCH:
        return launch_campaign(launch, reterr_fault);
    case STOP:
        return stop_campaign(launch, reterr_fault);
    case PURGE:
        about(launch, CF_COMMAND_campaign_purge);
        cf_command_set_text(&launch->input, "reason", CF_BYTES_LITERAL("imported as it was"));
        return send(launch, "purge", CF_ACTOR_OPERATOR, NULL, 0, reterr_fault);
    }
    CF_UNREACHABLE();
}

static enum cf_status run_action(const struct cf_import_course *course, const struct action *action,
                                 struct waiting *waiting, struct cf_fault *reterr_fault)
{
    struct launch launch = {.course = course, .row = action->row};
    struct cf_fault fault = {0};
    if (action->kind == LAUNCH && action->row->state == CF_IMPORT_SUCCESSFUL)
        waiting->rows[waiting->count++] = action->row;
    if (action->at_us < course->clock->now_us) {
        /* Done before an interruption: the clock moved on. */
        if (action->kind == LAUNCH)
            cf_progress_advance(course->progress, action->row->backers);
        return CF_OK;
    }
    enum cf_status status = run_now(&launch, action->kind, &fault);
    if (status == CF_CONFLICT) {
        fprintf(stderr, "line %u: %s: %s\n", action->row->line, fault.text, fault.detail);
        return CF_OK;
    }
    if (status != CF_OK && reterr_fault != NULL)
        *reterr_fault = fault;
    return status;
}

static enum cf_status run_actions(const struct cf_import_course *course,
                                  const struct action *actions, size_t count,
                                  struct waiting *waiting, struct cf_fault *reterr_fault)
{
    int64_t first_us = cf_import_course_begins(course->rows);
    CF_TRY(cf_import_clock_move(course->clock, first_us, reterr_fault));
    for (size_t i = 0; i < count; i++) {
        if (actions[i].at_us > course->clock->now_us) {
            CF_TRY(settle_and_onboard(course, waiting, reterr_fault));
            CF_TRY(cf_import_clock_move(course->clock, actions[i].at_us, reterr_fault));
        }
        CF_TRY(run_action(course, &actions[i], waiting, reterr_fault));
    }
    CF_TRY(settle_and_onboard(course, waiting, reterr_fault));
    return cf_import_clock_move(course->clock, ends_at(course->rows), reterr_fault);
}

enum cf_status cf_import_course_run(const struct cf_import_course *course,
                                    struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free)
    struct action *actions = calloc(3 * course->rows->count, sizeof *actions);
    CF_CLEANUP(cf_scope_free)
    const struct cf_import_row **rows = calloc(course->rows->count, sizeof *rows);
    if (actions == NULL || rows == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the course of events");
    struct waiting waiting = {.rows = rows};
    size_t count = plan(course->rows, actions);
    return run_actions(course, actions, count, &waiting, reterr_fault);
}
