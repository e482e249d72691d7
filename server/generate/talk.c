/* server/generate/talk.c - see talk.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/talk.h"

#include <string.h>

#include "base/json.h"
#include "server/generate/thoughts.h"
#include "server/http/state.h"

static bool no_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the messages");
}

/* ---- trees ---- */

void talk_clear(struct talk *t)
{
    cJSON_Delete(t->made);
    t->made = NULL;
}

bool talk_put(cJSON *object, const char *name, cJSON *value, struct error *err)
{
    if (value != NULL && cJSON_AddItemToObject(object, name, value)) return true;
    cJSON_Delete(value);
    return no_memory(err);
}

static bool keep(struct talk *t, const char *name, cJSON *tree, struct error *err)
{
    if (t->made == NULL) t->made = cJSON_CreateObject();
    if (t->made != NULL) return talk_put(t->made, name, tree, err);
    cJSON_Delete(tree);
    return no_memory(err);
}

cJSON *talk_make_list(struct talk *t, const char *name, struct error *err)
{
    cJSON *list = cJSON_CreateArray();
    return keep(t, name, list, err) ? list : NULL;
}

cJSON *talk_add_turn(cJSON *messages, const char *role, struct error *err)
{
    cJSON *turn = cJSON_CreateObject();
    if (turn == NULL || !cJSON_AddItemToArray(messages, turn)) {
        cJSON_Delete(turn);
        no_memory(err);
        return NULL;
    }
    return talk_put(turn, "role", cJSON_CreateString(role), err) ? turn : NULL;
}

bool talk_think(struct completion *c, struct talk *t, bool on, struct error *err)
{
    static const char *const names[] = {"enable_thinking", "thinking"};
    struct conversation *talk = &t->conversation;
    cJSON *kwargs =
        talk->kwargs == NULL ? cJSON_CreateObject() : cJSON_Duplicate(talk->kwargs, true);
    if (!keep(t, "kwargs", kwargs, err)) return false;
    talk->kwargs = kwargs;
    if (!on && c->params.engine.think_budget < 0) c->params.engine.think_budget = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (json_get(kwargs, names[i]) != NULL) continue;
        if (!talk_put(kwargs, names[i], cJSON_CreateBool(on), err)) return false;
    }
    return true;
}

/* ---- the prompt ---- */

static bool offer_tools(struct completion *c, struct talk *t, struct error *err)
{
    const struct tool_offer offer = {.tools = t->conversation.tools,
                                     .choice = t->tool_choice,
                                     .one_call = t->one_call,
                                     .template = t->conversation.template,
                                     .early = t->early_calls};
    t->conversation.tool_format = tools_format(c, t->conversation.template);
    return tools_check(offer.tools, err) && tools_offer(c, &offer, err);
}

/* Where the turn that the prompt ends with stands: before its thoughts, in them, behind them. */
static struct thoughts_of thoughts_in(const struct talk *t, struct span prompt)
{
    const struct conversation *talk = &t->conversation;
    struct span said = span_str(talk->last_content);
    return (struct thoughts_of){.turn = span_slice(prompt, talk->turn_from, prompt.n),
                                .answering = talk->continue_final && said.n > 0,
                                .stop_in_thoughts = t->stop_in_thoughts,
                                .apart = true};
}

/* The prompt's text, in the arena. */
static bool render(struct completion *c, struct talk *t, struct span *out, struct error *err)
{
    struct buffer text;
    buffer_init(&text, (size_t)c->exchange->server->o.max_body_bytes * 2);
    bool ok = conversation_render(&t->conversation, c->engine, c->exchange->arena, &text, err);
    if (ok && c->params.engine.think_budget == 0) {
        const struct thoughts_of thoughts = thoughts_in(t, buffer_span(&text));
        thoughts_shut(c, &thoughts, &text);
    }
    char *prompt = ok ? arena_str(c->exchange->arena, buffer_span(&text)) : NULL;
    bool whole = prompt != NULL && !text.failed;
    *out = span_of(prompt, text.n);
    buffer_clear(&text);
    return whole || (ok ? no_memory(err) : false);
}

/* ---- a prefix that is given as ids ---- */

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
static bool count_before(const struct completion *c, const struct talk *t, size_t *n,
                         struct error *err)
{
    struct conversation before = t->conversation;
    struct tokens ids = {0};
    struct buffer text;
    cJSON *messages = said_before(&before);
    before.messages = messages;
    before.add_generation_prompt = before.continue_final = false;
    buffer_init(&text, (size_t)c->exchange->server->o.max_body_bytes * 2);
    bool ok =
        messages != NULL &&
        conversation_render(&before, c->engine, c->exchange->arena, &text, err) &&
        engine_tokenize(c->engine, buffer_span(&text), before.add_special_tokens, true, &ids, err);
    *n = ids.n;
    tokens_clear(&ids);
    buffer_clear(&text);
    cJSON_Delete(messages);
    return ok || err->code != ERROR_NONE
               ? ok
               : error_set(err, ERROR_INVALID_VALUE, "required_prefix_token_ids",
                           "there is no message of the assistant's that the prefix could end with");
}

/* What was sampled stays as it was sampled: the ids that are given come in the place of those that the
 * template made of the same turns, up to the end token of the assistant's last one (NeMo-RL's rule). */
static bool put_prefix(struct completion *c, const struct talk *t, struct error *err)
{
    struct tokens *ids = &c->prompts[0]->ids, joined = {0};
    int eos = engine_info(c->engine)->eos_token;
    size_t at = 0, n = (size_t)t->prefix.n;
    if (n == 0) return true;
    if (!count_before(c, t, &at, err)) return false;
    if (at > ids->n) at = ids->n;
    while (at > 0 && ids->ids[at - 1] != eos) {
        at--;
    }
    if (at == 0) {
        return error_set(err, ERROR_INVALID_VALUE, "required_prefix_token_ids",
                         "the template ends no turn of what was said with the model's end token");
    }
    if (t->prefix.ids[n - 1] == eos) n--;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        ok = tokens_push(&joined, t->prefix.ids[i], err);
    }
    for (size_t i = at - 1; ok && i < ids->n; i++) {
        ok = tokens_push(&joined, ids->ids[i], err);
    }
    tokens_clear(ok ? ids : &joined);
    if (ok) *ids = joined;
    return ok;
}

bool talk_prepare(struct completion *c, struct talk *t, const char *field, struct error *err)
{
    struct span prompt;
    if (!offer_tools(c, t, err) || !render(c, t, &prompt, err)) return false;
    const struct thoughts_of thoughts = thoughts_in(t, prompt);
    thoughts_set(c, &thoughts);
    c->prompt_field = field;
    if (!completion_prompt_text(c, prompt, t->conversation.add_special_tokens, err)) {
        return error_in(err, "%s", field);
    }
    return put_prefix(c, t, err);
}
