/* engine/forward/linear.h - matrix products over a step's rows, on all threads.
 *
 * The rows are an input's (input.h). A product's work is cut by output columns (and for long prompts
 * by rows); each piece is finished in the thread's own memory (bias, residual, SwiGLU) before it is
 * written, so that no value is touched twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_FORWARD_LINEAR_H
#define ENGINE_FORWARD_LINEAR_H

#include <stdbool.h>

#include "base/error.h"
#include "engine/adapter/adapter.h"
#include "engine/kernels/kernels.h"
#include "engine/forward/input.h"
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
