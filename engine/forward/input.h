/* engine/forward/input.h - the rows of activations that some matrices share, in every form that these want:
 * quantised for quantised weights, floats for float weights, plain rows for the reference.
 *
 * Its memory is as large as the longest step's; a step says how many rows there are, which forms are
 * wanted, and puts the values, all columns of each row. What has been put in one form is in all of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_INPUT_H
#define ENGINE_FORWARD_INPUT_H

#include <stdbool.h>

#include "base/error.h"
#include "engine/kernels/kernels.h"
#include "engine/forward/weights.h"

struct compute; /* linear.h */

struct input {
    int k, rows, max_rows;
    struct input_forms forms; /* that are filled now */
    struct act i8, f32;
    float *plain; /* [rows, k] */
};

/* An input of up to max_rows rows of k values, without memory yet. End with input_clear(). */
void input_init(struct input *in, int k, int max_rows);
/* Frees its memory; it must be initialised again. */
void input_clear(struct input *in);
/* Make sure of memory for these forms. False and ERROR_NO_MEMORY on failure: what was there stays. */
bool input_reserve(struct input *in, struct input_forms forms, struct error *err);
/* Fill these forms, which are reserved, from now on; what in holds must be put again. */
void input_use(struct input *in, struct input_forms forms);
/* From now on in has this many rows; their values must be put again. */
void input_begin(struct input *in, int rows);
/* Put n values into row, columns col..; n and col multiples of ACT_BLOCK unless the whole row is put. */
void input_put(const struct compute *c, const struct input *in, int row, int col, const float *v,
               int n);
/* input_put() for n_rows rows from row on: v [n_rows, ld]. */
void input_put_rows(const struct compute *c, const struct input *in, int row, int n_rows, int col,
                    const float *v, int ld, int n);
/* input_put() of whole rows x [rows, ld], each first normalised when norm is not NULL; on all
 * threads when worth it. */
void input_fill(const struct compute *c, struct input *in, int rows, const float *x, int ld,
                const float *norm, float eps);

/* Several inputs in the memory of one: view i of at most n_views holds rows [first, first + rows)
 * of whole, views in order of rows. whole is initialised for input_view_rows() rows and says
 * which forms are wanted. */
int input_view_rows(int k, int rows, int n_views);
/* View i of whole, which holds its rows [first, first + rows). */
struct input input_view(const struct input *whole, int i, int first, int rows);

#endif
