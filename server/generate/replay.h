/* server/generate/replay.h - what a trainer replays a sample by: the ids that each token was drawn
 * from, and the experts that it went to.
 *
 * All are of a choice's records, which a stream's chunk empties, unless its dialect's chunks hold
 * all so far.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_REPLAY_H
#define SERVER_GENERATE_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

struct choice;

/* key: a list of ids for each token; null: nothing was cut off, or more is left than is told (sampler.h). */
void replay_emit_supports(const char *key, const struct choice *choice, struct buffer *out);

/* The same as slime has it, base64 of little-endian int32: all ids one after the other, and where
 * each token's begin, one number more than tokens. Nothing at all where a token's are not told. */
void replay_emit_support_arrays(const char *ids_key, const char *offsets_key,
                                const struct choice *choice, struct buffer *out);

/* key: base64 of little-endian int32 [tokens, layers, experts], of prompt and sample, from token
 * `start` on and without the last one, which was not computed; null: they are not known. per_token:
 * layers times experts. */
void replay_emit_routes(const char *key, const struct choice *choice, size_t start,
                        size_t per_token, struct buffer *out);

/* key: the same as SkyRL has it, {"data": base64, "shape": [tokens, layers, experts], "dtype"}: bytes where no
 * number is above 255, else int16. No number is negative: a layer without experts has 0. */
void replay_emit_packed_routes(const char *key, const struct choice *choice, size_t n_layers,
                               size_t n_used, struct buffer *out);

#endif
