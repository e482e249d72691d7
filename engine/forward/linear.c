/* engine/forward/linear.c - see linear.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/linear.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/forward/blas.h"

enum {
    /* tiles of rows a task takes; their activations stay in the L2 cache */
    CHUNK_TILES = PRODUCT_TILES,
    CHUNK_ROWS = CHUNK_TILES * TILE_ROWS,
    UNIT_PANELS = 2, /* panels a task takes at least: the columns of an activation block */
    UNIT = UNIT_PANELS * PANEL,
    WIDE = PRODUCT_PANELS * PANEL, /* columns of a product() */
    TASK_UNITS = 4,                /* a task takes no fewer when that leaves every thread one */
    TASKS_PER_THREAD = 8,
    WORK_BYTES = KERNEL_SCRATCH + CHUNK_ROWS * WIDE * (int)sizeof(float),
    FETCHED_GROUPS = 32, /* groups whose B is fetched ahead */
    FETCHED_PIECES = 96  /* pieces that are, in all */
};
_Static_assert(CHUNK_ROWS % BLAS_ROWS == 0, "the rows past the last must fit a task's memory");

bool compute_init(struct compute *c, const struct kernels *kernels, struct pool *pool, int max_row,
                  struct error *err)
{
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

/* ---- Products ---- */

struct linear_work {
    void *scratch;
    float *y; /* [CHUNK_ROWS, WIDE] */
};

static struct linear_work work_of(const struct compute *c, int thread)
{
    uint8_t *at = c->work + (size_t)thread * c->work_bytes;
    return (struct linear_work){at, (float *)(void *)(at + KERNEL_SCRATCH)};
}

/* A few rows of a piece whose adapter is the same. */
struct low_group {
    const struct adapter_up *up;
    bool again; /* an earlier group has the same */
    int n, row[ACCUMULATE_ROWS];
};

/* What adapters add to the rows of a piece, those of one adapter together: its B is read once for them. */
struct low_groups {
    const struct low_row *low; /* of the whole input; NULL: these are none's yet */
    int n;
    struct low_group group[CHUNK_ROWS];
};

/* What a task works on: some units of a job for a chunk of rows. */
struct piece {
    const struct compute *c;
    const struct linear_job *job;
    int thread, tile, end_tile, row, n_rows;
    bool alone; /* no other job is run beside this one */
    int unit, end_unit;
    bool goes_on;         /* the same thread is likely to take the units that follow */
    struct stretch after; /* else what it is likely to want then */
    struct linear_work work;
    struct low_groups *groups; /* [2] of the product at work, or of gate and up */
    struct stretch *pieces;    /* [FETCHED_PIECES] to be fetched beside the product at work */
};

static int panels_of(const struct matrix *w)
{
    return (w->n + PANEL - 1) / PANEL;
}

/* Up to n panels of w from `panel` on, as many as there are. */
static struct stretch panels_at(const struct matrix *w, int panel, int n)
{
    size_t bytes = w->panels.panel_bytes;
    if (w->dense != NULL) return (struct stretch){0};
    if (n > panels_of(w) - panel) n = panels_of(w) - panel;
    return (struct stretch){w->panels.data + (size_t)panel * bytes, (size_t)n * bytes};
}

static int chunks_of(const struct linear_job *j)
{
    return (act_tiles(&j->in->i8) + CHUNK_TILES - 1) / CHUNK_TILES;
}

/* How many bytes of what comes soon lie before the half unit of a piece: within its thread's share. */
static size_t progress(const struct piece *p, int half_unit)
{
    const struct soon *s = &p->c->soon;
    double threads = pool_threads(p->c->pool), units = 2.0 * p->job->n_units;
    double before = p->tile / CHUNK_TILES * units + half_unit, all = units * chunks_of(p->job);
    double done = fmin(fmax(before / all * threads - p->thread, 0), 1); /* of the share */
    double lines = (double)s->n * (double)(s->bytes / 64) / threads;
    return (size_t)(lines * (p->thread + s->from + (s->to - s->from) * done)) * 64;
}

/* Append bytes [from, to) of what comes soon, blocks that are neighbours as one piece: to n pieces, as long as
 * there is room. How many there are then. */
static int list_blocks(const struct piece *p, size_t from, size_t to, int n)
{
    const struct soon *s = &p->c->soon;
    int first = n;
    while (from < to) {
        size_t skip = from % s->bytes, bytes = s->bytes - skip;
        const uint8_t *at = s->base + (size_t)s->blocks[from / s->bytes] * s->bytes + skip;
        if (bytes > to - from) bytes = to - from;
        from += bytes;
        struct stretch *last = n > first ? &p->pieces[n - 1] : NULL;
        if (last != NULL && last->at + last->bytes == at) {
            last->bytes += bytes;
        } else if (n < FETCHED_PIECES) {
            p->pieces[n++] = (struct stretch){at, bytes};
        } else {
            break;
        }
    }
    return n;
}

/* What to fetch during the half units [begin, end) of a piece: its n pieces, and the part of what comes
 * soon that falls to them. */
static struct fetch fetch_of(const struct piece *p, int begin, int end, int n)
{
    if (p->c->soon.n > 0 && p->alone) {
        n = list_blocks(p, progress(p, begin), progress(p, end), n);
    }
    struct fetch f = {.pieces = p->pieces, .n_pieces = n};
    for (int i = 0; i < n; i++) {
        f.left += p->pieces[i].bytes;
    }
    return f;
}

/* The rows of a piece times n panels of w; y [n_rows, WIDE]. */
static void multiply(const struct piece *p, const struct matrix *w, int panel, int n,
                     struct fetch soon, float *y)
{
    const struct input *in = p->job->in;
    if (w->dense == NULL) {
        const struct act *x = panel_types[w->panels.type].quantised ? &in->i8 : &in->f32;
        p->c->kernels->product(y, WIDE, &w->panels, panel, n, &soon, x, p->tile,
                               p->end_tile - p->tile, p->work.scratch);
        return;
    }
    int col = panel * PANEL, columns = n * PANEL;
    if (columns > w->n - col) columns = w->n - col;
    blas_multiply(in->plain + (size_t)p->row * (size_t)in->k, p->n_rows, in->k,
                  w->dense + (size_t)col * (size_t)w->k, columns, y, WIDE);
}

static int units_of(const struct matrix *w)
{
    return (panels_of(w) + UNIT_PANELS - 1) / UNIT_PANELS;
}

/* Up to a panel of columns of a few rows, a->y, anew: what the base's matrix has made of them goes. */
static void put_full(const struct kernels *kernels, const struct adapter_up *up, int col,
                     const struct accumulation *a, const float *const x[ACCUMULATE_ROWS])
{
    struct accumulation whole = *a;
    whole.k = up->k;
    whole.w = up->full + (size_t)col * (size_t)up->k;
    for (int r = 0; r < a->rows; r++) {
        memset(a->y[r], 0, (size_t)a->n * sizeof(float));
        whole.x[r] = x[r];
    }
    kernels->accumulate(&whole);
}

/* Columns col.. of a few rows of one adapter, a->y; x are their inputs. */
static void add_up(const struct kernels *kernels, const struct adapter_up *up, int col, int n,
                   struct accumulation *a, const float *const x[ACCUMULATE_ROWS])
{
    int padded = (n + PANEL - 1) / PANEL * PANEL; /* y and b have as many */
    if (up->rank == 0 && up->full == NULL) return;
    a->k = up->rank;
    a->ld = ADAPTER_PANEL;
    for (int at = 0; at < padded; at += ADAPTER_PANEL) {
        a->n = padded - at < ADAPTER_PANEL ? padded - at : ADAPTER_PANEL;
        if (up->full != NULL) put_full(kernels, up, col + at, a, x);
        if (up->rank > 0) {
            a->w = adapter_panel(up, col + at);
            kernels->accumulate(a);
        }
        for (int r = 0; r < a->rows; r++) {
            for (int i = 0; up->gain != NULL && i < a->n && at + i < n; i++) {
                a->y[r][i] *= up->gain[col + at + i];
            }
            a->y[r] += ADAPTER_PANEL;
        }
    }
}

/* The groups of low, which are made once for all columns of a piece. */
static const struct low_groups *groups_for(const struct piece *p, int which,
                                           const struct low_row *low)
{
    struct low_groups *g = &p->groups[which];
    bool done[CHUNK_ROWS] = {false};
    if (g->low == low) return g;
    g->low = low;
    g->n = 0;
    for (int first = 0; first < p->n_rows; first++) {
        const struct adapter_up *up = low[p->row + first].up;
        if (up == NULL || done[first]) continue;
        struct low_group *to = &g->group[g->n++];
        *to = (struct low_group){.up = up};
        for (const struct low_group *before = g->group; before < to; before++) {
            to->again |= before->up == up;
        }
        for (int r = first; r < p->n_rows && to->n < ACCUMULATE_ROWS; r++) {
            if (done[r] || low[p->row + r].up != up) continue;
            done[r] = true;
            to->row[to->n++] = r;
        }
    }
    return g;
}

/* What is wanted next, in this order: columns col.. of the Bs that add to them (NULL: none do), as
 * other adapters' are far from each other and no pattern leads there; then panels. How many pieces
 * that makes. */
static int list_pieces(const struct piece *p, int which, const struct low_row *low, int col, int n,
                       struct stretch panels)
{
    const struct low_groups *g = low == NULL ? NULL : groups_for(p, which, low);
    int pieces = 0, wide = (n + ADAPTER_PANEL - 1) / ADAPTER_PANEL * ADAPTER_PANEL;
    for (int i = 0; g != NULL && i < g->n && pieces < FETCHED_GROUPS; i++) {
        const struct adapter_up *up = g->group[i].up;
        size_t bytes = (size_t)wide * (size_t)up->rank * sizeof(float);
        if (bytes == 0 || g->group[i].again) continue;
        const uint8_t *at = (const uint8_t *)(const void *)adapter_panel(up, col);
        p->pieces[pieces++] = (struct stretch){at, bytes};
    }
    if (panels.bytes > 0) p->pieces[pieces++] = panels;
    return pieces;
}

/* What adapters add to columns col.. of a piece's rows; low is that of the whole input, or NULL. */
static void add_low(const struct piece *p, int which, const struct low_row *low, int col, int n,
                    float *y)
{
    if (low == NULL) return;
    const struct low_groups *g = groups_for(p, which, low);
    for (int i = 0; i < g->n; i++) {
        const struct low_group *rows = &g->group[i];
        struct accumulation a = {.rows = rows->n};
        const float *x[ACCUMULATE_ROWS];
        for (int r = 0; r < rows->n; r++) {
            const struct low_row *row = &low[p->row + rows->row[r]];
            a.y[r] = y + rows->row[r] * WIDE;
            x[r] = row->x;
            a.x[r] = row->t;
        }
        add_up(p->c->kernels, rows->up, col, n, &a, x);
    }
}

/* The bias of a row: an adapter may have its own. */
static const float *bias_of(const struct product *p, int row)
{
    const struct adapter_up *up = p->low == NULL ? NULL : p->low[row].up;
    return up != NULL && up->bias != NULL ? up->bias : p->bias;
}

/* Write columns col.. of y where they belong. */
static void store(const struct piece *piece, const struct product *p, int col, int n, float *y)
{
    const struct kernels *kernels = piece->c->kernels;
    float *out = p->out + (size_t)piece->row * (size_t)p->ld + col;
    add_low(piece, 0, p->low, col, n, y);
    for (int r = 0; r < piece->n_rows; r++, y += WIDE, out += p->ld) {
        const float *bias = bias_of(p, piece->row + r);
        if (bias != NULL) kernels->add(y, bias + col, n);
        if (p->add) {
            kernels->add(out, y, n);
        } else {
            memcpy(out, y, (size_t)n * sizeof(float));
        }
    }
}

/* Up to PRODUCT_PANELS from unit on, all of one product; returns the unit after them. */
static int product_units(const struct piece *piece, int unit)
{
    const struct product *p = piece->job->p;
    int first = 0; /* unit of p */
    while (unit - first >= units_of(p->w)) {
        first += units_of(p->w);
        p++;
    }
    int panel = (unit - first) * UNIT_PANELS, panels = panels_of(p->w);
    int end = (piece->end_unit - first) * UNIT_PANELS; /* of the task, beyond p's panels perhaps */
    int n = (end < panels ? end : panels) - panel;
    if (n > PRODUCT_PANELS) n = PRODUCT_PANELS;
    int units = (n + UNIT_PANELS - 1) / UNIT_PANELS;
    bool next = panel + n < panels && (panel + n < end || piece->goes_on);
    int lead = piece->n_rows > 1 && n > UNIT_PANELS ? UNIT_PANELS : n; /* taken at once */
    struct stretch ahead = next ? panels_at(p->w, panel + lead, n) : piece->after;
    int col = panel * PANEL, columns = p->w->n - col < n * PANEL ? p->w->n - col : n * PANEL;
    int pieces = list_pieces(piece, 0, p->low, col, columns, ahead);
    struct fetch soon = fetch_of(piece, 2 * unit, 2 * (unit + units), pieces);
    multiply(piece, p->w, panel, n, soon, piece->work.y);
    store(piece, p, col, columns, piece->work.y);
    return unit + units;
}

/* A unit of gate beside the same of up: 32 columns, one block of the next input. */
static int swiglu_unit(const struct piece *p, int unit)
{
    const struct linear_job *j = p->job;
    int panel = unit * UNIT_PANELS, n = panels_of(j->gate) - panel, col = panel * PANEL;
    if (n > UNIT_PANELS) n = UNIT_PANELS;
    bool next = unit + 1 < p->end_unit || (p->goes_on && unit + 1 < j->n_units);
    float *gate = p->work.y, *up = gate + UNIT;
    struct stretch after = next ? panels_at(j->gate, panel + n, n) : p->after;
    int columns = j->gate->n - col < UNIT ? j->gate->n - col : UNIT;
    int first = list_pieces(p, 0, j->gate_low, col, columns, panels_at(j->up, panel, n));
    multiply(p, j->gate, panel, n, fetch_of(p, 2 * unit, 2 * unit + 1, first), gate);
    int second = list_pieces(p, 1, j->up_low, col, columns, after);
    multiply(p, j->up, panel, n, fetch_of(p, 2 * unit + 1, 2 * unit + 2, second), up);
    add_low(p, 0, j->gate_low, col, columns, gate);
    add_low(p, 1, j->up_low, col, columns, up);
    for (int r = 0; r < p->n_rows; r++) {
        p->c->kernels->swiglu(gate + r * WIDE, up + r * WIDE, columns);
    }
    input_put_rows(p->c, j->out, p->row, p->n_rows, col, gate, WIDE, columns);
    return unit + 1;
}

/* ---- Tasks ---- */

struct row_run {
    const struct compute *c;
    struct linear_job *jobs;
    int n_jobs, n_tasks;
};

static int count_units(const struct linear_job *j)
{
    int n = 0;
    if (j->p == NULL) return units_of(j->gate);
    for (int k = 0; k < j->n_products; k++) {
        n += units_of(j->p[k].w);
    }
    return n;
}

/* Whether a job's weights are the reference's: all of its matrices' then, and all jobs' of a run. */
static bool is_dense(const struct linear_job *j)
{
    return (j->p != NULL ? j->p->w : j->gate)->dense != NULL;
}

/* How many groups the units of j are cut into when groups of about so many units are wanted: with few
 * groups, as many for every thread. The reference's are one: where its columns are cut, and with
 * that its bits, must depend on the matrix alone. */
static int groups_of(const struct row_run *r, const struct linear_job *j, int wanted)
{
    if (is_dense(j)) return 1;
    int n = j->n_units, threads = pool_threads(r->c->pool), groups = (n + wanted - 1) / wanted;
    if (r->n_jobs == 1) groups = (groups + threads - 1) / threads * threads;
    return groups < n ? groups : n;
}

/* The tasks are numbered job by job; each is a group of units and a chunk of rows. */
static void plan_tasks(struct row_run *r)
{
    int most = pool_threads(r->c->pool) * TASKS_PER_THREAD, pieces = 0;
    for (int i = 0; i < r->n_jobs; i++) {
        r->jobs[i].n_units = count_units(&r->jobs[i]);
        pieces += r->jobs[i].n_units * chunks_of(&r->jobs[i]);
    }
    int wanted = pieces / most < TASK_UNITS ? TASK_UNITS : pieces / most;
    r->n_tasks = 0;
    for (int i = 0; i < r->n_jobs; i++) {
        struct linear_job *j = &r->jobs[i];
        j->groups = groups_of(r, j, wanted);
        j->first_task = r->n_tasks;
        r->n_tasks += j->groups * chunks_of(j);
    }
}

static const struct linear_job *job_of(const struct row_run *r, int task)
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

/* The beginning of a thread's share of w. */
static struct stretch share_of(const struct pool *pool, const struct matrix *w, int thread)
{
    int unit = (int)((int64_t)units_of(w) * thread / pool_threads(pool));
    return panels_at(w, unit * UNIT_PANELS, PRODUCT_PANELS);
}

static void run_task(void *arg, int task, int thread)
{
    const struct row_run *r = arg;
    const struct linear_job *j = job_of(r, task);
    int chunk = (task - j->first_task) / j->groups, group = (task - j->first_task) % j->groups;
    struct low_groups groups[2];
    struct stretch pieces[FETCHED_PIECES];
    struct piece p = {.c = r->c, .job = j, .tile = chunk * CHUNK_TILES, .groups = groups};
    p.pieces = pieces;
    groups[0].low = groups[1].low = NULL;
    p.thread = thread;
    p.alone = r->n_jobs == 1;
    int tiles = act_tiles(&j->in->i8);
    p.end_tile = p.tile + CHUNK_TILES < tiles ? p.tile + CHUNK_TILES : tiles;
    p.row = act_tile_row(&j->in->i8, p.tile);
    p.n_rows = act_tile_row(&j->in->i8, p.end_tile) - p.row;
    p.unit = (int)((int64_t)j->n_units * group / j->groups);
    p.end_unit = (int)((int64_t)j->n_units * (group + 1) / j->groups);
    p.goes_on = group + 1 < j->groups && !pool_share_ends(r->c->pool, r->n_tasks, task);
    if (!p.goes_on && r->c->next != NULL) p.after = share_of(r->c->pool, r->c->next, thread);
    p.work = work_of(r->c, thread);
    while (p.unit < p.end_unit) {
        p.unit = (j->p != NULL ? product_units : swiglu_unit)(&p, p.unit);
    }
}

void linear_run(const struct compute *c, struct linear_job *jobs, int n)
{
    struct row_run r = {.c = c, .jobs = jobs, .n_jobs = n};
    plan_tasks(&r);
    if (!is_dense(&jobs[0])) {
        pool_run(c->pool, run_task, &r, r.n_tasks);
        return;
    }
    for (int i = 0; i < r.n_tasks; i++) {
        run_task(&r, i, 0); /* blas.h (1): the other threads could only wait for this one */
    }
}

void linear_products(const struct compute *c, const struct input *in, const struct product *p,
                     int n)
{
    linear_run(c, &(struct linear_job){.in = in, .p = p, .n_products = n}, 1);
}

void linear_swiglu(const struct compute *c, struct linear_job job)
{
    input_begin(job.out, job.in->rows);
    linear_run(c, &job, 1);
}
