/* base/process.c - see process.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/process.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int reap(pid_t pid)
{
    int status = 0;
    pid_t got;
    while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {
    }
    return got == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int process_end(pid_t pid, int within_ms)
{
    struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    int n = 0;
    assert(pid > 0); /* 0 and below name groups */
    if (p.fd >= 0) {
        while ((n = poll(&p, 1, within_ms)) < 0 && errno == EINTR) {
        }
        close(p.fd);
    }
    if (n <= 0) kill(pid, SIGKILL);
    return reap(pid);
}
