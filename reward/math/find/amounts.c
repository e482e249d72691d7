/* reward/math/find/amounts.c - amounts that take several words.
 *
 *     an hour and a half        3/2 hour           a whole, its unit, and a part of the unit
 *     two and a half dozen      30                 a mixed number, and what it counts
 *     a quarter of an hour      1/4 hour           a part of one unit
 *     half a dozen              6
 *     an hour and 20 minutes    1 hour 20 minutes  two units of one dimension
 *
 * A part alone ("a half", "three quarters") stays as it is: what it is a part of, others know.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/amounts.h"

#include <assert.h>
#include <stdio.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "reward/math/find/spoken.h"
#include "reward/math/read/numerals.h"
#include "reward/math/read/units.h"
#include "reward/math/read/words.h"

enum { MOST_STATEMENT = 400, MOST_DIGITS = 6, MOST_WORD = 16 };

/* num/den of unit, and second of a smaller unit, or joined by a word; no bytes where there is none. */
struct amount {
    int64_t num, den;
    struct span unit, joint, second, second_unit;
    size_t to; /* the offset after it */
};

static size_t word_end(struct span s, size_t i)
{
    while (i < s.n && ascii_is_letter(s.p[i])) {
        i++;
    }
    return i;
}

/* The offset after word and the space behind it at s.p[i]; i where they do not stand there. */
static size_t after_word(struct span s, size_t i, const char *word)
{
    size_t end = i + strlen(word);
    return words_begin(span_slice(s, i, s.n), word) && end < s.n && s.p[end] == ' ' ? end + 1 : i;
}

static size_t after_article(struct span s, size_t i)
{
    size_t end = after_word(s, i, "a");
    return end > i ? end : after_word(s, i, "an");
}

/* ---- parts ------------------------------------------------------------------------------------- */

/* "half", "a quarter", "three quarters", "two-thirds" at s.p[i]. */
static bool part_at(struct span s, size_t i, struct amount *m)
{
    char text[MOST_WORD + 8];
    size_t half = word_end(s, i), from = after_article(s, i), to = word_end(s, from);
    if (half - i == 4 && words_begin(span_slice(s, i, half), "half")) {
        *m = (struct amount){.num = 1, .den = 2, .to = half};
        return true;
    }
    if (from > i && to - from <= MOST_WORD) {
        int n = snprintf(text, sizeof(text), "one %.*s", (int)(to - from), s.p + from);
        m->to = to;
        return numerals_fraction(span_of(text, (size_t)n), &m->num, &m->den);
    }
    size_t gap = word_end(s, i), end = gap < s.n ? word_end(s, gap + 1) : gap;
    bool joined = gap > i && gap < s.n && (s.p[gap] == ' ' || s.p[gap] == '-');
    m->to = end;
    return joined && numerals_fraction(span_slice(s, i, end), &m->num, &m->den);
}

/* "two and a half" at s.p[i]. */
static bool mixed_at(struct span s, size_t i, struct amount *m)
{
    struct span t = spoken_spelled(s, i), and = span_str(" and ");
    m->to = i + t.n;
    return t.n > 0 && span_find(t, and, 0) != SPAN_NONE && numerals_fraction(t, &m->num, &m->den);
}

/* A whole number at s.p[i], in digits or words. */
static bool whole_at(struct span s, size_t i, struct amount *m)
{
    size_t end = i;
    int64_t n = 0;
    for (; end < s.n && ascii_is_digit(s.p[end]) && end - i < MOST_DIGITS; end++) {
        n = n * 10 + (s.p[end] - '0');
    }
    struct span t = end > i ? span_slice(s, i, end) : spoken_spelled(s, i);
    *m = (struct amount){.num = n, .den = 1, .to = i + t.n};
    bool border = m->to == s.n || memchr(" .,;:)", s.p[m->to], 6) != NULL;
    return t.n > 0 && border && (end > i || numerals_whole(t, &m->num));
}

/* ---- units ------------------------------------------------------------------------------------- */

/* The name of a unit at s.p[i]; no bytes where none stands. */
static struct span unit_at(struct span s, size_t i)
{
    size_t end = word_end(s, i);
    struct span w = span_slice(s, i, end);
    return w.n >= 3 && unit_known(w) ? w : span_of(NULL, 0);
}

/* What "dozen" and the like stand for; 0 for other words. */
static int64_t count_of(struct span w)
{
    static const struct {
        const char *name;
        int64_t count;
    } names[] = {{"dozen", 12},      {"dozens", 12},       {"hundred", 100},
                 {"thousand", 1000}, {"million", 1000000}, {"billion", 1000000000}};
    for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
        if (span_is(w, names[k].name)) return names[k].count;
    }
    return 0;
}

/* The unit, or the count, of m at s.p[i]; false where neither stands there. */
static bool take_unit(struct span s, size_t i, struct amount *m)
{
    struct span w = span_slice(s, i, word_end(s, i));
    int64_t count = count_of(w);
    m->unit = count > 0 ? span_of(NULL, 0) : unit_at(s, i);
    if (count > 0) m->num *= count;
    if (count > 0 || m->unit.n > 0) m->to = i + w.n;
    return count > 0 || m->unit.n > 0;
}

/* ---- amounts ----------------------------------------------------------------------------------- */

/* "half an hour", "a quarter of an hour", "half a dozen": a part of one. */
static bool part_of_one(struct span s, size_t i, struct amount *m)
{
    if (!part_at(s, i, m) || m->to >= s.n || s.p[m->to] != ' ') return false;
    size_t next = m->to + 1, of = after_word(s, next, "of"), one = after_article(s, of);
    bool half = of > next || m->den == 2;
    return half && one > of && take_unit(s, one, m);
}

/* "an hour and a half", "two hours and a quarter"; "an hour and twenty minutes". */
static bool unit_and_more(struct span s, size_t i, struct amount *m)
{
    struct amount part = {0}, more;
    struct unit_factor same;
    size_t from = after_article(s, i);
    *m = (struct amount){.num = 1, .den = 1};
    if (from == i && !whole_at(s, i, m)) return false;
    size_t at = from > i ? from : m->to + 1;
    bool digits = from == i && ascii_is_digit(s.p[i]);
    struct span unit = unit_at(s, at);
    size_t and = unit.n == 0 ? 0 : after_word(s, at + unit.n + 1, "and");
    if (unit.n == 0 || and == at + unit.n + 1) return false;
    m->unit = unit;
    if (part_at(s, and, &part)) {
        size_t next = part.to < s.n && s.p[part.to] == ' ' ? part.to + 1 : s.n;
        bool other = after_word(s, next, "of") > next || after_article(s, next) > next;
        if (unit_at(s, next).n > 0 || other) return false; /* "two days and half an hour" */
        m->num = m->num * part.den + part.num;
        m->den = part.den;
        m->to = part.to;
        return true;
    }
    if (!whole_at(s, and, &more) || (digits && ascii_is_digit(s.p[and]))) return false;
    m->second_unit = unit_at(s, more.to + 1);
    m->second = span_slice(s, and, more.to);
    m->to = more.to + 1 + m->second_unit.n;
    return m->second_unit.n > 0 && unit_convert(unit, m->second_unit, &same) &&
           !unit_same(unit, m->second_unit);
}

/* "two and a half", "2 and three quarters", with the unit or the count behind it. */
static bool mixed_number(struct span s, size_t i, struct amount *m)
{
    struct amount whole, part = {0};
    if (!mixed_at(s, i, m)) {
        bool digits = ascii_is_digit(s.p[i]) && whole_at(s, i, &whole);
        size_t and = digits ? after_word(s, whole.to + 1, "and") : 0;
        if (!digits || and == whole.to + 1 || !part_at(s, and, &part)) return false;
        *m =
            (struct amount){.num = whole.num * part.den + part.num, .den = part.den, .to = part.to};
    }
    if (m->to + 1 < s.n && s.p[m->to] == ' ') take_unit(s, m->to + 1, m);
    return true;
}

/* "five choose two", "three out of eight": two numbers that a word makes one. The second may be in digits. */
static bool two_numbers(struct span s, size_t i, struct amount *m)
{
    static const char *const joints[] = {"out of",    "choose",     "per",          "in",
                                         "to",        "over",       "times",        "plus",
                                         "minus",     "divided by", "out of every", "multiplied by",
                                         "more than", "less than"};
    struct amount second;
    if (ascii_is_digit(s.p[i]) || !whole_at(s, i, m)) return false;
    for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]); k++) {
        size_t next = m->to < s.n ? after_word(s, m->to + 1, joints[k]) : 0;
        if (next <= m->to + 1 || !whole_at(s, next, &second)) continue;
        m->joint = span_str(joints[k]);
        m->second = span_slice(s, next, second.to);
        m->to = second.to;
        return true;
    }
    return false;
}

/* "an hour" behind a word that sets it beside another amount: "between an hour and an hour and a half". */
static bool one_unit(struct span s, size_t i, struct amount *m)
{
    static const char *const joints[] = {"between ", "or ", "and ", "than ", "to "};
    size_t from = after_article(s, i);
    bool joined = false;
    for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]) && from > i; k++) {
        joined |= span_ends(span_slice(s, 0, i), span_str(joints[k]));
    }
    size_t end = word_end(s, from);
    joined |= from > i && words_opens(span_slice(s, end, s.n), " or ");
    m->num = m->den = 1;
    return joined && count_of(span_slice(s, from, word_end(s, from))) == 0 && take_unit(s, from, m);
}

static bool amount_at(struct span s, size_t i, struct amount *m)
{
    static bool (*const ways[])(struct span, size_t, struct amount *) = {
        mixed_number, part_of_one, unit_and_more, two_numbers};
    for (size_t k = 0; k < sizeof(ways) / sizeof(ways[0]); k++) {
        *m = (struct amount){0};
        if (!ways[k](s, i, m)) continue;
        assert(m->to > i && m->to <= s.n && m->den > 0);
        return m->to == s.n || !ascii_is_letter(s.p[m->to]);
    }
    return false;
}

static void add_amount(const struct amount *m, struct arena *a, struct buffer *out)
{
    int64_t common = m->den, left = m->num;
    while (left != 0) { /* Euclid's */
        int64_t next = common % left;
        common = left;
        left = next;
    }
    int64_t num = m->num / common, den = m->den / common;
    buffer_addf(out, den == 1 ? "%lld" : "%lld/%lld", (long long)num, (long long)den);
    if (m->unit.n > 0) buffer_addf(out, " %.*s", (int)m->unit.n, m->unit.p);
    if (m->second.n == 0) return;
    buffer_add_char(out, ' ');
    if (m->joint.n > 0) buffer_addf(out, "%.*s ", (int)m->joint.n, m->joint.p);
    if (spoken_add_digits(a, m->second, 0, out) == 0) buffer_add_span(out, m->second);
    if (m->second_unit.n > 0) buffer_addf(out, " %.*s", (int)m->second_unit.n, m->second_unit.p);
}

struct span amounts_in_digits(struct arena *a, struct span s)
{
    static const char *const stems[] = {
        "half", "Half", " and ",  "quarter", "third",  "fifth",   " out of ", " choose ", " per ",
        " in ", " to ", " over ", " times ", " plus ", " minus ", " by ",     " than "};
    bool may = false, found = false;
    for (size_t k = 0; k < sizeof(stems) / sizeof(stems[0]) && s.n <= MOST_STATEMENT && !may; k++) {
        may = span_find(s, span_str(stems[k]), 0) != SPAN_NONE;
    }
    if (!may) return s;
    struct buffer out;
    buffer_init(&out, 4 * MOST_STATEMENT);
    for (size_t i = 0, end; i < s.n; i = end) {
        struct amount m;
        bool begins = i == 0 || memchr(" (:*~", s.p[i - 1], 5) != NULL;
        bool sign = ascii_is_letter(s.p[i]) || ascii_is_digit(s.p[i]);
        bool several = begins && sign && amount_at(s, i, &m);
        bool here = several || (begins && sign && one_unit(s, i, &m));
        end = here ? m.to : begins && sign ? spoken_add_digits(a, s, i, &out) : i;
        if (here) add_amount(&m, a, &out);
        found |= several;
        if (end == i) buffer_add_char(&out, s.p[end++]);
    }
    char *copy = found && !out.failed ? arena_str(a, buffer_span(&out)) : NULL;
    struct span text = copy == NULL ? s : span_of(copy, out.n);
    buffer_clear(&out);
    return text;
}
