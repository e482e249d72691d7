/* reward/rules/accuracy.c - is the final answer right? The registry's row over reward/math.
 *
 * Checks the options once a request (prepare), then judges: in process what is provably cheap, in a
 * worker the rest. Two answers vote alike when math_equal() finds them equal cheaply.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "reward/math/math.h"
#include "reward/rules/choice_list.h"

enum { MAX_GOLDS = 64 };

enum {
    OPT_MODE,
    OPT_FORM,
    OPT_PRESET,
    OPT_EXTRACT,
    OPT_PRECISION,
    OPT_STRICT,
    OPT_SET_RELATION,
    OPT_REQUIRE_BOXED,
    OPT_BOXED_ANYWHERE,
    OPT_REASONING_END,
    OPT_ANSWER_TAG,
    OPT_FIRST_ANSWER,
    OPT_BRACKETS,
    OPT_CHOICES,
    OPT_LANGUAGE,
    OPT_ABS_TOL,
    OPT_REL_TOL,
    OPT_UNORDERED,
    OPT_LOCATION,
    OPT_UNITS,
    OPT_PERCENT,
    OPT_ALL_ANSWERS,
    OPT_EXPLAIN,
    OPT_EQUIVALENCE,
};

static const char *const modes[] = {
    [MATH_AUTO] = "auto",     [MATH_MATH] = "math", [MATH_NUMBER] = "number",
    [MATH_CHOICE] = "choice", [MATH_TEXT] = "text", NULL};
static const char *const forms[] = {[MATH_FORM_TEXT] = "text", [MATH_FORM_BARE] = "bare", NULL};
static const char *const presets[] = {
#define PRESET_NAME(name, wire, ...) [MATH_PRESET_##name] = wire,
    MATH_PRESET_MAP(PRESET_NAME)
#undef PRESET_NAME
        NULL};
static const char *const locations[] = {
    [MATH_LAST] = "last", [MATH_FIRST] = "first", [MATH_EXACT] = "exact", NULL};

/* Options ready for math_judge(), with the memory that they borrow from. */
struct accuracy {
    struct math_options options;
    struct choice_list choices;
    bool all_answers, explain;
    struct arena *arena;
};

static bool read_extract(const cJSON *list, unsigned *out, struct error *err)
{
    static const char *const names[] = {"latex", "expr", "string"};
    const cJSON *v;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) == 0) {
        return error_set(err, ERROR_INVALID_TYPE, "extract",
                         "extract must be a list of \"latex\", \"expr\", \"string\"");
    }
    *out = 0;
    cJSON_ArrayForEach(v, list)
    {
        unsigned bit = 0;
        for (unsigned i = 0; i < 3; i++) {
            if (cJSON_IsString(v) && strcmp(v->valuestring, names[i]) == 0) bit = 1u << i;
        }
        if (bit == 0) {
            return error_set(err, ERROR_INVALID_VALUE, "extract",
                             "extract knows \"latex\", \"expr\" and \"string\"");
        }
        *out |= bit;
    }
    return true;
}

static void use_choices(const struct choice_list *list, struct math_options *o)
{
    o->choices = list->names;
    o->contents = list->told ? list->contents : NULL;
    o->n_choices = list->n;
}

static bool copy_text(struct arena *a, struct span s, struct span *out, struct error *err)
{
    char *copy = arena_str(a, s);
    *out = span_of(copy, copy == NULL ? 0 : s.n);
    return copy != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "no memory for an option");
}

/* A switch: what the request gives wins over the preset. */
static void take_bool(const struct option_value *v, bool *out)
{
    if (v->given) *out = v->on;
}

static bool fill(struct accuracy *x, const struct option_value *v, struct error *err)
{
    struct math_options *o = &x->options;
    *o = MATH_PRESET_OPTIONS[v[OPT_PRESET].choice];
    if (v[OPT_MODE].given) o->mode = (enum math_mode)v[OPT_MODE].choice;
    if (v[OPT_FORM].given) o->form = (enum math_form)v[OPT_FORM].choice;
    if (v[OPT_LOCATION].given) o->location = (enum math_location)v[OPT_LOCATION].choice;
    if (o->location == MATH_FIRST) o->first_answer = true;
    if (v[OPT_PRECISION].given) {
        o->precision = (int)v[OPT_PRECISION].i;
        o->precision_given = true;
    }
    if (v[OPT_ABS_TOL].given) o->abs_tol = v[OPT_ABS_TOL].real;
    if (v[OPT_REL_TOL].given) o->rel_tol = v[OPT_REL_TOL].real;
    take_bool(&v[OPT_STRICT], &o->strict);
    take_bool(&v[OPT_SET_RELATION], &o->allow_set_relation_comp);
    take_bool(&v[OPT_REQUIRE_BOXED], &o->require_boxed);
    take_bool(&v[OPT_BOXED_ANYWHERE], &o->boxed_anywhere);
    take_bool(&v[OPT_ANSWER_TAG], &o->answer_tag);
    take_bool(&v[OPT_FIRST_ANSWER], &o->first_answer);
    take_bool(&v[OPT_BRACKETS], &o->answer_in_brackets);
    take_bool(&v[OPT_UNORDERED], &o->unordered);
    take_bool(&v[OPT_UNITS], &o->units_convert);
    take_bool(&v[OPT_PERCENT], &o->percent_lenient);
    if (v[OPT_REASONING_END].given &&
        !copy_text(x->arena, v[OPT_REASONING_END].text, &o->reasoning_end, err)) {
        return false;
    }
    if (v[OPT_LANGUAGE].given && !copy_text(x->arena, v[OPT_LANGUAGE].text, &o->language, err)) {
        return false;
    }
    if (v[OPT_EXTRACT].given && !read_extract(v[OPT_EXTRACT].json, &o->extract, err)) return false;
    x->all_answers = v[OPT_ALL_ANSWERS].on;
    x->explain = v[OPT_EXPLAIN].on;
    if (!v[OPT_CHOICES].given) return true;
    if (!choice_list_read(&x->choices, v[OPT_CHOICES].json, x->arena, err)) return false;
    use_choices(&x->choices, o);
    return true;
}

static void release(void *prepared)
{
    struct accuracy *x = prepared;
    if (x != NULL) arena_free(x->arena);
    free(x);
}

static bool prepare(const struct option_value *v, void **out, struct error *err)
{
    struct accuracy *x = mem_new(1, sizeof(*x), NULL);
    if (x != NULL) x->arena = arena_new(1 << 20);
    if (x == NULL || x->arena == NULL) {
        release(x);
        return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for options");
    }
    if (!fill(x, v, err)) {
        release(x);
        return false;
    }
    *out = x;
    return true;
}

/* ---- the item ---------------------------------------------------------------------------------- */

static bool read_gold(const cJSON *v, struct arena *a, struct span *out)
{
    *out = cJSON_IsNumber(v) ? json_decimal(v, a) : json_text(v, a);
    return out->p != NULL;
}

static bool read_golds(const cJSON *answer, struct arena *a, struct span *golds, int *n,
                       struct error *err)
{
    const cJSON *v;
    *n = 0;
    if (answer == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "answer", "accuracy needs the item's answer");
    }
    if (!cJSON_IsArray(answer)) {
        *n = 1;
        if (read_gold(answer, a, &golds[0])) return true;
        return error_set(err, ERROR_INVALID_TYPE, "answer",
                         "answer must be a text, a number or a list of them, not %s",
                         json_type_name(answer));
    }
    int size = cJSON_GetArraySize(answer);
    if (size < 1 || size > MAX_GOLDS) {
        return error_set(err, ERROR_INVALID_VALUE, "answer",
                         "answer lists %d references; 1 to %d are allowed", size, MAX_GOLDS);
    }
    cJSON_ArrayForEach(v, answer)
    {
        if (!read_gold(v, a, &golds[(*n)++])) {
            error_set(err, ERROR_INVALID_TYPE, NULL, "must be a text or a number, not %s",
                      json_type_name(v));
            return error_in(err, "answer[%d]", *n - 1);
        }
    }
    return true;
}

/* Several references that are one answer together, as one list. */
static bool join_golds(struct span *golds, int *n, struct arena *a, struct error *err)
{
    size_t size = 0, at = 0;
    for (int i = 0; i < *n; i++) {
        size += golds[i].n + 2;
    }
    char *text = arena_alloc(a, size + 1, 1);
    if (text == NULL) return error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the answers");
    for (int i = 0; i < *n; i++) {
        if (i > 0) memcpy(text + at, ", ", 2);
        at += i > 0 ? 2 : 0;
        if (golds[i].n > 0) memcpy(text + at, golds[i].p, golds[i].n);
        at += golds[i].n;
    }
    assert(at <= size);
    golds[0] = span_of(text, at);
    *n = 1;
    return true;
}

/* The response with what the prompt had already written of it: "<think>\n" matters. */
static struct span whole_response(const struct reward_call *call)
{
    struct span a = call->prefill, b = call->completion;
    if (a.n == 0) return b;
    char *joined = arena_alloc(call->arena, a.n + b.n + 1, 1);
    if (joined == NULL) return b;
    memcpy(joined, a.p, a.n);
    if (b.n > 0) memcpy(joined + a.n, b.p, b.n);
    return span_of(joined, a.n + b.n);
}

static void tell(const struct math_result *r, struct reward_out *out)
{
    static const enum verdict verdicts[] = {[MATH_CORRECT] = VERDICT_CORRECT,
                                            [MATH_INCORRECT] = VERDICT_INCORRECT,
                                            [MATH_CANNOT_JUDGE] = VERDICT_CANNOT};
    out->verdict = verdicts[r->verdict];
    out->value = r->verdict == MATH_CORRECT ? 1 : 0;
    out->cause = math_cause_name(r->cause);
    if (r->extracted.p != NULL && r->source != MATH_FROM_NOWHERE) {
        out->vote = r->extracted;
        detail_text(out, "extracted", r->extracted);
        detail_text(out, "from", span_str(math_source_name(r->source)));
    } else {
        detail_null(out, "extracted");
    }
    if (r->gold.p != NULL) detail_text(out, "gold", r->gold);
}

/* The steps as a list of {"step", "says", "text", "from", "to"}: offsets in the response, in bytes,
 * where the text stands in it. */
static void tell_steps(const struct math_trace *trace, struct span response, struct reward_out *out)
{
    detail_array(out, "steps");
    for (int i = 0; i < trace->n; i++) {
        const struct trace_step *s = &trace->step[i];
        detail_object(out, NULL);
        detail_text(out, "step", span_str(s->name));
        detail_text(out, "says", span_str(s->says));
        if (s->text.p != NULL) detail_text(out, "text", s->text);
        if (s->text.p != NULL && s->text.p >= response.p && s->text.p < response.p + response.n) {
            size_t from = (size_t)(s->text.p - response.p);
            detail_number(out, "from", (double)from);
            detail_number(out, "to", (double)(from + s->text.n));
        }
        detail_close(out, '}');
    }
    detail_close(out, ']');
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    const struct accuracy *x = call->prepared;
    struct math_options o = x->options;
    struct span golds[MAX_GOLDS];
    struct math_result r;
    struct choice_list choices;
    struct math_trace trace = {.n = 0};
    const cJSON *own = json_get(call->item, "choices");
    int n;
    if (!read_golds(call->answer, call->arena, golds, &n, out->err)) return SCORE_FAULT;
    if (x->all_answers && n > 1 && !join_golds(golds, &n, call->arena, out->err)) {
        return SCORE_FAULT;
    }
    if (own != NULL && !choice_list_read(&choices, own, call->arena, out->err)) return SCORE_FAULT;
    if (own != NULL) use_choices(&choices, &o);
    if (x->explain) o.trace = &trace;
    if (call->in_worker && call->budget_ms > 0) o.budget_s = call->budget_ms / 1000.0;
    struct span response = o.form == MATH_FORM_BARE ? call->completion : whole_response(call);
    math_judge(call->arena, response, golds, n, &o, call->in_worker ? MATH_FULL : MATH_CHEAP, &r);
    if (r.verdict == MATH_DEFER) return SCORE_DEFER;
    tell(&r, out);
    if (x->explain) tell_steps(&trace, response, out);
    return r.verdict == MATH_CANNOT_JUDGE ? SCORE_CANNOT : SCORE_DONE;
}

static bool same_vote(struct span a, struct span b)
{
    struct arena *scratch = arena_new(1 << 20);
    if (scratch == NULL) return span_eq(span_trim(a), span_trim(b));
    bool same = math_equal(scratch, a, b, &MATH_DEFAULTS, MATH_CHEAP) == MATH_CORRECT;
    arena_free(scratch);
    return same;
}

static bool wants_opinion(const struct option_value *options)
{
    return options[OPT_EQUIVALENCE].on;
}

/* ---- the row ----------------------------------------------------------------------------------- */

static const char *const causes[] = {
#define CAUSE_NAME(name, wire, text) wire,
    MATH_CAUSE_MAP(CAUSE_NAME)
#undef CAUSE_NAME
    "model_same", "model_different", NULL};

/* clang-format off */
static const struct field options[] = {
    [OPT_MODE] = {.name = "mode", .kind = FIELD_CHOICE, .fallback = "\"auto\"", .choices = modes,
        .doc = "what answers are; auto: choices where the item has some, else mathematics, else words"},
    [OPT_FORM] = {.name = "form", .kind = FIELD_CHOICE, .fallback = "\"text\"", .choices = forms,
        .doc = "text: a response, in which the answer must be found; bare: the answer alone"},
    [OPT_PRESET] = {.name = "preset", .kind = FIELD_CHOICE, .fallback = "\"none\"", .choices = presets,
        .doc = "defaults of the other options as a data set's trainers use them"},
    [OPT_EXTRACT] = {.name = "extract", .kind = FIELD_VALUE,
        .doc = "where an unmarked answer may be: a list of \"latex\", \"expr\", \"string\"; all by default"},
    [OPT_PRECISION] = {.name = "precision", .kind = FIELD_INT64, .fallback = "6", .min = 0, .max = 100,
        .doc = "decimal places; when given, numbers within half a unit of the last one are equal"},
    [OPT_STRICT] = {.name = "strict", .kind = FIELD_BOOL, .fallback = "false",
        .doc = "x = 1 is not 1, 28 % is not 28, 90 degrees is not 90"},
    [OPT_SET_RELATION] = {.name = "allow_set_relation_comp", .kind = FIELD_BOOL, .fallback = "true",
        .doc = "x < 3 equals the interval (-oo, 3)"},
    [OPT_REQUIRE_BOXED] = {.name = "require_boxed", .kind = FIELD_BOOL, .fallback = "false",
        .doc = "only \\boxed{} and \\fbox{} hold answers"},
    [OPT_BOXED_ANYWHERE] = {.name = "boxed_anywhere", .kind = FIELD_BOOL, .fallback = "false",
        .doc = "a box inside the reasoning counts when nothing after it answers"},
    [OPT_REASONING_END] = {.name = "require_reasoning_end", .kind = FIELD_TEXT,
        .doc = "only what follows the last such mark counts, and it must be there"},
    [OPT_ANSWER_TAG] = {.name = "answer_tag", .kind = FIELD_BOOL, .fallback = "false",
        .doc = "only <answer></answer> holds answers"},
    [OPT_FIRST_ANSWER] = {.name = "first_answer", .kind = FIELD_BOOL, .fallback = "false",
        .doc = "the first marked answer counts, not the last"},
    [OPT_BRACKETS] = {.name = "answer_in_brackets", .kind = FIELD_BOOL, .fallback = "false",
        .doc = "the last [...] holds the answer"},
    [OPT_CHOICES] = {.name = "choices", .kind = FIELD_VALUE,
        .doc = "the letters or contents to choose from, or {letter: content}; the item's own come first"},
    [OPT_LANGUAGE] = {.name = "language", .kind = FIELD_TEXT,
        .doc = "english, chinese, french, german...: whether 2,5 is a decimal"},
    [OPT_ABS_TOL] = {.name = "abs_tol", .kind = FIELD_DOUBLE, .fallback = "0", .min = 0, .max = 1e300,
        .doc = "numbers this close are equal"},
    [OPT_REL_TOL] = {.name = "rel_tol", .kind = FIELD_DOUBLE, .fallback = "0", .min = 0, .max = 1,
        .doc = "numbers this close, in parts of the reference, are equal"},
    [OPT_UNORDERED] = {.name = "unordered", .kind = FIELD_BOOL, .fallback = "false",
        .doc = "the order of tuples does not matter"},
    [OPT_LOCATION] = {.name = "location", .kind = FIELD_CHOICE, .fallback = "\"last\"", .choices = locations,
        .doc = "which answer counts; exact: the whole response is the answer"},
    [OPT_UNITS] = {.name = "units_convert", .kind = FIELD_BOOL, .fallback = "true",
        .doc = "1 m equals 100 cm"},
    [OPT_PERCENT] = {.name = "percent_lenient", .kind = FIELD_BOOL, .fallback = "true",
        .doc = "28 % equals 28 as well as 0.28"},
    [OPT_ALL_ANSWERS] = {.name = "all_answers", .kind = FIELD_BOOL, .fallback = "false",
        .doc = "a list of references is one answer of several parts, in any order, not alternatives"},
    [OPT_EXPLAIN] = {.name = "explain", .kind = FIELD_BOOL, .fallback = "false",
        .doc = "details.steps: what was seen, tried and decided on the way to the verdict"},
    [OPT_EQUIVALENCE] = {.name = "equivalence", .kind = FIELD_BOOL, .fallback = "false",
        .doc = "where the rules give no verdict, the server's judge model is asked (causes model_same, model_different)"},
    {0},
};
/* clang-format on */

static const struct field fields[] = {
    {"choices", FIELD_VALUE, .doc = "the letters or contents to choose from, or {letter: content}"},
    {0},
};

const struct reward accuracy_reward = {
    .name = "accuracy",
    .doc = "1 when the final answer is equivalent to the reference, else 0",
    .source = "arXiv 2501.12948, section 2.2.2; docs/accuracy.md",
    .options = options,
    .fields = fields,
    .causes = causes,
    .tells_correct = true,
    .pool = POOL_ALGEBRA,
    .prepare = prepare,
    .release = release,
    .score = score,
    .wants_opinion = wants_opinion,
    .same_vote = same_vote,
};
