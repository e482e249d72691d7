/* reward/judge/advantage_json.c - the bodies of POST /verify/advantages and /verify/pass_at_k.
 *
 * Two small calculators for trainers that have rewards already. A body is read by its rows into an
 * arena (advantage_body), its fields are checked against each other (every row of rewards as wide
 * as the first, every vector as long as the rows), and handed to the same functions that /verify
 * uses (advantage.h); the reply is one list. Whatever is wrong refuses the request, with the path of
 * the number at fault: there is no item to blame.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/tables.h"

#include <math.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/emit.h"
#include "base/fields.h"
#include "base/json.h"
#include "reward/judge/advantage_read.h"
#include "reward/row/limits.h"

#define MAX_REWARD 1e12

/* A request taken apart; vectors are in the arena. */
struct advantage_body {
    struct advantage_given given;
    struct advantage_params params;
    int64_t group_size; /* 0: all are one group */
    struct number_list weights, lengths;
    const cJSON *list; /* "rewards": numbers, or rows of numbers: */
    size_t n, columns;
    double *rewards; /* [n, columns]; NaN: null */
};

#define AT(field) .offset = offsetof(struct advantage_body, field)
#define REWARDS .min = -MAX_REWARD, .max = MAX_REWARD
/* clang-format off */
static const struct field body_rows[] = {
    {"id", .kind = FIELD_IGNORED, .doc = "the caller's own"},
    {"rewards",    FIELD_ARRAY, AT(list), .required = true,
     .shape = "array", .doc = "one number a completion, or one list of as many; null: none"},
    {"weights",    FIELD_NUMBERS, AT(weights), REWARDS, .doc = "one a column of rewards; none: 1 each"},
    {"group_size", FIELD_INT64, AT(group_size), .min = 1, .max = REWARD_MAX_ITEMS,
     .doc = "so many completions in a row are one group; none: all of them"},
    {"lengths",    FIELD_NUMBERS, AT(lengths), .min = 0, .max = MAX_REWARD,
     .doc = "the tokens of each completion, for methods that weigh by them"},
    {0},
};
/* clang-format on */
const struct field *const reward_advantages_fields[] = {body_rows, advantage_rows, NULL};

/* ---- rewards ---- */

/* A number within +-MAX_REWARD, or null, which is NaN. */
static bool read_reward(const cJSON *v, double *out, struct error *err)
{
    *out = cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
    if (!cJSON_IsNumber(v) && !cJSON_IsNull(v)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "must be a number or null, not %s",
                         json_type_name(v));
    }
    return !(fabs(*out) > MAX_REWARD) ||
           error_set(err, ERROR_INVALID_VALUE, NULL, "%g is beyond +-%g", *out, MAX_REWARD);
}

/* A list of n of them into out. */
static bool read_reward_list(const cJSON *list, size_t n, double *out, struct error *err)
{
    size_t i = 0;
    const cJSON *v;
    if (!cJSON_IsArray(list) || (size_t)cJSON_GetArraySize(list) != n) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "a list of %zu is wanted here", n);
    }
    cJSON_ArrayForEach(v, list)
    {
        if (!read_reward(v, &out[i], err)) return error_in(err, "[%zu]", i);
        i++;
    }
    return true;
}

static bool read_rewards(struct advantage_body *b, struct arena *a, struct error *err)
{
    const cJSON *row, *first = b->list->child;
    bool flat = !cJSON_IsArray(first);
    int n = cJSON_GetArraySize(b->list), columns = flat ? 1 : cJSON_GetArraySize(first);
    if (n < 1 || n > REWARD_MAX_ITEMS) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "%d completions; there must be 1 to %d", n,
                         REWARD_MAX_ITEMS);
    }
    if (columns < 1 || columns > REWARD_MAX_SPECS) {
        return error_set(err, ERROR_INVALID_VALUE, "[0]", "%d columns; there must be 1 to %d",
                         columns, REWARD_MAX_SPECS);
    }
    b->n = (size_t)n;
    b->columns = (size_t)columns;
    b->rewards = arena_alloc(a, b->n * b->columns, sizeof(double));
    if (b->rewards == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for rewards");
    if (flat) return read_reward_list(b->list, b->n, b->rewards, err);
    size_t i = 0;
    cJSON_ArrayForEach(row, b->list)
    {
        if (!read_reward_list(row, b->columns, b->rewards + i * b->columns, err)) {
            return error_in(err, "[%zu]", i);
        }
        i++;
    }
    return true;
}

/* ---- fields against each other ---- */

static bool check_length(const struct number_list *list, size_t n, const char *name,
                         struct error *err)
{
    return list->values == NULL || list->n == n ||
           error_set(err, ERROR_INVALID_VALUE, name, "%s must be a list of %zu", name, n);
}

static bool check_vectors(const struct advantage_body *b, struct error *err)
{
    if (!check_length(&b->weights, b->columns, "weights", err) ||
        !check_length(&b->lengths, b->n, "lengths", err)) {
        return false;
    }
    return b->lengths.values != NULL || !advantage_wants_lengths(b->params.method) ||
           error_set(err, ERROR_MISSING_FIELD, "lengths",
                     "%s needs the tokens of every completion in lengths",
                     advantage_method_name(b->params.method));
}

static bool read_body(const cJSON *body, struct arena *a, struct advantage_body *b,
                      struct error *err)
{
    struct field_table tables[] = {FIELD_TABLE(body_rows, b), advantage_fields(&b->given)};
    struct field_context context = {.arena = a};
    if (!fields_read(body, tables, 2, &context, err)) return false;
    if (!read_rewards(b, a, err)) return error_in(err, "rewards");
    if (b->given.method == ADVANTAGE_NONE) {
        return error_set(err, ERROR_INVALID_VALUE, "method", "\"none\" has no advantages");
    }
    if (!advantage_take(&b->given, &b->params, err)) return false;
    if (b->group_size == 0) b->group_size = (int64_t)b->n;
    if (b->n % (size_t)b->group_size != 0) {
        return error_set(err, ERROR_INVALID_VALUE, "group_size",
                         "%zu rewards do not divide into groups of %lld", b->n,
                         (long long)b->group_size);
    }
    return advantage_check_group(b->params.method, (size_t)b->group_size, err) &&
           check_vectors(b, err);
}

/* ---- computing ---- */

/* Groups are rows in a row. */
static bool compute(const struct advantage_body *b, struct arena *a, struct buffer *out,
                    struct error *err)
{
    size_t *groups = arena_alloc(a, b->n, sizeof(*groups));
    double *advantages = arena_alloc(a, b->n, sizeof(*advantages));
    if (groups == NULL || advantages == NULL) {
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for advantages");
    }
    for (size_t i = 0; i < b->n; i++) {
        groups[i] = i / (size_t)b->group_size;
    }
    const struct advantage_table table = {.n = b->n,
                                          .columns = b->columns,
                                          .rewards = b->rewards,
                                          .weights = b->weights.values,
                                          .groups = groups,
                                          .n_groups = b->n / (size_t)b->group_size,
                                          .lengths = b->lengths.values};
    if (!advantage_compute(&b->params, &table, advantages, err)) return false;
    emit_object(out, NULL);
    emit_array(out, "advantages");
    for (size_t i = 0; i < b->n; i++) {
        emit_double(out, NULL, advantages[i]);
    }
    emit_close(out, ']');
    emit_close(out, '}');
    return !out->failed || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the reply");
}

bool reward_advantages_json(const cJSON *body, struct buffer *out, struct error *err)
{
    struct advantage_body b = {0};
    struct arena *a = arena_new(REWARD_JOB_BYTES);
    if (a == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the request");
    bool ok = read_body(body, a, &b, err) && compute(&b, a, out, err);
    arena_free(a);
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

/* The count of row i: v itself, or its element. */
static bool read_row_count(const cJSON *v, int i, int64_t min, int64_t max, double *out,
                           struct error *err)
{
    if (!cJSON_IsArray(v)) return read_count(v, min, max, out, err);
    return read_count(cJSON_GetArrayItem(v, i), min, max, out, err) || error_in(err, "[%d]", i);
}

/* Row i of n, c and k, checked against each other. */
static bool one_pass_at_k(const cJSON *const v[3], int i, double *out, struct error *err)
{
    double n = 0, c = 0, k = 0;
    if (!read_row_count(v[0], i, 1, 1000000, &n, err)) return error_in(err, "n");
    if (!read_row_count(v[1], i, 0, (int64_t)n, &c, err)) return error_in(err, "c");
    if (!read_row_count(v[2], i, 1, (int64_t)n, &k, err)) return error_in(err, "k");
    *out = pass_at_k((size_t)n, (size_t)c, (size_t)k);
    return true;
}

/* Lists must be of one length; a single number goes with every row. */
static bool rows_of(const cJSON *const v[3], int *rows, struct error *err)
{
    static const char *const names[3] = {"n", "c", "k"};
    *rows = -1;
    for (int i = 0; i < 3; i++) {
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

#undef AT
#define AT(i) .offset = (i) * sizeof(const cJSON *)
static const struct field pass_rows[] = {
    {"id", .kind = FIELD_IGNORED, .doc = "the caller's own"},
    {"n", FIELD_VALUE, AT(0), .required = true, .shape = "integer|integer[]",
     .doc = "samples, or a list, one a problem"},
    {"c", FIELD_VALUE, AT(1), .required = true, .shape = "integer|integer[]",
     .doc = "how many of them are right; likewise"},
    {"k", FIELD_VALUE, AT(2), .required = true, .shape = "integer|integer[]",
     .doc = "how many are drawn; likewise"},
    {0},
};
const struct field *const reward_pass_at_k_fields[] = {pass_rows, NULL};

bool reward_pass_at_k_json(const cJSON *body, struct buffer *out, struct error *err)
{
    const cJSON *v[3] = {0};
    struct field_table table = FIELD_TABLE(pass_rows, v);
    struct field_context context = {0};
    int rows;
    if (!fields_read(body, &table, 1, &context, err) || !rows_of(v, &rows, err)) return false;
    emit_object(out, NULL);
    emit_key(out, "pass_at_k");
    if (rows >= 0) emit_array(out, NULL);
    for (int i = 0; i < (rows < 0 ? 1 : rows); i++) {
        double p = 0;
        if (!one_pass_at_k(v, i, &p, err)) return false;
        emit_double(out, NULL, p);
    }
    if (rows >= 0) emit_close(out, ']');
    emit_close(out, '}');
    return !out->failed || error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for the reply");
}
