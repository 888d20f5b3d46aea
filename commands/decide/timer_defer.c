/* SPDX-License-Identifier: Apache-2.0 */
/* Its time came, but what a timer is for cannot be done yet: it waits. */
#include "commands/decide/decide.h"

/* clang-format off */
#define CF_COMMAND_NAME timer_defer
#define CF_COMMAND_FIELDS(F) \
    F(1, id,    subject_id)  \
    F(2, timer, timer)       \
    F(3, time,  until)       \
    F(4, text,  reason)
#define CF_COMMAND_VERDICTS(V)                                                                     \
    V(1, NOT_PERMITTED, 403, "Only time itself does this.")                                        \
    V(2, NOT_SET, 409, "No such timer is set.")                                                    \
    V(3, NOT_LATER, 422, "A timer is put off, not back.")
/* clang-format on */
#include "commands/decide/define.h"

static uint32_t decide(struct cf_decision *decision, const struct input *input)
{
    if (!cf_actor_is(decision, CF_ACTOR_SYSTEM))
        return NOT_PERMITTED;
    if (decision->book->ops->timer(decision->book, &input->subject_id, input->timer) == 0)
        return NOT_SET;
    if (input->until <= decision->now_us)
        return NOT_LATER;
    CF_EMIT(decision, timer_deferred, .subject_id = input->subject_id, .timer = input->timer,
            .until = input->until, .reason = input->reason);
    return ACCEPTED;
}
