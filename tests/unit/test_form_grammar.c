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

/* Exactly one of some patterns that may stand anywhere in a JSON string, as oneOf has it: how far each
 * is met need be known, and which was, but not of every set of them. */
static void test_patterns_anywhere(void **state)
{
    static const char *const words[] = {
        "NEW",      "ON_APPROVAL", "ON_SIGNING",   "ON_MODIFICATION",
        "EXECUTED", "DEPRECATED",  "REJ\u00c9CTED"};
    enum { N = sizeof(words) / sizeof(words[0]) };
    (void)state;
    struct error err = {0};
    struct rx_pool *p = rx_pool_new(1 << 18);
    rx texts[N], quote = rx_byte(p, '"'), one = RX_NONE;
    for (int i = 0; i < N; i++) {
        assert_true(
            pattern_rx(p, span_str(words[i]), PATTERN_ANYWHERE, CHARS_JSON, &texts[i], &err));
        texts[i] = rx_cat(p, texts[i], quote);
    }
    for (int i = 0; i < N; i++) {
        rx only = texts[i];
        for (int k = 0; k < N; k++) {
            if (k != i) only = rx_and(p, only, rx_not(p, texts[k]));
        }
        one = rx_or(p, one, only);
    }
    int before = rx_nodes(p);
    for (const char *c = "a NEW ON_REJ\u00c9EXECUT"; *c != '\0'; c++) {
        for (int b = 0; b < 256; b++) {
            rx left = rx_derive(p, one, (uint8_t)b);
            assert_true(left == RX_NONE || rx_life(p, left, 10000) != RX_TOO_HARD);
        }
        one = rx_derive(p, one, (uint8_t)*c);
        assert_int_equal(rx_life(p, one, 10000), RX_ALIVE);
    }
    for (const char *c = "ED"; *c != '\0'; c++) {
        one = rx_derive(p, one, (uint8_t)*c);
    }
    assert_int_equal(rx_life(p, one, 10000), RX_DEAD); /* two of them */
    assert_true(rx_nodes(p) - before < 2000);
    rx_pool_free(p);
}

/* A name of labels, as they are written: where a label may end in many places no more is kept than the
 * fewest labels and the shortest last one. */
static void test_counts_within_counts(void **state)
{
    (void)state;
    struct error err = {0};
    struct rx_pool *p = rx_pool_new(1 << 18);
    rx left;
    assert_true(pattern_rx(p, span_str("^(?=.{1,255}$)(.{1,63}\\.){1,127}[a-z]+$"), PATTERN_WHOLE,
                           CHARS_PLAIN, &left, &err));
    int before = rx_nodes(p);
    for (int i = 0; i < 60; i++) {
        left = rx_derive(p, left, i % 3 == 2 ? '.' : 'a');
        assert_int_equal(rx_life(p, left, 1000), RX_ALIVE);
    }
    assert_true(rx_nodes(p) - before < 1000);
    rx_pool_free(p);
}

/* Far, but straight on: no more than the way there is looked at, not all that is nearer. */
static void test_life_far_away(void **state)
{
    (void)state;
    struct error err = {0};
    struct rx_pool *p = rx_pool_new(1 << 18);
    rx one;
    assert_true(pattern_rx(p, span_str("^(?=.{150,255}$)[a-z]+(-[a-z]+){0,40}x$"), PATTERN_WHOLE,
                           CHARS_PLAIN, &one, &err));
    assert_int_equal(rx_life(p, one, 1000), RX_ALIVE);
    rx_pool_free(p);
}

/* ---- expressions against sets of texts ------------------------------------------------------- */

/* The texts of up to LONGEST letters a and b that an expression matches, worked out without it: text
 * number t is the letters below the highest bit of t. */
enum { LONGEST = 6, TEXTS = 2 << LONGEST };

struct texts {
    bool has[TEXTS];
};

struct both {
    rx rx;
    struct texts texts;
};

static int length_of(int text)
{
    int n = 0;
    while (text >> (n + 1) != 0) {
        n++;
    }
    return n;
}

static struct texts texts_cat(const struct texts *a, const struct texts *b)
{
    struct texts all = {{false}};
    for (int x = 1; x < TEXTS; x++) {
        for (int y = 1; a->has[x] && y < TEXTS; y++) {
            int n = length_of(y);
            if (b->has[y] && length_of(x) + n <= LONGEST)
                all.has[(x << n) | (y & ~(1 << n))] = true;
        }
    }
    return all;
}

static struct both both_cat(struct rx_pool *p, struct both a, struct both b)
{
    return (struct both){rx_cat(p, a.rx, b.rx), texts_cat(&a.texts, &b.texts)};
}

static struct both both_repeat(struct rx_pool *p, struct both a, int min, int max)
{
    struct both all = {rx_repeat(p, a.rx, min, max), {{false}}};
    struct texts times = {{false}};
    times.has[1] = true;
    int most = max == RX_UNBOUNDED ? min + LONGEST : max;
    for (int n = 0; n <= most; n++) {
        for (int t = 1; n >= min && t < TEXTS; t++) {
            all.texts.has[t] = all.texts.has[t] || times.has[t];
        }
        times = texts_cat(&times, &a.texts);
    }
    return all;
}

static struct both both_list(struct rx_pool *p, struct both a, struct both b, bool and)
{
    struct both all = {and? rx_and(p, a.rx, b.rx) : rx_or(p, a.rx, b.rx), {{false}}};
    for (int t = 1; t < TEXTS; t++) {
        all.texts.has[t] = and? a.texts.has[t] && b.texts.has[t] : a.texts.has[t] || b.texts.has[t];
    }
    return all;
}

static struct both both_not(struct rx_pool *p, struct both a)
{
    a.rx = rx_not(p, a.rx);
    for (int t = 1; t < TEXTS; t++) {
        a.texts.has[t] = !a.texts.has[t];
    }
    return a;
}

static uint32_t chance(uint64_t *seed, uint32_t n)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % n;
}

static struct both both_letters(struct rx_pool *p, uint64_t *seed)
{
    struct both one = {.texts = {{false}}};
    uint32_t which = 1 + chance(seed, 3);
    one.rx = rx_byte_range(p, which == 2 ? 'b' : 'a', which == 1 ? 'a' : 'b');
    one.texts.has[2] = (which & 1) != 0;
    one.texts.has[3] = (which & 2) != 0;
    return one;
}

/* Some characters, a or ba, anywhere among others: as a pattern of UTF-8 in a JSON string. */
static struct both both_anywhere(struct rx_pool *p, uint64_t *seed)
{
    struct both a = {rx_byte(p, 'a'), {{false}}}, b = {rx_byte(p, 'b'), {{false}}};
    a.texts.has[2] = b.texts.has[3] = true;
    struct both pair = both_cat(p, b, a);
    struct both loop = both_repeat(p, both_list(p, a, pair, false), 0, RX_UNBOUNDED), all = loop;
    for (uint32_t n = 1 + chance(seed, 2); n > 0; n--) {
        all = both_cat(p, all, chance(seed, 2) == 0 ? a : pair);
    }
    all = both_cat(p, all, loop);
    return chance(seed, 2) == 0 ? both_cat(p, all, b) : all;
}

/* Loops and counts with what follows, more often than chance would have them. */
static struct both any_expression(struct rx_pool *p, uint64_t *seed, int depth)
{
    if (depth == 0) return chance(seed, 3) == 0 ? both_anywhere(p, seed) : both_letters(p, seed);
    struct both a = any_expression(p, seed, depth - 1);
    int min = (int)chance(seed, 3), max = min + (int)chance(seed, 3);
    switch (chance(seed, 8)) {
    case 0:
        return both_cat(p, a, any_expression(p, seed, depth - 1));
    case 1:
        return both_cat(p, both_repeat(p, a, 0, RX_UNBOUNDED), any_expression(p, seed, depth - 1));
    case 2:
        return both_cat(p, both_repeat(p, a, min, max), any_expression(p, seed, depth - 1));
    case 3:
        return both_repeat(p, a, min, chance(seed, 2) == 0 ? RX_UNBOUNDED : max);
    case 4:
        return both_not(p, a);
    case 5:
        return both_list(p, a, any_expression(p, seed, depth - 1), true);
    default:
        return both_list(p, a, any_expression(p, seed, depth - 1), false);
    }
}

/* The bytes of a text lead to an expression that ends there as the sets say, and none on the way is
 * dead before a text ends. */
static void check_text(struct rx_pool *p, const struct both *e, int text, uint64_t seed)
{
    rx left = e->rx;
    for (int n = length_of(text); n > 0; n--) {
        if (e->texts.has[text] && rx_life(p, left, 10000) == RX_DEAD)
            fail_msg("seed %llu: dead, and goes on by text %d", (unsigned long long)seed, text);
        left = rx_derive(p, left, (text >> (n - 1) & 1) != 0 ? 'b' : 'a');
    }
    if (rx_nullable(p, left) != e->texts.has[text])
        fail_msg("seed %llu: text %d", (unsigned long long)seed, text);
}

/* Life, by looking at every derivative. */
static enum rx_life life_of(struct rx_pool *p, rx a)
{
    enum { MOST = 1000 };
    rx seen[MOST] = {a};
    int n = 1;
    for (int i = 0; i < n && n < MOST - 3; i++) {
        if (rx_nullable(p, seen[i])) return RX_ALIVE;
        for (int byte = 'a'; byte <= 'c'; byte++) { /* a complement may hold others */
            int k = 0;
            seen[n] = rx_derive(p, seen[i], (uint8_t)byte);
            while (seen[k] != seen[n]) {
                k++;
            }
            n += k == n;
        }
    }
    return n < MOST - 3 ? RX_DEAD : RX_TOO_HARD;
}

/* No law changes which texts there are, and an expression is alive when there is any. */
static void test_expressions_against_sets(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= 3000; round++) {
        uint64_t seed = round;
        struct rx_pool *p = rx_pool_new(1 << 18);
        struct both e = any_expression(p, &seed, 3 + (int)(round % 2));
        enum rx_life life = rx_life(p, e.rx, 10000), is = life_of(p, e.rx);
        if (is != RX_TOO_HARD && e.rx != RX_ALL && life != is)
            fail_msg("seed %llu: life %d", (unsigned long long)round, (int)life);
        for (int t = 1; t < TEXTS; t++) {
            check_text(p, &e, t, round);
        }
        assert_false(rx_failed(p));
        rx_pool_free(p);
    }
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
    {"root ::= a{0,2}{3}\na ::= \"x\" | \"(\" root \")\"", "xxx(xxxx)xx", YES},
    {"root ::= a{0,2}{3}\na ::= \"x\" | \"(\" root \")\"", "xxx(xxxx)xxx", NO},
    {"root ::= a+{2,3}\na ::= \"x\" | \"y\" a", "xyx", YES},
    {"root ::= a+{2,3}\na ::= \"x\" | \"y\" a", "yx", NO},
    {"root ::= a{2,3}{0,2}\na ::= \"x\" | \"y\" a", "", YES},
    {"root ::= a{2,3}{0,2}\na ::= \"x\" | \"y\" a", "x", NO},
    {"root ::= a{2}{1,3} \"z\"\na ::= \"x\" | \"y\" a", "xxxxz", YES},
    {"root ::= a{2}{1,3} \"z\"\na ::= \"x\" | \"y\" a", "xxxxxz", NO},
    {"root ::= a?{0}+ \"z\"\na ::= \"x\" | \"y\" a", "z", YES},
    {"root ::= a?{0}+ \"z\"\na ::= \"x\" | \"y\" a", "xz", NO},
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

static int rules_of(const char *text)
{
    int symbol;
    struct error err = {0};
    struct grammar *g = grammar_new();
    assert_non_null(g);
    assert_true(ebnf_rule(g, span_str(text), &symbol, &err));
    int rules = grammar_rules(g);
    grammar_free(g);
    return rules;
}

/* Repetitions of a repetition are one: a few bytes do not make much work for each byte read. */
static void test_repeated_repetitions(void **state)
{
    (void)state;
    int rules = rules_of("root ::= (\",\" a)*\na ::= \"x\" root");
    assert_int_equal(rules_of("root ::= (\",\" a)*****\na ::= \"x\" root"), rules);
    assert_int_equal(rules_of("root ::= (\",\" a)+ * ? {0,9} * {4,} * + ?\na ::= \"x\" root"),
                     rules);
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
        cmocka_unit_test(test_patterns),          cmocka_unit_test(test_expressions),
        cmocka_unit_test(test_patterns_anywhere), cmocka_unit_test(test_counts_within_counts),
        cmocka_unit_test(test_life_far_away),     cmocka_unit_test(test_expressions_against_sets),
        cmocka_unit_test(test_grammars),          cmocka_unit_test(test_repeated_repetitions),
        cmocka_unit_test(test_states_come_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
