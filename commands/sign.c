/* SPDX-License-Identifier: Apache-2.0 */
/* What the writer does with its key: it signs checkpoints, keeps them when they come back cosigned, and
 * changes the key for a new one. */
#include "commands/writer_private.h"

#include "core/base/assert.h"
#include "eventstore/rotation.h"

enum cf_status cf_writer_sign(struct cf_writer *writer, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf note;
    cf_buf_init(&note, CF_CHECKPOINT_SIZE_MAX);
    CF_TRY(cf_checkpoint_sign_head(writer->log, &writer->signer, &note, reterr_fault));
    CF_TRY(cf_range_server_checkpoint(writer->range, cf_buf_bytes(&note), reterr_fault));
    writer->unsigned_since_ms = 0;
    writer->figures.checkpoints++;
    return CF_OK;
}

/* Whether the writer's own key signed this, and it is of this log. */
static enum cf_status check_own(const struct cf_writer *writer, struct cf_bytes note,
                                uint64_t *ret_size, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_log_view_end) struct cf_log_view *view = NULL;
    struct cf_checkpoint checkpoint;
    struct cf_hash root;
    CF_TRY(cf_checkpoint_verify(note, cf_log_genesis(writer->log)->origin, &writer->signer.verifier,
                                1, &checkpoint, NULL, reterr_fault));
    CF_TRY(cf_log_view_begin(writer->log, &view, reterr_fault));
    if (checkpoint.size == 0 || checkpoint.size > cf_log_view_size(view))
        CF_FAIL(reterr_fault, CF_RANGE, "the log does not reach that far");
    CF_TRY(cf_tree_root(cf_log_view_tree(view), checkpoint.size, &root, reterr_fault));
    if (!cf_hash_equal(&root, &checkpoint.root))
        CF_FAIL(reterr_fault, CF_DENIED, "the checkpoint has another root than the log");
    *ret_size = checkpoint.size;
    return CF_OK;
}

enum cf_status cf_writer_keep_cosigned(struct cf_writer *writer, struct cf_bytes note,
                                       struct cf_fault *reterr_fault)
{
    uint64_t size = 0;
    CF_TRY(check_own(writer, note, &size, reterr_fault));
    CF_TRY(cf_log_checkpoint_keep(writer->log, size, note, reterr_fault));
    return cf_range_server_cosigned(writer->range, note, reterr_fault);
}

/* Records it as a command of the operator, with the new key's own text as its idempotency key. */
static void decide_rotation(struct cf_writer *writer, const struct cf_rotation *rotation,
                            struct cf_reply *ret_reply)
{
    struct cf_command_input input;
    struct cf_bytes new_key = cf_buf_bytes(&rotation->new_key);
    cf_command_input_init(&input, CF_COMMAND_key_rotate);
    cf_command_set_text(&input, "old_verifier_key", cf_buf_bytes(&rotation->old_key));
    cf_command_set_text(&input, "new_verifier_key", new_key);
    cf_command_set_text(&input, "signature", cf_buf_bytes(&rotation->signature));
    CF_ASSERT(new_key.size <= CF_IDEMPOTENCY_KEY_SIZE_MAX);
    cf_batch_decide_input(&writer->batch, &input, CF_ACTOR_OPERATOR, new_key, ret_reply);
}

enum cf_status cf_writer_rotate(struct cf_writer *writer, struct cf_reply *ret_reply,
                                struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_rotation_clean_up) struct cf_rotation rotation = {0};
    if (writer->rotating)
        CF_FAIL(reterr_fault, CF_CONFLICT, "the key is being rotated");
    CF_TRY(cf_rotation_begin(writer->key_path.text, &writer->signer, &writer->next_signer,
                             &rotation, reterr_fault));
    decide_rotation(writer, &rotation, ret_reply);
    writer->rotating = ret_reply->kind == CF_REPLY_ACCEPTED;
    return CF_OK;
}

enum cf_status cf_writer_take_key(struct cf_writer *writer, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_rotation_end(writer->key_path.text, reterr_fault));
    writer->signer = writer->next_signer;
    writer->rotating = false;
    return CF_OK;
}
