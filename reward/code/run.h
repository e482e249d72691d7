/* reward/code/run.h - one run inside the cell: fork, feed, watch, end, sweep.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_RUN_H
#define REWARD_CODE_RUN_H

#include "reward/code/walls.h"

/* Run it and fill r (initialised, empty). When this returns true, no process, file or descriptor
 * of the run is left; false: something resisted, and the cell must end. control: the owner's
 * socket; when it hangs up the run ends at once. */
bool run_program(struct walls *w, const struct sandbox_run *run, int control,
                 struct sandbox_result *r);

#endif
