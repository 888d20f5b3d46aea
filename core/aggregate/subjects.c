/* SPDX-License-Identifier: Apache-2.0 */
#include "core/aggregate/subjects.h"

#include "core/base/assert.h"

struct cf_id cf_event_stream_id(const struct cf_event *event)
{
    const struct cf_shape *shape = cf_event_shape((uint32_t)event->type);
    switch (cf_event_stream(event->type)) {
    case CF_STREAM_USER:
    case CF_STREAM_CAMPAIGN:
    case CF_STREAM_PLEDGE:
    case CF_STREAM_PAYOUT:
        /* The first field of each of these names its stream. */
        CF_ASSERT(shape->fields[0].type->kind == CF_KIND_ID);
        return *(const struct cf_id *)cf_field_member(&shape->fields[0], cf_event_value(event));
    case CF_STREAM_PROVIDER:
        return CF_PROVIDER_STREAM;
    case CF_STREAM_LEDGER:
        return CF_LEDGER_STREAM;
    }
    CF_UNREACHABLE();
}

/* Fields that name a person or a campaign. A deferred request's or timer's `subject_id` may be a
 * pledge; that of an erasure or an export is a subject. */
static bool names_subject(enum cf_event_type type, const struct cf_field *field)
{
    static const char *const names[] = {"user_id", "backer_id", "creator_id", "campaign_id"};
    if (field->type->kind != CF_KIND_ID)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(field->name, names[i]) == 0)
            return true;
    }
    return strcmp(field->name, "subject_id") == 0 && cf_event_stream(type) == CF_STREAM_USER;
}

static bool is_person(struct cf_id actor)
{
    return !cf_id_equal(actor, CF_ACTOR_SYSTEM) && !cf_id_equal(actor, CF_ACTOR_GATEWAY) &&
           !cf_id_equal(actor, CF_ACTOR_KEEPER) && !cf_id_equal(actor, CF_ACTOR_OPERATOR);
}

static uint32_t add(struct cf_id *subjects, uint32_t count, struct cf_id id)
{
    for (uint32_t i = 0; i < count; i++) {
        if (cf_id_equal(subjects[i], id))
            return count;
    }
    CF_ASSERT(count < CF_EVENT_SUBJECTS_MAX);
    subjects[count] = id;
    return count + 1;
}

uint32_t cf_event_subjects(const struct cf_event *event, struct cf_id actor,
                           struct cf_id ret_subjects[CF_EVENT_SUBJECTS_MAX])
{
    const struct cf_shape *shape = cf_event_shape((uint32_t)event->type);
    uint32_t count = 0;
    for (uint32_t i = 0; i < shape->field_count; i++) {
        const struct cf_field *field = &shape->fields[i];
        if (!names_subject(event->type, field))
            continue;
        const struct cf_id *id = cf_field_member(field, cf_event_value(event));
        if (!cf_id_is_zero(*id))
            count = add(ret_subjects, count, *id);
    }
    return is_person(actor) ? add(ret_subjects, count, actor) : count;
}
