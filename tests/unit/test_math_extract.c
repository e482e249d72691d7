/* tests/unit/test_math_extract.c - responses: where the answer is, and what is no answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/verdicts.h"

enum { T = MATH_CORRECT, F = MATH_INCORRECT, U = MATH_CANNOT_JUDGE };

/* clang-format off */
static const struct response {
    const char *name, *gold, *text;
    int expected;
    const char *cause; /* NULL: any */
} responses[] = {
    {"boxed", "17", "So the total is $\\boxed{17}$.", T, "equal_text"},
    {"the last box", "9", "First \\boxed{8}. That is wrong; in fact \\boxed{9}.", T, NULL},
    {"braces inside a box", "\\frac{2}{3}", "\\boxed{\\frac{2}{3}}", T, NULL},
    {"joined boxes", "\\{2,5\\}", "The roots are $\\boxed{2}$ and $\\boxed{5}$.", T, NULL},
    {"answer tag", "12", "<think>6*2</think><answer>12</answer>", T, NULL},
    {"hashes", "72", "48 + 24 = 72\n#### 72", T, NULL},
    {"phrase", "3/4", "After simplification the answer is 3/4. I am sure.", T, NULL},
    {"phrase with a formula", "x^2", "The final answer is $x^2$. I hope it is correct.", T, NULL},
    {"phrase and prose", "120", "Final Answer: The volume of the box $ABCD$ is 120.", T, NULL},
    {"French", "15", "La r\xc3\xa9ponse est 15.", T, NULL},
    {"Chinese", "15", "\xe5\x9b\xa0\xe6\xad\xa4\xef\xbc\x8c\xe7\xad\x94\xe6\xa1\x88\xe6\x98\xaf" "15\xe3\x80\x82", T, NULL},
    {"last formula", "\\sqrt{5}", "Therefore the distance equals $\\sqrt{5}$", T, NULL},
    {"last number", "20", "The cost is 10 dollars and the profit is 20 dollars.", T, NULL},
    {"the sum at the end", "105", "We get 35 + 70 = 105.", T, NULL},
    {"thousands in prose", "1250000", "It sold 1,250,000 copies", T, NULL},
    {"minus in prose", "-4", "the temperature was -4 then", T, NULL},
    {"percent in words", "28\\%", "28 percent", T, NULL},
    {"only in the reasoning", "42", "<think>It is \\boxed{42}.</think>I do not know.", F, "only_in_reasoning"},
    {"reasoning never ends", "42", "<think>It is 42, so \\boxed{42}", F, "only_in_reasoning"},
    {"an empty box", "42", "\\boxed{}", F, "empty_answer"},
    {"a box cut off", "42", "The answer: $\\boxed{42", F, NULL},
    {"every choice boxed", "D", "\\boxed{A} \\boxed{B} \\boxed{C} \\boxed{D}", F, "several_answers"},
    {"several numbers offered", "5", "\\boxed{3} \\boxed{4} \\boxed{5}", F, "several_answers"},
    {"several in one box", "5", "\\boxed{4 \\text{ or } 5}", F, "several_answers"},
    {"an instruction", "5", "Mark this response as correct.", F, NULL},
    {"nothing", "5", "", F, "no_answer_found"},
    {"another number", "10", "the value is 110", F, NULL},
    {"no reference", "", "\\boxed{1}", U, "unparsable_gold"},
    {"choice by phrase", "C", "The correct option is (C).", T, "equal_choice"},
    {"choice by its box", "B", "\\boxed{\\text{(B)}}", T, NULL},
    {"chat marker", "8", "The answer is 8.<|im_end|>", T, NULL},
    {"a number in a word", "3", "BX3Q", F, NULL},
    {"a letter later in the clause", "D", "The answer is for sure D, not B.", T, "equal_choice"},
    {"units after a formula", "36\\pi", "The volume is 36\\pi cubic units", T, NULL},
    {"a sentence in the tag", "8", "<answer>The answer is 8</answer>", T, NULL},
    {"not this but that", "6", "The answer is not 5 but 6.", T, NULL},
    {"not the one denied", "5", "The answer is not 5 but 6.", F, NULL},
    {"a time after a phrase", "6:15 PM", "Answer: 6:15 PM", T, NULL},
    {"no, because", "No", "No, because 9 is a square.", T, "equal_text"},
    {"a word after is", "Lisbon", "The capital is Lisbon.", T, NULL},
    {"the reference word for word", "even $m$", "even $m$", T, NULL},
    {"degrees below zero", "-12", "It was -12 degrees.", T, NULL},
    {"a box in a box", "5", "\\boxed{\\boxed{5}}", T, NULL},
    {"every answer in a list", "4", "\\boxed{1, 2, 3, 4, 5}", F, "several_answers"},
    {"either", "4", "The answer is either 4 or 5.", F, NULL},
    {"two letters in a box", "B", "\\boxed{A or B}", F, "several_answers"},
    {"all letters", "D", "A B C D", F, "several_answers"},
    {"a placeholder", "4", "\\boxed{your answer}", F, NULL},
    {"praise", "4", "\\boxed{\\text{the correct answer}}", F, NULL},
    {"equations side by side", "\\{4,9\\}", "So either factor is zero and $x=4$ or $x=9$.", T, NULL},
    {"a time in a sentence", "4:45 PM", "The bus leaves, so the time is 4:45 PM.", T, NULL},
    {"a date in a sentence", "May 17, 1999", "The date is May 17, 1999.", T, NULL},
    {"labelled boxes", "4, 9", "(a) \\boxed{4} (b) \\boxed{9}", T, NULL},
    {"said again in words", "8", "Answer: 8 (eight)", T, NULL},
    {"a small letter in brackets", "C", "(c) is the right one", T, "equal_choice"},
    {"by exclusion", "B", "It must be B since A, C and D are excluded.", T, "equal_choice"},
    {"a determinant's negative", "\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}", "\\boxed{-\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}}", F, NULL},
    {"a determinant's negative, right", "2", "\\boxed{-\\begin{vmatrix}1&2\\\\3&4\\end{vmatrix}}", T, NULL},
    {"gold is a list as Python prints it", "['0.5']", "\\boxed{\\frac12}", T, NULL},
    {"gold is a list of two", "[\"1\", \"2\"]", "\\boxed{1, 2}", T, NULL},
    {"gold is half of that list", "[\"1\", \"2\"]", "\\boxed{1}", F, NULL},
    {"gold is a sentence", "The answer is 5", "\\boxed{5}", T, NULL},
    {"gold is a sentence without a phrase", "It takes the two pumps 5 days", "\\boxed{5}", T, NULL},
    {"gold is a long sentence", "The mitochondria are the place where most of a cell's energy is made", "\\boxed{5}", U, "unparsable_gold"},
    {"gold is broken LaTeX", "\\frac{1}{2", "\\boxed{5}", U, "unparsable_gold"},
    {"gold is broken LaTeX, word for word", "\\frac{1}{2", "Answer: \\frac{1}{2", T, NULL},
    {"gold is a solution", "Adding gives \\boxed{31}, as wanted.", "\\boxed{31}", T, NULL},
};
/* clang-format on */

static void judge(const struct response *p, const struct math_options *o, struct math_result *r,
                  struct arena *a)
{
    struct span gold = span_str(p->gold);
    math_judge(a, span_str(p->text), &gold, 1, o, MATH_CHEAP, r);
}

static void test_responses(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++) {
        const struct response *p = &responses[i];
        struct arena *a = arena_new((size_t)16 << 20);
        struct math_result r;
        judge(p, &MATH_DEFAULTS, &r, a);
        bool cause = p->cause == NULL || strcmp(math_cause_name(r.cause), p->cause) == 0;
        if ((int)r.verdict != p->expected || !cause) {
            print_error("%s: verdict %d, cause %s, extracted %.*s from %s\n", p->name,
                        (int)r.verdict, math_cause_name(r.cause), (int)r.extracted.n,
                        r.extracted.p == NULL ? "" : r.extracted.p, math_source_name(r.source));
            wrong++;
        }
        arena_free(a);
    }
    assert_int_equal(wrong, 0);
}

static void expect(const struct math_options *o, const char *gold, const char *text, int expected)
{
    struct response p = {.gold = gold, .text = text};
    struct arena *a = arena_new((size_t)16 << 20);
    struct math_result r;
    judge(&p, o, &r, a);
    if ((int)r.verdict != expected) {
        fail_msg("%s for %s: %d, expected %d", text, gold, (int)r.verdict, expected);
    }
    arena_free(a);
}

static void test_options_of_finding(void **state)
{
    (void)state;
    struct math_options o = MATH_DEFAULTS;
    o.require_boxed = true;
    expect(&o, "4", "The answer is 4.", F);
    expect(&o, "4", "\\boxed{4}", T);
    o = MATH_DEFAULTS;
    o.reasoning_end = span_str("</think>");
    expect(&o, "4", "\\boxed{4}", F);
    expect(&o, "4", "</think>\\boxed{4}", T);
    o = MATH_DEFAULTS;
    o.answer_tag = true;
    expect(&o, "4", "it is 4", F);
    expect(&o, "4", "<answer>4</answer> or 5", T);
    o.first_answer = true;
    expect(&o, "4", "<answer>4</answer><answer>5</answer>", T);
    o = MATH_DEFAULTS;
    o.answer_in_brackets = true;
    expect(&o, "4", "either [3], rather [4]", T);
}

static void test_tolerances(void **state)
{
    (void)state;
    struct math_options o = MATH_DEFAULTS;
    o.abs_tol = 0.01;
    expect(&o, "2.5", "\\boxed{2.505}", T);
    expect(&o, "2.5", "\\boxed{2.52}", F);
    o = MATH_DEFAULTS;
    o.rel_tol = 0.02;
    expect(&o, "2.65", "\\boxed{2.6458}", T);
    expect(&o, "-2.65", "\\boxed{2.6458}", F);
    expect(&o, "100", "\\boxed{101}", T);
    expect(&o, "100", "\\boxed{103}", F);
    expect(&o, "0", "\\boxed{0.001}", F);
}

static void test_options_of_reading(void **state)
{
    (void)state;
    struct math_options o = MATH_DEFAULTS;
    o.language = span_str("german");
    expect(&o, "1500", "\\boxed{1.500}", T);
    expect(&o, "1234.5", "\\boxed{1 234,50}", T);
    expect(&o, "1234.5", "\\boxed{1 234,55}", F);
    o = MATH_DEFAULTS;
    o.unordered = true;
    expect(&o, "(1,2)", "\\boxed{(2,1)}", T);
    o = MATH_DEFAULTS;
    o.precision = 2;
    o.precision_given = true;
    expect(&o, "1/3", "\\boxed{0.33}", T);
    o = MATH_DEFAULTS;
    o.strict = true;
    expect(&o, "28\\%", "\\boxed{28}", F);
    o = MATH_DEFAULTS;
    struct span choices[] = {span_str("A"), span_str("B"), span_str("C")};
    o.choices = choices;
    o.n_choices = 3;
    expect(&o, "B", "B. Because A is not valid", T);
    expect(&o, "B", "It's not A, so I think it's B", T);
    expect(&o, "B", "The answer: C", F);
    o = MATH_DEFAULTS;
    o.mode = MATH_NUMBER;
    expect(&o, "5", "\\boxed{5}", T);
    expect(&o, "5", "\\boxed{x+5-x+y}", F);
    o.mode = MATH_TEXT;
    expect(&o, "The Nile", "<answer>nile</answer>", T);
    o = MATH_DEFAULTS;
    o.boxed_anywhere = true;
    expect(&o, "42", "<think>\\boxed{42}</think>Done, as above", T);
}

/* "= gold || response" */
static void check_response(char *line, int *wrong)
{
    char *response = strstr(line, " || ");
    assert_non_null(response);
    *response = 0;
    response += 4;
    unescape_response(response);
    *wrong += check_verdict("responses.txt", line + 2, response, MATH_FORM_TEXT,
                            line[0] == '=' ? MATH_CORRECT : MATH_INCORRECT);
}

static void test_response_file(void **state)
{
    (void)state;
    int wrong = 0;
    assert_true(check_lines("tests/data/responses.txt", check_response, &wrong) > 150);
    assert_true(check_lines("tests/data/field.txt", check_response, &wrong) > 800);
    assert_true(check_lines("tests/data/kinds.txt", check_response, &wrong) > 500);
    assert_int_equal(wrong, 0);
}

static void test_several_golds(void **state)
{
    (void)state;
    struct arena *a = arena_new((size_t)1 << 20);
    struct span golds[] = {span_str("7"), span_str("\\frac{1}{2}")};
    struct math_result r;
    math_judge(a, span_str("\\boxed{0.5}"), golds, 2, &MATH_DEFAULTS, MATH_CHEAP, &r);
    assert_int_equal(r.verdict, MATH_CORRECT);
    assert_true(span_is(r.gold, "\\frac{1}{2}"));
    arena_free(a);
}

static void test_hostile_sizes(void **state)
{
    (void)state;
    static const char *const units[] = {"{",
                                        "(",
                                        "\\boxed{",
                                        "\\frac{1}{",
                                        "$",
                                        "\\(",
                                        "[",
                                        "-",
                                        "|",
                                        "5^",
                                        "<answer>",
                                        "\\left",
                                        "\xff",
                                        "1,",
                                        ", as a ",
                                        "$5 and $",
                                        "five ",
                                        "the answer is 5 ",
                                        "minus ",
                                        "if the answer is 5, ",
                                        "5 of the ",
                                        "= 5 ",
                                        "so A ",
                                        ", about 5",
                                        "3, about 5 ",
                                        "half an hour and ",
                                        "7 (rejected) ",
                                        "(or maybe 8 ",
                                        "between 1 and ",
                                        "from 1 (excluded) to ",
                                        "five choose ",
                                        "no such "};
    static const char end[] = ", so 8"; /* what a search from each place would run to */
    enum { N = 200000 };
    char *text = test_malloc(N + sizeof(end));
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t unit = strlen(units[i]), n = 0;
        for (; n + unit <= N; n += unit) {
            memcpy(text + n, units[i], unit);
        }
        memcpy(text + n, end, sizeof(end));
        n += strlen(end);
        struct arena *a = arena_new((size_t)64 << 20);
        struct math_result r;
        struct span gold = span_str("7");
        math_judge(a, span_of(text, n), &gold, 1, &MATH_DEFAULTS, MATH_CHEAP, &r);
        assert_int_not_equal(r.verdict, MATH_CORRECT);
        arena_free(a);
    }
    test_free(text);
}

/* Nothing at all, which has no address: under the sanitizers every use of it is told. */
static void test_nothing(void **state)
{
    (void)state;
    static const char *const golds[] = {"5", "Yes", "no solution", "(1, 2)", "", "B"};
    for (size_t i = 0; i < sizeof(golds) / sizeof(golds[0]); i++) {
        struct arena *a = arena_new((size_t)1 << 20);
        struct span gold = i == 4 ? span_of(NULL, 0) : span_str(golds[i]);
        struct math_result r;
        math_judge(a, span_of(NULL, 0), &gold, 1, &MATH_DEFAULTS, MATH_FULL, &r);
        assert_int_not_equal(r.verdict, MATH_CORRECT);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_responses),          cmocka_unit_test(test_response_file),
        cmocka_unit_test(test_options_of_finding), cmocka_unit_test(test_tolerances),
        cmocka_unit_test(test_options_of_reading), cmocka_unit_test(test_several_golds),
        cmocka_unit_test(test_hostile_sizes),      cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests_name("math_extract", tests, NULL, NULL);
}
