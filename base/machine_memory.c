/* base/machine_memory.c - see machine_memory.h.
 *
 * Of what a group uses, the files on its inactive list are given up before anything is killed, so
 * they count as free, as MemAvailable has it for the machine.
 *
 * Sources: proc(5), /proc/meminfo, /proc/vmstat; the kernel's Documentation/admin-guide/cgroup-v2.rst,
 * memory.max, memory.events, and cgroup-v1/memory.rst, memory.limit_in_bytes, memory.oom_control.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/machine_memory.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/control_groups.h"

/* The files of a group, by version. */
static const struct {
    const char *limit, *used, *idle; /* idle: a line of memory.stat */
} versions[] = {
    {"memory.max", "memory.current", "\ninactive_file "},
    {"memory.limit_in_bytes", "memory.usage_in_bytes", "\ntotal_inactive_file "},
};

static int64_t number(const char *text)
{
    int64_t value = -1;
    return sscanf(text, "%" SCNd64, &value) == 1 ? value : -1; /* or "max" */
}

/* Bytes of files that a group could give up at once. */
static int64_t idle_in(const char *folder, const char *row)
{
    char text[8192];
    if (!control_group_read(folder, "memory.stat", text, sizeof(text))) return 0;
    const char *at = strstr(text, row);
    int64_t idle = at == NULL ? 0 : number(at + strlen(row));
    return idle > 0 ? idle : 0;
}

/* Keep the least that is left so far. */
static void note_group(const char *folder, void *arg)
{
    int64_t *least = arg;
    char text[64];
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
        if (!control_group_read(folder, versions[i].limit, text, sizeof(text))) continue;
        int64_t limit = number(text);
        if (limit < 0 || !control_group_read(folder, versions[i].used, text, sizeof(text))) return;
        int64_t used = number(text) - idle_in(folder, versions[i].idle);
        int64_t left = used < 0 ? limit : limit > used ? limit - used : 0;
        if (left < *least) *least = left;
        return;
    }
}

int64_t machine_groups_memory(const char *root, struct span groups)
{
    int64_t least = INT64_MAX;
    control_groups_visit(root, groups, "memory", note_group, &least);
    assert(least >= 0);
    return least;
}

/* MemAvailable in bytes; 0: not known. */
static int64_t available(void)
{
    char line[256];
    int64_t kib = 0;
    FILE *f = fopen("/proc/meminfo", "re");
    if (f == NULL) return 0;
    while (fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "MemAvailable: %" SCNd64, &kib) == 1) break;
    }
    fclose(f);
    return kib > 0 ? kib * 1024 : 0;
}

int64_t machine_free_memory(void)
{
    char groups[CONTROL_GROUPS_TEXT];
    int64_t left = available();
    control_groups_own(groups);
    int64_t group = machine_groups_memory("/sys/fs/cgroup", span_str(groups));
    if (group == INT64_MAX) return left;
    return left == 0 || group < left ? group : left;
}

/* ---- kills ---- */

enum { KILLS_BYTES = 16384 }; /* /proc/vmstat has some eight kilobytes */

/* Where all of these files have it: a name and a number a line, never the first line. */
static const char kills_row[] = "\noom_kill ";

static const char *find_kills(int fd, char text[KILLS_BYTES])
{
    size_t n = 0;
    ssize_t got;
    while (n < KILLS_BYTES - 1 && (got = pread(fd, text + n, KILLS_BYTES - 1 - n, (off_t)n)) > 0) {
        n += (size_t)got;
    }
    text[n] = '\0';
    return strstr(text, kills_row);
}

static void open_in(const char *folder, void *arg)
{
    static const char *const names[] = {"memory.events", "memory.oom_control"};
    int *found = arg;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && *found < 0; i++) {
        char path[1200], text[KILLS_BYTES];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0 && find_kills(fd, text) != NULL) {
            *found = fd;
        } else if (fd >= 0) {
            close(fd);
        }
    }
}

int machine_open_kills(const char *root, struct span groups)
{
    int found = -1;
    control_groups_visit(root, groups, "memory", open_in, &found);
    return found;
}

uint64_t machine_kills(int group, int proc)
{
    char text[KILLS_BYTES];
    int fd = group >= 0 ? group : openat(proc, "vmstat", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    const char *at = find_kills(fd, text);
    if (group < 0) close(fd);
    return at == NULL ? 0 : strtoull(at + sizeof(kills_row) - 1, NULL, 10);
}
