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

/* Heads that are taken at once, and rows where more would leave threads without work. */
enum { FEW_ROWS = 12 };

/* Consecutive queries of one run. */
struct tile {
    const struct forward_run *run;
    int row;    /* of the step, of the first query */
    int pos;    /* of the first query */
    int n;      /* queries */
    int splits; /* that the last query sees */
};

/* Tiles that are attended together: one, or neighbours of a query each, of runs whose first `shared`
 * blocks are the same and whole (samples of one prompt). These are read once for all, what comes behind
 * them tile by tile. A row's splits are merged in order in any case (N6). */
struct bunch {
    const struct tile *tiles; /* [n] */
    int n, queries;
    int shared;
    int splits;           /* the most that a tile has */
    struct attn_soon own; /* of several tiles: blocks that each reads by itself */
};

/* Result of some splits for the rows of a part: o [most_rows, v_pad], m and l [most_rows]. */
struct partial {
    float *o, *m, *l;
};

struct attention {
    const struct compute *c;
    struct kv_store *kv;
    const struct kv_shape *shape;
    int n_kv_heads, group; /* query heads of one key head */
    int heads;             /* of a group that attend() takes at once, at most FEW_ROWS */
    int cuts;              /* parts of so many heads in a group */
    float scale;

    struct tile *tiles; /* [max_rows] */
    int n_tiles;
    struct bunch *bunches; /* [max_rows] */
    int n_bunches;
    int n_rows;      /* of the step */
    int most_rows;   /* of a part: FEW_ROWS to ATTN_ROWS */
    int32_t *blocks; /* [as many as the store has] all that this step reads, run by run */
    int n_blocks;
    int max_splits;   /* of any tile of this step */
    bool split_tasks; /* tasks are single splits */
    int shares;       /* tasks that the cuts of a group are dealt to */

    /* work_floats a thread: queries and a partial for each cut, and one more partial */
    float *work;
    size_t work_floats, query_floats;
    /* of split tasks, whose parts have few rows: one per (tile, key head, split, cut) */
    float *partials;

    /* of the layer at work */
    int layer;
    const float *q;
    float *out;
    int ld_q, ld_out;
};

static size_t whole_lines(size_t floats)
{
    return (floats + 15) / 16 * 16;
}

static size_t partial_floats(const struct attention *a, int rows)
{
    return whole_lines((size_t)rows * ((size_t)a->shape->v_pad + 2));
}

static struct partial partial_at(const struct attention *a, float *first, int i)
{
    float *o = first + (size_t)i * partial_floats(a, a->most_rows);
    float *m = o + (size_t)a->most_rows * (size_t)a->shape->v_pad;
    return (struct partial){o, m, m + a->most_rows};
}

static bool new_buffers(struct attention *a, int max_rows, struct error *err)
{
    size_t threads = (size_t)pool_threads(a->c->pool), cuts = (size_t)a->cuts;
    int key = a->shape->latent ? a->shape->row : a->shape->k_dim;
    a->query_floats = whole_lines(ATTN_ROWS * (size_t)key);
    a->work_floats = cuts * a->query_floats + (cuts + 1) * partial_floats(a, ATTN_ROWS);
    /* split tasks are chosen only for fewer than two parts a thread */
    size_t splits = (size_t)kv_store_blocks(a->kv) * KV_BLOCK / ATTN_SPLIT + 1;
    a->tiles = mem_new((size_t)max_rows, sizeof(*a->tiles), err);
    a->bunches = mem_new((size_t)max_rows, sizeof(*a->bunches), err);
    a->blocks = mem_new((size_t)kv_store_blocks(a->kv), sizeof(*a->blocks), err);
    a->work = mem_new_aligned(threads, a->work_floats * sizeof(float), err);
    a->partials = mem_new(2 * threads * splits, partial_floats(a, FEW_ROWS) * sizeof(float), err);
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
    a->cuts = (a->group + FEW_ROWS - 1) / FEW_ROWS;
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
    assert(!a->split_tasks || a->most_rows == FEW_ROWS);
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
        int at = a->n_blocks + b->shared;
        for (int j = 0; j < b->n && !goes_on; j++) {
            list_blocks(a, &b->tiles[j], j == 0 ? 0 : b->shared);
        }
        if (b->n > 1 && a->n_blocks > at) {
            a->bunches[i].own = (struct attn_soon){a->blocks + at, a->n_blocks - at};
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

/* Whole blocks, at most `most`, that two tiles of a query each see alike; 0 for others. */
static int shared_blocks(const struct tile *a, const struct tile *b, int most)
{
    int n = 0, seen = (a->pos < b->pos ? a->pos : b->pos) + 1;
    if (a->n > 1 || b->n > 1 || a->run == b->run) return 0;
    while (n < most && (n + 1) * KV_BLOCK <= seen && a->run->blocks[n] == b->run->blocks[n]) {
        n++;
    }
    return n;
}

/* How many blocks a bunch shares with the tile behind it, 0 where that had better begin a bunch of its own:
 * when it shares more with the next one, or so little that the bunch would lose more than it gains. */
static int shares_with(const struct bunch *b, const struct tile *t, const struct tile *end)
{
    int most = (t->pos + 1) / KV_BLOCK, had = b->n == 1 ? most : b->shared;
    int n = shared_blocks(b->tiles, t, had);
    if (t + 1 < end && shared_blocks(t, t + 1, n + 1) > n) return 0;
    return b->n > 1 && n <= (had - n) * (b->n - 1) ? 0 : n;
}

/* Tiles in order, each to the bunch before it where it shares something with that. */
static void make_bunches(struct attention *a, int per_bunch)
{
    a->n_bunches = 0;
    for (const struct tile *t = a->tiles, *end = t + a->n_tiles; t < end; t++) {
        struct bunch *b = &a->bunches[a->n_bunches - (a->n_bunches > 0)];
        int shared = a->n_bunches > 0 && b->n < per_bunch ? shares_with(b, t, end) : 0;
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

/* The more rows share a pass over keys and values the better, as long as every thread gets some parts. */
static int rows_of_parts(const struct attention *a, int queries)
{
    int rows = ATTN_ROWS, wanted = 4 * pool_threads(a->c->pool);
    while (rows > FEW_ROWS &&
           (int64_t)queries * a->heads / rows * a->n_kv_heads * a->cuts < wanted) {
        rows -= FEW_ROWS;
    }
    return rows;
}

void attention_begin(struct attention *a, const struct forward_run *runs, int n_runs)
{
    int row = 0, queries = 0;
    for (int i = 0; i < n_runs; i++) {
        queries += runs[i].n;
    }
    a->most_rows = rows_of_parts(a, queries);
    int per_tile = a->most_rows / a->heads;
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
    int rows; /* queries x heads, query by query */
};

static struct part part_of(const struct attention *a, const struct piece *p, int i)
{
    int first = (p->cut + i) * a->heads, heads = a->group - first;
    if (heads > a->heads) heads = a->heads;
    int rows = heads * p->bunch->queries;
    return (struct part){p->bunch, p->kv_head, p->kv_head * a->group + first, heads, rows};
}

/* Queries of a part as the kernel wants them, scaled. */
static void gather_queries(const struct attention *a, const struct part *p, float *q)
{
    int dim = a->shape->k_dim, row = a->shape->row;
    bool latent = a->shape->latent;
    for (int i = 0; i < p->rows; i++) {
        const float *from = a->q + (size_t)(p->bunch->tiles->row + i / p->heads) * (size_t)a->ld_q +
                            (size_t)(p->head + i % p->heads) * (size_t)dim;
        for (int d = 0; d < dim; d++) {
            q[latent ? i * row + d : d * p->rows + i] = from[d] * a->scale;
        }
        for (int d = dim; latent && d < row; d++) {
            q[i * row + d] = 0;
        }
    }
}

static int between(int low, int n, int high)
{
    return n < low ? low : n > high ? high : n;
}

/* How many keys of a split row i of a part sees. */
static int visible(const struct part *p, int i, int split)
{
    const struct bunch *b = p->bunch;
    int query = i / p->heads, pos = b->n > 1 ? b->tiles[query].pos : b->tiles->pos + query;
    int n = pos + 1 - split * ATTN_SPLIT;
    return between(0, n, ATTN_SPLIT);
}

static void attend_split(const struct attention *a, const struct part *p, const float *q, int split,
                         struct attn_soon *soon, struct partial to, int thread)
{
    const struct bunch *b = p->bunch;
    int seen[ATTN_ROWS], first = split * SPLIT_BLOCKS;
    const int32_t *blocks[ATTN_ROWS];
    struct attn_split s = {.shape = a->shape,
                           .rows = p->rows,
                           .tiles = b->n,
                           .blocks = blocks,
                           .shared = between(0, b->shared - first, SPLIT_BLOCKS),
                           .q = q,
                           .visible = seen,
                           .soon = soon};
    for (int i = 0; i < p->rows; i++) {
        seen[i] = visible(p, i, split);
    }
    for (int i = 0; i < b->n; i++) {
        bool sees = split < b->tiles[i].splits;
        blocks[i] = sees ? b->tiles[i].run->blocks + first : NULL;
    }
    s.base = kv_store_at(a->kv, a->layer, p->kv_head, &s.stride);
    void *scratch = a->c->work + (size_t)thread * a->c->work_bytes;
    a->c->kernels->attend(&s, to.o, to.m, to.l, scratch);
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

/* A thread's work space of cut i; past the last one begin its partials. */
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
    float *partials = queries_of(a, thread, a->cuts);
    struct partial next = partial_at(a, partials, a->cuts);
    struct attn_soon soon = p.bunch->own;
    gather_piece(a, &p, thread);
    for (int split = 0; split < p.bunch->splits; split++) {
        for (int i = 0; i < p.n_cuts; i++) {
            struct part part = part_of(a, &p, i);
            struct partial sum = partial_at(a, partials, i);
            attend_split(a, &part, queries_of(a, thread, i), split, &soon, split == 0 ? sum : next,
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
        attend_split(a, &part, queries_of(a, thread, i), split, NULL,
                     split_partial(a, index, split, i), thread);
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
