/* tests/unit/test_math_find.c - the parts of the finder: plain text, runs, words beside a value,
 * statements, conditions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/verdicts.h"

#include "base/clock.h"
#include "reward/math/find/boxes.h"
#include "reward/math/find/gold.h"
#include "reward/math/find/outcome.h"
#include "reward/math/find/parts.h"
#include "reward/math/find/plain.h"
#include "reward/math/find/qualify.h"
#include "reward/math/find/runs.h"
#include "reward/math/find/stated.h"

struct row {
    const char *text, *wanted; /* NULL: nothing */
};

static int check(const char *what, const struct row *r, struct span got)
{
    bool same = r->wanted == NULL ? got.n == 0 : span_is(got, r->wanted);
    if (same) return 0;
    print_error("%s of \"%s\": \"%.*s\", wanted \"%s\"\n", what, r->text, (int)got.n,
                got.p == NULL ? "" : got.p, r->wanted == NULL ? "" : r->wanted);
    return 1;
}

/* Each row through f. */
static void check_all(const char *what, const struct row *rows, size_t n,
                      struct span (*f)(struct arena *a, struct span s))
{
    int wrong = 0;
    for (size_t i = 0; i < n; i++) {
        struct arena *a = arena_new((size_t)4 << 20);
        wrong += check(what, &rows[i], f(a, span_str(rows[i].text)));
        arena_free(a);
    }
    assert_int_equal(wrong, 0);
}
#define CHECK_ALL(what, rows, f) check_all(what, rows, sizeof(rows) / sizeof((rows)[0]), f)

static void test_plain(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"**5**", "5"},
        {"__5__", "5"},
        {"*5*", "5"},
        {"`5`", "5"},
        {"2**3", "2**3"},
        {"2*3", "2*3"},
        {"2 * 3", "2 * 3"},
        {"$x^*$", "$x^*$"},
        {"**x = \xe2\x88\x92"
         "2**",
         "x = -2"},
        {"Answer:** 5", "Answer: 5"},
        {"a_1 + b_1", "a_1 + b_1"},
        {"* so 5", " so 5"},
        {"_5_", "5"},
        {"***5***", "5"},
        {"plain", "plain"},
    };
    CHECK_ALL("plain_text", rows, plain_text);
    static const struct row words[] = {
        {"\\text{the only } n \\text{ is } 3", "the only  n  is  3"},
        {"x\\quad y\\,z", "x  y z"},
        {"\\frac{1}{2}", "\\frac{1}{2}"},
        {"\\text{open", "\\text{open"},
    };
    CHECK_ALL("plain_words", words, plain_words);
}

static struct span last_bold(struct arena *a, struct span s)
{
    (void)a;
    return plain_last_bold(s);
}

static void test_bold(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"so **5** or so", "5"},   {"**Answer:** 5", NULL},
        {"**5** then **6**", "6"}, {"**x = 2** and **x = 3**", "x = 2** and **x = 3"},
        {"**Step 4.** Now", NULL}, {"no bold", NULL},
        {"**open", NULL},          {"2**3 = 8", NULL},
    };
    CHECK_ALL("plain_last_bold", rows, last_bold);
}

static struct span first_run(struct arena *a, struct span s)
{
    struct run r;
    return run_next(s, 0, &r) ? run_read(a, s, &r) : span_of(NULL, 0);
}

static void test_runs(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"so 5 apples", "5"},
        {"there are 3.2e8 of them", "3.2e8"},
        {"it is x = -2 for all x", "x = -2"},
        {"in n(n+1)/2 steps", "n(n+1)/2"},
        {"get \\sqrt 2, as required", "\\sqrt 2"},
        {"version 2.13.9", NULL},
        {"the 42nd one", NULL},
        {"a multiple", NULL},
        {"5 km per hour then", "5 km per hour"},
        {"14 square meters of it", "14 square meters"},
        {"2, 5 and 7 are", "2, 5 and 7"},
        {"(-2, 1) is", "(-2, 1)"},
        {"5 (since x > 0)", "5"},
        {"log_2 3 for", "log_2 3"},
        {"11 5/6 cups", "11 5/6 cups"},
        {"x-axis", NULL},
        {"v2 is out", NULL},
    };
    CHECK_ALL("run", rows, first_run);
}

static struct span stated_text(struct arena *a, struct span s)
{
    struct stated st = stated_in(a, s, MATH_DEFAULTS.extract);
    return st.denied ? span_of(NULL, 0) : st.text;
}

static void test_statements(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {" **\xe2\x88\x92"
         "2** for every a",
         "-2"},
        {" exactly 5, as 3 < 7", "5"},
        {" minus 42", "-42"},
        {" half of 42", "1/2*(42)"},
        {" the square root of 42", "\\sqrt{42}"},
        {" 42 squared", "(42)^2"},
        {" 42 factorial", "(42)!"},
        {" 42 times 2", "(42)*(2)"},
        {" at most 42", "x\\le 42"},
        {" 42 or more", "x\\ge 42"},
        {" not 5 but 6", "6"},
        {" a multiple of 42", NULL},
        {" the twice of it", NULL},
        {" half of x = 5", NULL},
        {" that the area of the square is 16", "16"},
        {" The equation of the line is $2x - y + 3 = 0$", "$2x - y + 3 = 0$"},
        {" March 14", "March 14"},
        {" eight", "eight"},
        {" two dozen eggs", "two dozen eggs"},
    };
    CHECK_ALL("stated_in", rows, stated_text);
}

static struct span core(struct arena *a, struct span s)
{
    (void)a;
    return qualify_core(s);
}

static void test_conditions(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"2n-1,\\ n\\ge 1", "2n-1"},
        {"5 (x>0)", "5"},
        {"a_n=2n-1\\ (n\\in\\mathbb{N}^*)", "a_n=2n-1"},
        {"x^2+y^2=4\\ (x\\ne 0)", NULL},
        {"y=2x, x>0", NULL},
        {"x>2, x<6", NULL},
        {"1, 2", NULL},
        {"f(x<1)", NULL},
        {"5, y>3", NULL},
    };
    CHECK_ALL("qualify_core", rows, core);
}

static struct span gold_of(struct arena *a, struct span s)
{
    return gold_answer(a, s, &MATH_DEFAULTS);
}

static void test_references(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"The answer is 5", "5"},
        {"Answer: 5", "5"},
        {"Reasoning.\nFinal Answer: 5", "5"},
        {"['0.5']", "0.5"},
        {"[\"1\", \"2\"]", "1, 2"},
        {"[1, 2]", "[1, 2]"},
        {"so 3.\n#### 4", "4"},
        {"", NULL},
    };
    CHECK_ALL("gold_answer", rows, gold_of);
}

static struct span outcome(struct arena *a, struct span s)
{
    (void)a;
    return outcome_said(s);
}

static void test_outcomes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"The discriminant is -4, so there are no real solutions.", "no solution"},
        {"Hence no valid integer solution exists", "no solution"},
        {"The limit does not exist.", "does not exist"},
        {"There are infinitely many such n, since 2 divides them", "infinitely many"},
        {"The series diverges.", "diverges"},
        {"The domain is all real numbers", "all real numbers"},
        {"It holds for all real numbers x", NULL},
        {"There are no real solutions, so the number is 0.", NULL},
        {"If there were no solution, we would stop.", NULL},
        {"There is not an infinite number.", NULL},
        {"There is no solution. So x = 2.", NULL},
        {"There are no other solutions", NULL},
        {"", NULL},
    };
    CHECK_ALL("outcome_said", rows, outcome);
}

static struct span parts(struct arena *a, struct span s)
{
    return parts_answer(a, s, &MATH_DEFAULTS);
}

static void test_parts(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"(a) The height is \\boxed{5}.\n(b) The width is \\boxed{8}.", "(5, 8)"},
        {"a) 5\nb) 8", "(5, 8)"},
        {"**(a)** 5\n\n**(b)** x = 8", "(5, x = 8)"},
        {"Part A: it is 5.\nPart B: it is 8.", "(5, 8)"},
        {"1. 5\n2. 8\n3. 9", "(5, 8, 9)"},
        {"\xe2\x91\xa0 5\n\xe2\x91\xa1 8", "(5, 8)"},
        {"\xef\xbc\x88"
         "1\xef\xbc\x89\\boxed{5}\xef\xbc\x9b\xef\xbc\x88"
         "2\xef\xbc\x89\\boxed{8}",
         "(5, 8)"},
        {"(a) 5", NULL},
        {"(b) 5\n(a) 8", NULL},
        {"(a) It is clear.\n(b) 8", NULL},
        {"a 5\nb 8", NULL},
        {"", NULL},
    };
    CHECK_ALL("parts_answer", rows, parts);
}

static struct span boxed(struct arena *a, struct span s)
{
    int count;
    return boxes_answer(a, s, false, &count);
}

static void test_boxes(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"\\boxed{8}. Put it within \\boxed{}.", "8"},
        {"\\boxed{8}\n\n\\boxed{}", "8"},
        {"\\boxed{8}. Use the format \\boxed{...}", "8"},
        {"\\boxed{8}. Note: \\boxed{your answer}", "8"},
        {"\\boxed{8}. Checking: \\boxed{}", NULL},
        {"\\boxed{\\frac13}, i.e. about \\boxed{0.33}", "\\frac13"},
        {"a) \\boxed{5} b) \\boxed{8}", "(5, 8)"},
        {"Part A: \\boxed{5}. Part B: \\boxed{8}", "(5, 8)"},
        {"1. \\boxed{5} 2. \\boxed{8}", "5, 8"},
        {"\\boxed{5} and \\boxed{8}", "5, 8"},
        {"\\boxed{5} then \\boxed{8", NULL},
    };
    CHECK_ALL("boxes_answer", rows, boxed);
}

/* Signs without an operand hold no run, and are not gone through again from each of them. */
static void test_barren(void **state)
{
    static const char *const units[] = {"$", "{", "-", "sin ", "\\sqrt{"};
    enum { BYTES = 250000 };
    (void)state;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct buffer text;
        struct run r;
        buffer_init(&text, 2 * BYTES);
        while (text.n < BYTES) {
            buffer_add_str(&text, units[i]);
        }
        buffer_add_str(&text, ". So x = 5");
        uint64_t start = clock_cpu_ns();
        assert_true(run_next(buffer_span(&text), 0, &r));
        uint64_t ms = (clock_cpu_ns() - start) / 1000000;
        if (ms >= 1000) print_message("\"%s\" took %d ms\n", units[i], (int)ms);
        assert_true(ms < 1000); /* about 30 as released */
        assert_true(r.n_ends > 0 && r.end[r.n_ends - 1] == text.n);
        buffer_clear(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),      cmocka_unit_test(test_bold),
        cmocka_unit_test(test_runs),       cmocka_unit_test(test_statements),
        cmocka_unit_test(test_conditions), cmocka_unit_test(test_references),
        cmocka_unit_test(test_outcomes),   cmocka_unit_test(test_parts),
        cmocka_unit_test(test_boxes),      cmocka_unit_test(test_barren),
    };
    return cmocka_run_group_tests_name("math_find", tests, NULL, NULL);
}
