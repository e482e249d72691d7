/* reward/rules/python_eval.c - see python_eval.h.
 *
 *   sum:     product (('+' | '-') product)*
 *   product: factor (('*' | '/' | '//') factor)*
 *   factor:  ('+' | '-') factor | power
 *   power:   atom ['**' factor]
 *   atom:    number | '(' sum ')'
 *
 * A value is an integer or a float; an operation on an integer and a float takes both as floats.
 * All else that Python would accept here (calls, empty tuples) ends in a TypeError there and is
 * refused.
 *
 * (1) Outside a verifier process an integer that takes part in an operation has less than SMALL_BITS bits, so
 *     that FLINT keeps it, and what comes of it, without allocating (GMP aborts when it cannot).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/python_eval.h"

#include "base/ascii.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include <mpfr.h>
#include <flint/fmpq.h>
#include <flint/fmpz.h>

enum {
    MAX_DEPTH = 64,
    MAX_BITS = 4096,
    MAX_DIGITS = 1000,
    SMALL_BITS = 31, /* a product of two stays below 2^62 */
    SMALL_DIGITS = 9,
    EXACT_BITS = 53 /* of a double */
};

struct value {
    bool is_float;
    double real;
    fmpz_t whole; /* always initialised */
};

struct parser {
    struct span text;
    size_t at;
    int depth;  /* of recursion */
    int parens; /* open now */
    bool any_size, too_large;
};

/* An integer is too large for this process. */
static bool leave(struct parser *p)
{
    p->too_large = true;
    return false;
}

/* Whether both may take part in an operation here. */
static bool may_operate(struct parser *p, const struct value *a, const struct value *b)
{
    if (p->any_size) return true;
    return (fmpz_bits(a->whole) < SMALL_BITS && fmpz_bits(b->whole) < SMALL_BITS) || leave(p);
}

static void value_init(struct value *v)
{
    v->is_float = false;
    v->real = 0;
    fmpz_init(v->whole);
}

static void value_clear(struct value *v)
{
    fmpz_clear(v->whole);
}

/* float(int): to nearest, OverflowError when too large. */
static bool to_real(const struct value *v, double *out)
{
    if (v->is_float) {
        *out = v->real;
        return true;
    }
    if (!COEFF_IS_MPZ(*v->whole)) {
        *out = (double)fmpz_get_si(v->whole);
        return true;
    }
    mpfr_t f;
    mpfr_init2(f, EXACT_BITS);
    fmpz_get_mpfr(f, v->whole, MPFR_RNDN);
    *out = mpfr_get_d(f, MPFR_RNDN);
    mpfr_clear(f);
    return isfinite(*out);
}

static bool set_real(struct value *v, double real)
{
    v->is_float = true;
    v->real = real;
    return true;
}

/* ---- operations: a = a op b; false: Python raises ------------------------------------------------------- */

static bool whole_divide(struct value *a, const struct value *b)
{
    if (fmpz_bits(a->whole) <= EXACT_BITS && fmpz_bits(b->whole) <= EXACT_BITS) {
        return set_real(a, (double)fmpz_get_si(a->whole) / (double)fmpz_get_si(b->whole));
    }
    fmpq_t q;
    mpfr_t f;
    fmpq_init(q);
    mpfr_init2(f, EXACT_BITS);
    fmpq_set_fmpz_frac(q, a->whole, b->whole);
    fmpq_get_mpfr(f, q, MPFR_RNDN);
    double real = mpfr_get_d(f, MPFR_RNDN);
    mpfr_clear(f);
    fmpq_clear(q);
    return isfinite(real) && set_real(a, real);
}

/* CPython's float_floor_div. */
static double real_floor_divide(double a, double b)
{
    double mod = fmod(a, b), div = (a - mod) / b;
    if (mod != 0 && (b < 0) != (mod < 0)) div -= 1;
    double whole = floor(div);
    return div - whole > 0.5 ? whole + 1 : whole;
}

static bool whole_power(struct parser *p, struct value *a, const struct value *b)
{
    bool small = fmpz_cmpabs(a->whole, (fmpz[]){1}) <= 0;
    if (fmpz_sgn(b->whole) < 0) { /* through floats; 0 ** -1 raises */
        double x, y;
        if (fmpz_is_zero(a->whole) || !to_real(a, &x) || !to_real(b, &y)) return false;
        return set_real(a, pow(x, y));
    }
    if (small) {
        bool odd = fmpz_is_odd(b->whole);
        if (fmpz_is_zero(b->whole) || (fmpz_sgn(a->whole) < 0 && !odd)) fmpz_one(a->whole);
        return true;
    }
    if (fmpz_cmp_ui(b->whole, MAX_BITS) > 0) return false;
    ulong n = fmpz_get_ui(b->whole);
    if (fmpz_bits(a->whole) * n > MAX_BITS) return false;
    if (!p->any_size && fmpz_bits(a->whole) * n > 2 * SMALL_BITS - 1) return leave(p);
    fmpz_pow_ui(a->whole, a->whole, n);
    return true;
}

static bool whole_operate(struct parser *p, char op, struct value *a, const struct value *b)
{
    if (!may_operate(p, a, b)) return false;
    bool divides = op == '/' || op == '_';
    if (divides && fmpz_is_zero(b->whole)) return false;
    switch (op) {
    case '+':
        fmpz_add(a->whole, a->whole, b->whole);
        break;
    case '-':
        fmpz_sub(a->whole, a->whole, b->whole);
        break;
    case '*':
        fmpz_mul(a->whole, a->whole, b->whole);
        break;
    case '/':
        return whole_divide(a, b);
    case '_':
        fmpz_fdiv_q(a->whole, a->whole, b->whole);
        break;
    default:
        return whole_power(p, a, b);
    }
    return fmpz_bits(a->whole) <= MAX_BITS;
}

/* A power that is complex in Python, or overflows, has no place here. */
static bool real_power(struct value *a, double x, double y)
{
    double r = pow(x, y);
    bool complex_result = x < 0 && y != floor(y);
    bool raises = (x == 0 && y < 0) || (isinf(r) && isfinite(x) && isfinite(y));
    return !complex_result && !raises && set_real(a, r);
}

static bool operate(struct parser *p, char op, struct value *a, const struct value *b)
{
    double x, y;
    if (!a->is_float && !b->is_float) return whole_operate(p, op, a, b);
    if (!to_real(a, &x) || !to_real(b, &y)) return false;
    switch (op) {
    case '+':
        return set_real(a, x + y);
    case '-':
        return set_real(a, x - y);
    case '*':
        return set_real(a, x * y);
    case '/':
        return y != 0 && set_real(a, x / y);
    case '_':
        return y != 0 && set_real(a, real_floor_divide(x, y));
    default:
        return real_power(a, x, y);
    }
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

/* White space of the tokenizer; a line break only inside parentheses. */
static void skip_space(struct parser *p)
{
    while (p->at < p->text.n) {
        char c = p->text.p[p->at];
        if (c != ' ' && c != '\t' && c != '\f' && !(c == '\r' && p->parens > 0)) break;
        p->at++;
    }
}

static bool take(struct parser *p, const char *token)
{
    skip_space(p);
    if (!span_starts(span_slice(p->text, p->at, p->text.n), span_str(token))) return false;
    p->at += strlen(token);
    return true;
}

/* The next operator of a product: '*', '/', or '_' for "//"; 0: none. */
static char take_product(struct parser *p)
{
    struct span rest;
    skip_space(p);
    rest = span_slice(p->text, p->at, p->text.n);
    if (span_starts(rest, span_str("**"))) return 0;
    if (take(p, "//")) return '_';
    if (take(p, "*")) return '*';
    return take(p, "/") ? '/' : 0;
}

/* An integer of n characters, a sign perhaps among them. */
static bool set_whole(struct parser *p, struct value *out, const char *text, size_t n)
{
    if (n <= SMALL_DIGITS) {
        fmpz_set_si(out->whole, strtol(text, NULL, 10));
        return true;
    }
    return p->any_size ? fmpz_set_str(out->whole, text, 10) == 0 : leave(p);
}

/* A literal: 12, 1.5, 1., .5; no leading zero before another digit of an integer but zeros. */
static bool read_number(struct parser *p, struct value *out)
{
    char text[MAX_DIGITS + 1];
    size_t n = 0, points = 0;
    skip_space(p);
    while (p->at + n < p->text.n && n < MAX_DIGITS) {
        char c = p->text.p[p->at + n];
        if (c == '.' && points++ > 0) break; /* 1.2.3: the rest is no operator */
        if (c != '.' && !ascii_is_digit(c)) break;
        text[n++] = c;
    }
    text[n] = '\0';
    if (n == 0 || n == MAX_DIGITS || strcmp(text, ".") == 0) return false;
    p->at += n;
    if (strchr(text, '.') != NULL) return set_real(out, strtod(text, NULL));
    if (text[0] == '0' && strspn(text, "0") != n) return false;
    return set_whole(p, out, text, n);
}

static bool read_sum(struct parser *p, struct value *out);
static bool read_factor(struct parser *p, struct value *out);

static bool read_atom(struct parser *p, struct value *out)
{
    if (!take(p, "(")) return read_number(p, out);
    p->parens++;
    if (!read_sum(p, out) || !take(p, ")")) return false;
    p->parens--;
    return true;
}

static bool read_power(struct parser *p, struct value *out)
{
    struct value exponent;
    if (!read_atom(p, out)) return false;
    if (!take(p, "**")) return true;
    value_init(&exponent);
    bool ok = read_factor(p, &exponent) && operate(p, '^', out, &exponent);
    value_clear(&exponent);
    return ok;
}

static bool read_factor(struct parser *p, struct value *out)
{
    if (++p->depth > MAX_DEPTH) return false;
    bool ok;
    if (take(p, "-")) {
        ok = read_factor(p, out);
        fmpz_neg(out->whole, out->whole);
        out->real = -out->real;
    } else {
        ok = take(p, "+") ? read_factor(p, out) : read_power(p, out);
    }
    p->depth--;
    return ok;
}

/* operand (op operand)*, operators from next_op, operands from read. */
static bool read_chain(struct parser *p, struct value *out, char (*next_op)(struct parser *p),
                       bool (*read)(struct parser *p, struct value *out))
{
    char op;
    if (!read(p, out)) return false;
    while ((op = next_op(p)) != 0) {
        assert(p->at <= p->text.n && p->parens >= 0);
        struct value right;
        value_init(&right);
        bool ok = read(p, &right) && operate(p, op, out, &right);
        value_clear(&right);
        if (!ok) return false;
    }
    return true;
}

static bool read_product(struct parser *p, struct value *out)
{
    return read_chain(p, out, take_product, read_factor);
}

static char take_sum(struct parser *p)
{
    if (take(p, "+")) return '+';
    return take(p, "-") ? '-' : 0;
}

static bool read_sum(struct parser *p, struct value *out)
{
    return read_chain(p, out, take_sum, read_product);
}

/* A JSON number as Python's json module reads it: an int without point and exponent. */
static bool read_target(struct parser *p, struct span text, struct value *out)
{
    char digits[MAX_DIGITS + 1];
    if (text.n > MAX_DIGITS) return false;
    memcpy(digits, text.p, text.n);
    digits[text.n] = '\0';
    out->is_float = strpbrk(digits, ".eE") != NULL;
    if (out->is_float) {
        out->real = strtod(digits, NULL);
        return isfinite(out->real);
    }
    return set_whole(p, out, digits, text.n);
}

static bool distance_between(struct parser *p, struct value *v, const struct value *w, double *out)
{
    double x, y;
    if (!v->is_float && !w->is_float) {
        if (!may_operate(p, v, w)) return false;
        fmpz_sub(v->whole, v->whole, w->whole);
        fmpz_abs(v->whole, v->whole);
        return to_real(v, out);
    }
    if (!to_real(v, &x) || !to_real(w, &y)) return false;
    *out = fabs(x - y);
    return true;
}

enum python_value python_eval_distance(struct span text, struct span target, bool any_size,
                                       double *distance)
{
    struct parser p = {.text = text, .any_size = any_size};
    struct value v, w;
    value_init(&v);
    value_init(&w);
    bool ok = read_sum(&p, &v);
    skip_space(&p);
    assert(any_size || !COEFF_IS_MPZ(*v.whole)); /* (1) */
    ok = ok && p.at == text.n && read_target(&p, target, &w) &&
         distance_between(&p, &v, &w, distance);
    value_clear(&v);
    value_clear(&w);
    return p.too_large ? PYTHON_TOO_LARGE : ok ? PYTHON_NUMBER : PYTHON_NONE;
}
