/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cosigner.h"

#include "eventstore/sodium.h"
#include "tools/cli/cli.h"
#include "tools/cli/files.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"

#include <stdio.h>

#define POLICY_SIZE_MAX ((size_t)64 * 1024)

/* Everything that the process opens, and closes again. */
struct cosigning {
    struct cf_process process;
    struct cf_witness_policy policy;
    struct cf_range_client *range;
    struct cf_link *link;
    struct cf_cosigner *cosigner;
};

static void say(void *context, const char *witness, const char *sentence)
{
    (void)context;
    fprintf(stderr, "coffer cosign: %s %s\n", witness, sentence);
}

static enum cf_status read_policy(const char *path, struct cf_witness_policy *ret_policy,
                                  struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf text;
    cf_buf_init(&text, POLICY_SIZE_MAX);
    CF_TRY(cf_cli_read_file(path, &text, reterr_fault));
    return cf_witness_policy_parse(cf_buf_bytes(&text), ret_policy, reterr_fault);
}

static enum cf_status open_all(struct cosigning *cosigning, const char *data, const char *policy,
                               struct cf_fault *reterr_fault)
{
    CF_TRY(cf_process_begin(&cosigning->process, "cosign", data, reterr_fault));
    CF_TRY(read_policy(policy, &cosigning->policy, reterr_fault));
    const struct cf_data_dir *dir = &cosigning->process.dir;
    CF_TRY(cf_range_client_open(cf_data_dir_socket(dir, "range").text, NULL, &cosigning->range,
                                reterr_fault));
    CF_TRY(cf_link_open(cf_data_dir_socket(dir, "writer").text, &cosigning->link, reterr_fault));
    const struct cf_cosigner_options options = {.policy = &cosigning->policy,
                                                .range = cosigning->range,
                                                .link = cosigning->link,
                                                .say = say};
    return cf_cosigner_open(&options, &cosigning->cosigner, reterr_fault);
}

/* One round, and what came of it. */
static enum cf_status once(struct cosigning *cosigning, enum cf_exit *ret_exit,
                           struct cf_fault *reterr_fault)
{
    struct cf_cosigner_outcome outcome;
    CF_TRY(cf_cosigner_round(cosigning->cosigner, &outcome, reterr_fault));
    printf("%llu records, cosigned by", (unsigned long long)outcome.size);
    for (size_t i = 0; i < cosigning->policy.witness_count; i++) {
        if ((outcome.cosigned >> i & 1) != 0)
            printf(" %s", cosigning->policy.witnesses[i].name);
    }
    printf("%s: %s\n", outcome.cosigned == 0 ? " nobody" : "",
           outcome.published ? "published" : "no quorum, not published");
    *ret_exit = outcome.contradicted ? CF_EXIT_TAMPERED
                : outcome.published  ? CF_EXIT_GOOD
                                     : CF_EXIT_NO;
    return CF_OK;
}

/* Round after round. A writer that is away comes back. */
static enum cf_status follow(struct cosigning *cosigning, int interval_ms,
                             struct cf_fault *reterr_fault)
{
    bool reached = true;
    CF_TRY(cf_process_ready(&cosigning->process, reterr_fault));
    while (!cf_process_wait_for(&cosigning->process, interval_ms)) {
        struct cf_cosigner_outcome outcome;
        struct cf_fault fault = {0};
        enum cf_status status = cf_cosigner_round(cosigning->cosigner, &outcome, &fault);
        if (status != CF_OK && reached)
            cf_cli_fail("cosign", &fault);
        reached = status == CF_OK;
    }
    return CF_OK;
}

int cf_cli_cosign(int argc, char **argv)
{
    const char *data = NULL, *policy = NULL;
    bool only_once = false;
    int64_t interval_ms = 1000;
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "the data directory"),
        CF_OPTION_TEXT("witness-policy", &policy, "FILE", "who cosigns, and which are enough"),
        CF_OPTION_NUMBER("interval", &interval_ms, 10, 3600000, "milliseconds between rounds"),
        CF_OPTION_FLAG("once", &only_once, "one round; exit 1 without a quorum, 4 contradicted"),
    };
    const struct cf_usage usage = {"cosign", options, sizeof options / sizeof options[0], 0, 0};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, NULL, &stop))
        return stop;
    if (policy == NULL)
        return cf_cli_usage("cosign", "name the policy with --witness-policy");
    cf_sodium_init();
    static struct cosigning cosigning;
    struct cf_fault fault = {0};
    enum cf_exit outcome = CF_EXIT_GOOD;
    enum cf_status status = open_all(&cosigning, data, policy, &fault);
    if (status == CF_OK)
        status = only_once ? once(&cosigning, &outcome, &fault)
                           : follow(&cosigning, (int)interval_ms, &fault);
    cf_cosigner_close(cosigning.cosigner);
    cf_process_end(&cosigning.process);
    cf_link_close(cosigning.link);
    cf_range_client_close(cosigning.range);
    return status == CF_OK ? outcome : cf_cli_fail("cosign", &fault);
}
