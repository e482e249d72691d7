/* tests/unit/test_form_grammar.c - patterns and grammars: which texts they derive, and what is
 * refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/sample/form/earley.h"
#include "engine/sample/form/ebnf.h"
#include "engine/sample/form/pattern.h"

enum { YES = 1, NO = 0, REFUSED = -1 };

/* ---- patterns -------------------------------------------------------------------------------- */

static const struct {
    const char *pattern, *text;
    int whole, part; /* the whole text matches; some part of it does */
} patterns[] = {
    {"abc", "abc", YES, YES},
    {"abc", "xabcx", NO, YES},
    {"a|bc", "bc", YES, YES},
    {"", "", YES, YES},
    {"a*", "aaaa", YES, YES},
    {"a{2,3}", "aaaa", NO, YES},
    {"a{2,3}", "a", NO, NO},
    {"(ab){2}", "abab", YES, YES},
    {"(?:a|b)+c", "abac", YES, YES},
    {"(?<name>a)(?P<other>b)", "ab", YES, YES},
    {"^a", "ab", NO, YES},
    {"^a", "ba", NO, NO},
    {"a$", "ba", NO, YES},
    {"a$", "ab", NO, NO},
    {"(^a|b)c", "xbc", NO, YES},
    {"(^a|b)c", "xac", NO, NO},
    {"^(?!foo)[a-z]+$", "food", NO, NO},
    {"^(?!foo)[a-z]+$", "good", YES, YES},
    {"(?=.*\\d)[a-z0-9]{3}", "a1b", YES, YES},
    {"(?=.*\\d)[a-z0-9]{3}", "abc", NO, NO},
    {"[^a-c]", "d", YES, YES},
    {"[^a-c]", "b", NO, NO},
    {"[\\w-]+", "a-b", YES, YES},
    {"[]", "a", NO, NO},
    {"[^]", "a", YES, YES},
    {"\\d\\s\\w", "1 a", YES, YES},
    {"\\w", "\xc3\xa9", NO, NO}, /* e acute: a word character to Python alone */
    {"\\W", "\xc3\xa9", NO, NO}, /* and so neither is it none */
    {".", "\xe2\x82\xac", YES, YES},
    {"..", "\xe2\x82\xac", NO, NO}, /* one character */
    {".", "\n", NO, NO},
    {"(?s).", "\n", YES, YES},
    {"(?i)straSSe", "STRAsse", YES, YES},
    {"[\\u00e0-\\u00ff]", "\xc3\xa9", YES, YES},
    {"\\u{1F600}", "\xf0\x9f\x98\x80", YES, YES},
    {"\\ud83d\\ude00", "\xf0\x9f\x98\x80", YES, YES},
    {"\\p{Lu}\\P{Lu}",
     "\xc3\x89"
     "a",
     YES, YES},
    {"\\x41\\.", "A.", YES, YES},
    {"a{,2}b", "aab", YES, YES},
    {"x{a}", "x{a}", YES, YES}, /* a brace that repeats nothing */
    {"a+?b*?", "aab", YES, YES},
    {"(a)\\1", "aa", REFUSED, REFUSED},
    {"\\bword", "word", REFUSED, REFUSED},
    {"(?<=a)b", "ab", REFUSED, REFUSED},
    {"a++", "aa", REFUSED, REFUSED},
    {"(?:^a)*", "a", REFUSED, REFUSED},
    {"a?^b", "b", REFUSED, REFUSED},
    {"(", "(", REFUSED, REFUSED},
    {"[b-a]", "a", REFUSED, REFUSED},
    {"*", "*", REFUSED, REFUSED},
    {"a{2,1}", "a", REFUSED, REFUSED},
};

static int match(const char *pattern, const char *text, enum pattern_place place)
{
    rx left;
    struct error err = {0};
    struct rx_pool *p = rx_pool_new(100000);
    assert_non_null(p);
    int result = REFUSED;
    if (pattern_rx(p, span_str(pattern), place, CHARS_PLAIN, &left, &err)) {
        for (; *text != '\0'; text++) {
            left = rx_derive(p, left, (uint8_t)*text);
        }
        result = rx_nullable(p, left);
        assert_false(rx_failed(p));
    } else {
        assert_true(err.message[0] != '\0');
    }
    rx_pool_free(p);
    return result;
}

static void test_patterns(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        int whole = match(patterns[i].pattern, patterns[i].text, PATTERN_WHOLE);
        int part = match(patterns[i].pattern, patterns[i].text, PATTERN_ANYWHERE);
        if (whole != patterns[i].whole || part != patterns[i].part) {
            fail_msg("%s on %s: %d %d", patterns[i].pattern, patterns[i].text, whole, part);
        }
    }
}

/* Laws that make equal expressions one node, and life and death. */
static void test_expressions(void **state)
{
    (void)state;
    struct rx_pool *p = rx_pool_new(10000);
    rx a = rx_byte_range(p, 'a', 'a'), b = rx_byte_range(p, 'b', 'b'),
       ab = rx_byte_range(p, 'a', 'b');
    assert_int_equal(rx_or(p, a, b), ab);
    assert_int_equal(rx_or(p, b, rx_or(p, a, b)), ab);
    assert_int_equal(rx_cat(p, rx_cat(p, a, b), a), rx_cat(p, a, rx_cat(p, b, a)));
    assert_int_equal(rx_and(p, a, rx_not(p, a)), RX_NONE);
    assert_int_equal(rx_or(p, a, rx_not(p, a)), RX_ALL);
    assert_int_equal(rx_not(p, rx_not(p, a)), a);
    assert_int_equal(rx_and(p, a, RX_EMPTY), RX_NONE);
    rx even = rx_repeat(p, rx_cat(p, ab, ab), 0, RX_UNBOUNDED);
    rx five = rx_repeat(p, ab, 5, 5), six = rx_repeat(p, ab, 6, 6);
    assert_int_equal(rx_life(p, rx_and(p, even, five), 1000), RX_DEAD);
    assert_int_equal(rx_life(p, rx_and(p, even, six), 1000), RX_ALIVE);
    assert_int_equal(rx_life(p, rx_and(p, rx_repeat(p, ab, 500, 600), rx_not(p, even)), 3),
                     RX_TOO_HARD);
    rx seven = rx_multiple(p, 7);
    for (const char *text = "1001"; *text != '\0'; text++) {
        seven = rx_derive(p, seven, (uint8_t)*text);
    }
    assert_true(rx_nullable(p, seven));
    assert_false(rx_failed(p));
    rx_pool_free(p);
    p = rx_pool_new(40); /* full: it says so, and goes on answering */
    rx_text(p,
            span_str("a text that is longer than the pool has room for, by some bytes at least"));
    assert_true(rx_failed(p));
    assert_int_equal(rx_text(p, span_str("ab")), RX_NONE);
    rx_pool_free(p);
}

/* ---- grammars -------------------------------------------------------------------------------- */

#define ARITHMETIC \
    "root ::= expr # a comment\n" \
    "expr ::= expr [-+] term |\n  term\n" \
    "term ::= term \"*\" factor | factor\n" \
    "factor ::= [0-9]+ | \"(\" expr \")\"\n"

static const struct {
    const char *grammar, *text;
    int derived;
} grammars[] = {
    {ARITHMETIC, "1+2*(3-4)", YES},
    {ARITHMETIC, "1+", NO},
    {ARITHMETIC, "((1)", NO},
    {"root ::= \"yes\" | \"no\" tail?\ntail ::= [a-z]+ (\",\" [0-9]{1,3})*", "noabc,1,22", YES},
    {"root ::= \"yes\" | \"no\" tail?\ntail ::= [a-z]+ (\",\" [0-9]{1,3})*", "noabc,1234", NO},
    {"root ::= a{2,3}\na ::= \"x\" | \"(\" root \")\"", "x(xx)x", YES},
    {"root ::= a{2,3}\na ::= \"x\" | \"(\" root \")\"", "x(x)", NO},
    {"root ::= \"a\\n\\x41\\u00e9\\\"\"", "a\nA\xc3\xa9\"", YES},
    {"root ::= a a\na ::= b?\nb ::= \"b\"", "", YES},
    {"root ::= a a\na ::= b?\nb ::= \"b\"", "bb", YES},
    {"root ::= a a\na ::= b?\nb ::= \"b\"", "bbb", NO},
    {"root ::= \"a\" root | ", "aaa", YES},
    {"other ::= \"o\"\nroot ::= other other", "oo", YES},
    {"root ::= [^\\n]* \"\\n\"", "caf\xc3\xa9\n", YES},
    {"start: \"yes\" | \"no\" TAIL // of Lark\nTAIL: /[a-z]+/", "nox", YES},
    {"start: pair (\",\" pair)~1..2 [\";\"]\n?pair: WORD \"=\" WORD -> p\nWORD.2: /\\w+/",
     "a=b,c=d;", YES},
    {"start: pair (\",\" pair)~1..2 [\";\"]\n?pair: WORD \"=\" WORD -> p\nWORD.2: /\\w+/", "a=b;",
     NO},
    {"start: \"select\"i", "SeLect", YES},
    {"root ::= missing", "", REFUSED},
    {"root ::= \"a\nroot2 ::= \"b\"", "", REFUSED},
    {"root ::= (\"a\"", "", REFUSED},
    {"root ::= \"a\"\nroot ::= \"b\"", "", REFUSED},
    {"root ::= root \"a\"", "", REFUSED}, /* no text ends */
    {"%ignore WS\nstart: \"a\"", "", REFUSED},
    {"", "", REFUSED},
};

static int derive(const char *grammar, const char *text)
{
    int symbol;
    struct error err = {0};
    struct grammar *g = grammar_new();
    if (!ebnf_rule(g, span_str(grammar), &symbol, &err) || !grammar_finish(g, symbol, &err)) {
        assert_true(err.message[0] != '\0');
        grammar_free(g);
        return REFUSED;
    }
    struct earley *e = earley_new(g, &err);
    assert_non_null(e);
    int at = EARLEY_START;
    for (; *text != '\0' && at != EARLEY_DEAD; text++) {
        at = earley_step(e, at, (uint8_t)*text);
    }
    int derived = at != EARLEY_DEAD && earley_may_end(e, at);
    assert_false(earley_failed(e));
    earley_free(e);
    return derived;
}

static void test_grammars(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(grammars) / sizeof(grammars[0]); i++) {
        int derived = derive(grammars[i].grammar, grammars[i].text);
        if (derived != grammars[i].derived)
            fail_msg("%s on %s: %d", grammars[i].grammar, grammars[i].text, derived);
    }
}

/* Equal situations are equal states: a long list stays where it was. */
static void test_states_come_again(void **state)
{
    (void)state;
    int symbol, at = EARLEY_START, first = -1;
    struct grammar *g = grammar_new();
    assert_true(
        ebnf_rule(g, span_str("root ::= item (\",\" item)*\nitem ::= \"[\" root? \"]\" | [0-9]+"),
                  &symbol, NULL));
    assert_true(grammar_finish(g, symbol, NULL));
    struct earley *e = earley_new(g, NULL);
    for (int i = 0; i < 2000; i++) {
        for (const char *text = "[1,[2]],"; *text != '\0'; text++) {
            at = earley_step(e, at, (uint8_t)*text);
            assert_int_not_equal(at, EARLEY_DEAD);
        }
        if (i == 1) first = at;
        if (i > 1) assert_int_equal(at, first);
    }
    assert_false(earley_may_end(e, at));
    earley_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns), cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_grammars), cmocka_unit_test(test_states_come_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
