/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CF_COMMANDS_TAGS_H
#define CF_COMMANDS_TAGS_H

/*
 * Tags: what idempotency keeps of a command's content, one per field that is there. They only have to
 * tell an honest sender that it used one key for two things, so they are short. A sealed field's tag
 * comes from whoever sealed it, because a plain digest would outlive the field's erasure.
 */

#include "commands/link_wire.h"

#define CF_TAG_SIZE 6

/* Tags of a checked input, into `ret_record` and memory of the caller's that it borrows. */
void cf_tags_make(const struct cf_command_spec *spec, const void *input,
                  const struct cf_sealed_tag *sealed_tags, uint32_t sealed_tag_count,
                  struct cf_record *ret_record, uint8_t ret_bytes[CF_TAGS_MAX][CF_TAG_SIZE_MAX]);

/* The first field whose tags differ, by key; 0 where all agree. */
uint32_t cf_tags_compare(const struct cf_command_spec *spec, const struct cf_field_tag *a,
                         uint32_t a_count, const struct cf_field_tag *b, uint32_t b_count);

#endif
