/* engine/template/compare.c - ==, < and in, as Python has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/digits.h"
#include "engine/template/iterate.h"
#include "engine/template/render.h"

/* An int beyond 64 bits against a number: exactly against an int, else as floats. */
static int compare_big(struct value v, struct value w)
{
    struct digits a, b;
    int64_t whole;
    char text[24];
    struct span x = v.text, y = w.text;
    if (value_whole(v, &whole)) x = span_of(text, (size_t)snprintf(text, 24, "%" PRId64, whole));
    if (value_whole(w, &whole)) y = span_of(text, (size_t)snprintf(text, 24, "%" PRId64, whole));
    return digits_read(x, &a) && digits_read(y, &b) ? digits_compare(&a, &b) : 2;
}

/* -1, 0 or 1; 2 when one is NaN. Integers above 2^53 compare as integers where both are. */
static int compare_numbers(struct value v, struct value w)
{
    int64_t a, b;
    double x, y;
    if (value_whole(v, &a) && value_whole(w, &b)) return (a > b) - (a < b);
    bool big = v.kind == VALUE_BIG || w.kind == VALUE_BIG;
    if (big && v.kind != VALUE_FLOAT && w.kind != VALUE_FLOAT) return compare_big(v, w);
    value_real(v, &x);
    value_real(w, &y);
    if (x < y) return -1;
    if (x > y) return 1;
    return x == y ? 0 : 2;
}

static int compare_text(struct span a, struct span b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);
    return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static bool seq_equal(struct render *r, struct values v, struct values w, bool *equal)
{
    *equal = v.n == w.n;
    if (v.p == w.p) return true;
    for (size_t i = 0; i < v.n && *equal; i++) {
        if (!value_equal(r, v.p[i], w.p[i], equal)) return false;
    }
    return true;
}

static bool dict_equal(struct render *r, const struct dict *d, const struct dict *e, bool *equal)
{
    *equal = d->n == e->n;
    if (d == e) return true;
    for (size_t i = 0; i < d->n && *equal; i++) {
        const struct value *w = dict_find(r, e, d->entries[i].key);
        *equal = w != NULL;
        if (w != NULL && !value_equal(r, d->entries[i].value, *w, equal)) return false;
    }
    return true;
}

static bool range_equal(const struct range *a, const struct range *b)
{
    if (a->n != b->n) return false;
    return a->n == 0 || (a->start == b->start && (a->n == 1 || a->step == b->step));
}

/* Values of one kind. */
static bool equal_within(struct render *r, struct value v, struct value w, bool *equal)
{
    switch ((enum value_kind)v.kind) {
    case VALUE_UNDEFINED:
        *equal = true;
        return true;
    case VALUE_STRING:
        *equal = span_eq(v.text, w.text);
        return render_charge_copy(r, v.text.n == w.text.n ? v.text.n : 0);
    case VALUE_LIST:
    case VALUE_TUPLE:
        return seq_equal(r, v.seq, w.seq, equal);
    case VALUE_DICT:
        return dict_equal(r, v.dict, w.dict, equal);
    case VALUE_RANGE:
        *equal = range_equal(v.range, w.range);
        return true;
    default:
        *equal = value_same(v, w);
        return true;
    }
}

bool value_equal(struct render *r, struct value v, struct value w, bool *equal)
{
    *equal = false;
    if (value_is_number(v) && value_is_number(w)) {
        *equal = compare_numbers(v, w) == 0;
        return true;
    }
    if (v.kind != w.kind) return true;
    if (!render_charge(r, 1) || !render_enter(r)) return false;
    bool ok = equal_within(r, v, w, equal);
    render_leave(r);
    return ok;
}

static bool seq_less(struct render *r, struct values v, struct values w, bool *less)
{
    for (size_t i = 0; i < v.n && i < w.n; i++) {
        bool equal;
        if (!value_equal(r, v.p[i], w.p[i], &equal)) return false;
        if (!equal) return value_less(r, v.p[i], w.p[i], less);
    }
    *less = v.n < w.n;
    return true;
}

bool value_less(struct render *r, struct value v, struct value w, bool *less)
{
    if (value_is_number(v) && value_is_number(w)) {
        *less = compare_numbers(v, w) == -1;
        return true;
    }
    if (v.kind == VALUE_STRING && w.kind == VALUE_STRING) {
        *less = compare_text(v.text, w.text) < 0;
        return render_charge_copy(r, v.text.n < w.text.n ? v.text.n : w.text.n) &&
               render_charge(r, 1);
    }
    if (value_is_seq(v) && v.kind == w.kind) {
        if (!render_charge(r, 1) || !render_enter(r)) return false;
        bool ok = seq_less(r, v.seq, w.seq, less);
        render_leave(r);
        return ok;
    }
    if (v.kind == VALUE_UNDEFINED) return render_fail_undefined(r, v);
    if (w.kind == VALUE_UNDEFINED) return render_fail_undefined(r, w);
    return render_fail(r, "'<' not supported between instances of '%s' and '%s'", value_type(v),
                       value_type(w));
}

/* One by one, as Python does where there is no quicker way. */
static bool contains_item(struct render *r, struct value haystack, struct value needle, bool *found)
{
    struct iterator *it;
    struct value v;
    if (!iterate(r, haystack, &it)) return false;
    for (;;) {
        switch (iterator_next(r, it, &v)) {
        case ITERATOR_ITEM:
            if (!value_equal(r, v, needle, found)) return false;
            if (*found) return true;
            break;
        case ITERATOR_END:
            *found = false;
            return true;
        case ITERATOR_FAILED:
            return false;
        }
    }
}

bool value_contains(struct render *r, struct value haystack, struct value needle, bool *found)
{
    switch ((enum value_kind)haystack.kind) {
    case VALUE_STRING:
        if (needle.kind == VALUE_UNDEFINED || needle.kind != VALUE_STRING) {
            return render_fail(r, "'in <string>' requires string as left operand, not %s",
                               value_type(needle));
        }
        if (!render_charge_scan(r, haystack.text.n)) return false;
        *found = span_find(haystack.text, needle.text, 0) != SPAN_NONE;
        return true;
    case VALUE_DICT:
        if (!value_hashable(r, needle)) {
            return render_fail(r, "unhashable type: '%s'", value_type(needle));
        }
        *found = dict_find(r, haystack.dict, needle) != NULL;
        return true;
    case VALUE_NONE:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_BIG:
    case VALUE_FLOAT:
        return render_fail(r, "argument of type '%s' is not iterable", value_type(haystack));
    default:
        return contains_item(r, haystack, needle, found);
    }
}
