/* SPDX-License-Identifier: Apache-2.0 */
#include "eventstore/witness.h"

#include "api/server.h"
#include "tools/cli/cli.h"
#include "tools/cli/listen.h"
#include "tools/cli/options.h"
#include "tools/cli/process.h"

#include <stdio.h>
#include <time.h>

static uint64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec;
}

/* POST /add-checkpoint and GET /<hex>/checkpoint. */
static void handle(void *context, struct cf_http_request *request)
{
    struct cf_witness *witness = context;
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf body;
    cf_buf_init(&body, CF_WITNESS_REPLY_SIZE_MAX);
    struct cf_witness_reply reply = {.status = 404, .content_type = "text/plain", .body = body};
    if (request->method == CF_HTTP_POST &&
        cf_bytes_equal(request->path, CF_BYTES_LITERAL("/add-checkpoint")))
        cf_witness_add(witness, request->body, now_s(), &reply);
    else if (request->method == CF_HTTP_GET && request->path.size > 1)
        cf_witness_get(witness, cf_bytes_from(request->path.data + 1, request->path.size - 1),
                       &reply);
    const struct cf_http_header type = {"Content-Type", reply.content_type};
    cf_http_respond(request, &(struct cf_http_response){.status = reply.status,
                                                        .headers = &type,
                                                        .header_count = 1,
                                                        .body = cf_buf_bytes(&reply.body)});
    body = reply.body;
}

/* The witness's own key, made on the first start. */
static enum cf_status own_key(const struct cf_data_dir *dir, const char *name,
                              struct cf_note_signer *ret_signer, struct cf_fault *reterr_fault)
{
    CF_TRY(cf_data_dir_make(dir, "keys", reterr_fault));
    struct cf_data_dir_path path = cf_data_dir_path(dir, "keys/witness");
    enum cf_status status = cf_checkpoint_key_read(path.text, ret_signer, reterr_fault);
    if (status == CF_NOT_FOUND)
        status = cf_checkpoint_key_create(path.text, name, CF_NOTE_COSIGNATURE, ret_signer,
                                          reterr_fault);
    if (status == CF_OK && ret_signer->verifier.kind != CF_NOTE_COSIGNATURE)
        CF_FAIL_ON(reterr_fault, CF_INVALID, "the key is no witness's", "%s", path.text);
    return status;
}

static enum cf_status serve(struct cf_process *process, struct cf_witness *witness,
                            const struct cf_listen *listen, const struct cf_note_signer *signer,
                            struct cf_fault *reterr_fault)
{
    struct cf_http_server *server;
    const struct cf_http_server_options options = {
        CF_HTTP_SERVER_OPTIONS_DEFAULT,
        .address = listen->address,
        .port = listen->port,
        .thread_count = 1,
        .handle = handle,
        .context = witness,
    };
    CF_TRY(cf_http_server_open(&options, &server, reterr_fault));
    CF_CLEANUP(cf_buf_clean_up) struct cf_buf key;
    cf_buf_init(&key, 1024);
    enum cf_status status = cf_note_verifier_append(&signer->verifier, &key);
    if (status == CF_OK)
        status = cf_process_ready(process, reterr_fault);
    if (status == CF_OK) {
        printf("coffer witness: http://%s:%u key %.*s\n", listen->address,
               cf_http_server_port(server), (int)key.size, (const char *)key.data);
        fflush(stdout);
        cf_process_wait(process, 0);
    }
    cf_process_end(process);
    cf_http_server_close(server);
    return status;
}

int cf_cli_witness(int argc, char **argv)
{
    const char *data = NULL, *listen_text = "127.0.0.1:0", *name = "coffer.local/witness";
    const char *keys[CF_WITNESS_LOGS_MAX] = {NULL};
    const struct cf_option options[] = {
        CF_OPTION_TEXT("data", &data, "DIR", "a data directory of the witness's own"),
        CF_OPTION_TEXT("witness-listen", &listen_text, "ADDRESS:PORT", "where it listens"),
        CF_OPTION_TEXT("name", &name, "NAME", "its name, when its key is made"),
    };
    const struct cf_usage usage = {"witness LOG_KEY...", options,
                                   sizeof options / sizeof options[0], 1, CF_WITNESS_LOGS_MAX};
    enum cf_exit stop;
    if (!cf_options_read(&usage, argc, argv, keys, &stop))
        return stop;
    cf_sodium_init();
    struct cf_fault fault = {0};
    struct cf_note_verifier logs[CF_WITNESS_LOGS_MAX];
    size_t count = 0;
    for (; count < CF_WITNESS_LOGS_MAX && keys[count] != NULL; count++) {
        if (cf_note_verifier_parse(cf_bytes_from_text(keys[count]), &logs[count], &fault) != CF_OK)
            return cf_cli_fail("witness", &fault);
    }
    struct cf_listen listen;
    struct cf_process process;
    struct cf_note_signer signer;
    CF_CLEANUP(cf_scope_cf_witness_close) struct cf_witness *witness = NULL;
    if (cf_listen_parse(listen_text, &listen, &fault) != CF_OK ||
        cf_process_begin(&process, "witness", data, &fault) != CF_OK ||
        own_key(&process.dir, name, &signer, &fault) != CF_OK)
        return cf_cli_fail("witness", &fault);
    struct cf_data_dir_path directory = cf_data_dir_path(&process.dir, "witness");
    if (cf_witness_open(directory.text, &signer, logs, count, &witness, &fault) != CF_OK ||
        serve(&process, witness, &listen, &signer, &fault) != CF_OK)
        return cf_cli_fail("witness", &fault);
    return CF_EXIT_GOOD;
}
