/* reward/code/landlock.c - the kernel's own access list for unprivileged processes.
 *
 * Inside namespaces it is the second wall; without them it is what keeps a run from the server's
 * files and from other runs': the folder above a work directory has no rule, so nothing there can
 * be made, read or even listed. A rule is tied to the very folder it was made for, so each run,
 * whose work directory is new, has a ruleset of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/walls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/landlock.h of kernel 6.12; older headers lack the later rights */
enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_MAKE_CHAR = 1 << 6,
    FS_MAKE_SOCK = 1 << 9,
    FS_MAKE_BLOCK = 1 << 11,
    FS_ALL_1 = (1 << 13) - 1, /* the first ABI's thirteen */
    FS_REFER = 1 << 13,       /* ABI 2 */
    FS_TRUNCATE = 1 << 14,    /* ABI 3 */
    FS_IOCTL_DEV = 1 << 15,   /* ABI 5 */
    NET_ALL = 3,              /* ABI 4: bind and connect TCP */
    SCOPE_SIGNAL = 2,         /* ABI 6 */
    SCOPE_ALL = 3,            /* and abstract sockets */
};

struct ruleset_attributes {
    uint64_t fs, net, scoped;
};

int landlock_abi(void)
{
    long v = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return v < 0 ? 0 : (int)v;
}

static uint64_t known_rights(int abi)
{
    uint64_t rights = FS_ALL_1;
    if (abi >= 2) rights |= FS_REFER;
    if (abi >= 3) rights |= FS_TRUNCATE;
    if (abi >= 5) rights |= FS_IOCTL_DEV;
    return rights;
}

/* A path that is missing needs no rule. */
static bool allow(int ruleset, const char *path, uint64_t rights)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT;
    struct stat st;
    if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) rights &= ~(uint64_t)FS_READ_DIR;
    struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = fd};
    bool ok = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(fd);
    return ok;
}

static bool allow_all(int ruleset, const char *work_dir, uint64_t known)
{
    uint64_t work = known & ~(uint64_t)(FS_MAKE_CHAR | FS_MAKE_BLOCK | FS_MAKE_SOCK | FS_IOCTL_DEV);
    uint64_t device = known & (FS_READ_FILE | FS_WRITE_FILE | FS_TRUNCATE);
    for (int i = 0; walls_readable[i] != NULL; i++) {
        if (!allow(ruleset, walls_readable[i], FS_EXECUTE | FS_READ_FILE | FS_READ_DIR)) {
            return false;
        }
    }
    for (int i = 0; walls_devices[i] != NULL; i++) {
        if (!allow(ruleset, walls_devices[i], device)) return false;
    }
    return allow(ruleset, work_dir, work);
}

int landlock_prepare(const char *work_dir, int abi)
{
    struct ruleset_attributes a = {.fs = known_rights(abi)};
    size_t size = sizeof(a.fs);
    if (abi >= 4) {
        a.net = NET_ALL;
        size = 2 * sizeof(a.fs);
    }
    if (abi >= 6) {
        a.scoped = SCOPE_ALL;
        size = sizeof(a);
    }
    if (abi < 1) return -1;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
    if (ruleset >= 0 && !allow_all(ruleset, work_dir, a.fs)) {
        close(ruleset);
        return -1;
    }
    return ruleset;
}

bool landlock_enter(int ruleset)
{
    return syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
}

bool landlock_scope_signals(int abi)
{
    struct ruleset_attributes a = {.scoped = SCOPE_SIGNAL};
    if (abi < 6 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &a, sizeof(a), 0);
    bool ok = ruleset >= 0 && landlock_enter(ruleset);
    if (ruleset >= 0) close(ruleset);
    return ok;
}
