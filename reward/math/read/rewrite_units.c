/* reward/math/read/rewrite_units.c - a number and a compound unit, however it is written.
 *
 * "8.314 J/(mol K)", "8.314 J mol^{-1} K^{-1}" and "5 \text{kg}\cdot\text{m/s}" hold letters that
 * would read as factors. Where all that follows the number is a product of units, one of them with
 * a name of two letters or more, or set in a font of words, it becomes one \text{...}.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/ascii.h"
#include "base/buffer.h"
#include "reward/math/read/rewrite.h"
#include "reward/math/read/units.h"
#include "reward/math/read/words.h"

enum { LONGEST_UNIT = 96 };

/* The offset in s after the sign, one of n, that stands at i; i itself when none does. */
static size_t after_one(struct span s, size_t i, const char *const *signs, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        if (words_opens(span_slice(s, i, s.n), signs[k])) return i + strlen(signs[k]);
    }
    return i;
}

/* The offset after the number that s begins with, a power of ten, a root or a fraction included; 0
 * when there is none. */
static size_t number_end(struct span s)
{
    static const char *const signs[] = {"\\times",      "\\,",          "\\;",
                                        "\\ ",          "\xc3\x97",     "~",
                                        "\xe2\x81\xbb", "\xe2\x81\xb0", "\xc2\xb9",
                                        "\xc2\xb2",     "\xc2\xb3",     "\xe2\x81\xb4",
                                        "\xe2\x81\xb5", "\xe2\x81\xb6", "\xe2\x81\xb7",
                                        "\xe2\x81\xb8", "\xe2\x81\xb9", "\\cdot 10",
                                        "*10^"};
    static const char *const heads[] = {"\\sqrt", "\\frac", "\\dfrac"}; /* later they are units' */
    bool digit = false;
    size_t i = after_one(s, 0, heads, sizeof(heads) / sizeof(heads[0])), next;
    for (; i < s.n; i = next) {
        next = after_one(s, i, signs, sizeof(signs) / sizeof(signs[0]));
        if (next > i) continue;
        bool power = digit && (s.p[i] == 'e' || s.p[i] == 'E') && i + 2 < s.n &&
                     (ascii_is_digit(s.p[i + 1]) || ascii_is_digit(s.p[i + 2])); /* 6.67e-11 */
        if (strchr(".,+-^{} ", s.p[i]) == NULL && !ascii_is_digit(s.p[i]) && !power) break;
        digit |= ascii_is_digit(s.p[i]);
        next = i + 1;
    }
    return digit ? i : 0;
}

/* A unit's text without the signs that only set it: fonts, braces, thin spaces; false when it is
 * too long for room. */
static bool plain_unit(struct span s, struct buffer *room)
{
    static const struct {
        const char *sign, *plain;
    } table[] = {
        {"\\text", " "},       {"\\mathrm", " "}, {"\\cdot", "*"},   {"\\times", "*"},
        {"\xc2\xb7", "*"},     {"\\,", " "},      {"\\;", " "},      {"\\ ", " "},
        {"\xe2\x8b\x85", "*"}, {"~", " "},        {"{", ""},         {"}", ""},
        {"\xe2\x81\xbb", "-"}, {"\xc2\xb9", "1"}, {"\xc2\xb2", "2"}, {"\xc2\xb3", "3"},
    };
    for (size_t i = 0; i < s.n;) {
        size_t k = 0, n = sizeof(table) / sizeof(table[0]);
        while (k < n && !words_opens(span_slice(s, i, s.n), table[k].sign)) {
            k++;
        }
        if (k == n) {
            buffer_add_char(room, s.p[i++]);
        } else {
            buffer_add_str(room, table[k].plain);
            i += strlen(table[k].sign);
        }
    }
    return !room->failed;
}

/* head, then unit as a text; head alone when the arena is full. */
static struct span quantity_text(struct arena *a, struct span head, struct span unit)
{
    struct buffer out;
    buffer_init(&out, head.n + unit.n + 16);
    buffer_add_span(&out, head);
    buffer_add_str(&out, "\\text{");
    buffer_add_span(&out, unit);
    buffer_add_char(&out, '}');
    char *copy = out.failed ? NULL : arena_str(a, buffer_span(&out));
    struct span text = span_of(copy, copy == NULL ? 0 : out.n);
    buffer_clear(&out);
    return text;
}

/* A letter, or a font around one: most answers that begin with a number end here. */
static bool may_be_unit(struct span s)
{
    return s.n > 2 && s.n <= LONGEST_UNIT &&
           (ascii_is_letter(s.p[0]) || span_starts(s, span_str("\\text{")) ||
            span_starts(s, span_str("\\mathrm{")));
}

/* A power of ten, or a decimal point: no coefficient is written so. */
static bool is_measured_number(struct span s)
{
    return span_has(s, '.') || span_find(s, span_str("\\times"), 0) != SPAN_NONE ||
           span_find(s, span_str("\xc3\x97"), 0) != SPAN_NONE;
}

/* Units called by one letter: m/s, W/m^2, s^{-1}. A font settles that they are units, and so does
 * a space between the number and a quotient, a raised dot between them, or a number that was
 * measured; 36m/s is a formula. unit is what follows s[at], plain. */
static bool letters_are_units(struct span s, size_t at, struct span unit)
{
    struct unit_factor same;
    bool font = s.p[at] == '\\',
         quotient = span_has(unit, '/') || span_find(unit, span_str("^-"), 0) != SPAN_NONE;
    bool several = quotient || span_has(unit, '*') || span_has(unit, '^') || span_has(unit, ' ');
    bool spaced = at > 0 && !ascii_is_digit(s.p[at - 1]) && s.p[at - 1] != '}';
    bool dotted = span_find(span_slice(s, at, s.n), span_str("\xc2\xb7"), 0) != SPAN_NONE;
    bool told = quotient || dotted || is_measured_number(span_slice(s, 0, at));
    return several && (font || (told && spaced)) && unit_convert(unit, unit, &same);
}

/* The offset after "G = " and the like before a quantity: a name alone, and = or approximately. */
static size_t after_name(struct span s)
{
    static const char *const signs[] = {"=", "\\approx", "\xe2\x89\x88", "\\simeq"};
    size_t i = 0, next;
    while (i < s.n && (ascii_is_letter(s.p[i]) || memchr("\\_{}", s.p[i], 4) != NULL ||
                       (i > 0 && ascii_is_digit(s.p[i])))) {
        i++;
        bool sign = i < s.n && (s.p[i] == '\\' || (s.p[i] & 0x80));
        if (sign && after_one(s, i, signs + 1, 3) > i) break;
    }
    while (i > 0 && i < s.n && s.p[i] == ' ') {
        i++;
    }
    next = i == 0 ? 0 : after_one(s, i, signs, sizeof(signs) / sizeof(signs[0]));
    if (next == i) return 0;
    while (next < s.n && s.p[next] == ' ') {
        next++;
    }
    return next;
}

/* A quantity that stands alone. */
static struct span unit_set_apart(struct arena *a, struct span s)
{
    size_t at = number_end(s);
    if (at == 0 || !may_be_unit(span_slice(s, at, s.n))) return s;
    struct buffer plain;
    buffer_init(&plain, LONGEST_UNIT);
    struct span unit = span_slice(s, at, s.n);
    bool compound =
        plain_unit(unit, &plain) && (unit_is_compound(span_trim(buffer_span(&plain))) ||
                                     letters_are_units(s, at, span_trim(buffer_span(&plain))));
    struct span text = s;
    if (compound) {
        text = quantity_text(a, span_trim(span_slice(s, 0, at)), span_trim(buffer_span(&plain)));
    }
    buffer_clear(&plain);
    return text.n == 0 ? s : text;
}

/* "$v = 5$ m/s" without the signs of its formula, s itself where it is nothing of the kind. */
static struct span without_signs(struct arena *a, struct span s)
{
    const char *sign = s.n > 2 && s.p[0] == '$' ? memchr(s.p + 1, '$', s.n - 1) : NULL;
    if (sign == NULL || sign == s.p + 1 || s.n > 400) return s;
    size_t at = (size_t)(sign - s.p);
    if (at + 2 >= s.n || s.p[at + 1] != ' ' || memchr(sign + 1, '$', s.n - at - 1) != NULL)
        return s;
    char *out = arena_alloc(a, s.n, 1);
    if (out == NULL) return s;
    memcpy(out, s.p + 1, at - 1);
    memcpy(out + at - 1, sign + 1, s.n - at - 1);
    return span_of(out, s.n - 2);
}

struct span rewrite_units(struct arena *a, struct span text)
{
    struct span s = without_signs(a, text);
    size_t from = after_name(s);
    struct span value = span_slice(s, from, s.n), set = unit_set_apart(a, value);
    if (set.p == value.p) return text;
    char *out = from == 0 ? NULL : arena_alloc(a, from + set.n, 1);
    if (out == NULL) return from == 0 ? set : text;
    memcpy(out, s.p, from);
    memcpy(out + from, set.p, set.n);
    return span_of(out, from + set.n);
}

/* The digits at s[*i], spaces around them skipped; an empty span when there are none. */
static struct span digits_at(struct span s, size_t *i)
{
    while (*i < s.n && s.p[*i] == ' ') {
        ++*i;
    }
    size_t from = *i;
    while (*i < s.n && ascii_is_digit(s.p[*i])) {
        ++*i;
    }
    struct span digits = span_slice(s, from, *i);
    while (*i < s.n && s.p[*i] == ' ') {
        ++*i;
    }
    return digits;
}

struct span rewrite_feet(struct arena *a, struct span s)
{
    static const char *const foot[] = {"'", "\xe2\x80\xb2", "\xe2\x80\x99"};
    static const char *const inch[] = {"\"", "''", "\xe2\x80\xb3", "\xe2\x80\x9d"};
    size_t i = 0;
    struct span feet = digits_at(s, &i);
    size_t next = after_one(s, i, foot, sizeof(foot) / sizeof(foot[0]));
    if (feet.n == 0 || next == i) return s;
    struct span inches = digits_at(s, &next);
    if (inches.n == 0 || after_one(s, next, inch, sizeof(inch) / sizeof(inch[0])) == next ||
        after_one(s, next, inch, sizeof(inch) / sizeof(inch[0])) != s.n) {
        return s;
    }
    struct buffer out;
    buffer_init(&out, s.n + 16);
    buffer_addf(&out, "%.*s ft %.*s in", (int)feet.n, feet.p, (int)inches.n, inches.p);
    char *copy = out.failed ? NULL : arena_str(a, buffer_span(&out));
    struct span text = copy == NULL ? s : span_of(copy, out.n);
    buffer_clear(&out);
    return text;
}
