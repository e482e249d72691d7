/* reward/workers/rate.c - see rate.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/rate.h"

enum { MEAN_OF = 16 }; /* so many ends, about */

static double ms_between(uint64_t from_ns, uint64_t to_ns)
{
    return (double)(to_ns - from_ns) / 1e6;
}

void rate_init(struct rate *r, double task_ms, int at_once, int workers)
{
    if (at_once < 1) at_once = 1;
    if (workers < at_once) workers = at_once;
    *r = (struct rate){.gap_ms = task_ms / at_once, .at_once = at_once, .workers = workers};
}

static void learn(struct rate *r, double ms)
{
    if (r->ends < MEAN_OF) r->ends++;
    r->gap_ms += (ms - r->gap_ms) / r->ends;
}

void rate_note(struct rate *r, uint64_t now_ns, double took_ms, bool others_wait)
{
    if (r->last_ns != 0) {
        learn(r, ms_between(r->last_ns, now_ns));
    } else if (r->ends == 0 && others_wait) {
        learn(r, took_ms / r->at_once);
    } else if (took_ms < r->gap_ms) {
        r->gap_ms += (took_ms - r->gap_ms) / MEAN_OF;
    }
    r->last_ns = r->since_ns = others_wait ? now_ns : 0;
}

void rate_wait(struct rate *r, uint64_t now_ns, bool others_wait)
{
    if (!others_wait) {
        r->last_ns = r->since_ns = 0;
    } else if (r->since_ns == 0) {
        r->since_ns = now_ns;
    }
}

double rate_gap_ms(const struct rate *r, uint64_t now_ns)
{
    double least = r->since_ns == 0 ? 0 : ms_between(r->since_ns, now_ns) / r->workers;
    return least > r->gap_ms ? least : r->gap_ms;
}
