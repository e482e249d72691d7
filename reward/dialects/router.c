/* reward/dialects/router.c - POST /execute_batch of open-r1's E2B and Morph routers, in one
 * reply that both clients read.
 *
 * Contract: open-r1 scripts/e2b_router.py, scripts/morph_router.py; the clients are
 * open_r1/utils/routed_sandbox.py and routed_morph.py.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/dialects/order.h"

#include <math.h>

#include "base/json.h"

/* The i-th script's language: of "languages", the one "language" of older clients, or Python. */
static const char *router_language(const cJSON *body, int i)
{
    const cJSON *list = json_get(body, "languages"), *one = json_get(body, "language");
    if (cJSON_IsArray(list)) return cJSON_GetArrayItem(list, i)->valuestring;
    return cJSON_IsString(one) ? one->valuestring : "python";
}

static bool router_check(const cJSON *b, double *timeout_s, struct error *err)
{
    static const char *const keys[] = {"scripts", "languages",       "language",
                                       "timeout", "request_timeout", NULL};
    const cJSON *scripts = json_get(b, "scripts"), *languages = json_get(b, "languages");
    const char *one = NULL;
    double request_s = 30;
    if (!json_check_keys(b, keys, err)) return false;
    if (scripts == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "scripts", "scripts is missing");
    }
    if (!order_read_strings(scripts, "scripts", EXECUTION_MAX_PROGRAMS, NULL, err) ||
        !order_read_strings(languages, "languages", EXECUTION_MAX_PROGRAMS, NULL, err) ||
        !json_get_string(b, "language", &one, err) ||
        !json_get_double(b, "timeout", 0.01, 1e6, timeout_s, err) ||
        !json_get_double(b, "request_timeout", 0.01, 1e6, &request_s, err)) {
        return false;
    }
    if (languages != NULL && cJSON_GetArraySize(languages) != cJSON_GetArraySize(scripts)) {
        return error_set(err, ERROR_INVALID_VALUE, "languages", "%d scripts but %d languages",
                         cJSON_GetArraySize(scripts), cJSON_GetArraySize(languages));
    }
    *timeout_s = fmin(*timeout_s, ORDER_MAX_SECONDS);
    return true;
}

static bool router_read(struct execution *x, struct error *err)
{
    const cJSON *script, *scripts = json_get(x->body, "scripts");
    double run_s = ORDER_MAX_SECONDS;
    struct execute_order *o = order_new(x, err);
    if (o == NULL || !router_check(x->body, &run_s, err) ||
        !order_make_runs(x, (size_t)cJSON_GetArraySize(scripts) + 1, err)) {
        return false;
    }
    o->compile_ms = 10000;
    o->run_ms = run_s * 1000;
    o->cell = true;
    int i = 0;
    cJSON_ArrayForEach(script, scripts)
    {
        if (!order_read_language(router_language(x->body, i), &o->language, err)) {
            return error_in(err, "languages[%d]", i);
        }
        o->source = json_text(script, x->arena);
        if (!order_add_run(x, o, err)) return false;
        i++;
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
    buffer_add_str(out, "{\"name\":");
    json_print_text(span_slice(last, 0, colon == SPAN_NONE ? last.n : colon), out);
    buffer_add_str(out, ",\"value\":");
    json_print_text(value, out);
    buffer_add_str(out, ",\"traceback\":");
    json_print_text(all, out);
    buffer_add_char(out, '}');
}

/* A stream as the notebook's list of pieces. */
static void print_pieces(const char *key, struct span text, struct buffer *out)
{
    buffer_addf(out, "\"%s\":[", key);
    if (text.n > 0) json_print_text(text, out);
    buffer_add_char(out, ']');
}

/* E2B's Execution; "text" beside it is what Morph's client reads: the value, or what was printed. */
static void print_execution(const struct execute_stage *stage, struct buffer *out)
{
    bool has_value = stage->value.n > 0;
    buffer_add_str(out, "{\"execution\":{\"results\":[");
    if (has_value) {
        buffer_add_str(out, "{\"text\":");
        json_print_text(stage->value, out);
        buffer_add_str(out, ",\"is_main_result\":true}");
    }
    buffer_add_str(out, "],\"logs\":{");
    print_pieces("stdout", stage->out, out);
    buffer_add_char(out, ',');
    print_pieces("stderr", stage->err, out);
    buffer_add_str(out, "},\"error\":");
    if (stage_is_good(stage)) {
        buffer_add_str(out, "null");
    } else {
        print_exception(stage, out);
    }
    buffer_add_str(out, ",\"execution_count\":1}");
    outcome_print_text("text", has_value ? stage->value : stage->out, out);
    buffer_add_str(out, ",\"exception_str\":null}");
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

static void router_reply(const struct execution *x, struct buffer *out)
{
    buffer_add_char(out, '[');
    for (size_t i = 0; i < x->n; i++) {
        const struct execute_stage *stage;
        struct span exception = router_exception(&x->runs[i], &stage);
        if (i > 0) buffer_add_char(out, ',');
        if (exception.p == NULL) {
            print_execution(stage, out);
            continue;
        }
        buffer_add_str(out, "{\"execution\":null,\"text\":null,\"exception_str\":");
        json_print_text(exception, out);
        buffer_add_char(out, '}');
    }
    buffer_add_char(out, ']');
}

const struct execution_row execution_router = {
    .read = router_read, .reply = router_reply, .busy = ERROR_QUEUE_FULL};
