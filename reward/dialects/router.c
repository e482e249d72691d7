/* reward/dialects/router.c - POST /execute_batch of open-r1's E2B and Morph routers, in one
 * reply that both clients read.
 *
 * Contract: open-r1 scripts/e2b_router.py, scripts/morph_router.py; the clients are
 * open_r1/utils/routed_sandbox.py and routed_morph.py.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/order.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "base/emit.h"

struct router_body {
    struct text_list scripts, languages;
    struct span language;
    double timeout_s, request_timeout_s;
};

#define AT(field) .offset = offsetof(struct router_body, field)
#define SECONDS(field) FIELD_DOUBLE, AT(field), .min = 0.01, .max = 1e6
/* clang-format off */
static const struct field rows[] = {
    {"scripts",   FIELD_TEXTS, AT(scripts), .required = true, .max = EXECUTION_MAX_PROGRAMS,
     .doc = "the programs, each run by itself"},
    {"languages", FIELD_TEXTS, AT(languages), .max = EXECUTION_MAX_PROGRAMS,
     .doc = "the language of each program, in their order"},
    {"language",  FIELD_TEXT, AT(language), .fallback = "\"python\"",
     .doc = "of all programs, from older clients: where there is no \"languages\""},
    {"timeout",   SECONDS(timeout_s), .fallback = "1e6",
     .doc = "for each program, in seconds; held to the server's most"},
    {"request_timeout", SECONDS(request_timeout_s), .fallback = "30",
     .doc = "so long the client waits for the reply, in seconds; without effect here"},
    {0},
};
/* clang-format on */
const struct field *const router_fields[] = {rows, NULL};

/* The i-th script's language. */
static bool find_language(const struct router_body *b, size_t i, const struct language **out,
                          struct error *err)
{
    bool listed = b->languages.texts != NULL;
    assert(!listed || i < b->languages.n);
    if (order_find_language(listed ? b->languages.texts[i] : b->language, out, err)) return true;
    return listed ? error_in(err, "languages[%zu]", i) : error_in(err, "language");
}

static bool router_read(struct execution *x, struct error *err)
{
    struct router_body b = {0};
    struct execute_order *o = order_new(x, err);
    if (o == NULL || !order_read_body(x, rows, &b, err)) return false;
    if (b.languages.texts != NULL && b.languages.n != b.scripts.n) {
        return error_set(err, ERROR_INVALID_VALUE, "languages", "%zu scripts but %zu languages",
                         b.scripts.n, b.languages.n);
    }
    o->compile_ms = 10000;
    o->run_ms = fmin(b.timeout_s, ORDER_MAX_SECONDS) * 1000;
    o->cell = true;
    if (!order_make_runs(x, b.scripts.n + 1, err)) return false;
    for (size_t i = 0; i < b.scripts.n; i++) {
        o->source = b.scripts.texts[i];
        if (!find_language(&b, i, &o->language, err) || !order_add_run(x, o, err)) return false;
    }
    return true;
}

/* Python's last line of a traceback: "Name: value". */
static void print_exception(const struct execute_stage *stage, struct buffer *out)
{
    struct span all = span_trim(stage->err);
    size_t line = span_find_last(all, span_str("\n"));
    struct span last = span_slice(all, line == SPAN_NONE ? 0 : line + 1, all.n);
    size_t colon = span_find(last, span_str(": "), 0);
    struct span value = span_slice(last, colon == SPAN_NONE ? last.n : colon + 2, last.n);
    emit_object(out, "error");
    emit_text(out, "name", span_slice(last, 0, colon == SPAN_NONE ? last.n : colon));
    emit_text(out, "value", value);
    emit_text(out, "traceback", all);
    emit_close(out, '}');
}

/* A stream as the notebook's list of pieces. */
static void print_pieces(const char *key, struct span text, struct buffer *out)
{
    emit_array(out, key);
    if (text.n > 0) emit_text(out, NULL, text);
    emit_close(out, ']');
}

/* E2B's Execution. */
static void print_execution(const struct execute_stage *stage, struct buffer *out)
{
    emit_object(out, "execution");
    emit_array(out, "results");
    if (stage->value.n > 0) {
        emit_object(out, NULL);
        emit_text(out, "text", stage->value);
        emit_bool(out, "is_main_result", true);
        emit_close(out, '}');
    }
    emit_close(out, ']');
    emit_object(out, "logs");
    print_pieces("stdout", stage->out, out);
    print_pieces("stderr", stage->err, out);
    emit_close(out, '}');
    if (stage_is_good(stage)) {
        emit_null(out, "error");
    } else {
        print_exception(stage, out);
    }
    emit_int(out, "execution_count", 1);
    emit_close(out, '}');
}

/* What ended it, where that was not the program itself; p NULL: it was. */
static struct span router_exception(const struct execution_run *r,
                                    const struct execute_stage **stage)
{
    const struct execute_outcome *o = &r->outcome;
    struct span fault = execution_fault(r);
    *stage = o->run.ran ? &o->run : &o->compile;
    if (fault.p != NULL) return fault;
    if (!(*stage)->ran) return span_str("the program did not run");
    if ((*stage)->end == SANDBOX_TIME) return span_str("time limit exceeded");
    if ((*stage)->end == SANDBOX_OUTPUT) return span_str("output limit exceeded");
    return span_of(NULL, 0);
}

/* "text" beside the execution is what Morph's client reads: the value, or what was printed. */
static void print_run(const struct execution_run *r, struct buffer *out)
{
    const struct execute_stage *stage;
    struct span exception = router_exception(r, &stage);
    emit_object(out, NULL);
    if (exception.p == NULL) {
        print_execution(stage, out);
        emit_text(out, "text", stage->value.n > 0 ? stage->value : stage->out);
        emit_null(out, "exception_str");
    } else {
        emit_null(out, "execution");
        emit_null(out, "text");
        emit_text(out, "exception_str", exception);
    }
    emit_close(out, '}');
}

static void router_reply(const struct execution *x, struct buffer *out)
{
    emit_array(out, NULL);
    for (size_t i = 0; i < x->n; i++) {
        print_run(&x->runs[i], out);
    }
    emit_close(out, ']');
}

const struct execution_row execution_router = {
    .read = router_read, .reply = router_reply, .busy = ERROR_QUEUE_FULL};
