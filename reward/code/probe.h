/* reward/code/probe.h - does a language, or a library that graders have, run here at all?
 *
 * An interpreter that is installed may still fail to start behind the walls: it wants a file that
 * no run may read, or memory that the machine has not. A program in it would get 0 for that. So
 * before the first program of a language is failed, a program known to be right is run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_PROBE_H
#define REWARD_CODE_PROBE_H

#include "reward/code/languages.h"

/* Does l's own probe pass? Remembered once it has, for this process. In a worker, while no sandbox
 * is busy. */
bool probe_language(const struct language *l);

/* The library that a Python program imports, that the graders of its data sets have (numpy and its
 * like), and that cannot be imported here; NULL: there is none. Likewise in a worker. */
const char *probe_missing_library(struct span source);

#endif
