/* engine/forward/moe.c - see moe.h.
 *
 *   norm(x) -> router -> (expert, weight) x n_used of every row
 *   rows of expert e, side by side -> SwiGLU(gate_e, up_e) -> down_e      one job an expert, all at once
 *   x += shared experts (of every row), then x += sum of weight * result
 *
 * A slot is one row with one of its experts. Slots are numbered expert by expert, in order of
 * rows; those of an expert are consecutive rows of the inputs and results.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/moe.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/forward/route.h"

struct moe {
    const struct compute *c;
    const struct model_config *config;
    struct lora *lora;
    int embd, experts, used;

    float *logits;   /* [max_rows, experts] */
    int *ids;        /* [max_rows, used] */
    float *weights;  /* [max_rows, used] */
    int *slot;       /* [max_rows, used] where each went */
    int *row;        /* [slots] which row each is of */
    int *first;      /* [experts + 1] slots of an expert */
    float *out;      /* [slots, embd] */
    struct input in; /* slots of norm(x) */
    struct input ff; /* slots of SwiGLU's result */
    struct input shared_ff;

    struct expert *expert;   /* [experts] those of this step that have rows */
    struct linear_job *jobs; /* [experts + 1] */
    int n_active;

    /* of the layer at work */
    const struct layer_weights *w;
    float *x;
    int rows;
};

/* An expert with its rows of this step. */
struct expert {
    int index;
    struct matrix gate, up, down;
    struct input in, ff;
    struct product product;
    int place; /* of its rows (lora.h) */
};

/* ---- making and freeing ---- */

static bool new_buffers(struct moe *m, int max_rows, struct error *err)
{
    size_t rows = (size_t)max_rows, slots = rows * (size_t)m->used;
    size_t experts = (size_t)m->experts;
    m->logits = mem_new_aligned(rows, experts * sizeof(float), err);
    m->ids = mem_new(slots, sizeof(int), err);
    m->weights = mem_new(slots, sizeof(float), err);
    m->slot = mem_new(slots, sizeof(int), err);
    m->row = mem_new(slots, sizeof(int), err);
    m->first = mem_new(experts + 1, sizeof(int), err);
    m->out = mem_new_aligned(slots, (size_t)m->embd * sizeof(float), err);
    m->expert = mem_new(experts, sizeof(*m->expert), err);
    m->jobs = mem_new(experts + 1, sizeof(*m->jobs), err);
    return m->logits != NULL && m->ids != NULL && m->weights != NULL && m->slot != NULL &&
           m->row != NULL && m->first != NULL && m->out != NULL && m->expert != NULL &&
           m->jobs != NULL;
}

struct moe *moe_new(const struct compute *c, const struct model_config *config, struct lora *lora,
                    int max_rows, struct error *err)
{
    struct moe *m = mem_new(1, sizeof(*m), err);
    if (m == NULL) return NULL;
    m->c = c;
    m->config = config;
    m->lora = lora;
    m->embd = config->n_embd;
    m->experts = config->moe.n_experts;
    m->used = config->moe.n_used;
    int slots = max_rows * m->used, ff = config->moe.n_ff, shared = ff * config->moe.n_shared;
    input_init(&m->in, m->embd, input_view_rows(m->embd, slots, m->experts));
    input_init(&m->ff, ff, input_view_rows(ff, slots, m->experts));
    input_init(&m->shared_ff, shared, max_rows);
    if (new_buffers(m, max_rows, err)) return m;
    moe_free(m);
    return NULL;
}

void moe_free(struct moe *m)
{
    if (m == NULL) return;
    free(m->logits);
    free(m->ids);
    free(m->weights);
    free(m->slot);
    free(m->row);
    free(m->first);
    free(m->out);
    free(m->expert);
    free(m->jobs);
    input_clear(&m->in);
    input_clear(&m->ff);
    input_clear(&m->shared_ff);
    free(m);
}

bool moe_reserve(struct moe *m, const struct weights *w, struct error *err)
{
    return input_reserve(&m->in, w->wants[INPUT_EXPERTS], err) &&
           input_reserve(&m->ff, w->wants[INPUT_EXPERTS_FF], err) &&
           input_reserve(&m->shared_ff, w->wants[INPUT_SHARED_FF], err);
}

bool moe_reserve_adapters(struct moe *m, struct error *err)
{
    static const struct input_forms plain = {.plain = true};
    return input_reserve(&m->in, plain, err) && input_reserve(&m->ff, plain, err) &&
           input_reserve(&m->shared_ff, plain, err);
}

/* ---- slots ---- */

static void route_task(void *arg, int row, int thread)
{
    (void)thread;
    struct moe *m = arg;
    route_row(m->config, m->logits + (size_t)row * (size_t)m->experts, m->w->router_bias,
              m->ids + row * m->used, m->weights + row * m->used);
}

/* Give every choice its slot, by counting. */
static void assign_slots(struct moe *m)
{
    int n = m->rows * m->used;
    memset(m->first, 0, ((size_t)m->experts + 1) * sizeof(int));
    for (int i = 0; i < n; i++) {
        m->first[m->ids[i] + 1]++;
    }
    for (int e = 0; e < m->experts; e++) {
        m->first[e + 1] += m->first[e];
    }
    for (int i = 0; i < n; i++) {
        int slot = m->first[m->ids[i]]++;
        m->slot[i] = slot;
        m->row[slot] = i / m->used;
    }
    for (int e = m->experts; e > 0; e--) { /* each had advanced to the next one's first */
        m->first[e] = m->first[e - 1];
    }
    m->first[0] = 0;
    assert(m->first[m->experts] == n);
}

static void list_experts(struct moe *m)
{
    m->n_active = 0;
    for (int e = 0; e < m->experts; e++) {
        int first = m->first[e], n = m->first[e + 1] - first;
        if (n == 0) continue;
        struct expert *x = &m->expert[m->n_active];
        *x = (struct expert){.index = e,
                             .gate = matrix_at(&m->w->gate_exps, e),
                             .up = matrix_at(&m->w->up_exps, e),
                             .down = matrix_at(&m->w->down_exps, e),
                             .in = input_view(&m->in, m->n_active, first, n),
                             .ff = input_view(&m->ff, m->n_active, first, n)};
        x->place = lora_slots(m->lora) + first;
        x->product = (struct product){.w = &x->down,
                                      .out = m->out + (size_t)first * (size_t)m->embd,
                                      .ld = m->embd,
                                      .low = lora_rows(m->lora, SITE_DOWN_EXPS, x->place)};
        m->n_active++;
    }
}

/* norm(x) of an expert's rows into its input. It is computed again for each: that is cheaper than
 * to keep it. */
static void gather_task(void *arg, int task, int thread)
{
    struct moe *m = arg;
    const struct expert *e = &m->expert[task];
    float *row = (float *)(void *)(m->c->work + (size_t)thread * m->c->work_bytes);
    const int *rows = m->row + m->first[e->index];
    for (int i = 0; i < e->in.rows; i++) {
        const float *x = m->x + (size_t)rows[i] * (size_t)m->embd;
        m->c->kernels->rms_norm(row, x, m->w->ffn_norm, m->embd, m->config->rms_eps);
        input_put(m->c, &e->in, i, 0, row, m->embd);
    }
}

/* ---- computing ---- */

/* What adapters make of each expert's rows: of its input, or of its SwiGLU's result. */
static void list_low(struct moe *m, int layer, enum adapter_input input)
{
    for (int i = 0; i < m->n_active; i++) {
        const struct expert *e = &m->expert[i];
        lora_list(m->lora, (struct lora_use){.layer = layer,
                                             .expert = e->index,
                                             .input = input,
                                             .in = input == ADAPTER_EXPERTS ? &e->in : &e->ff,
                                             .rows = m->row + m->first[e->index],
                                             .place = e->place});
    }
}

static void run_gates(struct moe *m, const struct input *norm)
{
    int n = 0;
    for (; n < m->n_active; n++) {
        struct expert *e = &m->expert[n];
        m->jobs[n] = (struct linear_job){.in = &e->in,
                                         .gate = &e->gate,
                                         .up = &e->up,
                                         .gate_low = lora_rows(m->lora, SITE_GATE_EXPS, e->place),
                                         .up_low = lora_rows(m->lora, SITE_UP_EXPS, e->place),
                                         .out = &e->ff};
    }
    if (m->w->gate_shared.n > 0) {
        input_begin(&m->shared_ff, m->rows);
        m->jobs[n++] = (struct linear_job){.in = norm,
                                           .gate = &m->w->gate_shared,
                                           .up = &m->w->up_shared,
                                           .gate_low = lora_rows(m->lora, SITE_GATE_SHARED, 0),
                                           .up_low = lora_rows(m->lora, SITE_UP_SHARED, 0),
                                           .out = &m->shared_ff};
    }
    linear_run(m->c, m->jobs, n);
}

static void run_downs(struct moe *m)
{
    const struct product shared = {&m->w->down_shared,
                                   m->x,
                                   m->embd,
                                   true,
                                   NULL,
                                   lora_rows(m->lora, SITE_DOWN_SHARED, 0)};
    int n = 0;
    for (; n < m->n_active; n++) {
        struct expert *e = &m->expert[n];
        m->jobs[n] = (struct linear_job){.in = &e->ff, .p = &e->product, .n_products = 1};
    }
    if (m->w->down_shared.n > 0) {
        m->jobs[n++] = (struct linear_job){.in = &m->shared_ff, .p = &shared, .n_products = 1};
    }
    linear_run(m->c, m->jobs, n);
}

/* x += sum over a row's slots, best expert first. */
static void combine_task(void *arg, int row, int thread)
{
    const struct moe *m = arg;
    const struct kernels *kernels = m->c->kernels;
    float *sum = (float *)(void *)(m->c->work + (size_t)thread * m->c->work_bytes);
    for (int j = 0; j < m->used; j++) {
        int at = row * m->used + j;
        float *out = m->out + (size_t)m->slot[at] * (size_t)m->embd;
        kernels->scale(j == 0 ? sum : out, out, m->weights[at], m->embd);
        if (j > 0) kernels->add(sum, out, m->embd);
    }
    kernels->add(m->x + (size_t)row * (size_t)m->embd, sum, m->embd);
}

void moe_block(struct moe *m, const struct weights *w, int layer, const struct input *norm,
               float *x)
{
    m->w = &w->layers[layer];
    const struct product router = {.w = &m->w->router,
                                   .out = m->logits,
                                   .ld = m->experts,
                                   .low = lora_rows(m->lora, SITE_ROUTER, 0)};
    input_use(&m->in, lora_wants(m->lora, w->wants[INPUT_EXPERTS]));
    input_use(&m->ff, lora_wants(m->lora, w->wants[INPUT_EXPERTS_FF]));
    input_use(&m->shared_ff, lora_wants(m->lora, w->wants[INPUT_SHARED_FF]));
    m->x = x;
    m->rows = norm->rows;
    linear_products(m->c, norm, &router, 1);
    pool_run(m->c->pool, route_task, m, m->rows);
    assign_slots(m);
    list_experts(m);
    pool_run(m->c->pool, gather_task, m, m->n_active);
    list_low(m, layer, ADAPTER_EXPERTS);
    lora_run(m->lora);
    run_gates(m, norm);
    list_low(m, layer, ADAPTER_EXPERTS_FF);
    if (m->w->down_shared.n > 0) {
        lora_list(m->lora, (struct lora_use){.layer = layer,
                                             .expert = -1,
                                             .input = ADAPTER_SHARED_FF,
                                             .in = &m->shared_ff});
    }
    lora_run(m->lora);
    run_downs(m);
    pool_run(m->c->pool, combine_task, m, m->rows);
}

const int *moe_chosen(const struct moe *m)
{
    return m->ids;
}
