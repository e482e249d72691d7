/* server/generate/timings.c - see timings.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/timings.h"

#include <assert.h>

#include "base/emit.h"
#include "server/generate/choice.h"
#include "server/generate/generation.h"

/* n steps in a span of time: its length, a step's share of it, steps a second. */
static void emit_span(const char *const names[3], uint64_t from_ns, uint64_t to_ns, int64_t n,
                      struct buffer *out)
{
    assert(to_ns >= from_ns && n >= 0);
    double ms = (double)(to_ns - from_ns) / 1e6;
    emit_double(out, names[0], ms);
    emit_double(out, names[1], n == 0 ? 0.0 : ms / (double)n);
    emit_double(out, names[2], ms > 0.0 ? 1e3 / ms * (double)n : 0.0);
}

/* Its prompt was at work until its first token came; before that, until its progress was last told;
 * not at all when it was aborted before. */
static uint64_t prompt_until(const struct generation *g)
{
    if (g->first_ns != 0) return g->first_ns;
    return g->computed_ns != 0 ? g->computed_ns : g->started_ns;
}

void timings_emit_progress(const struct generation *g, struct buffer *out)
{
    emit_object(out, "prompt_progress");
    emit_int(out, "total", (int64_t)g->ids.n);
    emit_int(out, "cache", g->n_cached);
    emit_int(out, "processed", g->n_computed);
    emit_int(out, "time_ms", (int64_t)((prompt_until(g) - g->started_ns) / 1000000));
    emit_close(out, '}');
}

void timings_emit(const struct choice *c, struct buffer *out)
{
    static const char *const prompt[] = {"prompt_ms", "prompt_per_token_ms", "prompt_per_second"};
    static const char *const predicted[] = {"predicted_ms", "predicted_per_token_ms",
                                            "predicted_per_second"};
    const struct generation *g = c->generation;
    uint64_t until = prompt_until(g);
    int64_t computed = g->first_ns != 0 ? (int64_t)g->ids.n : g->n_computed;
    int64_t processed = computed > g->n_cached ? computed - g->n_cached : 0;
    emit_object(out, "timings");
    emit_int(out, "cache_n", g->n_cached);
    emit_int(out, "prompt_n", processed);
    emit_span(prompt, g->started_ns, until, processed, out);
    emit_int(out, "predicted_n", c->n_tokens);
    emit_span(predicted, c->first_token_ns, c->last_token_ns, c->n_tokens > 0 ? c->n_tokens - 1 : 0,
              out);
    emit_close(out, '}');
}
