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

void thoughts_set(struct completion *c, const struct thoughts_of *t)
{
    const struct engine_info *info = engine_info(c->engine);
    struct sampling_params *p = &c->params;
    const struct tool_format *f = c->calls.format;
    if (info->think_open == NULL) return;
    c->reasoning = t->apart;
    bool other = f != NULL && f->think_open != NULL && strcmp(f->think_open, info->think_open) == 0;
    c->think_close = other ? f->think_close : info->think_close;
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
    if (!p->may_think || info->think_open == NULL || p->form.type == FORM_NONE) return true;
    for (size_t i = 0; i < c->n_prompts; i++) {
        bool opens;
        if (!prompt_opens(c, c->prompts[i], &opens, err)) return false;
        if (i == 0) first = opens;
        if (opens == first) continue;
        return error_set(err, ERROR_INVALID_VALUE, c->prompt_field,
                         "with require_reasoning either all prompts have opened their thoughts or "
                         "none has");
    }
    p->form.thoughts = first ? FORM_THINKS : FORM_MAY_THINK;
    p->form.think_open = info->think_open;
    p->form.think_close = info->think_close;
    return true;
}
