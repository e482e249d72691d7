/* reward/code/namespaces.c - a world of its own: users, processes, files, network.
 *
 * The cell becomes init of a fresh pid namespace, so that one kill(-1) ends whatever a run has
 * started, and when the cell dies the kernel does the same. Its root is a small read-only tmpfs
 * into which the system folders are bound read-only; there is no /proc, no /sys, no home, no /tmp
 * but the work directory. The network namespace has nothing but a loopback that is down.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/warm.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Who the program is inside: nobody in particular. A user other than 0 gains no capability by exec. */
enum { INNER_UID = 1000, INNER_GID = 1000 };

/* linux/mount.h, which cannot be included beside sys/mount.h with every libc */
struct mount_attributes {
    uint64_t set, clear, propagation, userns;
};
enum { ATTR_RDONLY = 1, ATTR_NOSUID = 2, ATTR_NODEV = 4 };

static const char BOX[] = "/box", NEW_ROOT[] = "/tmp";

pid_t namespaces_fork(void)
{
    unsigned long flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
                          CLONE_NEWUTS | CLONE_NEWCGROUP | SIGCHLD;
    return (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return ok;
}

bool namespaces_map_user(uid_t uid, gid_t gid)
{
    char line[64];
    snprintf(line, sizeof(line), "%d %u 1\n", INNER_UID, uid);
    if (!write_file("/proc/self/setgroups", "deny") || !write_file("/proc/self/uid_map", line)) {
        return false;
    }
    snprintf(line, sizeof(line), "%d %u 1\n", INNER_GID, gid);
    return write_file("/proc/self/gid_map", line);
}

static bool set_attributes(const char *path, uint64_t set, bool recursive)
{
    struct mount_attributes a = {.set = set};
    unsigned flags = recursive ? 0x8000 /* AT_RECURSIVE */ : 0;
    return syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &a, sizeof(a)) == 0;
}

/* path of the old world into the new root, read-only: a symbolic link is made again, what is
 * missing is left out. */
static bool bring(const char *path)
{
    char to[128], link[128];
    struct stat st;
    snprintf(to, sizeof(to), "%s%s", NEW_ROOT, path);
    if (lstat(path, &st) != 0) return true;
    if (S_ISLNK(st.st_mode)) {
        ssize_t n = readlink(path, link, sizeof(link) - 1);
        if (n <= 0) return false;
        link[n] = '\0';
        return symlink(link, to) == 0;
    }
    bool folder = S_ISDIR(st.st_mode);
    if (folder && mkdir(to, 0755) != 0 && errno != EEXIST) return false;
    if (!folder) {
        int fd = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (fd < 0) return false;
        close(fd);
    }
    uint64_t attributes = ATTR_RDONLY | ATTR_NOSUID | (S_ISCHR(st.st_mode) ? 0 : ATTR_NODEV);
    return mount(path, to, NULL, MS_BIND | (folder ? MS_REC : 0), NULL) == 0 &&
           set_attributes(to, attributes, folder);
}

static bool build_root(void)
{
    static const char *const folders[] = {"/tmp/etc", "/tmp/etc/ssl", "/tmp/dev", "/tmp/box",
                                          "/tmp/box/work"};
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return false;
    if (mount("tmpfs", NEW_ROOT, "tmpfs", MS_NOSUID | MS_NODEV, "size=256k,mode=755") != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        if (mkdir(folders[i], 0755) != 0) return false;
    }
    for (int i = 0; walls_readable[i] != NULL; i++) {
        if (!bring(walls_readable[i])) return false;
    }
    for (int i = 0; walls_devices[i] != NULL; i++) {
        if (!bring(walls_devices[i])) return false;
    }
    return warm_write_library("/tmp/box/preload.so") && symlink("box/work", "/tmp/tmp") == 0;
}

static bool enter_root(void)
{
    return chdir(NEW_ROOT) == 0 && syscall(SYS_pivot_root, ".", ".") == 0 &&
           umount2(".", MNT_DETACH) == 0 && chdir("/") == 0 &&
           set_attributes("/", ATTR_RDONLY | ATTR_NOSUID | ATTR_NODEV, false);
}

/* linux/mount.h again, and system calls that the C library does not wrap. The mount stands in no
 * folder: who has the descriptor can see it, nobody else. */
int namespaces_open_proc(void)
{
    enum { CREATE = 6 /* FSCONFIG_CMD_CREATE */ };
    int context = (int)syscall(SYS_fsopen, "proc", 1 /* FSOPEN_CLOEXEC */);
    if (context < 0) return -1;
    int proc = -1;
    if (syscall(SYS_fsconfig, context, CREATE, NULL, NULL, 0) == 0) {
        proc = (int)syscall(SYS_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
    }
    close(context);
    return proc;
}

bool namespaces_settle(char *box, size_t room)
{
    if (!build_root() || !enter_root()) return false;
    if (sethostname("box", 3) != 0) return false;
    snprintf(box, room, "%s", BOX);
    return true;
}

bool namespaces_mount_work(const char *dir, size_t bytes, int inodes)
{
    char options[96];
    snprintf(options, sizeof(options), "size=%zu,nr_inodes=%d,mode=700,uid=%d,gid=%d", bytes,
             inodes, INNER_UID, INNER_GID);
    return mount("tmpfs", dir, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0;
}

bool namespaces_unmount_work(const char *dir)
{
    return umount2(dir, MNT_DETACH) == 0;
}
