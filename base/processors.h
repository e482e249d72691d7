/* base/processors.h - how many processors this process may keep busy.
 *
 * A machine's number says little: a process may be bound to a few of them (affinity, cpusets, which
 * the kernel folds into it), and a container may have a share of time on all of them (the quota of
 * its control group, of either version). Threads beyond that share only stand in each other's way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_PROCESSORS_H
#define BASE_PROCESSORS_H

#include "base/span.h"

/* Processors worth of threads, at least 1: those it is bound to, or the quota where that is less
 * (rounded up). Any thread; asks the kernel each time. */
int processors_usable(void);

/* The quota alone, in processors rounded up; 0: there is none. root: where control groups are
 * mounted ("/sys/fs/cgroup"); groups: the text of /proc/self/cgroup. */
int processors_quota(const char *root, struct span groups);

#endif
