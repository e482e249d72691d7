/* reward/code/proctree.h - the processes below one, as /proc tells; inside reward/code/ only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_PROCTREE_H
#define REWARD_CODE_PROCTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { PROCTREE_MAX = 8192 };

struct proctree {
    size_t n;
    pid_t pids[PROCTREE_MAX];
    size_t threads;      /* of all, zombies left out */
    size_t memory_bytes; /* resident, shared pages counted for each */
    double cpu_ms;       /* of the living */
};

/* Every descendant of root. proc: a descriptor of /proc. False when it cannot be read. */
bool proctree_read(int proc, pid_t root, struct proctree *out);

/* The process that reads, as that /proc numbers it; 0 when unknown. */
pid_t proctree_self(int proc);

/* Threads of all processes of a user. */
size_t proctree_user_threads(int proc, uid_t uid);

/* Kill every descendant of this process and wait for them, forks in flight included: all are stopped
 * before the first is killed, so that none can bear another meanwhile. This process must be a child
 * subreaper, and proc must number processes as it does. */
void proctree_kill(int proc);

#endif
