/* engine/template/context.c - what transformers shows to a chat template.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <string.h>

#include "base/json.h"
#include "engine/template/template.h"

/* Where a message may carry its reasoning, in the order transformers looks. */
static const char *const reasoning_fields[] = {"reasoning_content", "thinking", "reasoning"};

/* A message's reasoning becomes reasoning_content, and thinking unless it has one. A template that
 * prints the keys of a message sees thinking first, as there. */
static bool alias_reasoning(cJSON *message)
{
    const cJSON *reasoning = NULL;
    for (size_t i = 0; reasoning == NULL && i < 3; i++) {
        reasoning = json_get(message, reasoning_fields[i]);
    }
    if (reasoning == NULL) return true;
    cJSON *content = cJSON_Duplicate(reasoning, true);
    if (cJSON_GetObjectItemCaseSensitive(message, "thinking") == NULL) {
        cJSON *thinking = cJSON_Duplicate(reasoning, true);
        if (!json_replace(message, "thinking", thinking)) {
            cJSON_Delete(content);
            return false;
        }
        cJSON_DetachItemViaPointer(message, thinking);
        if (!cJSON_InsertItemInArray(message, 0, thinking)) {
            cJSON_Delete(thinking);
            cJSON_Delete(content);
            return false;
        }
    }
    return json_replace(message, "reasoning_content", content);
}

static bool check(const cJSON *messages, const cJSON *tools, const cJSON *kwargs, struct error *err)
{
    int i = 0;
    const cJSON *message;
    if (!cJSON_IsArray(messages)) {
        return error_set(err, ERROR_INVALID_TYPE, "messages", "messages must be an array, not %s",
                         json_type_name(messages));
    }
    cJSON_ArrayForEach(message, messages)
    {
        if (!cJSON_IsObject(message)) {
            error_set(err, ERROR_INVALID_TYPE, NULL, "a message must be an object, not %s",
                      json_type_name(message));
            return error_in(err, "messages[%d]", i);
        }
        i++;
    }
    if (tools != NULL && !cJSON_IsNull(tools) && !cJSON_IsArray(tools)) {
        return error_set(err, ERROR_INVALID_TYPE, "tools", "tools must be an array, not %s",
                         json_type_name(tools));
    }
    if (kwargs != NULL && !cJSON_IsNull(kwargs) && !cJSON_IsObject(kwargs)) {
        return error_set(err, ERROR_INVALID_TYPE, "chat_template_kwargs",
                         "chat_template_kwargs must be an object, not %s", json_type_name(kwargs));
    }
    return true;
}

static bool fill(cJSON *context, const cJSON *messages, const cJSON *tools,
                 bool add_generation_prompt, const char *bos, const char *eos, const cJSON *kwargs)
{
    cJSON *copy = cJSON_Duplicate(messages, true), *message;
    if (!json_replace(context, "messages", copy)) return false;
    cJSON_ArrayForEach(message, copy)
    {
        if (!alias_reasoning(message)) return false;
    }
    if (!json_replace(context, "tools",
                      tools == NULL ? cJSON_CreateNull() : cJSON_Duplicate(tools, true)) ||
        !json_replace(context, "documents", cJSON_CreateNull()) ||
        !json_replace(context, "add_generation_prompt", cJSON_CreateBool(add_generation_prompt))) {
        return false;
    }
    if (bos != NULL && !json_replace(context, "bos_token", cJSON_CreateString(bos))) return false;
    if (eos != NULL && !json_replace(context, "eos_token", cJSON_CreateString(eos))) return false;
    const cJSON *more;
    cJSON_ArrayForEach(more, kwargs)
    {
        static const char *const fixed[] = {"messages", "tools", "add_generation_prompt"};
        bool skip = false;
        for (size_t i = 0; i < 3; i++) {
            skip = skip || strcmp(more->string, fixed[i]) == 0;
        }
        if (!skip && !json_replace(context, more->string, cJSON_Duplicate(more, true))) {
            return false;
        }
    }
    return true;
}

cJSON *template_context_new(const cJSON *messages, const cJSON *tools, bool add_generation_prompt,
                            const char *bos, const char *eos, const cJSON *kwargs,
                            struct error *err)
{
    if (!check(messages, tools, kwargs, err)) return NULL;
    cJSON *context = cJSON_CreateObject();
    if (context == NULL ||
        !fill(context, messages, tools, add_generation_prompt, bos, eos, kwargs)) {
        cJSON_Delete(context);
        error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the template's context");
        return NULL;
    }
    return context;
}
