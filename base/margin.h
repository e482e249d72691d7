/* base/margin.h - how much longer waits become than was expected, so that who is let wait begins in time.
 *
 * Of each wait that has ended, the part by which it was longer than expected tells; one that was shorter tells 0.
 * Their mean square is kept. It fades within a minute, not with their number: waits that end together were wrong
 * together, and a hundred that ended within a second say no more than one. Who is promised to begin by some time is
 * left room for four times the root: few pass that.
 *
 * Short waits can only tell that all is well again: where a promise is short itself, no others are let wait.
 *
 * Plain numbers, of whoever owns the queue.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_MARGIN_H
#define BASE_MARGIN_H

#include <stdint.h>

struct margin {
    double over;        /* the mean square by which waits were longer, in parts of what was expected */
    uint64_t judged_ns; /* when a wait was judged last */
};

/* Nothing has been seen yet. */
void margin_init(struct margin *m);

/* Who was expected to wait so long has waited so long, now. */
void margin_judge(struct margin *m, uint64_t now_ns, double expected_ms, double waited_ms);

/* What few of those pass who are expected to wait so long. */
double margin_most_ms(const struct margin *m, double expected_ms);

#endif
