/* server/generate/prefill.c - see prefill.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/prefill.h"

#include <string.h>

#include "base/json.h"
#include "server/generate/conversation.h"
#include "server/http/server.h"

static bool is_assistant(const cJSON *message)
{
    const cJSON *role = json_get(message, "role");
    return cJSON_IsString(role) && strcmp(role->valuestring, "assistant") == 0;
}

/* Calls of tools alone are no words to go on with. */
static bool has_text(const cJSON *message)
{
    const cJSON *content = json_get(message, "content");
    if (cJSON_IsString(content)) return content->valuestring[0] != '\0';
    return cJSON_IsArray(content) && content->child != NULL;
}

bool prefill_apply(struct conversation *c, const struct server_options *o, const cJSON *body,
                   struct error *err)
{
    bool said = json_get(body, "add_generation_prompt") != NULL ||
                json_get(body, "continue_final_message") != NULL;
    const cJSON *first = c->messages == NULL ? NULL : c->messages->child;
    if (!o->prefill_assistant || said || first == NULL) return true;
    const cJSON *last = first->prev; /* cJSON: the first child's prev is the last */
    if (!is_assistant(last) || !has_text(last)) return true;
    if (last != first && is_assistant(last->prev)) {
        return error_set(err, ERROR_INVALID_VALUE, "messages",
                         "the last two messages are both the assistant's: only one can be gone on "
                         "with (prefill-assistant)");
    }
    c->continue_final = true;
    c->add_generation_prompt = false;
    return true;
}
