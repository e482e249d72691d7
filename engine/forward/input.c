/* engine/forward/input.c - see input.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/input.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/forward/blas.h"
#include "engine/forward/linear.h"

enum {
    ALIGNED = 64,
    PARALLEL_ROWS = 8 /* rows from which filling an input pays for waking the threads */
};

void input_init(struct input *in, int k, int max_rows)
{
    *in = (struct input){.k = k, .max_rows = max_rows, .i8 = {.k = k, .quantised = true}};
    in->f32.k = k;
}

bool input_reserve(struct input *in, struct input_forms forms, struct error *err)
{
    size_t bytes = act_bytes(in->max_rows, in->k);
    size_t plain_bytes = act_bytes(in->max_rows + BLAS_ROWS - 1, in->k);
    if (forms.i8 && in->i8.data == NULL) in->i8.data = mem_new_aligned(1, bytes, err);
    if (forms.f32 && in->f32.data == NULL) in->f32.data = mem_new_aligned(1, bytes, err);
    if (forms.plain && in->plain == NULL) in->plain = mem_new_aligned(1, plain_bytes, err);
    return (in->i8.data != NULL || !forms.i8) && (in->f32.data != NULL || !forms.f32) &&
           (in->plain != NULL || !forms.plain);
}

void input_use(struct input *in, struct input_forms forms)
{
    assert((in->i8.data != NULL || !forms.i8) && (in->f32.data != NULL || !forms.f32));
    assert(in->plain != NULL || !forms.plain);
    in->forms = forms;
}

void input_clear(struct input *in)
{
    free(in->i8.data);
    free(in->f32.data);
    free(in->plain);
    *in = (struct input){0};
}

void input_begin(struct input *in, int rows)
{
    in->rows = in->i8.rows = in->f32.rows = rows;
}

void input_put_rows(const struct compute *c, const struct input *in, int row, int n_rows, int col,
                    const float *v, int ld, int n)
{
    assert(row >= 0 && row + n_rows <= in->rows && col + n <= in->k);
    if (in->forms.i8) c->kernels->act_put(&in->i8, row, n_rows, col, v, ld, n);
    if (in->forms.f32) c->kernels->act_put(&in->f32, row, n_rows, col, v, ld, n);
    for (int r = 0; in->forms.plain && r < n_rows; r++) {
        float *to = in->plain + (size_t)(row + r) * (size_t)in->k + col;
        memcpy(to, v + r * ld, (size_t)n * sizeof(float));
    }
}

void input_put(const struct compute *c, const struct input *in, int row, int col, const float *v,
               int n)
{
    input_put_rows(c, in, row, 1, col, v, n, n);
}

int input_view_rows(int k, int rows, int n_views)
{
    return rows + n_views * ALIGNED / (k * (int)sizeof(float)) + 1;
}

/* Where view i begins that has `before` bytes of rows before it: aligned, and past the one before. */
static uint8_t *view_data(const struct act *whole, int i, int first)
{
    size_t before = (size_t)first * act_row_bytes(whole);
    return whole->data + (before + ALIGNED - 1) / ALIGNED * ALIGNED + (size_t)i * ALIGNED;
}

struct input input_view(const struct input *whole, int i, int first, int rows)
{
    struct input v = *whole;
    if (v.forms.i8) v.i8.data = view_data(&whole->i8, i, first);
    if (v.forms.f32) v.f32.data = view_data(&whole->f32, i, first);
    if (v.forms.plain) v.plain = whole->plain + (size_t)first * (size_t)whole->k;
    input_begin(&v, rows);
    return v;
}

struct input_filling {
    const struct compute *c;
    const struct input *in;
    const float *x, *norm;
    int ld;
    float eps;
};

/* One tile of rows: no other thread writes near it. */
static void fill_task(void *arg, int task, int thread)
{
    const struct input_filling *f = arg;
    float *row = (float *)(void *)(f->c->work + (size_t)thread * f->c->work_bytes);
    for (int r = act_tile_row(&f->in->i8, task); r < act_tile_row(&f->in->i8, task + 1); r++) {
        const float *x = f->x + (size_t)r * (size_t)f->ld;
        if (f->norm != NULL) {
            f->c->kernels->rms_norm(row, x, f->norm, f->in->k, f->eps);
            x = row;
        }
        input_put(f->c, f->in, r, 0, x, f->in->k);
    }
}

void input_fill(const struct compute *c, struct input *in, int rows, const float *x, int ld,
                const float *norm, float eps)
{
    struct input_filling f = {.c = c, .in = in, .x = x, .norm = norm, .ld = ld, .eps = eps};
    input_begin(in, rows);
    int tiles = act_tiles(&in->i8);
    if (rows >= PARALLEL_ROWS) {
        pool_run(c->pool, fill_task, &f, tiles);
        return;
    }
    for (int t = 0; t < tiles; t++) {
        fill_task(&f, t, 0);
    }
}
