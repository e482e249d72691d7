/* reward/math/answer.c - two texts, each in all its readings.
 *
 * The fast path decides most items without the parser: the same text, or two plain numbers. Else
 * each text is parsed. "1,234" may be one number or two, "1,22" may be 1.22: such texts have
 * several readings, and two texts are equal when some reading of one equals some reading of the
 * other; the first readings decide why not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/math/answer.h"

#include "base/ascii.h"
#include "reward/math/compare/family.h"
#include "reward/math/compare/region.h"
#include "reward/math/find/choice.h"
#include "reward/math/find/extract.h"
#include "reward/math/find/prose.h"
#include "reward/math/read/foreign.h"
#include "reward/math/read/parse.h"
#include "reward/math/read/rewrite.h"
#include "reward/math/read/chemistry.h"
#include "reward/math/read/moments.h"
#include "reward/math/read/numerals.h"
#include "reward/math/read/words.h"
#include "reward/math/real/decimal.h"
#include "reward/math/value/calculus.h"

enum { MAX_READINGS = 4, HALF_DAY = 12 * 3600, MAX_GAUSS = 500, MAX_AGAIN = 4 };

struct readings {
    const struct expr *e[MAX_READINGS];
    int n;
    char label;       /* of a choice before the text, "(B) 12"; 0 */
    struct error err; /* of the first reading, when n is 0 */
};

/* A comma between digits: the text has another reading. */
static bool has_digit_comma(struct span s)
{
    for (size_t i = 1; i + 1 < s.n; i++) {
        if (s.p[i] == ',' && ascii_is_digit(s.p[i - 1]) && ascii_is_digit(s.p[i + 1])) return true;
    }
    return false;
}

/* The language writes 2,5 for two and a half. */
static bool writes_comma(const struct math_options *o)
{
    static const char *const languages[] = {"german",     "french",  "spanish", "italian",
                                            "portuguese", "russian", "dutch",   "polish"};
    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
        if (span_is(o->language, languages[i])) return true;
    }
    return false;
}

/* One comma, digits on both sides, and more than one decimal or a leading zero ("0,5", "2,74"),
 * or a language that writes numbers so. */
static bool may_be_decimal_comma(struct span s, const struct math_options *o)
{
    if (writes_comma(o)) return true;
    const char *comma = s.n == 0 ? NULL : memchr(s.p, ',', s.n);
    size_t at = comma == NULL ? s.n : (size_t)(comma - s.p), after = 0;
    if (comma == NULL || memchr(comma + 1, ',', s.n - at - 1) != NULL) return false;
    while (at + 1 + after < s.n && ascii_is_digit(comma[1 + after])) {
        after++;
    }
    if (after == 3 && s.p[0] != '0') return false;                                  /* thousands */
    if (memchr(s.p, '(', at) != NULL || memchr(s.p, '[', at) != NULL) return false; /* a pair */
    return at > 0 && ascii_is_digit(s.p[at - 1]) &&
           (after >= 2 || (at >= 1 && s.p[at - 1] == '0' && after >= 1));
}

static void add_reading(struct math_work *w, struct span s, enum lexer_reading how,
                        struct readings *r)
{
    struct error err = {0};
    const struct expr *e = parse_answer(w->arena, s, how, &err);
    if (e == NULL) {
        if (how == READ_THOUSANDS) r->err = err;
        return;
    }
    e = calculus_expand(w->arena, e);
    if (e == NULL) return;
    for (int i = 0; i < r->n; i++) {
        if (expr_same(r->e[i], e)) return;
    }
    r->e[r->n++] = e;
}

static const struct expr *spelled_number(struct math_work *w, struct span s)
{
    int64_t n, d;
    if (s.n == 4 && words_start(s, span_str("half"))) {
        return expr_2(w->arena, E_DIV, 0, expr_int(w->arena, 1), expr_int(w->arena, 2));
    }
    if (numerals_whole(s, &n)) return expr_int(w->arena, n);
    if (numerals_fraction(s, &n, &d)) {
        return expr_2(w->arena, E_DIV, 0, expr_int(w->arena, n), expr_int(w->arena, d));
    }
    size_t space = span_find_last(s, span_str(" ")); /* twelve students */
    if (space == SPAN_NONE || !numerals_whole(span_slice(s, 0, space), &n)) return NULL;
    struct span noun = span_slice(s, space + 1, s.n);
    for (size_t i = 0; i < noun.n; i++) {
        if (noun.p[i] < 'a' || noun.p[i] > 'z') return NULL;
    }
    bool percent = span_is(noun, "percent");
    struct expr *e = expr_new(w->arena, percent ? E_PERCENT : E_UNIT, 0, 1);
    if (e == NULL) return NULL;
    e->text = percent ? span_of(NULL, 0) : noun;
    e->arg[0] = expr_int(w->arena, n);
    return e->arg[0] == NULL ? NULL : e;
}

/* "minus 5", "negative five": the rest of the text; {NULL, 0} without such a word. */
static struct span after_minus(struct span s)
{
    static const char *const words[] = {
        "negative ",         "minus ",           "Negative ",      "Minus ",
        "\\text{negative }", "\\text{negative}", "\\text{minus }", "\\text{minus}"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words_opens(s, words[i])) return span_slice(s, strlen(words[i]), s.n);
    }
    return span_of(NULL, 0);
}

/* What follows "\\text{The minimum is }"; {NULL, 0} where no such words stand first, or they deny. */
static struct span after_words(struct span s)
{
    static const char *const denials[] = {"not",   "no ",  "except", "less",     "more",
                                          "least", "most", "than",   "negative", "minus"};
    if (!span_starts(s, span_str("\\text{"))) return span_of(NULL, 0);
    size_t end = words_close(s, 5);
    if (end == SPAN_NONE || end < 12) return span_of(NULL, 0);
    struct span inner = span_slice(s, 6, end - 1);
    for (size_t i = 0; i < sizeof(denials) / sizeof(denials[0]); i++) {
        if (span_find(inner, span_str(denials[i]), 0) != SPAN_NONE) return span_of(NULL, 0);
    }
    if (foreign_denies_before(inner, inner.n)) return span_of(NULL, 0);
    struct span rest = span_trim(span_slice(s, end, s.n));
    return rest.n == 1 && ascii_is_letter(rest.p[0]) ? span_of(NULL, 0) : rest; /* even n */
}

static void read_all(struct math_work *w, struct span text, struct readings *r);

/* The negative of what the rest of a text says in its first reading. */
static void read_negative(struct math_work *w, struct span rest, struct readings *r)
{
    read_all(w, rest, r);
    if (r->n > 0 && expr_is_scalar(r->e[0])) {
        r->e[0] = expr_1(w->arena, E_NEG, 0, r->e[0]);
        r->n = r->e[0] != NULL;
    }
}

static void read_all(struct math_work *w, struct span text, struct readings *r)
{
    struct span positive = after_minus(text);
    if (positive.n > 0 && after_minus(positive).n == 0) {
        read_negative(w, positive, r);
        return;
    }
    struct span meant = rewrite_answer(w->arena, text);
    struct span s = family_text(w->arena, lexer_plain(w->arena, meant));
    const struct expr *number = spelled_number(w, text);
    *r = (struct readings){.n = 0};
    if (number != NULL) {
        r->e[r->n++] = number;
        return;
    }
    add_reading(w, s, READ_THOUSANDS, r);
    if (!has_digit_comma(s) && writes_comma(w->options) && span_has(s, '.')) {
        add_reading(w, s, READ_DECIMAL_COMMA, r); /* 1.500 is 1500 there */
    }
    if (has_digit_comma(s)) {
        if (span_is(w->options->language, "") || r->n == 0) add_reading(w, s, READ_LIST, r);
        if (may_be_decimal_comma(s, w->options)) add_reading(w, s, READ_DECIMAL_COMMA, r);
    }
    struct span said = after_words(s);
    if (said.n > 0 && r->n < MAX_READINGS) add_reading(w, said, READ_THOUSANDS, r);
    struct span numbers = rewrite_statements(w->arena, text);
    if (numbers.n > 0 && r->n < MAX_READINGS) add_reading(w, numbers, READ_THOUSANDS, r);
    struct span labelled = choice_content(s, &r->label);
    if (labelled.n > 0 && r->n < MAX_READINGS) add_reading(w, labelled, READ_THOUSANDS, r);
}

/* The same bytes, but for the braces that set a comma tightly: 2{,}5 is what 2,5 is. */
static bool same_text(struct span a, struct span b)
{
    struct span tight = span_str("{,}");
    size_t i = 0, k = 0;
    while (i < a.n && k < b.n) {
        size_t left = span_starts(span_slice(a, i, a.n), tight) ? 3 : 1;
        size_t right = span_starts(span_slice(b, k, b.n), tight) ? 3 : 1;
        if ((left == 3 ? ',' : a.p[i]) != (right == 3 ? ',' : b.p[k])) return false;
        i += left;
        k += right;
    }
    return a.n > 0 && i == a.n && k == b.n;
}

/* Three numbers with one sign between, one of them a year of four digits: 2024-03-14, 14/3/2024. */
static bool numeric_date(struct span s, int64_t part[3], char *sign)
{
    size_t i = 0, years = 0;
    *sign = 0;
    for (int k = 0; k < 3; k++) {
        size_t from = i;
        part[k] = 0;
        for (; i < s.n && i - from < 4 && ascii_is_digit(s.p[i]); i++) {
            part[k] = part[k] * 10 + (s.p[i] - '0');
        }
        if (i == from || i - from == 3) return false;
        years += i - from == 4;
        if (k == 2) break;
        if (i >= s.n || strchr("-/.", s.p[i]) == NULL || (k == 1 && s.p[i] != *sign)) return false;
        *sign = s.p[i++];
    }
    return i == s.n && years == 1;
}

/* The year that four digits write; 0 for anything else. */
static int64_t decimal_year(struct span s)
{
    int64_t year = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (!ascii_is_digit(s.p[i])) return 0;
        year = year * 10 + (s.p[i] - '0');
    }
    return year;
}

/* A day in words, or as ISO 8601 has it: year, month, day. */
static bool full_day(struct math_work *w, struct span s, int64_t day[3], bool *spelled)
{
    char sign;
    *spelled = moments_day(w->arena, s, day);
    return *spelled || (numeric_date(s, day, &sign) && sign == '-' && day[0] > 999);
}

static enum equality dates(struct math_work *w, struct span g, struct span a)
{
    int64_t x[3], y[3];
    char sign, other;
    bool spelled, too;
    bool year = g.n == 4 && ascii_is_digit(g.p[0]) && moments_day(w->arena, a, y); /* 1776 */
    if (year && decimal_year(g) == y[0]) return work_yes(w, MATH_EQUAL_VALUE);
    if (full_day(w, g, x, &spelled) && full_day(w, a, y, &too) && (spelled || too)) {
        bool same = x[0] == y[0] && x[1] == y[1] && x[2] == y[2];
        return same ? work_yes(w, MATH_EQUAL_VALUE) : work_no(w, MATH_NOT_EQUAL);
    }
    if (!numeric_date(g, x, &sign) || !numeric_date(a, y, &other) || sign != other) {
        return EQ_UNKNOWN;
    }
    bool same = x[0] == y[0] && x[1] == y[1] && x[2] == y[2];
    return same ? work_yes(w, MATH_EQUAL_VALUE) : work_no(w, MATH_NOT_EQUAL);
}

static enum equality plain_numbers(struct math_work *w, struct span g, struct span a)
{
    struct decimal x, y;
    if (w->options->abs_tol > 0 || w->options->rel_tol > 0 || w->options->precision_given) {
        return EQ_UNKNOWN;
    }
    if (!decimal_plain(g, &x) || !decimal_plain(a, &y)) return EQ_UNKNOWN;
    return decimal_same(&x, &y) ? work_yes(w, MATH_EQUAL_VALUE) : work_no(w, MATH_NOT_EQUAL);
}

/* No small letters but in names of commands. */
static bool has_no_words(struct span s)
{
    bool command = false;
    for (size_t i = 0; i < s.n; i++) {
        bool letter = s.p[i] >= 'a' && s.p[i] <= 'z';
        if (letter && !command) return false;
        command = s.p[i] == '\\' || (command && letter);
    }
    return true;
}

static enum equality times(struct math_work *w, struct span g, struct span a)
{
    int x, y;
    bool marked_x, marked_y;
    bool time_x = moments_time(g, &x, &marked_x), time_y = moments_time(a, &y, &marked_y);
    if (time_x != time_y && (time_x ? marked_x : marked_y) && has_no_words(time_x ? a : g)) {
        return work_no(w, MATH_NOT_EQUAL_KIND);
    }
    if (!time_x || !time_y) return EQ_UNKNOWN;
    if (x == y) return work_yes(w, MATH_EQUAL_VALUE);
    bool half_unsaid = marked_x != marked_y && (marked_x ? y : x) <= HALF_DAY;
    if (half_unsaid && x % HALF_DAY == y % HALF_DAY) return work_yes(w, MATH_EQUAL_VALUE);
    bool clock = marked_x || marked_y || span_find(g, span_str(":0"), 0) != SPAN_NONE ||
                 span_find(a, span_str(":0"), 0) != SPAN_NONE; /* no ratio is written 12:05 */
    return clock ? work_no(w, MATH_NOT_EQUAL) : EQ_UNKNOWN;
}

/* abc beside cba, or five letters and more in another order: a text turned round, hardly ever a
 * product. */
static bool is_rearranged(struct span g, struct span a)
{
    int count[26] = {0};
    bool turned = true;
    if (g.n < 3 || g.n > 40 || g.n != a.n) return false;
    for (size_t i = 0; i < g.n; i++) {
        if (g.p[i] < 'a' || g.p[i] > 'z' || a.p[i] < 'a' || a.p[i] > 'z') return false;
        turned &= g.p[i] == a.p[g.n - 1 - i];
        count[g.p[i] - 'a']++;
        count[a.p[i] - 'a']--;
    }
    for (int i = 0; i < 26; i++) {
        if (count[i] != 0) return false;
    }
    return turned || g.n >= 5;
}

/* The digits of "2F_{16}" and "2113_5"; s itself where it is no number with a base. */
static struct span digits_of_base(struct span s)
{
    size_t at = span_find(s, span_str("_"), 0);
    if (at == SPAN_NONE || at == 0) return s;
    for (size_t i = 0; i < s.n; i++) {
        bool sign = i > at && (s.p[i] == '{' || s.p[i] == '}');
        bool capital = i < at && s.p[i] >= 'A' && s.p[i] <= 'F';
        if (i != at && !sign && !capital && !ascii_is_digit(s.p[i])) return s;
    }
    return span_slice(s, 0, at);
}

/* The digits of 0xFF; no bytes in anything else. */
static struct span prefixed_digits(struct span s)
{
    bool prefix = s.n > 2 && s.n < 20 && s.p[0] == '0' && (s.p[1] == 'x' || s.p[1] == 'X');
    for (size_t i = 2; prefix && i < s.n; i++) {
        int c = ascii_lower((unsigned char)s.p[i]);
        prefix = ascii_is_digit(s.p[i]) || (c >= 'a' && c <= 'f');
    }
    return prefix ? span_slice(s, 2, s.n) : span_of(NULL, 0);
}

/* FF beside 0xFF, in capitals or not. Digits alone would be decimal. */
static bool is_prefix_unsaid(struct span g, struct span a)
{
    struct span x = prefixed_digits(g), y = prefixed_digits(a);
    bool letter = false;
    if ((x.n > 0) == (y.n > 0)) return false;
    if (x.n == 0) x = g;
    if (y.n == 0) y = a;
    for (size_t i = 0; i < x.n; i++) {
        letter |= ascii_is_letter(x.p[i]);
        if (i >= y.n || ascii_lower((unsigned char)x.p[i]) != ascii_lower((unsigned char)y.p[i])) {
            return false;
        }
    }
    return letter && x.n == y.n;
}

/* 2F beside 2F_{16}: one side leaves the base to the question. Digits alone would be decimal. */
static bool is_base_unsaid(struct span g, struct span a)
{
    struct span x = digits_of_base(g), y = digits_of_base(a);
    bool one = (x.n < g.n) != (y.n < a.n), letter = false;
    for (size_t i = 0; i < x.n; i++) {
        letter |= !ascii_is_digit(x.p[i]);
    }
    return one && letter && ascii_is_digit(x.p[0]) && span_eq(x, y);
}

/* One number, which a name may have before it: m + n = 73. */
static bool number_only(const struct expr *e)
{
    if (e->kind == E_REL && e->text.p[e->n - 2] == R_EQ) e = e->arg[e->n - 1];
    return expr_is_scalar(e) && expr_is_constant(e);
}

/* The value of the letter in "x = 7"; NULL for anything else. */
static const struct expr *assigned(const struct expr *e, const struct expr **letter)
{
    bool equation = e->kind == E_REL && e->n == 2 && e->text.p[0] == R_EQ;
    if (!equation || e->arg[0]->kind != E_SYM || !expr_is_constant(e->arg[1])) return NULL;
    *letter = e->arg[0];
    return e->arg[1];
}

/* What a derivation comes to, "2x + 3 = 17, 2x = 14, x = 7": equations of one unknown, and its value
 * at the end and nowhere else. NULL where the list is none. */
static const struct expr *derived(const struct expr *list)
{
    const struct expr *letter = NULL, *other;
    const struct expr *value =
        list->kind == E_LIST && list->n >= 2 ? assigned(list->arg[list->n - 1], &letter) : NULL;
    for (uint32_t i = 0; value != NULL && i + 1 < list->n; i++) {
        const struct expr *e = list->arg[i];
        bool equation = e->kind == E_REL && e->n == 2 && e->text.p[0] == R_EQ;
        bool about = equation && expr_has_symbol(e, letter->text) && assigned(e, &other) == NULL;
        if (!about) value = NULL;
    }
    return value;
}

/* The list says one value again, and it is the one wanted: "1 hour and 15 minutes, or 75 minutes".
 * "x = 5, y = 5" are two. */
static bool says_it_again(struct math_work *w, const struct expr *gold, const struct expr *list)
{
    bool again = list->kind == E_LIST && list->n >= 2 && list->n <= MAX_AGAIN, wanted = false;
    for (uint32_t i = 0; again && i < list->n; i++) {
        again = list->arg[i]->kind != E_REL &&
                (i == 0 || family_equal(w, list->arg[0], list->arg[i]) == EQ_YES);
    }
    for (uint32_t i = 0; again && !wanted && i < list->n; i++) {
        wanted = family_equal(w, gold, list->arg[i]) == EQ_YES;
    }
    return wanted;
}

/* I for i where the other side writes i or has no letters, j for i and E for e where the other
 * side writes i or e, as SymPy and engineers do; R for the set of real numbers. j or E alone stay
 * letters. */
static const struct expr *in_letters_of(struct arena *a, const struct expr *e,
                                        const struct expr *other)
{
    static const struct {
        const char *name;
        uint8_t constant;
        bool beside_numbers, beside_itself;
    } letters[] = {{"I", C_I, true, true},         {"j", C_I, false, false},
                   {"E", C_E, true, false},        {"R", C_REALS, false, true},
                   {"N", C_NATURALS, false, true}, {"Z", C_INTEGERS, false, true},
                   {"Q", C_RATIONALS, false, true}};
    if (expr_is_constant(e)) return e;
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        struct span name = span_str(letters[i].name);
        int op = letters[i].constant;
        bool meant = expr_has(other, E_CONST, op) ||
                     (letters[i].beside_numbers && expr_is_constant(other)) ||
                     (op == C_REALS && region_is(other));
        if (!meant || expr_has(e, E_CONST, op) || !expr_has_symbol(e, name)) continue;
        if (e->kind == E_SYM && !letters[i].beside_itself) continue; /* the letter, no number */
        const struct expr *changed = expr_substitute(a, e, name, expr_new(a, E_CONST, op, 0));
        bool same_kind = expr_has(other, E_CONST, op) || (op == C_REALS && region_is(other));
        if (changed != NULL && (same_kind || expr_is_constant(changed))) e = changed;
    }
    return e;
}

static enum equality compare_readings(struct math_work *w, const struct readings *g,
                                      const struct readings *a)
{
    enum equality first = EQ_UNKNOWN;
    enum math_cause cause = MATH_UNDECIDED;
    for (int i = 0; i < g->n; i++) {
        for (int j = 0; j < a->n; j++) {
            const struct expr *x = in_letters_of(w->arena, g->e[i], a->e[j]),
                              *y = in_letters_of(w->arena, a->e[j], g->e[i]);
            bool fits = w->options->mode != MATH_NUMBER || (number_only(x) && number_only(y));
            enum equality e = fits ? family_equal(w, x, y) : work_no(w, MATH_NOT_EQUAL_KIND);
            if (e == EQ_YES) return e;
            if (i == 0 && j == 0) {
                first = e;
                cause = w->cause;
                if (e == EQ_NO && g->e[0]->kind != E_LIST && a->e[0]->kind == E_LIST) {
                    cause = MATH_SEVERAL_ANSWERS;
                    const struct expr *end = derived(y);
                    if (end != NULL && family_equal(w, x, end) == EQ_YES) return EQ_YES;
                    if (says_it_again(w, x, y)) return EQ_YES;
                }
            }
        }
    }
    w->cause = cause;
    return first;
}

/* An operator applied in a text that does not parse: what it means is not known. */
static bool applies_operator(struct span s)
{
    size_t i = span_find(s, span_str("\\operatorname{"), 0);
    size_t end = i == SPAN_NONE ? i : span_find(s, span_str("}"), i);
    return end != SPAN_NONE && end > i + 15 && end + 1 < s.n &&
           memchr("(_[", s.p[end + 1], 3) != NULL;
}

/* Parsing failed on some side. */
static enum equality as_words(struct math_work *w, struct span gold, struct span answer,
                              const struct readings *g, const struct readings *a)
{
    if (g->err.code == ERROR_TOO_LARGE || a->err.code == ERROR_TOO_LARGE) {
        w->too_large = true;
        return EQ_UNKNOWN;
    }
    bool wordy = g->n == 0 || g->e[0]->kind == E_TEXT || prose_has_words(gold);
    if (wordy && words_same(w->arena, gold, answer)) return work_yes(w, MATH_EQUAL_WORDS);
    if ((g->n == 0 && applies_operator(gold)) || (a->n == 0 && applies_operator(answer))) {
        return EQ_UNKNOWN;
    }
    if (g->n > 0 && g->e[0]->kind != E_TEXT) return work_no(w, MATH_UNPARSABLE_ANSWER);
    return work_no(w, MATH_NOT_EQUAL_WORDS);
}

/* Bob and bob: one word, but for its capital. */
static bool same_name(struct span g, struct span a)
{
    if (g.n < 3 || g.n != a.n || (g.p[0] | 0x20) != (a.p[0] | 0x20)) return false;
    for (size_t i = 0; i < g.n; i++) {
        char c = i == 0 ? (char)(g.p[0] | 0x20) : g.p[i];
        if (c < 'a' || c > 'z' || (i > 0 && c != a.p[i])) return false;
    }
    return true;
}

/* One side writes \lfloor x \rfloor, and the other [x], as Gauss did: its brackets as those. s
 * itself otherwise. */
static struct span with_floors(struct arena *a, struct span s, struct span other)
{
    struct span floor = span_str("\\lfloor ");
    bool gauss = s.n > 0 && s.n <= MAX_GAUSS && span_has(s, '[') &&
                 span_find(other, span_str("\\lfloor"), 0) != SPAN_NONE;
    char *out = gauss ? arena_alloc(a, s.n * floor.n + 1, 1) : NULL;
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < s.n; i++) {
        bool bracket = s.p[i] == '[' || s.p[i] == ']';
        if (bracket) memcpy(out + n, s.p[i] == '[' ? "\\lfloor " : "\\rfloor ", floor.n);
        if (!bracket) out[n] = s.p[i];
        n += bracket ? floor.n : 1;
    }
    return out == NULL ? s : span_of(out, n);
}

enum equality answers_equal(struct math_work *w, struct span gold, struct span answer)
{
    struct span g = words_unwrap(gold), a = words_unwrap(answer);
    struct readings rg, ra;
    g = with_floors(w->arena, g, a);
    a = with_floors(w->arena, a, g);
    if (same_text(g, a)) return work_yes(w, MATH_EQUAL_TEXT);
    if (is_base_unsaid(g, a) || is_prefix_unsaid(g, a)) return work_yes(w, MATH_EQUAL_VALUE);
    bool turned = is_rearranged(g, a) || (g.n == a.n && words_other_order(g, a));
    if (turned) return work_no(w, MATH_NOT_EQUAL_WORDS);
    if (words_version(g) || chemistry_differs(g, a)) return work_no(w, MATH_NOT_EQUAL_WORDS);
    if (a.n == 0) return work_no(w, MATH_EMPTY_ANSWER);
    enum equality e = plain_numbers(w, g, a);
    if (e == EQ_UNKNOWN) e = times(w, g, a);
    if (e == EQ_UNKNOWN) e = dates(w, g, a);
    if (e != EQ_UNKNOWN) return e;
    if (w->options->mode == MATH_TEXT) {
        return words_same(w->arena, g, a) ? work_yes(w, MATH_EQUAL_WORDS)
                                          : work_no(w, MATH_NOT_EQUAL_WORDS);
    }
    read_all(w, g, &rg);
    read_all(w, a, &ra);
    if (rg.label != 0 && ra.label != 0 && rg.label != ra.label) {
        return work_no(w, MATH_NOT_EQUAL_CHOICE);
    }
    if ((rg.n == 0 || ra.n == 0) && !chemistry_same(w->arena, g, a)) {
        return as_words(w, g, a, &rg, &ra);
    }
    if (rg.n == 0 || ra.n == 0) return work_yes(w, MATH_EQUAL_WORDS);
    e = compare_readings(w, &rg, &ra);
    bool named = e != EQ_YES && (same_name(g, a) || chemistry_same(w->arena, g, a));
    if (named) return work_yes(w, MATH_EQUAL_WORDS);
    if (e != EQ_YES &&
        (rg.e[0]->kind == E_TEXT || ra.e[0]->kind == E_TEXT ||
         (rg.n > 0 && rg.e[0]->kind == E_UNIT)) &&
        words_same(w->arena, g, a)) {
        return work_yes(w, MATH_EQUAL_WORDS);
    }
    return e;
}
