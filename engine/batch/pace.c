/* engine/batch/pace.c - see pace.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/pace.h"

#include <math.h>
#include <stdbool.h>

static const double fade = 1 - 1.0 / 64;   /* so many steps of a size are remembered, about */
static const double swift = 1 - 1.0 / 12;  /* so many for the machine's speed */
static const double most_speed = 16;       /* of one step: beyond it something else happened */
static const double least_variance = 0.01; /* of the mean, squared: less tells nothing */
static const double least_apart = 0.05;    /* 1 - correlation squared, of rows and reach */

static double cost(const struct pace_prices *p, double rows, double reach)
{
    return p->step_s + rows * p->row_s + reach * p->reach_s;
}

/* A slope by one variable alone, of that mean, variance and covariance with the seconds. */
static double slope(double mean, double variance, double with_seconds)
{
    bool tells = variance > least_variance * mean * mean;
    return tells && with_seconds > 0 ? with_seconds / variance : 0;
}

static struct pace_sums all_of(const struct pace *p)
{
    struct pace_sums all = {0};
    double *to = &all.n;
    for (int size = 0; size < PACE_SIZES; size++) {
        const double *from = &p->of[size].n;
        for (int i = 0; i < (int)(sizeof(all) / sizeof(*to)); i++) {
            to[i] += from[i];
        }
    }
    return all;
}

static struct pace_prices plane(const struct pace *pace)
{
    const struct pace_sums all = all_of(pace), *p = &all;
    if (p->n <= 0) return (struct pace_prices){0};
    double y = p->y / p->n, m1 = p->x1 / p->n, m2 = p->x2 / p->n;
    double v1 = p->x11 / p->n - m1 * m1, v2 = p->x22 / p->n - m2 * m2;
    double v12 = p->x12 / p->n - m1 * m2, c1 = p->x1y / p->n - m1 * y, c2 = p->x2y / p->n - m2 * y;
    double det = v1 * v2 - v12 * v12, row = slope(m1, v1, c1), reach = 0;
    bool both = slope(m1, v1, 1) > 0 && slope(m2, v2, 1) > 0 && det > least_apart * v1 * v2;
    if (both) {
        row = (c1 * v2 - c2 * v12) / det;
        reach = (c2 * v1 - c1 * v12) / det;
        if (row < 0) {
            row = 0;
            reach = slope(m2, v2, c2);
        } else if (reach < 0) {
            row = slope(m1, v1, c1);
            reach = 0;
        }
    } else if (row <= 0) {
        reach = slope(m2, v2, c2);
    } else {
        reach = row * pace->reach_rows;
    }
    double sloped = row * m1 + reach * m2;
    if (sloped > y) { /* a step costs no less than nothing */
        row *= y / sloped;
        reach *= y / sloped;
        sloped = y;
    }
    return (struct pace_prices){y - sloped, row, reach};
}

static void remember(struct pace_sums *s, double rows, double reach, double seconds)
{
    double w = 1 / rows; /* a step is as uncertain as its rows together */
    double terms[] = {1,
                      seconds,
                      rows,
                      reach,
                      rows * rows,
                      rows * reach,
                      reach * reach,
                      rows * seconds,
                      reach * seconds};
    double *sums = &s->n;
    for (int i = 0; i < 9; i++) {
        sums[i] = sums[i] * fade + w * terms[i];
    }
}

void pace_note(struct pace *p, double rows, double reach, double seconds)
{
    struct pace_prices known = plane(p);
    double expected = cost(&known, rows, reach);
    int size = (int)fmin(fmax(log2(rows), 0), PACE_SIZES - 1);
    if (expected > 0) {
        p->seconds = p->seconds * swift + fmin(seconds, most_speed * expected);
        p->expected = p->expected * swift + expected;
    }
    remember(&p->of[size], rows, reach, seconds);
}

struct pace_prices pace_read(const struct pace *p)
{
    struct pace_prices at = plane(p);
    double speed = p->expected > 0 ? p->seconds / p->expected : 1;
    return (struct pace_prices){at.step_s * speed, at.row_s * speed, at.reach_s * speed};
}
