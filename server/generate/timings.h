/* server/generate/timings.h - how long a sample took, as llama-server tells it.
 *
 *   generation_start()        first token              last token
 *        |----- prompt_ms -------|---- predicted_ms -------|
 *
 * The first token comes out of the prompt's own pass, so n tokens have n - 1 steps between them: a
 * rate is of steps, and that of one token is 0. What waited in the queue counts to the prompt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_TIMINGS_H
#define SERVER_GENERATE_TIMINGS_H

#include "base/buffer.h"

struct choice;
struct generation;

/* "timings": {...} of c so far. All numbers are finite and none is negative. */
void timings_emit(const struct choice *c, struct buffer *out);

/* "prompt_progress": {"total", "cache", "processed", "time_ms"}: tokens of g's prompt, those that the
 * cache had, those that are computed, the cache's among them; and the time that these took. */
void timings_emit_progress(const struct generation *g, struct buffer *out);

#endif
