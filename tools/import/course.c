/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/course.h"

#include "core/aggregate/book.h"
#include "core/base/assert.h"
#include "core/time.h"
#include "tools/import/drafts.h"

#include <stdio.h>
#include <stdlib.h>

/* Genesis lies this long before the first launch. */
#define HEAD_START_US CF_DAY_US
/* The clock moves by so much when everything is prepared, and again when the creators' accounts are in order: how far
 * it has come says what need not be done again. */
#define STAGE_US CF_SECOND_US
/* After the last deadline: grace, payout, reserve and the refund window. */
#define AFTERMATH_US (120 * CF_DAY_US)
/* A suspended campaign of the file never came back: it ends for good after this. */
#define PURGE_AFTER_US CF_DAY_US
#define KEY_SIZE 80

enum action_kind { LAUNCH, STOP, PURGE };

struct action {
    int64_t at_us;
    enum action_kind kind;
    const struct cf_import_row *row;
};

struct course {
    const struct cf_import_tools *tools;
    struct cf_import_clock *clock;
    struct cf_import_rows *rows;
    struct cf_import_people people;
    struct cf_progress progress; /* counts pledges */
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

/* -- What happens to one campaign ------------------------------------------------------------- */

static struct cf_bytes key_of(const struct cf_import_row *row, const char *step,
                              char ret_key[KEY_SIZE])
{
    snprintf(ret_key, KEY_SIZE, "import %.*s %s", (int)row->number.size,
             (const char *)row->number.data, step);
    return cf_bytes_from_text(ret_key);
}

static void about(const struct cf_import_row *row, enum cf_command_number number,
                  struct cf_command_input *ret_input)
{
    cf_command_input_init(ret_input, number);
    cf_command_set_id(ret_input, "campaign_id", row->campaign_id);
}

/* A command about the campaign alone, with a reason where it wants one. */
static enum cf_status send(struct course *course, const struct cf_import_row *row,
                           enum cf_command_number number, const char *step, struct cf_id actor,
                           const char *reason, struct cf_fault *reterr_fault)
{
    char key[KEY_SIZE];
    struct cf_command_input input;
    about(row, number, &input);
    if (reason != NULL)
        cf_command_set_text(&input, "reason", cf_bytes_from_text(reason));
    const struct cf_link_command command = {
        .input = &input, .actor = actor, .key = key_of(row, step, key)};
    return cf_import_send(course->tools->sender, &command, NULL, reterr_fault);
}

static enum cf_status place_pledges(struct course *course, const struct cf_import_row *row,
                                    struct cf_fault *reterr_fault)
{
    char step[32], key[KEY_SIZE];
    struct cf_command_input input;
    for (uint32_t i = 0; i < row->backers; i++) {
        const struct cf_import_backer *backer = &course->people.backers[i];
        about(row, CF_COMMAND_pledge_start_checkout, &input);
        cf_command_set_id(&input, "pledge_id",
                          cf_import_id(row->launched_us, "pledge", row->number, i));
        cf_command_set_id(&input, "backer_id", backer->user_id);
        cf_command_set_id(&input, "card_id", backer->card_id);
        cf_command_set_unsigned(&input, "currency", row->currency);
        cf_command_set_signed(&input, "amount", cf_money_minor(cf_import_share(row, i)));
        snprintf(step, sizeof step, "pledge %u", i);
        CF_TRY(cf_import_start(course->tools->sender, backer->user_id, key_of(row, step, key),
                               &input, reterr_fault));
        cf_progress_advance(&course->progress, 1);
    }
    return cf_import_drain(course->tools->sender, reterr_fault);
}

static enum cf_status launch(struct course *course, const struct cf_import_row *row,
                             struct cf_fault *reterr_fault)
{
    CF_TRY(send(course, row, CF_COMMAND_campaign_launch, "launch", row->creator_id, NULL,
                reterr_fault));
    return place_pledges(course, row, reterr_fault);
}

static enum cf_status act(struct course *course, const struct action *action,
                          struct cf_fault *reterr_fault)
{
    static const char reason[] = "imported as it was";
    const struct cf_import_row *row = action->row;
    switch (action->kind) {
    case LAUNCH:
        return launch(course, row, reterr_fault);
    case STOP:
        if (row->state == CF_IMPORT_CANCELED)
            return send(course, row, CF_COMMAND_campaign_cancel, "cancel", row->creator_id, NULL,
                        reterr_fault);
        return send(course, row, CF_COMMAND_campaign_suspend, "suspend", CF_ACTOR_OPERATOR, reason,
                    reterr_fault);
    case PURGE:
        return send(course, row, CF_COMMAND_campaign_purge, "purge", CF_ACTOR_OPERATOR, reason,
                    reterr_fault);
    }
    CF_UNREACHABLE();
}

/* What the ledger refuses is reported; everything else goes on. */
static enum cf_status run_action(struct course *course, const struct action *action,
                                 struct cf_fault *reterr_fault)
{
    struct cf_fault fault = {0};
    if (action->at_us < course->clock->now_us) {
        /* Done before an interruption: the clock moved on. */
        if (action->kind == LAUNCH)
            cf_progress_advance(&course->progress, action->row->backers);
        return CF_OK;
    }
    enum cf_status status = act(course, action, &fault);
    if (status == CF_CONFLICT) {
        fprintf(stderr, "line %u: %s: %s\n", action->row->line, fault.text, fault.detail);
        return CF_OK;
    }
    if (status != CF_OK && reterr_fault != NULL)
        *reterr_fault = fault;
    return status;
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

static enum cf_status run_actions(struct course *course, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_free)
    struct action *actions = calloc(3 * course->rows->count, sizeof *actions);
    if (actions == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for the course of events");
    size_t count = plan(course->rows, actions);
    for (size_t i = 0; i < count; i++) {
        if (actions[i].at_us > course->clock->now_us)
            CF_TRY(cf_import_clock_move(course->clock, actions[i].at_us, reterr_fault));
        CF_TRY(run_action(course, &actions[i], reterr_fault));
    }
    int64_t end_us = cf_import_last_deadline(course->rows) + AFTERMATH_US;
    CF_TRY(cf_import_clock_move(course->clock, end_us, reterr_fault));
    return cf_import_clock_settle(course->clock, reterr_fault);
}

/* Everybody and everything that is needed before the first launch, or who they were. */
static enum cf_status prepare(struct course *course, struct cf_fault *reterr_fault)
{
    int64_t begins_us = cf_import_course_begins(course->rows);
    CF_TRY(cf_import_clock_look(course->clock, reterr_fault));
    bool prepared = course->clock->now_us > begins_us;
    cf_progress_begin(&course->progress, "people",
                      (int64_t)(course->rows->count + course->people.backer_count));
    enum cf_status status =
        prepared ? cf_import_people_find(course->tools, course->rows, &course->people,
                                         &course->progress, reterr_fault)
                 : cf_import_people_register(course->tools, course->rows, &course->people,
                                             &course->progress, reterr_fault);
    cf_progress_end(&course->progress);
    if (status != CF_OK || course->clock->now_us >= begins_us + 2 * STAGE_US)
        return status;
    if (!prepared) {
        cf_progress_begin(&course->progress, "campaigns", (int64_t)course->rows->count);
        status =
            cf_import_drafts_make(course->tools, course->rows, &course->progress, reterr_fault);
        cf_progress_end(&course->progress);
        CF_TRY(status);
        CF_TRY(cf_import_clock_move(course->clock, begins_us + STAGE_US, reterr_fault));
    }
    CF_TRY(cf_import_clock_settle(course->clock, reterr_fault));
    CF_TRY(cf_import_people_onboard(course->tools, course->rows, reterr_fault));
    return cf_import_clock_move(course->clock, begins_us + 2 * STAGE_US, reterr_fault);
}

enum cf_status cf_import_course_run(const struct cf_import_tools *tools,
                                    struct cf_import_clock *clock, struct cf_import_rows *rows,
                                    struct cf_fault *reterr_fault)
{
    struct course course = {.tools = tools, .clock = clock, .rows = rows};
    CF_TRY(cf_import_people_init(rows, &course.people, reterr_fault));
    enum cf_status status = prepare(&course, reterr_fault);
    if (status == CF_OK) {
        cf_progress_begin(&course.progress, "pledges", (int64_t)cf_import_course_pledges(rows));
        status = run_actions(&course, reterr_fault);
        cf_progress_end(&course.progress);
    }
    cf_import_people_clean_up(&course.people);
    return status;
}
