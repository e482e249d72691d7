/* engine/template/operators.c - see operators.h.
 *
 * Integers are 64 bits: where Python would go on with a larger one, this fails.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/operators.h"

#include <math.h>

#include "engine/template/escape.h"
#include "engine/template/format.h"
#include "engine/template/limits.h"
#include "engine/template/render.h"

static const char *const signs[OPERATORS] = {
    [OP_ADD] = "+",        [OP_SUB] = "-", [OP_MUL] = "*",  [OP_DIV] = "/",
    [OP_FLOOR_DIV] = "//", [OP_MOD] = "%", [OP_POW] = "**",
};

static bool overflow(struct render *r)
{
    return render_fail(r, "an integer of more than 64 bits");
}

static bool floor_divide(struct render *r, int64_t a, int64_t b, int64_t *quotient, int64_t *rest)
{
    if (b == 0) return render_fail(r, "division by zero");
    if (a == INT64_MIN && b == -1) {
        *rest = 0;
        *quotient = 0;
        return overflow(r);
    }
    *quotient = a / b;
    *rest = a % b;
    if (*rest != 0 && (*rest < 0) != (b < 0)) {
        *rest += b;
        (*quotient)--;
    }
    return true;
}

static bool power(struct render *r, int64_t base, int64_t exponent, struct value *out)
{
    int64_t result = 1;
    bool large = false;
    if (exponent < 0) {
        if (base == 0) return render_fail(r, "0.0 cannot be raised to a negative power");
        *out = value_float(pow((double)base, (double)exponent));
        return true;
    }
    while (exponent > 0 && !large) {
        if ((exponent & 1) != 0) large = __builtin_mul_overflow(result, base, &result);
        exponent >>= 1;
        if (exponent > 0 && !large) large = __builtin_mul_overflow(base, base, &base);
    }
    *out = value_int(result);
    return !large || overflow(r);
}

static bool operate_ints(struct render *r, enum operator op, int64_t a, int64_t b,
                         struct value *out)
{
    int64_t quotient, rest;
    *out = value_int(0);
    switch (op) {
    case OP_ADD:
        return !__builtin_add_overflow(a, b, &out->whole) || overflow(r);
    case OP_SUB:
        return !__builtin_sub_overflow(a, b, &out->whole) || overflow(r);
    case OP_MUL:
        return !__builtin_mul_overflow(a, b, &out->whole) || overflow(r);
    case OP_DIV:
        if (b == 0) return render_fail(r, "division by zero");
        *out = value_float((double)a / (double)b);
        return true;
    case OP_POW:
        return power(r, a, b, out);
    default:
        if (!floor_divide(r, a, b, &quotient, &rest)) return false;
        *out = value_int(op == OP_MOD ? rest : quotient);
        return true;
    }
}

static double floor_mod(double a, double b)
{
    double rest = fmod(a, b);
    if (rest == 0) return copysign(0.0, b);
    return (rest < 0) != (b < 0) ? rest + b : rest;
}

static bool operate_floats(struct render *r, enum operator op, double a, double b,
                           struct value *out)
{
    bool divides = op == OP_DIV || op == OP_FLOOR_DIV || op == OP_MOD;
    if (divides && b == 0) return render_fail(r, "float division by zero");
    switch (op) {
    case OP_ADD:
        *out = value_float(a + b);
        return true;
    case OP_SUB:
        *out = value_float(a - b);
        return true;
    case OP_MUL:
        *out = value_float(a * b);
        return true;
    case OP_DIV:
        *out = value_float(a / b);
        return true;
    case OP_FLOOR_DIV:
        *out = value_float(floor((a - floor_mod(a, b)) / b + 0.5));
        return true;
    case OP_MOD:
        *out = value_float(floor_mod(a, b));
        return true;
    default:
        *out = value_float(pow(a, b));
        if (a < 0 && b != floor(b)) return render_fail(r, "a root of a negative number");
        if (a == 0 && b < 0) return render_fail(r, "0.0 cannot be raised to a negative power");
        return (isinf(out->real) && !isinf(a) && !isinf(b))
                   ? render_fail(r, "numerical result out of range")
                   : true;
    }
}

/* ---- strings and lists ----------------------------------------------------------------------- */

/* head + tail. Adding to the last sum again and again costs its length only once: its bytes are at
 * the end of r->joined, and what was there before stays. */
static bool extend(struct render *r, struct span head, struct span tail, struct span *out)
{
    *out = head;
    if (tail.n == 0) return true;
    if (r->joined.failed || head.n == 0 || head.p != r->joined.p || head.n != r->joined.n) {
        r->joined = (struct text_builder){0};
        text_add(r, &r->joined, head);
    }
    text_add(r, &r->joined, tail);
    return text_end(&r->joined, out);
}

static bool join_text(struct render *r, struct value v, struct value w, struct value *out)
{
    if ((v.sub == SUB_MARKUP) != (w.sub == SUB_MARKUP)) {
        if (!escape_text(r, &v) || !escape_text(r, &w)) return false;
    }
    *out = v;
    return extend(r, v.text, w.text, &out->text);
}

bool operate_concat(struct render *r, const struct value *p, size_t n, struct value *out)
{
    *out = value_text(span_of(NULL, 0));
    for (size_t i = 0; i < n; i++) {
        struct span s;
        if (!value_str(r, p[i], &s)) return false;
        if (i == 0) out->text = s;
        if (i > 0 && !extend(r, out->text, s, &out->text)) return false;
    }
    return true;
}

static bool join_seq(struct render *r, struct value v, struct value w, struct value *out)
{
    size_t n = v.seq.n + w.seq.n;
    struct value *p = render_alloc(r, n, sizeof(*p));
    if (p == NULL || !render_charge(r, n)) return false;
    if (v.seq.n > 0) memcpy(p, v.seq.p, v.seq.n * sizeof(*p));
    if (w.seq.n > 0) memcpy(p + v.seq.n, w.seq.p, w.seq.n * sizeof(*p));
    *out = (struct value){.kind = v.kind, .seq = {p, n}};
    return true;
}

static bool repeat(struct render *r, struct value v, int64_t times, struct value *out)
{
    size_t n = v.kind == VALUE_STRING ? v.text.n : v.seq.n;
    if (times < 0) times = 0;
    if (n > 0 && (uint64_t)times > TEMPLATE_MAX_OUTPUT / n) {
        return render_fail(r, "a repetition of more than %d MiB", TEMPLATE_MAX_OUTPUT >> 20);
    }
    *out = v;
    if (v.kind == VALUE_STRING) {
        struct text_builder b = {0};
        text_add_times(r, &b, v.text, times);
        return text_end(&b, &out->text);
    }
    struct value *p = render_alloc(r, n * (size_t)times, sizeof(*p));
    if (p == NULL || !render_charge(r, n * (size_t)times)) return false;
    for (size_t i = 0; i < n * (size_t)times; i++) {
        p[i] = v.seq.p[i % n];
    }
    *out = (struct value){.kind = v.kind, .seq = {p, n * (size_t)times}};
    return true;
}

static bool is_text_or_seq(struct value v)
{
    return v.kind == VALUE_STRING || value_is_seq(v);
}

static bool mismatch(struct render *r, enum operator op, struct value v, struct value w)
{
    if (v.kind == VALUE_UNDEFINED) return render_fail_undefined(r, v);
    if (w.kind == VALUE_UNDEFINED) return render_fail_undefined(r, w);
    if (op == OP_ADD && v.kind == VALUE_STRING) {
        return render_fail(r, "can only concatenate str (not \"%s\") to str", value_type(w));
    }
    return render_fail(r, "unsupported operand type(s) for %s: '%s' and '%s'", signs[op],
                       value_type(v), value_type(w));
}

bool operate(struct render *r, enum operator op, struct value v, struct value w, struct value *out)
{
    int64_t a, b;
    double x, y;
    if (value_whole(v, &a) && value_whole(w, &b)) return operate_ints(r, op, a, b, out);
    if (value_is_number(v) && value_is_number(w) &&
        (v.kind == VALUE_BIG || w.kind == VALUE_BIG)) {
        return overflow(r);
    }
    if (value_real(v, &x) && value_real(w, &y)) return operate_floats(r, op, x, y, out);
    if (op == OP_MOD && v.kind == VALUE_STRING) return format_percent(r, v.text, w, out);
    if (op == OP_ADD && v.kind == w.kind && v.kind == VALUE_STRING) return join_text(r, v, w, out);
    if (op == OP_ADD && v.kind == w.kind && value_is_seq(v)) return join_seq(r, v, w, out);
    if (op == OP_MUL && is_text_or_seq(v) && value_whole(w, &b)) return repeat(r, v, b, out);
    if (op == OP_MUL && is_text_or_seq(w) && value_whole(v, &a)) return repeat(r, w, a, out);
    return mismatch(r, op, v, w);
}

bool operate_sign(struct render *r, bool negate, struct value v, struct value *out)
{
    int64_t i;
    if (value_whole(v, &i)) {
        *out = value_int(i);
        return !negate || !__builtin_sub_overflow((int64_t)0, i, &out->whole) || overflow(r);
    }
    if (v.kind == VALUE_FLOAT) {
        *out = value_float(negate ? -v.real : v.real);
        return true;
    }
    if (v.kind == VALUE_BIG && negate) return overflow(r);
    if (v.kind == VALUE_BIG) {
        *out = v;
        return true;
    }
    if (v.kind == VALUE_UNDEFINED) return render_fail_undefined(r, v);
    return render_fail(r, "bad operand type for unary %c: '%s'", negate ? '-' : '+', value_type(v));
}

bool operate_compare(struct render *r, enum operator op, struct value v, struct value w, bool *out)
{
    switch (op) {
    case OP_EQ:
    case OP_NE:
        if (!value_equal(r, v, w, out)) return false;
        *out = *out == (op == OP_EQ);
        return true;
    case OP_LT:
        return value_less(r, v, w, out);
    case OP_GT:
        return value_less(r, w, v, out);
    case OP_LE:
    case OP_GE: {
        bool equal, less;
        if (op == OP_GE ? !value_less(r, w, v, &less) : !value_less(r, v, w, &less)) return false;
        if (!value_equal(r, v, w, &equal)) return false;
        *out = less || equal;
        return true;
    }
    default:
        if (!value_contains(r, w, v, out)) return false;
        *out = *out == (op == OP_IN);
        return true;
    }
}
