/* tests/unit/test_order.c - which samples of a rollout's group count (server/rollouts/order.h).
 *
 * A random group is played in many schedules: samples get tokens, end and are judged in any order of
 * time. Whatever the schedule, the decision is the one that full knowledge gives.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/rollouts/order.h"

enum { MOST = 12 };

static uint64_t state = 88172645463325252u;

static unsigned below(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state % n);
}

static struct order_entry ended(size_t tokens, bool correct, int answer)
{
    return (struct order_entry){tokens, true, true, correct, answer};
}

static void test_the_first_n(void **unused)
{
    (void)unused;
    struct order_entry all[] = {ended(9, false, 0), ended(4, false, 0), ended(4, false, 1),
                                ended(7, false, 1)};
    const struct order_rule two = {.most = 2}, three = {.most = 3}, none = {0};
    assert_int_equal(order_decide(all, 4, &two, NULL), 2); /* 4 tokens: index 1, then 2 */
    assert_int_equal(order_decide(all, 4, &three, NULL), 3);
    assert_int_equal(order_decide(all, 4, &none, NULL), -1);
}

/* A sample that has as many tokens as an ended one, and a lower index, may still come before it. */
static void test_one_at_work_may_come_before(void **unused)
{
    (void)unused;
    const struct order_rule one = {.most = 1};
    struct order_entry all[] = {{.tokens = 5}, ended(5, false, -1)};
    assert_int_equal(order_decide(all, 2, &one, NULL), -1);
    all[0].tokens = 6;
    assert_int_equal(order_decide(all, 2, &one, NULL), 1);
    struct order_entry other[] = {ended(5, false, -1), {.tokens = 5}};
    assert_int_equal(order_decide(other, 2, &one, NULL), 0);
}

static void test_correct_and_majority(void **unused)
{
    (void)unused;
    const struct order_rule first = {.first_correct = true}, most = {.majority = 4};
    struct order_entry all[] = {ended(3, false, 0), ended(2, false, 1), ended(8, true, 0),
                                ended(6, true, 0)};
    assert_int_equal(order_decide(all, 4, &first, NULL), 3); /* 6 tokens come before 8 */
    assert_int_equal(order_decide(all, 4, &most, NULL), 2);  /* three of four */
    int wanted = 0;
    all[1].judged = false;
    assert_int_equal(order_decide(all, 4, &first, &wanted), -1);
    assert_int_equal(wanted, 1);
    for (int i = 0; i < 4; i++) {
        all[i].answer = -1; /* no answer has no votes */
        all[i].judged = true;
    }
    assert_int_equal(order_decide(all, 4, &most, NULL), -1);
}

/* One thing more becomes known of the group that ends as `whole`. False: all is. */
static bool go_on(struct order_entry *all, const struct order_entry *whole, int n)
{
    int from = (int)below((unsigned)n);
    for (int k = 0; k < n; k++) {
        struct order_entry *e = &all[(from + k) % n];
        const struct order_entry *w = &whole[(from + k) % n];
        if (e->tokens < w->tokens) {
            e->tokens += 1 + below((unsigned)(w->tokens - e->tokens));
            return true;
        }
        if (!e->ended) {
            e->ended = true;
            return true;
        }
        if (!e->judged) {
            *e = *w;
            return true;
        }
    }
    return false;
}

static void test_time_does_not_matter(void **unused)
{
    (void)unused;
    for (int round = 0; round < 3000; round++) {
        int n = 1 + (int)below(MOST);
        struct order_entry whole[MOST];
        for (int i = 0; i < n; i++) {
            whole[i] = ended(1 + below(8), below(5) == 0, (int)below(4) - 1);
        }
        const struct order_rule rule = {.most = (int)below((unsigned)n + 1),
                                        .first_correct = below(2) == 0,
                                        .majority = below(2) == 0 ? n : 0};
        int decided = order_decide(whole, n, &rule, NULL);
        struct order_entry all[MOST] = {{0}};
        do {
            int now = order_decide(all, n, &rule, NULL);
            assert_true(now == -1 || now == decided);
        } while (go_on(all, whole, n));
        assert_int_equal(order_decide(all, n, &rule, NULL), decided);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_n),
        cmocka_unit_test(test_one_at_work_may_come_before),
        cmocka_unit_test(test_correct_and_majority),
        cmocka_unit_test(test_time_does_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
