/* SPDX-License-Identifier: Apache-2.0 */
#include "core/event/choices.h"

#define CF_NAME(number, name) [number] = #name,
#define CF_NAMES(set)                                                                              \
    static const char *const names_of_##set[] = {CF_CHOICES_##set(CF_NAME)};                       \
    const struct cf_choice_set cf_choices_##set = {                                                \
        .name = #set,                                                                              \
        .names = names_of_##set,                                                                   \
        .count = sizeof names_of_##set / sizeof names_of_##set[0],                                 \
    };
CF_CHOICE_SETS(CF_NAMES)

const char *cf_choice_name(const struct cf_choice_set *set, uint32_t number)
{
    return number < set->count ? set->names[number] : NULL;
}

enum cf_status cf_choice_parse(const struct cf_choice_set *set, struct cf_bytes name,
                               uint32_t *ret_number)
{
    for (uint32_t number = 1; number < set->count; number++) {
        if (set->names[number] != NULL &&
            cf_bytes_equal(name, cf_bytes_from_text(set->names[number]))) {
            *ret_number = number;
            return CF_OK;
        }
    }
    return CF_NOT_FOUND;
}
