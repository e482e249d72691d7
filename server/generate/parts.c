/* server/generate/parts.c - see parts.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/parts.h"

#include <assert.h>

/* One walk. */
struct walk {
    struct parts *p;
    const struct choice *choice;
    const struct part_calls *calls;
    void *to;
};

static struct span arguments_of(const struct walk *w)
{
    const struct tool_call *call = &w->choice->calls.items[w->p->call];
    return span_of(call->arguments, call->n_arguments);
}

/* The open part. */
static struct part current(const struct walk *w)
{
    const struct parts *p = w->p;
    struct span all = p->open == PART_THOUGHT ? buffer_span(&w->choice->thought)
                      : p->open == PART_TEXT  ? buffer_span(&w->choice->text)
                                              : arguments_of(w);
    size_t shown = p->open == PART_THOUGHT ? p->thought
                   : p->open == PART_TEXT  ? p->text
                                           : p->argument;
    return (struct part){.kind = p->open,
                         .index = p->n - 1,
                         .i = p->call,
                         .text = span_slice(all, p->from, shown),
                         .choice = w->choice};
}

static void close_part(struct walk *w, bool last)
{
    if (w->p->open == PART_NONE) return;
    struct part part = current(w);
    part.last = last;
    if (w->calls->end != NULL) w->calls->end(w->to, &part);
    w->p->open = PART_NONE;
}

static void open_part(struct walk *w, enum part_kind kind, size_t from)
{
    if (w->p->open == kind) return;
    close_part(w, false);
    assert(w->p->open == PART_NONE); /* (1) */
    w->p->open = kind;
    w->p->from = from;
    w->p->n++;
    struct part part = current(w);
    if (w->calls->begin != NULL) w->calls->begin(w->to, &part);
}

/* all[*shown, to) of the open part. */
static void show(struct walk *w, struct span all, size_t *shown, size_t to)
{
    assert(*shown <= to && to <= all.n); /* (2) */
    struct part part = current(w);
    if (*shown < to && w->calls->more != NULL) {
        w->calls->more(w->to, &part, span_slice(all, *shown, to));
    }
    *shown = to;
}

static void show_thought(struct walk *w)
{
    struct parts *p = w->p;
    struct span all = buffer_span(&w->choice->thought);
    if (p->hides_thoughts || p->thought == all.n) return;
    open_part(w, PART_THOUGHT, p->thought);
    show(w, all, &p->thought, all.n);
}

/* The text before the next call, or what there is. */
static void show_text(struct walk *w, size_t to)
{
    struct parts *p = w->p;
    struct span all = buffer_span(&w->choice->text), fresh = span_slice(all, p->text, to);
    bool offers = w->choice->calls.wanted.format != NULL;
    bool counts = p->open == PART_TEXT || !offers || span_trim(fresh).n > 0;
    if (fresh.n == 0 || !counts) return;
    open_part(w, PART_TEXT, p->text);
    show(w, all, &p->text, to);
}

/* The next call. False: more of it is to come. */
static bool show_call(struct walk *w)
{
    struct parts *p = w->p;
    const struct choice *c = w->choice;
    const struct tool_call *call = &c->calls.items[p->call];
    bool over = call->whole || p->call + 1 < c->calls.n || c->done || c->text.n > call->text_at;
    if (p->open != PART_CALL) {
        p->argument = 0;
        open_part(w, PART_CALL, 0);
    }
    show(w, arguments_of(w), &p->argument, call->n_arguments);
    if (!over) return false;
    close_part(w, c->done && p->call + 1 == c->calls.n && p->text >= c->text.n);
    p->call++;
    return true;
}

void parts_show(struct parts *p, const struct choice *choice, const struct part_calls *calls,
                void *to)
{
    struct walk w = {p, choice, calls, to};
    show_thought(&w);
    while (p->call < choice->calls.n) {
        size_t at = choice->calls.items[p->call].text_at;
        show_text(&w, at);
        p->text = at; /* white space that was none */
        if (!show_call(&w)) return;
    }
    show_text(&w, choice->text.n);
    bool answers = choice->reasoning.state == REASONING_AFTER;
    if (choice->done || (p->open == PART_THOUGHT && answers)) {
        close_part(&w, choice->done);
    }
}
