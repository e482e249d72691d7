/* engine/machine_memory.c - see machine_memory.h.
 *
 * Sources: proc(5), /proc/meminfo; the kernel's Documentation/admin-guide/cgroup-v2.rst,
 * memory.max. Inside a container /sys/fs/cgroup is the container's own group.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/machine_memory.h"

#include <inttypes.h>
#include <stdio.h>

/* The number in the first line of path that `format` matches, or -1. */
static int64_t read_number(const char *path, const char *format)
{
    char line[256];
    int64_t value = -1;
    FILE *f = fopen(path, "re");
    if (f == NULL) return -1;
    while (value < 0 && fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, format, &value) != 1) value = -1;
    }
    fclose(f);
    return value;
}

int64_t machine_free_memory(void)
{
    int64_t kib = read_number("/proc/meminfo", "MemAvailable: %" SCNd64);
    int64_t limit = read_number("/sys/fs/cgroup/memory.max", "%" SCNd64); /* or "max" */
    int64_t used = read_number("/sys/fs/cgroup/memory.current", "%" SCNd64);
    int64_t left = kib < 0 ? 0 : kib * 1024;
    if (limit < 0 || used < 0) return left;
    int64_t group = limit > used ? limit - used : 0;
    return left == 0 || group < left ? group : left;
}
