/* reward/sql/sql.c - the reward "sql": does the answer's query give the rows that the gold's gives?
 *
 * In the server only the item is checked and the query found. A worker runs gold and answer, each
 * on a database of its own made from the item's script, each in a process of its own behind walls
 * (confine.c); so the answer's process never holds what is expected, and the worker compares.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <math.h>

#include "base/json.h"
#include "reward/rules/text.h"
#include "reward/sql/confine.h"
#include "reward/sql/database.h"
#include "reward/sql/query_text.h"
#include "reward/sql/tables.h"

enum {
    OPT_COMPARE,
    OPT_ABS_TOL,
    OPT_REL_TOL,
    OPT_TIMEOUT_S,
    OPT_SCRIPT_S,
    OPT_MEMORY_MB,
    OPT_RAW,
};

enum compare { COMPARE_ROWS, COMPARE_BIRD, COMPARE_SPIDER, COMPARE_ORDERED };

enum { MOST_GOLDS = 16, ANSWER_BYTES = 48 << 20, RESULT_BYTES = 8 << 20, MOST_SHOWN = 300 };

struct question {
    struct span script, given;
    struct span golds[MOST_GOLDS];
    size_t n;
};

/* ---- the item -------------------------------------------------------------------------------- */

static bool add_gold(struct question *q, const cJSON *v, struct arena *a, struct error *err)
{
    if (!cJSON_IsString(v)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "must be a query, not %s",
                         json_type_name(v));
    }
    if (q->n == MOST_GOLDS) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "at most %d queries", MOST_GOLDS);
    }
    if (json_has_nul(v)) {
        return error_set(err, ERROR_INVALID_VALUE, NULL, "a query must not hold U+0000");
    }
    q->golds[q->n++] = json_text(v, a);
    return true;
}

/* The gold is `answer`, a query or a list of which any counts, or else Spider's `query`, BIRD's
 * `SQL`. */
static bool read_golds(const struct reward_call *call, struct question *q, struct error *err)
{
    static const char *const names[] = {"answer", "query", "SQL", "sql"};
    const cJSON *v = NULL, *one;
    size_t i = 0;
    for (; v == NULL && i < sizeof(names) / sizeof(names[0]); i++) {
        v = json_get(call->item, names[i]);
    }
    if (v == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "answer", "the gold query is missing (answer)");
    }
    bool ok = true;
    if (!cJSON_IsArray(v)) ok = add_gold(q, v, call->arena, err);
    cJSON_ArrayForEach(one, v)
    {
        ok = ok && (!cJSON_IsArray(v) || add_gold(q, one, call->arena, err));
    }
    if (!ok) return error_in(err, "%s", names[i - 1]);
    return q->n > 0 || error_set(err, ERROR_INVALID_VALUE, names[i - 1], "no gold query is given");
}

static bool read_question(const struct reward_call *call, struct question *q, struct error *err)
{
    const cJSON *database = json_get(call->item, "database");
    if (database == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "database", "database is missing");
    }
    if (!tables_script(database, call->arena, &q->script, err)) return error_in(err, "database");
    return read_golds(call, q, err);
}

/* ---- running --------------------------------------------------------------------------------- */

static const char *const failures[QUERY_ENDS] = {
    [QUERY_ROWS] = NULL,
    [QUERY_NO_DATABASE] = "database_fails",
    [QUERY_FAILS] = "query_fails",
    [QUERY_TIME] = "query_time",
    [QUERY_MEMORY] = "query_memory",
    [QUERY_TOO_MANY] = "result_too_large",
};

/* Where the process behind the walls gave no answer of its own. */
static struct query_answer unanswered(enum confine_end end)
{
    return (struct query_answer){
        .end = end == CONFINE_TIME ? QUERY_TIME : QUERY_MEMORY,
        .message = span_str(end == CONFINE_TIME ? "out of time" : "the process died")};
}

/* False: there are no walls here, or no process can be made; out->cause says which. */
static bool run_query(const struct reward_call *call, struct span script, struct span query,
                      struct query_answer *answer, struct reward_out *out)
{
    const struct option_value *o = call->options;
    struct query_order order = {.script = script,
                                .query = query,
                                .script_s = o[OPT_SCRIPT_S].real,
                                .query_s = o[OPT_TIMEOUT_S].real,
                                .memory_bytes = (size_t)o[OPT_MEMORY_MB].i << 20,
                                .result_bytes = RESULT_BYTES};
    struct buffer packed;
    buffer_init(&packed, ANSWER_BYTES);
    int seconds = (int)ceil(order.script_s + order.query_s) + 1;
    enum confine_end end = confine_run(database_answer, &order, seconds, &packed);
    char *copy = end == CONFINE_DONE ? arena_str(call->arena, buffer_span(&packed)) : NULL;
    struct span text = span_of(copy, copy == NULL ? 0 : packed.n);
    buffer_clear(&packed);
    *answer = unanswered(end);
    bool read = copy != NULL && database_read_answer(text, call->arena, answer);
    if (end == CONFINE_NO_MEMORY) out->cause = "no_memory";
    if (end == CONFINE_NO_WALLS) out->cause = "no_sandbox";
    if (end == CONFINE_FAULT) out->cause = "sandbox_error";
    if (end == CONFINE_DONE && !read) {
        *answer = (struct query_answer){.end = QUERY_TOO_MANY,
                                        .message = span_str("the result is too large")};
    }
    return out->cause == NULL;
}

static enum score_status cannot(struct reward_out *out, const char *cause,
                                const struct query_answer *answer)
{
    out->cause = cause;
    detail_text(out, "message", span_slice(answer->message, 0, MOST_SHOWN));
    return SCORE_CANNOT;
}

static enum score_status fails(struct reward_out *out, const char *cause, struct span message)
{
    out->value = 0;
    out->verdict = VERDICT_INCORRECT;
    out->cause = cause;
    if (message.n > 0) detail_text(out, "message", span_slice(message, 0, MOST_SHOWN));
    return SCORE_DONE;
}

static struct rows_comparison how_to_compare(const struct reward_call *call, struct span gold)
{
    const struct option_value *o = call->options;
    enum compare c = (enum compare)o[OPT_COMPARE].choice;
    struct rows_comparison how = {.absolute = o[OPT_ABS_TOL].real, .relative = o[OPT_REL_TOL].real};
    how.distinct = c == COMPARE_BIRD;
    how.any_columns = c == COMPARE_SPIDER;
    how.ordered = c == COMPARE_ORDERED || (c != COMPARE_BIRD && query_is_ordered(gold));
    return how;
}

static void show(struct reward_out *out, const struct rows *given, const struct rows *wanted)
{
    detail_number(out, "rows", (double)given->n);
    detail_number(out, "columns", (double)given->columns);
    detail_number(out, "expected_rows", (double)wanted->n);
    detail_number(out, "expected_columns", (double)wanted->columns);
}

/* Every gold must run: one that fails may be the only one that the answer is right by. */
static enum score_status compare_all(const struct reward_call *call, const struct question *q,
                                     const struct query_answer *given, struct reward_out *out)
{
    bool same = false;
    struct query_answer gold = {0};
    for (size_t i = 0; i < q->n && !same; i++) {
        if (!run_query(call, q->script, q->golds[i], &gold, out)) return SCORE_CANNOT;
        if (gold.end == QUERY_NO_DATABASE) return cannot(out, "database_fails", &gold);
        if (gold.end != QUERY_ROWS) return cannot(out, "gold_fails", &gold);
        if (given->end != QUERY_ROWS) continue;
        struct rows_comparison how = how_to_compare(call, q->golds[i]);
        same = rows_same(&gold.rows, &given->rows, &how, call->arena);
        if (arena_failed(call->arena)) return text_too_large(out);
    }
    if (given->end != QUERY_ROWS) return fails(out, failures[given->end], given->message);
    show(out, &given->rows, &gold.rows);
    out->value = same ? 1 : 0;
    out->verdict = same ? VERDICT_CORRECT : VERDICT_INCORRECT;
    out->cause = same ? "same_rows" : "other_rows";
    return SCORE_DONE;
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    struct question q = {0};
    struct query_answer given;
    if (!read_question(call, &q, out->err)) return SCORE_FAULT;
    struct span whole = text_join(call->prefill, call->completion, call->arena);
    q.given = call->options[OPT_RAW].on ? span_trim(call->completion)
                                        : query_find(text_after_think(whole));
    if (q.given.n == 0) return fails(out, "no_query", span_of(NULL, 0));
    if (!call->in_worker) return SCORE_DEFER;
    if (!run_query(call, q.script, q.given, &given, out)) return SCORE_CANNOT;
    if (given.end == QUERY_NO_DATABASE) return cannot(out, "database_fails", &given);
    out->vote = q.given;
    detail_text(out, "query", span_slice(q.given, 0, MOST_SHOWN));
    return compare_all(call, &q, &given, out);
}

/* The script is run for the answer and for each gold. */
static int budget_ms(const struct reward_call *call)
{
    const struct option_value *o = call->options;
    return (int)((o[OPT_TIMEOUT_S].real + o[OPT_SCRIPT_S].real + 2) * 1000) * 3;
}

static const char *const compares[] = {[COMPARE_ROWS] = "rows",
                                       [COMPARE_BIRD] = "bird",
                                       [COMPARE_SPIDER] = "spider",
                                       [COMPARE_ORDERED] = "ordered",
                                       NULL};

static const char *const causes[] = {"same_rows",        "other_rows",    "no_query",
                                     "query_fails",      "query_time",    "query_memory",
                                     "result_too_large", "gold_fails",    "database_fails",
                                     "no_sandbox",       "sandbox_error", NULL};

/* clang-format off */
static const struct field options[] = {
    {.name = "compare", .kind = FIELD_CHOICE, .fallback = "\"rows\"", .choices = compares,
     .doc = "rows: each as often, in order where the gold has ORDER BY; bird: as a set; spider: as rows, columns in any order; ordered: always in order"},
    {.name = "abs_tol", .kind = FIELD_DOUBLE, .fallback = "1e-9", .min = 0, .max = 1e6, .doc = "absolute tolerance of fractions"},
    {.name = "rel_tol", .kind = FIELD_DOUBLE, .fallback = "1e-9", .min = 0, .max = 1, .doc = "relative tolerance of fractions"},
    {.name = "timeout_s", .kind = FIELD_DOUBLE, .fallback = "2", .min = 0.01, .max = 30, .doc = "CPU seconds of a query"},
    {.name = "script_s", .kind = FIELD_DOUBLE, .fallback = "2", .min = 0.01, .max = 30, .doc = "CPU seconds of making the database"},
    {.name = "memory_mb", .kind = FIELD_INT64, .fallback = "128", .min = 4, .max = 384, .doc = "memory of a database and its query, in MiB"},
    {.name = "raw", .kind = FIELD_BOOL, .fallback = "false", .doc = "the whole completion is the query"},
    {0},
};

static const struct field fields[] = {
    {"database", FIELD_VALUE, .doc = "an SQL script (as sqlite3's .dump), a list of them, or tables {name: {columns, rows}} or {name: [objects]}"},
    {"query", FIELD_VALUE, .doc = "Spider's gold query, where there is no answer"},
    {"SQL", FIELD_VALUE, .doc = "BIRD's gold query, likewise"},
    {"sql", FIELD_VALUE, .doc = "likewise"},
    {0},
};
/* clang-format on */

const struct reward sql_reward = {
    .name = "sql",
    .doc = "whether the query in the answer gives the gold query's rows, on a database in memory",
    .source = "BIRD, arXiv 2305.03111; Spider's test suites, arXiv 2010.02840",
    .options = options,
    .fields = fields,
    .causes = causes,
    .tells_correct = true,
    .score = score,
    .budget_ms = budget_ms,
};
