/* server/generate/talk.c - see talk.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/talk.h"

#include <string.h>

#include "base/json.h"
#include "server/generate/prefix.h"
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
    const struct prefix_of prefix = {.talk = &t->conversation,
                                     .engine = c->engine,
                                     .arena = c->exchange->arena,
                                     .most_text =
                                         (size_t)c->exchange->server->o.max_body_bytes * 2};
    return prefix_put(&prefix, &t->prefix, &c->prompts[0]->ids, err);
}
