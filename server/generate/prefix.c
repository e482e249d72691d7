/* server/generate/prefix.c - see prefix.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/prefix.h"

#include <string.h>

#include "base/json.h"
#include "server/generate/conversation.h"

/* The conversation up to the assistant's last message, that included; NULL: there is none, or no
 * memory. One walk each: lists of messages are as long as a body holds. */
static cJSON *said_before(const struct conversation *talk)
{
    const cJSON *last = NULL, *m;
    cJSON_ArrayForEach(m, talk->messages)
    {
        const cJSON *role = json_get(m, "role");
        if (cJSON_IsString(role) && strcmp(role->valuestring, "assistant") == 0) last = m;
    }
    cJSON *before = last == NULL ? NULL : cJSON_CreateArray();
    for (m = talk->messages->child; before != NULL; m = m->next) {
        cJSON *copy = cJSON_Duplicate(m, true);
        if (copy == NULL || !cJSON_AddItemToArray(before, copy)) {
            cJSON_Delete(copy);
            cJSON_Delete(before);
            return NULL;
        }
        if (m == last) break;
    }
    return before;
}

/* How many of the prompt's ids are of what was said up to there. */
static bool count_before(const struct prefix_of *p, size_t *n, struct error *err)
{
    struct conversation before = *p->talk;
    struct tokens ids = {0};
    struct buffer text;
    cJSON *messages = said_before(&before);
    before.messages = messages;
    before.add_generation_prompt = before.continue_final = false;
    buffer_init(&text, p->most_text);
    bool ok =
        messages != NULL && conversation_render(&before, p->engine, p->arena, &text, err) &&
        engine_tokenize(p->engine, buffer_span(&text), before.add_special_tokens, true, &ids, err);
    *n = ids.n;
    tokens_clear(&ids);
    buffer_clear(&text);
    cJSON_Delete(messages);
    return ok || err->code != ERROR_NONE
               ? ok
               : error_set(err, ERROR_INVALID_VALUE, "required_prefix_token_ids",
                           "there is no message of the assistant's that the prefix could end with");
}

bool prefix_put(const struct prefix_of *p, const struct id_list *prefix, struct tokens *ids,
                struct error *err)
{
    struct tokens joined = {0};
    int eos = engine_info(p->engine)->eos_token;
    size_t at = 0, n = (size_t)prefix->n;
    if (n == 0) return true;
    if (!count_before(p, &at, err)) return false;
    if (at > ids->n) at = ids->n;
    while (at > 0 && ids->ids[at - 1] != eos) {
        at--;
    }
    if (at == 0) {
        return error_set(err, ERROR_INVALID_VALUE, "required_prefix_token_ids",
                         "the template ends no turn of what was said with the model's end token");
    }
    if (prefix->ids[n - 1] == eos) n--;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        ok = tokens_push(&joined, prefix->ids[i], err);
    }
    for (size_t i = at - 1; ok && i < ids->n; i++) {
        ok = tokens_push(&joined, ids->ids[i], err);
    }
    tokens_clear(ok ? ids : &joined);
    if (ok) *ids = joined;
    return ok;
}
