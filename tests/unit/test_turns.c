/* tests/unit/test_turns.c - whose turn it is at the workers, and who is told to come again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/lanes.h"
#include "tests/unit/judging.h"

enum { MANY = 100 };

static const struct shares plenty = {.busy = 0, .shared = 64, .most = 64};

/* A lane of n tasks of that client. */
struct queue {
    struct lane lane;
    struct task tasks[MANY];
};

static void fill(struct ring *r, struct queue *q, uint64_t client, int n)
{
    static atomic_bool never;
    *q = (struct queue){.lane.client = client};
    for (int i = 0; i < n; i++) {
        q->tasks[i].lane = &q->lane;
        q->tasks[i].cancelled = &never;
        ring_put(r, &q->tasks[i]);
    }
}

/* A client of a hundred requests stands beside a client of one. */
static void test_turns_go_by_client(void **state)
{
    static struct ring r;
    static struct queue flood[MANY], one;
    int of_flood = 0, of_one = 0;
    (void)state;
    for (int i = 0; i < MANY; i++) {
        fill(&r, &flood[i], 7, 10);
    }
    fill(&r, &one, 8, 10);
    for (int i = 0; i < 20; i++) {
        struct task *t = ring_take(&r, &plenty);
        of_flood += t->lane->client == 7;
        of_one += t->lane->client == 8;
    }
    assert_int_equal(of_flood, 10);
    assert_int_equal(of_one, 10);
}

/* Among one client's requests the one that has waited longest is next. */
static void test_requests_of_a_client_take_turns(void **state)
{
    static struct ring r;
    static struct queue a, b;
    (void)state;
    fill(&r, &a, 7, 3);
    fill(&r, &b, 7, 3);
    for (int i = 0; i < 6; i++) {
        const struct task *t = ring_take(&r, &plenty);
        assert_ptr_equal(t->lane, i % 2 == 0 ? &a.lane : &b.lane);
    }
    assert_null(ring_take(&r, &plenty));
    assert_int_equal(r.waiting, 0);
}

/* Who comes next waits for its own tasks, and for as many of each other client's. */
static void test_what_is_ahead(void **state)
{
    static struct ring r;
    static struct queue flood, some, next;
    (void)state;
    fill(&r, &flood, 7, 100);
    fill(&r, &some, 8, 2);
    next.lane.client = 9;
    assert_int_equal(ring_count_ahead(&r, &next.lane), 2); /* one each */
    assert_int_equal(ring_count_ahead(&r, &some.lane), 2 + 3);
    assert_int_equal(ring_count_ahead(&r, &flood.lane), 100 + 2);
}

static void test_a_client_has_its_share(void **state)
{
    static struct ring r;
    static struct queue a, b;
    const struct shares half = {.busy = 0, .shared = 4, .most = 2};
    (void)state;
    fill(&r, &a, 7, 3);
    fill(&r, &b, 7, 3);
    struct task *first = ring_take(&r, &half);
    assert_non_null(ring_take(&r, &half));
    assert_null(ring_take(&r, &half));
    ring_leave(&r, first);
    assert_non_null(ring_take(&r, &half));
}

static void test_cancelled(void **state)
{
    static struct ring r;
    static struct queue a, b;
    static atomic_bool gone = true;
    int n = 0;
    (void)state;
    fill(&r, &a, 7, 3);
    fill(&r, &b, 7, 3);
    a.tasks[0].cancelled = &gone;
    for (struct task *t = ring_take_cancelled(&r, false); t != NULL; t = t->next) {
        n++;
    }
    assert_int_equal(n, 3);
    assert_int_equal(r.waiting, 3);
    assert_int_equal(ring_count_ahead(&r, &b.lane), 3);
}

/* ---- admission -------------------------------------------------------------------------------------- */

/* A pattern that takes a worker its whole budget. */
#define SLOW \
    "{\"completion\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"," \
    "\"rewards\":[{\"name\":\"regex\",\"pattern\":\"^(a|a)*[bc]$\"}]}"

static struct judge_job *start(const char *request, uint64_t client, struct waiting *w)
{
    struct judge_job *job =
        judge_job_new(judge, JUDGE_NATIVE, json_parse(span_str(request), NULL), NULL);
    assert_non_null(job);
    judge_job_set_client(job, client);
    judge_job_start(job, end_wait, w);
    return job;
}

static void wait_for(struct waiting *w)
{
    pthread_mutex_lock(&w->lock);
    while (!w->is_done) {
        pthread_cond_wait(&w->done, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
}

/* A client whose own flood fills the queue is told to come again; another has its turn. */
static void test_late_turns_are_refused(void **state)
{
    struct waiting w[3];
    struct buffer many;
    struct judge_stats before, after;
    (void)state;
    for (int i = 0; i < 3; i++) {
        w[i] =
            (struct waiting){.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};
    }
    buffer_init(&many, 1 << 22);
    buffer_add_str(&many, "{\"items\":[");
    for (int i = 0; i < 2000; i++) {
        buffer_addf(&many, "%s%s", i > 0 ? "," : "", SLOW);
    }
    buffer_add_str(&many, "]}");
    judge_stats_get(judge, &before);
    struct judge_job *flood = start(many.p, 7, &w[0]);
    assert_int_equal(judge_job_refused_s(flood), 0); /* it was there first */
    struct judge_job *again = start("{\"items\":[" SLOW "]}", 7, &w[1]);
    wait_for(&w[1]);
    assert_true(judge_job_refused_s(again) > 1);
    struct judge_job *other = start("{\"items\":[" SLOW "]}", 8, &w[2]);
    wait_for(&w[2]);
    assert_int_equal(judge_job_refused_s(other), 0);
    judge_stats_get(judge, &after);
    assert_int_equal(after.refused - before.refused, 1);
    assert_true(after.waits > before.waits);
    judge_job_cancel(flood);
    wait_for(&w[0]);
    judge_job_free(flood);
    judge_job_free(again);
    judge_job_free(other);
    buffer_clear(&many);
}

static int open_judge(void **state)
{
    (void)state;
    struct judge_options o;
    judge_options_init(&o);
    o.item_budget_ms = 100;
    o.max_wait_ms = 1000;
    return judging_open(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_go_by_client),
        cmocka_unit_test(test_requests_of_a_client_take_turns),
        cmocka_unit_test(test_what_is_ahead),
        cmocka_unit_test(test_a_client_has_its_share),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_late_turns_are_refused),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
