/* reward/workers/rate.c - see rate.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/workers/rate.h"

enum { MEAN_OF = 16 }; /* so many ends, about */

void rate_init(struct rate *r, double task_ms, int at_once)
{
    *r = (struct rate){.gap_ms = task_ms / (at_once < 1 ? 1 : at_once)};
}

void rate_note(struct rate *r, uint64_t now_ns, double took_ms, bool others_wait)
{
    double ms = r->last_ns != 0 ? (double)(now_ns - r->last_ns) / 1e6 : took_ms;
    if (r->last_ns != 0 || took_ms < r->gap_ms) r->gap_ms += (ms - r->gap_ms) / MEAN_OF;
    r->last_ns = others_wait ? now_ns : 0;
}
