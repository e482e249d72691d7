/* reward/words/words.c - an answer in words beside the gold answer and its aliases.
 *
 * The measures are those of question answering, and equal its own functions' values:
 *
 *   exact     1 when both are the same, normalised
 *   f1        2PR/(P+R) over words, each counted as often as both have it (SQuAD)
 *   contains  1 when the gold stands in the response, normalised (sub-EM of Search-R1 and its like)
 *   rouge_l   the F-measure of the longest common subsequence of words (rouge_score, no stemmer)
 *   edit      1 - distance / length of the longer, by characters (Levenshtein)
 *
 * Of several golds the best counts. Loopholes: contains pays a response that lists everything; f1
 * and rouge_l pay for common words; short golds are found in other words by contains.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <assert.h>

#include "base/json.h"
#include "reward/rules/normalise.h"
#include "reward/rules/scope.h"
#include "reward/rules/text.h"
#include "reward/words/alignment.h"
#include "reward/row/json_answer.h"

enum { OPT_MEASURE, OPT_NORMALISE, OPT_JSON_FIELD, OPT_SCOPE };
enum { MEASURE_EXACT, MEASURE_F1, MEASURE_CONTAINS, MEASURE_ROUGE_L, MEASURE_EDIT };
enum { MAX_GOLDS = 1024, MAX_FIELD = 128 };

/* ---- the golds ------------------------------------------------------------------------------- */

struct golds {
    struct span at[MAX_GOLDS];
    size_t n;
};

/* One text or number. */
static bool add_gold(const cJSON *v, struct arena *a, struct golds *g, struct error *err)
{
    if (!cJSON_IsString(v) && !cJSON_IsNumber(v)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "must be a text or a number, not %s",
                         json_type_name(v));
    }
    if (g->n == MAX_GOLDS) {
        return error_set(err, ERROR_TOO_LARGE, NULL, "more than %d answers", MAX_GOLDS);
    }
    struct span text = cJSON_IsNumber(v) ? json_decimal(v, a) : json_text(v, a);
    if (text.p == NULL) return error_set(err, ERROR_TOO_LARGE, NULL, "the answer is too large");
    g->at[g->n++] = text;
    return true;
}

/* One, or a list of them; err->param: name. */
static bool add_golds(const cJSON *v, const char *name, struct arena *a, struct golds *g,
                      struct error *err)
{
    const cJSON *one;
    int i = 0;
    if (!cJSON_IsArray(v)) return add_gold(v, a, g, err) || error_in(err, "%s", name);
    cJSON_ArrayForEach(one, v)
    {
        if (!add_gold(one, a, g, err)) return error_in(err, "%s[%d]", name, i);
        i++;
    }
    return true;
}

static bool read_golds(const struct reward_call *call, struct golds *g, struct error *err)
{
    const cJSON *aliases = json_get(call->item, "aliases");
    g->n = 0;
    if (call->answer != NULL && !add_golds(call->answer, "answer", call->arena, g, err)) {
        return false;
    }
    if (aliases != NULL && !add_golds(aliases, "aliases", call->arena, g, err)) return false;
    return g->n > 0 || error_set(err, ERROR_MISSING_FIELD, "answer", "answer is missing");
}

/* ---- the measures ---------------------------------------------------------------------------- */

/* The harmonic mean of a share of one length and a share of the other. */
static double f_measure(size_t common, const struct sequence s[2])
{
    if (s[0].n == 0 || s[1].n == 0) return s[0].n == s[1].n;
    if (common == 0) return 0;
    double precision = (double)common / (double)s[0].n, recall = (double)common / (double)s[1].n;
    return 2 * precision * recall / (precision + recall);
}

/* Each of these: false when it is too large. */

static bool by_equality(struct span answer, struct span gold, struct arena *a, double *value)
{
    (void)a;
    *value = span_eq(answer, gold);
    return true;
}

static bool by_words(struct span answer, struct span gold, struct arena *a, double *value)
{
    struct sequence s[2];
    size_t common;
    if (!sequences_of_words(answer, gold, a, s) || !common_words(s, a, &common)) return false;
    *value = f_measure(common, s);
    return true;
}

static bool by_containing(struct span answer, struct span gold, struct arena *a, double *value)
{
    (void)a;
    *value = gold.n > 0 && span_find(answer, gold, 0) != SPAN_NONE;
    return true;
}

static bool by_rouge_l(struct span answer, struct span gold, struct arena *a, double *value)
{
    struct sequence s[2];
    size_t common;
    if (!sequences_of_words(answer, gold, a, s) || !longest_common(s, a, &common)) return false;
    *value = s[0].n == 0 || s[1].n == 0 ? 0 : f_measure(common, s);
    return true;
}

static bool by_edits(struct span answer, struct span gold, struct arena *a, double *value)
{
    struct sequence s[2];
    size_t distance;
    if (!sequence_of_characters(answer, a, &s[0]) || !sequence_of_characters(gold, a, &s[1]) ||
        !edit_distance(s, a, &distance)) {
        return false;
    }
    size_t longer = s[0].n > s[1].n ? s[0].n : s[1].n;
    *value = longer == 0 ? 1 : 1 - (double)distance / (double)longer;
    return true;
}

static bool (*const measures[])(struct span answer, struct span gold, struct arena *a,
                                double *value) = {
    [MEASURE_EXACT] = by_equality,  [MEASURE_F1] = by_words,   [MEASURE_CONTAINS] = by_containing,
    [MEASURE_ROUGE_L] = by_rouge_l, [MEASURE_EDIT] = by_edits,
};

/* ---- the row --------------------------------------------------------------------------------- */

/* The answer that the response gives; p NULL: none. */
static struct span given_answer(const struct reward_call *call)
{
    const struct option_value *o = call->options;
    struct span text = scope_text(call, o[OPT_SCOPE].choice);
    char member[MAX_FIELD + 1];
    if (!o[OPT_JSON_FIELD].set) return text.p == NULL ? span_str("") : text;
    assert(o[OPT_JSON_FIELD].text.n <= MAX_FIELD); /* prepare() */
    memcpy(member, o[OPT_JSON_FIELD].text.p, o[OPT_JSON_FIELD].text.n);
    member[o[OPT_JSON_FIELD].text.n] = '\0';
    return json_answer(text, member, call->arena);
}

static enum score_status compare(const struct reward_call *call, const struct golds *golds,
                                 struct span given, struct reward_out *out)
{
    const struct option_value *o = call->options;
    int measure = o[OPT_MEASURE].choice;
    enum normalisation how =
        measure == MEASURE_ROUGE_L ? NORMAL_ROUGE : (enum normalisation)o[OPT_NORMALISE].choice;
    struct span answer = normalise(given, how, call->arena), best = span_of(NULL, 0);
    double most = -1;
    if (answer.p == NULL) return text_too_large(out);
    for (size_t i = 0; i < golds->n && most < 1; i++) {
        struct span gold = normalise(golds->at[i], how, call->arena);
        double value;
        if (gold.p == NULL || !measures[measure](answer, gold, call->arena, &value)) {
            return text_too_large(out);
        }
        if (value <= most) continue;
        most = value;
        best = golds->at[i];
    }
    out->value = most;
    out->verdict = most >= 1 ? VERDICT_CORRECT : VERDICT_INCORRECT;
    out->cause = most >= 1 ? "equal" : most > 0 ? "partly" : "not_equal";
    out->vote = answer;
    detail_text(out, "answer", span_slice(answer, 0, 200));
    detail_text(out, "nearest", span_slice(best, 0, 200));
    return SCORE_DONE;
}

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    struct golds *golds = arena_alloc(call->arena, 1, sizeof(*golds));
    if (golds == NULL) return text_too_large(out);
    if (!read_golds(call, golds, out->err)) return SCORE_FAULT;
    struct span given = given_answer(call);
    if (given.p != NULL) return compare(call, golds, given, out);
    out->value = 0;
    out->verdict = VERDICT_INCORRECT;
    out->cause = "no_answer_found";
    return SCORE_DONE;
}

static bool prepare(const struct option_value *o, void **out, struct error *err)
{
    *out = NULL;
    struct span field = o[OPT_JSON_FIELD].text;
    if (!o[OPT_JSON_FIELD].given) return true;
    if (field.n >= 1 && field.n <= MAX_FIELD && !span_has(field, '\0')) return true;
    return error_set(err, ERROR_INVALID_VALUE, "json_field",
                     "json_field has %zu bytes; it must have 1 to %d", field.n, MAX_FIELD);
}

static const char *const measure_names[] = {
    [MEASURE_EXACT] = "exact",     [MEASURE_F1] = "f1",     [MEASURE_CONTAINS] = "contains",
    [MEASURE_ROUGE_L] = "rouge_l", [MEASURE_EDIT] = "edit", NULL};
static const char *const normal_names[] = {
    [NORMAL_SQUAD] = "squad", [NORMAL_TRIVIA_QA] = "trivia_qa", [NORMAL_ROUGE] = "rouge",
    [NORMAL_LOWER] = "lower", [NORMAL_NONE] = "none",           NULL};
static const char *const causes[] = {"equal", "partly", "not_equal", "no_answer_found", NULL};

static const struct field options[] = {
    {.name = "measure",
     .kind = FIELD_CHOICE,
     .fallback = "\"exact\"",
     .choices = measure_names,
     .doc = "equality; F1 of words; the gold is in the answer; ROUGE-L; nearness by edits"},
    {.name = "normalise",
     .kind = FIELD_CHOICE,
     .fallback = "\"squad\"",
     .choices = normal_names,
     .doc = "what is done to both first (rouge_l has its own); none: white space around is cut"},
    {.name = "json_field",
     .kind = FIELD_TEXT,
     .doc = "the answer is this member of the last JSON object that has it"},
    SCOPE_OPTION("\"answer\""),
    {0},
};

static const struct field fields[] = {
    {"aliases", FIELD_VALUE, .doc = "further texts that are right, beside answer"},
    {0},
};

const struct reward words_reward = {
    .name = "words",
    .doc = "how near the answer is, in words, to the nearest of the golds",
    .source = "SQuAD, arXiv 1806.03822; TriviaQA, arXiv 1705.03551; ROUGE, aclanthology W04-1013",
    .options = options,
    .fields = fields,
    .causes = causes,
    .tells_correct = true,
    .prepare = prepare,
    .score = score,
};
