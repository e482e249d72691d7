/* engine/template/print.c - str() and repr(), as Python prints values.
 *
 * str() of a container is the repr() of what is in it, so repr is the recursion here and str a thin
 * layer over it. It is bounded twice: by depth (a rendering's own, render_enter) and by the work that
 * each append is charged for.
 *
 * A float is printed with the fewest digits that read back as the same number, as Python does: the
 * precision grows from what a double always keeps until strtod() gives the number again.
 *
 * A string stands in single quotes unless it has some and no double ones; what is not printable by
 * Unicode's categories is escaped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/template/ast.h"
#include "engine/template/call.h"
#include "engine/template/limits.h"
#include "engine/template/render.h"

static void print_repr(struct render *r, struct text_builder *b, struct value v);

/* ---- floats ---------------------------------------------------------------------------------- */

/* digits without a point, times 10^(exponent - their number + 1). */
static void print_digits(struct render *r, struct text_builder *b, const char *digits, int exponent)
{
    int n = (int)strlen(digits);
    char tail[16];
    if (exponent < -4 || exponent >= 16) {
        text_add_char(r, b, digits[0]);
        if (n > 1) text_add_char(r, b, '.');
        text_add_str(r, b, digits + 1);
        snprintf(tail, sizeof(tail), "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
        text_add_str(r, b, tail);
    } else if (exponent < 0) {
        text_add_str(r, b, "0.");
        text_add_fill(r, b, '0', -exponent - 1);
        text_add_str(r, b, digits);
    } else if (n <= exponent + 1) {
        text_add_str(r, b, digits);
        text_add_fill(r, b, '0', exponent + 1 - n);
        text_add_str(r, b, ".0");
    } else {
        text_add(r, b, span_of(digits, (size_t)exponent + 1));
        text_add_char(r, b, '.');
        text_add_str(r, b, digits + exponent + 1);
    }
}

void value_print_float(struct render *r, struct text_builder *b, double f)
{
    if (isnan(f) || isinf(f)) {
        text_add_str(r, b, isnan(f) ? "nan" : f < 0 ? "-inf" : "inf");
        return;
    }
    char text[40], digits[24];
    /* normal: fewer show as zeros at the end */
    int precision = fabs(f) < DBL_MIN ? 0 : DBL_DIG - 1;
    if (!render_charge(r, TEMPLATE_FLOAT_STEPS)) b->failed = true;
    do {
        snprintf(text, sizeof(text), "%.*e", precision, fabs(f));
    } while (strtod(text, NULL) != fabs(f) && ++precision <= 16);
    int n = 0;
    const char *p = text;
    for (; *p != 'e'; p++) {
        if (*p != '.') digits[n++] = *p;
    }
    while (n > 1 && digits[n - 1] == '0') {
        n--;
    }
    digits[n] = '\0';
    if (signbit(f)) text_add_char(r, b, '-');
    print_digits(r, b, digits, atoi(p + 1));
}

/* ---- strings --------------------------------------------------------------------------------- */

static void print_code(struct render *r, struct text_builder *b, uint32_t c, char quote)
{
    char escape[16];
    if (c == (uint32_t)quote || c == '\\') {
        text_add_char(r, b, '\\');
        text_add_char(r, b, (char)c);
    } else if (c == '\n' || c == '\r' || c == '\t') {
        text_add_str(r, b, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    } else if (code_is_printable(c)) {
        text_add_code(r, b, c);
    } else {
        const char *form = c < 0x100     ? "\\x%02" PRIx32
                           : c < 0x10000 ? "\\u%04" PRIx32
                                         : "\\U%08" PRIx32;
        snprintf(escape, sizeof(escape), form, c);
        text_add_str(r, b, escape);
    }
}

/* In double quotes only when that saves escaping. */
static void print_quoted(struct render *r, struct text_builder *b, struct span s)
{
    if (!render_charge_copy(r, 2 * s.n)) b->failed = true;
    bool single = s.n > 0 && memchr(s.p, '\'', s.n) != NULL;
    char quote = single && memchr(s.p, '"', s.n) == NULL ? '"' : '\'';
    text_add_char(r, b, quote);
    for (size_t at = 0; at < s.n && !b->failed;) {
        print_code(r, b, text_next(s, &at), quote);
    }
    text_add_char(r, b, quote);
}

/* ---- containers ------------------------------------------------------------------------------ */

static void print_items(struct render *r, struct text_builder *b, struct values v)
{
    for (size_t i = 0; i < v.n && !b->failed; i++) {
        if (i > 0) text_add_str(r, b, ", ");
        print_repr(r, b, v.p[i]);
    }
}

static void print_dict(struct render *r, struct text_builder *b, const struct dict *d)
{
    text_add_char(r, b, '{');
    for (size_t i = 0; i < d->n && !b->failed; i++) {
        if (i > 0) text_add_str(r, b, ", ");
        print_repr(r, b, d->entries[i].key);
        text_add_str(r, b, ": ");
        print_repr(r, b, d->entries[i].value);
    }
    text_add_char(r, b, '}');
}

static void print_view(struct render *r, struct text_builder *b, struct value v)
{
    text_add_str(r, b,
                 v.sub == SUB_KEYS     ? "dict_keys(["
                 : v.sub == SUB_VALUES ? "dict_values(["
                                       : "dict_items([");
    for (size_t i = 0; i < v.dict->n && !b->failed; i++) {
        const struct entry *e = &v.dict->entries[i];
        if (i > 0) text_add_str(r, b, ", ");
        if (v.sub == SUB_ITEMS) text_add_char(r, b, '(');
        if (v.sub != SUB_VALUES) print_repr(r, b, e->key);
        if (v.sub == SUB_ITEMS) text_add_str(r, b, ", ");
        if (v.sub != SUB_KEYS) print_repr(r, b, e->value);
        if (v.sub == SUB_ITEMS) text_add_char(r, b, ')');
    }
    text_add_str(r, b, "])");
}

static void print_int(struct render *r, struct text_builder *b, int64_t i)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, i);
    text_add_str(r, b, text);
}

static void print_range(struct render *r, struct text_builder *b, const struct range *x)
{
    text_add_str(r, b, "range(");
    print_int(r, b, x->start);
    text_add_str(r, b, ", ");
    print_int(r, b, x->stop);
    if (x->step != 1) {
        text_add_str(r, b, ", ");
        print_int(r, b, x->step);
    }
    text_add_char(r, b, ')');
}

static void print_callable(struct render *r, struct text_builder *b, struct value v)
{
    text_add_str(r, b, v.kind == VALUE_MACRO ? "<Macro " : "<function ");
    if (v.kind == VALUE_MACRO) print_quoted(r, b, v.macro->node->name);
    if (v.kind == VALUE_FUNCTION) text_add_str(r, b, v.function->name);
    if (v.kind == VALUE_METHOD) text_add_str(r, b, v.method->routine->name);
    text_add_char(r, b, '>');
}

static void print_kind(struct render *r, struct text_builder *b, struct value v)
{
    switch ((enum value_kind)v.kind) {
    case VALUE_NONE:
        text_add_str(r, b, "None");
        break;
    case VALUE_BOOL:
        text_add_str(r, b, v.truth ? "True" : "False");
        break;
    case VALUE_INT:
        print_int(r, b, v.whole);
        break;
    case VALUE_BIG:
        text_add(r, b, v.text);
        break;
    case VALUE_FLOAT:
        value_print_float(r, b, v.real);
        break;
    case VALUE_STRING:
        print_quoted(r, b, v.text);
        break;
    case VALUE_LIST:
    case VALUE_TUPLE:
        text_add_char(r, b, v.kind == VALUE_LIST ? '[' : '(');
        print_items(r, b, v.seq);
        if (v.kind == VALUE_TUPLE && v.seq.n == 1) text_add_char(r, b, ',');
        text_add_char(r, b, v.kind == VALUE_LIST ? ']' : ')');
        break;
    case VALUE_DICT:
        print_dict(r, b, v.dict);
        break;
    case VALUE_NAMESPACE:
        text_add_str(r, b, "<Namespace ");
        print_dict(r, b, v.dict);
        text_add_char(r, b, '>');
        break;
    case VALUE_VIEW:
        print_view(r, b, v);
        break;
    case VALUE_RANGE:
        print_range(r, b, v.range);
        break;
    case VALUE_MACRO:
    case VALUE_FUNCTION:
    case VALUE_METHOD:
        print_callable(r, b, v);
        break;
    case VALUE_UNDEFINED:
        text_add_str(r, b, "Undefined");
        break;
    default:
        text_add_char(r, b, '<');
        text_add_str(r, b, value_type(v));
        text_add_str(r, b, " object>");
    }
}

static void print_repr(struct render *r, struct text_builder *b, struct value v)
{
    if (!render_charge(r, 1) || !render_enter(r)) {
        b->failed = true;
        return;
    }
    print_kind(r, b, v);
    render_leave(r);
}

void value_print(struct render *r, struct text_builder *b, struct value v)
{
    if (v.kind == VALUE_UNDEFINED) return;
    if (v.kind == VALUE_STRING) {
        text_add(r, b, v.text);
    } else {
        print_repr(r, b, v);
    }
}

bool value_str(struct render *r, struct value v, struct span *out)
{
    struct text_builder b = {0};
    if (v.kind == VALUE_STRING) {
        *out = v.text;
        return true;
    }
    value_print(r, &b, v);
    return text_end(&b, out);
}

bool value_repr(struct render *r, struct value v, struct span *out)
{
    struct text_builder b = {0};
    print_repr(r, &b, v);
    return text_end(&b, out);
}
