/* tests/unit/test_control_groups.c - quotas and memory of control groups, of both versions, read from folders made
 * for the purpose.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/machine_memory.h"
#include "base/processors.h"

static char root[64];

/* A file below root with its folders. */
static void put(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", root, name);
    for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        mkdir(path, 0700);
        *p = '/';
    }
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static const struct {
    const char *name;
    const char *files[6][2]; /* name, text; NULL-terminated */
    const char *groups;      /* /proc/self/cgroup */
    int quota;
} cases[] = {
    {"no groups at all", {{NULL, NULL}}, "", 0},
    {"version 2, none", {{"cpu.max", "max 100000\n"}}, "0::/\n", 0},
    {"version 2, a container's root", {{"cpu.max", "400000 100000\n"}}, "0::/\n", 4},
    {"version 2, rounded up", {{"cpu.max", "150000 100000\n"}}, "0::/\n", 2},
    {"version 2, less than one", {{"cpu.max", "10000 100000\n"}}, "0::/\n", 1},
    {"version 2, own group",
     {{"cpu.max", "max 100000\n"}, {"a/b/cpu.max", "300000 100000\n"}},
     "0::/a/b\n",
     3},
    {"version 2, a group above",
     {{"a/cpu.max", "200000 100000\n"}, {"a/b/cpu.max", "max 100000\n"}},
     "0::/a/b\n",
     2},
    {"version 2, the least of several",
     {{"cpu.max", "800000 100000\n"},
      {"a/cpu.max", "200000 100000\n"},
      {"a/b/cpu.max", "500000 100000\n"}},
     "0::/a/b\n",
     2},
    {"version 2, the host's path in a container",
     {{"cpu.max", "400000 100000\n"}},
     "0::/kubepods/burstable/pod1\n",
     4},
    {"version 1",
     {{"cpu/cpu.cfs_quota_us", "250000\n"}, {"cpu/cpu.cfs_period_us", "100000\n"}},
     "4:memory:/\n3:cpu,cpuacct:/docker/x\n0::/\n",
     3},
    {"version 1, none",
     {{"cpu/cpu.cfs_quota_us", "-1\n"}, {"cpu/cpu.cfs_period_us", "100000\n"}},
     "3:cpu,cpuacct:/\n",
     0},
    {"version 1, own group",
     {{"cpu/cpu.cfs_quota_us", "-1\n"},
      {"cpu/cpu.cfs_period_us", "100000\n"},
      {"cpu/x/cpu.cfs_quota_us", "50000\n"},
      {"cpu/x/cpu.cfs_period_us", "50000\n"}},
     "2:cpuset:/\n1:cpu:/x\n",
     1},
    {"another controller that begins so",
     {{"cpu/cpu.cfs_quota_us", "100000\n"}, {"cpu/cpu.cfs_period_us", "100000\n"}},
     "1:cpuset,cpuacct:/\n",
     0},
    {"nonsense", {{"cpu.max", "lots\n"}}, "hello\n0::\n:::\n", 0},
};

/* Files below a root of their own, until it is taken away. */
static void put_all(const char *const files[6][2])
{
    snprintf(root, sizeof(root), "/tmp/test-groups-XXXXXX");
    assert_non_null(mkdtemp(root));
    for (int f = 0; f < 6 && files[f][0] != NULL; f++) {
        put(files[f][0], files[f][1]);
    }
}

static void take_away(void)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", root);
    assert_int_equal(system(command), 0);
}

static void test_quotas(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_all(cases[i].files);
        int got = processors_quota(root, span_str(cases[i].groups));
        take_away();
        if (got != cases[i].quota) fail_msg("%s: %d, not %d", cases[i].name, got, cases[i].quota);
    }
}

static const struct {
    const char *name;
    const char *files[6][2];
    const char *groups;
    int64_t left;
} memories[] = {
    {"no groups at all", {{NULL, NULL}}, "", INT64_MAX},
    {"version 2, no limit",
     {{"memory.max", "max\n"}, {"memory.current", "5000\n"}},
     "0::/\n",
     INT64_MAX},
    {"version 2, a container's root",
     {{"memory.max", "8000\n"}, {"memory.current", "5000\n"}},
     "0::/\n",
     3000},
    {"version 2, files that may go",
     {{"memory.max", "8000\n"},
      {"memory.current", "5000\n"},
      {"memory.stat", "anon 1000\nfile 4000\ninactive_file 2500\nactive_file 1500\n"}},
     "0::/\n",
     5500},
    {"version 2, own group, tighter than the one above",
     {{"a/memory.max", "9000\n"},
      {"a/memory.current", "1000\n"},
      {"a/b/memory.max", "2000\n"},
      {"a/b/memory.current", "500\n"}},
     "0::/a/b\n",
     1500},
    {"version 2, the one above is full",
     {{"a/memory.max", "9000\n"},
      {"a/memory.current", "9500\n"},
      {"a/b/memory.max", "2000\n"},
      {"a/b/memory.current", "500\n"}},
     "0::/a/b\n",
     0},
    {"version 1",
     {{"memory/docker/x/memory.limit_in_bytes", "8000\n"},
      {"memory/docker/x/memory.usage_in_bytes", "5000\n"},
      {"memory/docker/x/memory.stat", "cache 1000\ninactive_file 1\ntotal_inactive_file 700\n"}},
     "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n",
     3700},
    {"another controller", {{"memory/memory.limit_in_bytes", "1\n"}}, "1:cpuset:/\n", INT64_MAX},
    {"nonsense", {{"memory.max", "lots\n"}}, "hello\n0::\n:::\n", INT64_MAX},
};

static void test_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(memories) / sizeof(memories[0]); i++) {
        put_all(memories[i].files);
        int64_t got = machine_groups_memory(root, span_str(memories[i].groups));
        take_away();
        if (got != memories[i].left) {
            fail_msg("%s: %lld, not %lld", memories[i].name, (long long)got,
                     (long long)memories[i].left);
        }
    }
}

static void test_here(void **state)
{
    (void)state;
    assert_true(processors_usable() >= 1);
    assert_true(processors_usable() <= sysconf(_SC_NPROCESSORS_CONF));
    assert_true(machine_free_memory() > 0);
}

/* Kills are counted by the group that programs are in, as the kernel says it now. */
static const struct {
    const char *name;
    const char *files[6][2];
    const char *groups;
    const char *counts; /* the file that then says one more; NULL: there is no count */
} kills[] = {
    {"no groups at all", {{NULL, NULL}}, "", NULL},
    {"version 2, the root has none", {{"cgroup.procs", "1\n"}}, "0::/\n", NULL},
    {"version 2, own group",
     {{"a/memory.events", "low 0\noom 9\noom_kill 9\n"}, {"a/b/memory.events", "low 0\noom 0\noom_kill 4\n"}},
     "0::/a/b\n",
     "a/b/memory.events"},
    {"version 2, the group above",
     {{"a/memory.events", "low 0\noom 0\noom_kill 4\n"}, {"a/b/cgroup.procs", "1\n"}},
     "0::/a/b\n",
     "a/memory.events"},
    {"version 1",
     {{"memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"}},
     "4:memory:/x\n0::/\n",
     "memory/x/memory.oom_control"},
    {"version 1, an older kernel",
     {{"memory/x/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n"}},
     "4:memory:/x\n",
     NULL},
};

static void test_kills(void **state)
{
    (void)state;
    int proc = open("/proc", O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < sizeof(kills) / sizeof(kills[0]); i++) {
        put_all(kills[i].files);
        int group = machine_open_kills(root, span_str(kills[i].groups));
        if ((group >= 0) != (kills[i].counts != NULL)) fail_msg("%s: %d", kills[i].name, group);
        if (group >= 0) {
            assert_int_equal(machine_kills(group, proc), 4);
            put(kills[i].counts, "some 0\nof 0\noom_kill 5\n");
            assert_int_equal(machine_kills(group, proc), 5);
            close(group);
        }
        take_away();
    }
    close(proc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quotas),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_here),
        cmocka_unit_test(test_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
