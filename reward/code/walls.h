/* reward/code/walls.h - the layers around a run; inside reward/code/ only.
 *
 * Each layer has a file: namespaces.c, landlock.c, seccomp.c, limits in walls.c. They are
 * prepared once in the cell and put around each run, in the order of walls_raise(): between fork and
 * exec, or where an interpreter is kept warm (warm.h) between its fork and the first byte of the run
 * that it reads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_WALLS_H
#define REWARD_CODE_WALLS_H

#include <linux/filter.h>
#include <sys/types.h>

#include "reward/code/sandbox.h"

/* An interpreter that is kept warm (warm.h). */
struct warm {
    const char *name; /* NULL: there is none */
    pid_t pid;
    pid_t root; /* the same as walls.proc numbers it */
    int socket;
};

/* What a cell has prepared. */
struct walls {
    struct sandbox_layers layers;
    int proc;     /* descriptor of /proc: of the namespaces or the machine; no run inherits it */
    int landlock; /* ruleset of the run under way; -1: none */
    bool scoped;  /* Landlock keeps signals and abstract sockets inside */
    struct sock_fprog filter; /* seccomp; len 0: none */
    bool alone;               /* the cell can signal nobody but its descendants */
    char box[64];             /* the folder that holds the work directory */
    char work[80];            /* the work directory of the run under way */
    unsigned n_runs;          /* names given so far */
    int oom;                  /* descriptor of the group's count (machine_memory.h), -1: none; no run inherits it */
    uint64_t oom_kills;       /* when last looked */
    char preload[80];         /* file of the library that makes interpreters wait (preload.c) */
    struct warm warm;         /* the one that waits */
};

/* ---- namespaces.c ---- */

/* A child of this process that is init of fresh namespaces, as fork() returns it; -1 and errno
 * where the machine does not permit it. Single-threaded callers only. */
pid_t namespaces_fork(void);

/* In that child: be nobody in particular, who was that user and group outside. */
bool namespaces_map_user(uid_t uid, gid_t gid);

/* /proc of these processes only, as a descriptor; -1 where the machine hides parts of its own. */
int namespaces_open_proc(void);

/* Build the root and move into it; last. */
bool namespaces_settle(char *box, size_t room);

/* A fresh file system of that size on dir / none there any more. */
bool namespaces_mount_work(const char *dir, size_t bytes, int inodes);

/* Take it away again, whatever is in it. */
bool namespaces_unmount_work(const char *dir);

/* ---- landlock.c ---- */

/* The version of Landlock that the kernel has; 0: none. */
int landlock_abi(void);

/* A ruleset for one run: reading and executing system folders, everything in its work directory, no
 * network, and (ABI 6) no signals or abstract sockets to the outside. -1 on failure, or when abi is
 * 0. */
int landlock_prepare(const char *work_dir, int abi);

/* Obey it from now on. */
bool landlock_enter(int ruleset);

/* From now on this process can signal only itself and its descendants. False: the kernel cannot. */
bool landlock_scope_signals(int abi);

/* ---- seccomp.c, seccomp_enter.c ---- */

/* Compile the allow-list. filter->filter is malloc'd. */
bool seccomp_prepare(struct sock_fprog *filter);
/* Obey it from now on. */
bool seccomp_enter(const struct sock_fprog *filter);

/* From now on this process can signal itself only. */
bool seccomp_guard_signals(void);

/* From now on this process can signal neither that one, which leads a group, nor all at once. */
bool seccomp_spare(pid_t other);

/* ---- walls.c ---- */

/* Folders whose content a run may read and execute; NULL-terminated. */
extern const char *const walls_readable[];
/* Devices a run may use. */
extern const char *const walls_devices[];

/* Once in the cell: no program that it runs can gain a capability by exec. The cell keeps its own. */
void walls_bound_capabilities(void);

/* In the forked child, last thing before it is the program's. False: errno says why. A child of a warm
 * interpreter, which must outlive it, cannot signal its parent. */
bool walls_raise(const struct walls *w, const struct sandbox_limits *l);

#endif
