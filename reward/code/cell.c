/* reward/code/cell.c - see cell.h.
 *
 * Two processes. The outer one, forked from the sandbox's owner, gives up root if it had it,
 * forks the cell (into fresh namespaces where permitted), waits for its end and removes what it
 * may have left in the file system. The cell builds the walls and serves orders. It ends when the
 * owner's end of the socket closes, so nothing is left however the owner went.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/cell.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/control_groups.h"
#include "base/machine_memory.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/socket.h"
#include "reward/code/box.h"
#include "reward/code/proctree.h"
#include "reward/code/run.h"
#include "reward/code/walls.h"
#include "reward/code/warm.h"

enum {
    FIRST_FD = 10, /* descriptors below are the programs' */
    EXIT_NO_NAMESPACES = 77,
    STRAGGLERS_MS = 30000, /* for what a cell may have left */
    ORPHAN_MS = 10000      /* for a cell whose owner has gone to put its things in order */
};

/* ---- orders ------------------------------------------------------------------------------------------- */

/* An order as it came, and what points into it. */
struct order {
    struct buffer bytes;
    struct cell_order head;
    const char *argv[SANDBOX_MAX_ARGS + 1];
    const char *fetch[SANDBOX_MAX_FETCH + 1];
    struct sandbox_file files[SANDBOX_MAX_FILES];
    struct sandbox_run run;
};

/* n bytes at *at, or NULL. */
static const char *take(const struct order *o, size_t *at, size_t n)
{
    assert(*at <= o->bytes.n);
    if (n > o->bytes.n - *at) return NULL;
    const char *p = o->bytes.p + *at;
    *at += n;
    return p;
}

static bool take_strings(const struct order *o, size_t *at, const char **list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const char *p = o->bytes.p + *at;
        const char *end = memchr(p, 0, o->bytes.n - *at);
        if (end == NULL) return false;
        list[i] = take(o, at, (size_t)(end - p) + 1);
    }
    list[n] = NULL;
    return true;
}

static bool take_file(const struct order *o, size_t *at, struct sandbox_file *f)
{
    struct cell_file head;
    const char *p = take(o, at, sizeof(head));
    if (p == NULL) return false;
    memcpy(&head, p, sizeof(head));
    f->name = take(o, at, head.name_n);
    const char *content = take(o, at, head.n);
    f->content = span_of(content, head.n);
    f->executable = head.executable != 0;
    return f->name != NULL && content != NULL;
}

static bool parse_order(struct order *o)
{
    size_t at = sizeof(o->head);
    const struct cell_order *h = &o->head;
    if (h->n_args > SANDBOX_MAX_ARGS || h->n_fetch > SANDBOX_MAX_FETCH ||
        h->n_files > SANDBOX_MAX_FILES) {
        return false;
    }
    if (!take_strings(o, &at, o->argv, h->n_args) || !take_strings(o, &at, o->fetch, h->n_fetch)) {
        return false;
    }
    const char *input = take(o, &at, h->input_n);
    if (input == NULL) return false;
    for (uint32_t i = 0; i < h->n_files; i++) {
        if (!take_file(o, &at, &o->files[i])) return false;
    }
    o->run = (struct sandbox_run){.argv = o->argv,
                                  .warm = h->warm != 0,
                                  .input = span_of(input, h->input_n),
                                  .files = o->files,
                                  .n_files = h->n_files,
                                  .fetch = o->fetch,
                                  .limits = h->limits};
    return true;
}

static bool read_order(int socket, struct order *o)
{
    o->bytes.n = 0;
    if (!socket_read(socket, &o->head, sizeof(o->head))) return false;
    if (o->head.n < sizeof(o->head) || o->head.n > CELL_MAX_ORDER) return false;
    buffer_add(&o->bytes, &o->head, sizeof(o->head));
    return socket_read_buffer(socket, &o->bytes, o->head.n - sizeof(o->head)) && parse_order(o);
}

static bool write_buffer(int socket, const struct buffer *b)
{
    return b->n == 0 || socket_write(socket, b->p, b->n);
}

static bool write_reply(int socket, const struct sandbox_result *r, bool last)
{
    struct cell_reply head = {.end = (int32_t)r->end,
                              .signaled = r->signaled,
                              .last = last,
                              .starved = r->starved,
                              .waited = r->waited,
                              .code = r->code,
                              .cpu_ms = r->cpu_ms,
                              .wall_ms = r->wall_ms,
                              .peak_bytes = r->peak_bytes,
                              .out_n = r->out.n,
                              .err_n = r->err.n,
                              .channel_n = r->channel.n};
    memcpy(head.error, r->error, sizeof(head.error));
    for (int i = 0; i < SANDBOX_MAX_FETCH; i++) {
        head.fetched_n[i] = r->fetched[i].n;
        head.was_fetched[i] = r->was_fetched[i];
    }
    bool ok = socket_write(socket, &head, sizeof(head)) && write_buffer(socket, &r->out) &&
              write_buffer(socket, &r->err) && write_buffer(socket, &r->channel);
    for (int i = 0; ok && i < SANDBOX_MAX_FETCH; i++) {
        ok = write_buffer(socket, &r->fetched[i]);
    }
    return ok;
}

/* The limit of processes counts per user: the cell's own stand in it, an interpreter that is kept warm, and
 * every other process of the user where that is the server's. */
static int process_limit(const struct walls *w, const struct sandbox_run *run)
{
    int wanted = run->limits.processes + run->warm;
    if (w->layers.namespaces || w->layers.own_uid) return wanted + 2;
    return wanted + (int)proctree_user_threads(w->proc, getuid());
}

/* Run after run, until the socket closes or something of a run could not be removed: then another
 * cell takes over, and this one's end removes it. */
static void serve(struct walls *w, int socket)
{
    enum run_left left = RUN_LEFT_NOTHING;
    struct order o;
    struct sandbox_result r;
    buffer_init(&o.bytes, CELL_MAX_ORDER);
    sandbox_result_init(&r);
    while (left == RUN_LEFT_NOTHING && read_order(socket, &o)) {
        struct sandbox_run run = o.run;
        run.limits.processes = process_limit(w, &run);
        left = run_program(w, &run, socket, &r);
        if (left == RUN_LOST || !write_reply(socket, &r, left != RUN_LEFT_NOTHING)) break;
        sandbox_result_clear(&r);
        sandbox_result_init(&r);
        if (o.bytes.room > 1 << 20) buffer_clear(&o.bytes);
    }
}

/* ---- the cell ------------------------------------------------------------------------------------------- */

static bool prepare(struct walls *w, int landlock_most, struct cell_hello *hello)
{
    int abi = landlock_abi();
    mem_forget();
    w->layers.landlock_abi = landlock_most > 0 && abi > landlock_most ? landlock_most : abi;
    int trial = landlock_prepare(w->box, w->layers.landlock_abi);
    if (trial < 0) w->layers.landlock_abi = 0;
    if (trial >= 0) close(trial);
    w->scoped = w->layers.landlock_abi >= 6;
    w->layers.seccomp = seccomp_prepare(&w->filter);
    walls_bound_capabilities();
    w->oom_kills = machine_kills(w->oom, w->proc);
    w->alone = w->layers.namespaces || landlock_scope_signals(w->layers.landlock_abi);
    hello->layers = w->layers;
    if (!w->layers.namespaces && !warm_write_library(w->preload)) {
        snprintf(hello->error, sizeof(hello->error), "a file cannot be written: %s",
                 strerror(errno));
    }
    hello->no_memory = mem_ran_out(); /* what is missing then, the machine may well offer */
    if (!w->layers.private_tmpfs) snprintf(hello->folder, sizeof(hello->folder), "%s", w->box);
    if (!w->layers.namespaces && proctree_self(w->proc) != getpid()) {
        snprintf(hello->error, sizeof(hello->error),
                 "neither namespaces nor /proc: processes could not be ended safely");
    }
    return hello->error[0] == '\0' && !hello->no_memory;
}

static _Noreturn void be_cell(struct walls *w, const struct sandbox_options *o, int socket)
{
    struct cell_hello hello = {0};
    prctl(PR_SET_NAME, "ts-cell");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    signal(SIGPIPE, SIG_IGN);
    snprintf(w->preload, sizeof(w->preload), "%.60s/preload.so", w->box);
    bool ready = prepare(w, o->landlock_most, &hello);
    if (socket_write(socket, &hello, sizeof(hello)) && ready) serve(w, socket);
    _exit(0);
}

/* ---- the outer process ------------------------------------------------------------------------------------- */

/* Only the socket stays open, as descriptor FIRST_FD or above; below are closed ones, kept taken. */
static int keep_only(int socket)
{
    int kept = fcntl(socket, F_DUPFD_CLOEXEC, FIRST_FD);
    syscall(SYS_close_range, 0, (unsigned)kept - 1, 0);
    syscall(SYS_close_range, (unsigned)kept + 1, ~0u, 0);
    while (open("/dev/null", O_RDWR | O_CLOEXEC) < FIRST_FD - 1) {
    }
    return kept;
}

/* Where memory is out, the kernel takes this process and its programs first, never the server. */
static void be_expendable(void)
{
    static const char most[] = "1000";
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t n = write(fd, most, sizeof(most) - 1);
    (void)n; /* raising it is always allowed; without /proc there is no other way */
    close(fd);
}

/* The cell ends when its owner has hung up; one that does not, since it is stopped, is killed. */
static int wait_for(pid_t pid, int socket)
{
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd p[] = {{.fd = pidfd, .events = POLLIN}, {.fd = socket, .events = POLLRDHUP}};
    while (pidfd >= 0 && poll(p, 2, -1) < 0 && errno == EINTR) {
    }
    if (pidfd >= 0) close(pidfd);
    return process_end(pid, ORPHAN_MS);
}

/* In fresh namespaces; returns only when the machine does not permit them. */
static void try_namespaces(struct walls *w, const struct sandbox_options *o, int socket)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    pid_t pid = namespaces_fork();
    if (pid < 0) return;
    if (pid == 0) {
        if (!namespaces_map_user(uid, gid)) _exit(EXIT_NO_NAMESPACES);
        int proc = namespaces_open_proc();
        if (proc >= 0) w->proc = proc;
        if (!namespaces_settle(w->box, sizeof(w->box))) _exit(EXIT_NO_NAMESPACES);
        w->layers.namespaces = w->layers.private_tmpfs = true;
        snprintf(w->work, sizeof(w->work), "%.60s/work", w->box);
        be_cell(w, o, socket);
    }
    if (wait_for(pid, socket) != EXIT_NO_NAMESPACES) _exit(0);
}

_Noreturn void cell_main(int socket, const struct sandbox_options *options)
{
    struct sandbox_options o = *options;
    struct walls w = {.landlock = -1};
    char groups[CONTROL_GROUPS_TEXT];
    socket = keep_only(socket);
    be_expendable();
    setsid();
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    prctl(PR_SET_NAME, "ts-cell-outer");
    w.layers.own_uid = box_become_user();
    w.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    control_groups_own(groups);
    w.oom = machine_open_kills("/sys/fs/cgroup", span_str(groups));
    if (!o.no_namespaces) try_namespaces(&w, &o, socket);
    if (!box_make(w.box, sizeof(w.box))) {
        struct cell_hello hello = {.error = "no folder for work directories can be made"};
        socket_write(socket, &hello, sizeof(hello));
        _exit(1);
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* orphans of a cell that was killed come here */
    pid_t pid = fork();
    if (pid == 0) be_cell(&w, &o, socket);
    if (pid > 0) wait_for(pid, socket);
    close(socket);
    proctree_kill(w.proc, STRAGGLERS_MS);
    box_remove(w.box);
    _exit(0);
}
