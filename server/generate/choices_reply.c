/* server/generate/choices_reply.c - see choices_reply.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/choices_reply.h"

#include "server/generate/completion.h"
#include "base/emit.h"
#include "server/generate/timings.h"
#include "server/http/sse.h"
#include "server/http/state.h"

static void open_choices(const struct completion *c, const struct choice *one, struct buffer *out)
{
    emit_object(out, NULL);
    c->dialect->reply->head(c, one, out);
    emit_array(out, "choices");
}

/* Which weights computed it, as far as it goes: the name of one, or a list of several or where that
 * is asked for. */
static void emit_versions(const struct completion *c, const struct choice *choice,
                          struct buffer *out)
{
    const struct version_spans *s = &choice->versions;
    if (!choice->done) return;
    spans_emit(s, choice->n_tokens, out);
    if (c->params.versions && s->n == 1) spans_emit_list(s, choice->n_tokens, out);
}

static void emit_choice(const struct completion *c, const struct choice *choice, int index,
                        bool first, struct buffer *out)
{
    emit_object(out, NULL);
    emit_int(out, "index", index);
    c->dialect->reply->choice(c, choice, first, out);
    emit_versions(c, choice, out);
    emit_close(out, '}');
}

void choices_reply_whole(struct completion *c, struct buffer *out)
{
    const struct choice **picked = &c->chosen;
    size_t n = c->chosen != NULL ? 1 : c->n_prompts * (size_t)c->params.n;
    if (c->chosen == NULL && !completion_pick(c, &picked)) {
        out->failed = true;
        return;
    }
    open_choices(c, picked[0], out);
    for (size_t i = 0; i < n; i++) {
        emit_choice(c, picked[i], (int)i, true, out);
    }
    emit_close(out, ']');
    c->dialect->reply->tail(c, out);
    completion_emit_versions(c, out);
    completion_emit_usage(c, out);
    emit_close(out, '}');
}

/* An event of shown. first: nothing of it has been said. */
static void write_event(struct completion *c, const struct choice *shown, bool first)
{
    struct buffer *out = sse_open(c->exchange);
    open_choices(c, shown, out);
    emit_choice(c, shown, shown->index, first, out);
    emit_close(out, ']');
    if (first && c->dialect->reply->first_tail != NULL) c->dialect->reply->first_tail(c, out);
    if (shown->done) spans_emit(&shown->versions, shown->n_tokens, out);
    completion_emit_chunk_usage(c, out);
    if (c->told != NULL) timings_emit_progress(c->told, out);
    if (!first && c->params.timings) timings_emit(shown, out);
    emit_close(out, '}');
    sse_close(c->exchange);
}

/* The same choice, of which nothing is pending: a view, which owns nothing. */
static struct choice without_news(const struct choice *choice)
{
    const struct tool_calls *t = &choice->calls;
    struct choice view = *choice;
    view.text.n = view.thought.n = 0;
    view.n_records = view.n_tops = view.n_supports = 0;
    view.calls_written = t->n;
    view.arguments_written = t->n > 0 ? t->items[t->n - 1].n_arguments : 0;
    return view;
}

/* The same choice as it was before its end: a view, likewise. */
static struct choice without_end(const struct choice *choice)
{
    struct choice view = *choice;
    view.done = false;
    view.stop_string = NULL;
    view.stop_token = -1;
    return view;
}

/* The role, what is pending, the end: an event for each that there is. */
static void write_apart(struct completion *c, const struct choice *choice, bool first)
{
    const struct choice end = without_news(choice), text = without_end(choice);
    const struct choice role = without_end(&end);
    if (first) write_event(c, &role, true);
    if (choice->n_records > 0 || choice_has_news(choice)) write_event(c, &text, false);
    if (choice->done) write_event(c, &end, false);
}

void choices_reply_chunk(struct completion *c, struct choice *choice)
{
    bool first = c->told == NULL && choice->n_written++ == 0;
    bool apart = c->dialect->reply->has_roles && c->exchange->server->o.chat_chunks == CHUNKS_APART;
    if (apart && c->told == NULL) {
        write_apart(c, choice, first);
    } else {
        write_event(c, choice, first);
    }
}

void choices_reply_end(struct completion *c)
{
    if (!c->params.stream_options.include_usage) return;
    struct buffer *out = sse_open(c->exchange);
    open_choices(c, completion_choice(c, 0), out);
    emit_close(out, ']');
    completion_emit_usage(c, out);
    if (c->params.timings) timings_emit(completion_choice(c, 0), out);
    emit_close(out, '}');
    sse_close(c->exchange);
}
