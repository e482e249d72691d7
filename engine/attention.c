/* engine/attention.c - see attention.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/attention.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Consecutive queries of one run. */
struct tile {
    const struct forward_run *run;
    int row;    /* of the step, of the first query */
    int pos;    /* of the first query */
    int n;      /* queries */
    int splits; /* that the last query sees */
};

/* Result of some splits for the rows of a tile: o [ATTN_ROWS, v_pad], m and l [ATTN_ROWS]. */
struct partial {
    float *o, *m, *l;
};

struct attention {
    const struct compute *c;
    struct kv_store *kv;
    const struct kv_shape *shape;
    int n_kv_heads, group; /* query heads of one key head */
    int heads;             /* of a group that share a task, at most ATTN_ROWS */
    int cuts;              /* tasks a group is cut into */
    float scale;

    struct tile *tiles; /* [max_rows] */
    int n_tiles;
    bool split_tasks; /* tasks are single splits */
    int max_splits;   /* of any tile of this step */

    float *work; /* work_floats a thread: q, two partials */
    size_t work_floats;
    float *partials; /* partial_floats per (task, split) of split tasks */
    size_t partial_floats;
    size_t n_partials;

    /* of the layer at work */
    int layer;
    const float *q;
    float *out;
    int ld_q, ld_out;
};

static struct partial partial_at(const struct attention *a, float *at)
{
    float *m = at + (size_t)ATTN_ROWS * (size_t)a->shape->v_pad;
    return (struct partial){at, m, m + ATTN_ROWS};
}

struct attention *attention_new(const struct compute *c, struct kv_store *kv, int n_heads,
                                float scale, int max_rows, struct error *err)
{
    struct attention *a = mem_new(1, sizeof(*a), err);
    if (a == NULL) return NULL;
    a->c = c;
    a->kv = kv;
    a->shape = kv_store_shape(kv);
    a->n_kv_heads = kv_store_heads(kv);
    a->group = n_heads / a->n_kv_heads;
    a->heads = a->group < ATTN_ROWS ? a->group : ATTN_ROWS;
    a->cuts = (a->group + a->heads - 1) / a->heads;
    a->scale = scale;
    size_t threads = (size_t)pool_threads(c->pool), v_pad = (size_t)a->shape->v_pad;
    a->partial_floats = ATTN_ROWS * (v_pad + 2) + 8; /* a multiple of 16 */
    a->work_floats = ATTN_ROWS * ((size_t)a->shape->k_dim + 4) + 2 * a->partial_floats;
    a->work_floats = (a->work_floats + 15) / 16 * 16;
    /* split tasks are chosen only for fewer than two tiles a thread */
    size_t splits = (size_t)kv_store_blocks(kv) * KV_BLOCK / ATTN_SPLIT + 1;
    a->n_partials = 2 * threads * splits;
    a->tiles = mem_new((size_t)max_rows, sizeof(*a->tiles), err);
    a->work = mem_new_aligned(threads, a->work_floats * sizeof(float), err);
    a->partials = mem_new(a->n_partials, a->partial_floats * sizeof(float), err);
    if (a->tiles == NULL || a->work == NULL || a->partials == NULL) {
        attention_free(a);
        return NULL;
    }
    return a;
}

void attention_free(struct attention *a)
{
    if (a == NULL) return;
    free(a->tiles);
    free(a->work);
    free(a->partials);
    free(a);
}

void attention_begin(struct attention *a, const struct forward_run *runs, int n_runs)
{
    int row = 0, per_tile = ATTN_ROWS / a->heads;
    a->n_tiles = a->max_splits = 0;
    for (int i = 0; i < n_runs; i++) {
        for (int t = 0; t < runs[i].n; t += per_tile) {
            int n = runs[i].n - t < per_tile ? runs[i].n - t : per_tile;
            int splits = (runs[i].pos + t + n - 1) / ATTN_SPLIT + 1;
            a->tiles[a->n_tiles++] = (struct tile){&runs[i], row + t, runs[i].pos + t, n, splits};
            if (splits > a->max_splits) a->max_splits = splits;
        }
        row += runs[i].n;
    }
    size_t tasks = (size_t)(a->n_tiles * a->n_kv_heads * a->cuts);
    a->split_tasks = a->max_splits > 1 && tasks < 2 * (size_t)pool_threads(a->c->pool);
}

/* One task's part of the step: query heads [head, head + heads) of a tile. */
struct piece {
    const struct tile *tile;
    int kv_head, head, heads;
    int rows;  /* queries x heads, query by query */
    int lanes; /* as many as the kernel takes; the last ones repeat the last row */
};

static struct piece piece_of(const struct attention *a, int task)
{
    int cut = task % a->cuts, kv_head = task / a->cuts % a->n_kv_heads;
    const struct tile *tile = &a->tiles[task / a->cuts / a->n_kv_heads];
    int first = cut * a->heads, heads = a->group - first;
    if (heads > a->heads) heads = a->heads;
    int rows = heads * tile->n;
    return (struct piece){tile, kv_head, kv_head * a->group + first, heads, rows, attn_rows(rows)};
}

/* Queries of a piece as the kernel wants them: [k_dim, lanes], scaled. */
static void gather_queries(const struct attention *a, const struct piece *p, float *q)
{
    for (int i = 0; i < p->lanes; i++) {
        int row = i < p->rows ? i : p->rows - 1;
        const float *from = a->q + (size_t)(p->tile->row + row / p->heads) * (size_t)a->ld_q +
                            (size_t)(p->head + row % p->heads) * (size_t)a->shape->k_dim;
        for (int d = 0; d < a->shape->k_dim; d++) {
            q[d * p->lanes + i] = from[d] * a->scale;
        }
    }
}

/* How many keys of a split row i of a piece sees. */
static int visible(const struct piece *p, int i, int split)
{
    int n = p->tile->pos + i / p->heads + 1 - split * ATTN_SPLIT;
    return n < 0 ? 0 : n > ATTN_SPLIT ? ATTN_SPLIT : n;
}

static void attend_split(const struct attention *a, const struct piece *p, const float *q,
                         int split, struct partial to, int thread)
{
    int seen[ATTN_ROWS];
    struct attn_split s = {.shape = a->shape, .rows = p->lanes, .q = q, .visible = seen};
    for (int i = 0; i < p->lanes; i++) {
        seen[i] = visible(p, i < p->rows ? i : p->rows - 1, split);
    }
    s.base = kv_store_at(a->kv, a->layer, p->kv_head, &s.stride);
    s.blocks = p->tile->run->blocks + split * (ATTN_SPLIT / KV_BLOCK);
    void *scratch = a->c->work + (size_t)thread * a->c->work_bytes;
    a->c->kernels->attend(&s, to.o, to.m, to.l, scratch);
}

static void merge_split(const struct attention *a, const struct piece *p, int split,
                        struct partial sum, struct partial next)
{
    int v_pad = a->shape->v_pad;
    for (int i = 0; i < p->rows; i++) {
        if (visible(p, i, split) == 0) continue;
        a->c->kernels->attn_merge(sum.o + i * v_pad, &sum.m[i], &sum.l[i], next.o + i * v_pad,
                                  next.m[i], next.l[i], v_pad);
    }
}

static void write_result(const struct attention *a, const struct piece *p, struct partial sum)
{
    for (int i = 0; i < p->rows; i++) {
        float *to = a->out + (size_t)(p->tile->row + i / p->heads) * (size_t)a->ld_out +
                    (size_t)(p->head + i % p->heads) * (size_t)a->shape->v_dim;
        const float *o = sum.o + i * a->shape->v_pad;
        for (int d = 0; d < a->shape->v_dim; d++) {
            to[d] = o[d] / sum.l[i];
        }
    }
}

static void piece_task(void *arg, int task, int thread)
{
    const struct attention *a = arg;
    struct piece p = piece_of(a, task);
    float *at = a->work + (size_t)thread * a->work_floats;
    struct partial sum = partial_at(a, at), next = partial_at(a, at + a->partial_floats);
    float *q = at + 2 * a->partial_floats;
    gather_queries(a, &p, q);
    attend_split(a, &p, q, 0, sum, thread);
    for (int split = 1; split < p.tile->splits; split++) {
        attend_split(a, &p, q, split, next, thread);
        merge_split(a, &p, split, sum, next);
    }
    write_result(a, &p, sum);
}

static struct partial split_partial(const struct attention *a, int piece, int split)
{
    size_t i = (size_t)piece * (size_t)a->max_splits + (size_t)split;
    return partial_at(a, a->partials + i * a->partial_floats);
}

static void split_task(void *arg, int task, int thread)
{
    const struct attention *a = arg;
    int split = task % a->max_splits, index = task / a->max_splits;
    struct piece p = piece_of(a, index);
    if (split >= p.tile->splits) return;
    float *q = a->work + (size_t)thread * a->work_floats + 2 * a->partial_floats;
    gather_queries(a, &p, q);
    attend_split(a, &p, q, split, split_partial(a, index, split), thread);
}

static void merge_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct attention *a = arg;
    struct piece p = piece_of(a, task);
    for (int split = 1; split < p.tile->splits; split++) {
        merge_split(a, &p, split, split_partial(a, task, 0), split_partial(a, task, split));
    }
    write_result(a, &p, split_partial(a, task, 0));
}

void attention_layer(struct attention *a, int layer, const float *q, int ld_q, float *out,
                     int ld_out)
{
    a->layer = layer;
    a->q = q;
    a->ld_q = ld_q;
    a->out = out;
    a->ld_out = ld_out;
    int pieces = a->n_tiles * a->n_kv_heads * a->cuts;
    if (!a->split_tasks) {
        pool_run(a->c->pool, piece_task, a, pieces);
        return;
    }
    pool_run(a->c->pool, split_task, a, pieces * a->max_splits);
    pool_run(a->c->pool, merge_task, a, pieces);
}
