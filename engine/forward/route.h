/* engine/forward/route.h - which experts a row goes to, and with which weights.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_ROUTE_H
#define ENGINE_FORWARD_ROUTE_H

#include "engine/model/model.h"

/* Choose n_used experts of a row.
 *   logits  [n_experts] the router's output; overwritten
 *   bias    [n_experts] added for the choice but not in the weights (DeepSeek-V3), or NULL
 *   ids     [n_used] the chosen, best first; of equals the lower number
 *   weights [n_used] of their outputs
 * Sources: Qwen3 (softmax, the chosen weights renormalised); DeepSeek-V2, arXiv 2405.04434, 2.2
 * (groups by their best expert); DeepSeek-V3, arXiv 2412.19437, 2.1.2 (sigmoid, bias, groups by
 * the sum of their best two). */
void route_row(const struct model_config *c, float *logits, const float *bias, int *ids,
               float *weights);

#endif
