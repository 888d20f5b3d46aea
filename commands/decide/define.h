/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Makes a command of its lists. A command's file defines CF_COMMAND_NAME, CF_COMMAND_FIELDS(F) with
 * rows F(key, type, name) and CF_COMMAND_VERDICTS(V) with rows V(number, NAME, http status, sentence),
 * includes this once, and then defines
 *
 *     static uint32_t decide(struct cf_decision *decision, const struct input *input)
 *
 * A command that makes something may define CF_COMMAND_NEW_ID as the key of the field with its id: a
 * repeated request may then bring another id and still gets the first one's outcome.
 *
 * decide returns ACCEPTED after emitting, or a verdict and has emitted nothing. Verdicts are checked in
 * the order of the list. Field keys and verdict numbers are frozen.
 */

struct input {
    CF_COMMAND_FIELDS(CF_FIELD_MEMBER)
};

#define CF_VERDICT_MEMBER(number, NAME, http_status, sentence) NAME = number,
enum verdict { ACCEPTED = 0, CF_COMMAND_VERDICTS(CF_VERDICT_MEMBER) };

#define CF_VERDICT_ROW(number, NAME, http_status, sentence) {number, #NAME, http_status, sentence},
static const struct cf_refusal verdicts[] = {CF_COMMAND_VERDICTS(CF_VERDICT_ROW)};

#define CF_FIELD_STRUCT struct input
static const struct cf_field fields[] = {CF_COMMAND_FIELDS(CF_FIELD_ROW)};

static uint32_t decide(struct cf_decision *decision, const struct input *input);

static uint32_t run(struct cf_decision *decision, const void *input)
{
    return decide(decision, (const struct input *)input);
}

#ifndef CF_COMMAND_NEW_ID
#define CF_COMMAND_NEW_ID 0
#endif

_Static_assert(sizeof(struct input) <= CF_COMMAND_INPUT_SIZE_MAX,
               "raise CF_COMMAND_INPUT_SIZE_MAX");

#define CF_NAME_JOIN_(prefix, name) prefix##name
#define CF_NAME_JOIN(prefix, name) CF_NAME_JOIN_(prefix, name)
#define CF_NAME_TEXT_(name) #name
#define CF_NAME_TEXT(name) CF_NAME_TEXT_(name)

const struct cf_command_spec CF_NAME_JOIN(cf_command_, CF_COMMAND_NAME) = {
    .shape = {.name = CF_NAME_TEXT(CF_COMMAND_NAME),
              .number = CF_NAME_JOIN(CF_COMMAND_, CF_COMMAND_NAME),
              .field_count = sizeof fields / sizeof fields[0],
              .size = sizeof(struct input),
              .fields = fields},
    .verdicts = verdicts,
    .verdict_count = sizeof verdicts / sizeof verdicts[0],
    .new_id_key = CF_COMMAND_NEW_ID,
    .decide = run,
};
