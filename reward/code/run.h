/* reward/code/run.h - one run inside the cell: fork, feed, watch, end, sweep.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_RUN_H
#define REWARD_CODE_RUN_H

#include "reward/code/walls.h"

/* Run it and fill r (initialised, empty). When this returns, no process, file or descriptor of the run
 * is left. control: the owner's socket; when it hangs up the run ends at once. */
void run_program(const struct walls *w, const struct sandbox_run *run, int control,
                 struct sandbox_result *r);

#endif
