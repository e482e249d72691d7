/* reward/workers/worker.c - see worker.h.
 *
 * An item's CPU time is counted by ITIMER_PROF, in two stages. After NICE_AFTER_MS the process
 * makes way for others (nice), so that hard items use what easy ones leave over; as it can never
 * take that back, it ends after such an item, says so in its reply, and a fresh one takes its
 * place. When the budget is spent, the signal handler itself writes the reply "timeout" and ends
 * the process: no lock, no allocation, so it works wherever the computation stands, and the reply
 * cannot be half of another, for the timer is off while one is written. Memory: RLIMIT_AS makes
 * the allocation fail and the library abort; the server sees the socket close.
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

#include "base/json.h"
#include "base/socket.h"
#include "reward/code/execute.h"
#include "reward/workers/frame.h"
#include "reward/judge/item.h"
#include "reward/limits.h"
#include "reward/judge/score.h"

enum { NICE_AFTER_MS = 50, NICE_BY = 5, MAX_TASKS = 20000 };

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
    struct frame_reply timeout;    /* ready to be written */
    volatile sig_atomic_t rest_ms; /* of the budget, when the first stage ends */
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
        setpriority(PRIO_PROCESS, 0, NICE_BY);
        alarm_clock.niced = 1;
        set_timer(alarm_clock.rest_ms);
        alarm_clock.rest_ms = 0;
        return;
    }
    ssize_t n = write(alarm_clock.socket, &alarm_clock.timeout, sizeof(alarm_clock.timeout));
    _exit(n < 0 ? 1 : 0);
}

static void clock_init(int socket, enum worker_pool pool)
{
    alarm_clock.off = pool == POOL_SANDBOX;
    alarm_clock.socket = socket;
    alarm_clock.timeout = (struct frame_reply){
        .n = sizeof(struct frame_reply), .status = FRAME_TIMEOUT, .verdict = VERDICT_CANNOT};
    struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    sigaction(SIGPROF, &act, NULL);
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

/* ---- one item ---------------------------------------------------------------------------------------------- */

/* The reward entry as a list of one, and the item, as the server checked them before. */
struct work {
    cJSON *list, *item;
    struct arena *arena;
    struct spec_list specs;
};

static bool work_read(struct work *w, struct span spec, struct span item, struct error *err)
{
    w->arena = arena_new(REWARD_SCRATCH_BYTES);
    w->list = cJSON_CreateArray();
    cJSON *entry = json_parse(spec, err);
    w->item = json_parse(item, err);
    if (w->arena == NULL || w->list == NULL || entry == NULL || w->item == NULL) {
        cJSON_Delete(entry);
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory in a verifier process");
    }
    cJSON_AddItemToArray(w->list, entry);
    return spec_list_parse(w->list, w->arena, &w->specs, err);
}

static void work_clear(struct work *w)
{
    spec_list_clear(&w->specs);
    cJSON_Delete(w->list);
    cJSON_Delete(w->item);
    arena_free(w->arena);
}

static enum score_status judge_work(struct work *w, int budget_ms, struct reward_out *out)
{
    const cJSON *fields[ITEM_FIELDS];
    struct reward_call call;
    if (!item_check(w->item, fields, out->err) ||
        !item_call(fields, w->item, w->arena, &call, out->err)) {
        return SCORE_FAULT;
    }
    call.in_worker = true;
    call.budget_ms = budget_ms;
    return score_part(&w->specs.specs[0], &call, out);
}

/* One request frame to one reply frame, the process's last when it is tired. False: the frame
 * makes no sense. */
static bool answer(struct span frame, bool tired, struct buffer *reply)
{
    int budget_ms;
    struct span spec, item;
    if (!frame_read_request(frame, &budget_ms, &spec, &item)) return false;
    if (spec.n == 0) return execute_answer(item, reply);
    struct work w = {0};
    struct error err = {0};
    struct buffer details;
    buffer_init(&details, REWARD_MAX_DETAILS);
    struct reward_out out = {.details = &details, .err = &err};
    clock_start(budget_ms);
    enum score_status status =
        work_read(&w, spec, item, &err) ? judge_work(&w, budget_ms, &out) : SCORE_FAULT;
    clock_stop();
    if (details.failed) details.n = 0;
    frame_write_reply(reply, status, &out, tired || alarm_clock.niced);
    buffer_clear(&details);
    work_clear(&w);
    return !reply->failed;
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

static void limit_process(enum worker_pool pool, size_t memory_bytes)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* of the zygote's end */
    prctl(PR_SET_NAME, "ts-verify");
    setpgid(0, 0);
    if (pool != POOL_ALGEBRA || !CAN_LIMIT_MEMORY) return;
    size_t total = address_space() + memory_bytes;
    struct rlimit space = {total, total};
    setrlimit(RLIMIT_AS, &space);
}

void worker_run(int socket, enum worker_pool pool, size_t memory_bytes)
{
    struct buffer in, reply;
    buffer_init(&in, FRAME_MAX_BYTES);
    buffer_init(&reply, FRAME_MAX_BYTES);
    limit_process(pool, memory_bytes);
    clock_init(socket, pool);
    for (int left = MAX_TASKS; left > 0 && !alarm_clock.niced; left--) {
        reply.n = 0;
        if (!read_frame(socket, &in) || !answer(buffer_span(&in), left == 1, &reply)) break;
        if (!socket_write(socket, reply.p, reply.n)) break;
    }
    buffer_clear(&in);
    buffer_clear(&reply);
}
