/* SPDX-License-Identifier: Apache-2.0 */
#include "core/time.h"
#include "tools/sample/sample.h"

#include <stdio.h>

struct reward {
    const char *title;
    const char *description;
    int64_t minimum;
    int64_t limit; /* 0 for as many as are wanted */
};

struct campaign {
    const char *slug;
    const char *title;
    const char *model;
    const char *category;
    const char *currency;
    int64_t goal;
    int64_t pledge;
    int days;
    const char *story;
    struct reward rewards[3];
};

static const struct campaign campaigns[CF_SAMPLE_CAMPAIGN_COUNT] = {
    {"night-train-atlas",
     "The Night Train Atlas",
     "aon",
     "Publishing",
     "EUR",
     1800000,
     4200,
     21,
     "A hand-drawn atlas of every sleeper train that still crosses Europe after dark.\n\n"
     "Two hundred and forty pages, one map for each line, and the story of somebody who works on "
     "it. We have ridden all of them; the drawings are done. What is missing is the printing.",
     {{"Digital atlas", "All maps as high-resolution files.", 1500, 0},
      {"The atlas", "The printed book, thread-sewn, with a ribbon.", 4200, 0},
      {"Signed, with a drawing", "The book, and the line of your choice drawn by hand.", 12000,
       60}}},
    {"rooftop-bees",
     "Bees for Forty Rooftops",
     "kia",
     "Community",
     "EUR",
     600000,
     2500,
     30,
     "Forty schools have a flat roof and children who ask where honey comes from.\n\n"
     "Each hive costs 150 euros with its first colony. Every hive that is paid for goes up, "
     "whether there are three in the end or forty.",
     {{"A postcard from the hive", "Drawn by the class that keeps it.", 1000, 0},
      {"A jar of the first honey", "From the roof that you helped.", 3500, 200}}},
    {"tape-loop",
     "Tape Loop: a Synthesizer You Can Repair",
     "hybrid",
     "Technology",
     "USD",
     4500000,
     18900,
     28,
     "Everything is screwed, nothing is glued, and every part has a number that you can order.\n\n"
     "From the fixed goal on we build. What comes on top buys the second voice and the wooden "
     "case.",
     {{"The schematics", "Complete, with sources.", 2000, 0},
      {"The kit", "All parts and an evening's work.", 14900, 150},
      {"Built and tested", "Ready to play.", 21900, 100}}},
    {"last-projectionist",
     "The Last Projectionist",
     "aon",
     "Film & Video",
     "GBP",
     2200000,
     3000,
     14,
     "A documentary about the woman who has run the same 35 mm projector since 1974, and about the "
     "week in which it is switched off.",
     {{"The film", "As a download on the day it comes out.", 1000, 0},
      {"Your name in the credits", "And the film.", 5000, 300}}},
    {"sourdough-bike",
     "A Bakery on a Bicycle",
     "kia",
     "Food",
     "USD",
     350000,
     1800,
     35,
     "An oven, three shelves and a bell. The route goes where there has been no baker for ten "
     "years.",
     {{"A loaf", "On the route, whenever we meet.", 800, 0},
      {"Name the oven", "Painted on its door.", 25000, 1}}},
    {"folk-songs-of-the-delta",
     "Forgotten Songs of the Delta",
     "hybrid",
     "Music",
     "EUR",
     900000,
     2200,
     25,
     "Recordings from eleven villages, made in kitchens, with the people who still know the words.",
     {{"The album", "As files, with all texts.", 1200, 0},
      {"On vinyl", "Two records and the book of texts.", 3800, 400}}},
};

/* Does one step of the n-th campaign as a person; `ret_answer` may be NULL. The body is taken. */
static enum cf_status step(struct cf_sample *sample, int n, const char *name, const char *path,
                           const struct cf_sample_person *person, struct cf_json *taken_body,
                           struct cf_json **ret_answer, struct cf_fault *reterr_fault)
{
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *body = taken_body;
    char key[64];
    snprintf(key, sizeof key, "sample:campaign:%d:%s", n, name);
    const struct cf_client_call call = {
        .method = "POST", .path = path, .token = person->token, .key = key, .body = body};
    return cf_client_do(sample->api, &call, ret_answer, reterr_fault);
}

static enum cf_status draft(struct cf_sample *sample, int n, const struct cf_sample_person *creator,
                            struct cf_sample_campaign *ret_campaign, struct cf_fault *reterr_fault)
{
    const struct campaign *campaign = &campaigns[n];
    char ends_at[CF_TIME_TEXT_SIZE];
    cf_time_print(sample->logins.made_us + campaign->days * CF_DAY_US, ends_at);
    struct cf_json *body = cf_json_object();
    cf_json_set_text(body, "slug", campaign->slug);
    cf_json_set_text(body, "title", campaign->title);
    cf_json_set_text(body, "story", campaign->story);
    cf_json_set_text(body, "model", campaign->model);
    cf_json_set_text(body, "category", campaign->category);
    cf_json_set_text(body, "currency", campaign->currency);
    cf_json_set_integer(body, "goal", campaign->goal);
    cf_json_set_text(body, "ends_at", ends_at);
    CF_CLEANUP(cf_scope_cf_json_destroy) struct cf_json *answer = NULL;
    CF_TRY(step(sample, n, "draft", "/api/v1/campaigns", creator, body, &answer, reterr_fault));
    const char *id = cf_json_text_at(answer, "campaign_id");
    if (id == NULL || strlen(id) >= sizeof ret_campaign->id)
        CF_FAIL(reterr_fault, CF_CORRUPT, "the API drafted a campaign without saying which");
    memcpy(ret_campaign->id, id, strlen(id) + 1);
    ret_campaign->currency = campaign->currency;
    ret_campaign->pledge_minor = campaign->pledge;
    return CF_OK;
}

static enum cf_status add_rewards(struct cf_sample *sample, int n, const char *id,
                                  const struct cf_sample_person *creator,
                                  struct cf_fault *reterr_fault)
{
    char path[128], name[16];
    snprintf(path, sizeof path, "/api/v1/campaigns/%s/rewards", id);
    for (int i = 0; i < 3 && campaigns[n].rewards[i].title != NULL; i++) {
        const struct reward *reward = &campaigns[n].rewards[i];
        struct cf_json *body = cf_json_object();
        cf_json_set_text(body, "title", reward->title);
        cf_json_set_text(body, "description", reward->description);
        cf_json_set_integer(body, "minimum", reward->minimum);
        if (reward->limit > 0)
            cf_json_set_integer(body, "limit", reward->limit);
        snprintf(name, sizeof name, "reward-%d", i);
        CF_TRY(step(sample, n, name, path, creator, body, NULL, reterr_fault));
    }
    return CF_OK;
}

/* The terms that a moderator sets. */
static struct cf_json *approval(void)
{
    struct cf_json *body = cf_json_object();
    cf_json_set_integer(body, "platform_fee_bps", 500);
    cf_json_set_text(body, "processor_fee_bearer", "creator");
    cf_json_set_integer(body, "reserve_bps", 1000);
    cf_json_set_integer(body, "reserve_days", 30);
    return body;
}

enum cf_status cf_sample_campaign(struct cf_sample *sample, int n,
                                  const struct cf_sample_person *creator,
                                  const struct cf_sample_person *moderator,
                                  struct cf_sample_campaign *ret_campaign,
                                  struct cf_fault *reterr_fault)
{
    CF_TRY(draft(sample, n, creator, ret_campaign, reterr_fault));
    const char *id = ret_campaign->id;
    CF_TRY(add_rewards(sample, n, id, creator, reterr_fault));
    char path[128];
    snprintf(path, sizeof path, "/api/v1/campaigns/%s/submit", id);
    CF_TRY(step(sample, n, "submit", path, creator, cf_json_object(), NULL, reterr_fault));
    snprintf(path, sizeof path, "/api/v1/campaigns/%s/approve", id);
    CF_TRY(step(sample, n, "approve", path, moderator, approval(), NULL, reterr_fault));
    snprintf(path, sizeof path, "/api/v1/campaigns/%s/launch", id);
    return step(sample, n, "launch", path, creator, cf_json_object(), NULL, reterr_fault);
}
