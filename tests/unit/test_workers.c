/* tests/unit/test_workers.c - items that go to the verifier processes: verdicts, timeouts,
 * deaths, fairness, cancelling. The reward is regex with patterns that backtrack for ever.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/judging.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/clock.h"

enum { BUDGET_MS = 300, WORKERS = 16 };

/* A job and the news of its end. */
struct call {
    struct judge_job *job;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int done;
    uint64_t done_ns;
};

static void on_done(void *arg, struct judge_job *job)
{
    struct call *c = arg;
    (void)job;
    pthread_mutex_lock(&c->lock);
    c->done++;
    c->done_ns = clock_ns();
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
    uint64_t start = clock_ns();
    (void)state;
    judge_stats_get(judge, &before);
    begin(&c, "{\"items\":[" HARD(A60) "," EASY "]}");
    char *reply = end(&c);
    judge_stats_get(judge, &after);
    expect(reply, "\"reward\":null,\"rewards\":{\"regex\":null},\"details\":{\"regex\":{"
                  "\"verdict\":\"cannot_judge\",\"cause\":\"timeout\"}}");
    expect(reply, "{\"id\":\"e\",\"reward\":1,");
    assert_true(clock_ns() - start < 60000000000u); /* it ended: how soon depends on the machine */
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

/* More slow items than there are workers take half of these at most, so that the deferred items
 * of others find one at once, every time. */
static void test_share(void **state)
{
    struct call slow, quick;
    struct judge_stats stats;
    (void)state;
    if (WORKERS <= 2 * sysconf(_SC_NPROCESSORS_ONLN)) skip(); /* none to spare */
    begin_flood(&slow, 200);
    for (int i = 0; i < 8; i++) {
        usleep(100000);
        judge_stats_get(judge, &stats);
        assert_true(stats.workers_busy <= WORKERS / 2);
        uint64_t start = clock_ns();
        begin(&quick, "{\"items\":[" HARD(A16) "]}");
        free(end(&quick));
        uint64_t took_ms = (clock_ns() - start) / 1000000;
        if (took_ms > 1000) print_message("quick item %d took %d ms\n", i, (int)took_ms);
        assert_true(took_ms < 1000);
    }
    assert_int_equal(slow.done, 0); /* still at it */
    judge_job_cancel(slow.job);
    free(end(&slow));
}

/* More requests of slow items than there are workers: the workers that are kept for newcomers give
 * each item a trial only, so that another's item has its turn soon, and none is lost. */
static void test_many_floods(void **state)
{
    static struct call slow[2 * WORKERS];
    struct call quick;
    uint64_t worst_ms = 0;
    (void)state;
    if (WORKERS <= 2 * sysconf(_SC_NPROCESSORS_ONLN)) skip(); /* none to spare */
    for (int i = 0; i < 2 * WORKERS; i++) {
        begin_flood(&slow[i], 20);
    }
    for (int i = 0; i < 4; i++) {
        usleep(200000);
        uint64_t start = clock_ns();
        begin(&quick, "{\"items\":[" HARD(A16) "]}");
        free(end(&quick));
        uint64_t took_ms = (clock_ns() - start) / 1000000;
        if (took_ms > worst_ms) worst_ms = took_ms;
    }
    for (int i = 0; i < 2 * WORKERS; i++) {
        assert_int_equal(slow[i].done, 0); /* still at it */
        judge_job_cancel(slow[i].job);
        free(end(&slow[i]));
    }
    if (worst_ms > 2500) print_message("the worst quick item took %d ms\n", (int)worst_ms);
    assert_true(worst_ms < 2500);
}

/* Items that run out their budget do not hold up a second client's deferred item. */
static void test_fairness(void **state)
{
    struct call slow, quick;
    (void)state;
    begin_flood(&slow, 24);
    usleep(100000);
    uint64_t start = clock_ns();
    begin(&quick, "{\"items\":[" HARD(A16) "]}");
    free(end(&quick));
    uint64_t took_ms = (clock_ns() - start) / 1000000;
    assert_int_equal(slow.done, 0); /* still at it */
    if (took_ms > 1000) print_message("the quick item took %d ms\n", (int)took_ms);
    assert_true(took_ms < 1000);
    judge_job_cancel(slow.job);
    char *reply = end(&slow);
    expect(reply, "cancelled");
    free(reply);
}

static void test_cancel_frees_workers(void **state)
{
    struct call c;
    struct judge_stats s;
    (void)state;
    begin(&c, "{\"items\":[" HARD(A60) "," HARD(A60) "]}");
    usleep(20000);
    judge_job_cancel(c.job);
    free(end(&c));
    for (int i = 0; i < 100; i++) {
        judge_stats_get(judge, &s);
        if (s.workers_busy == 0 && s.waiting == 0) break;
        usleep(10000);
    }
    assert_int_equal(s.workers_busy, 0);
    assert_int_equal(s.waiting, 0);
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

/* Parent and name of a process. */
static bool read_stat(int pid, int *parent, char name[32])
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    FILE *f = fopen(path, "r");
    bool ok = f != NULL && fscanf(f, "%*d (%31[^)]) %*c %d", name, parent) == 2;
    if (f != NULL) fclose(f);
    return ok;
}

/* Kill our processes of that name: the zygote is our child, a worker the zygote's. */
static int kill_own(const char *name)
{
    int killed = 0;
    for (int pid = 2; pid < 4194304 / 8; pid++) {
        char is[32], above[32];
        int parent = 0, grandparent = 0;
        if (!read_stat(pid, &parent, is) || strcmp(is, name) != 0) continue;
        if (parent != getpid() &&
            (!read_stat(parent, &grandparent, above) || grandparent != getpid())) {
            continue;
        }
        killed += kill(pid, SIGKILL) == 0;
    }
    return killed;
}

static void test_worker_killed(void **state)
{
    struct call c;
    (void)state;
    begin(&c, "{\"items\":[" HARD(A60) "," EASY "]}");
    usleep(50000);
    assert_true(kill_own("ts-verify") >= 1);
    char *reply = end(&c);
    expect(reply, "{\"verdict\":\"cannot_judge\",\"cause\":\"error\"}");
    expect(reply, "{\"id\":\"e\",\"reward\":1,");
    free(reply);
    begin(&c, "{\"items\":[" HARD(A16) "]}");
    reply = end(&c);
    expect(reply, "\"reward\":0,");
    free(reply);
}

/* Without the zygote deferred items are answered at once, as not judged. The last test: it breaks the judge. */
static void test_zygote_killed(void **state)
{
    struct call c;
    (void)state;
    assert_int_equal(kill_own("ts-zygote"), 1);
    usleep(50000);
    begin(&c, "{\"items\":[" HARD(A60) "," EASY "]}");
    char *reply = end(&c);
    expect(reply, "{\"verdict\":\"cannot_judge\",\"cause\":\"error\"}");
    expect(reply, "{\"id\":\"e\",\"reward\":1,");
    free(reply);
}

static int open_judge(void **state)
{
    (void)state;
    struct judge_options o;
    judge_options_init(&o);
    o.default_rewards = "[{\"name\":\"format\"}]";
    o.item_budget_ms = BUDGET_MS;
    o.workers = WORKERS;
    return judging_open(&o);
}

int main(void)
{
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
