/* engine/forward/lora.c - see lora.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/lora.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "engine/adapter/sites.h"

/* A row's t to be computed. */
struct low_job {
    const struct adapter_down *down;
    const float *x;
    float *t;
};

struct lora {
    const struct compute *c;
    int max_rows, places;
    const struct adapter **of; /* [max_rows] of each row of the step, NULL: none */
    int *order;                /* [max_rows] the rows, those of an adapter side by side */
    int rows;
    bool active; /* some row of the step has one */

    /* from the first lora_reserve() on */
    int ld;                             /* floats of a t */
    float *t;                           /* [places, ld] */
    struct low_row *low[ADAPTER_SITES]; /* [places] */
    struct low_job *jobs;               /* [places] */
    int *first;                         /* [places + 1] tasks: jobs of one A, a few at a time */
    int n_jobs, n_tasks;
};

struct lora *lora_new(const struct compute *c, int max_rows, int used, struct error *err)
{
    struct lora *l = mem_new(1, sizeof(*l), err);
    if (l == NULL) return NULL;
    l->c = c;
    l->max_rows = max_rows;
    l->places = max_rows * (1 + used);
    l->of = mem_new((size_t)max_rows, sizeof(*l->of), err);
    l->order = mem_new((size_t)max_rows, sizeof(int), err);
    if (l->of != NULL && l->order != NULL) return l;
    lora_free(l);
    return NULL;
}

void lora_free(struct lora *l)
{
    if (l == NULL) return;
    for (int i = 0; i < ADAPTER_SITES; i++) {
        free(l->low[i]);
    }
    free(l->of);
    free(l->order);
    free(l->t);
    free(l->jobs);
    free(l->first);
    free(l);
}

/* A t for each place, wide enough. */
static bool reserve_width(struct lora *l, int ld, struct error *err)
{
    if (l->ld >= ld) return true;
    float *t = mem_new_aligned((size_t)l->places, (size_t)ld * sizeof(float), err);
    if (t == NULL) return false;
    free(l->t);
    l->t = t;
    l->ld = ld;
    return true;
}

bool lora_reserve(struct lora *l, const struct adapter *a, struct error *err)
{
    size_t places = (size_t)l->places;
    for (int i = 0; i < ADAPTER_SITES; i++) {
        if (l->low[i] == NULL) l->low[i] = mem_new(places, sizeof(*l->low[i]), err);
        if (l->low[i] == NULL) return false;
    }
    if (l->jobs == NULL) l->jobs = mem_new(places, sizeof(*l->jobs), err);
    if (l->first == NULL) l->first = mem_new(places + 1, sizeof(int), err);
    return l->jobs != NULL && l->first != NULL &&
           reserve_width(l, a->max_ld > 0 ? a->max_ld : 16, err);
}

/* ---- a step ---- */

/* Rows of one adapter side by side, in order otherwise: A is then read once for some of them. */
static void sort_rows(struct lora *l)
{
    int n = 0;
    for (int i = 0; i < l->rows; i++) {
        bool seen = false;
        for (int j = 0; j < i && !seen; j++) {
            seen = l->of[j] == l->of[i];
        }
        for (int j = i; !seen && j < l->rows; j++) {
            if (l->of[j] == l->of[i]) l->order[n++] = j;
        }
    }
    assert(n == l->rows);
}

void lora_begin(struct lora *l, const struct rows *rows)
{
    assert(l->n_jobs == 0 && rows->n <= l->max_rows);
    l->rows = rows->n;
    l->active = false;
    for (int i = 0; i < rows->n; i++) {
        l->of[i] = rows->row[i].run->adapter;
        if (l->of[i] != NULL) l->active = true;
    }
    if (l->active) sort_rows(l);
}

struct input_forms lora_wants(const struct lora *l, struct input_forms forms)
{
    if (l->active) forms.plain = true;
    return forms;
}

/* Item i of the use, whose row of the step is `row`. */
static void list_row(struct lora *l, const struct lora_use *use, int i, int row)
{
    const struct adapter_parts *parts =
        l->of[row] == NULL ? NULL : adapter_parts(l->of[row], use->layer, use->expert);
    bool touched = parts != NULL && parts->touched[use->input];
    float *t = l->t + (size_t)(use->place + i) * (size_t)l->ld;
    const float *x = use->in->plain + (size_t)i * (size_t)use->in->k;
    for (int site = 0; site < ADAPTER_SITES; site++) {
        if (adapter_site_input((enum adapter_site)site) != use->input) continue;
        const struct adapter_up *up = touched ? &parts->up[site] : NULL;
        if (up != NULL && up->rank == 0 && up->bias == NULL && up->full == NULL) up = NULL;
        assert(up == NULL || up->full == NULL || up->k == use->in->k);
        l->low[site][use->place + i] = (struct low_row){up, up == NULL ? NULL : t + up->at, x};
    }
    if (!touched || parts->down[use->input].ld == 0) return;
    l->jobs[l->n_jobs++] = (struct low_job){&parts->down[use->input], x, t};
}

void lora_list(struct lora *l, struct lora_use use)
{
    if (!l->active) return;
    int n = use.in->rows;
    assert(use.place + n <= l->places && l->n_jobs + n <= l->places); /* (2) */
    bool in_order = use.rows == NULL;
    assert(!in_order || n == l->rows);
    for (int i = 0; i < n; i++) {
        int item = in_order ? l->order[i] : i;
        list_row(l, &use, item, in_order ? item : use.rows[item]);
    }
}

/* ---- computing ---- */

static void run_task(void *arg, int task, int thread)
{
    (void)thread;
    struct lora *l = arg;
    int from = l->first[task], n = l->first[task + 1] - from;
    const struct adapter_down *down = l->jobs[from].down;
    struct accumulation a = {.rows = n, .w = down->a, .k = down->k, .ld = down->ld, .n = down->ld};
    for (int i = 0; i < n; i++) {
        a.y[i] = l->jobs[from + i].t;
        a.x[i] = l->jobs[from + i].x;
        memset(a.y[i], 0, (size_t)down->ld * sizeof(float));
    }
    l->c->kernels->accumulate(&a);
}

static void plan_tasks(struct lora *l)
{
    l->n_tasks = 0;
    for (int i = 0, n = 0; i < l->n_jobs; i++, n++) {
        bool goes_on = i > 0 && n < ACCUMULATE_ROWS && l->jobs[i].down == l->jobs[i - 1].down;
        if (goes_on) continue;
        l->first[l->n_tasks++] = i;
        n = 0;
    }
    l->first[l->n_tasks] = l->n_jobs;
}

void lora_run(struct lora *l)
{
    assert(l->active || l->n_jobs == 0); /* (1) */
    if (l->n_jobs == 0) return;
    plan_tasks(l);
    if (l->n_tasks == 1) {
        run_task(l, 0, 0);
    } else {
        pool_run(l->c->pool, run_task, l, l->n_tasks);
    }
    l->n_jobs = 0;
}

void lora_down(struct lora *l, int layer, enum adapter_input input, const struct input *in)
{
    lora_list(l, (struct lora_use){.layer = layer, .expert = -1, .input = input, .in = in});
    lora_run(l);
}

const struct low_row *lora_rows(const struct lora *l, enum adapter_site site, int place)
{
    return l->active ? l->low[site] + place : NULL; /* (1) */
}

int lora_slots(const struct lora *l)
{
    return l->max_rows;
}

void lora_embed(const struct lora *l, const struct row *r, float *x, int n)
{
    const struct adapter *a = r->run->adapter;
    if (a != NULL && a->embd.full != NULL) {
        memcpy(x, a->embd.full + (size_t)r->token * (size_t)n, (size_t)n * sizeof(float));
    }
    if (a == NULL || a->embd.rank == 0) return;
    struct accumulation sum = {.rows = 1, .y = {x}, .w = a->embd.b, .ld = a->embd.ld_b, .n = n};
    sum.x[0] = a->embd.a + (size_t)r->token * (size_t)a->embd.ld_a;
    sum.k = a->embd.rank;
    l->c->kernels->accumulate(&sum);
}
