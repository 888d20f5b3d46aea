/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_COMMAND_H
#define CF_COMMANDS_COMMAND_H

/*
 * Commands: everything that changes anything.
 *
 * A command is a row of commands.def and a file decide/<name>.c that holds its fields, its verdicts
 * and its decider. Everything else derives from the table of specs: the bytes on the link, the JSON
 * that `coffer command` and the API take, the tags that idempotency compares, the documentation.
 *
 * A decider is pure: what it may know are the book, the time, the actor and the input. It returns 0
 * (accepted) and has emitted at least one event, or a verdict and has emitted none.
 *
 * Processes that send commands need no structs: they fill an input by field names.
 */

#include "core/aggregate/book.h"
#include "core/event/event.h"
#include "core/json_value.h"
#include "core/shape.h"

enum cf_command_number {
#define CF_COMMAND(number, name) CF_COMMAND_##name = number,
#include "commands/commands.def"
#undef CF_COMMAND
};

/* Every input fits into this many bytes. */
#define CF_COMMAND_INPUT_SIZE_MAX 1024

/* One way of saying no. All static. */
struct cf_refusal {
    uint32_t number; /* from 1; frozen, as part of the link */
    const char *name;
    uint32_t http_status;
    const char *sentence;
};

/* One decision: what the decider may know, and where its events go. */
struct cf_decision;
typedef void cf_decision_emit_fn(struct cf_decision *decision, const struct cf_event *event);

/* What few commands ask about the log's derived rows beside the book. */
struct cf_decision_facts {
    /* The newest record that names a subject, and how many do; 0 for none. */
    uint64_t (*subject_newest)(const struct cf_decision *decision, struct cf_id subject,
                               uint64_t *ret_count);
    /* When the next timer is due; INT64_MAX for none. */
    int64_t (*timer_next)(const struct cf_decision *decision);
    bool (*requests_any)(const struct cf_decision *decision);
};

struct cf_decision {
    struct cf_book *book; /* folded up to the event emitted last */
    int64_t now_us;
    struct cf_id actor;
    cf_decision_emit_fn *emit; /* folds the event into the book before it returns */
    const struct cf_decision_facts *facts;
};

/* CF_EMIT(decision, pledge_placed, .pledge_id = …, …): emits an event; absent fields are zero. */
#define CF_EMIT(decision, name, ...)                                                               \
    (decision)->emit((decision),                                                                   \
                     &(struct cf_event){.type = (enum cf_event_type)CF_EVENT_NUMBER_##name,        \
                                        .name = {__VA_ARGS__}})

enum cf_event_number_by_name {
#define CF_EVENT(number, name, stream) CF_EVENT_NUMBER_##name = number,
#include "core/event/events.def"
#undef CF_EVENT
};

struct cf_command_spec {
    struct cf_shape shape; /* name, number, fields */
    const struct cf_refusal *verdicts;
    uint32_t verdict_count;
    uint32_t new_id_key; /* field that names what is made: a retry may bring another; 0 none */
    uint32_t (*decide)(struct cf_decision *decision, const void *input);
};

/* The spec of a number or a name, or NULL. Static. */
const struct cf_command_spec *cf_command_find(uint32_t number);
const struct cf_command_spec *cf_command_find_name(struct cf_bytes name);

/* Every command in the order of commands.def; NULL ends the list. */
const struct cf_command_spec *const *cf_command_all(void);

/* NULL for a number that the command does not have. */
const struct cf_refusal *cf_command_refusal(const struct cf_command_spec *spec, uint32_t number);

/*
 * An input that is filled by names. Texts are borrowed from the caller until it was encoded. A name
 * that the command does not have, or has with another type, is a bug in the caller (asserted).
 */
struct cf_command_input {
    const struct cf_command_spec *spec;
    _Alignas(16) uint8_t bytes[CF_COMMAND_INPUT_SIZE_MAX];
};

/* Starts with every field absent. */
void cf_command_input_init(struct cf_command_input *input, enum cf_command_number number);
void cf_command_set_id(struct cf_command_input *input, const char *field, struct cf_id id);
void cf_command_set_unsigned(struct cf_command_input *input, const char *field, uint64_t value);
void cf_command_set_signed(struct cf_command_input *input, const char *field, int64_t value);
/* Amounts in minor units, times, choices, currencies, basis points and booleans are numbers too. */
void cf_command_set_text(struct cf_command_input *input, const char *field, struct cf_bytes text);
void cf_command_set_sealed(struct cf_command_input *input, const char *field,
                           struct cf_bytes ciphertext);
void cf_command_set_hash(struct cf_command_input *input, const char *field,
                         const uint8_t hash[CF_DIGEST_SIZE]);

/*
 * Fills an input from a JSON object whose members are field names, as core/shape_json.h has it. Texts
 * are borrowed from the JSON, ciphertexts live in the arena. INVALID, with the field in the fault's
 * detail.
 */
CF_MUST_CHECK enum cf_status cf_command_from_json(enum cf_command_number number,
                                                  struct cf_json *object, struct cf_arena *arena,
                                                  struct cf_command_input *ret_input,
                                                  struct cf_fault *reterr_fault);

/* Checks every field and writes the canonical map. INVALID, with the field in the fault's detail. */
CF_MUST_CHECK enum cf_status cf_command_encode(const struct cf_command_input *input,
                                               struct cf_wire_writer *writer,
                                               struct cf_fault *reterr_fault);

#endif
