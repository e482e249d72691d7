/* reward/judge/advantage_json.c - the bodies of POST /verify/advantages and /verify/pass_at_k.
 *
 * Two small calculators for trainers that have rewards already. A body is read field by field into
 * arrays of its own (advantage_body), checked against each other (every row as wide as the first,
 * every vector as long as the rows), and handed to the same functions that /verify uses
 * (advantage.h); the reply is one list. Whatever is wrong refuses the request, with the path of the
 * number at fault: there is no item to blame.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "reward/judge/advantage.h"
#include "reward/row/limits.h"

static const double MAX_REWARD = 1e12;

/* A request taken apart; the arrays are its own. */
struct advantage_body {
    struct advantage_params params;
    size_t n, columns, group_size;
    double *rewards, *weights, *lengths, *out;
    size_t *groups;
};

static void body_clear(struct advantage_body *b)
{
    free(b->rewards);
    free(b->weights);
    free(b->lengths);
    free(b->out);
    free(b->groups);
}

/* v as a number within +-max; null is NaN where may_be_null. */
static bool read_number(const cJSON *v, double max, bool may_be_null, double *out,
                        struct error *err)
{
    if (may_be_null && cJSON_IsNull(v)) {
        *out = (double)NAN;
        return true;
    }
    if (!cJSON_IsNumber(v)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "must be a number%s, not %s",
                         may_be_null ? " or null" : "", json_type_name(v));
    }
    *out = v->valuedouble;
    return fabs(*out) <= max ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "%g is beyond +-%g", *out, max);
}

/* A list of n numbers into out. */
static bool read_list(const cJSON *list, const char *name, size_t n, double max, bool may_be_null,
                      double *out, struct error *err)
{
    size_t i = 0;
    const cJSON *v;
    if (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) != n) {
        return error_set(err, ERROR_INVALID_VALUE, name, "%s must be a list of %zu", name, n);
    }
    cJSON_ArrayForEach(v, list)
    {
        if (!read_number(v, max, may_be_null, &out[i], err)) {
            return error_in(err, "%s[%zu]", name, i);
        }
        i++;
    }
    return true;
}

static bool read_rewards(const cJSON *body, struct advantage_body *b, struct error *err)
{
    const cJSON *list = json_get(body, "rewards"), *row;
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (n < 1 || n > REWARD_MAX_ITEMS) {
        return error_set(err, ERROR_INVALID_VALUE, "rewards",
                         "rewards must be a list of 1 to %d completions", REWARD_MAX_ITEMS);
    }
    bool flat = !cJSON_IsArray(list->child);
    int columns = flat ? 1 : cJSON_GetArraySize(list->child);
    if (columns < 1 || columns > REWARD_MAX_SPECS) {
        return error_set(err, ERROR_INVALID_VALUE, "rewards[0]",
                         "%d columns; there must be 1 to %d", columns, REWARD_MAX_SPECS);
    }
    b->n = (size_t)n;
    b->columns = (size_t)columns;
    b->rewards = mem_new(b->n * b->columns, sizeof(double), err);
    if (b->rewards == NULL) return false;
    if (flat) return read_list(list, "rewards", b->n, MAX_REWARD, true, b->rewards, err);
    size_t i = 0;
    cJSON_ArrayForEach(row, list)
    {
        char name[40];
        snprintf(name, sizeof(name), "rewards[%zu]", i);
        if (!read_list(row, name, b->columns, MAX_REWARD, true, b->rewards + i * b->columns, err)) {
            return false;
        }
        i++;
    }
    return true;
}

static bool read_method(const cJSON *body, struct advantage_body *b, struct error *err)
{
    const char *name = NULL;
    if (!json_get_string(body, "method", &name, err)) return false;
    if (name == NULL) return error_set(err, ERROR_MISSING_FIELD, "method", "method is missing");
    enum advantage_method m;
    if (!advantage_method_find(span_str(name), &m) || m == ADVANTAGE_NONE) {
        return error_set(err, ERROR_INVALID_VALUE, "method", "there is no method \"%.64s\"", name);
    }
    b->params = advantage_defaults(m);
    return true;
}

/* The index of object[name] in names, which are the allowed values; *out stays when absent. */
static bool read_name(const cJSON *object, const char *name, const char *const *names, int *out,
                      struct error *err)
{
    const char *given = NULL;
    if (!json_get_string(object, name, &given, err)) return false;
    if (given == NULL) return true;
    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], given) == 0) {
            *out = i;
            return true;
        }
    }
    return error_set(err, ERROR_INVALID_VALUE, name, "%s cannot be \"%.64s\"", name, given);
}

static bool read_clip(const cJSON *body, struct advantage_params *p, struct error *err)
{
    const cJSON *clip = json_get(body, "clip");
    double ends[2];
    if (clip == NULL) return true;
    if (!read_list(clip, "clip", 2, MAX_REWARD, false, ends, err)) return false;
    if (ends[0] > ends[1]) {
        return error_set(err, ERROR_INVALID_VALUE, "clip", "clip must be [least, most]");
    }
    p->clip = true;
    p->clip_min = ends[0];
    p->clip_max = ends[1];
    return true;
}

static bool read_params(const cJSON *body, struct advantage_params *p, struct error *err)
{
    static const char *const scales[] = {
        [SCALE_GROUP] = "group", [SCALE_BATCH] = "batch", [SCALE_NONE] = "none", NULL};
    static const char *const aggregations[] = {"sum_then_normalize", "normalize_then_sum", NULL};
    int scale = (int)p->scale, aggregation = 0;
    double gamma = 1;
    if (!read_name(body, "scale", scales, &scale, err) ||
        !read_name(body, "aggregation", aggregations, &aggregation, err) ||
        !json_get_double(body, "eps", 0, 1e6, &p->eps, err) ||
        !json_get_bool(body, "normalize", &p->normalize, err) ||
        !json_get_double(body, "gamma", 0, 1, &gamma, err) || !read_clip(body, p, err)) {
        return false;
    }
    p->scale = (enum advantage_scale)scale;
    p->normalize_then_sum = aggregation == 1;
    if (gamma < 1) {
        return error_set(err, ERROR_UNSUPPORTED, "gamma",
                         "gamma is %g: only at 1 do all tokens of a completion share one advantage",
                         gamma);
    }
    return true;
}

/* Consecutive rows; without group_size the whole list is one group. */
static bool read_groups(const cJSON *body, struct advantage_body *b, struct error *err)
{
    int64_t size = (int64_t)b->n;
    if (!json_get_int(body, "group_size", 1, REWARD_MAX_ITEMS, &size, err)) return false;
    b->group_size = (size_t)size;
    if (b->n % b->group_size != 0) {
        return error_set(err, ERROR_INVALID_VALUE, "group_size",
                         "%zu rewards do not divide into groups of %zu", b->n, b->group_size);
    }
    b->groups = mem_new(b->n, sizeof(*b->groups), err);
    if (b->groups == NULL) return false;
    for (size_t i = 0; i < b->n; i++) {
        b->groups[i] = i / b->group_size;
    }
    return true;
}

static bool read_vectors(const cJSON *body, struct advantage_body *b, struct error *err)
{
    const cJSON *weights = json_get(body, "weights"), *lengths = json_get(body, "lengths");
    if (weights != NULL) {
        b->weights = mem_new(b->columns, sizeof(double), err);
        if (b->weights == NULL ||
            !read_list(weights, "weights", b->columns, MAX_REWARD, false, b->weights, err)) {
            return false;
        }
    }
    if (lengths == NULL) {
        return !advantage_wants_lengths(b->params.method) ||
               error_set(err, ERROR_MISSING_FIELD, "lengths",
                         "%s needs the tokens of every completion in lengths",
                         advantage_method_name(b->params.method));
    }
    b->lengths = mem_new(b->n, sizeof(double), err);
    if (b->lengths == NULL ||
        !read_list(lengths, "lengths", b->n, MAX_REWARD, false, b->lengths, err)) {
        return false;
    }
    for (size_t i = 0; i < b->n; i++) {
        if (b->lengths[i] < 0) {
            error_set(err, ERROR_INVALID_VALUE, NULL, "a length cannot be negative");
            return error_in(err, "lengths[%zu]", i);
        }
    }
    return true;
}

static void print_list(const double *v, size_t n, struct buffer *out)
{
    buffer_add_char(out, '[');
    for (size_t i = 0; i < n; i++) {
        if (i > 0) buffer_add_char(out, ',');
        json_print_number(v[i], out);
    }
    buffer_add_char(out, ']');
}

bool reward_advantages_json(const cJSON *body, struct buffer *out, struct error *err)
{
    static const char *const keys[] = {
        "id",          "method",    "rewards", "weights", "group_size", "scale", "eps",
        "aggregation", "normalize", "clip",    "lengths", "gamma",      NULL};
    struct advantage_body b = {0};
    if (!cJSON_IsObject(body)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "the body must be an object");
    }
    bool ok = json_check_keys(body, keys, err) && read_method(body, &b, err) &&
              read_rewards(body, &b, err) && read_params(body, &b.params, err) &&
              read_groups(body, &b, err) && read_vectors(body, &b, err);
    if (ok) ok = (b.out = mem_new(b.n, sizeof(double), err)) != NULL;
    if (ok) {
        const struct advantage_table table = {.n = b.n,
                                              .columns = b.columns,
                                              .rewards = b.rewards,
                                              .weights = b.weights,
                                              .groups = b.groups,
                                              .n_groups = b.n / b.group_size,
                                              .lengths = b.lengths};
        ok = advantage_compute(&b.params, &table, b.out, err);
    }
    if (ok) {
        buffer_add_str(out, "{\"advantages\":");
        print_list(b.out, b.n, out);
        buffer_add_char(out, '}');
        ok = !out->failed || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the reply");
    }
    body_clear(&b);
    return ok;
}

/* ---- pass@k ----------------------------------------------------------------------------------------- */

static bool read_count(const cJSON *v, int64_t min, int64_t max, double *out, struct error *err)
{
    double d = cJSON_IsNumber(v) ? v->valuedouble : (double)min - 1;
    if (!(d >= (double)min && d <= (double)max) || d != floor(d)) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "must be an integer from %lld to %lld",
                         (long long)min, (long long)max);
    }
    *out = d;
    return true;
}

/* One row: n, c and k checked against each other. */
static bool one_pass_at_k(const cJSON *n, const cJSON *c, const cJSON *k, double *out,
                          struct error *err)
{
    double dn = 0, dc = 0, dk = 0;
    if (!read_count(n, 1, 1000000, &dn, err)) return error_in(err, "n");
    if (!read_count(c, 0, (int64_t)dn, &dc, err)) return error_in(err, "c");
    if (!read_count(k, 1, (int64_t)dn, &dk, err)) return error_in(err, "k");
    *out = pass_at_k((size_t)dn, (size_t)dc, (size_t)dk);
    return true;
}

static const cJSON *element(const cJSON *v, int i)
{
    return cJSON_IsArray(v) ? cJSON_GetArrayItem(v, i) : v;
}

/* Lists must be of one length; a single number goes with every row. */
static bool rows_of(const cJSON *const v[3], int *rows, struct error *err)
{
    static const char *const names[3] = {"n", "c", "k"};
    *rows = -1;
    for (int i = 0; i < 3; i++) {
        if (v[i] == NULL) {
            return error_set(err, ERROR_MISSING_FIELD, names[i], "%s is missing", names[i]);
        }
        if (!cJSON_IsArray(v[i])) continue;
        int size = cJSON_GetArraySize(v[i]);
        if (size < 1 || size > 1000 || (*rows >= 0 && size != *rows)) {
            return error_set(err, ERROR_INVALID_VALUE, names[i],
                             "lists of n, c and k must have one length, 1 to 1000");
        }
        *rows = size;
    }
    return true;
}

bool reward_pass_at_k_json(const cJSON *body, struct buffer *out, struct error *err)
{
    static const char *const keys[] = {"id", "n", "c", "k", NULL};
    if (!cJSON_IsObject(body)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "the body must be an object");
    }
    const cJSON *const v[3] = {json_get(body, "n"), json_get(body, "c"), json_get(body, "k")};
    int rows;
    if (!json_check_keys(body, keys, err) || !rows_of(v, &rows, err)) return false;
    buffer_add_str(out, rows < 0 ? "{\"pass_at_k\":" : "{\"pass_at_k\":[");
    for (int i = 0; i < (rows < 0 ? 1 : rows); i++) {
        double p = 0;
        if (!one_pass_at_k(element(v[0], i), element(v[1], i), element(v[2], i), &p, err)) {
            return false;
        }
        if (i > 0) buffer_add_char(out, ',');
        json_print_number(p, out);
    }
    buffer_add_str(out, rows < 0 ? "}" : "]}");
    return !out->failed;
}
