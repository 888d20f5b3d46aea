/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/key_chain.h"

#include "core/base/assert.h"
#include "core/event/record.h"
#include "eventstore/rotation.h"

enum cf_status cf_key_chain_begin(struct cf_key_chain *chain, const struct cf_log_genesis *genesis)
{
    chain->count = 1;
    chain->from[0] = 0;
    return cf_note_verifier_make(genesis->origin, CF_NOTE_ED25519, genesis->key, &chain->keys[0]);
}

enum cf_status cf_key_chain_follow(struct cf_key_chain *chain, uint64_t sequence,
                                   struct cf_bytes bytes, struct cf_fault *reterr_fault)
{
    struct cf_record record;
    struct cf_event event;
    CF_ASSERT(chain->count > 0 && sequence > chain->from[chain->count - 1]);
    if (chain->count > CF_KEY_CHAIN_ROTATIONS_MAX)
        CF_FAIL(reterr_fault, CF_RANGE, "more key rotations than this program follows");
    CF_TRY(cf_record_decode(bytes, &record, reterr_fault));
    CF_TRY(cf_record_event(&record, &event, reterr_fault));
    if (event.type != CF_EVENT_KEY_ROTATED)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the record is no key rotation");
    CF_TRY(cf_rotation_verify(&event.key_rotated, &chain->keys[chain->count - 1],
                              &chain->keys[chain->count], reterr_fault));
    chain->from[chain->count++] = sequence;
    return CF_OK;
}

enum cf_status cf_key_chain_pass(struct cf_key_chain *chain, uint64_t sequence,
                                 struct cf_bytes record, struct cf_fault *reterr_fault)
{
    uint64_t said, number;
    if (!cf_record_front(record, &said, &number) || said != sequence)
        CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record says that it is another one",
                   "sequence %llu", (unsigned long long)sequence);
    if (number != CF_EVENT_KEY_ROTATED)
        return CF_OK;
    return cf_key_chain_follow(chain, sequence, record, reterr_fault);
}

enum cf_status cf_key_chain_walk(struct cf_key_chain *chain, struct cf_log_view *view,
                                 uint64_t size, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_walk_end) struct cf_log_walk *walk = NULL;
    CF_TRY(cf_log_walk_begin(view, 1, &walk, reterr_fault));
    for (uint64_t sequence = 1; sequence <= size; sequence++) {
        struct cf_log_entry entry;
        enum cf_status status = cf_log_walk_next(walk, &entry, reterr_fault);
        if (status == CF_NOT_FOUND)
            CF_FAIL_ON(reterr_fault, CF_CORRUPT, "a record is missing", "sequence %llu",
                       (unsigned long long)sequence);
        CF_TRY(status);
        CF_TRY(cf_key_chain_pass(chain, sequence, entry.record, reterr_fault));
    }
    return CF_OK;
}

const struct cf_note_verifier *cf_key_chain_at(const struct cf_key_chain *chain, uint64_t size)
{
    size_t i = chain->count - 1;
    while (chain->from[i] > size)
        i--;
    return &chain->keys[i];
}
