/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoints against the tree, and the chain of keys that may sign them. */
#include "core/base/assert.h"
#include "eventstore/key_chain.h"
#include "eventstore/verify_private.h"

#include <stdio.h>

/* False where the chain breaks. */
static bool follow_rotation(struct cf_log_view *view, uint64_t sequence, struct cf_key_chain *keys,
                            struct cf_verify_report *report)
{
    struct cf_log_entry entry;
    struct cf_fault fault = {0};
    enum cf_status status = cf_log_view_entry(view, sequence, &entry, &fault);
    if (status == CF_OK)
        status = cf_key_chain_follow(keys, sequence, entry.record, &fault);
    if (status == CF_OK)
        return true;
    if (status == CF_DENIED)
        cf_verify_find(report, CF_VERIFY_TAMPERED, sequence, "a key rotation is wrong: %s",
                       fault.text);
    else
        cf_verify_find(report, CF_VERIFY_TAMPERED, sequence, "a key rotation cannot be read");
    return false;
}

static bool follow_keys(struct cf_log *log, struct cf_log_view *view,
                        const struct cf_verify_options *options,
                        const struct cf_verify_rotations *rotations, struct cf_key_chain *keys,
                        struct cf_verify_report *report)
{
    if (cf_key_chain_begin(keys, cf_log_genesis(log)) != CF_OK) {
        cf_verify_find(report, CF_VERIFY_TAMPERED, 0, "the log's origin is no key name");
        return false;
    }
    for (size_t i = 0; i < rotations->count; i++) {
        if (!follow_rotation(view, rotations->sequences[i], keys, report))
            return false;
    }
    if (options->key == NULL)
        return true;
    for (size_t i = 0; i < keys->count; i++) {
        if (memcmp(&keys->keys[i], options->key, sizeof *options->key) == 0)
            return true;
    }
    cf_verify_find(report, CF_VERIFY_UNVERIFIABLE, 0,
                   "the key that is known is none of this log's");
    return false;
}

static void check_one(struct cf_log_view *view, struct cf_bytes note, uint64_t size,
                      const struct cf_key_chain *keys, const char *origin, const char *whose,
                      struct cf_verify_report *report)
{
    struct cf_checkpoint checkpoint;
    struct cf_fault fault = {0};
    struct cf_note parsed;
    enum cf_status status = cf_note_parse(note, &parsed, &fault);
    if (status == CF_OK)
        status = cf_checkpoint_parse(parsed.text, &checkpoint, &fault);
    if (status == CF_OK)
        status = cf_checkpoint_verify(note, origin, cf_key_chain_at(keys, checkpoint.size), 1,
                                      &checkpoint, NULL, &fault);
    if (status != CF_OK) {
        /* What is not signed, wherever it comes from, says nothing against the log. */
        bool unknown = status == CF_NOT_FOUND || size == 0;
        cf_verify_find(report, unknown ? CF_VERIFY_UNVERIFIABLE : CF_VERIFY_TAMPERED, 0,
                       "the checkpoint %s: %s", whose, fault.text);
        return;
    }
    if (size != 0 && checkpoint.size != size) {
        cf_verify_find(report, CF_VERIFY_TAMPERED, 0, "the checkpoint %s is for size %llu", whose,
                       (unsigned long long)checkpoint.size);
        return;
    }
    uint64_t head = cf_log_view_size(view);
    if (checkpoint.size > head) {
        cf_verify_find(
            report, CF_VERIFY_TRUNCATED, head + 1,
            "the log was cut back: the checkpoint %s is for %llu records, %llu are there", whose,
            (unsigned long long)checkpoint.size, (unsigned long long)head);
        return;
    }
    struct cf_hash root;
    if (cf_tree_root(cf_log_view_tree(view), checkpoint.size, &root, &fault) != CF_OK) {
        cf_verify_find(report, CF_VERIFY_TRUNCATED, 0, "%s", fault.text);
        return;
    }
    if (!cf_hash_equal(&root, &checkpoint.root)) {
        uint64_t first = report->signed_size + 1;
        cf_verify_find(
            report, CF_VERIFY_TAMPERED, first <= checkpoint.size ? first : checkpoint.size,
            "the first %llu records are not those that the checkpoint %s signed; the "
            "first %llu are as signed",
            (unsigned long long)checkpoint.size, whose, (unsigned long long)report->signed_size);
        return;
    }
    report->checkpoints++;
    if (checkpoint.size > report->signed_size)
        report->signed_size = checkpoint.size;
}

void cf_verify_checkpoints(struct cf_log *log, const struct cf_verify_options *options,
                           const struct cf_verify_rotations *rotations,
                           struct cf_verify_report *report)
{
    struct cf_fault fault = {0};
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    if (cf_log_view_begin(log, &view, &fault) != CF_OK) {
        cf_verify_find(report, CF_VERIFY_UNREADABLE, 0, "%s", fault.text);
        return;
    }
    static struct cf_key_chain
        keys; /* too large for a stack; verify runs once in its process at a time */
    if (!follow_keys(log, view, options, rotations, &keys, report))
        return;
    const char *origin = cf_log_genesis(log)->origin;
    uint64_t stored = 0;
    enum cf_status status = cf_log_view_checkpoint_count(view, &stored, &fault);
    for (uint64_t after = 0; status == CF_OK && !cf_verify_found(report);) {
        uint64_t size;
        struct cf_bytes note;
        status = cf_log_view_checkpoint_after(view, after, &size, &note, &fault);
        if (status != CF_OK)
            break;
        char whose[64];
        snprintf(whose, sizeof whose, "stored for size %llu", (unsigned long long)size);
        check_one(view, note, size, &keys, origin, whose, report);
        after = size + 1;
    }
    if (status != CF_OK && status != CF_NOT_FOUND)
        cf_verify_find(report, CF_VERIFY_TRUNCATED, 0, "%s", fault.text);
    else if (report->checkpoints != stored)
        cf_verify_find(report, CF_VERIFY_TRUNCATED, 0,
                       "%llu checkpoints are stored, but only %llu are found",
                       (unsigned long long)stored, (unsigned long long)report->checkpoints);
    if (options->checkpoint.size > 0 && !cf_verify_found(report)) {
        check_one(view, options->checkpoint, 0, &keys, origin, "that was kept elsewhere", report);
        report->outside = true;
    }
}
