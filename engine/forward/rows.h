/* engine/forward/rows.h - the rows of a step, as the parts of the forward pass share them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_ROWS_H
#define ENGINE_FORWARD_ROWS_H

#include "engine/forward/forward.h"

/* Where a row belongs. */
struct row {
    const struct forward_run *run;
    int token, pos;
};

struct rows {
    int n;
    struct row *row; /* [n] */
    float *angles;   /* [n, rope.dim] cosines and sines at each row's position */
};

#endif
