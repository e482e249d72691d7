/* reward/code/seccomp_enter.c - obeying a filter of system calls; what has to know a process's number is
 * written by hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/walls.h"

#include <assert.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

bool seccomp_enter(const struct sock_fprog *filter)
{
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter, 0, 0) == 0;
}

enum { KILLS_NAMED_MAX = 3 };

/* The pids are known only now, so this filter is written by hand: kill, tkill and tgkill end as
 * `named` says where their first argument is one of whom[0..n), and else as `others` says; every
 * other call is allowed. (tkill names a thread; a program of one thread still reaches itself.) */
static bool filter_kills(const uint32_t *whom, int n, uint32_t named, uint32_t others)
{
    struct sock_filter code[8 + KILLS_NAMED_MAX] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tkill, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
    };
    unsigned short len = 6;
    assert(n <= KILLS_NAMED_MAX);
    for (int i = 0; i < n; i++) { /* over those that are left, and the end of the others */
        uint8_t to_named = (uint8_t)(n - i);
        code[len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, whom[i], to_named, 0);
    }
    code[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, others);
    code[len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, named);
    struct sock_fprog filter = {.len = len, .filter = code};
    return seccomp_enter(&filter);
}

bool seccomp_guard_signals(void)
{
    const uint32_t self = (uint32_t)getpid();
    return filter_kills(&self, 1, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM);
}

/* Its number, its group's (which is the same), and all that there are. */
bool seccomp_spare(pid_t other)
{
    const uint32_t it[] = {(uint32_t)other, (uint32_t)-other, (uint32_t)-1};
    return filter_kills(it, 3, SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ALLOW);
}
