/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/cosigner.h"

#include "commands/gateway/http_client.h"
#include "core/base/assert.h"
#include "eventstore/checkpoint.h"
#include "eventstore/witness.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define WITNESS_TIMEOUT_MS 5000
#define WRITER_TIMEOUT_MS 5000
#define PAUSE_MS_MIN 1000
#define PAUSE_MS_MAX 60000
#define BODY_SIZE_MAX ((size_t)2 * CF_CHECKPOINT_SIZE_MAX)
#define URL_SIZE_MAX (CF_WITNESS_POLICY_URL_SIZE_MAX + 32)

/* What is known of one witness. */
struct peer {
    struct cf_cosigner *cosigner;
    uint64_t seen; /* the size it cosigned last, as far as it has told */
    int64_t quiet_until_ms;
    int64_t pause_ms; /* the last one; 0: it answered */
    bool contradicts; /* it has seen another history */
    bool again;       /* it told what it has seen: ask once more */
    char said[160];   /* about it; empty: all is well */
    long http_status; /* of its answer; 0: there was none */
    struct cf_buf answer;
};

struct cf_cosigner {
    struct cf_cosigner_options options;
    struct cf_http_client *http;
    struct peer peers[CF_WITNESS_POLICY_WITNESSES_MAX];
    pthread_mutex_t lock; /* over what follows, and the answers while some are out */
    pthread_cond_t answered;
    size_t out;

    /* The newest checkpoint, with the cosignatures it has. */
    struct cf_checkpoint checkpoint;
    struct cf_buf note;
    uint64_t cosigned;
    uint64_t kept; /* of these, what the writer has */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct cf_witness_policy_witness *witness_of(const struct peer *peer)
{
    return &peer->cosigner->options.policy->witnesses[peer - peer->cosigner->peers];
}

static uint64_t bit_of(const struct peer *peer)
{
    return UINT64_C(1) << (peer - peer->cosigner->peers);
}

/* Says it unless it was the last thing said. */
static void say(struct peer *peer, const char *sentence)
{
    const struct cf_cosigner_options *options = &peer->cosigner->options;
    if (strcmp(peer->said, sentence) == 0)
        return;
    snprintf(peer->said, sizeof peer->said, "%s", sentence);
    options->say(options->say_context, witness_of(peer)->name,
                 sentence[0] == '\0' ? "cosigns again" : sentence);
}

static void leave_in_peace(struct peer *peer, const char *why)
{
    peer->pause_ms = peer->pause_ms == 0 ? PAUSE_MS_MIN : 2 * peer->pause_ms;
    if (peer->pause_ms > PAUSE_MS_MAX)
        peer->pause_ms = PAUSE_MS_MAX;
    peer->quiet_until_ms = now_ms() + peer->pause_ms;
    say(peer, why);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static void contradict(struct peer *peer, const char *why)
{
    peer->contradicts = true;
    leave_in_peace(peer, why);
}

/* Adds the answer's lines to the note if they make this witness's cosignature. */
static void take_cosignature(struct peer *peer)
{
    struct cf_cosigner *cosigner = peer->cosigner;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf both;
    struct cf_note note;
    cf_buf_init(&both, CF_CHECKPOINT_SIZE_MAX);
    if (cf_buf_append(&both, cf_buf_bytes(&cosigner->note)) != CF_OK ||
        cf_buf_append(&both, cf_buf_bytes(&peer->answer)) != CF_OK ||
        cf_note_parse(cf_buf_bytes(&both), &note, NULL) != CF_OK ||
        cf_note_check(&note, &witness_of(peer)->key, NULL) != CF_OK) {
        leave_in_peace(peer, "answers with something that is no cosignature of its key");
        return;
    }
    cf_buf_clear(&cosigner->note);
    CF_ASSERT(cf_buf_append(&cosigner->note, cf_buf_bytes(&both)) == CF_OK);
    cosigner->cosigned |= bit_of(peer);
    peer->seen = cosigner->checkpoint.size;
    peer->pause_ms = 0;
    peer->contradicts = false;
    say(peer, "");
}

static void take_seen(struct peer *peer, bool first)
{
    uint64_t size;
    if (!first || cf_witness_read_seen(cf_buf_bytes(&peer->answer), &size) != CF_OK) {
        leave_in_peace(peer, "does not say clearly what it has seen");
    } else if (size > peer->cosigner->checkpoint.size) {
        char text[sizeof peer->said];
        snprintf(text, sizeof text,
                 "contradicts: it has cosigned %llu records, and here are %llu. The log was cut "
                 "back, or another one signs with its key",
                 (unsigned long long)size, (unsigned long long)peer->cosigner->checkpoint.size);
        contradict(peer, text);
    } else {
        peer->seen = size;
        peer->again = true;
    }
}

static void take_answer(struct peer *peer, bool first)
{
    char text[64];
    peer->again = false;
    switch (peer->http_status) {
    case 200:
        take_cosignature(peer);
        return;
    case 409:
        take_seen(peer, first);
        return;
    case 422:
        contradict(peer, "contradicts: what it has cosigned is not what this log begins with");
        return;
    case 0:
        leave_in_peace(peer, "cannot be reached");
        return;
    case 403:
        leave_in_peace(peer, "does not know the key that signs (403)");
        return;
    case 404:
        leave_in_peace(peer, "does not follow this log, or its URL is wrong (404)");
        return;
    default:
        snprintf(text, sizeof text, "refuses (%ld)", peer->http_status);
        leave_in_peace(peer, text);
    }
}

/* --- Asking ----------------------------------------------------------------------------------- */

static void on_answer(void *context, const struct cf_http_result *result)
{
    struct peer *peer = context;
    struct cf_cosigner *cosigner = peer->cosigner;
    pthread_mutex_lock(&cosigner->lock);
    if (result->status == CF_OK && cf_buf_append(&peer->answer, result->body) == CF_OK)
        peer->http_status = result->http_status;
    cosigner->out--;
    pthread_cond_signal(&cosigner->answered);
    pthread_mutex_unlock(&cosigner->lock);
}

static enum cf_status submit(struct peer *peer, struct cf_bytes body)
{
    struct cf_cosigner *cosigner = peer->cosigner;
    char url[URL_SIZE_MAX];
    snprintf(url, sizeof url, "%s/add-checkpoint", witness_of(peer)->url);
    const struct cf_http_call call = {.method = "POST",
                                      .url = url,
                                      .body = body,
                                      .timeout_ms = WITNESS_TIMEOUT_MS,
                                      .done = on_answer,
                                      .context = peer};
    pthread_mutex_lock(&cosigner->lock);
    cosigner->out++;
    pthread_mutex_unlock(&cosigner->lock);
    enum cf_status status = cf_http_client_submit(cosigner->http, &call);
    if (status == CF_OK)
        return CF_OK;
    pthread_mutex_lock(&cosigner->lock);
    cosigner->out--;
    pthread_mutex_unlock(&cosigner->lock);
    return status;
}

/* Sends the checkpoint as it was signed, without what others said of it. */
static enum cf_status ask(struct peer *peer, struct cf_bytes signed_note,
                          struct cf_fault *reterr_fault)
{
    const struct cf_cosigner *cosigner = peer->cosigner;
    struct cf_proof proof = {.count = 0};
    cf_buf_clear(&peer->answer);
    peer->http_status = 0;
    if (peer->seen > 0 && peer->seen < cosigner->checkpoint.size)
        CF_TRY(cf_range_consistency(cosigner->options.range, peer->seen, cosigner->checkpoint.size,
                                    &proof, reterr_fault));
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf body;
    cf_buf_init(&body, BODY_SIZE_MAX);
    if (cf_witness_request_append(peer->seen, &proof, signed_note, &body) != CF_OK ||
        submit(peer, cf_buf_bytes(&body)) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory to ask a witness");
    return CF_OK;
}

/* Asks these and takes their answers. */
static enum cf_status ask_all(struct cf_cosigner *cosigner, uint64_t asked, bool first,
                              struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf plain;
    struct cf_note note;
    enum cf_status status = CF_OK;
    cf_buf_init(&plain, CF_CHECKPOINT_SIZE_MAX);
    CF_TRY(cf_note_parse(cf_buf_bytes(&cosigner->note), &note, reterr_fault));
    if (cf_buf_append(&plain, note.text) != CF_OK || cf_buf_append_byte(&plain, '\n') != CF_OK ||
        cf_buf_append(&plain, note.signatures[0].line) != CF_OK)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory to ask a witness");
    uint64_t submitted = 0;
    for (size_t i = 0; i < cosigner->options.policy->witness_count && status == CF_OK; i++) {
        if ((asked >> i & 1) == 0)
            continue;
        status = ask(&cosigner->peers[i], cf_buf_bytes(&plain), reterr_fault);
        submitted |= status == CF_OK ? UINT64_C(1) << i : 0;
    }
    pthread_mutex_lock(&cosigner->lock);
    while (cosigner->out > 0)
        pthread_cond_wait(&cosigner->answered, &cosigner->lock);
    pthread_mutex_unlock(&cosigner->lock);
    for (size_t i = 0; i < cosigner->options.policy->witness_count; i++) {
        if ((submitted >> i & 1) != 0)
            take_answer(&cosigner->peers[i], first);
    }
    return status;
}

/* --- Rounds ----------------------------------------------------------------------------------- */

/* Takes up the newest checkpoint; forgets the one before when it is another. */
static enum cf_status look(struct cf_cosigner *cosigner, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf newest;
    struct cf_note note;
    struct cf_checkpoint checkpoint;
    cf_buf_init(&newest, CF_CHECKPOINT_SIZE_MAX);
    CF_TRY(cf_range_checkpoint(cosigner->options.range, &newest, reterr_fault));
    CF_TRY(cf_note_parse(cf_buf_bytes(&newest), &note, reterr_fault));
    CF_TRY(cf_checkpoint_parse(note.text, &checkpoint, reterr_fault));
    /* What the writer has not taken yet is ours alone; a writer that has lost some gets it again. */
    uint64_t cosigned = cf_witness_policy_cosigned(cosigner->options.policy, &note);
    cosigner->kept = cosigned;
    if (checkpoint.size == cosigner->checkpoint.size &&
        cf_hash_equal(&checkpoint.root, &cosigner->checkpoint.root) &&
        (cosigned & ~cosigner->cosigned) == 0)
        return CF_OK;
    cosigner->checkpoint = checkpoint;
    cosigner->cosigned = cosigned;
    cf_buf_clear(&cosigner->note);
    CF_ASSERT(cf_buf_append(&cosigner->note, cf_buf_bytes(&newest)) == CF_OK);
    return CF_OK;
}

static uint64_t to_ask(const struct cf_cosigner *cosigner)
{
    uint64_t asked = 0;
    int64_t now = now_ms();
    for (size_t i = 0; i < cosigner->options.policy->witness_count; i++) {
        if ((cosigner->cosigned >> i & 1) == 0 && cosigner->peers[i].quiet_until_ms <= now)
            asked |= UINT64_C(1) << i;
    }
    return asked;
}

static uint64_t to_ask_again(const struct cf_cosigner *cosigner, uint64_t asked)
{
    uint64_t again = 0;
    for (size_t i = 0; i < cosigner->options.policy->witness_count; i++) {
        if ((asked >> i & 1) != 0 && cosigner->peers[i].again)
            again |= UINT64_C(1) << i;
    }
    return again;
}

enum cf_status cf_cosigner_round(struct cf_cosigner *cosigner,
                                 struct cf_cosigner_outcome *ret_outcome,
                                 struct cf_fault *reterr_fault)
{
    const struct cf_witness_policy *policy = cosigner->options.policy;
    *ret_outcome = (struct cf_cosigner_outcome){.size = 0};
    enum cf_status status = look(cosigner, reterr_fault);
    if (status == CF_NOT_FOUND)
        return CF_OK; /* nothing is signed yet */
    CF_TRY(status);
    uint64_t asked = to_ask(cosigner);
    if (asked != 0)
        CF_TRY(ask_all(cosigner, asked, true, reterr_fault));
    asked = to_ask_again(cosigner, asked);
    if (asked != 0)
        CF_TRY(ask_all(cosigner, asked, false, reterr_fault));
    bool holds = cf_witness_policy_holds(policy, cosigner->cosigned);
    if (holds && cosigner->cosigned != cosigner->kept)
        CF_TRY(cf_link_cosigned(cosigner->options.link, cf_buf_bytes(&cosigner->note),
                                WRITER_TIMEOUT_MS, reterr_fault));
    ret_outcome->size = cosigner->checkpoint.size;
    ret_outcome->cosigned = cosigner->cosigned;
    ret_outcome->published = holds;
    for (size_t i = 0; i < policy->witness_count; i++)
        ret_outcome->contradicted = ret_outcome->contradicted || cosigner->peers[i].contradicts;
    return CF_OK;
}

/* --- Opening and closing ---------------------------------------------------------------------- */

enum cf_status cf_cosigner_open(const struct cf_cosigner_options *options,
                                struct cf_cosigner **ret_cosigner, struct cf_fault *reterr_fault)
{
    for (size_t i = 0; i < options->policy->witness_count; i++) {
        if (options->policy->witnesses[i].url[0] == '\0')
            CF_FAIL_ON(reterr_fault, CF_INVALID, "the policy has a witness without a URL", "%s",
                       options->policy->witnesses[i].name);
    }
    CF_CLEANUP(cf_scope_cf_cosigner_close)
    struct cf_cosigner *cosigner = calloc(1, sizeof *cosigner);
    if (cosigner == NULL)
        CF_FAIL(reterr_fault, CF_NO_MEMORY, "no memory for a cosigner");
    cosigner->options = *options;
    pthread_mutex_init(&cosigner->lock, NULL);
    pthread_cond_init(&cosigner->answered, NULL);
    cf_buf_init(&cosigner->note, CF_CHECKPOINT_SIZE_MAX);
    for (size_t i = 0; i < CF_WITNESS_POLICY_WITNESSES_MAX; i++) {
        cosigner->peers[i].cosigner = cosigner;
        cf_buf_init(&cosigner->peers[i].answer, CF_CHECKPOINT_SIZE_MAX);
    }
    const struct cf_http_client_options http = {.body_size_max = CF_CHECKPOINT_SIZE_MAX,
                                                .user_agent = "coffer"};
    CF_TRY(cf_http_client_open(&http, &cosigner->http, reterr_fault));
    *ret_cosigner = CF_TAKE(cosigner);
    return CF_OK;
}

void cf_cosigner_close(struct cf_cosigner *cosigner)
{
    if (cosigner == NULL)
        return;
    cf_http_client_close(cosigner->http);
    for (size_t i = 0; i < CF_WITNESS_POLICY_WITNESSES_MAX; i++)
        cf_buf_clean_up(&cosigner->peers[i].answer);
    cf_buf_clean_up(&cosigner->note);
    pthread_cond_destroy(&cosigner->answered);
    pthread_mutex_destroy(&cosigner->lock);
    free(cosigner);
}
