/* server/generate/choices_reply.c - see choices_reply.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/choices_reply.h"

#include "server/generate/completion.h"
#include "base/emit.h"
#include "server/generate/timings.h"
#include "server/http/sse.h"

static void open_choices(const struct completion *c, const struct choice *one, struct buffer *out)
{
    emit_object(out, NULL);
    c->dialect->reply->head(c, one, out);
    emit_array(out, "choices");
}

/* Which weights computed it, as far as it goes: the name of one, or a list of several or where that is asked for. */
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

void choices_reply_chunk(struct completion *c, struct choice *choice)
{
    struct buffer *out = sse_open(c->exchange);
    bool first = c->told == NULL && choice->n_written++ == 0;
    open_choices(c, choice, out);
    emit_choice(c, choice, choice->index, first, out);
    emit_close(out, ']');
    if (first && c->dialect->reply->first_tail != NULL) c->dialect->reply->first_tail(c, out);
    if (choice->done) spans_emit(&choice->versions, choice->n_tokens, out);
    completion_emit_chunk_usage(c, out);
    if (c->told != NULL) timings_emit_progress(c->told, out);
    if ((!first || c->told != NULL) && c->params.timings) timings_emit(choice, out);
    emit_close(out, '}');
    sse_close(c->exchange);
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
