/* tests/unit/processes.h - what a test asks about a process that it has not started itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_UNIT_PROCESSES_H
#define TESTS_UNIT_PROCESSES_H

#include <stdbool.h>
#include <stdio.h>

/* proc(5), /proc/PID/stat. */
struct process_stat {
    char name[32], state;
    int parent;
};

/* False: there is no such process (any more). */
static bool read_stat(int pid, struct process_stat *out)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    bool ok =
        f != NULL && fscanf(f, "%*d (%31[^)]) %c %d", out->name, &out->state, &out->parent) == 3;
    if (f != NULL) fclose(f);
    return ok;
}

#endif
