/* engine/forward/route.c - see route.h.
 *
 * A handful of numbers a row, all in float32 and in order of the experts: nothing here depends on
 * other rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/route.h"

#include <math.h>

#include "engine/kernels/scalar_math.h"

static void softmax(float *x, int n)
{
    float max = x[0], sum = 0;
    for (int i = 1; i < n; i++) {
        if (x[i] > max) max = x[i];
    }
    for (int i = 0; i < n; i++) {
        x[i] = math_expf(x[i] - max);
        sum += x[i];
    }
    for (int i = 0; i < n; i++) {
        x[i] /= sum;
    }
}

/* What the choice goes by: an expert's score and its bias. */
struct choice {
    const float *score, *bias;
};

static float value(const struct choice *c, int i)
{
    return c->bias == NULL ? c->score[i] : c->score[i] + c->bias[i];
}

/* A group counts by its best expert, or by the sum of its best two. */
static float group_value(const struct choice *c, int first, int n, bool two)
{
    float best = -INFINITY, next = -INFINITY;
    for (int i = first; i < first + n; i++) {
        float v = value(c, i);
        if (v > best) {
            next = best;
            best = v;
        } else if (v > next) {
            next = v;
        }
    }
    return two && n > 1 ? best + next : best;
}

/* How many groups come before group g: it is used when these are fewer than n_groups_used. */
static bool group_is_used(const struct model_config *c, const struct choice *choice, int g)
{
    int size = c->moe.n_experts / c->moe.n_groups, before = 0;
    float own = group_value(choice, g * size, size, c->moe.group_by_best_two);
    for (int i = 0; i < c->moe.n_groups; i++) {
        float v = group_value(choice, i * size, size, c->moe.group_by_best_two);
        before += v > own || (v == own && i < g);
    }
    return before < c->moe.n_groups_used;
}

/* Put expert i of value v where it belongs among the best so far. */
static int insert(int *ids, float *values, int n, int max, int i, float v)
{
    int at = n < max ? n : max;
    while (at > 0 && v > values[at - 1]) {
        if (at < max) {
            ids[at] = ids[at - 1];
            values[at] = values[at - 1];
        }
        at--;
    }
    if (at >= max) return n;
    ids[at] = i;
    values[at] = v;
    return n < max ? n + 1 : max;
}

/* The best n_used experts of the groups used; values (in `weights`) are for the choice only. */
static void choose(const struct model_config *c, const struct choice *choice, int *ids,
                   float *values)
{
    int groups = c->moe.n_groups > 1 ? c->moe.n_groups : 1, size = c->moe.n_experts / groups;
    int n = 0;
    for (int g = 0; g < groups; g++) {
        if (groups > 1 && !group_is_used(c, choice, g)) continue;
        for (int i = g * size; i < (g + 1) * size; i++) {
            n = insert(ids, values, n, c->moe.n_used, i, value(choice, i));
        }
    }
}

void route_row(const struct model_config *c, float *logits, const float *bias, int *ids,
               float *weights)
{
    int experts = c->moe.n_experts, used = c->moe.n_used;
    for (int i = 0; i < experts; i++) {
        if (!isfinite(logits[i])) logits[i] = 0; /* a broken row must still choose n_used experts */
    }
    if (c->moe.gate == GATE_SOFTMAX) {
        softmax(logits, experts);
    } else {
        for (int i = 0; i < experts; i++) {
            logits[i] = 1.0f / (1.0f + math_expf(-logits[i]));
        }
    }
    choose(c, &(struct choice){logits, bias}, ids, weights);
    float sum = 0;
    for (int j = 0; j < used; j++) {
        weights[j] = logits[ids[j]];
        sum += weights[j];
    }
    for (int j = 0; j < used; j++) {
        if (c->moe.renormalise) weights[j] /= sum + 1e-20f;
        weights[j] *= c->moe.scale;
    }
}
