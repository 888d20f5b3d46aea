/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cli/subject.h"

/* A person's whole history as JSON lines with proofs. The log says first that it was handed out. */
int cf_cli_export_subject(int argc, char **argv)
{
    struct cf_subject_tool tool = {.timeout_ms = 10000};
    const char *subject;
    const struct cf_option options[] = {CF_SUBJECT_TOOL_OPTIONS(&tool)};
    const struct cf_usage usage = {"export-subject SUBJECT", options,
                                   sizeof options / sizeof options[0], 1, 1};
    enum cf_exit result;
    if (!cf_options_read(&usage, argc, argv, &subject, &result))
        return result;

    cf_sodium_init();
    struct cf_fault fault = {0};
    uint64_t sequence;
    result = CF_EXIT_GOOD;
    if (cf_subject_tool_open(&tool, subject, &fault) != CF_OK)
        result = cf_cli_fail("export-subject", &fault);
    else if (cf_subject_tool_send(&tool, "export-subject", CF_COMMAND_history_export, &sequence,
                                  &result)) {
        tool.done =
            cf_subject_export(tool.range, tool.keeper, tool.subject, sequence, (int)tool.timeout_ms,
                              cf_subject_tool_line, &tool, &fault) == CF_OK;
        if (!tool.done)
            result = cf_cli_fail("export-subject", &fault);
    }
    if (cf_subject_tool_close(&tool, &fault) != CF_OK)
        result = cf_cli_fail("export-subject", &fault);
    return result;
}
