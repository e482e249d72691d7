/* reward/rules/regex.c - the response matches a pattern.
 *
 * A pattern that needs many steps is matched again in a verifier process, where the item's budget
 * ends it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>

#include "reward/rules/pattern.h"
#include "reward/rules/scope.h"

enum { OPT_PATTERN, OPT_SCOPE, OPT_WHOLE, OPT_IGNORE_CASE, OPT_MULTILINE, OPT_DOTALL, OPT_NEGATE };

/* Steps in the server (about a millisecond) and in a worker (its CPU budget ends it first). */
static const uint32_t CHEAP_STEPS = 10000, WORKER_STEPS = UINT32_MAX;

static unsigned flags_of(const struct option_value *o)
{
    return (o[OPT_IGNORE_CASE].on ? PATTERN_IGNORE_CASE : 0u) |
           (o[OPT_MULTILINE].on ? PATTERN_MULTILINE : 0u) |
           (o[OPT_DOTALL].on ? PATTERN_DOTALL : 0u) | (o[OPT_WHOLE].on ? PATTERN_WHOLE : 0u);
}

static bool prepare(const struct option_value *o, void **out, struct error *err)
{
    if (!o[OPT_PATTERN].set) return true;
    *out = pattern_new(o[OPT_PATTERN].text, flags_of(o), err);
    return *out != NULL || error_in(err, "pattern");
}

static void release(void *prepared)
{
    pattern_free(prepared);
}

static const struct field fields[] = {
    {"pattern", FIELD_TEXT, .required = true, .doc = "as the option"},
    {0},
};

/* The item's own pattern, new; NULL: err. */
static struct pattern *own_pattern(const struct reward_call *call, struct error *err)
{
    struct span text = {0};
    if (!reward_field(call, &fields[0], &text, err)) return NULL;
    struct pattern *p = pattern_new(text, flags_of(call->options), err);
    if (p == NULL) error_in(err, "pattern");
    return p;
}

static enum score_status judge(const struct reward_call *call, const struct pattern *p,
                               struct reward_out *out)
{
    size_t at = 0, n = 0;
    struct span text = scope_text(call, call->options[OPT_SCOPE].choice);
    switch (pattern_find(p, text, call->in_worker ? WORKER_STEPS : CHEAP_STEPS, &at, &n)) {
    case PATTERN_TOO_HARD:
        out->cause = "too_hard";
        return call->in_worker ? SCORE_CANNOT : SCORE_DEFER;
    case PATTERN_YES:
        out->value = call->options[OPT_NEGATE].on ? 0 : 1;
        out->cause = "match";
        assert(at + n <= text.n);
        detail_text(out, "match", span_slice(text, at, at + (n < 200 ? n : 200)));
        return SCORE_DONE;
    default:
        out->value = call->options[OPT_NEGATE].on ? 1 : 0;
        out->cause = "no_match";
        return SCORE_DONE;
    }
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    if (call->prepared != NULL) return judge(call, call->prepared, out);
    struct pattern *own = own_pattern(call, out->err);
    if (own == NULL) return SCORE_FAULT;
    enum score_status status = judge(call, own, out);
    pattern_free(own);
    return status;
}

static const char *const causes[] = {"match", "no_match", "too_hard", "timeout", NULL};

static const struct field options[] = {
    {.name = "pattern",
     .kind = FIELD_TEXT,
     .doc = "a regular expression in Perl's syntax (PCRE2), \\uXXXX too; else the item's field"},
    SCOPE_OPTION("\"answer\""),
    {.name = "whole",
     .kind = FIELD_BOOL,
     .fallback = "false",
     .doc = "the match must be the whole of the scope"},
    IGNORE_CASE_OPTION,
    {.name = "multiline",
     .kind = FIELD_BOOL,
     .fallback = "false",
     .doc = "^ and $ match at line breaks"},
    {.name = "dotall", .kind = FIELD_BOOL, .fallback = "false", .doc = ". matches line breaks"},
    {.name = "negate", .kind = FIELD_BOOL, .fallback = "false", .doc = "1 when it does not match"},
    {0},
};

const struct reward regex_reward = {
    .name = "regex",
    .doc = "1 when the pattern is found",
    .source = "PCRE2, pcre2pattern(3)",
    .options = options,
    .fields = fields,
    .causes = causes,
    .is_rule = true,
    .prepare = prepare,
    .release = release,
    .score = score,
};
