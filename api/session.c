/* SPDX-License-Identifier: Apache-2.0 */
#include "api/session.h"

#include "eventstore/sodium.h"

#include <pthread.h>
#include <stdlib.h>

/* A place for one session; a newer one takes the place of an older one. */
struct entry {
    struct cf_hash token_hash;
    struct cf_id user_id;
    int64_t kept_until_us;
};

struct cf_sessions {
    pthread_mutex_t mutex;
    struct entry entries[CF_SESSIONS_MAX];
};

enum cf_status cf_sessions_new(struct cf_sessions **ret_sessions)
{
    struct cf_sessions *sessions = calloc(1, sizeof *sessions);
    if (sessions == NULL)
        return CF_NO_MEMORY;
    pthread_mutex_init(&sessions->mutex, NULL);
    *ret_sessions = sessions;
    return CF_OK;
}

void cf_sessions_destroy(struct cf_sessions *sessions)
{
    if (sessions == NULL)
        return;
    pthread_mutex_destroy(&sessions->mutex);
    free(sessions);
}

static struct entry *place_of(struct cf_sessions *sessions, const struct cf_hash *token_hash)
{
    uint32_t number;
    memcpy(&number, token_hash->bytes, sizeof number);
    return &sessions->entries[number % CF_SESSIONS_MAX];
}

static bool is_for(const struct entry *entry, const struct cf_hash *token_hash)
{
    return cf_secret_equal(&entry->token_hash, token_hash, sizeof *token_hash);
}

bool cf_sessions_find(struct cf_sessions *sessions, struct cf_bytes token, int64_t now_us,
                      struct cf_id *ret_user_id)
{
    struct cf_hash hash;
    cf_sha256(token, &hash);
    pthread_mutex_lock(&sessions->mutex);
    const struct entry *entry = place_of(sessions, &hash);
    bool found = is_for(entry, &hash) && now_us < entry->kept_until_us;
    if (found)
        *ret_user_id = entry->user_id;
    pthread_mutex_unlock(&sessions->mutex);
    return found;
}

void cf_sessions_remember(struct cf_sessions *sessions, struct cf_bytes token,
                          const struct cf_id *user_id, int64_t now_us)
{
    struct cf_hash hash;
    cf_sha256(token, &hash);
    pthread_mutex_lock(&sessions->mutex);
    *place_of(sessions, &hash) = (struct entry){
        .token_hash = hash, .user_id = *user_id, .kept_until_us = now_us + CF_SESSION_KEPT_US};
    pthread_mutex_unlock(&sessions->mutex);
}

void cf_sessions_forget(struct cf_sessions *sessions, struct cf_bytes token)
{
    struct cf_hash hash;
    cf_sha256(token, &hash);
    pthread_mutex_lock(&sessions->mutex);
    struct entry *entry = place_of(sessions, &hash);
    if (is_for(entry, &hash))
        *entry = (struct entry){0};
    pthread_mutex_unlock(&sessions->mutex);
}
