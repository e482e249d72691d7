/* engine/forward/forward.c - see forward.h.
 *
 * One layer:
 *
 *   x -> norm -> q, k, v -> (q/k norm) -> rotate -> cache -> attention -> o -> + x
 *   x -> norm -> SwiGLU(gate, up) -> down -> + x
 *
 * or latent attention (mla.h) in the first line, experts (moe.h) in the second. Which of it a
 * model has is read off its tensors: a bias, a norm of heads, a router.
 *
 * Between two layers a step is its residual stream, and what is told by its runs. So one that is put aside is
 * a copy of the first, and its runs are listed again when it goes on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/forward.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "engine/forward/attention.h"
#include "engine/forward/linear.h"
#include "engine/forward/lora.h"
#include "engine/forward/mla.h"
#include "engine/forward/moe.h"
#include "engine/forward/rope.h"
#include "engine/forward/rows.h"
#include "engine/forward/weights.h"

struct forward {
    const struct model_config *c;
    const struct weights *w; /* of the step at work */
    struct kv_store *kv;
    struct compute compute;
    struct attention *attention;
    struct mla *mla; /* NULL: none */
    struct moe *moe; /* NULL: no layer has experts */
    struct lora *lora;
    int max_rows;
    int q_dim, kv_dim, qkv_dim, att_dim;

    struct rows rows; /* up to max_rows */
    float *freq;      /* [rope.dim / 2] */
    float *x;         /* [max_rows, n_embd] the residual stream */
    float *qkv;       /* [max_rows, qkv_dim], not of latent attention */
    float *att;       /* [max_rows, att_dim] attention's result */
    float *chosen;    /* [max_rows, n_embd] rows whose logits are wanted */

    struct input norm;       /* normalised x, for q, k, v, gate, up, output */
    struct input heads;      /* attention's result, for o */
    struct input ff;         /* SwiGLU's result, for down */
    const float *final_norm; /* of what x holds now: a step's result or a prediction's */

    struct {
        const struct weights *w; /* NULL: no step is put aside */
        int layer, rows;         /* the next one of its */
        float *x;                /* [max_rows, n_embd] */
    } aside;

    /* prediction layers only */
    struct input pair;    /* a token's embedding beside the hidden state before it */
    float *hidden;        /* [max_rows, n_embd] the step's x while x is the prediction's */
    const int *first_row; /* of each run, see forward_predict() */

    uint64_t *stage_ns; /* [FORWARD_STAGES], NULL: nobody asks */
    uint64_t stage_began;
};

/* ---- Making and freeing ---- */

static bool new_buffers(struct forward *f, struct error *err)
{
    size_t rows = (size_t)f->max_rows, embd = (size_t)f->c->n_embd;
    size_t rope = (size_t)f->c->rope.dim;
    f->rows.row = mem_new(rows, sizeof(*f->rows.row), err);
    f->freq = mem_new_aligned(rope / 2, sizeof(float), err);
    f->rows.angles = mem_new_aligned(rows, rope * sizeof(float), err);
    f->x = mem_new_aligned(rows, embd * sizeof(float), err);
    f->chosen = mem_new_aligned(rows, embd * sizeof(float), err);
    f->aside.x = mem_new_aligned(rows, embd * sizeof(float), err);
    if (f->c->mla.kv_rank == 0) {
        f->qkv = mem_new_aligned(rows, (size_t)f->qkv_dim * sizeof(float), err);
        if (f->qkv == NULL) return false;
    }
    f->att = mem_new_aligned(rows, (size_t)f->att_dim * sizeof(float), err);
    if (f->c->n_mtp > 0) {
        f->hidden = mem_new_aligned(rows, embd * sizeof(float), err);
        if (f->hidden == NULL) return false;
    }
    return f->rows.row != NULL && f->freq != NULL && f->rows.angles != NULL && f->x != NULL &&
           f->aside.x != NULL && f->chosen != NULL && f->att != NULL;
}

/* What only some architectures have. */
static bool new_parts(struct forward *f, struct error *err)
{
    bool latent = f->c->mla.kv_rank > 0, experts = f->c->moe.n_experts > 0;
    f->lora = lora_new(&f->compute, f->max_rows, experts ? f->c->moe.n_used : 0, err);
    if (f->lora == NULL) return false;
    if (latent) f->mla = mla_new(&f->compute, f->c, f->kv, f->attention, f->lora, f->max_rows, err);
    if (experts) f->moe = moe_new(&f->compute, f->c, f->lora, f->max_rows, err);
    return (f->mla != NULL || !latent) && (f->moe != NULL || !experts);
}

struct forward *forward_new(const struct model_config *c, const struct kernels *kernels,
                            struct kv_store *kv, struct pool *pool, int max_rows, struct error *err)
{
    struct forward *f = mem_new(1, sizeof(*f), err);
    if (f == NULL) return NULL;
    f->c = c;
    f->kv = kv;
    f->max_rows = max_rows;
    f->q_dim = c->n_heads * c->head_dim;
    f->kv_dim = c->n_kv_heads * c->head_dim;
    f->qkv_dim = f->q_dim + 2 * f->kv_dim;
    f->att_dim = c->mla.kv_rank > 0 ? c->n_heads * c->mla.v_dim : f->q_dim;
    input_init(&f->norm, c->n_embd, max_rows);
    input_init(&f->heads, f->att_dim, max_rows);
    input_init(&f->ff, c->n_ff, max_rows);
    input_init(&f->pair, 2 * c->n_embd, max_rows);
    if (!compute_init(&f->compute, kernels, pool, c->n_embd, err) || !new_buffers(f, err)) {
        forward_free(f);
        return NULL;
    }
    f->attention = attention_new(&f->compute, kv, c->n_heads, (float)c->attn_scale, max_rows, err);
    if (f->attention == NULL || !new_parts(f, err)) {
        forward_free(f);
        return NULL;
    }
    rope_frequencies(c, f->freq);
    return f;
}

void forward_free(struct forward *f)
{
    if (f == NULL) return;
    mla_free(f->mla);
    moe_free(f->moe);
    lora_free(f->lora);
    attention_free(f->attention);
    compute_clear(&f->compute);
    input_clear(&f->norm);
    input_clear(&f->heads);
    input_clear(&f->ff);
    input_clear(&f->pair);
    free(f->hidden);
    free(f->rows.row);
    free(f->freq);
    free(f->rows.angles);
    free(f->x);
    free(f->chosen);
    free(f->aside.x);
    free(f->qkv);
    free(f->att);
    free(f);
}

/* ---- Weights ---- */

bool forward_reserve(struct forward *f, const struct weights *w, struct error *err)
{
    return input_reserve(&f->norm, w->wants[INPUT_NORM], err) &&
           input_reserve(&f->heads, w->wants[INPUT_HEADS], err) &&
           input_reserve(&f->ff, w->wants[INPUT_FF], err) &&
           input_reserve(&f->pair, w->wants[INPUT_PAIR], err) &&
           (f->mla == NULL || mla_reserve(f->mla, w, err)) &&
           (f->moe == NULL || moe_reserve(f->moe, w, err));
}

bool forward_reserve_adapter(struct forward *f, const struct adapter *a, struct error *err)
{
    static const struct input_forms plain = {.plain = true};
    return lora_reserve(f->lora, a, err) && input_reserve(&f->norm, plain, err) &&
           input_reserve(&f->heads, plain, err) && input_reserve(&f->ff, plain, err) &&
           (f->mla == NULL || mla_reserve_adapters(f->mla, err)) &&
           (f->moe == NULL || moe_reserve_adapters(f->moe, err));
}

/* This step is w's, and its rows are listed. */
static void use(struct forward *f, const struct weights *w)
{
    assert(w->n_layers == f->c->n_layers + f->c->n_mtp);
    f->w = w;
    lora_begin(f->lora, &f->rows);
    input_use(&f->norm, lora_wants(f->lora, w->wants[INPUT_NORM]));
    input_use(&f->heads, lora_wants(f->lora, w->wants[INPUT_HEADS]));
    input_use(&f->ff, lora_wants(f->lora, w->wants[INPUT_FF]));
    input_use(&f->pair, w->wants[INPUT_PAIR]);
}

/* ---- Time ---- */

void forward_time(struct forward *f, uint64_t ns[FORWARD_STAGES])
{
    f->stage_ns = ns;
}

static void start_clock(struct forward *f)
{
    if (f->stage_ns != NULL) f->stage_began = clock_ns();
}

/* A stage ends here, the next one begins. */
static void stage_ends(struct forward *f, enum forward_stage stage)
{
    if (f->stage_ns == NULL) return;
    uint64_t now = clock_ns();
    f->stage_ns[stage] += now - f->stage_began;
    f->stage_began = now;
}

/* ---- Rows ---- */

/* Call fn for every row, on all threads when there are enough to pay for it. */
static void each_row(struct forward *f, void (*fn)(void *arg, int row, int thread))
{
    struct pool *pool = f->compute.pool;
    if (f->rows.n >= 4) {
        pool_run(pool, fn, f, f->rows.n);
        return;
    }
    for (int i = 0; i < f->rows.n; i++) {
        fn(f, i, 0);
    }
}

static void list_rows(struct forward *f, const struct forward_run *runs, int n_runs)
{
    f->rows.n = 0;
    for (int i = 0; i < n_runs; i++) {
        for (int t = 0; t < runs[i].n; t++) {
            assert(f->rows.n < f->max_rows);
            f->rows.row[f->rows.n++] = (struct row){&runs[i], runs[i].tokens[t], runs[i].pos + t};
        }
    }
}

static void turn_row(void *arg, int row, int thread)
{
    (void)thread;
    struct forward *f = arg;
    const struct row *r = &f->rows.row[row];
    rope_angles(f->c, f->freq, r->pos, f->rows.angles + (size_t)row * (size_t)f->c->rope.dim);
}

/* A row's embedding and its angles. */
static void begin_row(void *arg, int row, int thread)
{
    struct forward *f = arg;
    const struct row *r = &f->rows.row[row];
    float *x = f->x + (size_t)row * (size_t)f->c->n_embd;
    matrix_row(&f->w->embd, r->token, x);
    lora_embed(f->lora, r, x, f->c->n_embd);
    turn_row(f, row, thread);
}

/* ---- What comes next ---- */

/* The products from a layer's attention to the next one's. Those of experts and of latent attention are
 * many small ones, with which nothing is fetched. */
enum { AFTER_ATTENTION, GATE_UP, DOWN, BEFORE_ATTENTION, BETWEEN_ATTENTIONS };

static double multiply_adds(const struct matrix *w)
{
    return (double)w->n * w->k;
}

/* Product `which` is next, and attention in `layer` is the next attention: each of the products
 * before it brings as large a part of what it will read as it takes of their time. */
static struct soon before_attention(const struct forward *f, int layer, int which)
{
    double work[BETWEEN_ATTENTIONS] = {0}, before = 0, all = 0;
    if (layer >= f->c->n_layers + f->c->n_mtp) return (struct soon){0};
    const struct layer_weights *w = &f->w->layers[layer];
    if (layer > 0) {
        work[AFTER_ATTENTION] = multiply_adds(&w[-1].o);
        work[GATE_UP] = multiply_adds(&w[-1].gate) + multiply_adds(&w[-1].up);
        work[DOWN] = multiply_adds(&w[-1].down);
    }
    work[BEFORE_ATTENTION] = multiply_adds(&w->q) + multiply_adds(&w->k) + multiply_adds(&w->v);
    for (int i = 0; i < BETWEEN_ATTENTIONS; i++) {
        if (i < which) before += work[i];
        all += work[i];
    }
    return attention_soon(f->attention, layer, before / all, (before + work[which]) / all);
}

/* What the products that are run now may fetch for those who come after. */
static void comes_next(struct forward *f, const struct matrix *next, struct soon soon)
{
    f->compute.next = next;
    f->compute.soon = soon;
}

static void nothing_comes(struct forward *f)
{
    comes_next(f, NULL, (struct soon){0});
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
    const struct row *r = &f->rows.row[row];
    const float *angles = f->rows.angles + (size_t)row * (size_t)f->c->rope.dim;
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
    for (int row = task * KV_BLOCK; row < end && row < l->f->rows.n; row++) {
        cache_row(l, row);
    }
}

/* Queries, keys and values of every head, straight from norm(x). */
static void attend(struct forward *f, int layer)
{
    const struct layer_weights *w = &f->w->layers[layer];
    struct layer_rows rows = {f, w, layer};
    float *q = f->qkv;
    lora_down(f->lora, layer, ADAPTER_ATTN_NORM, &f->norm);
    const struct product qkv[] = {
        {&w->q, q, f->qkv_dim, false, w->q_bias, lora_rows(f->lora, SITE_Q, 0)},
        {&w->k, q + f->q_dim, f->qkv_dim, false, w->k_bias, lora_rows(f->lora, SITE_K, 0)},
        {&w->v, q + f->q_dim + f->kv_dim, f->qkv_dim, false, w->v_bias,
         lora_rows(f->lora, SITE_V, 0)},
    };
    comes_next(f, &w->o, before_attention(f, layer, BEFORE_ATTENTION));
    linear_products(&f->compute, &f->norm, qkv, 3);
    nothing_comes(f);
    stage_ends(f, STAGE_QKV);
    pool_run(f->compute.pool, cache_task, &rows, (f->rows.n + KV_BLOCK - 1) / KV_BLOCK);
    stage_ends(f, STAGE_CACHE);
    attention_layer(f->attention, layer, q, f->qkv_dim, f->att, f->att_dim);
}

static void attention_block(struct forward *f, int layer)
{
    const struct layer_weights *w = &f->w->layers[layer];
    const struct product o = {&w->o, f->x,      f->c->n_embd,
                              true,  w->o_bias, lora_rows(f->lora, SITE_O, 0)};
    input_fill(&f->compute, &f->norm, f->rows.n, f->x, f->c->n_embd, w->attn_norm, f->c->rms_eps);
    stage_ends(f, STAGE_INPUTS);
    if (f->mla != NULL) {
        mla_attend(f->mla, f->w, layer, &f->rows, &f->norm, f->att, f->att_dim);
    } else {
        attend(f, layer);
    }
    stage_ends(f, STAGE_ATTENTION);
    input_fill(&f->compute, &f->heads, f->rows.n, f->att, f->att_dim, NULL, 0);
    lora_down(f->lora, layer, ADAPTER_HEADS, &f->heads);
    stage_ends(f, STAGE_INPUTS);
    comes_next(f, w->router.n > 0 ? NULL : &w->gate,
               before_attention(f, layer + 1, AFTER_ATTENTION));
    linear_products(&f->compute, &f->heads, &o, 1);
    nothing_comes(f);
    stage_ends(f, STAGE_O);
}

/* ---- Feed-forward ---- */

static void dense_block(struct forward *f, int layer)
{
    const struct layer_weights *w = &f->w->layers[layer];
    const struct matrix *after = layer + 1 < f->c->n_layers ? &w[1].q : &f->w->output;
    const struct product down = {&w->down, f->x, f->c->n_embd,
                                 true,     NULL, lora_rows(f->lora, SITE_DOWN, 0)};
    struct linear_job gates = {.in = &f->norm, .gate = &w->gate, .up = &w->up, .out = &f->ff};
    gates.gate_low = lora_rows(f->lora, SITE_GATE, 0);
    gates.up_low = lora_rows(f->lora, SITE_UP, 0);
    comes_next(f, &w->down, before_attention(f, layer + 1, GATE_UP));
    linear_swiglu(&f->compute, gates);
    lora_down(f->lora, layer, ADAPTER_FF, &f->ff);
    stage_ends(f, STAGE_GATE_UP);
    comes_next(f, after, before_attention(f, layer + 1, DOWN));
    linear_products(&f->compute, &f->ff, &down, 1);
    nothing_comes(f);
    stage_ends(f, STAGE_DOWN);
}

/* Which experts the rows went to in this layer, beside their keys and values. Prediction layers are
 * not told of. */
static void keep_routes(struct forward *f, int layer, const int *chosen)
{
    int used = f->c->moe.n_used;
    for (int row = 0; layer < f->c->n_layers && row < f->rows.n; row++) {
        const struct row *r = &f->rows.row[row];
        int32_t block = r->run->blocks[r->pos / KV_BLOCK];
        int16_t *to = kv_store_routes(f->kv, block, r->pos % KV_BLOCK) + layer * used;
        for (int i = 0; i < used; i++) {
            to[i] = chosen != NULL ? (int16_t)chosen[row * used + i] : -1;
        }
    }
}

static void feed_forward_block(struct forward *f, int layer)
{
    const struct layer_weights *w = &f->w->layers[layer];
    input_fill(&f->compute, &f->norm, f->rows.n, f->x, f->c->n_embd, w->ffn_norm, f->c->rms_eps);
    lora_down(f->lora, layer, ADAPTER_FFN_NORM, &f->norm);
    stage_ends(f, STAGE_INPUTS);
    if (w->router.n > 0) {
        moe_block(f->moe, f->w, layer, &f->norm, f->x);
        keep_routes(f, layer, moe_chosen(f->moe));
        stage_ends(f, STAGE_GATE_UP);
    } else {
        dense_block(f, layer);
        if (f->moe != NULL) keep_routes(f, layer, NULL);
    }
}

/* ---- A step ---- */

static size_t stream_bytes(const struct forward *f, int rows)
{
    return (size_t)rows * (size_t)f->c->n_embd * sizeof(float);
}

/* It goes on with that layer. */
static void put_aside(struct forward *f, int layer)
{
    memcpy(f->aside.x, f->x, stream_bytes(f, f->rows.n));
    f->aside.w = f->w;
    f->aside.layer = layer;
    f->aside.rows = f->rows.n;
}

bool forward_start(struct forward *f, const struct weights *w, const struct forward_run *runs,
                   int n_runs, bool (*leave)(void *arg), void *arg)
{
    assert(leave == NULL || f->aside.w == NULL);
    start_clock(f);
    list_rows(f, runs, n_runs);
    use(f, w);
    each_row(f, begin_row);
    attention_begin(f->attention, runs, n_runs);
    stage_ends(f, STAGE_EMBED);
    for (int layer = 0; layer < f->c->n_layers; layer++) {
        if (layer > 0 && leave != NULL && leave(arg)) {
            put_aside(f, layer);
            return false;
        }
        attention_block(f, layer);
        feed_forward_block(f, layer);
    }
    f->final_norm = f->w->output_norm;
    return true;
}

void forward_step(struct forward *f, const struct weights *w, const struct forward_run *runs,
                  int n_runs)
{
    forward_start(f, w, runs, n_runs, NULL, NULL);
}

void forward_resume(struct forward *f, const struct forward_run *runs, int n_runs)
{
    start_clock(f);
    list_rows(f, runs, n_runs);
    assert(f->aside.w != NULL && f->rows.n == f->aside.rows);
    use(f, f->aside.w);
    f->aside.w = NULL;
    each_row(f, turn_row);
    attention_begin(f->attention, runs, n_runs);
    memcpy(f->x, f->aside.x, stream_bytes(f, f->rows.n));
    for (int layer = f->aside.layer; layer < f->c->n_layers; layer++) {
        attention_block(f, layer);
        feed_forward_block(f, layer);
    }
    f->final_norm = f->w->output_norm;
}

/* ---- Prediction ---- */

/* Row of the step that row r of the prediction goes on from. */
static int step_row(const struct forward *f, const struct forward_run *runs, int r)
{
    const struct row *row = &f->rows.row[r];
    return f->first_row[row->run - runs] + row->pos - row->run->pos;
}

struct pairing {
    struct forward *f;
    const struct forward_run *runs;
};

/* [norm(embedding), norm(final norm of the hidden state)] of a row. x is free meanwhile: hidden
 * holds the step's. */
static void pair_row(void *arg, int r, int thread)
{
    (void)thread;
    const struct pairing *p = arg;
    struct forward *f = p->f;
    const struct layer_weights *w = &f->w->layers[f->c->n_layers];
    const struct kernels *kernels = f->compute.kernels;
    int embd = f->c->n_embd;
    float *x = f->x + (size_t)r * (size_t)embd, eps = f->c->rms_eps;
    begin_row(f, r, thread);
    kernels->rms_norm(x, x, w->mtp_enorm, embd, eps);
    input_put(&f->compute, &f->pair, r, 0, x, embd);
    const float *hidden = f->hidden + (size_t)step_row(f, p->runs, r) * (size_t)embd;
    kernels->rms_norm(x, hidden, f->w->output_norm, embd, eps);
    kernels->rms_norm(x, x, w->mtp_hnorm, embd, eps);
    input_put(&f->compute, &f->pair, r, embd, x, embd);
}

void forward_predict(struct forward *f, const struct forward_run *runs, const int *first_row,
                     int n_runs)
{
    const struct layer_weights *w = &f->w->layers[f->c->n_layers];
    struct pairing p = {f, runs};
    float *step = f->x;
    f->x = f->hidden;
    f->hidden = step;
    const struct product joined = {.w = &w->mtp_eh_proj, .out = f->x, .ld = f->c->n_embd};
    f->first_row = first_row;
    list_rows(f, runs, n_runs);
    lora_begin(f->lora, &f->rows);
    input_begin(&f->pair, f->rows.n);
    pool_run(f->compute.pool, pair_row, &p, f->rows.n);
    linear_products(&f->compute, &f->pair, &joined, 1);
    attention_begin(f->attention, runs, n_runs);
    attention_block(f, f->c->n_layers);
    feed_forward_block(f, f->c->n_layers);
    f->final_norm = w->mtp_head_norm;
}

void forward_logits(struct forward *f, const int *rows, int n, float *logits)
{
    size_t embd = (size_t)f->c->n_embd;
    start_clock(f);
    assert(n <= f->max_rows);
    for (int i = 0; i < n; i++) {
        memcpy(f->chosen + (size_t)i * embd, f->x + (size_t)rows[i] * embd, embd * sizeof(float));
    }
    const struct product output = {.w = &f->w->output,
                                   .out = logits,
                                   .ld = f->c->n_vocab,
                                   .low = lora_rows(f->lora, SITE_OUTPUT, 0)};
    struct lora_use use = {.layer = -1, .expert = -1, .input = ADAPTER_OUTPUT, .in = &f->norm};
    use.rows = rows;
    input_fill(&f->compute, &f->norm, n, f->chosen, f->c->n_embd, f->final_norm, f->c->rms_eps);
    lora_list(f->lora, use);
    lora_run(f->lora);
    linear_products(&f->compute, &f->norm, &output, 1);
    stage_ends(f, STAGE_OUTPUT);
}

void forward_hidden(const struct forward *f, int row, float *out)
{
    int embd = f->c->n_embd;
    const float *x = f->x + (size_t)row * (size_t)embd;
    f->compute.kernels->rms_norm(out, x, f->final_norm, embd, f->c->rms_eps);
}

/* ---- Guesses ---- */

struct choosing {
    const struct forward *f;
    const float *logits;
    int *guesses;
};

static void choose_task(void *arg, int i, int thread)
{
    (void)thread;
    const struct choosing *c = arg;
    int n_vocab = c->f->c->n_vocab;
    c->guesses[i] = c->f->compute.kernels->argmax(c->logits + (size_t)i * (size_t)n_vocab, n_vocab);
}

void forward_guess(struct forward *f, const struct forward_run *runs, const int *first_row,
                   int n_runs, float *logits, int n_logits, int *guesses)
{
    int last = -1;
    forward_predict(f, runs, first_row, n_runs);
    for (int i = 0; i < n_runs; i++) { /* the last rows, for the moment in guesses */
        last += runs[i].n;
        guesses[i] = last;
    }
    for (int from = 0; from < n_runs; from += n_logits) {
        int n = n_runs - from < n_logits ? n_runs - from : n_logits;
        struct choosing c = {f, logits, guesses + from};
        forward_logits(f, guesses + from, n, logits);
        pool_run(f->compute.pool, choose_task, &c, n);
    }
}
