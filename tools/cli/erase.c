/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/subject.h"

/* After the log says so, the keeper destroys the key; only then there is something to certify. */
static enum cf_status destroy_and_certify(struct cf_subject_tool *tool, uint64_t sequence,
                                          struct cf_fault *reterr_fault)
{
    uint64_t reached;
    CF_TRY(cf_keeper_catch_up(tool->keeper, &reached, reterr_fault));
    if (reached < sequence)
        CF_FAIL_ON(reterr_fault, CF_RETRY, "the keeper has not destroyed the key yet",
                   "run this again with the same --key");
    return cf_subject_certify(tool->range, tool->subject, sequence, (int)tool->timeout_ms,
                              cf_subject_tool_line, tool, reterr_fault);
}

/* Erases a person or a campaign's texts: the answer is a certificate. */
int cf_cli_erase(int argc, char **argv)
{
    struct cf_subject_tool tool = {.timeout_ms = 10000};
    const char *subject;
    const struct cf_option options[] = {CF_SUBJECT_TOOL_OPTIONS(&tool)};
    const struct cf_usage usage = {"erase SUBJECT", options, sizeof options / sizeof options[0], 1,
                                   1};
    enum cf_exit result;
    if (!cf_options_read(&usage, argc, argv, &subject, &result))
        return result;

    cf_sodium_init();
    struct cf_fault fault = {0};
    uint64_t sequence;
    result = CF_EXIT_GOOD;
    if (cf_subject_tool_open(&tool, subject, &fault) != CF_OK)
        result = cf_cli_fail("erase", &fault);
    else if (cf_subject_tool_send(&tool, "erase", CF_COMMAND_subject_erase, &sequence, &result)) {
        tool.done = destroy_and_certify(&tool, sequence, &fault) == CF_OK;
        if (!tool.done)
            result = cf_cli_fail("erase", &fault);
    }
    if (cf_subject_tool_close(&tool, &fault) != CF_OK)
        result = cf_cli_fail("erase", &fault);
    return result;
}
