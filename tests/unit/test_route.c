/* tests/unit/test_route.c - choosing experts: by softmax, by sigmoid with a bias, and in groups.
 *
 * Expected weights are computed here in double from the definitions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "engine/forward/route.h"

enum { EXPERTS = 8 };

static const float logits[EXPERTS] = {0.5f, 2.0f, -1.0f, 1.9f, 1.0f, 1.2f, 1.1f, -3.0f};
static const float bias[EXPERTS] = {0, -0.5f, 0, 0, 0, 0, 0, 0.9f};

static const struct {
    const char *name;
    enum expert_gate gate;
    bool biased;
    int groups, groups_used;
    bool best_two;
    int ids[3];
} cases[] = {
    {"softmax: the largest", GATE_SOFTMAX, false, 0, 0, false, {1, 3, 5}},
    {"sigmoid: the largest", GATE_SIGMOID, false, 0, 0, false, {1, 3, 5}},
    {"a bias moves the choice", GATE_SIGMOID, true, 0, 0, false, {7, 3, 5}},
    {"groups by their best: the first half", GATE_SOFTMAX, false, 2, 1, false, {1, 3, 0}},
    {"groups by their best two", GATE_SIGMOID, false, 4, 2, true, {1, 5, 4}},
    {"as many groups as there are", GATE_SOFTMAX, false, 4, 4, false, {1, 3, 5}},
};

static double score(enum expert_gate gate, int id)
{
    double sum = 0;
    for (int i = 0; i < EXPERTS; i++) {
        sum += exp((double)logits[i]);
    }
    double x = (double)logits[id];
    return gate == GATE_SOFTMAX ? exp(x) / sum : 1 / (1 + exp(-x));
}

static void experts_are_chosen(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        for (int renormalise = 0; renormalise < 2; renormalise++) {
            struct model_config c = {.moe = {.n_experts = EXPERTS,
                                             .n_used = 3,
                                             .n_groups = cases[k].groups,
                                             .n_groups_used = cases[k].groups_used,
                                             .group_by_best_two = cases[k].best_two,
                                             .gate = cases[k].gate,
                                             .renormalise = renormalise != 0,
                                             .scale = 2.5f}};
            float row[EXPERTS], weights[3];
            int ids[3];
            double sum = 0;
            memcpy(row, logits, sizeof(row));
            route_row(&c, row, cases[k].biased ? bias : NULL, ids, weights);
            for (int j = 0; j < 3; j++) {
                sum += score(c.moe.gate, cases[k].ids[j]);
            }
            for (int j = 0; j < 3; j++) {
                double want = 2.5 * score(c.moe.gate, ids[j]) / (renormalise ? sum : 1);
                if (ids[j] == cases[k].ids[j] && fabs(want - (double)weights[j]) < 1e-6) continue;
                fail_msg("%s: choice %d is expert %d, weight %g; expert %d, weight %g expected",
                         cases[k].name, j, ids[j], (double)weights[j], cases[k].ids[j], want);
            }
        }
    }
}

static void of_equals_the_lower_number(void **state)
{
    (void)state;
    struct model_config c = {.moe = {.n_experts = EXPERTS, .n_used = 3, .scale = 1}};
    float row[EXPERTS] = {0}, weights[3];
    int ids[3];
    route_row(&c, row, NULL, ids, weights);
    for (int j = 0; j < 3; j++) {
        assert_int_equal(ids[j], j);
    }
}

/* Whatever the numbers, three different experts. */
static void a_broken_row_still_has_its_experts(void **state)
{
    (void)state;
    struct model_config c = {.moe = {.n_experts = EXPERTS, .n_used = 3, .scale = 1}};
    float row[EXPERTS] = {NAN, INFINITY, -INFINITY, NAN, 1, NAN, NAN, NAN}, weights[3];
    int ids[3] = {-1, -1, -1};
    route_row(&c, row, NULL, ids, weights);
    for (int j = 0; j < 3; j++) {
        assert_in_range(ids[j], 0, EXPERTS - 1);
        assert_true(isfinite(weights[j]));
    }
    assert_true(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(experts_are_chosen),
        cmocka_unit_test(of_equals_the_lower_number),
        cmocka_unit_test(a_broken_row_still_has_its_experts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
