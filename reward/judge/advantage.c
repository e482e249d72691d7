/* reward/judge/advantage.c - see advantage.h.
 *
 * Every estimator is: column sums, then a function of one group's numbers, then perhaps a
 * function of the whole batch. Rows are gathered by group first, so that a group is a plain run
 * of doubles. NaN stands for "no value" throughout and turns into 0 at the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/advantage.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"

static const double TRL_EPS = 1e-4, VERL_EPS = 1e-6, WHITEN_EPS = 1e-8;

/* ---- statistics ----------------------------------------------------------------------------------- */

/* Two passes, both shifted by the first value: equal values give it back exactly, and an offset of
 * 1e6 costs no digits. */
struct moments moments_of(const double *v, size_t n)
{
    struct moments m = {0};
    double first = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(v[i])) continue;
        if (m.count++ == 0) first = v[i];
        sum += v[i] - first;
    }
    if (m.count == 0) return m;
    m.mean = first + sum / (double)m.count;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(v[i])) squares += (v[i] - m.mean) * (v[i] - m.mean);
    }
    if (m.count > 1) m.std = sqrt(squares / (double)(m.count - 1));
    return m;
}

double pass_at_k(size_t n, size_t c, size_t k)
{
    assert(c <= n && k >= 1 && k <= n);
    if (n - c < k) return 1;
    double miss = 1;
    for (size_t i = n - c + 1; i <= n; i++) {
        miss *= 1 - (double)k / (double)i;
    }
    return 1 - miss;
}

/* ---- one group ------------------------------------------------------------------------------------- */

/* A group's rows, gathered: r in and out, len and the params beside them. */
struct group {
    double *r;
    const double *len;
    size_t n;
    const struct advantage_params *p;
};

static void subtract(struct group *g, double base, double scale)
{
    for (size_t i = 0; i < g->n; i++) {
        g->r[i] = (g->r[i] - base) * scale;
    }
}

static void trl_grpo(struct group *g)
{
    struct moments m = moments_of(g->r, g->n);
    subtract(g, m.mean, 1);
    if (g->p->scale != SCALE_GROUP) return;
    for (size_t i = 0; i < g->n; i++) {
        g->r[i] /= m.std + g->p->eps;
    }
}

/* r minus the mean of the others. */
static void trl_rloo(struct group *g)
{
    struct moments m = moments_of(g->r, g->n);
    double count = (double)m.count;
    subtract(g, m.mean, m.count > 1 ? count / (count - 1) : 0);
}

/* verl takes a group of one as it is: mean 0, deviation 1. */
static struct moments verl_moments(const struct group *g)
{
    struct moments m = moments_of(g->r, g->n);
    if (m.count == 1) {
        m.mean = 0;
        m.std = 1;
    }
    return m;
}

static void verl_grpo(struct group *g)
{
    struct moments m = verl_moments(g);
    subtract(g, m.mean, 1 / (m.std + g->p->eps));
}

static void verl_centred(struct group *g)
{
    subtract(g, verl_moments(g).mean, 1);
}

static void verl_rloo(struct group *g)
{
    struct moments m = verl_moments(g);
    double count = (double)m.count;
    subtract(g, m.mean, m.count > 1 ? count / (count - 1) : 1);
}

/* Baseline weighted by length: On-Policy RL with Optimal baseline, arXiv 2505.23585. */
static void verl_opo(struct group *g)
{
    double weighted = 0, total = 0;
    size_t count = 0;
    for (size_t i = 0; i < g->n; i++) {
        if (isnan(g->r[i])) continue;
        count++;
        weighted += g->len[i] * g->r[i];
        total += g->len[i];
    }
    subtract(g, count > 1 && total > 0 ? weighted / total : 0, 1);
}

/* Only the best has an advantage: its lead over the second. Pass@k training, arXiv 2503.19595. */
static void verl_passk(struct group *g)
{
    struct moments m = moments_of(g->r, g->n);
    size_t best = g->n;
    double second = (double)-INFINITY;
    for (size_t i = 0; i < g->n; i++) {
        if (isnan(g->r[i])) continue;
        if (best == g->n || g->r[i] > g->r[best]) {
            if (best < g->n) second = g->r[best];
            best = i;
        } else if (g->r[i] > second) {
            second = g->r[i];
        }
    }
    double lead = m.count > 1 ? (g->r[best] - second) / (m.std + g->p->eps) : 0;
    for (size_t i = 0; i < g->n; i++) {
        if (!isnan(g->r[i])) g->r[i] = i == best ? lead : 0;
    }
}

/* ---- the batch --------------------------------------------------------------------------------------- */

struct batch {
    double *a;         /* totals, then advantages [n] */
    const double *len; /* tokens [n] */
    size_t n;
    const struct advantage_params *p;
    struct moments totals; /* of the weighted sums, before the groups */
    size_t nonzero;        /* of them not zero */
};

static void batch_trl_grpo(struct batch *b)
{
    if (b->p->scale != SCALE_BATCH) return;
    for (size_t i = 0; i < b->n; i++) {
        b->a[i] /= b->totals.std + b->p->eps;
    }
}

static void batch_standardise(struct batch *b)
{
    struct moments m = moments_of(b->a, b->n);
    for (size_t i = 0; i < b->n; i++) {
        b->a[i] = (b->a[i] - m.mean) / (m.std + TRL_EPS);
    }
}

static void batch_trl_rloo(struct batch *b)
{
    if (b->p->normalize) batch_standardise(b);
}

/* Mean and variance over all tokens: a completion counts once a token. */
static void batch_whiten(struct batch *b)
{
    double tokens = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < b->n; i++) {
        if (isnan(b->a[i])) continue;
        tokens += b->len[i];
        sum += b->len[i] * b->a[i];
    }
    double mean = sum / (tokens + WHITEN_EPS);
    for (size_t i = 0; i < b->n; i++) {
        double d = b->a[i] - mean;
        if (!isnan(d)) squares += b->len[i] * d * d;
    }
    double variance = squares / (tokens + WHITEN_EPS);
    if (tokens > 1) variance *= tokens / (tokens - 1);
    for (size_t i = 0; i < b->n; i++) {
        b->a[i] = (b->a[i] - mean) / sqrt(variance + WHITEN_EPS);
    }
}

/* GPG, arXiv 2504.02546. */
static void batch_gpg(struct batch *b)
{
    double scale = (double)b->totals.count / (double)(b->nonzero > 0 ? b->nonzero : 1);
    for (size_t i = 0; i < b->n; i++) {
        b->a[i] *= scale;
    }
}

/* ---- the table ------------------------------------------------------------------------------------------ */

static const struct estimator {
    const char *name, *alias;
    double eps;
    void (*group)(struct group *g); /* NULL: groups do not matter */
    void (*batch)(struct batch *b); /* NULL: nothing after the groups */
    bool lengths;
    size_t min_group;
} estimators[ADVANTAGE_METHODS] = {
    /* clang-format off */
    [ADVANTAGE_NONE]                       = {"none", NULL, 0, NULL, NULL, false, 1},
    [ADVANTAGE_TRL_GRPO]                   = {"trl_grpo", "grpo", TRL_EPS, trl_grpo, batch_trl_grpo, false, 1},
    [ADVANTAGE_TRL_RLOO]                   = {"trl_rloo", "rloo", TRL_EPS, trl_rloo, batch_trl_rloo, false, 1},
    [ADVANTAGE_VERL_GRPO]                  = {"verl_grpo", NULL, VERL_EPS, verl_grpo, NULL, false, 1},
    [ADVANTAGE_VERL_DR_GRPO]               = {"verl_dr_grpo", "dr_grpo", VERL_EPS, verl_centred, NULL, false, 1},
    [ADVANTAGE_VERL_RLOO]                  = {"verl_rloo", NULL, VERL_EPS, verl_rloo, NULL, false, 1},
    [ADVANTAGE_VERL_REINFORCE_PP]          = {"verl_reinforce_pp", NULL, VERL_EPS, NULL, batch_whiten, true, 1},
    [ADVANTAGE_VERL_REINFORCE_PP_BASELINE] = {"verl_reinforce_pp_baseline", NULL, VERL_EPS, verl_centred, batch_whiten, true, 1},
    [ADVANTAGE_VERL_OPO]                   = {"verl_opo", NULL, VERL_EPS, verl_opo, NULL, true, 1},
    [ADVANTAGE_VERL_GPG]                   = {"verl_gpg", NULL, VERL_EPS, verl_centred, batch_gpg, false, 1},
    [ADVANTAGE_VERL_GRPO_PASSK]            = {"verl_grpo_passk", NULL, VERL_EPS, verl_passk, NULL, false, 2},
    /* clang-format on */
};

bool advantage_method_find(struct span name, enum advantage_method *out)
{
    for (int m = 0; m < ADVANTAGE_METHODS; m++) {
        const char *alias = estimators[m].alias;
        if (span_is(name, estimators[m].name) || (alias != NULL && span_is(name, alias))) {
            *out = (enum advantage_method)m;
            return true;
        }
    }
    return false;
}

bool advantage_method_read(const struct field_context *context, const cJSON *value, void *out,
                           struct error *err)
{
    (void)context;
    if (!cJSON_IsString(value)) return field_wrong_type(value, "a string", err);
    return advantage_method_find(span_str(value->valuestring), out) ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "there is no method \"%.64s\"",
                     value->valuestring);
}

const char *advantage_method_name(enum advantage_method m)
{
    return estimators[m].name;
}

bool advantage_wants_lengths(enum advantage_method m)
{
    return estimators[m].lengths;
}

bool advantage_is_batched(const struct advantage_params *p)
{
    void (*batch)(struct batch * b) = estimators[p->method].batch;
    if (p->normalize_then_sum) return true; /* estimate(), whatever the method */
    if (batch == batch_trl_grpo) return p->scale == SCALE_BATCH;
    if (batch == batch_trl_rloo) return p->normalize;
    return batch != NULL;
}

struct advantage_params advantage_defaults(enum advantage_method m)
{
    return (struct advantage_params){.method = m, .scale = SCALE_GROUP, .eps = -1};
}

/* ---- putting it together ---------------------------------------------------------------------------------- */

/* Row order by group: rows order[start[g] .. start[g + 1]) are group g's. */
struct order {
    size_t *rows, *start;
};

static bool order_init(struct order *o, const size_t *groups, size_t n, size_t n_groups,
                       struct error *err)
{
    o->rows = mem_new(n + 1, sizeof(*o->rows), err);
    o->start = mem_new(n_groups + 2, sizeof(*o->start), err);
    if (o->rows == NULL || o->start == NULL) return false;
    for (size_t i = 0; i < n; i++) {
        assert(groups[i] < n_groups);
        o->start[groups[i] + 2]++;
    }
    for (size_t g = 2; g < n_groups + 2; g++) {
        o->start[g] += o->start[g - 1];
    }
    for (size_t i = 0; i < n; i++) {
        o->rows[o->start[groups[i] + 1]++] = i; /* leaves start[g + 1] at the group's end */
    }
    return true;
}

static void order_clear(struct order *o)
{
    free(o->rows);
    free(o->start);
}

/* Run f over each group's values of v, gathered into scratch and scattered back; len: the rows'
 * lengths, or NULL. */
static void each_group(const struct order *o, const struct advantage_table *t, const double *len,
                       double *v, double *scratch, const struct advantage_params *p,
                       void (*f)(struct group *g))
{
    size_t n = t->n;
    assert(o->start[t->n_groups] == n); /* every row in one group */
    for (size_t g = 0; g < t->n_groups; g++) {
        const size_t *rows = o->rows + o->start[g];
        size_t count = o->start[g + 1] - o->start[g];
        for (size_t i = 0; i < count; i++) {
            scratch[i] = v[rows[i]];
            if (len != NULL) scratch[n + i] = len[rows[i]];
        }
        f(&(struct group){.r = scratch, .len = scratch + n, .n = count, .p = p});
        for (size_t i = 0; i < count; i++) {
            v[rows[i]] = scratch[i];
        }
    }
}

static void standardise(struct group *g)
{
    struct moments m = moments_of(g->r, g->n);
    subtract(g, m.mean, 1 / (m.std + TRL_EPS));
}

static double weight_of(const struct advantage_table *t, size_t row, size_t column)
{
    if (t->row_weights != NULL) return t->row_weights[row * t->columns + column];
    return t->weights == NULL ? 1 : t->weights[column];
}

/* The weighted sum of each row into out, NaN for a row without a value. column(j) may be
 * normalised first. */
static void sum_columns(const struct advantage_params *p, const struct advantage_table *t,
                        const struct order *o, double *scratch, double *out)
{
    double *column = scratch + 2 * t->n;
    for (size_t i = 0; i < t->n; i++) {
        out[i] = (double)NAN;
    }
    for (size_t j = 0; j < t->columns; j++) {
        for (size_t i = 0; i < t->n; i++) {
            column[i] = t->rewards[i * t->columns + j];
        }
        if (p->normalize_then_sum) each_group(o, t, NULL, column, scratch, p, standardise);
        for (size_t i = 0; i < t->n; i++) {
            if (isnan(column[i])) continue;
            out[i] = (isnan(out[i]) ? 0 : out[i]) + weight_of(t, i, j) * column[i];
        }
    }
    for (size_t i = 0; p->clip && i < t->n; i++) {
        if (!isnan(out[i])) out[i] = fmin(fmax(out[i], p->clip_min), p->clip_max);
    }
}

static size_t count_nonzero(const double *v, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        count += !isnan(v[i]) && v[i] != 0;
    }
    return count;
}

/* From totals in out to advantages in out. */
static void estimate(const struct advantage_params *p, const struct advantage_table *t,
                     const struct order *o, double *scratch, double *out)
{
    const struct estimator *e = &estimators[p->method];
    assert(!e->lengths || t->lengths != NULL);
    struct batch b = {.a = out,
                      .len = t->lengths,
                      .n = t->n,
                      .p = p,
                      .totals = moments_of(out, t->n),
                      .nonzero = count_nonzero(out, t->n)};
    if (p->normalize_then_sum) {
        batch_standardise(&b);
    } else {
        if (e->group != NULL) each_group(o, t, t->lengths, out, scratch, p, e->group);
        if (e->batch != NULL) e->batch(&b);
    }
    for (size_t i = 0; i < t->n; i++) {
        if (!isfinite(out[i])) out[i] = 0;
    }
}

bool advantage_check_group(enum advantage_method m, size_t n, struct error *err)
{
    size_t least = estimators[m].min_group;
    return n >= least ||
           error_set(err, ERROR_INVALID_VALUE, "group_size",
                     "%s needs groups of at least %zu; one has %zu", estimators[m].name, least, n);
}

bool advantage_compute(const struct advantage_params *p, const struct advantage_table *t,
                       double *out, struct error *err)
{
    struct advantage_params with_eps = *p;
    if (p->eps < 0) with_eps.eps = estimators[p->method].eps;
    struct order o = {0};
    double *scratch = mem_new(3 * t->n + 1, sizeof(*scratch), err);
    bool ok = scratch != NULL && order_init(&o, t->groups, t->n, t->n_groups, err);
    if (ok) {
        sum_columns(&with_eps, t, &o, scratch, out);
        estimate(&with_eps, t, &o, scratch, out);
    }
    order_clear(&o);
    free(scratch);
    return ok;
}
