/* reward/rules/extract.c - verl's small answer extractors, to the letter.
 *
 *   verl_gsm8k          the last 300 characters; strict: the last "#### NUMBER", commas off; flexible:
 *                       the last number-like run; equal to the answer as text: 1, else 0
 *   verl_math_dapo      the last 300 characters; the last "Answer: ..." to its line's end, both sides
 *                       in Minerva's normal form; equal: 1, else -1
 *   verl_search_r1_em   the last <answer> block, both sides normalised (lower case, no punctuation, no
 *                       articles, single spaces); equal to any answer: 1 (0.25 with more than ten
 *                       opening or closing tags), else 0
 *
 * Loopholes, kept: "42.0" is not "42"; "0.50" is not "0.5"; ten answers are free, the last counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <strings.h>

#include "base/json.h"
#include "reward/rules/minerva.h"
#include "reward/rules/normalise.h"
#include "reward/rules/text.h"
#include "reward/rules/unicode.h"

enum { IMPL_GSM8K, IMPL_MATH_DAPO, IMPL_SEARCH_R1 };
enum { OPT_IMPL, OPT_METHOD };
enum { METHOD_STRICT, METHOD_FLEXIBLE };
enum { CLIP_CHARS = 300, MANY_TAGS = 10 };

/* ---- the answers to compare with ----------------------------------------------------------------------- */

/* A gold answer as text; a number as its digits. {NULL, 0} when the arena is full. */
static struct span gold_text(const cJSON *v, struct arena *a)
{
    return cJSON_IsNumber(v) ? json_decimal(v, a) : json_text(v, a);
}

/* Does `same` hold between the prediction and any of the item's answers? */
static bool any_gold(const struct reward_call *call, struct span pred,
                     bool (*same)(struct span gold, struct span pred, struct arena *a))
{
    const cJSON *gold = call->answer;
    if (!cJSON_IsArray(gold)) return same(gold_text(gold, call->arena), pred, call->arena);
    cJSON_ArrayForEach(gold, call->answer)
    {
        if (same(gold_text(gold, call->arena), pred, call->arena)) return true;
    }
    return false;
}

/* ---- gsm8k ------------------------------------------------------------------------------------------------- */

static bool is_number_char(char c)
{
    return (c >= '0' && c <= '9') || c == '.' || c == ',';
}

/* Bytes of -?[0-9.,]+ at the front of s; 0: no match. */
static size_t number_run(struct span s)
{
    size_t start = s.n > 0 && s.p[0] == '-', n = start;
    while (n < s.n && is_number_char(s.p[n])) {
        n++;
    }
    return n > start ? n : 0;
}

static struct span without_commas(struct span s, struct arena *a)
{
    char *out = arena_alloc(a, s.n + 1, 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < s.n; i++) {
        if (s.p[i] != ',') out[n++] = s.p[i];
    }
    return span_of(out, n);
}

static struct span gsm8k_strict(struct span text, struct arena *a)
{
    static const char mark[] = "#### ";
    struct span last = span_of(NULL, 0);
    size_t at = 0;
    while ((at = span_find(text, span_str(mark), at)) != SPAN_NONE) {
        at += strlen(mark);
        size_t n = number_run(span_slice(text, at, text.n));
        if (n > 0) last = span_slice(text, at, at + n);
        at += n;
    }
    return last.p == NULL ? last : without_commas(last, a);
}

/* The last run that is not "."; when all are, the first. */
static struct span gsm8k_flexible(struct span text)
{
    struct span last = span_of(NULL, 0), first = last;
    for (size_t at = 0; at < text.n;) {
        size_t n = number_run(span_slice(text, at, text.n));
        struct span run = span_slice(text, at, at + n);
        if (n > 0 && first.p == NULL) first = run;
        if (n > 0 && !span_is(run, ".")) last = run;
        at += n > 0 ? n : 1;
    }
    return last.p == NULL ? first : last;
}

static bool same_bytes(struct span gold, struct span pred, struct arena *a)
{
    (void)a;
    return span_eq(gold, pred);
}

static double score_gsm8k(const struct reward_call *call, struct span *pred)
{
    struct span tail = unicode_last(call->completion, CLIP_CHARS);
    bool strict = call->options[OPT_METHOD].choice == METHOD_STRICT;
    *pred = strict ? gsm8k_strict(tail, call->arena) : gsm8k_flexible(tail);
    return pred->p != NULL && any_gold(call, *pred, same_bytes) ? 1 : 0;
}

/* ---- math_dapo -------------------------------------------------------------------------------------------------- */

static size_t skip_space(struct span s, size_t at)
{
    size_t n;
    while (at < s.n && unicode_is_space(unicode_next(span_slice(s, at, s.n), &n))) {
        at += n;
    }
    return at;
}

/* Where ([^\n]+) begins when \s* has taken all of s from `at` on: the last of it that is no LF. */
static size_t give_back(struct span s, size_t at)
{
    size_t last = SPAN_NONE;
    for (size_t n; at < s.n; at += n) {
        if (unicode_next(span_slice(s, at, s.n), &n) != '\n') last = at;
    }
    return last;
}

/* The last match of (?i)Answer\s*:\s*([^\n]+), or [INVALID]. */
static struct span dapo_answer(struct span text)
{
    struct span last = span_str("[INVALID]");
    for (size_t at = 0; at + 6 <= text.n;) {
        size_t colon =
            strncasecmp(text.p + at, "answer", 6) == 0 ? skip_space(text, at + 6) : text.n;
        at++;
        if (colon >= text.n || text.p[colon] != ':') continue;
        size_t start = skip_space(text, colon + 1);
        if (start == text.n) start = give_back(text, colon + 1);
        if (start == SPAN_NONE) continue;
        size_t end = span_find(text, span_str("\n"), start);
        last = span_slice(text, start, end);
        at = end == SPAN_NONE ? text.n : end;
    }
    return last;
}

static bool same_minerva(struct span gold, struct span pred, struct arena *a)
{
    struct span normal = minerva_normalize(gold, a);
    return normal.p != NULL && span_eq(normal, pred);
}

static double score_dapo(const struct reward_call *call, struct span *pred)
{
    struct span answer = dapo_answer(unicode_last(call->completion, CLIP_CHARS));
    *pred = minerva_normalize(answer, call->arena);
    return any_gold(call, *pred, same_minerva) ? 1 : -1;
}

/* ---- search_r1 ---------------------------------------------------------------------------------------------------- */

static bool same_em(struct span gold, struct span pred, struct arena *a)
{
    struct span normal = normalise(gold, NORMAL_SQUAD, a);
    return normal.p != NULL && span_eq(normal, pred);
}

static size_t count_tags(struct span text, const char *tag)
{
    size_t count = 0, at = 0;
    while ((at = span_find(text, span_str(tag), at)) != SPAN_NONE) {
        count++;
        at += strlen(tag);
    }
    return count;
}

static double score_search_r1(const struct reward_call *call, struct span *pred)
{
    struct span block = text_matched_answer(call->completion);
    *pred = block.p == NULL ? block : normalise(block, NORMAL_SQUAD, call->arena);
    if (pred->p == NULL || !any_gold(call, *pred, same_em)) return 0;
    bool many = count_tags(call->completion, "<answer>") > MANY_TAGS ||
                count_tags(call->completion, "</answer>") > MANY_TAGS;
    return many ? 0.25 : 1;
}

/* ---- the row ---------------------------------------------------------------------------------------------------------- */

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    static double (*const scorers[])(const struct reward_call *call, struct span *pred) = {
        [IMPL_GSM8K] = score_gsm8k,
        [IMPL_MATH_DAPO] = score_dapo,
        [IMPL_SEARCH_R1] = score_search_r1,
    };
    struct span pred = span_of(NULL, 0);
    if (call->answer == NULL) {
        error_set(out->err, ERROR_MISSING_FIELD, "answer", "answer is missing");
        return SCORE_FAULT;
    }
    out->value = scorers[call->options[OPT_IMPL].choice](call, &pred);
    out->verdict = out->value > 0 ? VERDICT_CORRECT : VERDICT_INCORRECT;
    out->cause = out->value > 0 ? "equal_text" : pred.p == NULL ? "no_answer_found" : "not_equal";
    if (pred.p != NULL) {
        out->vote = pred;
        detail_text(out, "extracted", pred);
    } else {
        detail_null(out, "extracted");
    }
    return SCORE_DONE;
}

static const char *const impls[] = {"verl_gsm8k", "verl_math_dapo", "verl_search_r1_em", NULL};
static const char *const methods[] = {"strict", "flexible", NULL};
static const char *const causes[] = {"equal_text", "not_equal", "no_answer_found", NULL};

static const struct field options[] = {
    {.name = "impl",
     .kind = FIELD_CHOICE,
     .fallback = "\"verl_gsm8k\"",
     .choices = impls,
     .doc = "whose extractor"},
    {.name = "method",
     .kind = FIELD_CHOICE,
     .fallback = "\"strict\"",
     .choices = methods,
     .doc = "verl_gsm8k: after #### only, or the last number"},
    {0},
};

const struct reward extract_reward = {
    .name = "extract",
    .doc = "a small extractor and a comparison of texts",
    .source = "volcengine/verl:verl/utils/reward_score/gsm8k.py, math_dapo.py, "
              "search_r1_like_qa_em.py",
    .options = options,
    .causes = causes,
    .tells_correct = true,
    .score = score,
};
