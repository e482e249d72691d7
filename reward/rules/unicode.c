/* reward/rules/unicode.c - see unicode.h. Properties come from utf8proc; ASCII takes a short way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/unicode.h"

#include <assert.h>
#include <utf8proc.h>

#include "base/utf8.h"

static bool is_ascii_alnum(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool unicode_is_word(uint32_t c)
{
    if (c < 0x80) return is_ascii_alnum(c) || c == '_';
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return false;
    }
}

bool unicode_in_word(uint32_t c)
{
    if (c < 0x80) return is_ascii_alnum(c) || c == '_';
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_PC:
        return true;
    case UTF8PROC_CATEGORY_NO:
        return false;
    case UTF8PROC_CATEGORY_SO: /* letters in circles and boxes are alphabetic */
        return (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
               (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
    default:
        return unicode_is_word(c) || c == 0x200C || c == 0x200D; /* joiners */
    }
}

bool unicode_is_digit(uint32_t c)
{
    if (c < 0x80) return c >= '0' && c <= '9';
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_ND;
}

/* Bytes of the character that ends s (not empty), and the character. */
static uint32_t last_char(struct span s, size_t *n)
{
    size_t start = s.n - 1;
    while (start > 0 && s.n - start < 4 && ((unsigned char)s.p[start] & 0xC0) == 0x80) {
        start--;
    }
    uint32_t c = unicode_next(span_slice(s, start, s.n), n);
    if (*n == s.n - start) return c;
    *n = 1; /* not UTF-8 */
    return 0xFFFD;
}

struct span unicode_trim(struct span s)
{
    size_t n;
    while (s.n > 0 && unicode_is_space(unicode_next(s, &n))) {
        s = span_slice(s, n, s.n);
    }
    while (s.n > 0 && unicode_is_space(last_char(s, &n))) {
        s.n -= n;
    }
    return s;
}

struct span unicode_last(struct span s, size_t n)
{
    struct span rest = s;
    for (size_t i = 0; i < n && rest.n > 0; i++) {
        size_t bytes;
        last_char(rest, &bytes);
        rest.n -= bytes;
    }
    return span_slice(s, rest.n, s.n);
}

bool unicode_is_boundary(struct span s, size_t at)
{
    size_t n;
    bool before = at > 0 && unicode_is_word(last_char(span_slice(s, 0, at), &n));
    bool after = at < s.n && unicode_is_word(unicode_next(span_slice(s, at, s.n), &n));
    return before != after;
}

/* ---- upper and lower ------------------------------------------------------------------------------- */

struct range {
    uint32_t first, last;
};

/* Other_Uppercase and Other_Lowercase of Unicode's PropList: letters by look that are none by
 * category. */
static const struct range other_upper[] = {
    {0x2160, 0x216F}, {0x24B6, 0x24CF}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
static const struct range other_lower[] = {
    {0xAA, 0xAA},       {0xBA, 0xBA},       {0x2B0, 0x2B8},     {0x2C0, 0x2C1},
    {0x2E0, 0x2E4},     {0x345, 0x345},     {0x37A, 0x37A},     {0x1D2C, 0x1D6A},
    {0x1D78, 0x1D78},   {0x1D9B, 0x1DBF},   {0x2071, 0x2071},   {0x207F, 0x207F},
    {0x2090, 0x209C},   {0x2170, 0x217F},   {0x24D0, 0x24E9},   {0x2C7C, 0x2C7D},
    {0xA69C, 0xA69D},   {0xA770, 0xA770},   {0xA7F8, 0xA7F9},   {0xAB5C, 0xAB5F},
    {0x10780, 0x10780}, {0x10783, 0x10785}, {0x10787, 0x107B0}, {0x107B2, 0x107BA}};

static bool in_ranges(uint32_t c, const struct range *r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (c >= r[i].first && c <= r[i].last) return true;
    }
    return false;
}

bool unicode_is_upper(uint32_t c)
{
    if (c < 0x80) return c >= 'A' && c <= 'Z';
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LU ||
           in_ranges(c, other_upper, sizeof(other_upper) / sizeof(other_upper[0]));
}

bool unicode_is_lower(uint32_t c)
{
    if (c < 0x80) return c >= 'a' && c <= 'z';
    return utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LL ||
           in_ranges(c, other_lower, sizeof(other_lower) / sizeof(other_lower[0]));
}

static bool is_title(uint32_t c)
{
    return c >= 0x80 && utf8proc_category((utf8proc_int32_t)c) == UTF8PROC_CATEGORY_LT;
}

/* Has it letters that are wanted, and none that are not? */
static bool all_of_case(struct span s, bool (*wanted)(uint32_t), bool (*other)(uint32_t))
{
    bool found = false;
    for (size_t at = 0, n; at < s.n; at += n) {
        uint32_t c = unicode_next(span_slice(s, at, s.n), &n);
        if (other(c) || is_title(c)) return false;
        found = found || wanted(c);
    }
    return found;
}

bool unicode_all_upper(struct span s)
{
    return all_of_case(s, unicode_is_upper, unicode_is_lower);
}

bool unicode_all_lower(struct span s)
{
    return all_of_case(s, unicode_is_lower, unicode_is_upper);
}

/* ---- lower case ------------------------------------------------------------------------------------ */

static bool is_cased(uint32_t c)
{
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k == UTF8PROC_CATEGORY_LU || k == UTF8PROC_CATEGORY_LL || k == UTF8PROC_CATEGORY_LT;
}

/* Unicode's Case_Ignorable: marks, formats, modifiers, and the marks inside words. */
static bool is_case_ignorable(uint32_t c)
{
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
        return true;
    default:
        return c == '\'' || c == '.' || c == ':' || c == 0xB7 || c == 0x2018 || c == 0x2019 ||
               c == 0x2024 || c == 0x2027;
    }
}

enum { NEAR = 32 }; /* characters looked through for Final_Sigma: more is no word */

/* Is the capital sigma at [at, at + 2) the last letter of a word? Unicode 3.13, Final_Sigma. */
static bool is_final_sigma(struct span s, size_t at)
{
    size_t n;
    struct span before = span_slice(s, 0, at), after = span_slice(s, at + 2, s.n);
    uint32_t c = 0;
    for (int i = 0; i < NEAR && before.n > 0 && is_case_ignorable(c = last_char(before, &n)); i++) {
        before.n -= n;
    }
    if (before.n == 0 || !is_cased(c)) return false;
    for (int i = 0; i < NEAR && after.n > 0; i++) {
        c = unicode_next(after, &n);
        if (!is_case_ignorable(c)) return !is_cased(c);
        after = span_slice(after, n, after.n);
    }
    return true;
}

struct span unicode_lower(struct span s, struct arena *a)
{
    /* No character grows past 3 bytes for 2 (U+0130 becomes i and U+0307, 3 bytes). */
    char *out = s.n > SIZE_MAX / 2 ? NULL : arena_alloc(a, s.n + s.n / 2 + 4, 1), *p = out;
    if (out == NULL) return span_of(NULL, 0);
    for (size_t at = 0, n; at < s.n; at += n) {
        uint32_t c = unicode_next(span_slice(s, at, s.n), &n);
        if (c < 0x80) {
            *p++ = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        } else if (c == 0xFFFD && n == 1) {
            *p++ = s.p[at];
        } else if (c == 0x130) { /* the one character whose lower case is two */
            p = mempcpy(p, "i\xCC\x87", 3);
        } else if (c == 0x3A3) {
            p = mempcpy(p, is_final_sigma(s, at) ? "\xCF\x82" : "\xCF\x83", 2);
        } else {
            p += utf8_encode((uint32_t)utf8proc_tolower((utf8proc_int32_t)c), p);
        }
    }
    assert((size_t)(p - out) <= s.n + s.n / 2 + 4);
    return span_of(out, (size_t)(p - out));
}
