/* engine/forward/dora.c - see dora.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/forward/dora.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "engine/adapter/sites.h"

struct binding {
    const struct weights *w;
    float *row;    /* as long as the longest row */
    float *column; /* of B, ADAPTER_MAX_RANK at most */
    struct error *err;
};

/* The base's matrix of a site. */
static struct matrix matrix_of(const struct binding *b, int layer, int expert,
                               enum adapter_site site)
{
    if (layer < 0) return b->w->output.n > 0 ? b->w->output : b->w->embd;
    const struct placement *p = weights_placement(adapter_site_tensor(site));
    assert(p != NULL);
    const char *base = (const char *)&b->w->layers[layer];
    const struct matrix *m = (const struct matrix *)(const void *)(base + p->to);
    return expert < 0 ? *m : matrix_at(m, expert);
}

/* Row i of W + B A, its length. */
static double length_of(const struct binding *b, const struct matrix *m,
                        const struct adapter_down *down, const struct adapter_up *up, int i)
{
    double sum = 0;
    matrix_row(m, i, b->row);
    const float *panel = adapter_panel(up, i - i % ADAPTER_PANEL) + i % ADAPTER_PANEL;
    for (int j = 0; j < up->rank; j++) {
        b->column[j] = panel[j * ADAPTER_PANEL];
    }
    for (int k = 0; k < m->k; k++) {
        double w = (double)b->row[k];
        const float *a = down->a + (size_t)k * (size_t)down->ld + up->at;
        for (int j = 0; j < up->rank; j++) {
            w += (double)b->column[j] * (double)a[j];
        }
        sum += w * w;
    }
    return sqrt(sum);
}

static bool bind_site(const struct binding *b, const struct adapter_down *down,
                      const struct adapter_up *up, const struct matrix *m)
{
    for (int i = 0; i < m->n; i++) {
        double length = length_of(b, m, down, up, i);
        if (!(length > 0) || !isfinite(length)) {
            return error_set(b->err, ERROR_UNSUPPORTED, NULL,
                             "a row of the base with this DoRA adapter %s",
                             length == 0 ? "is all zeros" : "has no finite length");
        }
        up->gain[i] = (float)((double)up->magnitude[i] / length);
    }
    return true;
}

static bool bind_parts(const struct binding *b, const struct adapter_parts *parts, int layer,
                       int expert)
{
    for (int i = 0; parts != NULL && i < ADAPTER_SITES; i++) {
        enum adapter_site site = (enum adapter_site)i;
        const struct adapter_up *up = &parts->up[site];
        if (up->magnitude == NULL) continue;
        struct matrix m = matrix_of(b, layer, expert, site);
        if (!bind_site(b, &parts->down[adapter_site_input(site)], up, &m)) return false;
    }
    return true;
}

static int longest_row(const struct adapter *a)
{
    int k = a->model.down[ADAPTER_OUTPUT].k;
    for (int layer = 0; layer < a->n_layers; layer++) {
        for (int e = -1; e < (a->experts == NULL ? 0 : a->n_experts); e++) {
            const struct adapter_parts *parts = adapter_parts(a, layer, e);
            for (int i = 0; parts != NULL && i < ADAPTER_INPUTS; i++) {
                if (parts->down[i].k > k) k = parts->down[i].k;
            }
        }
    }
    return k;
}

bool dora_bind(struct adapter *a, const struct weights *w, uint64_t content, struct error *err)
{
    struct binding b = {.w = w, .err = err};
    a->bound = content;
    if (!a->dora) return true;
    b.row = mem_new((size_t)longest_row(a) + 1, sizeof(float), err);
    b.column = mem_new(ADAPTER_MAX_RANK, sizeof(float), err);
    bool ok = b.row != NULL && b.column != NULL && bind_parts(&b, &a->model, -1, -1);
    for (int layer = 0; ok && layer < a->n_layers; layer++) {
        for (int e = -1; ok && e < (a->experts == NULL ? 0 : a->n_experts); e++) {
            ok = bind_parts(&b, adapter_parts(a, layer, e), layer, e);
        }
    }
    free(b.row);
    free(b.column);
    return ok;
}
