/* server/cli/progress.c - see progress.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/progress.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

enum { SHOW_EVERY_NS = 100000000 };

void progress_begin(struct progress_line *p, const char *what, bool shown)
{
    *p = (struct progress_line){
        .what = what, .began_ns = clock_ns(), .on = shown && isatty(STDERR_FILENO)};
}

const char *progress_time(double seconds, char out[PROGRESS_TIME_BYTES])
{
    long s = seconds < 0 ? 0 : seconds < 1e9 ? (long)(seconds + 0.5) : 1000000000;
    if (s < 60) {
        snprintf(out, PROGRESS_TIME_BYTES, "%ld s", s);
    } else if (s < 3600) {
        snprintf(out, PROGRESS_TIME_BYTES, "%ld min %ld s", s / 60, s % 60);
    } else {
        snprintf(out, PROGRESS_TIME_BYTES, "%ld h %ld min", s / 3600, s % 3600 / 60);
    }
    return out;
}

void progress_show(struct progress_line *p, double share, const char *more)
{
    char left[PROGRESS_TIME_BYTES];
    uint64_t now = clock_ns();
    assert(share <= 1.0);
    if (!p->on || (p->shown_ns != 0 && now - p->shown_ns < SHOW_EVERY_NS)) return;
    p->shown_ns = now;
    double passed = (double)(now - p->began_ns) * 1e-9;
    fprintf(stderr, "\r\033[K%s", p->what);
    if (share >= 0) fprintf(stderr, ": %.0f %%", share * 100);
    if (share > 0 && passed > 0.5) {
        fprintf(stderr, ", %s left", progress_time(passed / share - passed, left));
    }
    if (more != NULL) fprintf(stderr, " (%s)", more);
}

void progress_end(struct progress_line *p)
{
    if (p->on && p->shown_ns != 0) fprintf(stderr, "\r\033[K");
    p->on = false;
}
