/* reward/plan/plan.c - the reward `plan`: does the plan solve the problem?
 *
 * Reasons, the first that applies: malformed, unknown_action, bad_arity, unknown_object,
 * bad_type, precondition (with the step and what is unmet), goal (with what is unmet), valid. The
 * plan is read whole before its first step is taken.
 *
 * Peers' loopholes closed: PlanBench's reader skips lines it cannot read (only `lenient` does
 * here), VAL judges the part of a text before the first thing it cannot parse.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include "base/json.h"
#include "reward/plan/planbench.h"
#include "reward/plan/sexpr.h"
#include "reward/plan/strips.h"
#include "reward/rules/text.h"

enum { FORMAT_PDDL, FORMAT_SENTENCES };
enum { EXTRACT_ANSWER, EXTRACT_FENCE, EXTRACT_NONE };
enum { OPT_DOMAIN, OPT_FORMAT, OPT_LENIENT, OPT_NL, OPT_EXTRACT };

/* What the options alone say, read once a request. */
struct prepared {
    struct arena *arena;
    const struct pddl_domain *domain; /* NULL: the item's */
    const struct wording *wording;    /* NULL: the item's or the domain's own */
};

enum { PREPARED_BYTES = 8 << 20 };

static void release(void *prepared)
{
    struct prepared *p = prepared;
    arena_free(p->arena);
}

/* PDDL, or a name. */
static const struct pddl_domain *read_domain(struct span text, struct arena *a,
                                             const struct wording **wording, struct error *err)
{
    struct span start = span_trim(text);
    if (start.n > 0 && (start.p[0] == '(' || start.p[0] == ';')) {
        const struct pddl_domain *d = pddl_parse_domain(text, a, err);
        if (d == NULL) error_in(err, "domain");
        return d;
    }
    const struct planbench_domain *known = planbench_find(sexpr_lower(start, a));
    if (known != NULL) {
        if (*wording == NULL) *wording = known->wording;
        return known->domain;
    }
    error_set(err, ERROR_INVALID_VALUE, "domain",
              "domain \"%.*s\" is neither PDDL nor one of blocksworld, mystery, logistics, depots, "
              "sokoban",
              (int)(start.n < 40 ? start.n : 40), start.n == 0 ? "" : start.p);
    return NULL;
}

static bool prepare(const struct option_value *o, void **out, struct error *err)
{
    if (!o[OPT_DOMAIN].given && !o[OPT_NL].given) return true;
    struct arena *a = arena_new(PREPARED_BYTES);
    struct prepared *p = a == NULL ? NULL : arena_alloc(a, 1, sizeof(*p));
    if (p == NULL) {
        arena_free(a);
        return error_set(err, ERROR_NO_MEMORY, NULL, "out of memory for a domain");
    }
    p->arena = a;
    *out = p;
    if (o[OPT_NL].given && (p->wording = wording_read(o[OPT_NL].json, a, err)) == NULL) {
        return error_in(err, "nl");
    }
    if (!o[OPT_DOMAIN].given) return true;
    p->domain = read_domain(o[OPT_DOMAIN].text, a, &p->wording, err);
    return p->domain != NULL;
}

/* ---- an item ------------------------------------------------------------------------------------------ */

/* The domain: the options', the item's, or the one that the problem names. */
static const struct pddl_domain *item_domain(const struct reward_call *call, struct span problem,
                                             const struct wording **wording, struct error *err)
{
    const struct prepared *p = call->prepared;
    const cJSON *field = json_get(call->item, "domain");
    *wording = p == NULL ? NULL : p->wording;
    if (p != NULL && p->domain != NULL) return p->domain;
    if (field != NULL && !cJSON_IsString(field)) {
        error_set(err, ERROR_INVALID_TYPE, "domain", "domain must be a string, not %s",
                  json_type_name(field));
        return NULL;
    }
    struct span text = json_text(field, call->arena);
    if (field == NULL) text = pddl_domain_of(problem, call->arena);
    if (text.n == 0) {
        error_set(err, ERROR_MISSING_FIELD, "domain", "domain is missing");
        return NULL;
    }
    return read_domain(text, call->arena, wording, err);
}

static const struct pddl_problem *item_problem(const struct reward_call *call,
                                               const struct wording **wording, struct error *err)
{
    const cJSON *field = json_get(call->item, "problem");
    if (!cJSON_IsString(field)) {
        error_set(err, field == NULL ? ERROR_MISSING_FIELD : ERROR_INVALID_TYPE, "problem",
                  "problem must be a string, not %s", json_type_name(field));
        return NULL;
    }
    struct span text = json_text(field, call->arena);
    const struct pddl_domain *domain = item_domain(call, text, wording, err);
    if (domain == NULL) return NULL;
    const struct pddl_problem *p = pddl_parse_problem(text, domain, call->arena, err);
    if (p == NULL) error_in(err, "problem");
    return p;
}

/* What the last ``` fence holds, without the language after the opening one; text when there is none. */
static struct span in_fence(struct span text)
{
    struct span fence = span_str("```"), last = text;
    for (size_t at = span_find(text, fence, 0); at != SPAN_NONE;) {
        size_t line = span_find(text, span_str("\n"), at);
        size_t end = line == SPAN_NONE ? SPAN_NONE : span_find(text, fence, line);
        if (end == SPAN_NONE) break;
        last = span_slice(text, line + 1, end);
        at = span_find(text, fence, end + fence.n);
    }
    return last;
}

static struct span plan_text(const struct reward_call *call)
{
    int how = call->options[OPT_EXTRACT].choice;
    if (how == EXTRACT_NONE) return call->completion;
    struct span text = text_answer(call->completion);
    return how == EXTRACT_FENCE ? in_fence(text) : text;
}

/* ---- what the item says ---------------------------------------------------------------------- */

static const char *const formats[] = {"pddl", "planbench-nl", NULL};

enum { ROW_PROBLEM, ROW_DOMAIN, ROW_PLAN_FORMAT, ROW_LENIENT };

static const struct field fields[] = {
    [ROW_PROBLEM] = {"problem", FIELD_VALUE, .doc = "the problem in PDDL"},
    [ROW_DOMAIN] = {"domain", FIELD_VALUE, .doc = "as the option"},
    [ROW_PLAN_FORMAT] = {"plan_format", FIELD_CHOICE, .choices = formats,
                           .doc = "as the option format"},
    [ROW_LENIENT] = {"lenient", FIELD_BOOL, .doc = "as the option"},
    {"nl", FIELD_VALUE, .doc = "as the option"},
    {0},
};

static bool item_lenient(const struct reward_call *call, bool *out, struct error *err)
{
    *out = call->options[OPT_LENIENT].on;
    return call->options[OPT_LENIENT].given || reward_field(call, &fields[ROW_LENIENT], out, err);
}

/* The item may say its format; else the options do. */
static bool item_format(const struct reward_call *call, int *out, struct error *err)
{
    int own = call->options[OPT_FORMAT].choice;
    if (!reward_field(call, &fields[ROW_PLAN_FORMAT], &own, err)) return false;
    *out = call->options[OPT_FORMAT].given ? call->options[OPT_FORMAT].choice : own;
    return true;
}

/* The wording for sentences: options', item's, or the built-in domain's. */
static const struct wording *item_wording(const struct reward_call *call,
                                          const struct wording *known, struct error *err)
{
    const cJSON *nl = json_get(call->item, "nl");
    if (nl != NULL && !call->options[OPT_NL].given) {
        known = wording_read(nl, call->arena, err);
        if (known == NULL) error_in(err, "nl");
        return known;
    }
    if (known == NULL) {
        error_set(err, ERROR_MISSING_FIELD, "nl",
                  "sentences need nl: how the domain words its actions and objects");
    }
    return known;
}

/* ---- the verdict ----------------------------------------------------------------------------------------- */

static const char *const reasons[] = {
    [PLAN_VALID] = "valid",         [PLAN_UNKNOWN_ACTION] = "unknown_action",
    [PLAN_BAD_ARITY] = "bad_arity", [PLAN_UNKNOWN_OBJECT] = "unknown_object",
    [PLAN_BAD_TYPE] = "bad_type",   [PLAN_PRECONDITION] = "precondition",
    [PLAN_GOAL] = "goal",           [PLAN_TOO_LARGE] = "too_large",
};

static void say_unmet(const struct plan_outcome *o, struct reward_out *out)
{
    detail_array(out, "unmet");
    for (int i = 0; i < o->n_unmet; i++) {
        detail_text(out, NULL, o->unmet[i]);
    }
    detail_close(out, ']');
}

static void say_action(const struct step *s, struct reward_out *out)
{
    struct buffer text;
    buffer_init(&text, 4096);
    for (int i = 0; i < s->n; i++) {
        buffer_add_char(&text, i == 0 ? '(' : ' ');
        buffer_add_span(&text, s->names[i]);
    }
    buffer_add_char(&text, ')');
    if (!text.failed) detail_text(out, "action", buffer_span(&text));
    buffer_clear(&text);
}

static enum score_status conclude(const struct plan_outcome *o, const struct steps *steps,
                                  struct reward_out *out)
{
    if (o->reason == PLAN_TOO_LARGE) return text_too_large(out);
    bool valid = o->reason == PLAN_VALID;
    out->value = valid ? 1 : 0;
    out->verdict = valid ? VERDICT_CORRECT : VERDICT_INCORRECT;
    out->cause = reasons[o->reason];
    detail_bool(out, "valid", valid);
    detail_text(out, "reason", span_str(out->cause));
    detail_number(out, "steps", steps->n);
    if (o->step > 0) {
        detail_number(out, "step", o->step);
        say_action(&steps->list[o->step - 1], out);
    }
    if (o->n_unmet > 0) say_unmet(o, out);
    return SCORE_DONE;
}

static enum score_status malformed(struct reward_out *out)
{
    out->verdict = VERDICT_INCORRECT;
    out->cause = "malformed";
    detail_bool(out, "valid", false);
    detail_text(out, "reason", span_str(out->cause));
    return SCORE_DONE;
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    const struct wording *wording = NULL;
    const struct pddl_problem *problem = item_problem(call, &wording, out->err);
    struct steps steps = {0};
    int format = FORMAT_PDDL;
    bool lenient = false, ok;
    if (problem == NULL || !item_format(call, &format, out->err) ||
        !item_lenient(call, &lenient, out->err)) {
        return SCORE_FAULT;
    }
    if (format == FORMAT_SENTENCES) {
        wording = item_wording(call, wording, out->err);
        if (wording == NULL) return SCORE_FAULT;
        ok = steps_read_sentences(plan_text(call), wording, lenient, call->arena, &steps);
    } else {
        ok = steps_read_pddl(plan_text(call), call->arena, &steps);
    }
    if (!ok) return malformed(out);
    if (steps.too_many) return text_too_large(out);
    struct plan_outcome o = strips_run(problem, &steps, call->arena);
    return conclude(&o, &steps, out);
}

/* ---- the row ------------------------------------------------------------------------------------------------ */

static const char *const extracts[] = {"answer", "fence", "none", NULL};
static const char *const causes[] = {"valid",          "malformed", "unknown_action", "bad_arity",
                                     "unknown_object", "bad_type",  "precondition",   "goal",
                                     "too_large",      NULL};

static const struct field options[] = {
    {.name = "domain",
     .kind = FIELD_TEXT,
     .doc = "the domain in PDDL, or blocksworld, mystery, logistics, depots or sokoban; else the "
            "item's field, else the one its problem names"},
    {.name = "format",
     .kind = FIELD_CHOICE,
     .fallback = "\"pddl\"",
     .choices = formats,
     .doc = "(action arg ...) groups, or PlanBench's sentences, a line each"},
    {.name = "lenient",
     .kind = FIELD_BOOL,
     .fallback = "false",
     .doc = "sentences: pass over lines that are no action, as PlanBench does"},
    {.name = "nl",
     .kind = FIELD_VALUE,
     .doc =
         "sentences: {\"actions\": {name: \"stack the {} on top of the {}\"}, \"objects\": {name: "
         "\"red block\"}}; blocksworld and mystery have their own"},
    {.name = "extract",
     .kind = FIELD_CHOICE,
     .fallback = "\"answer\"",
     .choices = extracts,
     .doc = "where the plan is: the last <answer> after the thinking, or all after it; the last "
            "fence in that; or the whole completion"},
    {0},
};

const struct reward plan_reward = {
    .name = "plan",
    .doc = "1 when the plan reaches the goal of a STRIPS problem",
    .source = "PlanBench, arXiv 2206.10498; PDDL 1.2; docs/rewards.md",
    .options = options,
    .fields = fields,
    .causes = causes,
    .tells_correct = true,
    .prepare = prepare,
    .release = release,
    .score = score,
};
