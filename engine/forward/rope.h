/* engine/forward/rope.h - the angles of rotary position embedding.
 *
 * Sources: RoFormer, arXiv 2104.09864; YaRN, arXiv 2309.00071; Llama 3's scaling as in Hugging
 * Face transformers' modeling_rope_utils.py. Frequencies are float32, as the trained models' own
 * code has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_ROPE_H
#define ENGINE_FORWARD_ROPE_H

#include "engine/model/model.h"

/* Frequencies [dim/2] in radians per position. */
void rope_frequencies(const struct model_config *c, float *freq);

/* cs [dim]: dim/2 cosines, then dim/2 sines of the angles at pos, times the attention factor. */
void rope_angles(const struct model_config *c, const float *freq, int pos, float *cs);

#endif
