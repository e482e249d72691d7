/* reward/code/run.h - one run inside the cell: fork, feed, watch, end, sweep.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_RUN_H
#define REWARD_CODE_RUN_H

#include "reward/code/walls.h"

/* What of a run is left. */
enum run_left {
    RUN_LEFT_NOTHING,   /* no process, file or descriptor */
    RUN_LEFT_SOMETHING, /* something resisted, and the cell must end */
    RUN_LOST            /* the same, and there is no result: for no reason of the program's */
};

/* Run it and fill r (initialised, empty). control: the owner's socket; when it hangs up the run ends at
 * once. */
enum run_left run_program(struct walls *w, const struct sandbox_run *run, int control,
                          struct sandbox_result *r);

/* Execute a program, searched in the fixed PATH, in the environment of all runs, with a library in
 * front of the others (NULL: none). Returns when it could not, with errno. */
void run_exec(const char *const *argv, const char *preload);

/* Signals do what they do in a program started from a shell: those around a program ignore some, which a
 * program that is executed would inherit. For a process between fork and exec. */
void run_default_signals(void);

#endif
