/* tests/unit/test_workers.c - items that go to the verifier processes: verdicts, timeouts,
 * deaths, fairness, cancelling. The reward is regex with patterns that backtrack for ever.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"
#include "tests/unit/processes.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { BUDGET_MS = 300, WORKERS = 16 };

/* A job and the news of its end. */
struct call {
    struct judge_job *job;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done;
};

static void on_done(void *arg, struct judge_job *job)
{
    struct call *c = arg;
    (void)job;
    pthread_mutex_lock(&c->lock);
    c->done++;
    pthread_cond_signal(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

static void begin(struct call *c, const char *request)
{
    struct error err = {0};
    *c = (struct call){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    c->job = judge_job_new(judge, JUDGE_NATIVE, json_parse(span_str(request), &err), &err);
    if (c->job == NULL) fail_msg("%s %s", err.param, err.message);
    judge_job_start(c->job, on_done, c);
}

static void wait_for(struct call *c)
{
    pthread_mutex_lock(&c->lock);
    while (c->done == 0) {
        pthread_cond_wait(&c->changed, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
}

static bool has_ended(struct call *c)
{
    pthread_mutex_lock(&c->lock);
    bool ended = c->done > 0;
    pthread_mutex_unlock(&c->lock);
    return ended;
}

/* The reply; free with free(). */
static char *end(struct call *c)
{
    struct buffer out;
    wait_for(c);
    assert_int_equal(c->done, 1);
    buffer_init(&out, 1 << 26);
    assert_true(judge_job_reply(c->job, &out));
    judge_job_free(c->job);
    return buffer_take(&out);
}

static void expect(const char *reply, const char *part)
{
    if (strstr(reply, part) == NULL) print_message("%s\nlacks %s\n", reply, part);
    assert_non_null(strstr(reply, part));
}

/* (a|a)*[bc] over n letters a: 2^n steps, never a match. 16 are too many for the server, 60 for any budget. */
#define HARD(n) \
    "{\"id\":\"h\",\"completion\":\"" n \
    "\",\"rewards\":[{\"name\":\"regex\",\"pattern\":\"^(a|a)*[bc]$\"}]}"
#define A16 "aaaaaaaaaaaaaaaa"
#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define EASY \
    "{\"id\":\"e\",\"completion\":\"ab\",\"rewards\":[{\"name\":\"regex\",\"pattern\":\"^a+b$\"}]" \
    "}"

static void test_deferred_verdict(void **state)
{
    struct call c;
    struct judge_stats before, after;
    (void)state;
    judge_stats_get(judge, &before);
    begin(&c, "{\"items\":[" EASY "," HARD(A16) "]}");
    char *reply = end(&c);
    judge_stats_get(judge, &after);
    expect(reply, "{\"id\":\"e\",\"reward\":1,");
    expect(reply, "{\"id\":\"h\",\"reward\":0,\"rewards\":{\"regex\":0},\"details\":{\"regex\":{"
                  "\"cause\":\"no_match\"}}");
    assert_int_equal(after.deferred - before.deferred, 1); /* it did go there */
    free(reply);
}

static void test_timeout(void **state)
{
    struct call c;
    struct judge_stats before, after;
    (void)state;
    judge_stats_get(judge, &before);
    begin(&c, "{\"items\":[" HARD(A60) "," EASY "]}");
    char *reply = end(&c);
    judge_stats_get(judge, &after);
    expect(reply, "\"reward\":null,\"rewards\":{\"regex\":null},\"details\":{\"regex\":{"
                  "\"verdict\":\"cannot_judge\",\"cause\":\"timeout\"}}");
    expect(reply, "{\"id\":\"e\",\"reward\":1,");
    assert_int_equal(after.timeouts - before.timeouts, 1);
    free(reply);
    begin(&c, "{\"items\":[" HARD(A16) "]}"); /* and the next one is judged */
    reply = end(&c);
    expect(reply, "\"reward\":0,");
    free(reply);
}

static void test_unjudged_counts_as_asked(void **state)
{
    struct call c;
    (void)state;
    begin(&c, "{\"on_cannot_judge\":0,\"items\":[" HARD(A60) "]}");
    char *reply = end(&c);
    expect(reply, "\"reward\":0,\"rewards\":{\"regex\":null}");
    free(reply);
}

/* A request of n items that run out their budget. */
static void begin_flood(struct call *c, int n)
{
    struct buffer request;
    buffer_init(&request, 1 << 20);
    buffer_add_str(&request, "{\"items\":[");
    for (int i = 0; i < n; i++) {
        buffer_addf(&request, "%s%s", i > 0 ? "," : "", HARD(A60));
    }
    buffer_add_str(&request, "]}");
    begin(c, request.p);
    buffer_clear(&request);
}

/* Until that many workers are at work at least. */
static struct judge_stats wait_busy(int workers)
{
    struct judge_stats s;
    for (judge_stats_get(judge, &s); s.workers_busy < workers; judge_stats_get(judge, &s)) {
        usleep(1000);
    }
    return s;
}

/* A newcomer's deferred item is answered before `most` items of others have run out their budgets
 * (which are CPU time: how long that takes on the clock is the machine's affair). */
static void ask_beside(uint64_t most)
{
    struct call quick;
    struct judge_stats before, after;
    judge_stats_get(judge, &before);
    begin(&quick, "{\"items\":[" HARD(A16) "]}");
    char *reply = end(&quick);
    judge_stats_get(judge, &after);
    expect(reply, "\"reward\":0,");
    free(reply);
    uint64_t passed = after.timeouts - before.timeouts;
    if (passed > most) print_message("%d items went before\n", (int)passed);
    assert_true(passed <= most);
}

static void end_flood(struct call *slow)
{
    assert_int_equal(slow->done, 0); /* still at it */
    judge_job_cancel(slow->job);
    char *reply = end(slow);
    expect(reply, "cancelled");
    free(reply);
}

/* More slow items than there are workers take half of these at most, so that the deferred items
 * of others find one at once, every time. */
static void test_share(void **state)
{
    struct call slow;
    (void)state;
    if (WORKERS <= 2 * sysconf(_SC_NPROCESSORS_ONLN)) skip(); /* none to spare */
    begin_flood(&slow, 200);
    for (int i = 0; i < 8; i++) {
        int newcomer = i > 0; /* the last may still be counted for a moment */
        assert_true(wait_busy(1 + i).workers_busy <= WORKERS / 2 + newcomer);
        ask_beside(WORKERS / 2); /* no more than are at it now */
    }
    end_flood(&slow);
}

/* More requests of slow items than there are workers: each has its turn, a newcomer's too. Before
 * that, no more of theirs end than one of each and those that are at it. */
static void test_many_floods(void **state)
{
    static struct call slow[2 * WORKERS];
    (void)state;
    if (WORKERS <= 2 * sysconf(_SC_NPROCESSORS_ONLN)) skip(); /* none to spare */
    for (int i = 0; i < 2 * WORKERS; i++) {
        begin_flood(&slow[i], 20);
    }
    for (int i = 0; i < 4; i++) {
        wait_busy(WORKERS / 2);
        ask_beside(2 * WORKERS + WORKERS);
    }
    for (int i = 0; i < 2 * WORKERS; i++) {
        end_flood(&slow[i]);
    }
}

/* Items that run out their budget do not hold up a second client's deferred item. */
static void test_fairness(void **state)
{
    struct call slow;
    (void)state;
    begin_flood(&slow, 200);
    wait_busy(1);
    ask_beside(WORKERS);
    end_flood(&slow);
}

static void test_cancel_frees_workers(void **state)
{
    struct call c;
    struct judge_stats s;
    (void)state;
    begin_flood(&c, 200);
    wait_busy(1);
    judge_job_cancel(c.job);
    free(end(&c));
    do {
        usleep(1000);
        judge_stats_get(judge, &s);
    } while (s.workers_busy > 0 || s.waiting > 0);
}

/* Items of some 100 ms, one after the other through few workers: a worker that has been made nice
 * ends after its item, and the next item must not be lost with it. */
static void test_tired_workers(void **state)
{
    struct call c;
    struct buffer request;
    (void)state;
    buffer_init(&request, 1 << 20);
    buffer_add_str(&request, "{\"items\":[");
    for (int i = 0; i < 24; i++) {
        buffer_addf(&request, "%s%s", i > 0 ? "," : "", HARD(A16 "aaaaa"));
    }
    buffer_add_str(&request, "]}");
    begin(&c, request.p);
    buffer_clear(&request);
    char *reply = end(&c);
    if (strstr(reply, "\"cause\":\"error\"") != NULL) print_message("%s\n", reply);
    assert_null(strstr(reply, "\"cause\":\"error\""));
    free(reply);
}

/* Many small deferred items from several threads: each gets its own verdict. */
static void *many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 50; i++) {
        struct call c;
        begin(&c, "{\"items\":[" HARD(A16) "," EASY "," HARD("aaaaaaaaaaaaaaaab") "]}");
        char *reply = end(&c);
        expect(reply, "{\"id\":\"h\",\"reward\":0,");
        expect(reply, "{\"id\":\"e\",\"reward\":1,");
        expect(reply, "{\"id\":\"h\",\"reward\":1,");
        free(reply);
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    pthread_t ids[4];
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&ids[i], NULL, many, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(ids[i], NULL);
    }
}

enum { MOST_FOUND = 2 * WORKERS };

/* What is there now of the zygote, our child, or of the workers, which are the zygote's: each by its name
 * too, for a process that has only begun has the name of the one before. */
static int find_own(bool workers, pid_t found[MOST_FOUND])
{
    int n = 0;
    DIR *proc = opendir("/proc");
    assert_non_null(proc);
    for (struct dirent *e; n < MOST_FOUND && (e = readdir(proc)) != NULL;) {
        struct process_stat is, above;
        int pid = (int)strtol(e->d_name, NULL, 10);
        if (pid <= 0 || !read_stat(pid, &is)) continue;
        bool ours = workers ? read_stat(is.parent, &above) && above.parent == getpid()
                            : is.parent == getpid();
        if (ours && strcmp(is.name, workers ? "ts-verify" : "ts-zygote") == 0) found[n++] = pid;
    }
    closedir(proc);
    return n;
}

static void kill_workers(void)
{
    pid_t found[MOST_FOUND];
    int n = find_own(true, found);
    for (int i = 0; i < n; i++) {
        kill(found[i], SIGKILL);
    }
}

/* Every worker that was killed before the judge knew takes an item with it at most. */
static void judged_after_deaths(void)
{
    struct call c;
    bool judged = false;
    for (int deaths = 0; !judged; deaths++) {
        assert_true(deaths <= WORKERS);
        begin(&c, "{\"items\":[" HARD(A16) "]}");
        char *reply = end(&c);
        judged = strstr(reply, "\"cause\":\"error\"") == NULL;
        if (judged) expect(reply, "\"reward\":0,");
        free(reply);
    }
}

/* Killed while it is at an item, which on a busy machine may take a few items that end before. */
static void test_worker_killed(void **state)
{
    struct call c;
    (void)state;
    for (bool killed = false; !killed;) {
        begin(&c, "{\"items\":[" HARD(A60) "," EASY "]}");
        while (!has_ended(&c)) { /* a worker that has only begun has no name yet */
            struct judge_stats s;
            judge_stats_get(judge, &s);
            if (s.workers_busy > 0) kill_workers();
            usleep(1000);
        }
        char *reply = end(&c);
        killed = strstr(reply, "\"cause\":\"timeout\"") == NULL;
        if (killed) expect(reply, "{\"verdict\":\"cannot_judge\",\"cause\":\"error\"}");
        expect(reply, "{\"id\":\"e\",\"reward\":1,");
        free(reply);
    }
    judged_after_deaths();
}

static bool is_lost(void)
{
    struct judge_stats s;
    judge_stats_get(judge, &s);
    return s.lost;
}

/* A zygote that is killed, or stopped for good, is replaced: what was at its workers is judged all
 * the same, and what comes after. */
static void test_zygote_killed(void **state)
{
    struct call c;
    (void)state;
    for (int i = 0; i < 2; i++) {
        pid_t zygote[MOST_FOUND];
        while (find_own(false, zygote) == 0) {
            usleep(1000);
        }
        begin(&c, "{\"items\":[" HARD(A16) "," EASY "]}");
        assert_int_equal(kill(zygote[0], SIGKILL), 0);
        char *reply = end(&c);
        expect(reply, "{\"id\":\"h\",\"reward\":0,");
        expect(reply, "{\"id\":\"e\",\"reward\":1,");
        free(reply);
        while (kill(zygote[0], 0) == 0) { /* until the judge knows, and has reaped it */
            usleep(1000);
        }
        begin(&c, "{\"items\":[" HARD(A16) "]}");
        reply = end(&c);
        expect(reply, "{\"id\":\"h\",\"reward\":0,");
        free(reply);
        assert_false(is_lost());
    }
}

static int open_judge(void **state)
{
    (void)state;
    struct judge_options o;
    judging_options(&o);
    o.default_rewards = "[{\"name\":\"format\"}]";
    o.item_budget_ms = BUDGET_MS;
    o.workers = WORKERS;
    return judging_open(&o);
}

int main(int argc, char **argv)
{
    judge_begin(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deferred_verdict),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_unjudged_counts_as_asked),
        cmocka_unit_test(test_fairness),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_many_floods),
        cmocka_unit_test(test_cancel_frees_workers),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_tired_workers),
        cmocka_unit_test(test_worker_killed),
        cmocka_unit_test(test_zygote_killed),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
