/* server/generate/forecast.c - see forecast.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/forecast.h"

#include <assert.h>
#include <math.h>

struct forecast_seat forecast_left(double limit, double done, double mean)
{
    double stops = -expm1(fmin(done - limit, 0) / mean), left = mean * stops;
    return (struct forecast_seat){left > 1 ? left : 1, stops};
}

/* Turns on a seat that have begun by that step after the one that has it now. */
static double turns(const struct forecast_seat *s, double mean, double step)
{
    double late = step - s->left;
    double by_limit = late >= 0 ? 1 + floor(late / mean) : 0;
    double by_itself = late >= 0 ? 1 + late / mean : step / s->left;
    return by_limit + s->stops * (by_itself - by_limit);
}

/* Samples that have begun by that step: on free seats, and on every other, one after the other. */
static double begun_by(const struct forecast *f, int taken, double mean, double step)
{
    double n = 0;
    for (int i = 0; i < taken; i++) {
        n += turns(&f->taken[i], mean, step);
    }
    return n + (f->seats - taken) * (1 + floor(step / mean));
}

/* The first step by which so many have begun. */
static double steps_until(const struct forecast *f, double samples, double mean)
{
    int taken = f->n_taken < f->seats ? f->n_taken : f->seats;
    double low = 0, high = 1;
    if (begun_by(f, taken, mean, 0) >= samples) return 0;
    while (begun_by(f, taken, mean, high) < samples) {
        low = high;
        high *= 2;
    }
    while (high - low > 0.5) {
        double middle = (low + high) / 2;
        *(begun_by(f, taken, mean, middle) >= samples ? &high : &low) = middle;
    }
    return high;
}

double forecast_wait_s(const struct forecast *f, const struct forecast_pace *pace)
{
    assert(f->seats > 0 && pace->step_tokens > 0);
    int taken = f->n_taken < f->seats ? f->n_taken : f->seats;
    double waiting = f->ahead.samples + f->n_taken - taken, output = f->ahead.output;
    for (int i = taken; i < f->n_taken; i++) {
        output += f->taken[i].left;
    }
    double mean = waiting > 0 ? output / waiting : 1;
    double steps = steps_until(f, waiting + 1, mean < 1 ? 1 : mean);
    double rows = fmin(f->seats, taken + waiting);
    double reading = ceil(f->ahead.prompt / pace->step_tokens);
    if (reading > steps) steps = reading;
    return steps * (pace->step_s + rows * pace->row_s) + f->ahead.prompt * pace->row_s;
}
