/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sandbox/cards.h"

const struct cf_card cf_cards[] = {
#define CF_CARD(name, number, brand, authentication, outcome, code, decline_code, sequel)          \
    {"pm_card_" name,   number, brand,        CF_CARD_AUTH_##authentication,                       \
     CF_CARD_##outcome, code,   decline_code, CF_CARD_##sequel},
#include "tools/sandbox/cards.def"
#undef CF_CARD
};
const size_t cf_card_count = sizeof cf_cards / sizeof cf_cards[0];

const struct cf_card *cf_card_by_name(const char *name)
{
    static const char token[] = "tok_", method[] = "pm_card_";
    for (size_t i = 0; i < cf_card_count; i++) {
        if (strcmp(cf_cards[i].name, name) == 0 ||
            (strncmp(name, token, sizeof token - 1) == 0 &&
             strcmp(cf_cards[i].name + sizeof method - 1, name + sizeof token - 1) == 0))
            return &cf_cards[i];
    }
    return NULL;
}

const struct cf_card *cf_card_by_number(const char *number)
{
    for (size_t i = 0; i < cf_card_count; i++) {
        if (strcmp(cf_cards[i].number, number) == 0)
            return &cf_cards[i];
    }
    return NULL;
}
