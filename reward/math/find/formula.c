/* reward/math/find/formula.c - see formula.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/formula.h"

#include "base/ascii.h"
#include "reward/math/read/parse.h"
#include "reward/math/read/units.h"
#include "reward/math/read/words.h"

enum { MAX_FORMULA = 2000 };

static bool escaped(struct span s, size_t i)
{
    size_t n = 0;
    while (i > n && s.p[i - 1 - n] == '\\') {
        n++;
    }
    return n % 2 == 1;
}

static size_t next_closing(struct closings *c, size_t kind, struct span s, struct span sign,
                           size_t from)
{
    if (c == NULL) return span_find(span_slice(s, 0, from + MAX_FORMULA), sign, from);
    if (c->at[kind] < from) c->at[kind] = span_find(s, sign, from);
    return c->at[kind];
}

/* Two prices, no formula: "$8, so they pay $48" between the signs at s.p[from] and s.p[to]. */
static bool is_money(struct span s, size_t from, size_t to)
{
    bool first = from + 1 < s.n && ascii_is_digit(s.p[from + 1]);
    return first && to + 1 < s.n && ascii_is_digit(s.p[to + 1]) && strchr(" =+-*/<>(", s.p[to - 1]);
}

bool formula_at(struct span s, size_t i, struct closings *c, struct formula *f)
{
    static const struct {
        const char *open, *close;
    } kinds[] = {{"$$", "$$"}, {"$", "$"}, {"\\[", "\\]"}, {"\\(", "\\)"}};
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        struct span open = span_str(kinds[k].open), close = span_str(kinds[k].close);
        if (!span_starts(span_slice(s, i, s.n), open)) continue;
        if (open.p[0] == '$' && escaped(s, i)) return false;
        size_t at = i + open.n;
        do {
            at = next_closing(c, k, s, close, at);
            if (at == SPAN_NONE || at > i + MAX_FORMULA) return false;
        } while (close.p[0] == '$' && escaped(s, at) && ++at);
        if (open.n == 1 && is_money(s, i, at)) return false;
        f->inside = span_trim(span_slice(s, i + open.n, at));
        f->from = i;
        f->to = at + close.n;
        return f->inside.n > 0 && span_find(f->inside, span_str("\n\n"), 0) == SPAN_NONE;
    }
    return false;
}

/* e is mathematics, not words: units may stand after its values only. */
static bool is_formula(const struct expr *e)
{
    if (e->kind == E_UNIT) return unit_known(e->text) || e->text.n <= 12;
    if (e->kind == E_LIST || e->kind == E_REL || e->kind == E_SET || e->kind == E_TUPLE) {
        for (uint32_t i = 0; i < e->n; i++) {
            if (!is_formula(e->arg[i]) && !(e->kind == E_REL && e->arg[i]->kind == E_TEXT)) {
                return false;
            }
        }
        return true;
    }
    return !expr_has(e, E_TEXT, -1) && !expr_has(e, E_UNIT, -1);
}

bool formula_reads(struct arena *a, struct span s)
{
    struct error err = {0};
    const struct expr *e = parse_answer(a, lexer_plain(a, s), READ_THOUSANDS, &err);
    return e != NULL && is_formula(e);
}

/* The offset after the percent or degree sign, in signs or words, that follows s.p[end] at once;
 * end itself when none does. */
static size_t formula_with_percent(struct span s, size_t end)
{
    static const char *const forms[] = {"%",      "\\%",      "percent", "pct",
                                        "\\circ", "\xc2\xb0", "degrees"};
    size_t i = end;
    while (i < s.n && s.p[i] == ' ') {
        i++;
    }
    for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
        struct span f = span_str(forms[k]);
        if (words_start(span_slice(s, i, s.n), f)) return i + f.n;
    }
    return end;
}

/* What stands before s.p[at] announces several values: "the roots are". */
static bool announces_several(struct span s, size_t at)
{
    static const char *const words[] = {" are", ":", "are:", "solutions", "roots", "values"};
    struct span before = span_trim(span_slice(s, 0, at));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (span_ends(before, span_str(words[i]))) return true;
    }
    return false;
}

/* s says something: an equation or a condition, no mere value. */
static bool states(struct span s)
{
    static const char *const signs[] = {"=", "<", ">", "\\le", "\\ge", "\\ne"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (span_find(s, span_str(signs[i]), 0) != SPAN_NONE) return true;
    }
    return false;
}

/* s is an inequality. */
static bool orders(struct span s)
{
    return span_has(s, '<') || span_has(s, '>') || span_find(s, span_str("\\ge"), 0) != SPAN_NONE ||
           span_find(s, span_str("\\le "), 0) != SPAN_NONE;
}

/* What stands between two formulas, without a remark in brackets: "$1$ (with multiplicity 2) and $4$". */
static struct span without_bracket(struct span gap)
{
    size_t close = gap.n > 0 && gap.p[0] == '(' ? words_close(gap, 0) : SPAN_NONE;
    return close == SPAN_NONE ? gap : span_slice(gap, close, gap.n);
}

/* Two formulas with nothing but a comma, "or" or "and" between: f is both from then on. */
static bool joins(struct span s, const struct formula *before, struct formula *f)
{
    static const char *const joints[] = {"ou",
                                         "oder",
                                         "o",
                                         "et",
                                         "und",
                                         "y",
                                         "e",
                                         "or",
                                         "and",
                                         ",",
                                         ", or",
                                         ", and",
                                         "\xef\xbc\x8c",
                                         "\xe3\x80\x81",
                                         "\xe6\x88\x96",
                                         "\xe5\x92\x8c",
                                         "\xd0\xb8\xd0\xbb\xd0\xb8", /* Russian */
                                         "\xd0\xb8",
                                         "\xe3\x81\xbe\xe3\x81\x9f\xe3\x81\xaf", /* Japanese, Korean */
                                         "\xeb\x98\x90\xeb\x8a\x94"};
    struct span gap = span_trim(without_bracket(span_trim(span_slice(s, before->to, f->from))));
    bool first = states(before->inside), second = states(f->inside);
    bool ordered = orders(before->inside), later = orders(f->inside);
    bool equality = span_has(ordered ? f->inside : before->inside, '=');
    if (span_is(gap, ",") && ordered != later && equality) return false; /* as $x > 0$, $x = 7$ */
    for (size_t i = 0; first == second && i < sizeof(joints) / sizeof(joints[0]); i++) {
        if (!span_is(gap, joints[i])) continue;
        f->from = before->from;
        f->inside = span_slice(s, before->from, f->to);
        return true;
    }
    return false;
}

/* What a chain of equalities comes to, where a step of it does not read: "\frac13" of "\int_0^1 x^2 dx =
 * [\frac{x^3}{3}]_0^1 = \frac13". No bytes where it is none. */
static struct span last_member(struct span s)
{
    size_t last = span_find_last(s, span_str("="));
    size_t first = span_find(s, span_str("="), 0);
    bool chain = last != SPAN_NONE && first != last && last > 0 &&
                 strchr("<>!:&", s.p[last - 1]) == NULL &&
                 span_find(s, span_str("\\\\"), 0) == SPAN_NONE;
    struct span member = chain ? span_trim(span_slice(s, last + 1, s.n)) : span_of(NULL, 0);
    int depth = 0;
    for (size_t i = 0; i < member.n && depth >= 0; i++) {
        depth +=
            (member.p[i] == '{' || member.p[i] == '(') - (member.p[i] == '}' || member.p[i] == ')');
    }
    return depth == 0 ? member : span_of(NULL, 0);
}

bool formula_last(struct arena *a, struct span s, struct formula *out)
{
    bool found = false;
    size_t i = 0, n = 0;
    struct formula recent[8], f;
    struct closings closings = {{0}};
    while (i < s.n) {
        const char *p = s.p + i;
        while (p < s.p + s.n && *p != '$' && *p != '\\') {
            p++;
        }
        i = (size_t)(p - s.p);
        if (i >= s.n) break;
        if (formula_at(s, i, &closings, &f)) {
            recent[n++ % 8] = f;
            i = f.to;
        } else {
            i += s.p[i] == '\\' ? 2 : 1;
        }
    }
    for (size_t k = 0; k < n && k < 8 && !found; k++) {
        f = recent[(n - 1 - k) % 8];
        if (!formula_reads(a, words_unwrap(f.inside))) {
            f.inside = last_member(f.inside);
            if (f.inside.n == 0 || !formula_reads(a, words_unwrap(f.inside))) continue;
        }
        struct formula all = f;
        for (size_t j = k + 1; j < n && j < 8; j++) { /* "$x=2$ or $x=3$" */
            if (!joins(s, &recent[(n - 1 - j) % 8], &all)) break;
            if (states(f.inside) || announces_several(s, all.from)) f = all;
        }
        size_t to = formula_with_percent(s, f.to);
        if (to != f.to) {
            f.inside = span_slice(s, f.from, to);
            f.to = to;
        }
        *out = f;
        found = true;
    }
    return found;
}
