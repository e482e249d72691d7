/* engine/model/rotated.h - where rows of a matrix lie once RoPE's pairs are (i, i + dim/2).
 *
 * Files whose pairs are (2i, 2i + 1) have the rows that RoPE rotates in another order than the forward
 * pass, which knows one rotation only. Weights and what adapters add to them are brought over alike.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_MODEL_ROTATED_H
#define ENGINE_MODEL_ROTATED_H

#include "engine/model/model.h"

/* Which rows of a matrix RoPE rotates: in every `period` rows those from `first` on. */
enum rotated { ROTATED_NONE, ROTATED_HEADS, ROTATED_MLA_Q, ROTATED_MLA_KV };

/* Row of the file that becomes row i: rotated pairs (2j, 2j + 1) move to (j, j + dim/2). */
int rotated_source(const struct model_config *c, enum rotated rotated, int i);

#endif
