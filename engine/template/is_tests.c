/* engine/template/is_tests.c - see routines.h.
 *
 * A test asks and never fails for what it asks about: of an undefined value, of a wrong type, it is
 * simply false. The exceptions are Jinja's own: comparisons and `divisibleby` compute, so they raise
 * what the operator would.
 *
 * bool is int in Python, and Jinja's tests see it unevenly: `number` is true of a boolean, `integer`
 * is not. The rows are those of jinja2/tests.py.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/routines.h"

#include "engine/template/iterate.h"
#include "engine/template/operators.h"
#include "engine/template/render.h"

static bool answer(struct value *out, bool yes)
{
    *out = value_bool(yes);
    return true;
}

/* ---- what kind of value ---------------------------------------------------------------------- */

static bool defined(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind != VALUE_UNDEFINED);
}

static bool undefined(struct render *r, struct value self, const struct value *args,
                      struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_UNDEFINED);
}

static bool none(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_NONE);
}

static bool boolean(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_BOOL);
}

static bool is_true(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_BOOL && self.truth);
}

static bool is_false(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_BOOL && !self.truth);
}

static bool integer(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_INT || self.kind == VALUE_BIG);
}

static bool is_float(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_FLOAT);
}

static bool number(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)r, (void)args;
    return answer(out, value_is_number(self));
}

static bool string(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_STRING);
}

static bool mapping(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_DICT);
}

/* Has a length and items by position or key. */
static bool sequence(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_STRING || value_is_seq(self) || self.kind == VALUE_DICT ||
                           self.kind == VALUE_RANGE || self.kind == VALUE_UNDEFINED);
}

static bool iterable(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)r, (void)args;
    return answer(out, value_is_iterable(self) || self.kind == VALUE_LOOP);
}

static bool callable(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    (void)r, (void)args;
    return answer(out, value_is_callable(self));
}

static bool escaped(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_STRING && self.sub == SUB_MARKUP);
}

/* ---- numbers and strings --------------------------------------------------------------------- */

static bool has_remainder(struct render *r, struct value self, struct value by, int64_t rest,
                          struct value *out)
{
    bool equal;
    struct value v;
    if (!operate(r, OP_MOD, self, by, &v) || !value_equal(r, v, value_int(rest), &equal)) {
        return false;
    }
    return answer(out, equal);
}

static bool odd(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    return has_remainder(r, self, value_int(2), 1, out);
}

static bool even(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    return has_remainder(r, self, value_int(2), 0, out);
}

static bool divisibleby(struct render *r, struct value self, const struct value *args,
                        struct value *out)
{
    return has_remainder(r, self, args[0], 0, out);
}

static bool text_test(struct render *r, const char *method, struct value self, struct value *out)
{
    const struct value args[ROUTINE_PARAMETERS] = {0};
    struct value text = value_text(span_of(NULL, 0));
    return value_str(r, self, &text.text) &&
           text_method_find(span_str(method))->call(r, text, args, out);
}

static bool lower(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    return text_test(r, "islower", self, out);
}

static bool upper(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    return text_test(r, "isupper", self, out);
}

static bool is_filter(struct render *r, struct value self, const struct value *args,
                      struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_STRING && filter_find(self.text) != NULL);
}

static bool is_test(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    (void)r, (void)args;
    return answer(out, self.kind == VALUE_STRING && is_test_find(self.text) != NULL);
}

/* ---- comparisons ----------------------------------------------------------------------------- */

static bool compare(struct render *r, enum operator op, struct value self, const struct value *args,
                    struct value *out)
{
    bool holds;
    return operate_compare(r, op, self, args[0], &holds) && answer(out, holds);
}

static bool eq(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return compare(r, OP_EQ, self, args, out);
}

static bool ne(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return compare(r, OP_NE, self, args, out);
}

static bool lt(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return compare(r, OP_LT, self, args, out);
}

static bool le(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return compare(r, OP_LE, self, args, out);
}

static bool gt(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return compare(r, OP_GT, self, args, out);
}

static bool ge(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return compare(r, OP_GE, self, args, out);
}

static bool in(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return compare(r, OP_IN, self, args, out);
}

static bool sameas(struct render *r, struct value self, const struct value *args, struct value *out)
{
    bool text = self.kind == VALUE_STRING && args[0].kind == VALUE_STRING;
    if (text && !render_charge_copy(r, self.text.n)) return false;
    return answer(out, value_same(self, args[0]));
}

static const struct routine tests[] = {
    {"!=", ne, {"other"}, 1, NULL},
    {"<", lt, {"other"}, 1, NULL},
    {"<=", le, {"other"}, 1, NULL},
    {"==", eq, {"other"}, 1, NULL},
    {">", gt, {"other"}, 1, NULL},
    {">=", ge, {"other"}, 1, NULL},
    {"boolean", boolean, {NULL}, 0, NULL},
    {"callable", callable, {NULL}, 0, NULL},
    {"defined", defined, {NULL}, 0, NULL},
    {"divisibleby", divisibleby, {"num"}, 1, NULL},
    {"eq", eq, {"other"}, 1, NULL},
    {"equalto", eq, {"other"}, 1, NULL},
    {"escaped", escaped, {NULL}, 0, NULL},
    {"even", even, {NULL}, 0, NULL},
    {"false", is_false, {NULL}, 0, NULL},
    {"filter", is_filter, {NULL}, 0, NULL},
    {"float", is_float, {NULL}, 0, NULL},
    {"ge", ge, {"other"}, 1, NULL},
    {"greaterthan", gt, {"other"}, 1, NULL},
    {"gt", gt, {"other"}, 1, NULL},
    {"in", in, {"seq"}, 1, NULL},
    {"integer", integer, {NULL}, 0, NULL},
    {"iterable", iterable, {NULL}, 0, NULL},
    {"le", le, {"other"}, 1, NULL},
    {"lessthan", lt, {"other"}, 1, NULL},
    {"lower", lower, {NULL}, 0, NULL},
    {"lt", lt, {"other"}, 1, NULL},
    {"mapping", mapping, {NULL}, 0, NULL},
    {"ne", ne, {"other"}, 1, NULL},
    {"none", none, {NULL}, 0, NULL},
    {"number", number, {NULL}, 0, NULL},
    {"odd", odd, {NULL}, 0, NULL},
    {"sameas", sameas, {"other"}, 1, NULL},
    {"sequence", sequence, {NULL}, 0, NULL},
    {"string", string, {NULL}, 0, NULL},
    {"test", is_test, {NULL}, 0, NULL},
    {"true", is_true, {NULL}, 0, NULL},
    {"undefined", undefined, {NULL}, 0, NULL},
    {"upper", upper, {NULL}, 0, NULL},
};

const struct routine *is_test_find(struct span name)
{
    return routine_find(tests, sizeof(tests) / sizeof(*tests), name);
}
