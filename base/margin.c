/* base/margin.c - see margin.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/margin.h"

#include <math.h>
#include <stdbool.h>

static const double first_over = 0.0225;   /* before any wait has been held against what was expected */
static const double most_over = 2;         /* of one wait: beyond it something else happened */
static const double short_wait_ms = 250;   /* nobody is refused for; it is right where it stayed short */
static const double sure = 4;              /* roots of the mean square that few waits pass */
static const double fade_ms = 60000;
static const double most_weight = 1.0 / 8; /* of one wait that ended after a long time without */

void margin_init(struct margin *m)
{
    *m = (struct margin){.over = first_over};
}

/* A wait tells for the time since the one before it. */
static double weight(const struct margin *m, uint64_t now_ns)
{
    double ms = now_ns > m->judged_ns ? (double)(now_ns - m->judged_ns) / 1e6 : 0;
    return fmin(ms / fade_ms, most_weight);
}

void margin_judge(struct margin *m, uint64_t now_ns, double expected_ms, double waited_ms)
{
    bool is_short = expected_ms < short_wait_ms;
    if (expected_ms <= 0 || (is_short && waited_ms > short_wait_ms)) return;
    double over = is_short ? 0 : fmin(fmax(waited_ms / expected_ms - 1, 0), most_over);
    m->over += (over * over - m->over) * weight(m, now_ns);
    if (now_ns > m->judged_ns) m->judged_ns = now_ns;
}

double margin_most_ms(const struct margin *m, double expected_ms)
{
    if (expected_ms < short_wait_ms) return expected_ms;
    return expected_ms * (1 + sure * sqrt(m->over));
}
