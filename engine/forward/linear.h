/* engine/forward/linear.h - matrix products over a step's rows, on all threads.
 *
 * An input holds the rows of activations that some matrices share, in every form that these want:
 * quantised for quantised weights, floats for float weights, plain rows for the reference. A
 * product's work is cut by output columns (and for long prompts by rows); each piece is finished
 * in the thread's own memory (bias, residual, SwiGLU) before it is written, so that no value is
 * touched twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_LINEAR_H
#define ENGINE_FORWARD_LINEAR_H

#include <stdbool.h>

#include "base/error.h"
#include "engine/adapter/adapter.h"
#include "engine/kernels/kernels.h"
#include "engine/forward/pool.h"
#include "engine/forward/weights.h"

/* Blocks of memory: block b is at base + b * bytes, a multiple of 64. blocks [n] lists them in the order of
 * the threads' shares; of each share only the part [from, to) is meant, 0 <= from <= to <= 1. */
struct soon {
    const uint8_t *base;
    size_t bytes;
    const int32_t *blocks;
    int n;
    double from, to;
};

/* What computing needs: the kernels, the threads, and memory for each thread. */
struct compute {
    const struct kernels *kernels;
    struct pool *pool;
    uint8_t *work; /* work_bytes a thread */
    size_t work_bytes;
    /* what comes after the products that are run next, and is fetched with them */
    const struct matrix *next; /* multiplied with: the beginning of each thread's share; or NULL */
    struct soon soon;          /* read: each thread's share */
};
/* max_row: the longest row that input_fill() will normalise. */
bool compute_init(struct compute *c, const struct kernels *kernels, struct pool *pool, int max_row,
                  struct error *err);
/* Frees the threads' memory. */
void compute_clear(struct compute *c);

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

/* What an adapter adds to a row of a product, and changes in it. */
struct low_row {
    const struct adapter_up *up; /* NULL: nothing */
    const float *t;              /* [up->rank] the row's input times A */
    const float *x;              /* [up->k] the row's input, where up->full takes it */
};

struct product {
    const struct matrix *w;
    float *out; /* [rows, ld], columns 0..w->n-1 are written */
    int ld;
    bool add;                  /* out += instead of out = */
    const float *bias;         /* [w->n] or NULL */
    const struct low_row *low; /* [rows], NULL: no row has an adapter */
};

/* All of the products of in, n <= 4. */
void linear_products(const struct compute *c, const struct input *in, const struct product *p,
                     int n);

/* One of several such pieces of work that are done at once, in any order: products of in, or (p
 * NULL) a SwiGLU put into out, whose rows have begun. */
struct linear_job {
    const struct input *in; /* with at least one row */
    const struct product *p;
    int n_products;
    const struct matrix *gate, *up;
    const struct low_row *gate_low, *up_low; /* as product.low */
    struct input *out;
    /* linear_run()'s plan */
    int n_units, groups, first_task; /* groups of units are tasks, for every chunk of rows */
};
/* out = SwiGLU(gate in, up in), put into another input: of a job's in, gate, up, their low and out, the
 * rest being zero. */
void linear_swiglu(const struct compute *c, struct linear_job job);
/* The n >= 1 jobs, their weights either all packed or all the reference's (which this thread then
 * multiplies with alone). */
void linear_run(const struct compute *c, struct linear_job *jobs, int n);

#endif
