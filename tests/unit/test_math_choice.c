/* tests/unit/test_math_choice.c - the letter of the strongest cue is the answer, an explanation's never.
 *
 * Every way to state a letter stands before every explanation that names others: the reference A is
 * met, B is not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/verdicts.h"

enum { T = MATH_CORRECT, F = MATH_INCORRECT };

static const char *const ways[] = {
    "The answer is A.",
    "The correct answer is **A**.",
    "**Answer: A**",
    "Answer: A",
    "**Answer:** A",
    "Final answer: (A)",
    "The correct option is A.",
    "The correct option is (A).",
    "Option A is correct.",
    "So the correct choice is (A).",
    "I choose A.",
    "I would go with A.",
    "\\boxed{A}",
    "$\\boxed{\\text{A}}$",
    "\\boxed{\\text{(A) } 42}",
    "The answer is \\(\\boxed{A}\\).",
    "**A) 42**",
    "A. 42",
    "Therefore, A is the right answer.",
    "The best answer is A) 42",
    "Hence choice A.",
    "My final answer is A.",
    "<answer>A</answer>",
    "Correct answer: A) 42.",
    "The answer must be A.",
    "It must be A.",
    "Thus the answer would be (A).",
    "(A) is correct.",
    "Answer: $A$",
    "Among the four, only A is correct.",
};

static const char *const explanations[] = {
    "",
    " Option B is wrong because it ignores friction.",
    "\n\nExplanation: B is incorrect since the sign is reversed, and C is too large.",
    " Options B, C and D are incorrect.",
    " (B would be the answer if the mass were doubled.)",
    " It is not B.",
    "\n\nNote: many students choose B.",
    "\n\nA common mistake is to choose B.",
    " The other options (B, C, D) can be ruled out.",
    " Not option B.",
    "\n\nWhy not B? Because energy is not conserved there.",
    " B is wrong.",
    " Choices B and D contradict the conservation of energy.",
    "\n\n- B: too small\n- C: too large",
    " Although B looks tempting, it fails for small masses.",
    " One might be tempted to select B, but that ignores friction.",
    "\n\nOption B describes the opposite case.",
    " Hence B, C, and D are eliminated.",
};

static int check(const char *way, const char *explanation, const char *gold, int expected)
{
    char text[600];
    snprintf(text, sizeof(text), "Let us compare the options.\n\n%s%s", way, explanation);
    return check_verdict("choice", gold, text, MATH_FORM_TEXT, (enum math_verdict)expected);
}

static void test_explanations(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        for (size_t k = 0; k < sizeof(explanations) / sizeof(explanations[0]); k++) {
            wrong += check(ways[i], explanations[k], "A", T);
            wrong += check(ways[i], explanations[k], "B", F);
        }
    }
    assert_int_equal(wrong, 0);
}

/* clang-format off */
static const struct {
    const char *gold, *text;
    int expected;
} rows[] = {
    {"A", "Answer: A or B", F}, {"B", "Answer: A or B", F}, {"A", "The answer is either A or B.", F},
    {"A", "Answer: A and B", F}, {"A", "Answer: A/B", F}, {"A", "Both A and B could be correct.", F},
    {"B", "The answer is A, B, or C.", F}, {"A", "\\boxed{A \\text{ or } B}", F},
    {"B", "Answer: B\nAnswer: unknown", F}, {"B", "Answer: A\nAnswer: B", T},
    {"E", "\\boxed{\\Delta E}", F}, {"C", "\\boxed{x^2+C}", F}, {"A", "\\boxed{\\pi A}", F},
    {"E", "\\boxed{-E}", F}, {"C", "\\boxed{\\frac{Q}{C}}", F},
    {"D", "So \\(\\boxed{\\Delta E > 0}\\).\n\n**Answer: D**", T},
    {"B", "\\boxed{\\text{Option B}}", T}, {"B", "\\boxed{\\text{The answer is B}}", T},
    {"B", "The answer is not A but B.", T}, {"A", "The answer is not A but B.", F},
    {"B", "The correct answer is the second option, B.", T},
    {"C", "A\xe9\xa1\xb9\xe9\x94\x99\xe8\xaf\xaf\xef\xbc\x8c" "C\xe9\xa1\xb9\xe6\xad\xa3\xe7\xa1\xae\xe3\x80\x82", T},
    {"A", "A\xe9\xa1\xb9\xe9\x94\x99\xe8\xaf\xaf\xef\xbc\x8c" "C\xe9\xa1\xb9\xe6\xad\xa3\xe7\xa1\xae\xe3\x80\x82", F},
    {"AC", "\xe6\x95\x85\xe9\x80\x89\xef\xbc\x9a" "AC\xe3\x80\x82", T},
    {"AB", "\xe6\x95\x85\xe9\x80\x89\xef\xbc\x9a" "AC\xe3\x80\x82", F},
    {"B", "I considered A first, but it must be B.", T}, {"A", "I considered A first, but it must be B.", F},
    {"B", "A is wrong, so the answer is B.", T}, {"A", "A is wrong, so the answer is B.", F},
    {"A", "I cannot decide between A and B.", F}, {"A", "None of the options is correct.", F},
};
/* clang-format on */

static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wrong += check_verdict("choice", rows[i].gold, rows[i].text, MATH_FORM_TEXT,
                               (enum math_verdict)rows[i].expected);
    }
    assert_int_equal(wrong, 0);
}

/* The verdict on a response where the options tell what the letters stand for. */
static int with_contents(const char *gold, const char *text)
{
    struct span letters[] = {span_str("A"), span_str("B"), span_str("C")};
    struct span contents[] = {span_str("Paris"), span_str("\\frac{1}{2}"), span_str("the red one")};
    struct math_options o = MATH_DEFAULTS;
    o.choices = letters;
    o.contents = contents;
    o.n_choices = 3;
    struct arena *a = arena_new((size_t)16 << 20);
    struct span g = span_str(gold);
    struct math_result r;
    math_judge(a, span_str(text), &g, 1, &o, MATH_CHEAP, &r);
    int v = (int)r.verdict;
    arena_free(a);
    return v;
}

static void test_contents(void **state)
{
    (void)state;
    static const struct {
        const char *gold, *text;
        int expected;
    } cases[] = {
        {"A", "The answer is A.", T},
        {"A", "The answer is Paris.", T},
        {"Paris", "The answer is (A).", T},
        {"Paris", "\\boxed{Paris}", T},
        {"B", "\\boxed{0.5}", T},
        {"0.5", "\\boxed{B}", T},
        {"B", "The value is $\\frac12$.", T},
        {"A", "\\boxed{0.5}", F},
        {"C", "It is the red one.", T},
        {"the red one", "Answer: C", T},
        {"C", "\\boxed{\\text{red one}}", T},
        {"A", "The answer is London.", F},
        {"A", "\\boxed{B}. Paris is wrong.", F},
        {"B", "B. 1/2", T},
    };
    int wrong = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int got = with_contents(cases[i].gold, cases[i].text);
        if (got == cases[i].expected) continue;
        print_error("gold %s, text %s: %d\n", cases[i].gold, cases[i].text, got);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* Choices of one letter each are contents where none is a label, else the labels. */
static void test_letters(void **state)
{
    (void)state;
    static const struct {
        const char *choices, *gold, *text;
        int expected;
    } cases[] = {
        {"wxyz", "B", "The answer is B.", T},
        {"wxyz", "B", "The answer is A.", F},
        {"wxyz", "B", "The answer is x.", T},
        {"wxyz", "B", "The answer is y.", F},
        {"wxyz", "x", "\\boxed{B}", T},
        {"wxyz", "B", "\\boxed{x}", T},
        {"xyz", "A", "Answer: A", T},
        {"mnkl", "D", "The answer is (D).", T},
        {"pq", "A", "Answer: B", F},
        {"wxyz", "B", "Option X is correct.", T},
        {"efgh", "g", "The answer is option G. The others are wrong.", T},
        {"abcd", "B", "Answer: b", T},
        {"abcd", "b", "The answer is B.", T},
        {"FGHJ", "G", "Answer: G", T},
    };
    int wrong = 0;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct span choices[4], g = span_str(cases[i].gold);
        struct math_options o = MATH_DEFAULTS;
        struct arena *a = arena_new((size_t)16 << 20);
        struct math_result r;
        o.choices = choices;
        o.n_choices = (int)strlen(cases[i].choices);
        for (int k = 0; k < o.n_choices; k++) {
            choices[k] = span_of(cases[i].choices + k, 1);
        }
        math_judge(a, span_str(cases[i].text), &g, 1, &o, MATH_CHEAP, &r);
        arena_free(a);
        if ((int)r.verdict == cases[i].expected) continue;
        print_error("%s, gold %s: %s\n", cases[i].choices, cases[i].gold, cases[i].text);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_explanations),
                                       cmocka_unit_test(test_rows), cmocka_unit_test(test_contents),
                                       cmocka_unit_test(test_letters)};
    return cmocka_run_group_tests_name("math_choice", tests, NULL, NULL);
}
