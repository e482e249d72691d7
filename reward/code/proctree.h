/* reward/code/proctree.h - the processes below one, as /proc tells; inside reward/code/ only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_PROCTREE_H
#define REWARD_CODE_PROCTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* What processes take together. */
struct proctree_use {
    size_t processes;
    size_t threads;      /* of all, zombies left out */
    size_t memory_bytes; /* resident, shared pages counted for each; and page tables */
    size_t open_files;   /* descriptors; of processes that hide theirs, as many as can be */
    double cpu_ms;       /* of the living */
};

/* All descendants of root. proc: a descriptor of /proc. False when it cannot be read. */
bool proctree_measure(int proc, pid_t root, struct proctree_use *out);

/* Milliseconds that the thread among all descendants of root that has waited longest for a processor has
 * waited so. 0 where the kernel does not count it. */
double proctree_waited_ms(int proc, pid_t root);

/* The process that reads, as that /proc numbers it; 0 when unknown. */
pid_t proctree_self(int proc);

/* Threads of all processes of a user. */
size_t proctree_user_threads(int proc, uid_t uid);

/* Kill every descendant of this process and wait for them, forks in flight included: all are
 * stopped before the first is killed, so that none can bear another meanwhile. False: some are
 * left after that time. This process must be a child subreaper, and proc must number processes as
 * it does. */
bool proctree_kill(int proc, int within_ms);

/* The same for a process that can signal nobody but its descendants (init of a namespace, or
 * scoped by Landlock): one call reaches all at once, and none can fork meanwhile. */
bool proctree_kill_reachable(int within_ms);

#endif
