/* base/processors.c - see processors.h.
 *
 * Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst, cpu.max;
 * Documentation/scheduler/sched-bwc.rst, cpu.cfs_quota_us.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/processors.h"

#include <assert.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/control_groups.h"

static int rounded_up(long long quota, long long period)
{
    if (quota <= 0 || period <= 0) return 0;
    long long n = (quota + period - 1) / period;
    assert(n >= 1);
    return n > INT_MAX ? INT_MAX : (int)n;
}

/* The quota of one group's folder: its own file of either version. 0: none. */
static int quota_in(const char *folder)
{
    char text[64];
    long long quota = 0, period = 0;
    if (control_group_read(folder, "cpu.max", text, sizeof(text))) {
        /* "max 100000", "400000 100000" */
        return sscanf(text, "%lld %lld", &quota, &period) == 2 ? rounded_up(quota, period) : 0;
    }
    if (!control_group_read(folder, "cpu.cfs_quota_us", text, sizeof(text))) return 0;
    quota = strtoll(text, NULL, 10); /* -1: none */
    return control_group_read(folder, "cpu.cfs_period_us", text, sizeof(text))
               ? rounded_up(quota, strtoll(text, NULL, 10))
               : 0;
}

/* Keep the least quota so far; 0: none. */
static void note_quota(const char *folder, void *arg)
{
    int *least = arg, quota = quota_in(folder);
    assert(*least >= 0 && quota >= 0);
    if (quota > 0 && (*least == 0 || quota < *least)) *least = quota;
}

int processors_quota(const char *root, struct span groups)
{
    int least = 0;
    control_groups_visit(root, groups, "cpu", note_quota, &least);
    return least;
}

int processors_usable(void)
{
    char groups[CONTROL_GROUPS_TEXT];
    cpu_set_t bound;
    int n = sched_getaffinity(0, sizeof(bound), &bound) == 0
                ? CPU_COUNT(&bound)
                : (int)sysconf(_SC_NPROCESSORS_ONLN); /* more than a cpu_set_t tells apart */
    if (n < 1) n = 1;
    control_groups_own(groups);
    int quota = processors_quota("/sys/fs/cgroup", span_str(groups));
    return quota > 0 && quota < n ? quota : n;
}
