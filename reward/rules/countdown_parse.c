/* reward/rules/countdown_parse.c - see countdown_parse.h.
 *
 *   answer:  [decoration] sum ['=' number] [decoration]
 *   sum:     product (('+' | '-') product)*
 *   product: factor (('*' | '/') factor)*
 *   factor:  '-' factor | number | '(' sum ')' | \frac '{' sum '}' '{' sum '}'
 *
 * Every literal must be one of the given numbers, and takes one of them out of the pot, so the
 * size of all values is bounded by the given numbers: at most COUNTDOWN_MAX_NUMBERS operations.
 *
 * FLINT keeps integers below 2^62 in themselves; for larger ones it allocates, and GMP aborts when
 * it cannot. So outside a verifier process
 *
 * (1) no operation begins on a numerator or denominator of SMALL_BITS bits or more, so that its
 *     products and sums of two products stay below 2^62; what needs more is left to such a process.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/countdown_parse.h"

#include <assert.h>
#include <flint/fmpq.h>
#include <stdlib.h>

enum { MAX_DEPTH = 64, MAX_LITERAL = 1024, SMALL_BITS = 31, SMALL_DIGITS = 9 };

struct reader {
    struct span text;
    size_t at;
    int depth;
    const struct countdown_rules *rules;
    bool taken[COUNTDOWN_MAX_NUMBERS];
    const char *cause; /* why it failed */
    bool too_large;    /* for this process: so it failed */
};

static bool fail(struct reader *r, const char *cause)
{
    if (r->cause == NULL) r->cause = cause;
    return false;
}

/* ---- numbers ------------------------------------------------------------------------------------------- */

/* Numbers that are not small go to a verifier process. */
static bool leave(struct reader *r)
{
    r->too_large = true;
    return fail(r, "too_large");
}

/* Whether both may take part in an operation here. */
static bool may_operate(struct reader *r, const fmpq_t a, const fmpq_t b)
{
    if (r->rules->any_size) return true;
    bool small = fmpz_bits(fmpq_numref(a)) < SMALL_BITS && fmpz_bits(fmpq_denref(a)) < SMALL_BITS &&
                 fmpz_bits(fmpq_numref(b)) < SMALL_BITS && fmpz_bits(fmpq_denref(b)) < SMALL_BITS;
    return small || leave(r);
}

/* digits / 10^places, digits few. */
static void small_set(fmpq_t out, const char *digits, size_t places)
{
    ulong top = strtoul(digits, NULL, 10), bottom = 1;
    for (; places > 0; places--) {
        bottom *= 10;
    }
    fmpq_set_ui(out, top, bottom);
    fmpq_canonicalise(out);
}

static bool large_set(fmpq_t out, const char *digits, size_t places)
{
    if (fmpz_set_str(fmpq_numref(out), digits, 10) != 0) return false;
    fmpz_set_ui(fmpq_denref(out), 10);
    fmpz_pow_ui(fmpq_denref(out), fmpq_denref(out), places);
    fmpq_canonicalise(out);
    return true;
}

/* A decimal literal exactly. False: not a plain decimal, or too large for here. */
static bool decimal_set(struct reader *r, fmpq_t out, struct span s)
{
    char digits[MAX_LITERAL + 1];
    size_t n = 0, places = 0;
    bool point = false, negative = s.n > 0 && s.p[0] == '-';
    for (size_t i = negative; i < s.n; i++) {
        if (s.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9' || n == MAX_LITERAL) return false;
        digits[n++] = s.p[i];
        places += point;
    }
    digits[n] = '\0';
    if (n == 0) return false;
    if (n <= SMALL_DIGITS) {
        small_set(out, digits, places);
    } else if (!r->rules->any_size) {
        return leave(r);
    } else if (!large_set(out, digits, places)) {
        return false;
    }
    if (negative) fmpq_neg(out, out);
    return true;
}

/* Take a given number of this value out of the pot. */
static bool take_number(struct reader *r, const fmpq_t value)
{
    fmpq_t given;
    bool found = false;
    fmpq_init(given);
    for (int i = 0; i < r->rules->n && !found; i++) {
        if (r->taken[i] || !decimal_set(r, given, r->rules->numbers[i])) continue;
        found = fmpq_equal(given, value);
        assert(!r->taken[i]); /* no number is used twice */
        r->taken[i] = found;
    }
    fmpq_clear(given);
    return found;
}

/* ---- tokens ----------------------------------------------------------------------------------------------- */

/* Spellings of one token. */
static const char *const spaces[] = {" ",   "\t",  "\r",  "\n",       "$",       "\\,",
                                     "\\;", "\\!", "\\ ", "\\left",   "\\right", "\\(",
                                     "\\)", "\\[", "\\]", "\xC2\xA0", NULL};
static const char *const times[] = {"*",        "\\times",      "\\cdot",       "\xC3\x97",
                                    "\xC2\xB7", "\xE2\x8B\x85", "\xE2\x88\x97", NULL};
static const char *const over[] = {"/", "\\div", "\xC3\xB7", "\xE2\x88\x95", NULL};
static const char *const plus[] = {"+", NULL};
static const char *const minus[] = {"-", "\xE2\x88\x92", NULL};
static const char *const equals[] = {"=", NULL};
static const char *const fracs[] = {"\\frac", "\\dfrac", "\\tfrac", NULL};
static const char *const opens[] = {"(", "[", "{", NULL};
static const char *const closes[] = {")", "]", "}", NULL};
static const char *const forbidden[] = {"**",      "//",           "^", "%", "!", "\\sqrt",
                                        "\\binom", "\xE2\x88\x9A", NULL};

/* The index of the spelling that stands here, which is passed over; -1: none. */
static int take(struct reader *r, const char *const *spellings)
{
    struct span rest = span_slice(r->text, r->at, r->text.n);
    for (int i = 0; spellings[i] != NULL; i++) {
        if (!span_starts(rest, span_str(spellings[i]))) continue;
        r->at += strlen(spellings[i]);
        return i;
    }
    return -1;
}

/* Digits and the plain operators are what answers are made of: they begin no decoration and nothing
 * forbidden. */
static bool is_plain(const struct reader *r)
{
    char c = r->at < r->text.n ? r->text.p[r->at] : '0';
    return (c >= '0' && c <= '9') || c == '(' || c == ')' || c == '+' || c == '-' || c == '=';
}

static void skip_space(struct reader *r)
{
    while (!is_plain(r) && take(r, spaces) >= 0) {
    }
}

static int take_token(struct reader *r, const char *const *spellings)
{
    size_t before;
    skip_space(r);
    before = r->at;
    if (!is_plain(r) && take(r, forbidden) >= 0) {
        r->at = before;
        fail(r, "not_allowed");
        return -1;
    }
    return take(r, spellings);
}

static struct span take_literal(struct reader *r)
{
    skip_space(r);
    size_t start = r->at;
    while (r->at < r->text.n &&
           ((r->text.p[r->at] >= '0' && r->text.p[r->at] <= '9') || r->text.p[r->at] == '.')) {
        r->at++;
    }
    return span_slice(r->text, start, r->at);
}

/* ---- the grammar ---------------------------------------------------------------------------------------------- */

static bool read_sum(struct reader *r, fmpq_t out);

static bool read_number(struct reader *r, fmpq_t out)
{
    struct span s = take_literal(r);
    if (s.n == 0 || !decimal_set(r, out, s)) return fail(r, "unparsable_answer");
    return take_number(r, out) || fail(r, "wrong_numbers");
}

/* '(' sum ')' whose opening has been taken: kind says which. */
static bool read_rest(struct reader *r, fmpq_t out, int kind)
{
    if (!read_sum(r, out)) return false;
    return take_token(r, closes) == kind || fail(r, "unparsable_answer");
}

static bool divide(struct reader *r, fmpq_t out, const fmpq_t by)
{
    if (fmpq_is_zero(by)) return fail(r, "division_by_zero");
    if (!may_operate(r, out, by)) return false;
    fmpq_div(out, out, by);
    return true;
}

static bool read_frac(struct reader *r, fmpq_t out)
{
    fmpq_t below;
    fmpq_init(below);
    bool ok = (take_token(r, opens) == 2 && read_rest(r, out, 2) && take_token(r, opens) == 2 &&
               read_rest(r, below, 2)) ||
              fail(r, "unparsable_answer");
    ok = ok && divide(r, out, below);
    fmpq_clear(below);
    return ok;
}

static bool read_factor(struct reader *r, fmpq_t out)
{
    if (++r->depth > MAX_DEPTH) return fail(r, "unparsable_answer");
    bool ok;
    int kind;
    if (take_token(r, minus) >= 0) {
        ok = read_factor(r, out);
        fmpq_neg(out, out);
    } else if (take_token(r, fracs) >= 0) {
        ok = read_frac(r, out);
    } else if ((kind = take_token(r, opens)) >= 0) {
        ok = read_rest(r, out, kind);
    } else {
        ok = read_number(r, out);
    }
    r->depth--;
    return ok;
}

static bool read_product(struct reader *r, fmpq_t out)
{
    bool ok = read_factor(r, out);
    while (ok) {
        bool multiply = take_token(r, times) >= 0;
        if (!multiply && take_token(r, over) < 0) break;
        fmpq_t right;
        fmpq_init(right);
        ok = read_factor(r, right);
        if (ok && multiply) {
            ok = may_operate(r, out, right);
            if (ok) fmpq_mul(out, out, right);
        } else if (ok) {
            ok = divide(r, out, right);
        }
        fmpq_clear(right);
    }
    return ok;
}

static bool read_sum(struct reader *r, fmpq_t out)
{
    bool ok = read_product(r, out);
    while (ok) {
        bool add = take_token(r, plus) >= 0;
        if (!add && take_token(r, minus) < 0) break;
        fmpq_t right;
        fmpq_init(right);
        ok = read_product(r, right) && may_operate(r, out, right);
        if (ok && add) {
            fmpq_add(out, out, right);
        } else if (ok) {
            fmpq_sub(out, out, right);
        }
        fmpq_clear(right);
    }
    return ok;
}

/* "= value" after the expression, which must then be its value. */
static bool read_claim(struct reader *r, const fmpq_t value)
{
    if (take_token(r, equals) < 0) return true;
    fmpq_t claim;
    fmpq_init(claim);
    bool negative = take_token(r, minus) >= 0;
    bool ok = decimal_set(r, claim, take_literal(r)) || fail(r, "unparsable_answer");
    if (negative) fmpq_neg(claim, claim);
    ok = ok && (fmpq_equal(claim, value) || fail(r, "false_equation"));
    fmpq_clear(claim);
    return ok;
}

static bool all_used(const struct reader *r)
{
    for (int i = 0; i < r->rules->n; i++) {
        if (!r->taken[i]) return false;
    }
    return true;
}

const char *countdown_judge(struct span answer, const struct countdown_rules *rules)
{
    struct reader r = {.text = answer, .rules = rules};
    fmpq_t value, target;
    fmpq_init(value);
    fmpq_init(target);
    bool ok = read_sum(&r, value) && read_claim(&r, value);
    assert(!ok || r.depth == 0);
    assert(rules->any_size || !COEFF_IS_MPZ(*fmpq_numref(value))); /* (1) */
    if (ok && take_token(&r, (const char *const[]){".", NULL}) >= 0) {
        skip_space(&r); /* a full stop */
    }
    skip_space(&r);
    if (ok && r.cause == NULL && r.at < answer.n) fail(&r, "unparsable_answer");
    if (r.cause == NULL && rules->use_all && !all_used(&r)) fail(&r, "wrong_numbers");
    if (r.cause == NULL && !decimal_set(&r, target, rules->target)) fail(&r, "unparsable_answer");
    if (r.cause == NULL) r.cause = fmpq_equal(value, target) ? "equal_value" : "not_equal";
    fmpq_clear(value);
    fmpq_clear(target);
    return r.too_large ? NULL : r.cause;
}
