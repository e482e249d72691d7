/* tests/unit/test_math_notation.c - one thing in several notations, and others beside it.
 *
 * All spellings of a row are equal to each other, whichever is the reference; none equals any of
 * the row's others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reward/math/math.h"

enum { MAX = 6 };

/* clang-format off */
static const struct row {
    const char *name;
    const char *same[MAX], *other[MAX];
} rows[] = {
    {"square metres", {"14 square meters", "14 m^2", "14\\text{ m}^{2}", "14 sq m"}, {"14 m", "14 m^3", "15 m^2", "14\\%"}},
    {"speeds", {"50 km/h", "50 kilometers per hour", "50\\,\\mathrm{km/h}"}, {"50 mph", "50 m/s", "50 km"}},
    {"letters as units", {"8 m", "800 cm", "8\\text{ meters}"}, {"8 cm", "8 km", "8 s"}},
    {"litres", {"3 L", "3000 mL", "3\\text{ liters}", "3000 cm^3"}, {"3 mL", "3 m"}},
    {"hours and minutes", {"2 hours 30 minutes", "150 minutes", "2.5 hours", "2 hours and 30 minutes"}, {"230 minutes", "2.3 hours"}},
    {"feet and inches", {"4 ft 9 in", "57 inches", "4 feet 9 inches"}, {"49 inches", "4.9 feet"}},
    {"an angle is no share", {"40^\\circ", "40 degrees", "40\xc2\xb0"}, {"40\\%", "40\\text{ cm}", "-40^\\circ"}},
    {"minutes of arc", {"12^\\circ 45'", "12.75^\\circ"}, {"12.45^\\circ"}},
    {"money", {"\\$0.75", "75 cents", "\\$.75"}, {"\\$75", "0.75 cents"}},
    {"millions", {"4 million", "4000000", "4{,}000{,}000", "4\\times10^6"}, {"4", "4 thousand", "4 billion"}},
    {"hexadecimal", {"3F_{16}", "63", "0x3F", "3F_16"}, {"3F_{17}", "64", "48"}},
    {"binary point", {"10.01_2", "2.25", "\\frac94"}, {"10.01", "1001_2"}},
    {"digits in parentheses", {"(2012)_3", "2012_3", "2012_{\\text{three}}"}, {"2012", "2012_4"}},
    {"dots over decimals", {"0.\\dot{4}", "\\frac49", "0.444\\ldots", "0.\\overline{4}"}, {"0.4"}},
    {"dots over a block", {"0.\\dot{2}70\\dot{3}", "0.\\overline{2703}"}, {"0.27"}},
    {"points between thousands", {"2.500.000", "2500000", "2'500'000", "2 500 000"}, {"2.5", "2500"}},
    {"a thousand is not one", {"1,000", "1000"}, {"1", "1.000"}},
    {"infinity", {"oo", "\\infty", "+\\infty", "inf", "infinity"}, {"-oo", "0", "1000000"}},
    {"Python", {"3**4", "81", "3^4"}, {"12", "3*4"}},
    {"SymPy", {"sqrt(3)/2 + I/2", "\\frac{\\sqrt3+i}{2}"}, {"sqrt(3)/2 + 1/2"}},
    {"e as a capital", {"2*E", "2e", "2*exp(1)"}, {"2", "2*pi"}},
    {"rows of lists", {"[[5,6],[7,8]]", "\\begin{bmatrix}5&6\\\\7&8\\end{bmatrix}", "Matrix([[5,6],[7,8]])"}, {"[[5,7],[6,8]]", "[5,6,7,8]"}},
    {"an inverse matrix", {"\\begin{pmatrix}2&1\\\\1&1\\end{pmatrix}^{-1}", "\\begin{pmatrix}1&-1\\\\-1&2\\end{pmatrix}"}, {"\\begin{pmatrix}2&1\\\\1&1\\end{pmatrix}"}},
    {"angle brackets", {"<4, 5, 6>", "\\langle 4,5,6\\rangle", "(4,5,6)"}, {"<5, 4, 6>"}},
    {"combinations", {"\\binom{7}{3}", "C(7,3)", "^7C_3", "{}_7C_3", "C_7^3", "35"}, {"210", "C(7,2)"}},
    {"permutations", {"^7P_3", "P(7,3)", "A_7^3", "210"}, {"35"}},
    {"a point has a name", {"Q(2,-5)", "(2,-5)", "x=2, y=-5"}, {"(-5,2)", "Q(2,5)"}},
    {"subscripts", {"a_{k}^2", "a_k^2", "a^2_k", "(a_k)^2"}, {"a_k", "a_{k+1}^2"}},
    {"conjugates", {"\\overline{2-5i}", "2+5i"}, {"2-5i"}},
    {"cis", {"2\\operatorname{cis}\\frac{\\pi}{6}", "\\sqrt3+i"}, {"1+\\sqrt3 i"}},
    {"second derivatives", {"\\frac{d^2}{dx^2}x^4", "12x^2"}, {"4x^3", "24x"}},
    {"units of times", {"6.5 x 10^4", "65000", "6.5\\cdot10^{4}"}, {"6.5 x 10^5"}},
    {"absolute value solved", {"|x-4|<1", "3<x<5", "(3,5)", "x>3 \\text{ and } x<5"}, {"[3,5]", "|x-4|>1", "|x|<5"}},
    {"outside of two roots", {"x^2>25", "x<-5 \\text{ or } x>5", "(-\\infty,-5)\\cup(5,\\infty)", "|x|>5"}, {"x>5", "x^2\\ge25"}},
    {"a quotient's sign", {"\\frac{x+4}{x-1}\\le0", "[-4,1)", "-4\\le x<1"}, {"[-4,1]", "(-4,1)"}},
    {"linear inequalities", {"3-2x<7", "x>-2", "(-2,\\infty)"}, {"x<-2", "x>2"}},
    {"commas that mean and", {"x>2, x<6", "2<x<6", "(2,6)"}, {"x>2", "\\mathbb{R}"}},
    {"commas that mean or", {"x<2, x>6", "(-\\infty,2)\\cup(6,\\infty)"}, {"(2,6)", "\\emptyset"}},
    {"all but one", {"x\\in\\mathbb{R}, x\\ne3", "x\\ne3", "\\mathbb{R}\\setminus\\{3\\}", "(-\\infty,3)\\cup(3,\\infty)"}, {"\\mathbb{R}", "x=3"}},
    {"the real numbers", {"\\mathbb{R}", "all real numbers", "(-\\infty,\\infty)", "\\mathbb R", "x\\in\\mathbb{R}"}, {"\\mathbb{Z}", "\\emptyset"}},
    {"nothing", {"no solution", "\\emptyset", "\\{\\}", "There are no solutions."}, {"0", "\\{0\\}"}},
    {"whole numbers between", {"\\{n\\in\\mathbb{Z}: -1\\le n<3\\}", "\\{-1,0,1,2\\}"}, {"[-1,3)", "\\{-1,0,1,2,3\\}"}},
    {"outward brackets", {"]2,7]", "(2,7]", "2<x\\le7"}, {"[2,7[", "(2,7)"}},
    {"half-open outward", {"[2,7[", "[2,7)"}, {"[2,7]"}},
    {"a family's letter", {"\\frac{\\pi}{3}+k\\pi, k\\in\\mathbb{Z}", "\\frac{\\pi}{3}+n\\pi, n\\in\\mathbb{Z}", "x=\\frac{\\pi}{3}+m\\pi \\text{ for any integer } m"}, {"\\frac{\\pi}{3}+2k\\pi, k\\in\\mathbb{Z}", "\\frac{\\pi}{3}"}},
    {"a family's start", {"5k+2, k\\in\\mathbb{Z}", "5n-3, n\\in\\mathbb{Z}", "2-5m, m\\in\\mathbb{Z}"}, {"5k+1, k\\in\\mathbb{Z}", "10k+2, k\\in\\mathbb{Z}", "5k+2, k\\in\\mathbb{N}"}},
    {"constants of integration", {"x\\sin x+C", "x\\sin x+c", "K+x\\sin x"}, {"x\\cos x+C", "x\\sin x+x+C"}},
    {"antiderivatives", {"\\frac12\\sin^2x+C", "-\\frac12\\cos^2x+C", "-\\frac14\\cos2x+C"}, {"\\frac12\\cos^2x+C"}},
    {"constants of a solution", {"y=C_1e^{3x}+C_2e^{-x}", "y=c_2e^{3x}+c_1e^{-x}", "y=Ae^{3x}+Be^{-x}"}, {"y=C_1e^{3x}+C_2e^{-2x}"}},
    {"a function's variable", {"f(x)=5x-1", "f(t)=5t-1"}, {"f(t)=5t+1"}},
    {"definitions", {"f(x)=5x-1", "y=5x-1", "5x-1"}, {"f(x)=5x+1", "g(x)=4x-1"}},
    {"inverse functions", {"f^{-1}(x)=\\frac{x+1}{5}", "\\frac{x+1}{5}"}, {"\\frac{5}{x+1}"}},
    {"a figure's letters", {"|AB|=6", "AB=6", "\\overline{AB}=6", "6"}, {"AB=7", "AB=CD"}},
    {"pieces", {"\\begin{cases}x^2&\\text{if }x\\ge0\\\\-x&\\text{if }x<0\\end{cases}", "\\begin{cases}x^2,&x\\geq0\\\\-x,&x<0\\end{cases}"}, {"\\begin{cases}-x&x\\ge0\\\\x^2&x<0\\end{cases}"}},
    {"lines that go on", {"\\begin{align*}y&=4+5\\\\&=9\\end{align*}", "9", "y=9"}, {"4"}},
    {"words for fractions", {"three quarters", "\\frac34", "three fourths"}, {"\\frac43", "three"}},
    {"mixed words", {"two and a half", "2.5"}, {"2", "0.5"}},
    {"a dozen", {"a dozen", "12", "twelve"}, {"10"}},
    {"dates", {"March 5", "5 March", "5th of March", "March 5th"}, {"March 6", "May 5"}},
    {"half of the day unsaid", {"6:20 p.m.", "18:20", "6:20 PM"}, {"6:20 AM", "6:02 PM"}},
    {"a choice with its content", {"(D) 81", "D"}, {"(C) 81", "C"}},
    {"ratios in words", {"5 to 2", "5:2", "10:4"}, {"2:5"}},
    {"congruences", {"x\\equiv4\\pmod{9}", "x\\equiv13\\pmod9"}, {"x\\equiv5\\pmod9", "x\\equiv4\\pmod8"}},
    {"gcd of monomials", {"\\gcd(6x,4y)", "2"}, {"12xy"}},
    {"lcm of monomials", {"\\operatorname{lcm}(6x,4y)", "12xy"}, {"2", "24xy"}},
    {"gcd of powers", {"\\gcd(2^{90},2^{40})", "2^{40}"}, {"2^{39}"}},
    {"telescopes", {"\\sum_{n=1}^{\\infty}\\frac{1}{n(n+2)}", "\\frac34"}, {"1"}},
    {"an alternating series", {"\\sum_{n=0}^{\\infty}\\frac{(-1)^n}{3n+1}", "\\frac{\\pi}{3\\sqrt3}+\\frac{\\ln2}{3}"}, {"\\frac{\\pi}{3\\sqrt3}"}},
    {"an endless product", {"\\prod_{n=1}^{\\infty}\\frac{4n^2}{4n^2-1}", "\\frac{\\pi}{2}"}, {"2"}},
    {"powers without end", {"\\lim_{n\\to\\infty}\\left(1-\\frac3n\\right)^n", "e^{-3}"}, {"e^3", "1"}},
    {"a logarithm's limit", {"\\lim_{x\\to0^+}x^2\\ln x", "0"}, {"1"}},
    {"a root's limit", {"\\lim_{x\\to\\infty}\\left(\\sqrt{x^2+6x}-x\\right)", "3"}, {"6"}},
    {"an infinite limit", {"\\lim_{x\\to2^-}\\frac{1}{x-2}", "-\\infty"}, {"\\infty"}},
    {"an endless integral", {"\\int_0^{\\infty}\\frac{1}{4+x^2}dx", "\\frac{\\pi}{4}"}, {"\\frac{\\pi}{2}"}},
    {"an integrand without a limit", {"\\int_0^1x\\ln x\\,dx", "-\\frac14"}, {"\\frac14"}},
    {"differentials in fractions", {"\\int_1^2\\frac{2\\,dx}{x}", "2\\ln2"}, {"\\ln2"}},
    {"a pair is no decimal", {"(3,75)", "x=3, y=75"}, {"3.75", "(75,3)"}},
    {"an interval is no share", {"[0,25]", "0\\le x\\le25"}, {"25\\%", "0.25"}},
    {"money is no root", {"\\$7", "7 dollars"}, {"\\sqrt{7}", "\\frac{7}{2}"}},
    {"a time is no ratio", {"1:04 PM", "13:04"}, {"\\frac14", "1/4"}},
    {"powers of letters", {"3s^2", "3s\\cdot s"}, {"3", "3s"}},
    {"yes", {"Yes", "True", "yes."}, {"No", "False"}},
    {"free functions", {"3-2f(x)", "-2f(x)+3"}, {"3", "3-2g(x)", "f(x)"}},
    {"letters of figures are no constants", {"AB"}, {"CD", "BC"}},
};
/* clang-format on */

static enum math_verdict judge(const char *gold, const char *answer)
{
    struct arena *a = arena_new((size_t)64 << 20);
    struct math_options o = MATH_DEFAULTS;
    struct span golds[] = {span_str(gold)};
    struct math_result r;
    o.form = MATH_FORM_BARE;
    o.budget_s = 20;
    math_judge(a, span_of("", 0), span_str(answer), golds, 1, &o, MATH_FULL, &r);
    arena_free(a);
    return r.verdict;
}

static int check(const char *name, const char *gold, const char *answer, enum math_verdict expected)
{
    enum math_verdict got = judge(gold, answer);
    if (got == expected) return 0;
    print_error("%s: gold %s, answer %s: %d, expected %d\n", name, gold, answer, got, expected);
    return 1;
}

static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        const struct row *r = &rows[k];
        for (int i = 0; i < MAX && r->same[i] != NULL; i++) {
            for (int j = 0; j < MAX && r->same[j] != NULL; j++)
                wrong += check(r->name, r->same[i], r->same[j], MATH_CORRECT);
            for (int j = 0; j < MAX && r->other[j] != NULL; j++) {
                wrong += check(r->name, r->same[i], r->other[j], MATH_INCORRECT);
                wrong += check(r->name, r->other[j], r->same[i], MATH_INCORRECT);
            }
        }
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests_name("math_notation", tests, NULL, NULL);
}
