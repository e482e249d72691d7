/* engine/forward/attention.c - see attention.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/attention.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* What is fetched before a layer reads it: at most what a shared cache may hold, and only in steps
 * of so many rows that products do not wait for memory themselves. */
enum { SOON_BYTES = 8 << 20, SOON_ROWS = 16, SPLIT_BLOCKS = ATTN_SPLIT / KV_BLOCK };

/* Consecutive queries of one run. */
struct tile {
    const struct forward_run *run;
    int row;    /* of the step, of the first query */
    int pos;    /* of the first query */
    int n;      /* queries */
    int splits; /* that the last query sees */
};

/* Tiles that are attended together: one, or neighbours of a query each, of runs whose first `shared`
 * splits are whole and lie in the same blocks (samples of one prompt). These are read once for all,
 * what comes behind them tile by tile. A row's splits are merged in order in any case (N6). */
struct bunch {
    const struct tile *tiles; /* [n] */
    int n, queries;
    int shared;
    int splits; /* the most that a tile has */
};

/* Result of some splits for the rows of a part: o [ATTN_ROWS, v_pad], m and l [ATTN_ROWS]. */
struct partial {
    float *o, *m, *l;
};

struct attention {
    const struct compute *c;
    struct kv_store *kv;
    const struct kv_shape *shape;
    int n_kv_heads, group; /* query heads of one key head */
    int heads;             /* of a group that attend() takes at once */
    int cuts;              /* parts of so many heads in a group */
    float scale;

    struct tile *tiles; /* [max_rows] */
    int n_tiles;
    struct bunch *bunches; /* [max_rows] */
    int n_bunches;
    int n_rows;      /* of the step */
    int32_t *blocks; /* [as many as the store has] all that this step reads, run by run */
    int n_blocks;
    int max_splits;   /* of any tile of this step */
    bool split_tasks; /* tasks are single splits */
    int shares;       /* tasks that the cuts of a group are dealt to */

    float
        *work; /* work_floats a thread: queries and a partial for each cut, and one more of both */
    size_t work_floats, query_floats, partial_floats;
    float *partials; /* of split tasks: one per (tile, key head, split, cut) */

    /* of the layer at work */
    int layer;
    const float *q;
    float *out;
    int ld_q, ld_out;
};

static struct partial partial_at(const struct attention *a, float *first, int i)
{
    float *o = first + (size_t)i * a->partial_floats;
    float *m = o + (size_t)ATTN_ROWS * (size_t)a->shape->v_pad;
    return (struct partial){o, m, m + ATTN_ROWS};
}

static size_t whole_lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static bool new_buffers(struct attention *a, int max_rows, struct error *err)
{
    size_t threads = (size_t)pool_threads(a->c->pool), cuts = (size_t)a->cuts;
    int key = a->shape->latent ? a->shape->row : a->shape->k_dim;
    a->query_floats = whole_lines(ATTN_ROWS * (size_t)key);
    a->partial_floats = whole_lines(ATTN_ROWS * ((size_t)a->shape->v_pad + 2));
    a->work_floats = (cuts + 1) * (a->query_floats + a->partial_floats);
    /* split tasks are chosen only for fewer than two parts a thread */
    size_t splits = (size_t)kv_store_blocks(a->kv) * KV_BLOCK / ATTN_SPLIT + 1;
    a->tiles = mem_new((size_t)max_rows, sizeof(*a->tiles), err);
    a->bunches = mem_new((size_t)max_rows, sizeof(*a->bunches), err);
    a->blocks = mem_new((size_t)kv_store_blocks(a->kv), sizeof(*a->blocks), err);
    a->work = mem_new_aligned(threads, a->work_floats * sizeof(float), err);
    a->partials = mem_new(2 * threads * splits, a->partial_floats * sizeof(float), err);
    return a->tiles != NULL && a->bunches != NULL && a->blocks != NULL && a->work != NULL &&
           a->partials != NULL;
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
    a->cuts = (a->group + ATTN_ROWS - 1) / ATTN_ROWS;
    a->heads = (a->group + a->cuts - 1) / a->cuts;
    a->scale = scale;
    if (new_buffers(a, max_rows, err)) return a;
    attention_free(a);
    return NULL;
}

void attention_free(struct attention *a)
{
    if (a == NULL) return;
    free(a->tiles);
    free(a->bunches);
    free(a->blocks);
    free(a->work);
    free(a->partials);
    free(a);
}

/* Splits, then cuts, are dealt to tasks of their own only where there are too few for the threads. */
static void plan_tasks(struct attention *a)
{
    int units = a->n_bunches * a->n_kv_heads, wanted = 2 * pool_threads(a->c->pool);
    a->split_tasks = a->max_splits > 1 && (int64_t)units * a->cuts < wanted;
    if (a->split_tasks) units *= a->max_splits;
    a->shares = (wanted + units - 1) / units;
    if (a->shares > a->cuts) a->shares = a->cuts;
}

/* Blocks of a tile from the first-th on. Runs may share blocks: what no longer fits is only not fetched. */
static void list_blocks(struct attention *a, const struct tile *t, int first)
{
    int n = (t->pos + t->n - 1) / KV_BLOCK + 1 - first, room = kv_store_blocks(a->kv);
    if (n > room - a->n_blocks) n = room - a->n_blocks;
    memcpy(a->blocks + a->n_blocks, t->run->blocks + first, (size_t)n * sizeof(*a->blocks));
    a->n_blocks += n;
}

/* What the step reads: of a run's tiles what the last one sees, of a bunch what is shared once. */
static void list_all_blocks(struct attention *a)
{
    a->n_blocks = 0;
    for (int i = 0; i < a->n_bunches; i++) {
        const struct bunch *b = &a->bunches[i];
        bool goes_on = i + 1 < a->n_bunches && b[1].tiles->run == b->tiles->run;
        for (int j = 0; j < b->n && !goes_on; j++) {
            list_blocks(a, &b->tiles[j], j == 0 ? 0 : b->shared * SPLIT_BLOCKS);
        }
    }
}

struct soon attention_soon(const struct attention *a, int layer, double from, double to)
{
    struct soon s = {.blocks = a->blocks, .n = a->n_blocks, .from = from, .to = to};
    s.base = kv_store_at(a->kv, layer, 0, &s.bytes);
    if (a->n_rows < SOON_ROWS || (size_t)s.n * s.bytes > SOON_BYTES) s.n = 0;
    return s;
}

/* Whole splits, at most `most`, that two tiles see in the same blocks. */
static int shared_splits(const struct tile *a, const struct tile *b, int most)
{
    int n = 0, seen = (a->pos < b->pos ? a->pos : b->pos) + 1;
    while (n < most && (n + 1) * ATTN_SPLIT <= seen &&
           memcmp(a->run->blocks + n * SPLIT_BLOCKS, b->run->blocks + n * SPLIT_BLOCKS,
                  SPLIT_BLOCKS * sizeof(*a->run->blocks)) == 0) {
        n++;
    }
    return n;
}

/* Tiles in order, each to the bunch before it where it shares something with that. */
static void make_bunches(struct attention *a, int per_bunch)
{
    a->n_bunches = 0;
    for (int i = 0; i < a->n_tiles; i++) {
        const struct tile *t = &a->tiles[i];
        struct bunch *b = &a->bunches[a->n_bunches - (a->n_bunches > 0)];
        bool fits = i > 0 && t->n == 1 && b->queries == b->n && b->n < per_bunch &&
                    t->run != b->tiles[b->n - 1].run;
        int shared = fits ? shared_splits(b->tiles, t, b->n == 1 ? t->splits : b->shared) : 0;
        if (shared == 0) {
            a->bunches[a->n_bunches++] =
                (struct bunch){.tiles = t, .n = 1, .queries = t->n, .splits = t->splits};
            continue;
        }
        b->n++;
        b->queries++;
        b->shared = shared;
        if (t->splits > b->splits) b->splits = t->splits;
    }
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
    a->n_rows = row;
    make_bunches(a, per_tile);
    plan_tasks(a);
    list_all_blocks(a);
}

/* A task's part of the step: some cuts of a bunch's group, in one pass over the keys that they share. */
struct piece {
    const struct bunch *bunch;
    int kv_head, cut, n_cuts;
};

static struct piece piece_of(const struct attention *a, int task)
{
    int share = task % a->shares, unit = task / a->shares;
    int cut = share * a->cuts / a->shares, end = (share + 1) * a->cuts / a->shares;
    return (struct piece){&a->bunches[unit / a->n_kv_heads], unit % a->n_kv_heads, cut, end - cut};
}

/* What attend() takes at once: query heads [head, head + heads) of a bunch. */
struct part {
    const struct bunch *bunch;
    int kv_head, head, heads;
    int rows;  /* queries x heads, query by query */
    int lanes; /* as many as the kernel takes; the last ones repeat the last row */
};

static struct part part_of(const struct attention *a, const struct piece *p, int i)
{
    int first = (p->cut + i) * a->heads, heads = a->group - first;
    if (heads > a->heads) heads = a->heads;
    int rows = heads * p->bunch->queries;
    return (struct part){p->bunch, p->kv_head, p->kv_head * a->group + first,
                         heads,    rows,       attn_rows(rows)};
}

/* Queries of a part as the kernel wants them, scaled. */
static void gather_queries(const struct attention *a, const struct part *p, float *q)
{
    int dim = a->shape->k_dim, row = a->shape->row;
    bool latent = a->shape->latent;
    for (int i = 0; i < p->lanes; i++) {
        int from_row = i < p->rows ? i : p->rows - 1;
        const float *from = a->q +
                            (size_t)(p->bunch->tiles->row + from_row / p->heads) * (size_t)a->ld_q +
                            (size_t)(p->head + from_row % p->heads) * (size_t)dim;
        for (int d = 0; d < dim; d++) {
            q[latent ? i * row + d : d * p->lanes + i] = from[d] * a->scale;
        }
        for (int d = dim; latent && d < row; d++) {
            q[i * row + d] = 0;
        }
    }
}

/* How many keys of a split row i of a part sees. */
static int visible(const struct part *p, int i, int split)
{
    const struct bunch *b = p->bunch;
    int query = i / p->heads, pos = b->n > 1 ? b->tiles[query].pos : b->tiles->pos + query;
    int n = pos + 1 - split * ATTN_SPLIT;
    return n < 0 ? 0 : n > ATTN_SPLIT ? ATTN_SPLIT : n;
}

/* All rows of a part, in the blocks of its bunch's first tile. */
static void attend_rows(const struct attention *a, const struct part *p, const float *q, int split,
                        struct partial to, int thread)
{
    int seen[ATTN_ROWS];
    struct attn_split s = {.shape = a->shape, .rows = p->lanes, .q = q, .visible = seen};
    for (int i = 0; i < p->lanes; i++) {
        seen[i] = visible(p, i < p->rows ? i : p->rows - 1, split);
    }
    s.base = kv_store_at(a->kv, a->layer, p->kv_head, &s.stride);
    s.blocks = p->bunch->tiles->run->blocks + split * SPLIT_BLOCKS;
    void *scratch = a->c->work + (size_t)thread * a->c->work_bytes;
    a->c->kernels->attend(&s, to.o, to.m, to.l, scratch);
}

static float *queries_of(const struct attention *a, int thread, int i);

/* A split for all rows of a part: together where they share it, else tile by tile. What attend() writes behind
 * a tile's rows, for lanes that repeat the last one, the next tile overwrites. */
static void attend_split(const struct attention *a, const struct part *p, const float *q, int split,
                         struct partial to, int thread)
{
    const struct bunch *b = p->bunch;
    if (b->n == 1 || split < b->shared) {
        attend_rows(a, p, q, split, to, thread);
        return;
    }
    float *own = queries_of(a, thread, a->cuts);
    for (int i = 0; i < b->n; i++) {
        struct bunch one = {.tiles = &b->tiles[i], .n = 1, .queries = 1};
        struct part part = *p;
        part.bunch = &one;
        part.rows = p->heads;
        part.lanes = attn_rows(p->heads);
        if (split >= b->tiles[i].splits) continue;
        assert(i * p->heads + part.lanes <= ATTN_ROWS);
        gather_queries(a, &part, own);
        int first = i * p->heads;
        struct partial at = {to.o + first * a->shape->v_pad, to.m + first, to.l + first};
        attend_rows(a, &part, own, split, at, thread);
    }
}

static void merge_split(const struct attention *a, const struct part *p, int split,
                        struct partial sum, struct partial next)
{
    int v_pad = a->shape->v_pad;
    for (int i = 0; i < p->rows; i++) {
        if (visible(p, i, split) == 0) continue;
        a->c->kernels->attn_merge(sum.o + i * v_pad, &sum.m[i], &sum.l[i], next.o + i * v_pad,
                                  next.m[i], next.l[i], v_pad);
    }
}

static void write_result(const struct attention *a, const struct part *p, struct partial sum)
{
    for (int i = 0; i < p->rows; i++) {
        float *to = a->out + (size_t)(p->bunch->tiles->row + i / p->heads) * (size_t)a->ld_out +
                    (size_t)(p->head + i % p->heads) * (size_t)a->shape->v_dim;
        const float *o = sum.o + i * a->shape->v_pad;
        for (int d = 0; d < a->shape->v_dim; d++) {
            to[d] = o[d] / sum.l[i];
        }
    }
}

/* A thread's work space: of cut i; past the last one that of a tile alone. */
static float *queries_of(const struct attention *a, int thread, int i)
{
    return a->work + (size_t)thread * a->work_floats + (size_t)i * a->query_floats;
}

static void gather_piece(const struct attention *a, const struct piece *p, int thread)
{
    for (int i = 0; i < p->n_cuts; i++) {
        struct part part = part_of(a, p, i);
        gather_queries(a, &part, queries_of(a, thread, i));
    }
}

static void piece_task(void *arg, int task, int thread)
{
    const struct attention *a = arg;
    struct piece p = piece_of(a, task);
    float *partials = queries_of(a, thread, a->cuts + 1);
    struct partial next = partial_at(a, partials, a->cuts);
    gather_piece(a, &p, thread);
    for (int split = 0; split < p.bunch->splits; split++) {
        for (int i = 0; i < p.n_cuts; i++) {
            struct part part = part_of(a, &p, i);
            struct partial sum = partial_at(a, partials, i);
            attend_split(a, &part, queries_of(a, thread, i), split, split == 0 ? sum : next,
                         thread);
            if (split > 0) merge_split(a, &part, split, sum, next);
        }
    }
    for (int i = 0; i < p.n_cuts; i++) {
        struct part part = part_of(a, &p, i);
        write_result(a, &part, partial_at(a, partials, i));
    }
}

/* Where split tasks leave the result of cut i of a piece. */
static struct partial split_partial(const struct attention *a, int piece, int split, int i)
{
    int unit = piece / a->shares, cut = piece_of(a, piece).cut + i;
    return partial_at(a, a->partials, (unit * a->max_splits + split) * a->cuts + cut);
}

static void split_task(void *arg, int task, int thread)
{
    const struct attention *a = arg;
    int split = task % a->max_splits, index = task / a->max_splits;
    struct piece p = piece_of(a, index);
    if (split >= p.bunch->splits) return;
    gather_piece(a, &p, thread);
    for (int i = 0; i < p.n_cuts; i++) {
        struct part part = part_of(a, &p, i);
        attend_split(a, &part, queries_of(a, thread, i), split, split_partial(a, index, split, i),
                     thread);
    }
}

static void merge_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct attention *a = arg;
    struct piece p = piece_of(a, task);
    for (int i = 0; i < p.n_cuts; i++) {
        struct part part = part_of(a, &p, i);
        struct partial sum = split_partial(a, task, 0, i);
        for (int split = 1; split < p.bunch->splits; split++) {
            merge_split(a, &part, split, sum, split_partial(a, task, split, i));
        }
        write_result(a, &part, sum);
    }
}

void attention_layer(struct attention *a, int layer, const float *q, int ld_q, float *out,
                     int ld_out)
{
    a->layer = layer;
    a->q = q;
    a->ld_q = ld_q;
    a->out = out;
    a->ld_out = ld_out;
    int pieces = a->n_bunches * a->n_kv_heads * a->shares;
    if (!a->split_tasks) {
        pool_run(a->c->pool, piece_task, a, pieces);
        return;
    }
    pool_run(a->c->pool, split_task, a, pieces * a->max_splits);
    pool_run(a->c->pool, merge_task, a, pieces);
}
