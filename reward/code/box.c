/* reward/code/box.c - see box.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/box.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reward/code/workdir.h"

enum { PLACE_BYTES = 160 << 20, REMOVE_MS = 30000, RANDOM = 6 /* letters at the end of a name */ };

/* Memory first: making and removing folders on a disk takes as long as many a run. */
static const char *const places[] = {"/dev/shm", "/tmp", "/var/tmp", NULL};
static const char PREFIX[] = "touchstone-box-";

/* ---- making ----------------------------------------------------------------------------------------- */

static int lock_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    close(fd);
    return -1;
}

/* It gets the name that box_sweep() looks for only once it is locked. */
static bool make_in(const char *place, char *path, size_t room)
{
    char unlocked[64];
    snprintf(unlocked, sizeof(unlocked), "%.16s/.%sXXXXXX", place, PREFIX);
    if (mkdtemp(unlocked) == NULL) return false;
    snprintf(path, room, "%s/%s", place, strrchr(unlocked, '/') + 2);
    if (lock_folder(unlocked) >= 0 && rename(unlocked, path) == 0) return true;
    rmdir(unlocked);
    return false;
}

/* A container's /dev/shm is often small, and nothing may be executed there. A few runs side by side
 * must find room; one that does not is judged by nobody (workdir_has_room()). */
static bool is_fit(const char *place)
{
    struct statvfs fs;
    return statvfs(place, &fs) == 0 && (fs.f_flag & ST_NOEXEC) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize >= (uint64_t)PLACE_BYTES;
}

bool box_make(char *path, size_t room)
{
    for (int i = 0; places[i] != NULL; i++) {
        if (is_fit(places[i]) && make_in(places[i], path, room)) return true;
    }
    path[0] = '\0';
    return false;
}

bool box_remove(const char *path)
{
    return workdir_remove(path, REMOVE_MS);
}

/* ---- users ------------------------------------------------------------------------------------------- */

/* An abstract socket's name is a lock that cannot be left behind. The descriptor stays open. */
static bool reserve_user(unsigned i)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    int n = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "touchstone-user-%u", i);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
    if (bind(fd, (struct sockaddr *)&a, size) == 0) return true;
    close(fd);
    return false;
}

static bool become(uid_t user)
{
    return setgroups(0, NULL) == 0 && setresgid(user, user, user) == 0 &&
           setresuid(user, user, user) == 0;
}

bool box_become_user(void)
{
    unsigned first = (unsigned)getpid() % BOX_USERS, i = 0;
    if (geteuid() != 0) return false;
    while (i < BOX_USERS && !reserve_user((first + i) % BOX_USERS)) {
        i++;
    }
    /* With all of them reserved, one is shared: better than to stay root. */
    bool ok = become((uid_t)(BOX_FIRST_USER + (first + i) % BOX_USERS));
    prctl(PR_SET_DUMPABLE, 1); /* /proc/self is ours again: uid_map is written there */
    return ok;
}

/* ---- sweeping ---------------------------------------------------------------------------------------- */

static bool is_box_name(const char *name)
{
    size_t n = strlen(PREFIX);
    if (strncmp(name, PREFIX, n) != 0 || strlen(name) != n + RANDOM) return false;
    for (name += n; isalnum((unsigned char)*name); name++) {
    }
    return *name == '\0';
}

/* Root removes nothing that a program has made: a child that is its user does. */
static void remove_as(uid_t user, const char *path)
{
    pid_t pid = fork();
    if (pid == 0) _exit(become(user) && box_remove(path) ? 0 : 1);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

static void sweep_box(const char *path)
{
    struct stat st;
    int fd = lock_folder(path);
    if (fd < 0) return; /* a living cell's, or not ours to enter */
    bool known = fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0700;
    bool of_cell = known && st.st_uid >= BOX_FIRST_USER && st.st_uid < BOX_FIRST_USER + BOX_USERS;
    if (known && st.st_uid == geteuid()) {
        box_remove(path);
    } else if (of_cell && geteuid() == 0) {
        remove_as(st.st_uid, path);
    }
    close(fd);
}

void box_sweep(void)
{
    for (int i = 0; places[i] != NULL; i++) {
        DIR *dir = opendir(places[i]);
        if (dir == NULL) continue;
        for (struct dirent *e; (e = readdir(dir)) != NULL;) {
            char path[64];
            if (!is_box_name(e->d_name)) continue;
            snprintf(path, sizeof(path), "%s/%s", places[i], e->d_name);
            sweep_box(path);
        }
        closedir(dir);
    }
}
