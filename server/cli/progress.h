/* server/cli/progress.h - how far a long command has come, on a terminal: a line on stderr that changes, and
 * then goes. Elsewhere nothing is written.
 *
 *   judging: 34 %, 12 s left (1200 items, 500/s)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_CLI_PROGRESS_H
#define SERVER_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress_line {
    const char *what; /* "judging" */
    uint64_t began_ns, shown_ns;
    bool on;
};

/* It begins now. shown: the command wants it, where stderr is a terminal; what is borrowed. */
void progress_begin(struct progress_line *p, const char *what, bool shown);

/* How much of the whole is done, from 0 to 1 (below 0: nobody knows), and words about it (NULL:
 * none). Shown ten times a second at most. */
void progress_show(struct progress_line *p, double share, const char *more);

/* The line goes. */
void progress_end(struct progress_line *p);

/* "4 s", "3 min 20 s", "2 h 10 min" into out; what it returns is out. */
enum { PROGRESS_TIME_BYTES = 48 };
const char *progress_time(double seconds, char out[PROGRESS_TIME_BYTES]);

#endif
