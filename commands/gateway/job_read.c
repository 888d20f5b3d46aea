/* SPDX-License-Identifier: Apache-2.0 */
/* What a job has to know: the asking event, the payer's customer, whose thing an object is. */
#include "commands/gateway/gateway_private.h"

#define CHUNK_SIZE ((size_t)256 << 10)
#define USER_RECORDS_MAX 64

enum cf_status cf_job__read_event(struct cf_job *job)
{
    struct cf_range_records *chunk = &job->gateway->chunk;
    bool inside = chunk->count > 0 && job->sequence >= chunk->first &&
                  job->sequence - chunk->first < chunk->count;
    if (!inside)
        CF_TRY(cf_range_read(job->gateway->range, job->sequence, CHUNK_SIZE, chunk, NULL));
    if (chunk->count == 0 || chunk->first > job->sequence)
        return CF_CORRUPT;
    job->task.kind = job->kind;
    job->task.subject = job->subject;
    job->task.sequence = job->sequence;
    cf_buf_clear(&job->record);
    CF_TRY(cf_buf_append(&job->record, chunk->records[job->sequence - chunk->first]));
    CF_TRY(cf_record_decode(cf_buf_bytes(&job->record), &job->task.record, NULL));
    return cf_record_event(&job->task.record, &job->task.event, NULL);
}

/* Customers. */

char *cf_job__customer_slot(struct cf_gateway *gateway, struct cf_id user_id)
{
    size_t slot = (size_t)(user_id.bytes[14] << 8 | user_id.bytes[15]) % CF_GATEWAY_CUSTOMERS;
    if (!cf_id_equal(gateway->customers[slot].user_id, user_id)) {
        gateway->customers[slot].user_id = user_id;
        gateway->customers[slot].customer[0] = '\0';
    }
    return gateway->customers[slot].customer;
}

/* The customer that a record of the person's stream links; false where it does not. */
static bool read_customer(struct cf_gateway *gateway, uint64_t sequence,
                          char ret_customer[CF_PORT_NAME_SIZE])
{
    struct cf_range_records records = {0};
    struct cf_record record;
    struct cf_event event;
    bool found = false;
    if (cf_range_read(gateway->range, sequence, 1, &records, NULL) == CF_OK && records.count > 0 &&
        cf_record_decode(records.records[0], &record, NULL) == CF_OK &&
        record.event_number == CF_EVENT_USER_CUSTOMER_LINKED &&
        cf_record_event(&record, &event, NULL) == CF_OK &&
        event.user_customer_linked.customer.size < CF_PORT_NAME_SIZE) {
        struct cf_bytes name = event.user_customer_linked.customer;
        memcpy(ret_customer, name.data, name.size);
        ret_customer[name.size] = '\0';
        found = true;
    }
    cf_range_records_clean_up(&records);
    return found;
}

bool cf_job__find_customer(struct cf_job *job, struct cf_id user_id)
{
    char *known = cf_job__customer_slot(job->gateway, user_id);
    uint64_t sequences[USER_RECORDS_MAX];
    uint32_t version = 1;
    size_t got = 0;
    do {
        if (known[0] != '\0' || cf_range_stream(job->gateway->range, user_id, version, sequences,
                                                USER_RECORDS_MAX, &got, NULL) != CF_OK)
            break;
        for (size_t i = 0; i < got && known[0] == '\0'; i++)
            read_customer(job->gateway, sequences[i], known);
        version += (uint32_t)got;
    } while (got == USER_RECORDS_MAX && known[0] == '\0');
    memcpy(job->customer, known, CF_PORT_NAME_SIZE);
    return known[0] != '\0';
}

/* Which of our things an object belongs to: what we wrote on it, else what we know its name for. */
void cf_job__find_subject(struct cf_job *job, struct cf_task_subject *ret_subject)
{
    const struct cf_port_result *result = &job->result;
    struct cf_range_client *range = job->gateway->range;
    *ret_subject = (struct cf_task_subject){
        .pledge_id = result->pledge_id, .payout_id = result->payout_id, .user_id = result->user_id};
    if (job->kind == CF_REQUEST_PROVIDER_NEWS)
        cf_task_subject_of_key(job->task.event.provider_event_received.request_key, ret_subject);
    const struct {
        struct cf_id *id;
        enum cf_lookup_kind kind;
        const char *name;
    } names[] = {
        {&ret_subject->pledge_id, CF_LOOKUP_INTENT, result->intent},
        {&ret_subject->pledge_id, CF_LOOKUP_CHARGE, result->charge},
        {&ret_subject->refund_id, CF_LOOKUP_REFUND, result->id},
        {&ret_subject->payout_id, CF_LOOKUP_BANK_PAYOUT, result->id},
        {&ret_subject->user_id, CF_LOOKUP_ACCOUNT, result->id},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct cf_id found;
        if (cf_id_is_zero(*names[i].id) && names[i].name[0] != '\0' &&
            cf_range_lookup(range, (uint32_t)names[i].kind, cf_bytes_from_text(names[i].name),
                            &found, NULL) == CF_OK)
            *names[i].id = found;
    }
    /* What is written on it comes second: nobody keeps others from copying that. */
    if (cf_id_is_zero(ret_subject->refund_id))
        ret_subject->refund_id = result->refund_id;
}
