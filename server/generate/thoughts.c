/* server/generate/thoughts.c - see thoughts.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/thoughts.h"

#include <stdint.h>
#include <string.h>

#include "server/generate/completion.h"

/* Does a model think that has the marks? Its template, which drops or opens thoughts, says so; marks
 * in the vocabulary alone do not. */
static bool thinks(const struct engine_info *info)
{
    return span_find(info->chat_template, span_str(info->think_open), 0) != SPAN_NONE ||
           span_find(info->chat_template, span_str(info->think_close), 0) != SPAN_NONE;
}

enum form_thoughts thoughts_gate(const struct engine_info *info, const char *close,
                                 const struct thoughts_of *t)
{
    if (info->think_open == NULL) return FORM_HOLDS;
    if (reasoning_start(t->turn, info->think_open, close) != REASONING_CLOSED) return FORM_THINKS;
    bool over = t->answering || !thinks(info) ||
                span_find(t->turn, span_str(info->think_close), 0) != SPAN_NONE;
    return over ? FORM_HOLDS : FORM_MAY_THINK;
}

/* What closes thoughts: a family's form of calls may know another tag than the model's file. */
static const char *close_of(const struct completion *c)
{
    const struct engine_info *info = engine_info(c->engine);
    const struct tool_format *f = c->calls.format;
    bool other = f != NULL && f->think_open != NULL && strcmp(f->think_open, info->think_open) == 0;
    return other ? f->think_close : info->think_close;
}

void thoughts_shut(const struct completion *c, const struct thoughts_of *t, struct buffer *prompt)
{
    const struct engine_info *info = engine_info(c->engine);
    if (info->think_open == NULL) return;
    enum form_thoughts gate = thoughts_gate(info, close_of(c), t);
    if (gate == FORM_HOLDS) return;
    if (gate == FORM_MAY_THINK) {
        buffer_add_str(prompt, info->think_open);
        buffer_add_str(prompt, "\n\n");
    }
    buffer_add_str(prompt, close_of(c));
    buffer_add_str(prompt, "\n\n");
}

void thoughts_set(struct completion *c, const struct thoughts_of *t)
{
    const struct engine_info *info = engine_info(c->engine);
    struct sampling_params *p = &c->params;
    if (info->think_open == NULL) return;
    c->reasoning = t->apart;
    c->think_close = close_of(c);
    c->reasoning_start = reasoning_start(t->turn, info->think_open, c->think_close);
    p->form.thoughts = thoughts_gate(info, c->think_close, t);
    p->form.think_open = info->think_open;
    p->form.think_close = c->think_close;
    if (!t->apart || t->stop_in_thoughts) return;
    p->engine.think_open = info->think_open;
    p->engine.think_close = c->think_close;
    p->engine.thinks = c->reasoning_start != REASONING_CLOSED;
}

static bool prompt_opens(const struct completion *c, const struct generation *g, bool *opens,
                         struct error *err)
{
    const struct engine_info *info = engine_info(c->engine);
    struct buffer text;
    buffer_init(&text, SIZE_MAX);
    bool ok = engine_detokenize(c->engine, g->ids.ids, g->ids.n, false, &text, err);
    if (ok && text.failed) ok = error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a prompt");
    *opens = ok && reasoning_start(buffer_span(&text), info->think_open, info->think_close) !=
                       REASONING_CLOSED;
    buffer_clear(&text);
    return ok;
}

bool thoughts_of_prompts(struct completion *c, struct error *err)
{
    const struct engine_info *info = engine_info(c->engine);
    struct sampling_params *p = &c->params;
    bool first = false;
    bool bounds = p->engine.think_budget >= 0 && !c->reasoning;
    bool forms = p->may_think && p->form.type != FORM_NONE;
    if (info->think_open == NULL || (!forms && !bounds)) return true;
    for (size_t i = 0; i < c->n_prompts; i++) {
        bool opens;
        if (!prompt_opens(c, c->prompts[i], &opens, err)) return false;
        if (i == 0) first = opens;
        if (opens == first) continue;
        return error_set(err, ERROR_INVALID_VALUE, c->prompt_field,
                         "where their thoughts count, either all prompts have opened them or none "
                         "has");
    }
    if (bounds) {
        p->engine.think_open = info->think_open;
        p->engine.think_close = info->think_close;
        p->engine.thinks = first;
    }
    if (!forms) return true;
    p->form.thoughts = first ? FORM_THINKS : FORM_MAY_THINK;
    p->form.think_open = info->think_open;
    p->form.think_close = info->think_close;
    return true;
}

bool thoughts_bound(struct completion *c, struct error *err)
{
    struct engine_sampling *s = &c->params.engine;
    struct tokens ids = {0};
    if (s->think_budget < 0 || engine_info(c->engine)->think_open == NULL) return true;
    if (s->think_open == NULL && s->think_budget == 0) return true; /* thoughts_shut() */
    if (s->think_open == NULL) {
        error_set(err, ERROR_INVALID_VALUE, "thinking_token_budget",
                  "a budget of thoughts does not go with stop strings that count in them");
        return completion_rename(c, err);
    }
    bool ok = engine_tokenize(c->engine, span_str(s->think_close), false, true, &ids, err);
    int *kept = ok && ids.n > 0 ? arena_alloc(c->exchange->arena, ids.n, sizeof(*kept)) : NULL;
    if (kept != NULL) memcpy(kept, ids.ids, ids.n * sizeof(*kept));
    s->close_ids = kept;
    s->n_close = kept == NULL ? 0 : (int)ids.n;
    tokens_clear(&ids);
    if (!ok || kept != NULL) return ok;
    return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for what closes thoughts");
}
