/* base/processors.c - see processors.h.
 *
 * A group's quota holds for all groups below it, so every group from the process's own up to the
 * mount's root is looked at. In a container the paths of /proc/self/cgroup may be the host's, which
 * do not exist there; the root is then the container's own group.
 *
 * Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst, cpu.max;
 * Documentation/scheduler/sched-bwc.rst, cpu.cfs_quota_us; cgroups(7), /proc/pid/cgroup.
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

/* The first n bytes of a file as text; false when it cannot be read. */
static bool read_text(const char *path, char *text, size_t room)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) return false;
    size_t n = fread(text, 1, room - 1, f);
    fclose(f);
    text[n] = '\0';
    return n > 0;
}

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
    char path[1200], text[64];
    long long quota = 0, period = 0;
    snprintf(path, sizeof(path), "%s/cpu.max", folder); /* "max 100000" or "400000 100000" */
    if (read_text(path, text, sizeof(text))) {
        return sscanf(text, "%lld %lld", &quota, &period) == 2 ? rounded_up(quota, period) : 0;
    }
    snprintf(path, sizeof(path), "%s/cpu.cfs_quota_us", folder);
    if (!read_text(path, text, sizeof(text))) return 0;
    quota = strtoll(text, NULL, 10); /* -1: none */
    snprintf(path, sizeof(path), "%s/cpu.cfs_period_us", folder);
    return read_text(path, text, sizeof(text)) ? rounded_up(quota, strtoll(text, NULL, 10)) : 0;
}

static int least_quota(int a, int b)
{
    assert(a >= 0 && b >= 0); /* 0: none */
    if (a == 0 || b == 0) return a + b;
    return a < b ? a : b;
}

/* Of the group at mount + path and all above it, the mount's root included. */
static int quota_along(const char *mount, struct span path)
{
    char folder[1100];
    int least = 0;
    for (;;) {
        while (path.n > 0 && path.p[path.n - 1] == '/') {
            path.n--;
        }
        snprintf(folder, sizeof(folder), "%s%.*s", mount, (int)(path.n < 900 ? path.n : 0), path.p);
        least = least_quota(least, quota_in(folder));
        if (path.n == 0) return least;
        while (path.n > 0 && path.p[path.n - 1] != '/') {
            path.n--;
        }
    }
}

/* Is cpu one of the controllers in "cpu,cpuacct"? */
static bool has_cpu(struct span controllers)
{
    while (controllers.n > 0) {
        size_t comma = span_find(controllers, span_str(","), 0);
        struct span one = span_slice(controllers, 0, comma);
        if (span_is(one, "cpu")) return true;
        controllers = span_slice(controllers, one.n + 1, controllers.n);
    }
    return false;
}

/* One line, "4:cpu,cpuacct:/path" or "0::/path". */
static int quota_of_line(const char *root, struct span line)
{
    char mount[160];
    size_t first = span_find(line, span_str(":"), 0);
    if (first == SPAN_NONE) return 0;
    size_t second = span_find(line, span_str(":"), first + 1);
    if (second == SPAN_NONE) return 0;
    struct span controllers = span_slice(line, first + 1, second);
    struct span path = span_slice(line, second + 1, line.n);
    if (controllers.n == 0) return quota_along(root, path);
    if (!has_cpu(controllers)) return 0;
    snprintf(mount, sizeof(mount), "%.100s/cpu",
             root); /* a link where it is mounted with cpuacct */
    return quota_along(mount, path);
}

int processors_quota(const char *root, struct span groups)
{
    int least = 0;
    while (groups.n > 0) {
        size_t end = span_find(groups, span_str("\n"), 0);
        struct span line = span_slice(groups, 0, end);
        least = least_quota(least, quota_of_line(root, line));
        groups = span_slice(groups, line.n + 1, groups.n);
    }
    return least;
}

int processors_usable(void)
{
    char groups[4096];
    cpu_set_t bound;
    int n = sched_getaffinity(0, sizeof(bound), &bound) == 0
                ? CPU_COUNT(&bound)
                : (int)sysconf(_SC_NPROCESSORS_ONLN); /* more than a cpu_set_t tells apart */
    if (n < 1) n = 1;
    if (!read_text("/proc/self/cgroup", groups, sizeof(groups))) return n;
    int quota = processors_quota("/sys/fs/cgroup", span_str(groups));
    return quota > 0 && quota < n ? quota : n;
}
