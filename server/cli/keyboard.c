/* server/cli/keyboard.c - see keyboard.h.
 *
 * A handler leaves its word in an eventfd that is waited on beside the keys: a signal that comes
 * just before the wait, or to another thread, is not missed. SIGTSTP is let in during the wait
 * alone, so that it interrupts nothing else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/keyboard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* opened once; where it could not be, such a signal waits for the next key */
static int waker = -1;
static volatile sig_atomic_t stopping;
static struct sigaction usual; /* what SIGTSTP did before keyboard_begin() */

void keyboard_wake(void)
{
    const uint64_t one = 1;
    int was = errno;
    if (write(waker, &one, sizeof(one)) < 0) errno = was;
}

static void on_stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
    keyboard_wake();
}

static void hold_stop(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    pthread_sigmask(how, &set, NULL);
}

static void catch_stop(void)
{
    if (usual.sa_handler == SIG_IGN) return;
    sigaction(SIGTSTP, &(struct sigaction){.sa_handler = on_stop}, NULL);
}

void keyboard_begin(void)
{
    if (waker < 0) waker = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    sigaction(SIGTSTP, NULL, &usual);
    hold_stop(SIG_BLOCK);
    catch_stop();
}

void keyboard_end(void)
{
    sigaction(SIGTSTP, &usual, NULL);
    hold_stop(SIG_UNBLOCK);
}

/* Until SIGCONT; at once where nobody could send that. */
static void stop(const struct keyboard *k)
{
    stopping = 0;
    k->leave(k->arg);
    sigaction(SIGTSTP, &usual, NULL);
    hold_stop(SIG_UNBLOCK);
    raise(SIGTSTP);
    hold_stop(SIG_BLOCK);
    catch_stop();
    k->enter(k->arg);
}

enum keyboard_news keyboard_wait(const struct keyboard *k, uint64_t until_ns)
{
    struct pollfd in[] = {{.fd = k->fd, .events = POLLIN}, {.fd = waker, .events = POLLIN}};
    uint64_t now = clock_ns(), left = until_ns > now ? until_ns - now : 0, words;
    const struct timespec wait = {.tv_sec = (time_t)(left / 1000000000),
                                  .tv_nsec = (long)(left % 1000000000)};
    hold_stop(SIG_UNBLOCK);
    int n = ppoll(in, 2, until_ns == 0 ? NULL : &wait, NULL);
    hold_stop(SIG_BLOCK);
    if (n > 0 && in[1].revents != 0) n = read(waker, &words, sizeof(words)) > 0 ? -1 : n;
    if (stopping) {
        stop(k);
        n = -1;
    }
    if (n < 0) return KEYBOARD_SIGNAL;
    return n > 0 ? KEYBOARD_KEY : KEYBOARD_TIME;
}
