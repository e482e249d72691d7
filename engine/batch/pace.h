/* engine/batch/pace.h - what a step costs: so much for reading the weights, so much for each row.
 *
 * A straight line through the steps of late, by least squares: seconds = step + row * rows. Older
 * steps count for less, so that it follows the machine and the lengths of contexts. Where all steps
 * had about as many rows, nothing tells the two apart, and all of it is the step's.
 *
 * Plain numbers, one thread's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_PACE_H
#define ENGINE_BATCH_PACE_H

/* Zeroed at first: nothing is known, and costs nothing. */
struct pace {
    double n, x, y, xx, xy; /* sums over steps of 1, rows, seconds and their products, faded */
};

/* A step of so many rows took that long. */
void pace_note(struct pace *p, int rows, double seconds);

/* Seconds of a step and of each of its rows, neither negative. */
void pace_read(const struct pace *p, double *step_s, double *row_s);

#endif
