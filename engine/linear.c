/* engine/linear.c - see linear.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/linear.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
    CHUNK_TILES =
        PRODUCT_TILES, /* tiles of rows a task takes; their activations stay in the L2 cache */
    CHUNK_ROWS = CHUNK_TILES * TILE_ROWS,
    UNIT_PANELS = PRODUCT_PANELS, /* panels a task takes at least */
    UNIT = UNIT_PANELS * PANEL,
    TASKS_PER_THREAD = 8,
    WORK_BYTES = KERNEL_SCRATCH + CHUNK_ROWS * UNIT * (int)sizeof(float),
    ALIGNED = 64,
    PARALLEL_ROWS = 8 /* rows from which filling an input pays for waking the threads */
};

bool compute_init(struct compute *c, const struct kernels *kernels, struct pool *pool, int max_row,
                  struct error *err)
{
    openblas_set_num_threads(1); /* the pool's threads are the only ones */
    *c = (struct compute){.kernels = kernels, .pool = pool, .work_bytes = WORK_BYTES};
    size_t row = ((size_t)max_row * sizeof(float) + 63) & ~(size_t)63;
    if (row > c->work_bytes) c->work_bytes = row;
    c->work = mem_new_aligned((size_t)pool_threads(pool), c->work_bytes, err);
    return c->work != NULL;
}

void compute_clear(struct compute *c)
{
    free(c->work);
    c->work = NULL;
}

/* ---- Inputs ---- */

bool input_init(struct input *in, int k, int max_rows, struct error *err)
{
    size_t bytes = act_bytes(max_rows, k);
    in->k = in->i8.k = in->f32.k = k;
    in->i8.quantised = true;
    if (in->wants_i8) in->i8.data = mem_new_aligned(1, bytes, err);
    if (in->wants_f32) in->f32.data = mem_new_aligned(1, bytes, err);
    if (in->wants_plain) in->plain = mem_new_aligned(1, bytes, err);
    return (in->i8.data != NULL || !in->wants_i8) && (in->f32.data != NULL || !in->wants_f32) &&
           (in->plain != NULL || !in->wants_plain);
}

void input_clear(struct input *in)
{
    free(in->i8.data);
    free(in->f32.data);
    free(in->plain);
    *in = (struct input){0};
}

void input_serves(struct input *in, const struct matrix *w)
{
    if (w->n == 0) return;
    if (w->dense != NULL) {
        in->wants_plain = true;
    } else if (panel_types[w->panels.type].quantised) {
        in->wants_i8 = true;
    } else {
        in->wants_f32 = true;
    }
}

void input_begin(struct input *in, int rows)
{
    in->rows = in->i8.rows = in->f32.rows = rows;
}

void input_put(const struct compute *c, const struct input *in, int row, int col, const float *v,
               int n)
{
    if (in->wants_i8) c->kernels->act_put(&in->i8, row, col, v, n);
    if (in->wants_f32) c->kernels->act_put(&in->f32, row, col, v, n);
    if (in->wants_plain) {
        memcpy(in->plain + (size_t)row * (size_t)in->k + col, v, (size_t)n * sizeof(float));
    }
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
    if (v.wants_i8) v.i8.data = view_data(&whole->i8, i, first);
    if (v.wants_f32) v.f32.data = view_data(&whole->f32, i, first);
    if (v.wants_plain) v.plain = whole->plain + (size_t)first * (size_t)whole->k;
    input_begin(&v, rows);
    return v;
}

struct fill {
    const struct compute *c;
    const struct input *in;
    const float *x, *norm;
    int ld;
    float eps;
};

/* One tile of rows: no other thread writes near it. */
static void fill_task(void *arg, int task, int thread)
{
    const struct fill *f = arg;
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
    struct fill f = {.c = c, .in = in, .x = x, .norm = norm, .ld = ld, .eps = eps};
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

/* ---- Products ---- */

struct work {
    void *scratch;
    float *y; /* [CHUNK_ROWS, UNIT] */
};

static struct work work_of(const struct compute *c, int thread)
{
    uint8_t *at = c->work + (size_t)thread * c->work_bytes;
    return (struct work){at, (float *)(void *)(at + KERNEL_SCRATCH)};
}

/* Tiles [tile, end) of in times n_panels panels of w; y [rows, ld]. */
static void multiply(const struct compute *c, const struct input *in, const struct matrix *w,
                     int panel, int n_panels, int tile, int end, float *y, int ld, void *scratch)
{
    if (w->dense == NULL) {
        const struct act *x = panel_types[w->panels.type].quantised ? &in->i8 : &in->f32;
        c->kernels->product(y, ld, &w->panels, panel, n_panels, x, tile, end - tile, scratch);
        return;
    }
    int row = act_tile_row(&in->i8, tile), rows = act_tile_row(&in->i8, end) - row;
    int col = panel * PANEL, n = n_panels * PANEL;
    if (n > w->n - col) n = w->n - col;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, n, w->k, 1.0f,
                in->plain + (size_t)row * (size_t)in->k, in->k,
                w->dense + (size_t)col * (size_t)w->k, w->k, 0.0f, y, ld);
}

static int units_of(const struct matrix *w)
{
    return (w->n + UNIT - 1) / UNIT;
}

/* Write the columns of one unit where they belong. */
static void store(const struct compute *c, const struct product *p, int col, int row, int rows,
                  float *y)
{
    int n = p->w->n - col < UNIT ? p->w->n - col : UNIT;
    for (int r = 0; r < rows; r++, y += UNIT) {
        float *out = p->out + (size_t)(row + r) * (size_t)p->ld + col;
        if (p->bias != NULL) c->kernels->add(y, p->bias + col, n);
        if (p->add) {
            c->kernels->add(out, y, n);
        } else {
            memcpy(out, y, (size_t)n * sizeof(float));
        }
    }
}

static void product_unit(const struct compute *c, const struct linear_job *j, int unit, int tile,
                         int end, struct work w)
{
    const struct product *p = j->p;
    while (unit >= units_of(p->w)) {
        unit -= units_of(p->w);
        p++;
    }
    int panel = unit * UNIT_PANELS, n = (p->w->n + PANEL - 1) / PANEL - panel;
    if (n > UNIT_PANELS) n = UNIT_PANELS;
    multiply(c, j->in, p->w, panel, n, tile, end, w.y, UNIT, w.scratch);
    int row = act_tile_row(&j->in->i8, tile);
    store(c, p, panel * PANEL, row, act_tile_row(&j->in->i8, end) - row, w.y);
}

/* Two panels of gate beside the same two of up: 32 columns, one block of the next input. */
static void swiglu_unit(const struct compute *c, const struct linear_job *j, int unit, int tile,
                        int end, struct work w)
{
    int panel = unit * 2, n = (j->gate->n + PANEL - 1) / PANEL - panel, col = panel * PANEL;
    if (n > 2) n = 2;
    multiply(c, j->in, j->gate, panel, n, tile, end, w.y, UNIT, w.scratch);
    multiply(c, j->in, j->up, panel, n, tile, end, w.y + UNIT / 2, UNIT, w.scratch);
    int columns = j->gate->n - col < UNIT / 2 ? j->gate->n - col : UNIT / 2;
    float *y = w.y;
    for (int row = act_tile_row(&j->in->i8, tile); row < act_tile_row(&j->in->i8, end); row++) {
        c->kernels->swiglu(y, y + UNIT / 2, columns);
        input_put(c, j->out, row, col, y, columns);
        y += UNIT;
    }
}

/* A linear_run(): jobs, and how many units of columns a task takes. */
struct run {
    const struct compute *c;
    struct linear_job *jobs;
    int n_jobs, units_per_task;
};

static int chunks_of(const struct linear_job *j)
{
    return (act_tiles(&j->in->i8) + CHUNK_TILES - 1) / CHUNK_TILES;
}

/* The tasks are numbered job by job; each is a group of units and a chunk of rows. */
static int plan_tasks(struct run *r)
{
    int want = pool_threads(r->c->pool) * TASKS_PER_THREAD, pieces = 0, tasks = 0;
    for (int i = 0; i < r->n_jobs; i++) {
        struct linear_job *j = &r->jobs[i];
        j->n_units = j->p == NULL ? (j->gate->n + UNIT / 2 - 1) / (UNIT / 2) : 0;
        for (int k = 0; k < j->n_products; k++) {
            j->n_units += units_of(j->p[k].w);
        }
        pieces += j->n_units * chunks_of(j);
    }
    r->units_per_task = pieces / want < 1 ? 1 : pieces / want;
    for (int i = 0; i < r->n_jobs; i++) {
        struct linear_job *j = &r->jobs[i];
        j->groups = (j->n_units + r->units_per_task - 1) / r->units_per_task;
        j->first_task = tasks;
        tasks += j->groups * chunks_of(j);
    }
    return tasks;
}

static const struct linear_job *job_of(const struct run *r, int task)
{
    int low = 0, high = r->n_jobs;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (r->jobs[middle].first_task <= task) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &r->jobs[low];
}

static void run_task(void *arg, int task, int thread)
{
    const struct run *r = arg;
    const struct linear_job *j = job_of(r, task);
    int chunk = (task - j->first_task) / j->groups, group = (task - j->first_task) % j->groups;
    int tile = chunk * CHUNK_TILES, end = tile + CHUNK_TILES, tiles = act_tiles(&j->in->i8);
    if (end > tiles) end = tiles;
    int unit = group * r->units_per_task, last = unit + r->units_per_task;
    for (; unit < last && unit < j->n_units; unit++) {
        (j->p != NULL ? product_unit : swiglu_unit)(r->c, j, unit, tile, end,
                                                    work_of(r->c, thread));
    }
}

void linear_run(const struct compute *c, struct linear_job *jobs, int n)
{
    struct run r = {.c = c, .jobs = jobs, .n_jobs = n};
    pool_run(c->pool, run_task, &r, plan_tasks(&r));
}

void linear_products(const struct compute *c, const struct input *in, const struct product *p,
                     int n)
{
    linear_run(c, &(struct linear_job){.in = in, .p = p, .n_products = n}, 1);
}

void linear_swiglu(const struct compute *c, const struct input *in, const struct matrix *gate,
                   const struct matrix *up, struct input *out)
{
    input_begin(out, in->rows);
    linear_run(c, &(struct linear_job){.in = in, .gate = gate, .up = up, .out = out}, 1);
}
