/* SPDX-License-Identifier: Apache-2.0 */
#include "projections/model.h"

#include "core/base/assert.h"

#define CF_MODEL(name) extern const struct cf_model cf_model_##name;
#include "projections/models.def"
#undef CF_MODEL

static const struct cf_model *const models[] = {
#define CF_MODEL(name) &cf_model_##name,
#include "projections/models.def"
#undef CF_MODEL
};

size_t cf_model_count(void)
{
    return sizeof models / sizeof models[0];
}

const struct cf_model *cf_model_at(size_t index)
{
    CF_ASSERT(index < cf_model_count());
    return models[index];
}

const struct cf_model *cf_model_find(const char *name)
{
    for (size_t i = 0; i < cf_model_count(); i++) {
        if (strcmp(models[i]->name, name) == 0)
            return models[i];
    }
    return NULL;
}

enum cf_status cf_model_apply(const struct cf_model *model, struct cf_fold *fold,
                              const struct cf_event *event)
{
    CF_ASSERT((size_t)event->type < CF_EVENT_NUMBER_LIMIT);
    cf_handler_fn *handler = model->handlers[event->type];
    fold->status = CF_OK;
    fold->lines = 0;
    if (handler == NULL)
        return CF_OK;
    CF_TRY(handler(fold, event));
    return fold->status;
}
