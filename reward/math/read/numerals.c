/* reward/math/read/numerals.c - numbers spelled out.
 *
 * Small grammars, each a table and a loop over the words: whole numbers in English and Chinese (units
 * added up, scales multiply what stands before them), fractions (a number and an ordinal). A grammar
 * takes the whole text or none of it: "two cats" is no number here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/numerals.h"

#include "base/ascii.h"
#include "base/utf8.h"

static const struct {
    const char *name;
    int64_t value;
} number_words[] = {
    {"zero", 0},        {"one", 1},           {"two", 2},
    {"three", 3},       {"four", 4},          {"five", 5},
    {"six", 6},         {"seven", 7},         {"eight", 8},
    {"nine", 9},        {"ten", 10},          {"eleven", 11},
    {"twelve", 12},     {"thirteen", 13},     {"fourteen", 14},
    {"fifteen", 15},    {"sixteen", 16},      {"seventeen", 17},
    {"eighteen", 18},   {"nineteen", 19},     {"twenty", 20},
    {"thirty", 30},     {"forty", 40},        {"fifty", 50},
    {"sixty", 60},      {"seventy", 70},      {"eighty", 80},
    {"ninety", 90},     {"dozen", 12},        {"hundred", 100},
    {"thousand", 1000}, {"million", 1000000}, {"billion", 1000000000},
};

static int64_t number_word(const char *p, size_t n)
{
    for (size_t i = 0; i < sizeof(number_words) / sizeof(number_words[0]); i++) {
        const char *w = number_words[i].name;
        size_t k = 0;
        while (k < n && w[k] != 0 && ascii_lower((unsigned char)p[k]) == w[k]) {
            k++;
        }
        if (k == n && w[k] == 0) return number_words[i].value;
    }
    return -1;
}

/* English: units add up, hundred multiplies them, thousand and million close a group. */
static bool english(struct span s, int64_t *out)
{
    int64_t total = 0, group = 0;
    bool any = false;
    for (size_t i = 0; i < s.n;) {
        size_t j = i;
        while (j < s.n && ascii_lower((unsigned char)s.p[j]) >= 'a' &&
               ascii_lower((unsigned char)s.p[j]) <= 'z') {
            j++;
        }
        if (j == i) {
            if (s.p[i] != ' ' && s.p[i] != '-' && s.p[i] != ',') return false;
            i++;
            continue;
        }
        int64_t v = number_word(s.p + i, j - i);
        bool and = j - i == 3 && ascii_lower((unsigned char)s.p[i]) == 'a' && s.p[i + 1] == 'n' &&
                   s.p[i + 2] == 'd';
        if (v < 0 && !(and&&any)) return false;
        if (v >= 1000) {
            total += (group == 0 ? 1 : group) * v;
            group = 0;
        } else if (v == 100 || (v == 12 && j - i == 5)) { /* two hundred, two dozen */
            group = (group == 0 ? 1 : group) * v;
        } else if (v >= 0) {
            group += v;
        }
        if (total > INT64_C(1000000000000) || group > 1000000) return false;
        any = any || v >= 0;
        i = j;
    }
    *out = total + group;
    return any;
}

static int64_t chinese_digit(uint32_t c)
{
    static const uint32_t digits[] = {0x96f6, 0x4e00, 0x4e8c, 0x4e09, 0x56db,
                                      0x4e94, 0x516d, 0x4e03, 0x516b, 0x4e5d};
    for (int i = 0; i < 10; i++) {
        if (digits[i] == c) return i;
    }
    return c == 0x4e24 ? 2 : c == 0x3007 ? 0 : -1;
}

static int64_t chinese_unit(uint32_t c)
{
    return c == 0x5341   ? 10
           : c == 0x767e ? 100
           : c == 0x5343 ? 1000
           : c == 0x4e07 ? 10000
           : c == 0x4ebf ? 100000000
                         : 0;
}

static bool chinese(struct span s, int64_t *out)
{
    int64_t total = 0, group = 0, digit = -1;
    for (size_t i = 0; i < s.n;) {
        uint32_t c;
        size_t n = utf8_decode(span_slice(s, i, s.n), &c);
        if (n == 0) return false;
        int64_t d = chinese_digit(c), u = chinese_unit(c);
        if (d < 0 && u == 0) return false;
        if (d >= 0) digit = d;
        if (u >= 10000) {
            total = (total + group + (digit > 0 ? digit : 0)) * u;
            group = 0;
            digit = -1;
        } else if (u > 0) {
            group += (digit < 0 ? 1 : digit) * u;
            digit = -1;
        }
        if (total > INT64_C(1000000000000)) return false;
        i += n;
    }
    *out = total + group + (digit > 0 ? digit : 0);
    return s.n > 0;
}

bool numerals_whole(struct span s, int64_t *out)
{
    s = span_trim(s);
    if (s.n == 0 || s.n > 200) return false;
    if (span_starts(s, span_str("a "))) s = span_slice(s, 2, s.n); /* a dozen, a hundred */
    return ((unsigned char)s.p[0] & 0x80) ? chinese(s, out) : english(s, out);
}

/* The denominator that a word such as "thirds" names, 0 when it names none. */
static int64_t denominator(struct span w)
{
    static const struct {
        const char *name;
        int64_t value;
    } names[] = {{"half", 2},   {"halve", 2},     {"third", 3},    {"quarter", 4},    {"fourth", 4},
                 {"fifth", 5},  {"sixth", 6},     {"seventh", 7},  {"eighth", 8},     {"ninth", 9},
                 {"tenth", 10}, {"eleventh", 11}, {"twelfth", 12}, {"hundredth", 100}};
    if (w.n > 1 && w.p[w.n - 1] == 's') w.n--;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        size_t k = 0;
        while (k < w.n && names[i].name[k] != 0 &&
               ascii_lower((unsigned char)w.p[k]) == names[i].name[k]) {
            k++;
        }
        if (k == w.n && names[i].name[k] == 0) return names[i].value;
    }
    return 0;
}

/* What a part behind a whole is a part of: of "a dozen and a half" the dozen, of "a million and a half" the million,
 * else one. */
static int64_t counted_in(struct span whole)
{
    static const char *const names[] = {"dozen", "million", "billion"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct span name = span_str(names[i]);
        size_t at = whole.n - (whole.n < name.n ? whole.n : name.n);
        if (number_word(whole.p + at, whole.n - at) == number_word(name.p, name.n))
            return number_word(name.p, name.n);
    }
    return 1;
}

bool numerals_fraction(struct span s, int64_t *num, int64_t *den)
{
    int64_t whole = 0, above = 1, of_each = 1;
    s = span_trim(s);
    if (s.n < 8 || s.n > 80) return false;
    struct span parts = span_str("\xe5\x88\x86\xe4\xb9\x8b"); /* "of 4 parts 3" */
    size_t of = span_find(s, parts, 0);
    if (of != SPAN_NONE) {
        return numerals_whole(span_slice(s, 0, of), den) && *den > 0 &&
               numerals_whole(span_slice(s, of + parts.n, s.n), num);
    }
    size_t last = s.n;
    while (last > 0 && s.p[last - 1] != ' ' && s.p[last - 1] != '-') {
        last--;
    }
    *den = last == 0 ? 0 : denominator(span_slice(s, last, s.n));
    if (*den == 0) return false;
    struct span count = span_slice(s, 0, last - 1);
    struct span joint = span_str(" and ");
    size_t at = span_find_last(count, joint);
    if (at != SPAN_NONE) { /* one and a half */
        if (!numerals_whole(span_slice(count, 0, at), &whole)) return false;
        of_each = counted_in(span_slice(count, 0, at));
        count = span_slice(count, at + joint.n, count.n);
    }
    bool one = count.n == 1 && ascii_lower((unsigned char)count.p[0]) == 'a';
    if (!one && !numerals_whole(count, &above)) return false;
    *num = whole * *den + above * of_each;
    return above < 1000000;
}
