/* reward/rules/countdown.c - reach the target from the numbers given.
 *
 *   r1        ours: + - * / on exact rationals; every number in the answer is one of those given,
 *             each used at most as often as it is given (use_all: exactly as often). No powers, no
 *             joining of digits, nothing else. "... = 24" after the expression is accepted when true.
 *   tinyzero  to the letter of TinyZero's countdown.py, with Python's arithmetic (python_eval.c): the
 *             last line after "Assistant:", its last <answer>; 1 when right, 0.1 for any other answer
 *             there, 0 for none.
 *
 * Loopholes of tinyzero, kept: "3.4" passes for a 3 and a 4, powers are allowed, an answer above
 * the last line is not seen. (Its hang on 9**9**9 is not kept.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/row/row.h"

#include <stdlib.h>

#include "base/json.h"
#include "reward/rules/countdown_parse.h"
#include "reward/rules/python_eval.h"
#include "reward/rules/text.h"
#include "reward/rules/unicode.h"

enum { IMPL_R1, IMPL_TINYZERO };
enum { OPT_IMPL, OPT_USE_ALL };
enum { MAX_NUMBERS = COUNTDOWN_MAX_NUMBERS };

/* The puzzle, as the item gives it: texts of numbers. */
struct puzzle {
    struct span target;
    struct span numbers[MAX_NUMBERS];
    int n;
};

/* A number as a plain decimal. */
static bool read_one(const cJSON *v, struct arena *a, struct span *out, struct error *err)
{
    if (!cJSON_IsNumber(v)) {
        return error_set(err, ERROR_INVALID_TYPE, NULL, "must be a number, not %s",
                         json_type_name(v));
    }
    *out = json_decimal(v, a);
    return out->p != NULL || error_set(err, ERROR_INVALID_VALUE, NULL, "has too many digits");
}

static bool read_puzzle(const struct reward_call *call, struct puzzle *out, struct error *err)
{
    const cJSON *target = json_get(call->item, "target"), *v;
    const cJSON *numbers = json_get(call->item, "numbers");
    if (!cJSON_IsNumber(target)) {
        return error_set(err, target == NULL ? ERROR_MISSING_FIELD : ERROR_INVALID_TYPE, "target",
                         "target must be a number, not %s", json_type_name(target));
    }
    if (!cJSON_IsArray(numbers) || cJSON_GetArraySize(numbers) > MAX_NUMBERS) {
        return error_set(err, numbers == NULL ? ERROR_MISSING_FIELD : ERROR_INVALID_TYPE, "numbers",
                         "numbers must be a list of at most %d numbers", MAX_NUMBERS);
    }
    if (!read_one(target, call->arena, &out->target, err)) return error_in(err, "target");
    out->n = 0;
    cJSON_ArrayForEach(v, numbers)
    {
        if (!read_one(v, call->arena, &out->numbers[out->n], err)) {
            return error_in(err, "numbers[%d]", out->n);
        }
        out->n++;
    }
    return true;
}

/* ---- tinyzero ---------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    return digits_compare(a, b);
}

/* sorted(int(n) for n in re.findall(r'\d+', text)) == sorted(numbers) */
static bool uses_numbers(struct span text, const struct puzzle *z)
{
    struct digits used[MAX_NUMBERS], given[MAX_NUMBERS];
    int n = 0;
    for (size_t at = 0; at < text.n; at++) {
        size_t start = at;
        while (at < text.n && text.p[at] >= '0' && text.p[at] <= '9') {
            at++;
        }
        if (at == start) continue;
        if (n == z->n) return false;
        digits_read(span_slice(text, start, at), &used[n++]);
    }
    if (n != z->n) return false;
    for (int i = 0; i < n; i++) {
        digits_read(z->numbers[i], &given[i]);
    }
    qsort(used, (size_t)n, sizeof(used[0]), compare);
    qsort(given, (size_t)n, sizeof(given[0]), compare);
    for (int i = 0; i < n; i++) {
        if (digits_compare(&used[i], &given[i]) != 0) return false;
    }
    return true;
}

static double score_tinyzero(const struct reward_call *call, const struct puzzle *z,
                             struct reward_out *out, bool *defer)
{
    struct span part = text_assistant_part(call->completion);
    size_t line = span_find_last(part, span_str("\n"));
    if (line != SPAN_NONE) part = span_slice(part, line + 1, part.n);
    struct span answer = text_matched_answer(part);
    double distance;
    out->verdict = VERDICT_INCORRECT;
    out->cause = "no_answer_found";
    if (answer.p == NULL) return 0;
    answer = unicode_trim(answer);
    out->vote = answer;
    detail_text(out, "extracted", answer);
    out->cause = "wrong_numbers";
    if (!uses_numbers(answer, z)) return 0.1;
    out->cause = "unparsable_answer";
    enum python_value value = python_eval_distance(answer, z->target, call->in_worker, &distance);
    *defer = value == PYTHON_TOO_LARGE;
    if (value != PYTHON_NUMBER) return 0.1;
    out->cause = "not_equal";
    if (!(distance < 1e-5)) return 0.1;
    out->cause = "equal_value";
    out->verdict = VERDICT_CORRECT;
    return 1;
}

/* ---- r1 -------------------------------------------------------------------------------------------------------- */

/* The last closed <answer> after the thinking, else the last box there; of an answer that boxes its
 * expression, what is in the box. p NULL: none. */
static struct span find_answer(struct span completion)
{
    struct span rest = text_after_think(completion), block = text_last_answer(rest);
    struct span box = text_last_box(block.p != NULL ? block : rest);
    return span_trim(box.p != NULL ? box : block);
}

static double score_r1(const struct reward_call *call, const struct puzzle *z,
                       struct reward_out *out, bool *defer)
{
    struct span answer = find_answer(call->completion);
    out->verdict = VERDICT_INCORRECT;
    out->cause = "no_answer_found";
    if (answer.p == NULL || answer.n == 0) return 0;
    out->vote = answer;
    detail_text(out, "extracted", answer);
    struct countdown_rules rules = {.numbers = z->numbers,
                                    .n = z->n,
                                    .target = z->target,
                                    .use_all = call->options[OPT_USE_ALL].on,
                                    .any_size = call->in_worker};
    out->cause = countdown_judge(answer, &rules);
    *defer = out->cause == NULL;
    if (*defer || strcmp(out->cause, "equal_value") != 0) return 0;
    out->verdict = VERDICT_CORRECT;
    return 1;
}

/* ---- the row ----------------------------------------------------------------------------------------------------- */

static enum score_status score(const struct reward_call *call, struct reward_out *out)
{
    struct puzzle z;
    if (!read_puzzle(call, &z, out->err)) return SCORE_FAULT;
    bool defer = false;
    out->value = call->options[OPT_IMPL].choice == IMPL_R1 ? score_r1(call, &z, out, &defer)
                                                           : score_tinyzero(call, &z, out, &defer);
    return defer ? SCORE_DEFER : SCORE_DONE;
}

static const char *const impls[] = {"r1", "tinyzero", NULL};

static const struct field options[] = {
    {.name = "impl",
     .kind = FIELD_CHOICE,
     .fallback = "\"r1\"",
     .choices = impls,
     .doc = "whose rule; r1 is our own and the sound one"},
    {.name = "use_all",
     .kind = FIELD_BOOL,
     .fallback = "false",
     .doc = "r1: every number must be used"},
    {0},
};

static const struct field fields[] = {
    {"target", FIELD_VALUE, .doc = "the number to reach"},
    {"numbers", FIELD_VALUE, .doc = "the numbers given, a list"},
    {0},
};

static const char *const causes[] = {"equal_value",       "not_equal",      "no_answer_found",
                                     "unparsable_answer", "wrong_numbers",  "not_allowed",
                                     "division_by_zero",  "false_equation", NULL};

const struct reward countdown_reward = {
    .name = "countdown",
    .doc = "an expression of the given numbers that equals the target",
    .source = "Jiayi-Pan/TinyZero:verl/utils/reward_score/countdown.py; r1: docs/rewards.md",
    .options = options,
    .fields = fields,
    .causes = causes,
    .tells_correct = true,
    .score = score,
};
