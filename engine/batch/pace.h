/* engine/batch/pace.h - what a step costs: so much for reading the weights, so much for each row, and
 * so much for each token that a row attends to.
 *
 * A plane through the steps, by weighted least squares:
 *   seconds = step + row * rows + reach * (tokens attended to, of all rows)
 * Steps of each *size* (rows, to a power of two) are remembered apart, so that an hour of single rows does
 * not make it forget what a full batch took. How the last few steps compare with the plane is the
 * machine's speed of now, by which all prices are multiplied: others use it too.
 *
 * No price is negative. What cannot be told apart (all steps had about as many rows) is the step's;
 * a reach that no step has told yet is a guess, a part of a row, from the model's shape.
 *
 * Plain numbers, one thread's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_PACE_H
#define ENGINE_BATCH_PACE_H

enum { PACE_SIZES = 16 };

/* Of steps of one size, faded and weighted: of 1, seconds, rows, reach, and of products of two of
 * the last three. */
struct pace_sums {
    double n, y, x1, x2, x11, x12, x22, x1y, x2y;
};

/* Zeroed at first, but for reach_rows: nothing is known, and costs nothing. */
struct pace {
    struct pace_sums of[PACE_SIZES];
    double seconds,
        expected; /* of the last few steps: what they took, and by the plane before them */
    double
        reach_rows; /* until steps tell: the part of a row's price that a token attended to costs */
};

struct pace_prices {
    double step_s, row_s, reach_s; /* seconds of a step, of each row, of each token it attends to */
};

/* A step of so many rows, which together attend to so many tokens, took that long. */
void pace_note(struct pace *p, double rows, double reach, double seconds);

/* None is negative. */
struct pace_prices pace_read(const struct pace *p);

#endif
