/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/import/drafts.h"

#include "core/aggregate/book.h"
#include "core/policy.h"

#include <stdio.h>

#define RESERVE_BPS 500
#define RESERVE_DAYS 30
/* A campaign without a verdict ends this long after the last deadline: after all that is imported. */
#define NEVER_US (365 * CF_DAY_US)
/* A slug is a token: of the name, a hyphen, and all of the file's id. */
#define SLUG_SIZE 64
#define SLUG_NAME_SIZE 30

/* One campaign on its way to approval. */
struct draft {
    const struct cf_import_tools *tools;
    const struct cf_import_row *row;
    int64_t ends_at_us;
    struct cf_command_input input;
    char key[80];
};

int64_t cf_import_last_deadline(const struct cf_import_rows *rows)
{
    int64_t last_us = 0;
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->rows[i].deadline_us > last_us)
            last_us = rows->rows[i].deadline_us;
    }
    return last_us;
}

int64_t cf_import_ends_at(const struct cf_import_rows *rows, const struct cf_import_row *row)
{
    bool has_no_verdict = row->state == CF_IMPORT_LIVE || row->state == CF_IMPORT_UNDEFINED;
    return has_no_verdict ? cf_import_last_deadline(rows) + NEVER_US : row->deadline_us;
}

static struct cf_bytes key_for(struct draft *draft, const char *step)
{
    snprintf(draft->key, sizeof draft->key, "import %.*s %s", (int)draft->row->number.size,
             (const char *)draft->row->number.data, step);
    return cf_bytes_from_text(draft->key);
}

/* A command about the campaign alone. */
static void about(struct draft *draft, enum cf_command_number number)
{
    cf_command_input_init(&draft->input, number);
    cf_command_set_id(&draft->input, "campaign_id", draft->row->campaign_id);
}

static enum cf_status send_sealed(struct draft *draft, const char *step, struct cf_id actor,
                                  const struct cf_sealed_tag *tags, size_t tag_count,
                                  struct cf_fault *reterr_fault)
{
    const struct cf_link_command command = {.input = &draft->input,
                                            .actor = actor,
                                            .key = key_for(draft, step),
                                            .sealed_tags = tags,
                                            .sealed_tag_count = tag_count};
    return cf_import_send(draft->tools->sender, &command, NULL, reterr_fault);
}

static enum cf_status send(struct draft *draft, const char *step, struct cf_id actor,
                           struct cf_fault *reterr_fault)
{
    return send_sealed(draft, step, actor, NULL, 0, reterr_fault);
}

/* The name's letters and digits, and the file's id, which makes it unique. */
static void make_slug(const struct cf_import_row *row, char ret_slug[SLUG_SIZE])
{
    size_t size = 0;
    for (size_t i = 0; i < row->name.size && size < SLUG_NAME_SIZE; i++) {
        uint8_t byte = row->name.data[i];
        if (byte >= 'A' && byte <= 'Z')
            byte = (uint8_t)(byte - 'A' + 'a');
        if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9'))
            ret_slug[size++] = (char)byte;
        else if (size > 0 && ret_slug[size - 1] != '-')
            ret_slug[size++] = '-';
    }
    if (size > 0 && ret_slug[size - 1] != '-')
        ret_slug[size++] = '-';
    snprintf(ret_slug + size, SLUG_SIZE - size, "%.*s", (int)row->number.size,
             (const char *)row->number.data);
}

static enum cf_status write_draft(struct draft *draft, struct cf_buf *scratch,
                                  struct cf_fault *reterr_fault)
{
    const struct cf_import_row *row = draft->row;
    char story[320], slug[SLUG_SIZE];
    snprintf(story, sizeof story, "%.*s\n\nImported from line %u.", (int)row->name.size,
             (const char *)row->name.data, row->line);
    struct cf_keeper_field fields[] = {{.name = "title", .clear = row->name},
                                       {.name = "story", .clear = cf_bytes_from_text(story)}};
    CF_TRY(cf_keeper_seal(draft->tools->keeper, row->campaign_id, true, key_for(draft, "draft"),
                          fields, 2, scratch, reterr_fault));
    make_slug(row, slug);
    about(draft, CF_COMMAND_campaign_draft);
    cf_command_set_id(&draft->input, "creator_id", row->creator_id);
    cf_command_set_unsigned(&draft->input, "model", CF_FUNDING_MODEL_AON);
    cf_command_set_unsigned(&draft->input, "currency", row->currency);
    cf_command_set_signed(&draft->input, "goal", cf_money_minor(row->goal));
    cf_command_set_sealed(&draft->input, "title", fields[0].sealed.ciphertext);
    cf_command_set_sealed(&draft->input, "story", fields[1].sealed.ciphertext);
    cf_command_set_text(&draft->input, "slug", cf_bytes_from_text(slug));
    if (row->category.size > 0)
        cf_command_set_text(&draft->input, "category", row->category);
    if (row->subcategory.size > 0)
        cf_command_set_text(&draft->input, "subcategory", row->subcategory);
    cf_command_set_signed(&draft->input, "ends_at", draft->ends_at_us);
    const struct cf_sealed_tag tags[] = {{6, cf_bytes_from(fields[0].tag, CF_VAULT_TAG_SIZE)},
                                         {8, cf_bytes_from(fields[1].tag, CF_VAULT_TAG_SIZE)}};
    return send_sealed(draft, "draft", row->creator_id, tags, 2, reterr_fault);
}

static enum cf_status override(struct draft *draft, const char *policy, const char *value,
                               struct cf_fault *reterr_fault)
{
    about(draft, CF_COMMAND_campaign_override_policy);
    cf_command_set_text(&draft->input, "policy", cf_bytes_from_text(policy));
    cf_command_set_text(&draft->input, "value", cf_bytes_from_text(value));
    cf_command_set_text(&draft->input, "reason", CF_BYTES_LITERAL("imported as it was"));
    return send(draft, policy, CF_ACTOR_OPERATOR, reterr_fault);
}

static enum cf_status override_policies(struct draft *draft, struct cf_fault *reterr_fault)
{
    char hours[32];
    int64_t duration_us = draft->ends_at_us - draft->row->launched_us;
    snprintf(hours, sizeof hours, "%lld hours", (long long)(duration_us / CF_HOUR_US));
    CF_TRY(override(draft, "holds", "none", reterr_fault));
    if (cf_import_is_below_least(draft->row)) {
        fprintf(stderr,
                "line %u: pledges below what the provider charges; the policy on the least is "
                "overridden\n",
                draft->row->line);
        CF_TRY(override(draft, "least", "none", reterr_fault));
    }
    if (duration_us >= CF_POLICY_DURATION_MIN_US && duration_us <= CF_POLICY_DURATION_MAX_US)
        return CF_OK;
    if (draft->ends_at_us == draft->row->deadline_us)
        fprintf(stderr, "line %u: lasts %s; the policy on durations is overridden\n",
                draft->row->line, hours);
    return override(draft, "duration", hours, reterr_fault);
}

static enum cf_status prepare(struct draft *draft, struct cf_buf *scratch,
                              struct cf_fault *reterr_fault)
{
    CF_TRY(write_draft(draft, scratch, reterr_fault));
    CF_TRY(override_policies(draft, reterr_fault));
    about(draft, CF_COMMAND_campaign_submit);
    cf_command_set_text(&draft->input, "check", CF_BYTES_LITERAL("import"));
    CF_TRY(send(draft, "submit", draft->row->creator_id, reterr_fault));
    about(draft, CF_COMMAND_campaign_approve);
    cf_command_set_unsigned(&draft->input, "platform_fee_bps", CF_POLICY_PLATFORM_FEE_MIN_BPS);
    cf_command_set_unsigned(&draft->input, "processor_fee_bearer", CF_BEARER_CREATOR);
    cf_command_set_unsigned(&draft->input, "reserve_bps", RESERVE_BPS);
    cf_command_set_unsigned(&draft->input, "reserve_days", RESERVE_DAYS);
    return send(draft, "approve", CF_ACTOR_OPERATOR, reterr_fault);
}

struct drafts {
    const struct cf_import_tools *tools;
    const struct cf_import_rows *rows;
};

static enum cf_status prepare_one(void *context, size_t index, struct cf_buf *scratch,
                                  struct cf_fault *reterr_fault)
{
    const struct drafts *all = context;
    struct draft draft = {.tools = all->tools, .row = &all->rows->rows[index]};
    struct cf_fault fault = {0};
    draft.ends_at_us = cf_import_ends_at(all->rows, draft.row);
    enum cf_status status = prepare(&draft, scratch, &fault);
    if (status == CF_CONFLICT) {
        fprintf(stderr, "line %u: not imported: %s: %s\n", draft.row->line, fault.text,
                fault.detail);
        return CF_OK;
    }
    if (status != CF_OK && reterr_fault != NULL)
        *reterr_fault = fault;
    return status;
}

enum cf_status cf_import_drafts_make(const struct cf_import_tools *tools,
                                     const struct cf_import_rows *rows,
                                     struct cf_progress *progress, struct cf_fault *reterr_fault)
{
    struct drafts all = {tools, rows};
    fprintf(stderr,
            "every campaign: cards are charged after the end and not held before; the policy on "
            "holds is overridden\n");
    return cf_import_each(rows->count, prepare_one, &all, tools->stop, progress, reterr_fault);
}
