/* reward/workers/rate.c - see rate.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/rate.h"

enum {
    MEAN_OF = 16,  /* so many ends, about */
    ALONE_OF = 64  /* so many that nobody waited for */
};

static const double unknown = 2; /* of a crowd of which none has ended */

static double ms_between(uint64_t from_ns, uint64_t to_ns)
{
    return (double)(to_ns - from_ns) / 1e6;
}

void rate_init(struct rate *r, double task_ms, int at_once)
{
    *r = (struct rate){.gap_ms = task_ms / (at_once < 1 ? 1 : at_once)};
    margin_init(&r->margin);
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

double rate_most_ms(const struct rate *r, double expected_ms)
{
    return margin_most_ms(&r->margin, expected_ms) * (r->moves ? 1 : unknown);
}
