/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_CORE_EVENT_CHOICES_H
#define CF_CORE_EVENT_CHOICES_H

/*
 * The small closed sets of choices.def, as enums: `enum cf_role` has CF_ROLE_NONE = 0 (absent) and
 * a member such as CF_ROLE_BACKER for every row. The build writes choice_enums.h from the list.
 */

#include "core/base/bytes.h"
#include "core/event/choice_enums.h"
#include "core/event/choices.def"

/* A set's names by number; static. */
struct cf_choice_set {
    const char *name;
    const char *const *names; /* names[0] is NULL, and so is a number that is not used */
    uint32_t count;           /* entries of names */
};

#define CF_CHOICE_SET(set) extern const struct cf_choice_set cf_choices_##set;
CF_CHOICE_SETS(CF_CHOICE_SET)
#undef CF_CHOICE_SET

/* The name of a number, or NULL where the set has no such number. */
const char *cf_choice_name(const struct cf_choice_set *set, uint32_t number);

/* The number of a name. NOT_FOUND. */
CF_MUST_CHECK enum cf_status cf_choice_parse(const struct cf_choice_set *set, struct cf_bytes name,
                                             uint32_t *ret_number);

/* cf_role_name(CF_ROLE_BACKER) is "backer"; NULL for a number outside the set. */
#define CF_CHOICE_NAME(set)                                                                        \
    static inline const char *cf_##set##_name(enum cf_##set value)                                 \
    {                                                                                              \
        return cf_choice_name(&cf_choices_##set, (uint32_t)value);                                 \
    }
CF_CHOICE_SETS(CF_CHOICE_NAME)
#undef CF_CHOICE_NAME

#endif
