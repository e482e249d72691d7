/* reward/code/warm.h - an interpreter that has started and waits: each run is a fork of it.
 *
 *   cell --> interpreter, which has never seen a request
 *              \--> run: walls first, then the program is read
 *
 * The interpreter is started by the first run that wants it, with a library of ours in front
 * of the C library's fork() (preload.c). Its script imports what programs import and calls fork(); there
 * it stays and takes commands over a socket. For a run it forks; the child gets its order (limits,
 * folder, descriptors, words) over a socket of its own, raises the walls, and returns from fork() into
 * the script. So no byte of a run is ever in the interpreter's own memory.
 *
 * The processes of a run are the interpreter's descendants, and orphans among them its children (a
 * subreaper), so it ends what is left of a run as a cell ends what is left of other runs. The cell watches.
 * An interpreter that has died or does not answer is replaced; one whose run was under way takes the cell
 * with it, whose run another cell repeats (sandbox.h). Programs that are executed find none beside them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_WARM_H
#define REWARD_CODE_WARM_H

#include <sys/resource.h>

#include "reward/code/walls.h"

/* ---- between the cell, the interpreter and its children ---- */

enum {
    WARM_SOCKET = 10, /* descriptors of the interpreter's: commands, */
    WARM_PROC,        /* and walls.proc */
    WARM_WORDS = 4,   /* of a child's: its words, NUL-terminated each, to the end of the stream */
    WARM_MAX_WORDS = 128 << 10, /* bytes */
    WARM_MAX_FILTER = 2048      /* instructions */
};

enum warm_what {
    WARM_FORK, /* with the child's end of a socket */
    WARM_END   /* the child has ended: reap it, and end and reap all that it has left */
};

struct warm_command {
    uint32_t what;
    uint32_t alone; /* walls.alone holds for the interpreter as well */
};

struct warm_answer {
    int32_t pid;  /* WARM_FORK: the child, or minus errno; at first: itself as /proc numbers it */
    int32_t gone; /* WARM_END: nothing is left; */
    int32_t status;
    struct rusage usage;
};

/* Then the filter's instructions, then words. With it come descriptors: stdin, stdout, stderr, channel
 * and, where there is one, the Landlock ruleset. What fails is answered by an errno. */
struct warm_order {
    struct sandbox_limits limits;
    char work[80];
    uint32_t namespaces, scoped, n_fds, n_filter;
};

enum { WARM_MAX_FDS = 5 };

/* ---- in the cell ---- */

/* The interpreter called name waits, or is started. False: errno says why; ENOENT: there is none. */
bool warm_open(struct walls *w, const char *name);

/* A child of it for the run, whose descriptors 0 to 3 are fds; -1 and errno. *report: where an errno can
 * be read once it has ended, if the walls could not be raised. */
pid_t warm_fork(struct walls *w, const struct sandbox_run *run, const int *fds, int *report);

/* That child has ended or been killed: how, what it used, and whether all that it left is gone. False:
 * the interpreter is lost. */
bool warm_end(struct walls *w, int *status, struct rusage *usage, bool *gone);

/* End it, if there is one. */
void warm_close(struct walls *w);

/* The library that stands in front of the interpreter, as a file at path. */
bool warm_write_library(const char *path);

#endif
