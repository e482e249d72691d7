/* reward/math/find/based.c - see based.h.
 *
 * A base counts where it is said of a result, "to binary", "in octal", "its binary form", where it is the only one of
 * the sentence, and where the value stands right behind it or right before it. "The binary number 1011 equals 11"
 * says nothing about the base of 11.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/find/based.h"

#include <stdio.h>

#include "base/ascii.h"
#include "reward/math/read/words.h"

enum { MOST_SENTENCE = 600, MOST_DIGITS = 40, MOST_BETWEEN = 40, NEAR = 4 };

static const struct span NOTHING = {NULL, 0};

static const struct row {
    const char *words;
    int base;
} rows[] = {{"binary", 2},       {"base two", 2},      {"base 2", 2},   {"base-2", 2},
            {"octal", 8},        {"base eight", 8},    {"base 8", 8},   {"base-8", 8},
            {"hexadecimal", 16}, {"base sixteen", 16}, {"base 16", 16}, {"base-16", 16},
            {"decimal", 10},     {"base ten", 10},     {"base 10", 10}, {"base-10", 10}};

/* The base whose words begin at s.p[i]; NULL: none. */
static const struct row *base_at(struct span s, size_t i)
{
    struct span rest = span_slice(s, i, s.n);
    if (i > 0 && ascii_is_letter(s.p[i - 1])) return NULL;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        size_t n = strlen(rows[k].words);
        bool ends = n >= rest.n || !(ascii_is_digit(rest.p[n]) || ascii_is_letter(rest.p[n]));
        if (ends && words_begin(rest, rows[k].words)) return &rows[k];
    }
    return NULL;
}

/* The base at s.p[from] to s.p[to] is said of a result. */
static bool is_of_result(struct span s, size_t from, size_t to)
{
    static const char *const leads[] = {" to ", " into ", " in ", "In "};
    static const char *const forms[] = {" representation", " form", " notation", " expansion"};
    for (size_t k = 0; k < sizeof(leads) / sizeof(leads[0]); k++) {
        if (span_ends(span_slice(s, 0, from), span_str(leads[k]))) return true;
    }
    for (size_t k = 0; k < sizeof(forms) / sizeof(forms[0]); k++) {
        if (words_opens(span_slice(s, to, s.n), forms[k])) return true;
    }
    return false;
}

static bool is_digits(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i]) && !(s.p[i] >= 'A' && s.p[i] <= 'F')) return false;
    }
    return s.n > 0 && s.n <= MOST_DIGITS;
}

/* value stands right before s.p[from], or behind s.p[to] with no other number between. */
static bool is_beside(struct span s, struct span value, size_t from, size_t to)
{
    size_t at = span_find_last(s, value);
    if (at == SPAN_NONE) return false;
    if (at + value.n <= from) return from - at - value.n <= NEAR;
    if (at < to || at - to > MOST_BETWEEN) return false;
    for (size_t i = to; i < at; i++) {
        if (ascii_is_digit(s.p[i])) return false;
    }
    return true;
}

struct span based_value(struct arena *a, struct span value, struct span sentence)
{
    const struct row *base = NULL;
    size_t from = 0, to = 0;
    char text[MOST_DIGITS + 8];
    if (sentence.n > MOST_SENTENCE || !is_digits(value)) return NOTHING;
    for (size_t i = 0; i < sentence.n; i++) {
        const struct row *here = base_at(sentence, i);
        if (here == NULL) continue;
        if (base != NULL) return NOTHING;
        base = here;
        from = i;
        to = i + strlen(here->words);
    }
    bool said = base != NULL && is_of_result(sentence, from, to);
    if (!said || !is_beside(sentence, value, from, to)) return NOTHING;
    int n = snprintf(text, sizeof(text), "%.*s_{%d}", (int)value.n, value.p, base->base);
    char *copy = arena_str(a, span_of(text, (size_t)n));
    return span_of(copy, copy == NULL ? 0 : (size_t)n);
}
