/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_AGGREGATE_SUBJECTS_H
#define CF_CORE_AGGREGATE_SUBJECTS_H

/*
 * Which stream an event goes to, and whom it is about: the people and the campaign that it names, and
 * the person who acted. Their back-links make a person's whole history provable.
 */

#include "core/aggregate/book.h"
#include "core/event/event.h"

#define CF_EVENT_SUBJECTS_MAX 5

struct cf_id cf_event_stream_id(const struct cf_event *event);

/* Each once, in the order of the event's fields, the actor last; actors that are no person are not
 * counted. Returns how many. */
uint32_t cf_event_subjects(const struct cf_event *event, struct cf_id actor,
                           struct cf_id ret_subjects[CF_EVENT_SUBJECTS_MAX]);

#endif
