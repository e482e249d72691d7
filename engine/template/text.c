/* engine/template/text.c - see text.h.
 *
 * What templates do with strings is Python's, by character and never by byte: so everything here
 * walks by whole characters, and every offset that leaves this file lies between two of them.
 * utf8proc knows categories and the simple mappings of case. Where Python knows more (a character
 * whose upper case is several, the sigma that ends a word, digits that are no decimals) there is a
 * small table or a rule, which names its source.
 *
 * A builder's bytes lie in the rendering's arena, where they double and move, and nothing is given
 * back: the arena goes with the rendering. Steps are taken before bytes are copied, and no text
 * becomes longer than TEMPLATE_MAX_OUTPUT, so "x" * 10**9 ends as soon as it is asked for. A
 * builder that has failed takes nothing more; callers append without looking and ask once, at the
 * end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/text.h"

#include <assert.h>
#include <utf8proc.h>

#include "base/unicode.h"
#include "base/utf8.h"
#include "engine/template/limits.h"
#include "engine/template/render.h"

enum { MAX_EXCERPT = 60 };

/* ---- building -------------------------------------------------------------------------------- */

static bool reserve(struct render *r, struct text_builder *b, size_t n)
{
    if (b->failed) return false;
    if (n > TEMPLATE_MAX_OUTPUT || b->n + n > TEMPLATE_MAX_OUTPUT) {
        b->failed = true;
        return render_fail(r, "a text of more than %d MiB", TEMPLATE_MAX_OUTPUT >> 20);
    }
    assert(b->n <= b->room);
    if (b->n + n <= b->room) return true;
    size_t room = b->room < 32 ? 32 : b->room * 2;
    while (room < b->n + n) {
        room *= 2;
    }
    char *p = render_alloc(r, room, 1);
    b->failed = p == NULL;
    if (p == NULL) return false;
    if (b->n > 0) memcpy(p, b->p, b->n);
    b->p = p;
    b->room = room;
    return true;
}

void text_add(struct render *r, struct text_builder *b, struct span s)
{
    if (!render_charge(r, 1 + s.n / TEMPLATE_COPIED_PER_STEP)) b->failed = true;
    if (s.n == 0 || !reserve(r, b, s.n)) return;
    assert(b->n + s.n <= b->room);
    memcpy(b->p + b->n, s.p, s.n);
    b->n += s.n;
}

void text_add_str(struct render *r, struct text_builder *b, const char *s)
{
    text_add(r, b, span_str(s));
}

void text_add_char(struct render *r, struct text_builder *b, char c)
{
    text_add(r, b, span_of(&c, 1));
}

void text_add_code(struct render *r, struct text_builder *b, uint32_t code_point)
{
    char bytes[4];
    text_add(r, b, span_of(bytes, utf8_encode(code_point, bytes)));
}

void text_add_times(struct render *r, struct text_builder *b, struct span s, int64_t times)
{
    if (s.n == 0 || times <= 0) return;
    size_t most = SIZE_MAX / s.n, n = (uint64_t)times < most ? (size_t)times : most;
    if (!reserve(r, b, n * s.n)) return;
    if (!render_charge_scan(r, n * s.n)) b->failed = true;
    for (; n > 0 && !b->failed; n--) {
        memcpy(b->p + b->n, s.p, s.n);
        b->n += s.n;
    }
}

void text_add_fill(struct render *r, struct text_builder *b, uint32_t code_point, int64_t times)
{
    char bytes[4];
    text_add_times(r, b, span_of(bytes, utf8_encode(code_point, bytes)), times);
}

bool text_end(const struct text_builder *b, struct span *out)
{
    assert(b->n <= b->room && (b->p != NULL || b->n == 0));
    *out = span_of(b->p == NULL ? "" : b->p, b->n);
    return !b->failed;
}

/* ---- characters ------------------------------------------------------------------------------ */

int text_excerpt(struct span s)
{
    return (int)utf8_valid_prefix(span_slice(s, 0, MAX_EXCERPT));
}

size_t text_offset(struct span s, size_t i)
{
    size_t at = 0;
    for (; i > 0 && at < s.n; i--) {
        do {
            at++;
        } while (at < s.n && ((unsigned char)s.p[at] & 0xC0) == 0x80);
    }
    return at;
}

uint32_t text_next(struct span s, size_t *at)
{
    size_t n;
    assert(*at < s.n);
    uint32_t c = unicode_next(span_slice(s, *at, s.n), &n);
    *at += n;
    return c;
}

uint32_t text_previous(struct span s, size_t *at)
{
    size_t from = *at;
    assert(from > 0 && from <= s.n);
    do {
        from--;
    } while (from > 0 && ((unsigned char)s.p[from] & 0xC0) == 0x80);
    *at = from;
    size_t end = from;
    return text_next(s, &end);
}

static utf8proc_category_t category(uint32_t c)
{
    return utf8proc_category((utf8proc_int32_t)c);
}

bool code_is_printable(uint32_t c)
{
    if (c < 0x7F) return c >= ' ';
    switch (category(c)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    default:
        return true;
    }
}

/* Characters with the Unicode property Numeric_Type=Digit that are no decimals: superscripts,
 * subscripts and digits in circles (UnicodeData.txt, field 7 without field 6). */
static bool is_other_digit(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0xB2, 0xB3},       {0xB9, 0xB9},       {0x1369, 0x1371},   {0x19DA, 0x19DA},
        {0x2070, 0x2070},   {0x2074, 0x2079},   {0x2080, 0x2089},   {0x2460, 0x2468},
        {0x2474, 0x247C},   {0x2488, 0x2490},   {0x24EA, 0x24EA},   {0x24F5, 0x24FD},
        {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},   {0x278A, 0x2792},
        {0x10A40, 0x10A43}, {0x10E60, 0x10E68}, {0x11052, 0x1105A}, {0x1F100, 0x1F10A},
    };
    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
        if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
    }
    return false;
}

static bool is_alpha(uint32_t c)
{
    utf8proc_category_t k = category(c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

bool code_is(uint32_t c, enum text_class class)
{
    switch (class) {
    case CLASS_ALPHA:
        return is_alpha(c);
    case CLASS_DECIMAL:
        return category(c) == UTF8PROC_CATEGORY_ND;
    case CLASS_DIGIT:
        return category(c) == UTF8PROC_CATEGORY_ND || is_other_digit(c);
    case CLASS_NUMERIC:
        return (category(c) >= UTF8PROC_CATEGORY_ND && category(c) <= UTF8PROC_CATEGORY_NO);
    case CLASS_ALNUM:
        return is_alpha(c) || code_is(c, CLASS_NUMERIC);
    case CLASS_SPACE:
        return unicode_is_space(c);
    case CLASS_PRINTABLE:
        return code_is_printable(c);
    case CLASS_ASCII:
        return c < 0x80;
    }
    return false;
}

bool code_is_upper(uint32_t c)
{
    return utf8proc_isupper((utf8proc_int32_t)c);
}

bool code_is_lower(uint32_t c)
{
    return utf8proc_islower((utf8proc_int32_t)c);
}

bool code_is_cased(uint32_t c)
{
    return code_is_upper(c) || code_is_lower(c) || category(c) == UTF8PROC_CATEGORY_LT;
}

/* ---- strip ----------------------------------------------------------------------------------- */

static bool strips(const struct span *chars, uint32_t c)
{
    if (chars == NULL) return unicode_is_space(c);
    for (size_t at = 0; at < chars->n;) {
        if (text_next(*chars, &at) == c) return true;
    }
    return false;
}

struct span text_lstrip(struct span s, const struct span *chars)
{
    size_t at = 0;
    while (at < s.n) {
        size_t next = at;
        if (!strips(chars, text_next(s, &next))) break;
        at = next;
    }
    return span_slice(s, at, s.n);
}

struct span text_rstrip(struct span s, const struct span *chars)
{
    size_t at = s.n;
    while (at > 0) {
        size_t before = at;
        if (!strips(chars, text_previous(s, &before))) break;
        at = before;
    }
    return span_slice(s, 0, at);
}

struct span text_strip(struct span s, const struct span *chars)
{
    return text_lstrip(text_rstrip(s, chars), chars);
}

/* ---- case ------------------------------------------------------------------------------------ */

/* Where upper case or title case is more than one character (SpecialCasing.txt, the unconditional
 * ones of Latin, Armenian and the ligatures). */
static const struct special {
    uint32_t c;
    const char *upper, *title;
} specials[] = {
    {0xDF, "SS", "Ss"},     {0x149, "ʼN", "ʼN"},    {0x1F0, "J̌", "J̌"},    {0x587, "ԵՒ", "Եւ"},
    {0x1E96, "H̱", "H̱"},     {0x1E97, "T̈", "T̈"},     {0x1E98, "W̊", "W̊"},   {0x1E99, "Y̊", "Y̊"},
    {0x1E9A, "Aʾ", "Aʾ"},   {0xFB00, "FF", "Ff"},   {0xFB01, "FI", "Fi"}, {0xFB02, "FL", "Fl"},
    {0xFB03, "FFI", "Ffi"}, {0xFB04, "FFL", "Ffl"}, {0xFB05, "ST", "St"}, {0xFB06, "ST", "St"},
};

static const char *special_case(uint32_t c, enum text_case to)
{
    if (c < 0xDF || to == CASE_LOWER) return NULL;
    for (size_t i = 0; i < sizeof(specials) / sizeof(*specials); i++) {
        if (specials[i].c == c) return to == CASE_UPPER ? specials[i].upper : specials[i].title;
    }
    return NULL;
}

/* Python's rule for a capital sigma: final where a cased letter stands before it and none after,
 * apostrophes and marks aside. */
static bool is_final_sigma(struct span s, size_t from, size_t to)
{
    uint32_t c = 0;
    bool cased = false;
    for (size_t at = from; at > 0 && !cased;) {
        c = text_previous(s, &at);
        cased = code_is_cased(c);
        if (!cased && c != '\'' && category(c) != UTF8PROC_CATEGORY_MN) break;
    }
    if (!cased) return false;
    while (to < s.n) {
        c = text_next(s, &to);
        if (code_is_cased(c)) return false;
        if (c != '\'' && category(c) != UTF8PROC_CATEGORY_MN) break;
    }
    return true;
}

static uint32_t map_code(uint32_t c, enum text_case to)
{
    utf8proc_int32_t u = (utf8proc_int32_t)c;
    switch (to) {
    case CASE_UPPER:
        return (uint32_t)utf8proc_toupper(u);
    case CASE_LOWER:
        return (uint32_t)utf8proc_tolower(u);
    case CASE_TITLE_CHAR:
        return (uint32_t)utf8proc_totitle(u);
    default: /* CASE_SWAP is one of the others by now */
        return c;
    }
}

void text_add_case_at(struct render *r, struct text_builder *b, struct span s, size_t *at,
                      enum text_case to)
{
    size_t from = *at;
    uint32_t c = text_next(s, at);
    if (to == CASE_SWAP) to = code_is_upper(c) ? CASE_LOWER : CASE_UPPER;
    const char *special = special_case(c, to);
    if (special != NULL) {
        text_add_str(r, b, special);
    } else if (c == 0x3A3 && to == CASE_LOWER) {
        text_add_code(r, b, is_final_sigma(s, from, *at) ? 0x3C2 : 0x3C3);
    } else if (c == 0x130 && to == CASE_LOWER) {
        text_add_str(r, b, "i̇");
    } else {
        text_add_code(r, b, map_code(c, to));
    }
}

void text_add_case(struct render *r, struct text_builder *b, struct span s, enum text_case to)
{
    for (size_t at = 0; at < s.n && !b->failed;) {
        text_add_case_at(r, b, s, &at, to);
    }
}

void text_add_folded(struct render *r, struct text_builder *b, uint32_t c)
{
    utf8proc_int32_t folded[8];
    int boundary = 0;
    utf8proc_ssize_t n =
        utf8proc_decompose_char((utf8proc_int32_t)c, folded, 8, UTF8PROC_CASEFOLD, &boundary);
    for (utf8proc_ssize_t i = 0; i < n && i < 8; i++) {
        text_add_code(r, b, (uint32_t)folded[i]);
    }
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool ends_line(uint32_t c)
{
    return (c >= '\n' && c <= '\r') || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
           c == 0x2029;
}

bool text_next_line(struct span s, size_t *at, struct span *line, struct span *whole)
{
    size_t from = *at;
    if (from >= s.n) return false;
    while (*at < s.n) {
        size_t end = *at;
        uint32_t c = text_next(s, at);
        if (!ends_line(c)) continue;
        if (c == '\r' && *at < s.n && s.p[*at] == '\n') (*at)++;
        *line = span_slice(s, from, end);
        *whole = span_slice(s, from, *at);
        return true;
    }
    *line = *whole = span_slice(s, from, s.n);
    return true;
}
