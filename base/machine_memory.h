/* base/machine_memory.h - how much memory this process may still take, and whether it was out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_MACHINE_MEMORY_H
#define BASE_MACHINE_MEMORY_H

#include <stdint.h>

#include "base/span.h"

/* Bytes: what the system could give without swapping (MemAvailable), or less where a control
 * group (a container, a service) sets a limit. 0 when neither can be read. Any thread; asks the
 * kernel each time. */
int64_t machine_free_memory(void);

/* The groups' part alone: the least that any of them has left below its limit, files that it merely
 * keeps in memory not counted. INT64_MAX: none has a limit. root, groups: as control_groups_visit()
 * has them. */
int64_t machine_groups_memory(const char *root, struct span groups);

/* How many processes of the nearest group that counts it the kernel has killed for want of memory, as a
 * descriptor that machine_kills() reads; -1: none counts. It stays good where /sys is not seen any more.
 * root, groups: as above. */
int machine_open_kills(const char *root, struct span groups);

/* That many, now; where `group` is -1 the whole machine's. proc: a descriptor of /proc. 0: not known. */
uint64_t machine_kills(int group, int proc);

#endif
