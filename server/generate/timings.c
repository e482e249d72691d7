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

void timings_emit(const struct choice *c, struct buffer *out)
{
    static const char *const prompt[] = {"prompt_ms", "prompt_per_token_ms", "prompt_per_second"};
    static const char *const predicted[] = {"predicted_ms", "predicted_per_token_ms",
                                            "predicted_per_second"};
    const struct generation *g = c->generation;
    bool began = g->first_ns != 0; /* not when it was aborted before */
    int64_t processed = began ? (int64_t)g->ids.n - g->n_cached : 0;
    emit_object(out, "timings");
    emit_int(out, "cache_n", g->n_cached);
    emit_int(out, "prompt_n", processed);
    emit_span(prompt, g->started_ns, began ? g->first_ns : g->started_ns, processed, out);
    emit_int(out, "predicted_n", c->n_tokens);
    emit_span(predicted, c->first_token_ns, c->last_token_ns, c->n_tokens > 0 ? c->n_tokens - 1 : 0,
              out);
    emit_close(out, '}');
}
