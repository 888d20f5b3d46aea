/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/subject.h"

#include "eventstore/data_dir.h"

#include <errno.h>
#include <fcntl.h>

static enum cf_status open_file(struct cf_subject_tool *tool, struct cf_fault *reterr_fault)
{
    if (tool->out == NULL) {
        tool->file = stdout;
        return CF_OK;
    }
    int fd = open(tool->out, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        CF_FAIL_ON(reterr_fault, errno == EEXIST ? CF_CONFLICT : CF_IO, "cannot make the file",
                   "%s: %s", tool->out, strerror(errno));
    tool->file = fdopen(fd, "w");
    if (tool->file == NULL) {
        close(fd);
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a file");
    }
    return CF_OK;
}

enum cf_status cf_subject_tool_open(struct cf_subject_tool *tool, const char *subject,
                                    struct cf_fault *reterr_fault)
{
    struct cf_data_dir dir;
    if (cf_id_parse(cf_bytes_from_text(subject), &tool->subject) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "a subject is the id of a user or campaign", "%s",
                   subject);
    CF_TRY(cf_data_dir_open_ledger(tool->data, &dir, reterr_fault));
    CF_TRY(cf_link_open(cf_data_dir_socket(&dir, "writer").text, &tool->link, reterr_fault));
    CF_TRY(cf_range_client_open(cf_data_dir_socket(&dir, "range").text, NULL, &tool->range,
                                reterr_fault));
    CF_TRY(cf_keeper_client_open(cf_data_dir_socket(&dir, "keeper").text, (int)tool->timeout_ms,
                                 &tool->keeper, reterr_fault));
    cf_range_client_timeout(tool->range, (int)tool->timeout_ms);
    return open_file(tool, reterr_fault);
}

enum cf_status cf_subject_tool_close(struct cf_subject_tool *tool, struct cf_fault *reterr_fault)
{
    cf_link_close(tool->link);
    cf_range_client_close(tool->range);
    cf_keeper_client_close(tool->keeper);
    if (tool->file == NULL)
        return CF_OK;
    bool failed = ferror(tool->file) != 0 || fflush(tool->file) != 0 ||
                  (tool->file != stdout && fsync(fileno(tool->file)) != 0);
    if (tool->file != stdout) {
        failed = fclose(tool->file) != 0 || failed;
        if (failed || !tool->done)
            unlink(tool->out);
    }
    if (failed)
        CF_FAIL_ON(reterr_fault, CF_IO, "cannot write the file", "%s",
                   tool->out == NULL ? "the output" : tool->out);
    return CF_OK;
}

/* Says what became of a command that was not accepted. */
static enum cf_exit say(const char *doing, enum cf_command_number number,
                        const struct cf_reply *reply)
{
    const struct cf_refusal *refusal = NULL;
    if (reply->kind == CF_REPLY_REFUSED)
        refusal = cf_command_refusal(cf_command_find(number), reply->verdict);
    if (refusal != NULL) {
        fprintf(stderr, "coffer %s: refused, %s: %s\n", doing, refusal->name, refusal->sentence);
        return CF_EXIT_NO;
    }
    if (reply->kind == CF_REPLY_CONFLICT) {
        fprintf(stderr, "coffer %s: the key was used for something else\n", doing);
        return CF_EXIT_NO;
    }
    fprintf(stderr, "coffer %s: the writer does not take it now: %s\n", doing,
            reply->kind == CF_REPLY_FAILED ? reply->text : "busy");
    return CF_EXIT_UNREACHABLE;
}

static enum cf_status send(struct cf_subject_tool *tool, enum cf_command_number number,
                           struct cf_reply *ret_reply, struct cf_fault *reterr_fault)
{
    struct cf_command_input input;
    struct cf_id actor = CF_ACTOR_OPERATOR, random = {{0}};
    char key[CF_ID_TEXT_SIZE];
    if (tool->actor != NULL && cf_id_parse(cf_bytes_from_text(tool->actor), &actor) != CF_OK)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "an actor is the id of a user", "%s", tool->actor);
    cf_random(random.bytes, sizeof random.bytes);
    cf_id_print(random, key);
    cf_command_input_init(&input, number);
    cf_command_set_id(&input, "subject_id", tool->subject);
    const struct cf_link_command command = {
        .input = &input,
        .actor = actor,
        .key = cf_bytes_from_text(tool->key == NULL ? key : tool->key)};
    return cf_link_send(tool->link, &command, (int)tool->timeout_ms, ret_reply, reterr_fault);
}

bool cf_subject_tool_send(struct cf_subject_tool *tool, const char *doing,
                          enum cf_command_number number, uint64_t *ret_sequence,
                          enum cf_exit *ret_exit)
{
    struct cf_reply reply;
    struct cf_fault fault = {0};
    if (send(tool, number, &reply, &fault) != CF_OK) {
        *ret_exit = cf_cli_fail(doing, &fault);
        return false;
    }
    if (reply.kind != CF_REPLY_ACCEPTED) {
        *ret_exit = say(doing, number, &reply);
        return false;
    }
    *ret_sequence = reply.first_sequence;
    return true;
}

enum cf_status cf_subject_tool_line(void *context, struct cf_bytes line,
                                    struct cf_fault *reterr_fault)
{
    struct cf_subject_tool *tool = context;
    if (fwrite(line.data, 1, line.size, tool->file) != line.size)
        CF_FAIL(reterr_fault, CF_IO, "cannot write the file");
    return CF_OK;
}
