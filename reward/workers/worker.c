/* reward/workers/worker.c - see worker.h.
 *
 * An item's CPU time is counted by ITIMER_PROF, in two stages. After NICE_AFTER_MS the process
 * makes way for others (nice), so that hard items use what easy ones leave over; as it can never
 * take that back, it ends after such an item, says so in its reply, and a fresh one takes its
 * place. When the budget is spent, the signal handler itself writes the reply "timeout" and ends
 * the process: no lock, no allocation, so it works wherever the computation stands, and the reply
 * cannot be half of another, for the timer is off while one is written. Memory: RLIMIT_AS makes
 * an allocation fail; our own code then says so, a library aborts, and the handler of that signal
 * writes the reply "no memory" in the same way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/worker.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/socket.h"
#include "reward/workers/frame.h"

enum {
    NICE_FIRST = 5, /* algebra stands back behind the threads that serve */
    NICE_AFTER_MS = 50,
    NICE_THEN = 10, /* not more: a deadline on the wall stands behind the CPU's (slots.c) */
    MAX_TASKS = 20000,
    OOM_SCORE = 500
};

/* AddressSanitizer maps terabytes of shadow: no limit on address space can be set beside it. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool CAN_LIMIT_MEMORY = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
static const bool CAN_LIMIT_MEMORY = false;
#else
static const bool CAN_LIMIT_MEMORY = true;
#endif
#else
static const bool CAN_LIMIT_MEMORY = true;
#endif

/* ---- the clock ------------------------------------------------------------------------------------------- */

static struct {
    int socket;
    struct frame_reply timeout, no_memory; /* ready to be written */
    volatile sig_atomic_t rest_ms;         /* of the budget, when the first stage ends */
    volatile sig_atomic_t niced;
    bool off; /* the sandbox pool: its work is in other processes, under limits of their own */
} alarm_clock;

static void set_timer(int ms)
{
    struct itimerval t = {.it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};
    setitimer(ITIMER_PROF, &t, NULL);
}

static void on_alarm(int signal)
{
    (void)signal;
    if (alarm_clock.rest_ms > 0) {
        setpriority(PRIO_PROCESS, 0, NICE_THEN);
        alarm_clock.niced = 1;
        set_timer(alarm_clock.rest_ms);
        alarm_clock.rest_ms = 0;
        return;
    }
    ssize_t n = write(alarm_clock.socket, &alarm_clock.timeout, sizeof(alarm_clock.timeout));
    _exit(n < 0 ? 1 : 0);
}

/* GMP, FLINT and others have one way to say that memory is out. */
static void on_abort(int signal)
{
    (void)signal;
    ssize_t n = write(alarm_clock.socket, &alarm_clock.no_memory, sizeof(alarm_clock.no_memory));
    _exit(n < 0 ? 1 : 0);
}

static void clock_init(int socket, enum worker_pool pool)
{
    alarm_clock.off = pool == POOL_SANDBOX;
    alarm_clock.socket = socket;
    alarm_clock.timeout =
        (struct frame_reply){.n = sizeof(struct frame_reply), .end = FRAME_TIMEOUT, .last = 1};
    alarm_clock.no_memory =
        (struct frame_reply){.n = sizeof(struct frame_reply), .end = FRAME_NO_MEMORY, .last = 1};
    struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGPROF, &act, NULL);
    act.sa_handler = on_abort;
    sigaction(SIGABRT, &act, NULL);
}

static void clock_start(int budget_ms)
{
    if (alarm_clock.off) return;
    int first = budget_ms > NICE_AFTER_MS ? NICE_AFTER_MS : budget_ms;
    alarm_clock.rest_ms = budget_ms - first;
    set_timer(first > 0 ? first : 1);
}

static void clock_stop(void)
{
    set_timer(0);
}

/* ---- one order ------------------------------------------------------------------------------------ */

/* One request frame to one reply frame, the process's last when it is tired. False: the frame
 * makes no sense. */
static bool answer(const struct worker_options *o, struct span frame, bool tired,
                   struct buffer *reply)
{
    struct frame_request head;
    struct span order;
    if (!frame_read_request(frame, &head, &order) || head.service >= (uint32_t)o->n_services) {
        return false;
    }
    frame_open_reply(reply, FRAME_ANSWER, tired);
    mem_forget();
    clock_start((int)head.budget_ms);
    struct service_grant grant = {.budget_ms = (int)head.budget_ms, .runs = (int)head.runs};
    bool done = o->services[head.service](&grant, order, reply);
    clock_stop();
    if (!done || reply->failed || mem_ran_out()) {
        buffer_clear(reply);
        frame_open_reply(reply, FRAME_NO_MEMORY, true);
    } else if (alarm_clock.niced) {
        frame_mark_last(reply);
    }
    return frame_close(reply);
}

/* ---- the process ----------------------------------------------------------------------------------------------- */

static bool read_frame(int fd, struct buffer *in)
{
    uint32_t n;
    in->n = 0;
    if (!socket_read(fd, &n, sizeof(n)) || n < sizeof(n) || n > FRAME_MAX_BYTES) return false;
    buffer_add(in, &n, sizeof(n));
    return socket_read_buffer(fd, in, n - sizeof(n));
}

/* Address space in use now, in bytes. */
static size_t address_space(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL) return 0;
    if (fscanf(f, "%lu", &pages) != 1) pages = 0;
    fclose(f);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Where memory is out, the kernel takes a worker before the server, and programs before both. */
static void be_expendable(void)
{
    FILE *f = fopen("/proc/self/oom_score_adj", "w");
    if (f == NULL) return;
    fprintf(f, "%d", OOM_SCORE);
    fclose(f);
}

static void limit_process(enum worker_pool pool, size_t memory_bytes)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* of the zygote's end */
    prctl(PR_SET_NAME, "ts-verify");
    setpgid(0, 0);
    be_expendable();
    if (pool != POOL_ALGEBRA) return; /* programs have limits on the wall: the same for all */
    setpriority(PRIO_PROCESS, 0, NICE_FIRST);
    if (!CAN_LIMIT_MEMORY) return;
    size_t total = address_space() + memory_bytes;
    struct rlimit space = {total, total};
    setrlimit(RLIMIT_AS, &space);
}

void worker_run(int socket, enum worker_pool pool, const struct worker_options *o)
{
    struct buffer in, reply;
    buffer_init(&in, FRAME_MAX_BYTES);
    buffer_init(&reply, FRAME_MAX_BYTES);
    limit_process(pool, o->memory_bytes);
    clock_init(socket, pool);
    for (int left = MAX_TASKS; left > 0 && !alarm_clock.niced; left--) {
        reply.n = 0;
        if (pool == POOL_SANDBOX && o->wait != NULL) o->wait(socket);
        if (!read_frame(socket, &in) || !answer(o, buffer_span(&in), left == 1, &reply)) break;
        if (!socket_write(socket, reply.p, reply.n)) break;
    }
    if (mem_ran_out()) { /* before a reply could be begun */
        socket_write(socket, &alarm_clock.no_memory, sizeof(alarm_clock.no_memory));
    }
    buffer_clear(&in);
    buffer_clear(&reply);
}
