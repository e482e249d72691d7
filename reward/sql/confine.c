/* reward/sql/confine.c - see confine.h.
 *
 * The child keeps one descriptor, the pipe, and may make a dozen system calls: memory of its own, the
 * clock, writing to that descriptor, ending. No file can be opened, no program started, nothing
 * signalled, and no memory made executable, so that even a flaw in the library that does the work
 * gains nobody anything but a wrong answer of its own. Its memory is bounded as the worker's is (the
 * limit on address space is inherited), its CPU time by RLIMIT_CPU, and it dies with the worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/sql/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { PIPE_FD = 3, EXIT_NO_WALLS = 77, EXIT_NO_MEMORY = 78, WALL_FACTOR = 3 };

/* ---- in the child ---------------------------------------------------------------------------- */

/* clang-format off */
static const int allowed[] = {
    SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(futex),
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
    SCMP_SYS(getpid), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(exit),
    SCMP_SYS(exit_group), SCMP_SYS(sigaltstack), /* the last: AddressSanitizer's, and harmless */
};
/* clang-format on */

/* All else fails with EPERM: the library's own handling of errors then says what it missed. */
static bool raise_walls(void)
{
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool ok = c != NULL && seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0;
    for (size_t i = 0; ok && i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        ok = seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    }
    struct scmp_arg_cmp pipe = SCMP_A0_32(SCMP_CMP_EQ, PIPE_FD);
    struct scmp_arg_cmp memory[] = {SCMP_A2_32(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                    SCMP_A3_32(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)};
    ok = ok && seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, pipe) == 0 &&
         seccomp_rule_add_array(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, memory) == 0 &&
         seccomp_load(c) == 0;
    seccomp_release(c);
    return ok;
}

static void limit_time(int cpu_s)
{
    struct rlimit time = {(rlim_t)cpu_s, (rlim_t)cpu_s + 1}, none = {0, 0};
    setrlimit(RLIMIT_CPU, &time);
    setrlimit(RLIMIT_CORE, &none);
}

static _Noreturn void be_confined(confined_work *work, const void *arg, int cpu_s, int pipe,
                                  size_t most)
{
    static const int handled[] = {SIGABRT, SIGPROF, SIGXCPU, SIGPIPE};
    struct buffer out;
    for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++) {
        signal(handled[i], SIG_DFL);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    limit_time(cpu_s);
    if (pipe != PIPE_FD && dup2(pipe, PIPE_FD) != PIPE_FD) _exit(1);
    close_range(PIPE_FD + 1, ~0U, 0);
    for (int fd = 0; fd < PIPE_FD; fd++) {
        close(fd);
    }
    if (!raise_walls()) _exit(EXIT_NO_WALLS);
    buffer_init(&out, most);
    mem_forget();
    work(arg, &out);
    if (mem_ran_out()) _exit(EXIT_NO_MEMORY);
    for (size_t sent = 0; !out.failed && sent < out.n;) {
        ssize_t n = write(PIPE_FD, out.p + sent, out.n - sent);
        if (n <= 0) _exit(1);
        sent += (size_t)n;
    }
    _exit(out.failed ? 1 : 0);
}

/* ---- in the worker --------------------------------------------------------------------------- */

/* All that comes before the deadline. False: it passed. */
static bool read_all(int fd, uint64_t deadline_ns, struct buffer *out)
{
    char chunk[1 << 16];
    while (!out->failed) {
        uint64_t now = clock_ns();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (now >= deadline_ns) return false;
        int ready = poll(&p, 1, clock_wait_ms(deadline_ns, now));
        if (ready < 0 && errno != EINTR) return true;
        if (ready <= 0) continue;
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return true;
        buffer_add(out, chunk, (size_t)n);
    }
    return true;
}

static enum confine_end how_it_ended(pid_t child, bool in_time)
{
    int status = 0;
    if (!in_time) kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) return CONFINE_TIME;
    if (WIFSIGNALED(status)) {
        return WTERMSIG(status) == SIGXCPU ? CONFINE_TIME : CONFINE_DIED;
    }
    if (WEXITSTATUS(status) == EXIT_NO_WALLS) return CONFINE_NO_WALLS;
    if (WEXITSTATUS(status) == EXIT_NO_MEMORY) return CONFINE_NO_MEMORY;
    return WEXITSTATUS(status) == 0 ? CONFINE_DONE : CONFINE_DIED;
}

enum confine_end confine_run(confined_work *work, const void *arg, int cpu_s, struct buffer *out)
{
    int ends[2];
    uint64_t deadline = clock_ns() + (uint64_t)(cpu_s * WALL_FACTOR + 1) * 1000000000;
    if (pipe2(ends, O_CLOEXEC) != 0) return CONFINE_FAULT;
    pid_t child = fork();
    if (child == 0) be_confined(work, arg, cpu_s, ends[1], out->limit);
    close(ends[1]);
    enum confine_end end = CONFINE_FAULT;
    if (child > 0) end = how_it_ended(child, read_all(ends[0], deadline, out));
    close(ends[0]);
    return end;
}
