/* reward/judge/advantage.h - what trainers make of a group's rewards: TRL's and verl's estimators.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_ADVANTAGE_H
#define REWARD_JUDGE_ADVANTAGE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/fields.h"
#include "base/span.h"

enum advantage_method {
    ADVANTAGE_NONE,
    ADVANTAGE_TRL_GRPO,
    ADVANTAGE_TRL_RLOO,
    ADVANTAGE_VERL_GRPO,
    ADVANTAGE_VERL_DR_GRPO,
    ADVANTAGE_VERL_RLOO,
    ADVANTAGE_VERL_REINFORCE_PP,
    ADVANTAGE_VERL_REINFORCE_PP_BASELINE,
    ADVANTAGE_VERL_OPO,
    ADVANTAGE_VERL_GPG,
    ADVANTAGE_VERL_GRPO_PASSK,
    ADVANTAGE_METHODS
};

/* The method of that name or short name (grpo, rloo, dr_grpo, none). False: no such method. */
bool advantage_method_find(struct span name, enum advantage_method *out);

/* The same as a reader of a described field (base/fields.h): a string into an enum advantage_method. */
bool advantage_method_read(const struct field_context *context, const cJSON *value, void *out,
                           struct error *err);

/* Its full name, a literal. */
const char *advantage_method_name(enum advantage_method m);

struct advantage_params;

/* Does it look beyond the group, at all that is judged together? */
bool advantage_is_batched(const struct advantage_params *p);

/* A method's name, or an object with "method" and what /verify/advantages takes beside it (scale, eps,
 * normalize, clip), in a. */
bool advantage_params_read(const cJSON *value, struct arena *a, struct advantage_params *out,
                           struct error *err);

/* Does it weigh by tokens? */
bool advantage_wants_lengths(enum advantage_method m);

/* May a group of n be asked of it? False names "group_size". Of a group that is large enough any number
 * may be left, also one: it has nothing to compare with then, and 0. */
bool advantage_check_group(enum advantage_method m, size_t n, struct error *err);

enum advantage_scale { SCALE_GROUP, SCALE_BATCH, SCALE_NONE };

struct advantage_params {
    enum advantage_method method;
    enum advantage_scale scale; /* trl_grpo */
    double eps;                 /* added to the deviation; negative: the method's own default */
    bool normalize;             /* trl_rloo: normalise over the batch */
    bool normalize_then_sum;    /* each column normalised in its group before the sum (GDPO) */
    bool clip;                  /* clamp the weighted sum to */
    double clip_min, clip_max;  /* these, before anything else */
};

/* The default of every field. */
struct advantage_params advantage_defaults(enum advantage_method m);

/* n completions and their rewards. */
struct advantage_table {
    size_t n, columns;
    /* [n, columns] row-major; NaN: no value. A row of NaN only is left out of every statistic
     * and gets 0 */
    const double *rewards;
    const double *weights; /* [columns]; NULL: 1 each */
    /* [n, columns], where weights differ by row, as those of samples with rewards of their own do; NULL:
     * they do not, and weights has them */
    const double *row_weights;
    const size_t *groups; /* [n] number of each row's group, below n_groups; one may have no rows */
    size_t n_groups;
    const double *lengths; /* [n] tokens, for the methods that want them; else may be NULL */
};

/* Advantages of a table's completions into out [n]. False when memory is out.
 * Sources: huggingface/trl:trl/trainer/grpo_trainer.py, rloo_trainer.py;
 * volcengine/verl:verl/trainer/ppo/core_algos.py; deviations divide by G - 1. */
bool advantage_compute(const struct advantage_params *p, const struct advantage_table *t,
                       double *out, struct error *err);

/* Mean and deviation (over count - 1; 0 for one) of the values that are not NaN. The mean of equal
 * values is exactly that value. */
struct moments {
    size_t count;
    double mean, std;
};

/* Of n values. */
struct moments moments_of(const double *values, size_t n);

/* 1 - C(n-c, k) / C(n, k): the chance that k of n samples, c of them right, hold a right one.
 * 0 <= c <= n, 1 <= k <= n. Source: arXiv 2107.03374, eq. 1. */
double pass_at_k(size_t n, size_t c, size_t k);

#endif
