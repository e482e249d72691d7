/* engine/batch/pace.h - what a step costs: so much for reading the weights, so much for each row, and
 * so much for each token that a row attends to.
 *
 * A plane through the steps of late, by least squares:
 *   seconds = step + row * rows + reach * (tokens attended to, of all rows)
 * Older steps count for less, so that it follows the machine. No price is negative. What cannot be
 * told apart (all steps had about as many rows) is the step's.
 *
 * Plain numbers, one thread's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_PACE_H
#define ENGINE_BATCH_PACE_H

/* Zeroed at first: nothing is known, and costs nothing. */
struct pace {
    /* sums over steps, faded: of 1, seconds, rows, reach, and of products of two of the last three */
    double n, y, x1, x2, x11, x12, x22, x1y, x2y;
};

struct pace_prices {
    double step_s, row_s, reach_s; /* seconds of a step, of each row, of each token it attends to */
};

/* A step of so many rows, which together attend to so many tokens, took that long. */
void pace_note(struct pace *p, double rows, double reach, double seconds);

/* None is negative. */
struct pace_prices pace_read(const struct pace *p);

#endif
