/* server/routes/llama.h - what llama-server's routes share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_LLAMA_H
#define SERVER_ROUTES_LLAMA_H

#include <stdbool.h>

#include "base/buffer.h"
#include "engine/engine.h"

struct choice;
struct completion;
struct engine_info;
struct sampling_params;

/* Its defaults, over the engine's neutral values. */
void llama_sampling_init(struct engine_sampling *s);

/* Members: how p samples, by llama-server's names. What it has and this engine has not is told at
 * the value that switches it off. */
void llama_emit_sampling(const struct engine_info *info, const struct sampling_params *p,
                         struct buffer *out);

/* Members: what llama-server says of a sample that is done, beside its text and tokens: the
 * settings, the prompt as the model had it, counts, the reason of the end, timings. */
void llama_emit_end(const struct completion *c, const struct choice *choice, struct buffer *out);

/* "__verbose": {...}, the same, as its other routes say it to who asks by `verbose`. */
void llama_emit_verbose(const struct completion *c, const struct choice *choice,
                        struct buffer *out);

#endif
