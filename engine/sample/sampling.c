/* engine/sample/sampling.c - see sampling.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/sampling.h"

void engine_sampling_init(struct engine_sampling *s)
{
    *s = (struct engine_sampling){.temperature = 1,
                                  .top_p = 1,
                                  .repetition_penalty = 1,
                                  .max_tokens = -1,
                                  .think_budget = -1,
                                  .skip_special_tokens = true,
                                  .logprobs = LOGPROBS_NONE,
                                  .prompt_logprobs = LOGPROBS_NONE};
}
