/* reward/code/walls.c - limits and privileges of one run, and the order in which walls are raised.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/walls.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Programs and their libraries, and the files of /etc that loaders, time zones, OpenSSL and Java need. */
const char *const walls_readable[] = {"/usr",
                                      "/bin",
                                      "/sbin",
                                      "/lib",
                                      "/lib32",
                                      "/lib64",
                                      "/etc/ld.so.cache",
                                      "/etc/alternatives",
                                      "/etc/localtime",
                                      "/etc/ssl/openssl.cnf",
                                      "/etc/java-17-openjdk",
                                      "/etc/java-21-openjdk",
                                      NULL};

const char *const walls_devices[] = {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", NULL};

static bool limit(int resource, rlim_t value)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) != 0) return false;
    if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max) value = now.rlim_max;
    struct rlimit r = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &r) == 0;
}

/* The stack has no limit of its own: it is part of the address space, and deep recursion is honest. */
static bool set_limits(const struct sandbox_limits *l)
{
    rlim_t seconds = (rlim_t)(l->cpu_ms + 999) / 1000 + 1;
    return limit(RLIMIT_CORE, 0) && limit(RLIMIT_CPU, seconds) &&
           limit(RLIMIT_AS, l->address_bytes > 0 ? l->address_bytes : RLIM_INFINITY) &&
           limit(RLIMIT_FSIZE, l->work_bytes) && limit(RLIMIT_NOFILE, (rlim_t)l->open_files) &&
           limit(RLIMIT_NPROC, (rlim_t)l->processes) && limit(RLIMIT_STACK, RLIM_INFINITY) &&
           limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0) && limit(RLIMIT_SIGPENDING, 256) &&
           limit(RLIMIT_NICE, 0) && limit(RLIMIT_RTPRIO, 0);
}

void walls_bound_capabilities(void)
{
    for (int c = 0; c <= 63; c++) {
        if (prctl(PR_CAPBSET_READ, c) == 1) prctl(PR_CAPBSET_DROP, c);
    }
}

static bool drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    return syscall(SYS_capset, &head, none) == 0;
}

/* Where Landlock does not say whom the program may signal. */
static bool guard(const struct walls *w)
{
    if (!w->layers.namespaces) return seccomp_guard_signals();
    return w->warm.name == NULL || seccomp_spare(getppid());
}

bool walls_raise(const struct walls *w, const struct sandbox_limits *l)
{
    if (!set_limits(l) || !drop_capabilities()) return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    if (w->landlock >= 0 && !landlock_enter(w->landlock)) return false;
    if (w->filter.len == 0) return true;
    if (!w->scoped && !guard(w)) return false;
    return seccomp_enter(&w->filter);
}
