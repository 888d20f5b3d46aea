/* SPDX-License-Identifier: Apache-2.0 */
/* coffer journal: the ledger's postings for others to check, on stdout. */
#include "core/journal/write.h"
#include "tools/cli/cli.h"
#include "tools/cli/options.h"
#include "tools/ledger_walk.h"

#include <stdio.h>

#define CF_JOURNAL_PIECE_SIZE ((size_t)1 << 16)
#define CF_JOURNAL_SIZE_MAX ((size_t)1 << 24)

struct cf_journal_output {
    struct cf_journal_writer *writer;
    struct cf_buf buf;
};

static enum cf_status cf_journal_flush(struct cf_journal_output *output,
                                       struct cf_fault *reterr_fault)
{
    size_t written = fwrite(output->buf.data, 1, output->buf.size, stdout);
    if (written != output->buf.size)
        CF_FAIL(reterr_fault, CF_IO, "cannot write the journal");
    cf_buf_clear(&output->buf);
    return CF_OK;
}

static enum cf_status cf_journal_visit(void *context, const struct cf_record *record,
                                       const struct cf_event *event, struct cf_fault *reterr_fault)
{
    struct cf_journal_output *output = context;
    CF_TRY(cf_journal_write(output->writer, record, event, &output->buf, reterr_fault));
    if (output->buf.size < CF_JOURNAL_PIECE_SIZE)
        return CF_OK;
    return cf_journal_flush(output, reterr_fault);
}

static enum cf_status cf_journal_run(const char *data, struct cf_journal_output *output,
                                     struct cf_fault *reterr_fault)
{
    CF_TRY(cf_journal_write_begin(output->writer, &output->buf));
    CF_TRY(cf_ledger_walk(data, cf_journal_visit, output, reterr_fault));
    CF_TRY(cf_journal_write_end(output->writer, &output->buf));
    CF_TRY(cf_journal_flush(output, reterr_fault));
    if (fflush(stdout) != 0)
        CF_FAIL(reterr_fault, CF_IO, "cannot write the journal");
    return CF_OK;
}

int cf_cli_journal(int argc, char **argv)
{
    const char *data = NULL;
    const char *name = "hledger";
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("format", &name, "NAME", "hledger (the default), beancount or csv"),
    };
    const struct cf_usage usage = {"journal", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    enum cf_journal_format format;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    if (cf_journal_format_parse(cf_bytes_from_text(name), &format) != CF_OK)
        return cf_cli_usage("journal", "there is no format %s", name);
    struct cf_fault fault = {0};
    struct cf_journal_output output = {.writer = cf_journal_writer_new(format)};
    cf_buf_init(&output.buf, CF_JOURNAL_SIZE_MAX);
    enum cf_status status = CF_NO_MEMORY;
    if (output.writer != NULL)
        status = cf_journal_run(data, &output, &fault);
    cf_journal_writer_destroy(output.writer);
    cf_buf_clean_up(&output.buf);
    if (status == CF_OK)
        return CF_EXIT_GOOD;
    fault.status = status;
    return cf_cli_fail("journal", &fault);
}
