/* reward/code/warm.c - the cell's side of warm.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/warm.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reward/code/proctree.h"
#include "reward/code/python_driver.h"
#include "reward/code/run.h"

enum {
    ANSWER_S = 20,   /* so long an interpreter may take to start, to fork, or to end a run */
    FREE_FROM = 100, /* descriptors that are nobody's in the cell */
};

extern const char preload_bytes[], preload_bytes_end[];

/* Interpreters that gain by it: those that take much longer to start than to fork. */
static const struct interpreter {
    const char *name;
    const char *argv[16];
} interpreters[] = {{"python3", PYTHON_DRIVER_ARGV}};

bool warm_write_library(const char *path)
{
    size_t n = (size_t)(preload_bytes_end - preload_bytes);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0444);
    if (fd < 0) return false;
    bool ok = write(fd, preload_bytes, n) == (ssize_t)n;
    return close(fd) == 0 && ok;
}

/* ---- starting ----------------------------------------------------------------------------------------- */

/* Descriptors as preload.c expects them. Streams are pipes, as a run's: what Python makes of its
 * streams depends on that. */
static bool lay_descriptors(const struct walls *w, int socket, const int *streams)
{
    int commands = fcntl(socket, F_DUPFD, FREE_FROM), proc = fcntl(w->proc, F_DUPFD, FREE_FROM);
    if (commands < 0 || proc < 0) return false;
    for (int i = 0; i < 3; i++) {
        if (dup2(streams[i == 0 ? 0 : 1], i) != i) return false;
    }
    for (int i = 3; i < WARM_SOCKET; i++) { /* taken: a run's are put in place one by one */
        if (fcntl(i, F_SETFD, 0) != 0) return false;
    }
    return dup2(commands, WARM_SOCKET) == WARM_SOCKET && dup2(proc, WARM_PROC) == WARM_PROC &&
           syscall(SYS_close_range, WARM_PROC + 1, ~0u, 0) == 0;
}

/* In a child whose memory is the cell's until it executes: nothing is written but the stack. It keeps
 * out of its own reach when it ends everything that it can signal: by its number of init, or by a
 * scope of its own. */
static _Noreturn void become(const struct walls *w, const struct interpreter *it, int socket,
                             const int *streams)
{
    struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    int complaint = socket;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    run_default_signals();
    setrlimit(RLIMIT_STACK, &none); /* or the room below it is no stack's later */
    bool scoped =
        !w->alone || w->layers.namespaces || landlock_scope_signals(w->layers.landlock_abi);
    if (scoped && chdir("/") == 0 && lay_descriptors(w, socket, streams)) {
        complaint = WARM_SOCKET;
        run_exec(it->argv, w->preload);
    }
    struct warm_answer a = {.pid = -errno};
    ssize_t n = send(complaint, &a, sizeof(a), MSG_NOSIGNAL);
    _exit(n > 0 ? 126 : 127);
}

static const struct interpreter *find(const char *name)
{
    for (size_t i = 0; i < sizeof(interpreters) / sizeof(interpreters[0]); i++) {
        if (strcmp(interpreters[i].name, name) == 0) return &interpreters[i];
    }
    return NULL;
}

/* One answer. False: the interpreter is lost. */
static bool hear(const struct warm *it, struct warm_answer *a)
{
    ssize_t n;
    while ((n = recv(it->socket, a, sizeof(*a), 0)) < 0 && errno == EINTR) {
    }
    if (n >= 0 && n != (ssize_t)sizeof(*a)) errno = EPIPE;
    return n == (ssize_t)sizeof(*a);
}

static bool launch(struct walls *w, const struct interpreter *it)
{
    int pair[2], streams[2] = {-1, -1};
    struct warm_answer a;
    const struct timeval most = {.tv_sec = ANSWER_S};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return false;
    bool ok = pipe2(streams, O_CLOEXEC) == 0;
    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &most, sizeof(most));
    pid_t pid = ok ? vfork() : -1;
    if (pid == 0) become(w, it, pair[1], streams);
    int why = errno;
    close(pair[1]);
    for (int i = 0; i < 2; i++) {
        if (streams[i] >= 0) close(streams[i]);
    }
    w->warm = (struct warm){.name = it->name, .pid = pid, .socket = pair[0]};
    ok = pid > 0;
    if (ok && !hear(&w->warm, &a)) why = errno, ok = false;
    if (ok && a.pid < 0) why = -a.pid, ok = false;
    w->warm.root = ok ? a.pid : 0;
    if (!ok) warm_close(w);
    errno = why;
    return ok;
}

bool warm_open(struct walls *w, const char *name)
{
    const struct interpreter *it = find(name);
    if (w->warm.name != NULL && strcmp(w->warm.name, name) == 0) return true;
    warm_close(w);
    errno = ENOENT;
    return it != NULL && launch(w, it);
}

/* A child may have been forked that nobody was told of; it falls to the cell, and goes too. */
void warm_close(struct walls *w)
{
    if (w->warm.name == NULL) return;
    close(w->warm.socket);
    if (w->warm.pid > 0) kill(w->warm.pid, SIGKILL);
    while (w->warm.pid > 0 && waitpid(w->warm.pid, NULL, 0) < 0 && errno == EINTR) {
    }
    w->warm = (struct warm){0};
    if (w->alone) {
        proctree_kill_reachable(ANSWER_S * 1000);
    } else {
        proctree_kill(w->proc, ANSWER_S * 1000);
    }
}

/* ---- a run ----------------------------------------------------------------------------------------------- */

/* n bytes in parts, and descriptors with the first of them. */
static bool send_with(int socket, struct iovec *parts, size_t n, const int *fds, size_t n_fds)
{
    char room[CMSG_SPACE(WARM_MAX_FDS * sizeof(int))] = {0};
    struct msghdr m = {.msg_iov = parts,
                       .msg_iovlen = n,
                       .msg_control = room,
                       .msg_controllen = CMSG_SPACE(n_fds * sizeof(int))};
    size_t whole = 0;
    assert(n_fds <= WARM_MAX_FDS);
    for (size_t i = 0; i < n; i++) {
        whole += parts[i].iov_len;
    }
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
    memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
    return sendmsg(socket, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)whole;
}

/* The way, and the program's arguments. */
static bool gather_words(const struct sandbox_run *run, struct buffer *out)
{
    for (const char *const *word = run->argv + 1; *word != NULL; word++) {
        buffer_add(out, *word, strlen(*word) + 1);
    }
    errno = out->no_memory ? ENOMEM : E2BIG;
    return !out->failed;
}

static bool send_order(const struct walls *w, const struct sandbox_run *run, const int *fds,
                       int socket)
{
    struct buffer words;
    struct warm_order o = {.limits = run->limits,
                           .namespaces = w->layers.namespaces,
                           .scoped = w->scoped,
                           .n_fds = w->landlock >= 0 ? WARM_MAX_FDS : WARM_MAX_FDS - 1,
                           .n_filter = w->filter.len};
    int all[WARM_MAX_FDS];
    memcpy(all, fds, (WARM_MAX_FDS - 1) * sizeof(int));
    all[WARM_MAX_FDS - 1] = w->landlock;
    snprintf(o.work, sizeof(o.work), "%s", w->work);
    assert(w->filter.len <= WARM_MAX_FILTER);
    buffer_init(&words, WARM_MAX_WORDS);
    bool ok = gather_words(run, &words);
    struct iovec parts[] = {{&o, sizeof(o)},
                            {w->filter.filter, w->filter.len * sizeof(struct sock_filter)},
                            {words.p, words.n}};
    ok = ok && send_with(socket, parts, 3, all, o.n_fds);
    buffer_clear(&words);
    return ok && shutdown(socket, SHUT_WR) == 0;
}

/* False: the interpreter does not answer. *pid < 0 and errno: there is no child. */
static bool ask_for_child(struct walls *w, const struct sandbox_run *run, const int *fds,
                          pid_t *pid, int *report)
{
    struct warm_command command = {.what = WARM_FORK};
    struct iovec part = {&command, sizeof(command)};
    struct warm_answer a = {.pid = -EPROTO};
    int pair[2];
    *pid = -1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0) return true;
    fcntl(pair[1], F_SETFL, 0);
    bool ordered = send_order(w, run, fds, pair[0]), answered = true;
    if (ordered) {
        answered = send_with(w->warm.socket, &part, 1, &pair[1], 1) && hear(&w->warm, &a);
    }
    int why = !ordered || !answered ? errno : -a.pid;
    close(pair[1]);
    if (ordered && answered && a.pid > 0) {
        *pid = a.pid;
        *report = pair[0];
    } else {
        close(pair[0]);
        errno = why;
    }
    return answered;
}

pid_t warm_fork(struct walls *w, const struct sandbox_run *run, const int *fds, int *report)
{
    pid_t pid;
    if (ask_for_child(w, run, fds, &pid, report)) return pid;
    warm_close(w); /* it has died since the last run, or was stopped */
    return warm_open(w, run->argv[0]) && ask_for_child(w, run, fds, &pid, report) ? pid : -1;
}

bool warm_end(struct walls *w, int *status, struct rusage *usage, bool *gone)
{
    struct warm_command command = {.what = WARM_END, .alone = w->alone};
    struct warm_answer a;
    if (send(w->warm.socket, &command, sizeof(command), MSG_NOSIGNAL) < 0 || !hear(&w->warm, &a)) {
        return false;
    }
    *status = a.status;
    *usage = a.usage;
    *gone = a.gone != 0;
    return true;
}
