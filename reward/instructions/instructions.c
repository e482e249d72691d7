/* reward/instructions/instructions.c - the share of an item's verifiable instructions that its
 * response follows.
 *
 * An item names its instructions ("instruction_id_list") and gives each its arguments ("kwargs": a
 * list of as many objects, null members passed over), as IFEval's and IF-RLVR's data sets do. A
 * response follows an instruction strictly when the check says so of its text; loosely when it
 * says so of one of eight variants: without the stars of Markdown, without the first line, the
 * last, or both.
 *
 * Nothing that cannot be checked is ever "not followed": an id that the table does not know and an
 * argument that is missing or wrong leave the item without a value, and the details say which.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <stdio.h>

#include "base/emit.h"
#include "base/json.h"
#include "reward/instructions/check.h"
#include "reward/instructions/pieces.h"
#include "reward/rules/scope.h"
#include "reward/rules/text.h"
#include "reward/rules/unicode.h"

enum { OPT_STRICTNESS, OPT_AGGREGATE, OPT_SCOPE };
enum { STRICT, LOOSE };
enum { SHARE, ALL };
enum { MOST_INSTRUCTIONS = 64, MOST_VARIANTS = 8 };

/* Arena of one check: twice what it takes of a response of some megabytes. */
#define CHECK_BYTES ((size_t)64 << 20)

/* ---- the texts that are checked -------------------------------------------------------------- */

struct variants {
    struct span at[MOST_VARIANTS];
    size_t n;
};

/* The text without stars, new in a. */
static struct span without_stars(struct span text, struct arena *a)
{
    char *p = arena_alloc(a, text.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; p != NULL && i < text.n; i++) {
        if (text.p[i] != '*') p[n++] = text.p[i];
    }
    return span_of(p, n);
}

/* Without the first line, or the last one, or both; trimmed. */
static struct span without_lines(struct span text, bool first, bool last)
{
    size_t start = span_find(text, span_str("\n"), 0), end = span_find_last(text, span_str("\n"));
    if (start == SPAN_NONE) return span_slice(text, text.n, text.n);
    size_t from = first ? start + 1 : 0, to = last ? end : text.n;
    return unicode_trim(span_slice(text, from, to));
}

/* False: a is full. */
static bool make_variants(struct span text, bool loose, struct arena *a, struct variants *v)
{
    v->at[v->n++] = text;
    if (!loose) return true;
    v->at[v->n++] = without_lines(text, true, false);
    v->at[v->n++] = without_lines(text, false, true);
    v->at[v->n++] = without_lines(text, true, true);
    for (size_t i = 0; i < MOST_VARIANTS / 2; i++) {
        v->at[v->n] = without_stars(v->at[i], a);
        if (v->at[v->n++].p == NULL) return false;
    }
    return true;
}

/* ---- the instructions ------------------------------------------------------------------------ */

/* An item's lists, and what is known so far. */
struct judging {
    struct reward_out *out;
    const struct variants *texts;
    struct check_call call;
    struct error fault; /* of an argument */
    int i;              /* the instruction at hand */
};

/* No value: which instruction it was, what of it, and why. */
static enum score_status cannot(const struct judging *j, const char *id, const char *cause,
                                const char *list)
{
    char where[sizeof(j->fault.param) + 40];
    struct buffer *d = j->out->details;
    d->n = 0;
    const char *point = j->fault.param[0] == '\0' ? "" : ".";
    snprintf(where, sizeof(where), "%s[%d]%s%s", list, j->i, point, j->fault.param);
    emit_str(d, "instruction", id);
    emit_str(d, "param", where);
    if (j->fault.message[0] != '\0') emit_str(d, "message", j->fault.message);
    j->out->cause = cause;
    return SCORE_CANNOT;
}

/* The arguments that came are ones that the row knows. */
static bool knows_kwargs(const struct check *c, const cJSON *kwargs, struct error *err)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, kwargs)
    {
        int i = 0;
        while (!cJSON_IsNull(one) && c->kwargs[i] != NULL &&
               strcmp(c->kwargs[i], one->string) != 0) {
            i++;
        }
        if (cJSON_IsNull(one) || c->kwargs[i] != NULL) continue;
        return error_set(err, ERROR_UNKNOWN_FIELD, one->string, "%s takes no argument \"%.100s\"",
                         c->id, one->string);
    }
    return true;
}

/* Is it followed by one of the texts? An argument's fault stands whatever the texts are. */
static enum check_result ask(struct judging *j, const struct check *c)
{
    enum check_result r = CHECK_NO;
    if (!knows_kwargs(c, j->call.kwargs, &j->fault)) return CHECK_BAD_KWARGS;
    for (size_t i = 0; i < j->texts->n && r == CHECK_NO; i++) {
        arena_reset(j->call.arena);
        struct span text = j->texts->at[i];
        r = c->follows(&j->call, text);
        if (r == CHECK_YES && is_blank(text)) r = CHECK_NO;
        if (r == CHECK_DEFER && is_blank(text)) r = CHECK_NO;
    }
    if (r == CHECK_BAD_KWARGS && j->fault.code == ERROR_NO_MEMORY) return CHECK_TOO_LARGE;
    return r;
}

/* One instruction: DONE with *followed, or why there is no value. */
static enum score_status judge_one(struct judging *j, const cJSON *id, const cJSON *kwargs,
                                   bool *followed)
{
    if (!cJSON_IsString(id) || (!cJSON_IsNull(kwargs) && !cJSON_IsObject(kwargs))) {
        bool wrong_id = !cJSON_IsString(id);
        error_set(j->out->err, ERROR_INVALID_TYPE, NULL, "must be %s, not %s",
                  wrong_id ? "a string" : "an object or null",
                  json_type_name(wrong_id ? id : kwargs));
        error_in(j->out->err, "%s[%d]", wrong_id ? "instruction_id_list" : "kwargs", j->i);
        return SCORE_FAULT;
    }
    const struct check *c = check_find(span_str(id->valuestring));
    if (c == NULL) return cannot(j, id->valuestring, "unknown_instruction", "instruction_id_list");
    j->call.kwargs = cJSON_IsObject(kwargs) ? kwargs : NULL;
    enum check_result r = ask(j, c);
    *followed = r == CHECK_YES;
    switch (r) {
    case CHECK_NO:
    case CHECK_YES:
        return SCORE_DONE;
    case CHECK_DEFER:
        return SCORE_DEFER;
    case CHECK_BAD_KWARGS:
        return cannot(j, c->id, "bad_kwargs", "kwargs");
    case CHECK_TOO_HARD:
        return cannot(j, c->id, "too_hard", "kwargs");
    case CHECK_UNAVAILABLE:
        return cannot(j, c->id, "not_available", "instruction_id_list");
    case CHECK_TOO_LARGE:
        break;
    }
    return text_too_large(j->out);
}

static enum score_status judge_all(struct judging *j, const cJSON *ids, const cJSON *kwargs,
                                   int aggregate)
{
    static const cJSON null = {.type = cJSON_NULL};
    struct buffer *d = j->out->details;
    const cJSON *id, *arguments = kwargs == NULL ? &null : kwargs->child;
    int followed = 0;
    emit_array(d, "instructions");
    cJSON_ArrayForEach(id, ids)
    {
        bool one = false;
        enum score_status s = judge_one(j, id, arguments, &one);
        if (s != SCORE_DONE) return s;
        followed += one;
        emit_object(d, NULL);
        emit_str(d, "id", id->valuestring);
        emit_bool(d, "followed", one);
        emit_close(d, '}');
        if (kwargs != NULL) arguments = arguments->next;
        j->i++;
    }
    emit_close(d, ']');
    detail_number(j->out, "followed", followed);
    detail_number(j->out, "of", j->i);
    j->out->value = aggregate == ALL ? followed == j->i : (double)followed / j->i;
    j->out->cause = followed == j->i ? "followed" : "not_followed";
    return SCORE_DONE;
}

/* ---- the row --------------------------------------------------------------------------------- */

/* The lists are there, and as long as each other. */
static bool check_lists(const cJSON *ids, const cJSON *kwargs, struct error *err)
{
    if (ids == NULL) {
        return error_set(err, ERROR_MISSING_FIELD, "instruction_id_list",
                         "instruction_id_list is missing");
    }
    int n = cJSON_IsArray(ids) ? cJSON_GetArraySize(ids) : 0;
    if (n < 1 || n > MOST_INSTRUCTIONS) {
        return error_set(err, ERROR_INVALID_TYPE, "instruction_id_list",
                         "instruction_id_list must be a list of 1 to %d ids", MOST_INSTRUCTIONS);
    }
    if (kwargs == NULL || (cJSON_IsArray(kwargs) && cJSON_GetArraySize(kwargs) == n)) return true;
    return error_set(err, ERROR_INVALID_VALUE, "kwargs",
                     "kwargs must be a list of %d objects, one an instruction", n);
}

/* What is judged: the text as it stands, and where thoughts were taken from it, without white space
 * around it. */
static struct span judged_text(const struct reward_call *call)
{
    int scope = call->options[OPT_SCOPE].choice;
    if (scope != SCOPE_CONTENT) return scope_text(call, scope);
    struct span text = text_after_think(call->completion);
    return text.n == call->completion.n ? text : unicode_trim(text);
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    const cJSON *ids = json_get(call->item, "instruction_id_list");
    const cJSON *kwargs = json_get(call->item, "kwargs");
    struct variants texts = {0};
    if (!check_lists(ids, kwargs, out->err)) return SCORE_FAULT;
    bool loose = call->options[OPT_STRICTNESS].choice == LOOSE;
    if (!make_variants(judged_text(call), loose, call->arena, &texts)) return text_too_large(out);
    struct judging j = {.out = out, .texts = &texts};
    j.call = (struct check_call){.arena = arena_new(CHECK_BYTES), .in_worker = call->in_worker};
    if (j.call.arena == NULL) return text_no_memory(out);
    j.call.err = &j.fault;
    enum score_status s = judge_all(&j, ids, kwargs, call->options[OPT_AGGREGATE].choice);
    arena_free(j.call.arena);
    return s;
}

static const char *const strictness[] = {"strict", "loose", NULL};
static const char *const aggregates[] = {"share", "all", NULL};
static const char *const causes[] = {"followed",
                                     "not_followed",
                                     "unknown_instruction",
                                     "bad_kwargs",
                                     "too_hard",
                                     "not_available",
                                     "timeout",
                                     NULL};

static const struct field options[] = {
    {.name = "strictness",
     .kind = FIELD_CHOICE,
     .fallback = "\"strict\"",
     .choices = strictness,
     .doc = "the text as it stands; or also without stars, first and last line"},
    {.name = "aggregate",
     .kind = FIELD_CHOICE,
     .fallback = "\"share\"",
     .choices = aggregates,
     .doc = "the share of instructions followed; or 1 when all are"},
    SCOPE_OPTION("\"content\""),
    {0},
};

static const struct field fields[] = {
    {"instruction_id_list", FIELD_VALUE, .doc = "the ids of the instructions"},
    {"kwargs", FIELD_VALUE, .doc = "a list of their arguments, an object or null each"},
    {0},
};

const struct reward instructions_reward = {
    .name = "instructions",
    .doc = "share of the item's verifiable instructions that the response follows",
    .source = "IFEval, arXiv 2311.07911; IF-RLVR, arXiv 2507.02833",
    .options = options,
    .fields = fields,
    .causes = causes,
    .is_rule = true,
    .score = score,
};
