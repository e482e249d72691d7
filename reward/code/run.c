/* reward/code/run.c - see run.h.
 *
 *   pipes, work directory --> fork --> child: walls, exec (or it is the child of an interpreter that
 *                              |              is kept warm: warm.h)
 *                              v
 *        watch: feed stdin, read stdout, stderr, channel, look at the clock ... until the program's
 *        main process has ended, a limit is passed, or the owner has gone
 *                              |
 *                              v
 *        sweep: everything it started is killed and reaped; only then is the rest of the pipes read
 *
 * The verdict comes from the main process's end, never from the end of a pipe: a daemon that
 * keeps a pipe open gains no time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/run.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/machine_memory.h"
#include "reward/code/proctree.h"
#include "reward/code/warm.h"
#include "reward/code/workdir.h"

enum {
    READ_BYTES = 65536,
    PIPE_BYTES = 65536, /* what a pipe takes without a reader */
    TICK_MS = 50,       /* between looks at a run's use of things, */
    TICK_SHARE = 20,    /* or so many times what a look takes: on a machine of many processes */
    SWEEP_MS = 10000,   /* for its last process to die */
    FILES_FACTOR = 4,   /* descriptors of all processes: so many times one's. Behind each may stand
                           memory of the kernel's that is counted nowhere: a socket's, a pipe's */
    STDERR_FLOOD = 16,  /* stderr beyond its limit is dropped; beyond so many times that, a flood */
    STDERR_BYTES = 64 << 10 /* of stderr that is searched for the cause of a failure */
};

/* In the order of the child's descriptors. */
enum pipe_end { PIPE_IN, PIPE_OUT, PIPE_ERR, PIPE_CHANNEL, PIPES };

struct running {
    struct walls *walls;
    const struct sandbox_run *run;
    struct sandbox_result *result;
    int control;
    int ours[PIPES], theirs[PIPES]; /* -1: closed */
    int exec_error; /* its end says why the program could not be started; closed when it was */
    size_t fed, err_dropped;
    pid_t pid;
    int pidfd;
    uint64_t begun_ns, deadline_ns, tick_ns;
    bool ended, clean;
    bool lost; /* the interpreter that it was forked from */
    int status;
    struct rusage usage;
    int verdict; /* SANDBOX_ENDS: none yet */
};

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static void fail(struct running *g, const char *what)
{
    g->verdict = SANDBOX_FAULT;
    snprintf(g->result->error, sizeof(g->result->error), "%s: %s", what, strerror(errno));
}

/* ---- starting ------------------------------------------------------------------------------------------ */

static bool open_pipes(struct running *g)
{
    for (int i = 0; i < PIPES; i++) {
        int p[2];
        if (pipe2(p, O_CLOEXEC) != 0) return false;
        g->ours[i] = i == PIPE_IN ? p[1] : p[0];
        g->theirs[i] = i == PIPE_IN ? p[0] : p[1];
        fcntl(g->ours[i], F_SETFL, O_NONBLOCK);
    }
    return true;
}

/* Never SIGPIPE: the cell ignores it. */
static void feed(struct running *g)
{
    struct span rest = span_slice(g->run->input, g->fed, SIZE_MAX);
    ssize_t n = rest.n == 0 ? 0 : write(g->ours[PIPE_IN], rest.p, rest.n);
    if (n > 0) g->fed += (size_t)n;
    assert(g->fed <= g->run->input.n);
    bool again = n < 0 && (errno == EAGAIN || errno == EINTR);
    if (g->fed == g->run->input.n || (n <= 0 && !again)) close_fd(&g->ours[PIPE_IN]);
}

void run_exec(const char *const *argv, const char *preload)
{
    static const char *const always[] = {"PATH=/usr/local/bin:/usr/bin:/bin",
                                         "HOME=.",
                                         "TMPDIR=.",
                                         "LANG=C.UTF-8",
                                         "PYTHONHASHSEED=0",
                                         "PYTHONDONTWRITEBYTECODE=1",
                                         "OPENBLAS_NUM_THREADS=1",
                                         "OMP_NUM_THREADS=1",
                                         "MALLOC_ARENA_MAX=2"};
    static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin"};
    enum { ALWAYS = sizeof(always) / sizeof(always[0]) };
    const char *environment[ALWAYS + 2] = {NULL};
    char variable[128];
    memcpy(environment, always, sizeof(always));
    if (preload != NULL) {
        snprintf(variable, sizeof(variable), "LD_PRELOAD=%s", preload);
        environment[ALWAYS] = variable;
    }
    char **args = (char **)(uintptr_t)argv, **env = (char **)(uintptr_t)environment;
    if (strchr(argv[0], '/') != NULL) {
        execve(argv[0], args, env);
        return;
    }
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", folders[i], argv[0]);
        execve(path, args, env);
        if (errno != ENOENT && errno != EACCES) return;
    }
}

void run_default_signals(void)
{
    sigset_t none;
    for (int i = 1; i < NSIG; i++) {
        signal(i, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Descriptors of the cell begin at 10, so the four of the program can be put in place one by one.
 * The cell's memory is shared until exec and the cell stands still meanwhile (vfork), which saves
 * a fifth of a small program's time: nothing of it is written here but the stack and errno. */
static _Noreturn void child(const struct running *g, int exec_error)
{
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    run_default_signals();
    umask(022);
    bool ok = chdir(g->walls->work) == 0;
    for (int i = 0; ok && i < PIPES; i++) {
        ok = dup2(g->theirs[i], i) == i;
    }
    if (ok && walls_raise(g->walls, &g->run->limits)) {
        syscall(SYS_close_range, PIPES, (unsigned)exec_error - 1, 0);
        syscall(SYS_close_range, (unsigned)exec_error + 1, ~0u, 0);
        run_exec(g->run->argv, NULL);
    }
    int why = errno;
    ssize_t n = write(exec_error, &why, sizeof(why));
    _exit(n > 0 ? 126 : 127);
}

/* Executed by a child of the cell's. */
static pid_t begin_cold(struct running *g)
{
    int p[2];
    warm_close(g->walls); /* nothing but the program is in its reach */
    if (pipe2(p, O_CLOEXEC) != 0) return -1;
    pid_t pid = vfork();
    if (pid == 0) child(g, p[1]);
    close(p[1]);
    g->exec_error = p[0];
    return pid;
}

static bool start(struct running *g)
{
    if (!open_pipes(g)) return false;
    feed(g);
    g->begun_ns = clock_ns();
    g->deadline_ns = g->begun_ns + clock_ms_to_ns(g->run->limits.wall_ms);
    g->tick_ns = g->begun_ns + clock_ms_to_ns(TICK_MS);
    g->pid = g->run->warm ? warm_fork(g->walls, g->run, g->theirs, &g->exec_error) : begin_cold(g);
    for (int i = 0; i < PIPES; i++) {
        close_fd(&g->theirs[i]);
    }
    if (g->pid > 0) g->pidfd = (int)syscall(SYS_pidfd_open, g->pid, 0);
    return g->pid > 0 && g->pidfd >= 0;
}

/* ---- watching -------------------------------------------------------------------------------------------- */

static void decide(struct running *g, enum sandbox_end end)
{
    if (g->verdict == SANDBOX_ENDS) g->verdict = (int)end;
}

/* Up to one chunk of a pipe. False when there is no more now (or ever: it is closed then). */
static bool drain(struct running *g, enum pipe_end i)
{
    char bytes[READ_BYTES];
    struct buffer *to[PIPES] = {NULL, &g->result->out, &g->result->err, &g->result->channel};
    size_t limit = g->run->limits.output_bytes;
    if (g->ours[i] < 0) return false;
    ssize_t n = read(g->ours[i], bytes, sizeof(bytes));
    if (n == 0) close_fd(&g->ours[i]);
    if (n <= 0) return n < 0 && errno == EINTR;
    size_t room = limit - to[i]->n, take = (size_t)n < room ? (size_t)n : room;
    buffer_add(to[i], bytes, take);
    if (to[i]->failed) { /* what is lost here must not look like a wrong answer */
        errno = ENOMEM;
        fail(g, "cannot keep the output");
    }
    if (take == (size_t)n) return true;
    g->err_dropped += (size_t)n - take;
    if (i != PIPE_ERR || g->err_dropped > STDERR_FLOOD * limit) decide(g, SANDBOX_OUTPUT);
    return true;
}

/* The program's end, and those of orphans that fell to the cell. */
static void reap(struct running *g)
{
    int status;
    struct rusage usage;
    if (g->run->warm) g->ended = true; /* its parent reaps it: sweep() */
    for (pid_t pid; !g->run->warm && (pid = wait4(-1, &status, WNOHANG, &usage)) > 0;) {
        if (pid != g->pid) continue;
        g->ended = true;
        g->status = status;
        g->usage = usage;
    }
}

/* The root of the run's processes is the cell itself, or the interpreter: orphans are its children. 0: not known. */
static pid_t tree_root(const struct running *g)
{
    return g->run->warm ? g->walls->warm.root : proctree_self(g->walls->proc);
}

static void check_tree(struct running *g)
{
    struct proctree_use use;
    const struct sandbox_limits *l = &g->run->limits;
    pid_t root = tree_root(g);
    if (root == 0 || !proctree_measure(g->walls->proc, root, &use)) return;
    if (use.memory_bytes > l->memory_bytes + l->memory_bytes / 4) decide(g, SANDBOX_MEMORY);
    if (use.open_files > (size_t)l->open_files * FILES_FACTOR) decide(g, SANDBOX_MEMORY);
    if (use.threads > (size_t)l->processes + 1) decide(g, SANDBOX_PROCESSES);
    if (use.cpu_ms > 1.5 * l->cpu_ms + 500) decide(g, SANDBOX_TIME);
}

static void check_clocks(struct running *g)
{
    const struct sandbox_limits *l = &g->run->limits;
    struct timespec cpu;
    clockid_t clock;
    if (clock_getcpuclockid(g->pid, &clock) == 0 && clock_gettime(clock, &cpu) == 0 &&
        cpu.tv_sec * 1000 + cpu.tv_nsec / 1000000 > l->cpu_ms) {
        decide(g, SANDBOX_TIME);
    }
}

/* The wall's time is up. It may have gone by in waiting for a processor: for others, since a program can change
 * neither its priority nor its processors, and its own threads cannot take each other's without passing the
 * limit of CPU time. */
static void end_by_wall(struct running *g)
{
    pid_t root = tree_root(g);
    if (g->verdict != SANDBOX_ENDS) return;
    g->result->waited =
        root != 0 && 2 * proctree_waited_ms(g->walls->proc, root) > g->run->limits.wall_ms;
    decide(g, SANDBOX_TIME);
}

static void tick(struct running *g, uint64_t now)
{
    if (now >= g->deadline_ns) end_by_wall(g);
    if (now < g->tick_ns) return;
    uint64_t begun = clock_cpu_ns(); /* a look that waits for a processor is not a dear one */
    check_clocks(g);
    check_tree(g);
    if (!g->walls->layers.private_tmpfs && workdir_exceeds(g->walls, &g->run->limits)) {
        decide(g, SANDBOX_OUTPUT);
    }
    uint64_t pause = (clock_cpu_ns() - begun) * TICK_SHARE, least = clock_ms_to_ns(TICK_MS);
    g->tick_ns = clock_ns() + (pause > least ? pause : least);
}

static void wait_for_news(struct running *g)
{
    struct pollfd p[PIPES + 2];
    for (int i = 0; i < PIPES; i++) {
        p[i] = (struct pollfd){.fd = g->ours[i], .events = i == PIPE_IN ? POLLOUT : POLLIN};
    }
    p[PIPES] = (struct pollfd){.fd = g->pidfd, .events = POLLIN};
    p[PIPES + 1] = (struct pollfd){.fd = g->control, .events = POLLRDHUP};
    uint64_t now = clock_ns(), due = g->tick_ns < g->deadline_ns ? g->tick_ns : g->deadline_ns;
    if (poll(p, PIPES + 2, clock_wait_ms(due, now)) > 0) {
        if (p[PIPE_IN].revents != 0) feed(g);
        for (int i = PIPE_OUT; i < PIPES; i++) {
            if (p[i].revents != 0) drain(g, (enum pipe_end)i);
        }
        if (p[PIPES].revents != 0) reap(g);
        if (p[PIPES + 1].revents != 0) decide(g, SANDBOX_FAULT);
    }
    if (!g->ended) tick(g, clock_ns());
}

/* ---- ending ------------------------------------------------------------------------------------------------ */

static void wait_for_main(struct running *g)
{
    int status;
    struct rusage usage;
    pid_t pid;
    if (!g->ended) kill(g->pid, SIGKILL);
    while (!g->ended && ((pid = wait4(g->pid, &status, 0, &usage)) == g->pid || errno == EINTR)) {
        if (pid != g->pid) continue;
        g->ended = true;
        g->status = status;
        g->usage = usage;
    }
}

/* Kill and reap all that is left, by the interpreter that the program was forked from. */
static void sweep_warm(struct running *g)
{
    if (!g->ended) kill(g->pid, SIGKILL);
    g->lost = !warm_end(g->walls, &g->status, &g->usage, &g->clean);
    g->ended = true;
}

/* Kill and reap all that is left. Nothing of the main process's end is read before. */
static void sweep(struct running *g)
{
    if (g->pid <= 0) return;
    if (g->run->warm) {
        sweep_warm(g);
        return;
    }
    wait_for_main(g);
    assert(g->ended);
    g->clean = g->walls->alone ? proctree_kill_reachable(SWEEP_MS)
                               : proctree_kill(g->walls->proc, SWEEP_MS);
}

static void drain_rest(struct running *g)
{
    for (int i = PIPE_OUT; i < PIPES; i++) {
        while (drain(g, (enum pipe_end)i)) {
        }
    }
}

static bool err_has(const struct running *g, const char *const *words)
{
    struct span all = buffer_span(&g->result->err);
    struct span tail = span_slice(all, all.n > STDERR_BYTES ? all.n - STDERR_BYTES : 0, all.n);
    for (; *words != NULL; words++) {
        if (span_find(tail, span_str(*words), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* A failure for want of memory or processes shows only in what the program says, or in what it used. */
static enum sandbox_end failure(const struct running *g)
{
    static const char *const memory[] = {"MemoryError", "bad_alloc", "Cannot allocate memory",
                                         "out of memory", NULL};
    static const char *const processes[] = {"Resource temporarily unavailable",
                                            "can't start new thread", NULL};
    size_t peak = (size_t)g->usage.ru_maxrss * 1024;
    if (peak > g->run->limits.memory_bytes / 10 * 9 || err_has(g, memory)) return SANDBOX_MEMORY;
    if (err_has(g, processes)) return SANDBOX_PROCESSES;
    return WIFSIGNALED(g->status) ? SANDBOX_SIGNALED : SANDBOX_EXITED;
}

static double timeval_ms(struct timeval t)
{
    return (double)t.tv_sec * 1000.0 + (double)t.tv_usec / 1000.0;
}

static void judge(struct running *g)
{
    struct sandbox_result *r = g->result;
    int why = 0;
    r->wall_ms = (double)(clock_ns() - g->begun_ns) / 1e6;
    r->cpu_ms = timeval_ms(g->usage.ru_utime) + timeval_ms(g->usage.ru_stime);
    r->peak_bytes = (size_t)g->usage.ru_maxrss * 1024;
    r->signaled = WIFSIGNALED(g->status);
    r->code = WIFSIGNALED(g->status) ? WTERMSIG(g->status) : WEXITSTATUS(g->status);
    if (g->exec_error >= 0 && read(g->exec_error, &why, sizeof(why)) == (ssize_t)sizeof(why)) {
        errno = why;
        fail(g, "the program could not be started");
        if (why == ENOENT) g->verdict = SANDBOX_NOT_FOUND;
        return;
    }
    if (r->cpu_ms > g->run->limits.cpu_ms) decide(g, SANDBOX_TIME);
    if (WIFSIGNALED(g->status) && WTERMSIG(g->status) == SIGXCPU) decide(g, SANDBOX_TIME);
    if (WIFSIGNALED(g->status) && WTERMSIG(g->status) == SIGXFSZ) decide(g, SANDBOX_OUTPUT);
    decide(g, g->status == 0 ? SANDBOX_EXITED : failure(g));
}

static void fetch_files(struct running *g)
{
    const char *const *fetch = g->run->fetch;
    for (size_t i = 0; fetch != NULL && fetch[i] != NULL && i < SANDBOX_MAX_FETCH; i++) {
        struct buffer *to = &g->result->fetched[i];
        g->result->was_fetched[i] =
            workdir_fetch(g->walls, fetch[i], g->run->limits.work_bytes, to);
        if (!g->result->was_fetched[i]) buffer_clear(to);
    }
}

/* False: the result says what failed. */
static bool warm_up(struct running *g)
{
    if (!g->run->warm || warm_open(g->walls, g->run->argv[0])) return true;
    bool missing = errno == ENOENT;
    fail(g, "the program could not be started");
    if (missing) g->verdict = SANDBOX_NOT_FOUND;
    return false;
}

static void run_inside(struct running *g)
{
    if (!warm_up(g)) return;
    if (!start(g)) {
        fail(g, "cannot start");
        sweep(g);
        return;
    }
    while (!g->ended && g->verdict == SANDBOX_ENDS) {
        wait_for_news(g);
    }
    sweep(g);
    drain_rest(g);
    judge(g);
    fetch_files(g);
}

/* The work directory, its files and its wall. False: the result says what failed. */
static bool prepare(struct running *g, struct walls *w, bool *made)
{
    const struct sandbox_run *run = g->run;
    struct sandbox_result *r = g->result;
    *made = workdir_make(w, &run->limits, r->error, sizeof(r->error));
    if (!*made || !workdir_lay(w, run->files, run->n_files, r->error, sizeof(r->error))) {
        return false;
    }
    w->landlock = landlock_prepare(w->work, w->layers.landlock_abi);
    if (w->landlock >= 0 || w->layers.landlock_abi == 0) return true;
    fail(g, "cannot raise the wall around the work directory");
    return false;
}

/* Where the count is at hand the run's own time alone counts; the machine's costs more to read than to
 * have a kill of earlier count. */
static void note_kills(struct walls *w)
{
    if (w->oom >= 0) w->oom_kills = machine_kills(w->oom, w->proc);
}

/* Has the kernel killed something for want of memory since the last look? What failed meanwhile may have
 * failed of that. Where all goes well nobody looks. */
static bool memory_was_out(struct running *g)
{
    bool well = g->verdict == SANDBOX_EXITED && g->result->code == 0;
    if (well || g->verdict == SANDBOX_NOT_FOUND) return false;
    uint64_t before = g->walls->oom_kills;
    g->walls->oom_kills = machine_kills(g->walls->oom, g->walls->proc);
    return g->walls->oom_kills > before;
}

enum run_left run_program(struct walls *w, const struct sandbox_run *run, int control,
                          struct sandbox_result *r)
{
    struct running g = {.walls = w,
                        .run = run,
                        .result = r,
                        .control = control,
                        .ours = {-1, -1, -1, -1},
                        .theirs = {-1, -1, -1, -1},
                        .exec_error = -1,
                        .pidfd = -1,
                        .clean = true,
                        .verdict = SANDBOX_ENDS};
    bool made, ready = prepare(&g, w, &made);
    r->starved = made && !workdir_has_room(w, &run->limits);
    note_kills(w);
    if (ready) {
        run_inside(&g);
    } else {
        g.verdict = SANDBOX_FAULT;
    }
    r->starved = r->starved || (made && !workdir_has_room(w, &run->limits)) || memory_was_out(&g);
    assert(g.verdict >= 0 && g.verdict < SANDBOX_ENDS); /* every run has an end */
    r->end = (enum sandbox_end)g.verdict;
    for (int i = 0; i < PIPES; i++) {
        close_fd(&g.ours[i]);
        close_fd(&g.theirs[i]);
    }
    close_fd(&g.exec_error);
    close_fd(&g.pidfd);
    close_fd(&w->landlock);
    if (g.lost) return RUN_LOST;
    return (!made || workdir_clear(w)) && g.clean ? RUN_LEFT_NOTHING : RUN_LEFT_SOMETHING;
}
