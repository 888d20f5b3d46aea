/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/witness_policy.h"

#define WORDS_MAX (3 + CF_WITNESS_POLICY_WITNESSES_MAX + CF_WITNESS_POLICY_GROUPS_MAX)

struct line {
    size_t word_count;
    struct cf_bytes words[WORDS_MAX];
};

struct parse {
    struct cf_witness_policy *policy;
    bool quorum_said;
};

typedef const char *parse_fn(struct parse *parse, const struct line *line);

static uint64_t bit_of_group(size_t group)
{
    return UINT64_C(1) << (CF_WITNESS_POLICY_WITNESSES_MAX + group);
}

/* The bit of a witness or a group; 0 for a name that nobody has. */
static uint64_t find(const struct cf_witness_policy *policy, struct cf_bytes name)
{
    for (size_t i = 0; i < policy->witness_count; i++) {
        if (cf_bytes_equal(name, cf_bytes_from_text(policy->witnesses[i].name)))
            return UINT64_C(1) << i;
    }
    for (size_t i = 0; i < policy->group_count; i++) {
        if (cf_bytes_equal(name, cf_bytes_from_text(policy->groups[i].name)))
            return bit_of_group(i);
    }
    return 0;
}

static bool copy(struct cf_bytes word, char *ret_text, size_t size_max)
{
    if (word.size > size_max)
        return false;
    memcpy(ret_text, word.data, word.size);
    ret_text[word.size] = '\0';
    return true;
}

static const char *take_name(struct parse *parse, struct cf_bytes word,
                             char ret_name[CF_WITNESS_POLICY_NAME_SIZE_MAX + 1])
{
    if (cf_bytes_equal(word, CF_BYTES_LITERAL("none")) || find(parse->policy, word) != 0)
        return "the name is taken";
    return copy(word, ret_name, CF_WITNESS_POLICY_NAME_SIZE_MAX) ? NULL : "the name is too long";
}

/* --- The lines; each says what is wrong with it, or NULL --------------------------------------- */

static const char *parse_log(struct parse *parse, const struct line *line)
{
    (void)parse;
    struct cf_note_verifier key;
    if (line->word_count < 2 || line->word_count > 3)
        return "a log has a key and at most a URL";
    return cf_note_verifier_parse(line->words[1], &key, NULL) == CF_OK ? NULL : "the key is no key";
}

static const char *parse_witness(struct parse *parse, const struct line *line)
{
    struct cf_witness_policy_witness witness = {.url = ""};
    if (line->word_count < 3 || line->word_count > 4)
        return "a witness has a name, a key and at most a URL";
    if (parse->policy->witness_count == CF_WITNESS_POLICY_WITNESSES_MAX)
        return "there are too many witnesses";
    const char *objection = take_name(parse, line->words[1], witness.name);
    if (objection != NULL)
        return objection;
    if (cf_note_verifier_parse(line->words[2], &witness.key, NULL) != CF_OK ||
        witness.key.kind != CF_NOTE_COSIGNATURE)
        return "the key is no witness's key";
    if (line->word_count == 4 && !copy(line->words[3], witness.url, CF_WITNESS_POLICY_URL_SIZE_MAX))
        return "the URL is too long";
    parse->policy->witnesses[parse->policy->witness_count++] = witness;
    return NULL;
}

static bool parse_needed(struct cf_bytes word, unsigned member_count, unsigned *ret_needed)
{
    unsigned needed = 0;
    if (cf_bytes_equal(word, CF_BYTES_LITERAL("any"))) {
        needed = 1;
    } else if (cf_bytes_equal(word, CF_BYTES_LITERAL("all"))) {
        needed = member_count;
    } else {
        for (size_t i = 0; i < word.size && needed <= member_count; i++) {
            if (word.data[i] < '0' || word.data[i] > '9')
                return false;
            needed = needed * 10 + (word.data[i] - '0');
        }
    }
    *ret_needed = needed;
    return needed >= 1 && needed <= member_count;
}

static const char *parse_group(struct parse *parse, const struct line *line)
{
    struct cf_witness_policy_group group = {.members = 0};
    if (line->word_count < 4)
        return "a group has a name, a number and members";
    if (parse->policy->group_count == CF_WITNESS_POLICY_GROUPS_MAX)
        return "there are too many groups";
    const char *objection = take_name(parse, line->words[1], group.name);
    if (objection != NULL)
        return objection;
    for (size_t i = 3; i < line->word_count; i++) {
        uint64_t member = find(parse->policy, line->words[i]);
        if (member == 0)
            return "a member is not known";
        if ((group.members & member) != 0)
            return "a member is named twice";
        group.members |= member;
    }
    if (!parse_needed(line->words[2], (unsigned)line->word_count - 3, &group.needed))
        return "a group needs any, all, or a number of its members";
    parse->policy->groups[parse->policy->group_count++] = group;
    return NULL;
}

static const char *parse_quorum(struct parse *parse, const struct line *line)
{
    if (line->word_count != 2 || parse->quorum_said)
        return "there is one quorum, with one name";
    parse->quorum_said = true;
    parse->policy->quorum = find(parse->policy, line->words[1]);
    return parse->policy->quorum != 0 || cf_bytes_equal(line->words[1], CF_BYTES_LITERAL("none"))
               ? NULL
               : "the quorum is not known";
}

/* --- The whole -------------------------------------------------------------------------------- */

/* Takes one line off the front, in words. */
static void take_line(struct cf_bytes *text, struct line *ret_line)
{
    const uint8_t *newline = memchr(text->data, '\n', text->size);
    size_t size = newline == NULL ? text->size : (size_t)(newline - text->data);
    ret_line->word_count = 0;
    for (size_t at = 0; at < size && ret_line->word_count < WORDS_MAX;) {
        size_t end = at;
        while (end < size && text->data[end] != ' ' && text->data[end] != '\t')
            end++;
        if (end > at)
            ret_line->words[ret_line->word_count++] = cf_bytes_from(text->data + at, end - at);
        at = end + 1;
    }
    size += newline != NULL;
    *text = cf_bytes_from(text->data + size, text->size - size);
}

static const char *parse_line(struct parse *parse, const struct line *line)
{
    static const struct {
        const char *word;
        parse_fn *parse;
    } kinds[] = {{"log", parse_log},
                 {"witness", parse_witness},
                 {"group", parse_group},
                 {"quorum", parse_quorum}};
    if (line->word_count == 0 || line->words[0].data[0] == '#')
        return NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (cf_bytes_equal(line->words[0], cf_bytes_from_text(kinds[i].word)))
            return kinds[i].parse(parse, line);
    }
    return "a line begins with log, witness, group or quorum";
}

enum cf_status cf_witness_policy_parse(struct cf_bytes text, struct cf_witness_policy *ret_policy,
                                       struct cf_fault *reterr_fault)
{
    struct cf_witness_policy policy = {.quorum = 0};
    struct parse parse = {.policy = &policy};
    for (unsigned number = 1; text.size > 0; number++) {
        struct line line;
        take_line(&text, &line);
        const char *objection = parse_line(&parse, &line);
        if (objection != NULL)
            CF_FAIL_ON(reterr_fault, CF_INVALID, "the witness policy is malformed", "line %u: %s",
                       number, objection);
    }
    if (!parse.quorum_said)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "the witness policy is malformed", "it has no quorum");
    *ret_policy = policy;
    return CF_OK;
}

bool cf_witness_policy_holds(const struct cf_witness_policy *policy, uint64_t cosigned)
{
    uint64_t holding = cosigned;
    for (size_t i = 0; i < policy->group_count; i++) {
        const struct cf_witness_policy_group *group = &policy->groups[i];
        if ((unsigned)__builtin_popcountll(holding & group->members) >= group->needed)
            holding |= bit_of_group(i);
    }
    return policy->quorum == 0 || (holding & policy->quorum) != 0;
}

uint64_t cf_witness_policy_cosigned(const struct cf_witness_policy *policy,
                                    const struct cf_note *note)
{
    uint64_t cosigned = 0;
    for (size_t i = 0; i < policy->witness_count; i++) {
        if (cf_note_check(note, &policy->witnesses[i].key, NULL) == CF_OK)
            cosigned |= UINT64_C(1) << i;
    }
    return cosigned;
}
