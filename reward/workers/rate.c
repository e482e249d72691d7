/* reward/workers/rate.c - see rate.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/rate.h"

#include <math.h>

enum {
    MEAN_OF = 16,  /* so many ends, about */
    ALONE_OF = 64, /* so many that nobody waited for */
    OVER_OF = 32   /* so many waits */
};

static const double first_over = 0.01;   /* before any wait has been held against what was expected */
static const double most_over = 2;       /* of one wait: beyond it something else happened */
static const double short_wait_ms = 250; /* nobody is refused for; it is right where it stayed short */
static const double sure = 3;
static const double unknown = 2; /* of a crowd of which none has ended */

static double ms_between(uint64_t from_ns, uint64_t to_ns)
{
    return (double)(to_ns - from_ns) / 1e6;
}

void rate_init(struct rate *r, double task_ms, int at_once)
{
    *r = (struct rate){.gap_ms = task_ms / (at_once < 1 ? 1 : at_once), .over = first_over};
}

static void learn(struct rate *r, double ms)
{
    if (r->ends < MEAN_OF) r->ends++;
    r->gap_ms += (ms - r->gap_ms) / r->ends;
}

void rate_note(struct rate *r, uint64_t now_ns, double took_ms, struct rate_crowd crowd)
{
    double each_ms = took_ms / (double)(crowd.running < 1 ? 1 : crowd.running);
    if (crowd.waiting > 0) {
        if (!r->moves && each_ms > r->gap_ms) r->ends = 0;
        learn(r, each_ms);
    } else if (took_ms < r->gap_ms) {
        r->gap_ms += (took_ms - r->gap_ms) / ALONE_OF;
    }
    r->moves = crowd.waiting > 0;
    r->since_ns = r->moves ? now_ns : 0;
}

void rate_wait(struct rate *r, uint64_t now_ns, struct rate_crowd crowd)
{
    r->running = crowd.running;
    if (crowd.waiting == 0) {
        r->moves = false;
        r->since_ns = 0;
    } else if (r->since_ns == 0) {
        r->since_ns = now_ns;
    }
}

double rate_gap_ms(const struct rate *r, uint64_t now_ns)
{
    double running = (double)(r->running < 1 ? 1 : r->running);
    double least = r->since_ns == 0 ? 0 : ms_between(r->since_ns, now_ns) / running;
    return least > r->gap_ms ? least : r->gap_ms;
}

void rate_judge(struct rate *r, double expected_ms, double waited_ms)
{
    bool is_short = expected_ms < short_wait_ms;
    if (expected_ms <= 0 || (is_short && waited_ms > short_wait_ms)) return;
    double over = is_short ? 0 : fmin(fmax(waited_ms / expected_ms - 1, 0), most_over);
    r->over += (over * over - r->over) / OVER_OF;
}

double rate_most_ms(const struct rate *r, double expected_ms)
{
    if (expected_ms < short_wait_ms) return expected_ms;
    return expected_ms * (1 + sure * sqrt(r->over)) * (r->moves ? 1 : unknown);
}
