/* engine/batch/pace.c - see pace.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/pace.h"

static const double fade = 1 - 1.0 / 256;   /* so many steps are remembered, about */
static const double least_variation = 0.01; /* of the mean, squared: less tells nothing */

void pace_note(struct pace *p, int rows, double seconds)
{
    double x = rows;
    p->n = p->n * fade + 1;
    p->x = p->x * fade + x;
    p->y = p->y * fade + seconds;
    p->xx = p->xx * fade + x * x;
    p->xy = p->xy * fade + x * seconds;
}

void pace_read(const struct pace *p, double *step_s, double *row_s)
{
    *step_s = *row_s = 0;
    if (p->n <= 0) return;
    double x = p->x / p->n, y = p->y / p->n;
    double variance = p->xx / p->n - x * x, slope = 0;
    if (variance > least_variation * x * x) slope = (p->xy / p->n - x * y) / variance;
    if (slope < 0) slope = 0;
    if (slope * x > y) slope = y / x; /* a step costs no less than nothing */
    *row_s = slope;
    *step_s = y - slope * x;
}
