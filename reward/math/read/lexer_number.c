/* reward/math/read/lexer_number.c - numbers: thousands, decimals, exponents, digits of other bases.
 *
 * Whether a comma, a space or a dot between digits groups thousands is decided where the number
 * stands, so a number is scanned twice: once to count its digits, once to gather them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/read/lexer_impl.h"
#include "reward/math/read/words.h"

static bool three_digits(struct span s, size_t i)
{
    return ascii_is_digit(lexer_at(s, i)) && ascii_is_digit(lexer_at(s, i + 1)) &&
           ascii_is_digit(lexer_at(s, i + 2)) && !ascii_is_digit(lexer_at(s, i + 3));
}

/* Length of a separator of thousands at s[i] that is one whatever stands around it: {,} \, \! */
static size_t sure_separator(struct span s, size_t i)
{
    static const char *const forms[] = {"{,}\\!", "{,}", "\\text{,}", ", \\!", ",\\!",
                                        ",\\,",   "\\,", "\\ ",       "{\\,}", "\\;",
                                        ",\\ ",   "\\!", "~"};
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        if (!words_opens(span_slice(s, i, s.n), forms[f])) continue;
        size_t n = strlen(forms[f]);
        while (lexer_at(s, i + n) == ' ') {
            n++;
        }
        if (three_digits(s, i + n)) return n;
    }
    return 0;
}

/* Length of what joins the digits before s[i] with three digits after, 0 when nothing does. */
static size_t thousands_separator(const struct lexer *l, struct span s, size_t i, size_t head)
{
    size_t n = sure_separator(s, i);
    if (n > 0) return n;
    if (l->depth > 0 || l->reading == READ_LIST || head > 3) return 0;
    int c = lexer_at(s, i);
    if (l->reading == READ_DECIMAL_COMMA) {
        return (c == '.' || c == ' ') && three_digits(s, i + 1);
    }
    if (c == '.') { /* 1.000.000 */
        bool again = head == 0 && i >= 4 && lexer_at(s, i - 4) == '.';
        return three_digits(s, i + 1) &&
               (again || (lexer_at(s, i + 4) == '.' && three_digits(s, i + 5)));
    }
    if (c != ',' && c != ' ' && c != '\'') return 0;
    return three_digits(s, i + 1);
}

/* Digits of a number gathered without their separators; only counted while p is NULL. */
struct digits {
    char *p;
    size_t n;
};

static size_t take_digits(struct span s, size_t i, struct digits *d)
{
    for (; ascii_is_digit(lexer_at(s, i)); i++) {
        if (d->p != NULL) d->p[d->n] = s.p[i];
        d->n++;
    }
    return i;
}

static size_t whole_part(const struct lexer *l, struct span s, size_t i, struct digits *d)
{
    size_t head = i;
    bool grouped = false, zero = lexer_at(s, i) == '0';
    i = take_digits(s, i, d);
    if (d->n == 0 || zero) return i;
    for (;;) {
        size_t n = thousands_separator(l, s, i, grouped ? 0 : i - head);
        if (n == 0) return i;
        grouped = true;
        i = take_digits(s, i + n, d);
    }
}

/* An exponent such as e-07 at s[i]; its length, 0 when there is none. */
static size_t exponent(struct span s, size_t i, int64_t *e)
{
    if (lexer_at(s, i) != 'e' && lexer_at(s, i) != 'E') return 0;
    size_t j = i + 1;
    bool minus = lexer_at(s, j) == '-';
    if (minus || lexer_at(s, j) == '+') j++;
    if (!ascii_is_digit(lexer_at(s, j))) return 0;
    int64_t v = 0;
    size_t first = j;
    for (; ascii_is_digit(lexer_at(s, j)); j++) {
        if (j - first < 18) v = v * 10 + (lexer_at(s, j) - '0');
    }
    if (j - first > 18) v = INT64_C(1000000000000000000);
    *e = minus ? -v : v;
    return j - i;
}

static void canonical(struct num *num, struct digits d)
{
    size_t head = 0;
    while (head < d.n && d.p[head] == '0') {
        head++;
    }
    while (d.n > head && d.p[d.n - 1] == '0') {
        d.n--;
        num->exp10++;
    }
    if (d.n == head) num->exp10 = 0;
    num->digits = span_of(d.p + head, d.n - head);
}

/* The digits of the number at s[i], counted or (d->p set) copied; the offset after them. */
static size_t mantissa(const struct lexer *l, struct span s, size_t i, struct digits *d,
                       struct num *num)
{
    d->n = 0;
    num->places = -1;
    i = whole_part(l, s, i, d);
    bool comma = l->reading == READ_DECIMAL_COMMA && lexer_at(s, i) == ',';
    if (span_starts(span_slice(s, i, s.n), span_str("{,}")) && ascii_is_digit(lexer_at(s, i + 3))) {
        size_t whole = d->n; /* 2{,}5: what follows are no thousands, so the comma is a point */
        i = take_digits(s, i + 3, d);
        num->places = (int32_t)(d->n - whole);
        return i;
    }
    if ((comma || lexer_at(s, i) == '.') && ascii_is_digit(lexer_at(s, i + 1))) {
        size_t whole = d->n;
        i = take_digits(s, i + 1, d);
        num->places = (int32_t)(d->n - whole);
    } else if (lexer_at(s, i) == '.' && (lexer_at(s, i + 1) == '\\' || lexer_at(s, i + 1) == '(')) {
        i++;
        num->places = 0;
    }
    return i;
}

size_t lexer_number(struct lexer *l, struct span s, size_t i)
{
    size_t start = i;
    struct digits d = {NULL, 0};
    struct num num = {.places = -1};
    mantissa(l, s, start, &d, &num);
    d.p = arena_alloc(l->arena, d.n + 1, 1);
    if (d.p == NULL) return error_set(l->err, ERROR_NO_MEMORY, NULL, "no memory for a number"), s.n;
    i = mantissa(l, s, start, &d, &num);
    num.exp10 = num.places > 0 ? -(int64_t)num.places : 0;
    int64_t e = 0;
    size_t n = exponent(s, i, &e);
    num.exp10 += e;
    num.scientific = n > 0;
    canonical(&num, d);
    struct token *t = lexer_push(l, T_NUM, 0, s, start);
    t->num = num;
    t->text = span_slice(s, start, i + n);
    return i + n;
}

/* A base from 11 to 36 named by a subscript at s[i]: _{16}, _16. */
static bool large_base(struct span s, size_t i)
{
    if (lexer_at(s, i) != '_') return false;
    i += lexer_at(s, i + 1) == '{' ? 2 : 1;
    if (!ascii_is_digit(lexer_at(s, i)) || !ascii_is_digit(lexer_at(s, i + 1)) ||
        ascii_is_digit(lexer_at(s, i + 2))) {
        return false;
    }
    int base = 10 * (lexer_at(s, i) - '0') + lexer_at(s, i + 1) - '0';
    return base > 10 && base <= 36;
}

static size_t alphanumeric_run(struct span s, size_t i, bool lower)
{
    while (ascii_is_digit(lexer_at(s, i)) || (lexer_at(s, i) >= 'A' && lexer_at(s, i) <= 'Z') ||
           (lower && lexer_at(s, i) >= 'a' && lexer_at(s, i) <= 'f')) {
        i++;
    }
    return i;
}

/* 2A_{16}, FF_{16}: digits of a base above ten; the offset after them, 0 when none stand here. */
size_t lexer_large_digits(struct lexer *l, struct span s, size_t i)
{
    if (!ascii_is_digit(lexer_at(s, i)) && !(lexer_at(s, i) >= 'A' && lexer_at(s, i) <= 'Z')) {
        return 0;
    }
    size_t end = alphanumeric_run(s, i, false);
    if (end < i + 2 || !large_base(s, end)) return 0;
    lexer_push(l, T_NUM, 0, s, i)->text = span_slice(s, i, end);
    return end;
}

/* 0x2A, 0b101, 0o17, as a number and its base; the offset after it, 0 when none stands here. */
size_t lexer_prefixed_digits(struct lexer *l, struct span s, size_t i)
{
    static const struct {
        char letter;
        const char *base;
    } kinds[] = {{'x', "16"}, {'b', "2"}, {'o', "8"}};
    if (lexer_at(s, i) != '0' || lexer_ends_operand(lexer_last_kind(l))) return 0;
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        size_t end = alphanumeric_run(s, i + 2, k == 0);
        if (lexer_at(s, i + 1) != kinds[k].letter || end == i + 2 ||
            ascii_is_letter(lexer_at(s, end))) {
            continue;
        }
        lexer_push(l, T_NUM, 0, s, i)->text = span_slice(s, i + 2, end);
        lexer_push(l, T_SUB, 0, s, i);
        lexer_push(l, T_NUM, 0, s, i)->text = span_str(kinds[k].base);
        return end;
    }
    return 0;
}
