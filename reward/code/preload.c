/* reward/code/preload.c - the library in front of an interpreter that is kept warm; see warm.h.
 *
 * A shared library of its own, whose one visible name is fork(). The first call of it is the
 * interpreter's and serves the cell; it returns in each run's process, as 0, behind the walls. Further
 * calls there are the C library's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/socket.h"
#include "reward/code/proctree.h"
#include "reward/code/warm.h"

enum { SWEEP_MS = 10000 /* for a run's last process to die */ };

typedef pid_t fork_call(void);

static fork_call *real_fork;
static bool served;   /* the first call has come */
static char name[16]; /* the interpreter's, and so its runs' */

/* The program's environment is as it would be without us. */
__attribute__((constructor)) static void begin(void)
{
    void *symbol = dlsym(RTLD_NEXT, "fork");
    memcpy(&real_fork, &symbol, sizeof(real_fork));
    unsetenv("LD_PRELOAD");
}

/* ---- in a run's process ---------------------------------------------------------------------------- */

/* The descriptors that came with the first bytes. */
static size_t take_fds(struct msghdr *m, int *fds)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    if (c == NULL || c->cmsg_type != SCM_RIGHTS) return 0;
    size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    if (n > WARM_MAX_FDS) return 0;
    memcpy(fds, CMSG_DATA(c), n * sizeof(int));
    return n;
}

static bool read_order(int socket, struct warm_order *o, int *fds)
{
    char room[CMSG_SPACE(WARM_MAX_FDS * sizeof(int))];
    struct iovec part = {.iov_base = o, .iov_len = sizeof(*o)};
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    ssize_t n;
    while ((n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    return n > 0 && take_fds(&m, fds) == o->n_fds && o->n_fds >= WARM_MAX_FDS - 1 &&
           socket_read(socket, (char *)o + n, sizeof(*o) - (size_t)n) &&
           o->n_filter <= WARM_MAX_FILTER;
}

/* As child() of run.c, up to the exec. */
static bool settle(int socket)
{
    static struct sock_filter filter[WARM_MAX_FILTER];
    struct warm_order o;
    int fds[WARM_MAX_FDS] = {-1, -1, -1, -1, -1};
    errno = EPROTO;
    if (!read_order(socket, &o, fds)) return false;
    if (!socket_read(socket, filter, o.n_filter * sizeof(filter[0]))) return false;
    struct walls w = {.landlock = fds[WARM_MAX_FDS - 1],
                      .layers = {.namespaces = o.namespaces},
                      .scoped = o.scoped,
                      .warm = {.name = ""},
                      .filter = {.len = (unsigned short)o.n_filter, .filter = filter}};
    setsid();
    prctl(PR_SET_NAME, name);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    umask(022);
    bool ok = chdir(o.work) == 0;
    for (int i = 0; ok && i < WARM_MAX_FDS - 1; i++) {
        ok = dup2(fds[i], i) == i;
    }
    return ok && walls_raise(&w, &o.limits) && dup2(socket, WARM_WORDS) == WARM_WORDS &&
           syscall(SYS_close_range, WARM_WORDS + 1, ~0u, 0) == 0;
}

static void be_run(int socket)
{
    if (settle(socket)) return;
    int why = errno;
    ssize_t n = write(socket, &why, sizeof(why));
    _exit(n > 0 ? 126 : 127);
}

/* ---- in the interpreter ------------------------------------------------------------------------------ */

/* The next command, and the descriptor with it. False: the cell is gone. */
static bool hear(struct warm_command *command, int *fd)
{
    char room[CMSG_SPACE(sizeof(int))];
    struct iovec part = {.iov_base = command, .iov_len = sizeof(*command)};
    struct msghdr m = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    ssize_t n;
    while ((n = recvmsg(WARM_SOCKET, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    *fd = -1;
    take_fds(&m, fd);
    return n == (ssize_t)sizeof(*command);
}

static void answer(const struct warm_answer *a)
{
    while (send(WARM_SOCKET, a, sizeof(*a), MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

/* The children of a run are all ours: who bore them is dead. */
static void end_run(pid_t pid, bool alone, struct warm_answer *a)
{
    while (wait4(pid, &a->status, 0, &a->usage) < 0 && errno == EINTR) {
    }
    a->gone = alone ? proctree_kill_reachable(SWEEP_MS) : proctree_kill(WARM_PROC, SWEEP_MS);
}

/* Returns in the processes of runs. While it waits it is called as what it is of: the server's own. */
static void serve(void)
{
    struct warm_command command;
    struct warm_answer a = {.pid = proctree_self(WARM_PROC)};
    pid_t pid = -1;
    int fd;
    prctl(PR_GET_NAME, name);
    prctl(PR_SET_NAME, "ts-warm");
    for (answer(&a); hear(&command, &fd); answer(&a)) {
        a = (struct warm_answer){0};
        if (command.what == WARM_END) {
            end_run(pid, command.alone != 0, &a);
            continue;
        }
        pid = real_fork();
        if (pid == 0) {
            be_run(fd);
            return;
        }
        a.pid = pid > 0 ? pid : -errno;
        close(fd);
    }
    _exit(0);
}

__attribute__((visibility("default"))) pid_t fork(void)
{
    if (served) return real_fork();
    served = true;
    serve();
    return 0;
}
