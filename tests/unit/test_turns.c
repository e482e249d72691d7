/* tests/unit/test_turns.c - whose turn it is at the workers, and who is told to come again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/lanes.h"
#include "reward/workers/rate.h"
#include "tests/unit/judging.h"

enum {
    MANY = 100,
    /* Far beyond what one task may take on the wall before it is given up (3.5 s): whose turn is next has it in time,
     * however slow the machine is. */
    MAX_WAIT_MS = 60000,
    SURE_WAIT_MS = MAX_WAIT_MS / 18 /* who is expected to wait less is not refused, however wrong waits were (margin.c) */
};

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

/* Who comes next waits for the tasks of its lane, for as many of each other lane of its client's and
 * one more, and for as many of each other client's as all these and one more. */
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
    next.lane.client = 7; /* another request of the flood's client: their lanes take turns */
    assert_int_equal(ring_count_ahead(&r, &next.lane), 1 + 2);
}

/* What is counted ahead of a newcomer has its turn before it, and nothing else has; of each other
 * client it may be one less, as who of two equals has waited longer. */
static void test_what_is_ahead_comes_first(void **state)
{
    static const struct {
        int lanes, tasks; /* of the newcomer's client */
        int others;       /* clients, each of one lane of three tasks */
    } cases[] = {{0, 0, 0}, {1, 5, 0}, {4, 5, 0}, {0, 0, 6}, {1, 5, 6}, {7, 2, 3}};
    (void)state;
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        static struct ring r;
        static struct queue own[8], others[8], next;
        r = (struct ring){0};
        for (int i = 0; i < cases[c].lanes; i++) {
            fill(&r, &own[i], 7, cases[c].tasks);
        }
        for (int i = 0; i < cases[c].others; i++) {
            fill(&r, &others[i], 20 + (uint64_t)i, 3);
        }
        next = (struct queue){.lane.client = 7};
        size_t expected = ring_count_ahead(&r, &next.lane), got = 0;
        fill(&r, &next, 7, 1);
        for (struct task *t; (t = ring_take(&r, &plenty))->lane != &next.lane; got++) {
            assert_non_null(t);
        }
        assert_true(got <= expected && expected <= got + (size_t)cases[c].others);
    }
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

/* A worker that is left to whoever comes next is none for a client that has one, and is for another. */
static void test_a_worker_is_left_to_newcomers(void **state)
{
    static struct ring r;
    static struct queue flood, next;
    const struct shares kept = {.busy = 1, .shared = 0, .most = 8};
    (void)state;
    r = (struct ring){0};
    fill(&r, &flood, 7, 3);
    struct task *first = ring_take(&r, &plenty), *second = ring_take(&r, &plenty);
    assert_false(ring_is_first(&r, second));
    assert_null(ring_take(&r, &kept));
    fill(&r, &next, 8, 2);
    struct task *t = ring_take(&r, &kept);
    assert_ptr_equal(t, &next.tasks[0]);
    assert_true(ring_is_first(&r, t));
    assert_null(ring_take(&r, &kept));
    ring_leave(&r, first);
    assert_true(ring_is_first(&r, second));
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
    for (int i = 0; i < 3; i++) {
        a.tasks[i].cancelled = &gone;
    }
    for (struct task *t = ring_take_cancelled(&r, false); t != NULL; t = t->next) {
        n++;
    }
    assert_int_equal(n, 3);
    assert_int_equal(r.waiting, 3);
    assert_int_equal(ring_count_ahead(&r, &b.lane), 3);
    assert_int_equal(ring_count_ahead(&r, &a.lane), 1);
}

/* One that is given up alone leaves the others of its lane where they are. */
static void test_given_up(void **state)
{
    static struct ring r;
    static struct queue a, b;
    static atomic_bool gone = true;
    (void)state;
    fill(&r, &a, 7, 4);
    fill(&r, &b, 8, 1);
    a.tasks[1].given_up = a.tasks[3].given_up = &gone;
    b.tasks[0].given_up = &gone;
    assert_non_null(ring_take_cancelled(&r, false));
    assert_null(ring_take_cancelled(&r, false));
    assert_int_equal(r.waiting, 2);
    assert_int_equal(ring_count_ahead(&r, &a.lane), 2);
    assert_false(b.lane.queued);
    ring_put(&r, &b.tasks[0]);
    ring_put(&r, &a.tasks[1]);
    assert_ptr_equal(ring_take(&r, &plenty), &a.tasks[0]);
    assert_ptr_equal(ring_take(&r, &plenty), &b.tasks[0]);
    assert_ptr_equal(ring_take(&r, &plenty), &a.tasks[2]);
    assert_ptr_equal(ring_take(&r, &plenty), &a.tasks[1]);
    assert_null(ring_take(&r, &plenty));
}

/* Who has a client's first task has a worker where some are left for all that are as it is. */
static void test_a_worker_for_a_newcomer(void **state)
{
    static struct ring r;
    static struct queue flood, other, next;
    (void)state;
    r = (struct ring){0};
    next.lane.client = 9;
    fill(&r, &flood, 7, 10);
    for (int i = 0; i < 2; i++) {
        assert_non_null(ring_take(&r, &plenty));
    }
    assert_false(ring_has_worker(&r, &next.lane, &plenty, 2));
    assert_true(ring_has_worker(&r, &next.lane, &plenty, 3));
    assert_false(ring_has_worker(&r, &flood.lane, &plenty, 64)); /* its tasks wait for each other */
    fill(&r, &other, 8, 5);
    assert_false(ring_has_worker(&r, &next.lane, &plenty, 3)); /* that one is first */
    assert_true(ring_has_worker(&r, &next.lane, &plenty, 4));
}

/* Who has something at work has one more where nobody waits and its share is not full. */
static void test_a_worker_for_one_more(void **state)
{
    static struct ring r;
    static struct queue own, other;
    const struct shares three = {.shared = 3, .most = 2};
    (void)state;
    r = (struct ring){0};
    fill(&r, &own, 7, 2);
    assert_non_null(ring_take(&r, &three));
    assert_false(ring_has_worker(&r, &own.lane, &three, 4)); /* its second waits */
    struct task *second = ring_take(&r, &three);
    assert_non_null(second);
    assert_false(ring_has_worker(&r, &own.lane, &three, 4));
    ring_leave(&r, second);
    assert_true(ring_has_worker(&r, &own.lane, &three, 4));
    fill(&r, &other, 8, 2);
    assert_non_null(ring_take(&r, &three));
    assert_non_null(ring_take(&r, &three));
    assert_false(ring_has_worker(&r, &own.lane, &three, 4)); /* the last is a newcomer's */
}

/* Times below are numbers of the tests' own: no clock is asked, and nothing waits. */
enum { MS = 1000000 };

/* The lanes of n requests of one task each, all come at once, that shall begin in a second. */
static void fill_promised(struct ring *r, struct queue *q, uint64_t client, int n)
{
    for (int i = 0; i < n; i++) {
        fill(r, &q[i], client, 1);
        q[i].lane.max_wait_ms = 1000;
        q[i].tasks[0].queued_ns = 1;
    }
}

static int count_late(struct ring *r, uint64_t now_ms, double gap_ms)
{
    int n = 0;
    for (struct task *t = ring_take_late(r, now_ms * MS + 1, gap_ms); t != NULL; t = t->next) {
        assert_null(t->lane->head);
        n++;
    }
    return n;
}

/* What waits is looked at again: who can no longer begin in its time is taken out, but what has begun, and
 * what was promised nothing. */
static void test_who_waits_in_vain(void **state)
{
    static struct ring r;
    static struct queue begun, flood[10], other, patient;
    (void)state;
    r = (struct ring){0};
    fill(&r, &begun, 7, 2);
    begun.lane.max_wait_ms = 1000;
    begun.tasks[1].queued_ns = 1;
    assert_ptr_equal(ring_take(&r, &plenty), &begun.tasks[0]);
    fill_promised(&r, flood, 7, 10);
    fill_promised(&r, &other, 8, 1);
    fill(&r, &patient, 9, 1);
    assert_int_equal(count_late(&r, 500, 1000), 0); /* not before half of the time */
    /* 501 ms and, at 100 ms each, the begun lane, those of its client before it and one of each other's */
    assert_int_equal(count_late(&r, 501, 100), 8);
    assert_int_equal(r.waiting, 5);
    assert_true(flood[1].lane.queued && !flood[2].lane.queued);
    assert_int_equal(count_late(&r, 1000, 0), 0);
    assert_int_equal(count_late(&r, 1001, 0), 3);
    assert_true(begun.lane.queued && patient.lane.queued && !other.lane.queued);
    assert_int_equal(r.waiting, 2);
}

/* What stands at a queue while a task of it runs. */
static const struct rate_crowd sixteen = {9, 16}, last = {0, 16}, two = {9, 2}, alone = {0, 1},
                               nobody = {0, 0};

/* Whatever runs at once and however it ends: a queue moves as its tasks end. */
static void test_the_rate_of_a_queue(void **state)
{
    struct rate r;
    uint64_t now = 1000 * (uint64_t)MS;
    (void)state;
    rate_init(&r, 50, 2);
    assert_true(r.gap_ms > 24 && r.gap_ms < 26);
    for (int i = 0; i < 200; i++) { /* 16 workers on 2 processors: 800 ms each, one ends every 50 */
        rate_note(&r, now += 50 * MS, 800, sixteen);
    }
    assert_true(r.gap_ms > 49 && r.gap_ms < 51);
    rate_note(&r, now += 50 * MS, 800, last);
    double before = r.gap_ms;
    rate_note(&r, now += 10000 * (uint64_t)MS, 800, last); /* nobody waited: it tells nothing */
    assert_true(r.gap_ms <= before);
    for (int i = 0; i < 10; i++) { /* alone and quick: of another kind, perhaps */
        rate_note(&r, now += 1000 * MS, 2, alone);
    }
    assert_true(r.gap_ms > 40);
    for (int i = 0; i < 1000; i++) { /* no slower than that */
        rate_note(&r, now += 1000 * MS, 2, alone);
    }
    assert_true(r.gap_ms > 1.9 && r.gap_ms < 2.1);
}

/* So many waits, one a second of a clock that is the test's own. */
static void hold(struct margin *p, uint64_t *now, int n, double expected_ms, double waited_ms)
{
    for (int i = 0; i < n; i++) {
        margin_judge(p, *now += 1000 * MS, expected_ms, waited_ms);
    }
}

/* Waits that were longer than expected make room for such ones; shorter ones take it back in time. */
static void test_how_sure_a_wait_is(void **state)
{
    struct margin p;
    uint64_t now = MS;
    (void)state;
    margin_init(&p);
    for (int i = 0; i < 500; i++) {
        hold(&p, &now, 1, 1000, 900);
        hold(&p, &now, 1, 100, 5000); /* too short to tell */
    }
    assert_true(margin_most_ms(&p, 8000) < 8010);
    hold(&p, &now, 1, 1000, 1200);
    double once = margin_most_ms(&p, 8000);
    assert_true(once > 8200 && once < 9600);
    hold(&p, &now, 500, 1000, 1200);
    assert_true(margin_most_ms(&p, 8000) > 14300 && margin_most_ms(&p, 8000) < 14500);
    hold(&p, &now, 1, 1000, 1e9); /* once it was the machine */
    assert_true(margin_most_ms(&p, 8000) < 20000);
    hold(&p, &now, 500, 0, 0); /* had a worker at once: tells nothing */
    assert_true(margin_most_ms(&p, 8000) > 12700);
    hold(&p, &now, 1000, 100, 90); /* all that are let wait where max-wait is a second */
    assert_true(margin_most_ms(&p, 8000) < 8100);
    assert_true(margin_most_ms(&p, 100) < 101);
}

/* A thousand that ended together tell no more than one: they were wrong, or right, together. */
static void test_waits_that_end_together(void **state)
{
    struct margin one, many;
    uint64_t now = MS, first;
    (void)state;
    margin_init(&one);
    hold(&one, &now, 500, 1000, 1300);
    many = one;
    first = now;
    hold(&one, &now, 1, 1000, 1000);
    for (int i = 0; i < 1000; i++) {
        margin_judge(&many, first + 1000 * MS + (uint64_t)i, 1000, 1000);
    }
    assert_true(fabs(margin_most_ms(&many, 8000) - margin_most_ms(&one, 8000)) < 1);
    assert_true(margin_most_ms(&many, 8000) > 15000);
    margin_judge(&many, first, 1000, 1000); /* a clock that goes back */
    assert_true(margin_most_ms(&many, 8000) > 15000);
}

/* Of a crowd of which no task has ended yet a promise asks twice the room. */
static void test_an_unknown_crowd(void **state)
{
    struct rate r;
    (void)state;
    rate_init(&r, 50, 2);
    double unknown = rate_most_ms(&r, 8000);
    rate_note(&r, 1, 50, two);
    assert_true(rate_most_ms(&r, 8000) > 0.49 * unknown && rate_most_ms(&r, 8000) < 0.51 * unknown);
}

/* A first burst of tasks that take a hundred times what was thought: the first end tells, and before it that
 * there was none. */
static void test_the_rate_of_a_first_burst(void **state)
{
    struct rate r;
    uint64_t now = 1000 * (uint64_t)MS;
    (void)state;
    rate_init(&r, 50, 2);
    rate_wait(&r, now, two);
    assert_true(rate_gap_ms(&r, now + 40 * MS) < 26);
    rate_wait(&r, now + 1000 * (uint64_t)MS,
              two); /* more come: those before them have waited since */
    assert_true(rate_gap_ms(&r, now + 4000 * (uint64_t)MS) > 1999);
    rate_note(&r, now + 5000 * (uint64_t)MS, 5000, two);
    assert_true(r.gap_ms > 2499 && r.gap_ms < 2501);
    rate_note(&r, now + 5000 * (uint64_t)MS, 5000, two); /* both had begun together */
    assert_true(r.gap_ms > 2499 && r.gap_ms < 2501);
    rate_wait(&r, 0, nobody);
    assert_true(rate_gap_ms(&r, now + 90000 * (uint64_t)MS) < 2501); /* nobody waited meanwhile */
}

/* Quick tasks that nobody waited for, and then a burst of slow ones: the first end tells at once. */
static void test_the_rate_of_another_burst(void **state)
{
    struct rate r;
    uint64_t now = 1000 * (uint64_t)MS;
    (void)state;
    rate_init(&r, 50, 2);
    for (int i = 0; i < 1000; i++) {
        rate_note(&r, now += 1000 * MS, 2, alone);
    }
    rate_wait(&r, now, two);
    rate_note(&r, now += 3000 * (uint64_t)MS, 3000, two);
    assert_true(r.gap_ms > 1499 && r.gap_ms < 1501);
    rate_note(&r, now, 3000, two);
    rate_note(&r, now += 3000 * (uint64_t)MS, 3000, two);
    assert_true(r.gap_ms > 1499 && r.gap_ms < 1501);
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

struct begun {
    struct judge_job *job;
    struct waiting wait;
};

static int begin(struct begun *a, const char *request, uint64_t client)
{
    a->wait = (struct waiting){.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};
    a->job = start(request, client, &a->wait);
    return judge_job_refused_s(a->job);
}

static void give_up(struct begun *a)
{
    judge_job_cancel(a->job);
    wait_for(&a->wait);
    judge_job_free(a->job);
}

enum { FLOOD = 12000 }; /* of the quickest tasks (5 ms) enough for MAX_WAIT_MS */

/* A client whose own requests fill the queue is told to come again; another has its turn. More is
 * brought until the queue is long for both who ask: it may have moved in between. */
static void test_late_turns_are_refused(void **state)
{
    static struct begun flood[FLOOD], other;
    static const char few[] = "{\"items\":[" SLOW "," SLOW "]}";
    struct judge_stats before, after;
    int n = 0, taken = 0, refused = 0, busy_s = 0;
    (void)state;
    judge_stats_get(judge, &before);
    while (n < FLOOD && busy_s == 0) {
        int refused_s = begin(&flood[n++], few, 7);
        taken += refused_s == 0;
        if (refused_s == 0) continue;
        assert_true(refused_s > SURE_WAIT_MS / 1000);
        refused++;
        busy_s = judge_busy_s(judge, 7);
        refused += busy_s > 0;
    }
    assert_true(taken > 0);
    assert_true(busy_s > SURE_WAIT_MS / 1000);
    assert_int_equal(judge_busy_s(judge, 8), 0);
    assert_int_equal(begin(&other, few, 8), 0);
    wait_for(&other.wait);
    judge_stats_get(judge, &after);
    assert_true(after.refused - before.refused >=
                (uint64_t)refused); /* more where it took so long */
    assert_true(after.waits > before.waits);
    for (int i = 0; i < n; i++) {
        give_up(&flood[i]);
    }
    judge_job_free(other.job);
}

/* A client's second request does not wait for all of its first, however many items that has. */
static void test_a_long_request_does_not_refuse_the_next(void **state)
{
    static struct begun flood, next;
    struct buffer many;
    (void)state;
    buffer_init(&many, 1 << 22);
    buffer_add_str(&many, "{\"items\":[");
    for (int i = 0; i < 2000; i++) {
        buffer_addf(&many, "%s%s", i > 0 ? "," : "", SLOW);
    }
    buffer_add_str(&many, "]}");
    assert_int_equal(begin(&flood, many.p, 7), 0);
    assert_int_equal(begin(&next, "{\"items\":[" SLOW "]}", 7), 0);
    wait_for(&next.wait);
    judge_job_free(next.job);
    give_up(&flood);
    buffer_clear(&many);
}

/* Answers that only algebra tells apart, so that their votes are counted after the job's end. */
#define ROOT "{\"completion\":\"\\\\boxed{\\\\sqrt{4+2\\\\sqrt{3}}}\",\"answer\":\"1+\\\\sqrt{3}\"}"

/* Does the reply to a group of two say this, its client having left after its end or not? */
static bool group_says(bool leaves, const char *what)
{
    static const char group[] = "{\"items\":[" ROOT "," ROOT "],\"group_size\":2,"
                                "\"rewards\":[{\"name\":\"accuracy\"}]}";
    struct begun b;
    struct buffer reply;
    buffer_init(&reply, 1 << 20);
    begin(&b, group, 9);
    wait_for(&b.wait);
    if (leaves) judge_job_cancel(b.job);
    assert_true(judge_job_reply(b.job, &reply));
    bool says = strstr(reply.p, what) != NULL;
    judge_job_free(b.job);
    buffer_clear(&reply);
    return says;
}

/* Nobody waits for the votes of a request whose client has left. Where the workers were so swift, or this thread so
 * slow, that all was home before it had sent the last item, the votes were counted with that: it is asked again. */
static void test_votes_end_with_their_run(void **state)
{
    int tries = 0;
    (void)state;
    assert_true(group_says(false, "\"majority\":{"));
    while (!group_says(true, "\"majority\":null")) {
        assert_true(++tries < 1000);
    }
}

static int open_judge(void **state)
{
    (void)state;
    struct judge_options o;
    judging_options(&o);
    o.item_budget_ms = 100;
    o.max_wait_ms = MAX_WAIT_MS;
    o.workers = 2; /* on a machine of many processors a flood would be no flood */
    return judging_open(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turns_go_by_client),
        cmocka_unit_test(test_requests_of_a_client_take_turns),
        cmocka_unit_test(test_what_is_ahead),
        cmocka_unit_test(test_what_is_ahead_comes_first),
        cmocka_unit_test(test_a_client_has_its_share),
        cmocka_unit_test(test_a_worker_is_left_to_newcomers),
        cmocka_unit_test(test_a_worker_for_a_newcomer),
        cmocka_unit_test(test_a_worker_for_one_more),
        cmocka_unit_test(test_who_waits_in_vain),
        cmocka_unit_test(test_the_rate_of_a_queue),
        cmocka_unit_test(test_the_rate_of_a_first_burst),
        cmocka_unit_test(test_the_rate_of_another_burst),
        cmocka_unit_test(test_how_sure_a_wait_is),
        cmocka_unit_test(test_waits_that_end_together),
        cmocka_unit_test(test_an_unknown_crowd),
        cmocka_unit_test(test_cancelled),
        cmocka_unit_test(test_given_up),
        cmocka_unit_test(test_votes_end_with_their_run),
        cmocka_unit_test(test_late_turns_are_refused),
        cmocka_unit_test(test_a_long_request_does_not_refuse_the_next),
    };
    return cmocka_run_group_tests(tests, open_judge, close_judge);
}
