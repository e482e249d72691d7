/* engine/options.c - the documented defaults of what callers fill in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/engine.h"

void engine_options_init(struct engine_options *o)
{
    *o = (struct engine_options){.max_sequences = 256,
                                 .max_queue = 1024,
                                 .step_tokens = 512,
                                 .prefix_cache = true,
                                 .speculate = true};
}
