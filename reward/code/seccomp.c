/* reward/code/seccomp.c - the system calls a run may make: a list of what is allowed, nothing else.
 *
 * What is not listed fails with ENOSYS, as on an older kernel: C libraries know how to live with
 * that (clone3, openat2, memfd_create, io_uring ...). System calls of another architecture
 * (32-bit, x32) kill the process. Where a call is needed only in some forms, its arguments are
 * checked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/walls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"

/* clang-format off */
static const int allowed[] = {
    /* files, by path and by descriptor; the other walls say which */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(pread64),
    SCMP_SYS(pwrite64), SCMP_SYS(preadv), SCMP_SYS(pwritev), SCMP_SYS(preadv2), SCMP_SYS(pwritev2),
    SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(creat), SCMP_SYS(close), SCMP_SYS(close_range),
    SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
    SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(lseek), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(pipe), SCMP_SYS(pipe2),
    SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(chdir), SCMP_SYS(fchdir),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir),
    SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
    SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(chmod),
    SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(umask), SCMP_SYS(utime), SCMP_SYS(utimes),
    SCMP_SYS(utimensat), SCMP_SYS(futimesat), SCMP_SYS(truncate), SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate), SCMP_SYS(fadvise64), SCMP_SYS(readahead), SCMP_SYS(fsync),
    SCMP_SYS(fdatasync), SCMP_SYS(sendfile), SCMP_SYS(copy_file_range),
    /* memory */
    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(mprotect),
    SCMP_SYS(madvise), SCMP_SYS(mincore), SCMP_SYS(msync), SCMP_SYS(membarrier),
    /* processes and threads of its own */
    SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execve), SCMP_SYS(exit), SCMP_SYS(exit_group),
    SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(getpid), SCMP_SYS(getppid), SCMP_SYS(gettid),
    SCMP_SYS(getpgid), SCMP_SYS(getpgrp), SCMP_SYS(getsid), SCMP_SYS(setpgid), SCMP_SYS(setsid),
    SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getresuid),
    SCMP_SYS(getresgid), SCMP_SYS(getgroups), SCMP_SYS(capget), SCMP_SYS(set_tid_address),
    SCMP_SYS(set_robust_list), SCMP_SYS(get_robust_list), SCMP_SYS(rseq), SCMP_SYS(futex),
    SCMP_SYS(arch_prctl), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(sched_get_priority_max),
    SCMP_SYS(sched_get_priority_min), SCMP_SYS(getpriority), SCMP_SYS(getrlimit),
    SCMP_SYS(setrlimit), SCMP_SYS(getrusage), SCMP_SYS(times), SCMP_SYS(getcpu),
    SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrandom),
    /* signals: to whom, the other walls say */
    SCMP_SYS(kill), SCMP_SYS(tkill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigsuspend), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(sigaltstack), SCMP_SYS(pause),
    SCMP_SYS(alarm), SCMP_SYS(getitimer), SCMP_SYS(setitimer), SCMP_SYS(restart_syscall),
    SCMP_SYS(signalfd4),
    /* time */
    SCMP_SYS(time), SCMP_SYS(gettimeofday), SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres),
    SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(timer_create), SCMP_SYS(timer_settime),
    SCMP_SYS(timer_gettime), SCMP_SYS(timer_getoverrun), SCMP_SYS(timer_delete),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime),
    /* waiting, and talking among its own processes */
    SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create),
    SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    SCMP_SYS(eventfd2), SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg),
    SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
};

/* Allowed when an argument has one of these values. */
static const struct {
    int call;
    unsigned argument;
    uint64_t value;
} forms[] = {
    {SCMP_SYS(prlimit64), 0, 0}, /* of itself */
    {SCMP_SYS(mknod), 1, S_IFIFO | 0600}, {SCMP_SYS(mknod), 1, S_IFIFO | 0666},
    {SCMP_SYS(mknodat), 2, S_IFIFO | 0600}, {SCMP_SYS(mknodat), 2, S_IFIFO | 0666},
    {SCMP_SYS(prctl), 0, PR_SET_NAME}, {SCMP_SYS(prctl), 0, PR_GET_NAME},
    {SCMP_SYS(prctl), 0, PR_SET_VMA}, {SCMP_SYS(prctl), 0, PR_CAPBSET_READ},
    {SCMP_SYS(prctl), 0, PR_GET_DUMPABLE},
    {SCMP_SYS(ioctl), 1, TCGETS}, {SCMP_SYS(ioctl), 1, TIOCGWINSZ}, {SCMP_SYS(ioctl), 1, TIOCGPGRP},
    {SCMP_SYS(ioctl), 1, FIONREAD}, {SCMP_SYS(ioctl), 1, FIONBIO}, {SCMP_SYS(ioctl), 1, FIOCLEX},
    {SCMP_SYS(ioctl), 1, FIONCLEX},
    {SCMP_SYS(fcntl), 1, F_DUPFD}, {SCMP_SYS(fcntl), 1, F_DUPFD_CLOEXEC},
    {SCMP_SYS(fcntl), 1, F_GETFD}, {SCMP_SYS(fcntl), 1, F_SETFD}, {SCMP_SYS(fcntl), 1, F_GETFL},
    {SCMP_SYS(fcntl), 1, F_SETFL}, {SCMP_SYS(fcntl), 1, F_GETLK}, {SCMP_SYS(fcntl), 1, F_GETPIPE_SZ},
};

/* Locks on files outlast no run and reach every other: by one on /usr runs would talk to each other
 * and hold up the machine. They succeed and do nothing; a run is alone with its own files. */
static const int lock_forms[] = {F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW};

/* The kinds of socket pairs: streams, whose ends know each other only. A datagram could be sent to
 * any name. Their buffers stay as large as the system makes them: setsockopt is refused. */
static const int pair_types[] = {SOCK_STREAM, SOCK_SEQPACKET};

/* Refused by a plain "no" instead of ENOSYS: programs treat that as a fact of life. */
static const int refused[] = {
    SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(ptrace),
    SCMP_SYS(setpriority), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown), SCMP_SYS(fchownat),
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(chroot),
    SCMP_SYS(setsockopt),
};
/* clang-format on */

enum {
    N_ALLOWED = sizeof(allowed) / sizeof(allowed[0]),
    N_FORMS = sizeof(forms) / sizeof(forms[0]),
    N_REFUSED = sizeof(refused) / sizeof(refused[0]),
    N_LOCK_FORMS = sizeof(lock_forms) / sizeof(lock_forms[0]),
    N_PAIR_TYPES = sizeof(pair_types) / sizeof(pair_types[0])
};

/* New namespaces and siblings of itself are not for the program to make. CLONE_NEWTIME shares its
 * bit with the exit signal here and exists in clone3 only, which fails. */
static const uint64_t CLONE_REFUSED = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET |
                                      CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PARENT |
                                      CLONE_PTRACE;

static bool add_locks(scmp_filter_ctx c)
{
    for (int i = 0; i < N_LOCK_FORMS; i++) {
        struct scmp_arg_cmp is = SCMP_A1_32(SCMP_CMP_EQ, (uint32_t)lock_forms[i]);
        if (seccomp_rule_add(c, SCMP_ACT_ERRNO(0), SCMP_SYS(fcntl), 1, is) != 0) return false;
    }
    return seccomp_rule_add(c, SCMP_ACT_ERRNO(0), SCMP_SYS(flock), 0) == 0;
}

static bool add_pairs(scmp_filter_ctx c)
{
    for (int i = 0; i < N_PAIR_TYPES; i++) {
        const struct scmp_arg_cmp are[] = {
            SCMP_A0_32(SCMP_CMP_EQ, AF_UNIX),
            SCMP_A1_64(SCMP_CMP_MASKED_EQ, 0xF, (uint64_t)pair_types[i]),
        };
        if (seccomp_rule_add_array(c, SCMP_ACT_ALLOW, SCMP_SYS(socketpair), 2, are) != 0) {
            return false;
        }
    }
    return true;
}

static bool add_rules(scmp_filter_ctx c)
{
    for (int i = 0; i < N_ALLOWED; i++) {
        if (seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed[i], 0) != 0) return false;
    }
    for (int i = 0; i < N_FORMS; i++) {
        struct scmp_arg_cmp is = {
            .arg = forms[i].argument, .op = SCMP_CMP_EQ, .datum_a = (uint32_t)forms[i].value};
        if (seccomp_rule_add(c, SCMP_ACT_ALLOW, forms[i].call, 1, is) != 0) return false;
    }
    for (int i = 0; i < N_REFUSED; i++) {
        if (seccomp_rule_add(c, SCMP_ACT_ERRNO(EPERM), refused[i], 0) != 0) return false;
    }
    struct scmp_arg_cmp plain = SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_REFUSED, 0);
    return seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, plain) == 0 && add_locks(c) &&
           add_pairs(c);
}

/* What libseccomp writes, as the kernel takes it. */
static bool read_program(int fd, struct sock_fprog *filter)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size <= 0) return false;
    size_t n = (size_t)st.st_size;
    filter->filter = mem_bytes(n);
    if (filter->filter == NULL || pread(fd, filter->filter, n, 0) != (ssize_t)n) return false;
    filter->len = (unsigned short)(n / sizeof(struct sock_filter));
    return true;
}

bool seccomp_prepare(struct sock_fprog *filter)
{
    filter->len = 0;
    errno = 0;
    scmp_filter_ctx c = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (c == NULL && errno == ENOMEM) mem_note();
    int fd = memfd_create("filter", MFD_CLOEXEC);
    bool ok = c != NULL && fd >= 0 &&
              seccomp_attr_set(c, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
              seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2) == 0 && add_rules(c) &&
              seccomp_export_bpf(c, fd) == 0 && read_program(fd, filter);
    if (fd >= 0) close(fd);
    seccomp_release(c);
    return ok;
}
