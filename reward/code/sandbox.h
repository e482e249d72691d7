/* reward/code/sandbox.h - runs programs nobody trusts, one at a time, behind walls.
 *
 * A sandbox is a small process of its own (the cell, cell.c), forked from a single-threaded
 * process, which builds the walls once and then serves runs: a private work directory is made,
 * the files are laid out, the program is forked, fed, watched and ended, everything it left
 * behind is killed and removed, and only then does the result come back. Whoever owns the sandbox
 * holds what the program must not know (expected outputs); nothing but a run's own bytes ever
 * enters the cell.
 *
 * Several sandboxes may work side by side: sandbox_start() each, poll sandbox_fd(),
 * sandbox_finish().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_SANDBOX_H
#define REWARD_CODE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

struct sandbox;

/* The walls in force, as found when a cell was built. */
struct sandbox_layers {
    bool namespaces;    /* user, pid, mount, net, ipc, uts: all of them, or none */
    int landlock_abi;   /* 0: not available */
    bool seccomp;       /* allow-list of system calls */
    bool own_uid;       /* not the server's user: the server started as root and gave that up */
    bool private_tmpfs; /* the work directory is a file system of its own with a size */
};

/* Enough for code nobody trusts: namespaces or Landlock, and seccomp in any case. */
bool sandbox_layers_suffice(const struct sandbox_layers *l);

/* Members of an object: "namespaces": true, ... appended to out. */
void sandbox_emit_layers(const struct sandbox_layers *l, struct buffer *out);

struct sandbox_options {
    bool allow_unsafe;  /* open with too few layers as well */
    bool no_namespaces; /* for tests of the other walls: leave them out even where permitted, */
    int landlock_most;  /* and use no later ABI of Landlock than this; 0: whatever there is */
    int grace_ms; /* likewise: what a cell may take beyond a run's time on the wall; 0: 45 s */
};

/* Fork a cell. The caller's process must have one thread. NULL and ERROR_NOT_AVAILABLE when the
 * machine offers too few layers, ERROR_SYSTEM when something failed. Close with sandbox_close(). */
struct sandbox *sandbox_open(const struct sandbox_options *o, struct error *err);

/* Ends a run under way and the cell. Accepts NULL. */
void sandbox_close(struct sandbox *box);

/* The walls in force around box. */
const struct sandbox_layers *sandbox_layers(const struct sandbox *box);

/* The folder that holds its work directories; "" when they are in a file system nobody else sees. */
const char *sandbox_folder(const struct sandbox *box);

/* Relative, without empty parts, "." or "..", at most 200 bytes? */
bool sandbox_is_file_name(const char *name);

/* A file laid into the work directory before a run. */
struct sandbox_file {
    const char *name; /* sandbox_is_file_name(); folders are made */
    struct span content;
    bool executable;
};

struct sandbox_limits {
    int cpu_ms, wall_ms;
    size_t memory_bytes;  /* resident, of all its processes together */
    size_t address_bytes; /* address space of each process; 0: no limit of its own */
    size_t output_bytes;  /* of stdout, stderr and the result channel, each */
    size_t work_bytes;    /* of the work directory, and of its largest file */
    int work_files;       /* inodes of the work directory */
    int processes;        /* and threads, together */
    int open_files;       /* descriptors of each process */
};

struct sandbox_run {
    const char *const *argv; /* NULL-terminated; argv[0] is searched in the fixed PATH or the work
                                directory ("./program") */
    bool warm;         /* argv[0] is an interpreter that the cell keeps warm, argv[1] the way it
                                goes (python_driver.h), what follows the program's arguments */
    struct span input; /* stdin */
    const struct sandbox_file *files;
    size_t n_files;
    /* names to bring back from the work directory; NULL or NULL-terminated */
    const char *const *fetch;
    struct sandbox_limits limits;
};

enum { SANDBOX_MAX_ARGS = 64, SANDBOX_MAX_FILES = 256, SANDBOX_MAX_FETCH = 16 };

/* How a run ended. */
enum sandbox_end {
    SANDBOX_EXITED,    /* code */
    SANDBOX_SIGNALED,  /* code is the signal */
    SANDBOX_TIME,      /* CPU or wall */
    SANDBOX_MEMORY,    /* it failed for want of memory */
    SANDBOX_OUTPUT,    /* stdout, stderr or files grew past their limit */
    SANDBOX_PROCESSES, /* it failed for want of processes */
    SANDBOX_NOT_FOUND, /* argv[0] is not installed */
    SANDBOX_FAULT,     /* the sandbox failed, not the program: error */
    SANDBOX_ENDS
};

struct sandbox_result {
    enum sandbox_end end;
    bool signaled; /* the main process ended by a signal, ours included: */
    int code;      /* that, or its exit status */
    double cpu_ms, wall_ms;
    size_t peak_bytes; /* largest resident memory of a process */
    bool starved; /* the disk was fuller, by somebody else's doing, than the limits promise, or the
                          machine's memory was out: a failure proves nothing */
    bool waited;  /* SANDBOX_TIME: on the wall, and for most of it for a processor that others had; what never
                          sleeps, as a compiler, has then not had its time */
    struct buffer out, err, channel;
    struct buffer fetched[SANDBOX_MAX_FETCH]; /* empty p: there was no such file */
    bool was_fetched[SANDBOX_MAX_FETCH];
    char error[128]; /* SANDBOX_FAULT */
};

/* An empty result, whose buffers grow as far as a cell may send. */
void sandbox_result_init(struct sandbox_result *r);

/* Free what it holds; it may be used again. */
void sandbox_result_clear(struct sandbox_result *r);

/* Begin a run; false and err when the request is malformed (err->param names it) or the cell is
 * gone and no other can be forked. The result channel is descriptor 3 of the program. */
bool sandbox_start(struct sandbox *box, const struct sandbox_run *run, struct error *err);

/* Readable when the result is there; between runs, when the cell has ended. -1: there is none. */
int sandbox_fd(const struct sandbox *box);

/* Milliseconds until the result is overdue; 0: it is, and sandbox_finish() will not wait. */
int sandbox_wait_ms(const struct sandbox *box);

/* Wait for the result. False when the cell is gone or overdue; the next run gets another. r is initialised
 * and may be used again. */
bool sandbox_finish(struct sandbox *box, struct sandbox_result *r, struct error *err);

/* Between runs: let a cell that has ended meanwhile go, and reap those that have been. True: one has not
 * ended yet, so that another look is wanted. */
bool sandbox_tend(struct sandbox *box);

/* sandbox_start() and sandbox_finish(). A cell may be lost for reasons of the machine's (its memory), so
 * the run is given to another one, once. */
bool sandbox_run(struct sandbox *box, const struct sandbox_run *run, struct sandbox_result *r,
                 struct error *err);

#endif
