/* reward/workers/zygote.c - see zygote.h.
 *
 *   server --{slot, pool, spawn}--> zygote --fork--> worker
 *          <--{slot}, its socket---        <--reap--
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

enum {
    IDLE_MS = 1000, /* between looks for orphans */
    ZYGOTE_FD = 3   /* of one that was executed */
};

/* The one argument of a program that is to be a zygote. */
static const char ASKED[] = "--verifier-zygote";

struct order {
    int32_t slot, pool, spawn;
};

struct zygote {
    int socket;
    struct worker_options options;
    pid_t pids[ZYGOTE_MAX_SLOTS]; /* 0: none */
    int dying;                    /* killed, not yet reaped */
};

/* ---- passing a descriptor ----------------------------------------------------------------------------- */

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static bool send_slot(int socket, int32_t slot, int fd)
{
    struct iovec io = {.iov_base = &slot, .iov_len = sizeof(slot)};
    union control control = {0};
    struct msghdr m = {.msg_iov = &io, .msg_iovlen = 1};
    if (fd >= 0) {
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    }
    return sendmsg(socket, &m, MSG_NOSIGNAL) == (ssize_t)sizeof(slot);
}

int zygote_receive(int zygote, int *slot, int *worker)
{
    int32_t number = -1;
    struct iovec io = {.iov_base = &number, .iov_len = sizeof(number)};
    union control control = {0};
    struct msghdr m = {.msg_iov = &io,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof(control.bytes)};
    ssize_t n = recvmsg(zygote, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (n != (ssize_t)sizeof(number) || number < 0 || number >= ZYGOTE_MAX_SLOTS) return -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    *slot = number;
    *worker = -1;
    if (c != NULL && c->cmsg_type == SCM_RIGHTS) memcpy(worker, CMSG_DATA(c), sizeof(*worker));
    return 1;
}

bool zygote_replace(int zygote, int slot, enum worker_pool pool, bool spawn)
{
    struct order o = {.slot = slot, .pool = (int32_t)pool, .spawn = spawn};
    return send(zygote, &o, sizeof(o), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(o);
}

/* ---- the process ---------------------------------------------------------------------------------------- */

/* A worker may also have ended by itself; its slot is then free. */
static bool forget(struct zygote *z, pid_t pid)
{
    for (int i = 0; i < ZYGOTE_MAX_SLOTS; i++) {
        if (z->pids[i] != pid) continue;
        z->pids[i] = 0;
        return true;
    }
    return false;
}

static void reap(struct zygote *z)
{
    for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;) {
        if (!forget(z, pid) && z->dying > 0) z->dying--;
    }
}

/* Whatever a worker started is in its process group. */
static void kill_slot(struct zygote *z, int slot)
{
    pid_t pid = z->pids[slot];
    if (pid <= 0) return;
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
    z->pids[slot] = 0;
    z->dying++;
}

static void spawn(struct zygote *z, const struct order *o)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        send_slot(z->socket, o->slot, -1);
        return;
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(z->socket);
        close(pair[0]);
        worker_run(pair[1], (enum worker_pool)o->pool, &z->options);
        _exit(0);
    }
    close(pair[1]);
    if (pid > 0) z->pids[o->slot] = pid;
    send_slot(z->socket, o->slot, pid > 0 ? pair[0] : -1);
    close(pair[0]);
}

static void obey(struct zygote *z, const struct order *o)
{
    if (o->slot < 0 || o->slot >= ZYGOTE_MAX_SLOTS || o->pool < 0 || o->pool >= POOLS) return;
    kill_slot(z, o->slot);
    if (o->spawn) spawn(z, o);
    reap(z);
}

static void run(struct zygote *z)
{
    for (;;) {
        struct pollfd p = {.fd = z->socket, .events = POLLIN};
        if (poll(&p, 1, z->dying > 0 ? 20 : IDLE_MS) == 0) {
            reap(z);
            continue;
        }
        struct order o;
        ssize_t n = recv(z->socket, &o, sizeof(o), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n != (ssize_t)sizeof(o)) return; /* the server has gone */
        obey(z, &o);
    }
}

/* The server's own signals (Ctrl-C reaches the whole group) are not ours: we end with its socket. */
static void settle_in(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        signal(ignored[i], SIG_IGN);
    }
    signal(SIGCHLD, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* what dead workers leave comes here to be reaped */
    prctl(PR_SET_NAME, "ts-zygote");
}

_Noreturn void zygote_serve(int socket, const struct worker_options *o)
{
    struct zygote z = {.socket = socket, .options = *o};
    settle_in();
    run(&z);
    for (int i = 0; i < ZYGOTE_MAX_SLOTS; i++) {
        kill_slot(&z, i);
    }
    while (waitpid(-1, NULL, 0) > 0) { /* leave no zombie to a container without an init */
    }
    _exit(0);
}

/* ---- the server's side -------------------------------------------------------------------------- */

static bool make_pair(int pair[2], struct error *err)
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0 ||
           error_set(err, ERROR_SYSTEM, NULL, "cannot make a socket pair: %s", strerror(errno));
}

int zygote_open(const struct worker_options *o, pid_t *pid, struct error *err)
{
    int pair[2];
    if (!make_pair(pair, err)) return -1;
    *pid = fork();
    if (*pid == 0) {
        close(pair[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* should it be stopped when the server ends */
        zygote_serve(pair[1], o);
    }
    close(pair[1]);
    if (*pid > 0) return pair[0];
    error_set(err, ERROR_SYSTEM, NULL, "cannot fork: %s", strerror(errno));
    close(pair[0]);
    return -1;
}

/* Fresh signals, and `theirs` as descriptor ZYGOTE_FD. 0, or an error number. */
static int execute(int theirs, pid_t *pid)
{
    static const char *const argv[] = {"touchstone", ASKED, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, theirs, ZYGOTE_FD);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int rc = posix_spawn(pid, "/proc/self/exe", &files, &attributes, (char *const *)(uintptr_t)argv,
                         environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

int zygote_exec(struct span boot, pid_t *pid, struct error *err)
{
    int pair[2];
    if (!make_pair(pair, err)) return -1;
    int rc = execute(pair[1], pid);
    close(pair[1]);
    if (rc == 0 && send(pair[0], boot.p, boot.n, MSG_NOSIGNAL) == (ssize_t)boot.n) return pair[0];
    error_set(err, ERROR_SYSTEM, NULL, "cannot execute this program again: %s", strerror(rc));
    if (rc == 0) {
        zygote_close(pair[0], *pid, 0);
    } else {
        close(pair[0]);
    }
    return -1;
}

int zygote_asked(int argc, char *const *argv, void *boot, size_t n)
{
    if (argc != 2 || strcmp(argv[1], ASKED) != 0) return -1;
    if (recv(ZYGOTE_FD, boot, n, 0) != (ssize_t)n) _exit(2); /* somebody typed it */
    syscall(SYS_close_range, ZYGOTE_FD + 1, ~0u, 0);
    fcntl(ZYGOTE_FD, F_SETFD, FD_CLOEXEC);
    return ZYGOTE_FD;
}

void zygote_close(int zygote, pid_t pid, int within_ms)
{
    close(zygote);
    process_end(pid, within_ms);
}

bool zygote_is_gone(int zygote)
{
    struct pollfd p = {.fd = zygote, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}
