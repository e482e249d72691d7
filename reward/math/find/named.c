/* reward/math/find/named.c - several values in one statement, each by a name of its own.
 *
 *     The center is (2, -3) and the radius is 5.
 *         ^name     ^value          ^name    ^value
 *
 * A reference that names what it gives asks for all of it: 5 alone is no answer, and which value is the radius
 * its name tells, whatever the order. The statement is cut at commas and at "and"; each part is read as a
 * statement by itself (stated.h), and what is left of its words is its name. A part without a value or without
 * a name, and nothing is named; but for one that only leads to the first or says where a value is taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/named.h"

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/utf8.h"
#include "reward/math/find/plain.h"
#include "reward/math/find/prose.h"
#include "reward/math/find/stated.h"
#include "reward/math/read/units.h"
#include "reward/math/read/words.h"

enum { MOST_BYTES = 600 };

/* The length of the joint at s.p[i], 0 where none is. */
static size_t joint_at(struct span s, size_t i)
{
    static const char *const joints[] = {", and ", ", while ", ", whereas ",   ". ",
                                         " and ",  " while ",  "; ",           ";\n",
                                         ", ",     ",\n",      "\n",           " with a ",
                                         " et ",   " und ",    "\xef\xbc\x8c", "\xef\xbc\x9b"};
    struct span rest = span_slice(s, i, s.n);
    for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]); k++) {
        if (words_opens(rest, joints[k])) return strlen(joints[k]);
    }
    return 0;
}

/* The next part of s from *at on, which is moved behind it and its joint. Joints within brackets and formulas
 * are none. */
static bool next_part(struct span s, size_t *at, struct span *part)
{
    int depth = 0;
    bool formula = false;
    if (*at >= s.n) return false;
    for (size_t i = *at; i < s.n; i++) {
        char c = s.p[i];
        formula ^= c == '$';
        depth += strchr("([{", c) != NULL && c != 0;
        depth -= strchr(")]}", c) != NULL && c != 0;
        size_t n = formula || depth > 0 ? 0 : joint_at(s, i);
        if (n == 0) continue;
        *part = span_slice(s, *at, i);
        *at = i + n;
        return true;
    }
    *part = span_slice(s, *at, s.n);
    *at = s.n;
    return true;
}

/* What part says beside its value. */
static struct span name_of(struct arena *a, struct span part, struct span value)
{
    size_t at = value.p >= part.p && value.p + value.n <= part.p + part.n
                    ? (size_t)(value.p - part.p)
                    : span_find(part, value, 0);
    char *text = at == SPAN_NONE ? NULL : arena_alloc(a, part.n + 2, 1);
    if (text == NULL) return span_of(NULL, 0);
    size_t n = at, behind = at + value.n;
    if (n > 0) memcpy(text, part.p, n);
    text[n++] = ' ';
    memcpy(text + n, part.p + behind, part.n - behind);
    return words_fold(a, span_of(text, n + part.n - behind));
}

/* The next word of a name, or the next character of one without spaces, but for those that say nothing. */
static bool next_token(struct span name, size_t *i, struct span *token)
{
    static const char *const empty[] = {
        "is",           "are",          "was",          "has",
        "have",         "of",           "at",           "with",
        "we",           "get",          "so",           "its",
        "be",           "its",          "thus",         "hence",
        "therefore",    "equals",       "answer",       "final",
        "value",        "values",       "so",           "and",
        "units",        "unit",         "by",           "in",
        "then",         "that",         "which",        "to",
        "for",          "\xe4\xb8\xba", "\xe6\x98\xaf", "\xe6\x9c\x89",
        "\xe7\xad\x89", "\xe4\xba\x8e", "\xe5\x80\xbc", "\xe7\x9a\x84",
        "\xe5\x85\xb1", "\xe7\xba\xa6", "\xe7\xad\x94", "\xe6\xa1\x88",
        "\xe5\x88\x99", "\xe6\x89\x80", "\xe4\xbb\xa5", NULL};
    while (*i < name.n) {
        size_t from = *i;
        uint32_t c;
        bool wide = ((unsigned char)name.p[from] & 0x80) != 0;
        size_t n = wide ? utf8_decode(span_slice(name, from, name.n), &c) : 1;
        while (!wide && from + n < name.n && ascii_is_letter(name.p[from]) &&
               ascii_is_letter(name.p[from + n])) {
            n++;
        }
        *i = from + (n == 0 ? 1 : n);
        *token = span_slice(name, from, *i);
        bool punctuation = wide && n == 3 && (c - 0x3000 < 0x40 || c >= 0xff00);
        bool says = wide ? n > 0 && !punctuation : ascii_is_letter(name.p[from]) != 0;
        if (says && !words_in(*token, empty)) return true;
    }
    return false;
}

/* The number in a Chinese part that reads as a value with a unit as a whole, "23" and what is counted. Units of
 * other languages belong to their values. */
static struct span number_in(struct span part)
{
    size_t from = 0;
    bool wide = false;
    for (size_t i = 0; i < part.n; i++) {
        wide |= (unsigned char)part.p[i] >= 0xe4;
    }
    if (!wide) return span_of(NULL, 0);
    while (from < part.n && !ascii_is_digit(part.p[from])) {
        from++;
    }
    size_t to = from;
    while (to < part.n && (ascii_is_digit(part.p[to]) || (part.p[to] == '.' && to + 1 < part.n &&
                                                          ascii_is_digit(part.p[to + 1])))) {
        to++;
    }
    if (from > 0 && part.p[from - 1] == '-') from--;
    return span_slice(part, from, to);
}

static bool says_something(struct span name)
{
    struct span token;
    size_t i = 0;
    return next_token(name, &i, &token);
}

/* The number of "15 chickens", which reads as a quantity; none where the word is a unit: "15 kg". */
static struct span counted_in(struct span value)
{
    size_t to = 0;
    while (to < value.n &&
           (ascii_is_digit(value.p[to]) || memchr(".,/-", value.p[to], 4) != NULL)) {
        to++;
    }
    struct span noun = span_trim(span_slice(value, to, value.n));
    bool words = to > 0 && to < value.n && value.p[to] == ' ' && noun.n > 2;
    for (size_t i = 0; words && i < noun.n; i++) {
        words = ascii_is_letter(noun.p[i]) || noun.p[i] == ' ';
    }
    return words && !unit_known(noun) ? span_slice(value, 0, to) : span_of(NULL, 0);
}

/* The part only says where or when the one before it holds, "attained at x = 2", or leads to the first. */
static bool is_idle(struct span part, bool first)
{
    static const char *const heads[] = {"attained ", "achieved ", "reached ",  "when ",   "where ",
                                        "since ",    "because ",  "occurring", "at x",    "at $x",
                                        "which is ", "as ",       "after ",    "before ", "once ",
                                        "if ",       "given "};
    part = span_trim(part);
    for (size_t k = 0; k < sizeof(heads) / sizeof(heads[0]); k++) {
        if (words_begin(part, heads[k])) return true;
    }
    bool value = false;
    for (size_t i = 0; i < part.n; i++) {
        value |= !ascii_is_letter(part.p[i]) && part.p[i] != ' ';
    }
    return part.n == 0 || (first && !value);
}

struct named_list named_values(struct arena *a, struct span s)
{
    static const struct named_list none = {0};
    struct named_list l = {0};
    struct span part;
    s = span_trim(s);
    if (s.n == 0 || s.n > MOST_BYTES) return none;
    if (span_ends(s, span_str("."))) s.n--;
    for (size_t at = 0; next_part(s, &at, &part);) {
        if (is_idle(part, l.n == 0)) continue;
        if (l.n == NAMED_MOST) return none;
        part = plain_text(a, plain_words(a, span_trim(part)));
        struct stated st = stated_in(a, part, MATH_EXTRACT_LATEX | MATH_EXTRACT_EXPR);
        bool product = span_eq(st.text, words_unwrap(part)) && prose_has_words(part);
        if (product) st = stated_last(a, part); /* "Ben has 8" would read as letters and a number */
        if (st.text.n == 0 || st.denied || st.changed) return none;
        struct named *v = &l.all[l.n++];
        *v = (struct named){name_of(a, part, st.said.p != NULL ? st.said : st.text),
                            words_unwrap(st.text)};
        const char *sign = memchr(part.p, '=', part.n);
        bool word = sign != NULL && sign - part.p > 1 && ascii_is_letter(part.p[1]);
        if (!says_something(v->name) && word) { /* width = 8 cm, but x = 8 is an equation */
            v->name = words_fold(a, span_of(part.p, (size_t)(sign - part.p)));
            v->value = span_trim(span_of(sign + 1, part.n - (size_t)(sign - part.p) - 1));
        } else if (!says_something(v->name)) {
            v->value = counted_in(v->value).n > 0 ? counted_in(v->value) : number_in(part);
            v->name = v->value.n > 0 ? name_of(a, part, v->value) : v->value;
        }
        if (!says_something(v->name)) return none;
    }
    return l.n >= 2 ? l : none;
}

struct span named_tuple(struct arena *a, const struct named_list *l)
{
    struct buffer out;
    buffer_init(&out, MOST_BYTES * 2);
    for (int i = 0; i < l->n; i++) {
        buffer_add_str(&out, i == 0 ? "(" : ", ");
        buffer_add_span(&out, l->all[i].value);
    }
    buffer_add_char(&out, ')');
    char *copy = out.failed ? NULL : arena_str(a, buffer_span(&out));
    struct span tuple = span_of(copy, copy == NULL ? 0 : out.n);
    buffer_clear(&out);
    return tuple;
}

/* The same word: short for the other, or one of several. */
static bool same_token(struct span x, struct span y)
{
    static const char *const shorts[][2] = {
        {"max", "maximum"}, {"min", "minimum"}, {"avg", "average"}, {"prob", "probability"}};
    if (span_eq(x, y)) return true;
    for (size_t k = 0; k < sizeof(shorts) / sizeof(shorts[0]); k++) {
        bool either = span_is(x, shorts[k][0]) && span_is(y, shorts[k][1]);
        if (either || (span_is(y, shorts[k][0]) && span_is(x, shorts[k][1]))) return true;
    }
    struct span one = x.n < y.n ? x : y, many = x.n < y.n ? y : x;
    return one.n > 2 && many.n == one.n + 1 && span_starts(many, one) && many.p[one.n] == 's';
}

/* Every word of x is one of y's. */
static bool is_within(struct span x, struct span y)
{
    struct span t, u;
    for (size_t i = 0; next_token(x, &i, &t);) {
        bool found = false;
        for (size_t j = 0; !found && next_token(y, &j, &u);) {
            found = same_token(t, u);
        }
        if (!found) return false;
    }
    return true;
}

const struct named *named_find(const struct named_list *l, struct span name)
{
    const struct named *found = NULL;
    for (int i = 0; i < l->n; i++) {
        if (!is_within(name, l->all[i].name) && !is_within(l->all[i].name, name)) continue;
        if (found != NULL) return NULL;
        found = &l->all[i];
    }
    return found;
}
