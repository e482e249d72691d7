/* engine/forward.c - see forward.h.
 *
 * One layer:
 *
 *   x -> norm -> q, k, v -> (q/k norm) -> rotate -> cache -> attention -> o -> + x
 *   x -> norm -> SwiGLU(gate, up) -> down -> + x
 *
 * Which of it a model has is read off its tensors: a bias, a norm of heads, a router.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/attention.h"
#include "engine/linear.h"
#include "engine/rope.h"
#include "engine/weights.h"

/* Where a row of the step belongs. */
struct row {
    const struct forward_run *run;
    int token, pos;
};

struct forward {
    const struct model_config *c;
    const struct weights *w;
    struct kv_store *kv;
    struct compute compute;
    struct attention *attention;
    int rows, max_rows;
    int q_dim, kv_dim, qkv_dim;

    struct row *row; /* [max_rows] */
    float *freq;     /* [rope.dim / 2] */
    float *angles;   /* [max_rows, rope.dim] cosines and sines */
    float *x;        /* [max_rows, n_embd] the residual stream */
    float *qkv;      /* [max_rows, qkv_dim] */
    float *att;      /* [max_rows, q_dim] */
    float *chosen;   /* [max_rows, n_embd] rows whose logits are wanted */

    struct input norm;  /* normalised x, for q, k, v, gate, up, output */
    struct input heads; /* attention's result, for o */
    struct input ff;    /* SwiGLU's result, for down */
};

/* ---- Making and freeing ---- */

static void name_users(struct forward *f)
{
    const struct weights *w = f->w;
    input_serves(&f->norm, &w->output);
    for (int i = 0; i < f->c->n_layers; i++) {
        const struct layer_weights *l = &w->layers[i];
        const struct matrix *normed[] = {&l->q, &l->k, &l->v, &l->gate, &l->up};
        for (size_t j = 0; j < sizeof(normed) / sizeof(normed[0]); j++) {
            input_serves(&f->norm, normed[j]);
        }
        input_serves(&f->heads, &l->o);
        input_serves(&f->ff, &l->down);
    }
}

static bool new_buffers(struct forward *f, struct error *err)
{
    size_t rows = (size_t)f->max_rows, embd = (size_t)f->c->n_embd;
    size_t rope = (size_t)f->c->rope.dim;
    f->row = mem_new(rows, sizeof(*f->row), err);
    f->freq = mem_new_aligned(rope / 2, sizeof(float), err);
    f->angles = mem_new_aligned(rows, rope * sizeof(float), err);
    f->x = mem_new_aligned(rows, embd * sizeof(float), err);
    f->chosen = mem_new_aligned(rows, embd * sizeof(float), err);
    f->qkv = mem_new_aligned(rows, (size_t)f->qkv_dim * sizeof(float), err);
    f->att = mem_new_aligned(rows, (size_t)f->q_dim * sizeof(float), err);
    return f->row != NULL && f->freq != NULL && f->angles != NULL && f->x != NULL &&
           f->chosen != NULL && f->qkv != NULL && f->att != NULL;
}

struct forward *forward_new(const struct model_config *c, const struct weights *w,
                            const struct kernels *kernels, struct kv_store *kv, struct pool *pool,
                            int max_rows, struct error *err)
{
    struct forward *f = mem_new(1, sizeof(*f), err);
    if (f == NULL) return NULL;
    f->c = c;
    f->w = w;
    f->kv = kv;
    f->max_rows = max_rows;
    f->q_dim = c->n_heads * c->head_dim;
    f->kv_dim = c->n_kv_heads * c->head_dim;
    f->qkv_dim = f->q_dim + 2 * f->kv_dim;
    name_users(f);
    if (!compute_init(&f->compute, kernels, pool, c->n_embd, err) || !new_buffers(f, err) ||
        !input_init(&f->norm, c->n_embd, max_rows, err) ||
        !input_init(&f->heads, f->q_dim, max_rows, err) ||
        !input_init(&f->ff, c->n_ff, max_rows, err)) {
        forward_free(f);
        return NULL;
    }
    f->attention = attention_new(&f->compute, kv, c->n_heads, (float)c->attn_scale, max_rows, err);
    if (f->attention == NULL) {
        forward_free(f);
        return NULL;
    }
    rope_frequencies(c, f->freq);
    return f;
}

void forward_free(struct forward *f)
{
    if (f == NULL) return;
    attention_free(f->attention);
    compute_clear(&f->compute);
    input_clear(&f->norm);
    input_clear(&f->heads);
    input_clear(&f->ff);
    free(f->row);
    free(f->freq);
    free(f->angles);
    free(f->x);
    free(f->chosen);
    free(f->qkv);
    free(f->att);
    free(f);
}

/* ---- Rows ---- */

/* Call fn for every row, on all threads when there are enough to pay for it. */
static void each_row(struct forward *f, void (*fn)(void *arg, int row, int thread))
{
    struct pool *pool = f->compute.pool;
    if (f->rows >= 4) {
        pool_run(pool, fn, f, f->rows);
        return;
    }
    for (int i = 0; i < f->rows; i++) {
        fn(f, i, 0);
    }
}

static void list_rows(struct forward *f, const struct forward_run *runs, int n_runs)
{
    f->rows = 0;
    for (int i = 0; i < n_runs; i++) {
        for (int t = 0; t < runs[i].n; t++) {
            f->row[f->rows++] = (struct row){&runs[i], runs[i].tokens[t], runs[i].pos + t};
        }
    }
}

/* A row's embedding and its angles. */
static void begin_row(void *arg, int row, int thread)
{
    (void)thread;
    struct forward *f = arg;
    const struct row *r = &f->row[row];
    matrix_row(&f->w->embd, r->token, f->x + (size_t)row * (size_t)f->c->n_embd);
    rope_angles(f->c, f->freq, r->pos, f->angles + (size_t)row * (size_t)f->c->rope.dim);
}

/* ---- Attention ---- */

struct layer_rows {
    struct forward *f;
    const struct layer_weights *w;
    int layer;
};

static void norm_heads(const struct forward *f, float *x, const float *norm, int n_heads)
{
    for (int h = 0; norm != NULL && h < n_heads; h++, x += f->c->head_dim) {
        f->compute.kernels->rms_norm(x, x, norm, f->c->head_dim, f->c->rms_eps);
    }
}

/* Rotate a row's queries and keys, and store its keys and values. */
static void cache_row(const struct layer_rows *l, int row)
{
    const struct forward *f = l->f;
    const struct kernels *kernels = f->compute.kernels;
    const struct row *r = &f->row[row];
    const float *angles = f->angles + (size_t)row * (size_t)f->c->rope.dim;
    float *q = f->qkv + (size_t)row * (size_t)f->qkv_dim, *k = q + f->q_dim, *v = k + f->kv_dim;
    int n_kv = f->c->n_kv_heads, dim = f->c->head_dim;
    norm_heads(f, q, l->w->q_norm, f->c->n_heads);
    norm_heads(f, k, l->w->k_norm, n_kv);
    kernels->rope(q, angles, f->c->n_heads + n_kv, dim, f->c->rope.dim); /* k follows q */
    for (int h = 0; h < n_kv; h++) {
        size_t stride;
        uint8_t *base = kv_store_at(f->kv, l->layer, h, &stride);
        uint8_t *block = base + (size_t)r->run->blocks[r->pos / KV_BLOCK] * stride;
        kernels->kv_put(block, kv_store_shape(f->kv), r->pos % KV_BLOCK, k + h * dim, v + h * dim);
    }
}

/* Rows of one task: neighbours in a cache block share cache lines, so whole blocks stay together. */
static void cache_task(void *arg, int task, int thread)
{
    (void)thread;
    const struct layer_rows *l = arg;
    int end = (task + 1) * KV_BLOCK;
    for (int row = task * KV_BLOCK; row < end && row < l->f->rows; row++) {
        cache_row(l, row);
    }
}

static void attention_block(struct forward *f, int layer)
{
    const struct layer_weights *w = &f->w->layers[layer];
    struct layer_rows rows = {f, w, layer};
    float *q = f->qkv;
    const struct product qkv[] = {
        {.w = &w->q, .out = q, .ld = f->qkv_dim, .bias = w->q_bias},
        {.w = &w->k, .out = q + f->q_dim, .ld = f->qkv_dim, .bias = w->k_bias},
        {.w = &w->v, .out = q + f->q_dim + f->kv_dim, .ld = f->qkv_dim, .bias = w->v_bias},
    };
    const struct product o = {.w = &w->o, .out = f->x, .ld = f->c->n_embd, .add = true};
    input_fill(&f->compute, &f->norm, f->rows, f->x, f->c->n_embd, w->attn_norm, f->c->rms_eps);
    linear_products(&f->compute, &f->norm, qkv, 3);
    pool_run(f->compute.pool, cache_task, &rows, (f->rows + KV_BLOCK - 1) / KV_BLOCK);
    attention_layer(f->attention, layer, q, f->qkv_dim, f->att, f->q_dim);
    input_fill(&f->compute, &f->heads, f->rows, f->att, f->q_dim, NULL, 0);
    linear_products(&f->compute, &f->heads, &o, 1);
}

/* ---- Feed-forward ---- */

static void dense_block(struct forward *f, int layer)
{
    const struct layer_weights *w = &f->w->layers[layer];
    const struct product down = {.w = &w->down, .out = f->x, .ld = f->c->n_embd, .add = true};
    input_fill(&f->compute, &f->norm, f->rows, f->x, f->c->n_embd, w->ffn_norm, f->c->rms_eps);
    linear_swiglu(&f->compute, &f->norm, &w->gate, &w->up, &f->ff);
    linear_products(&f->compute, &f->ff, &down, 1);
}

/* ---- A step ---- */

void forward_step(struct forward *f, const struct forward_run *runs, int n_runs)
{
    list_rows(f, runs, n_runs);
    each_row(f, begin_row);
    attention_begin(f->attention, runs, n_runs);
    for (int layer = 0; layer < f->c->n_layers; layer++) {
        attention_block(f, layer);
        dense_block(f, layer);
    }
}

void forward_logits(struct forward *f, const int *rows, int n, float *logits)
{
    size_t embd = (size_t)f->c->n_embd;
    for (int i = 0; i < n; i++) {
        memcpy(f->chosen + (size_t)i * embd, f->x + (size_t)rows[i] * embd, embd * sizeof(float));
    }
    const struct product output = {.w = &f->w->output, .out = logits, .ld = f->c->n_vocab};
    input_fill(&f->compute, &f->norm, n, f->chosen, f->c->n_embd, f->w->output_norm, f->c->rms_eps);
    linear_products(&f->compute, &f->norm, &output, 1);
}
