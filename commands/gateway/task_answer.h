/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_GATEWAY_TASK_ANSWER_H
#define CF_COMMANDS_GATEWAY_TASK_ANSWER_H

/* How an answer to a task is put together, out of results (task.c) and of news (news.c). */

#include "commands/gateway/task.h"
#include "core/base/assert.h"

#include <stdio.h>

/* One more command; borrowed until the answer ends. */
static inline struct cf_command_input *cf_task_answer_add(struct cf_task_answer *answer,
                                                          enum cf_command_number number)
{
    CF_ASSERT(answer->command_count < CF_TASK_COMMAND_COUNT_MAX);
    struct cf_command_input *input = &answer->commands[answer->command_count++];
    cf_command_input_init(input, number);
    return input;
}

/* A text, where there is one. */
static inline void cf_task_answer_set(struct cf_command_input *input, const char *field,
                                      const char *text)
{
    if (text[0] != '\0')
        cf_command_set_text(input, field, cf_bytes_from_text(text));
}

/* What happens after the commands, and why. */
static inline void cf_task_answer_end(struct cf_task_answer *answer, enum cf_task_then then,
                                      const char *reason)
{
    answer->then = then;
    snprintf(answer->reason, sizeof answer->reason, "%s", reason);
}

#endif
