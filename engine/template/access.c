/* engine/template/access.c - see access.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/access.h"

#include "base/ascii.h"
#include "base/utf8.h"
#include "engine/template/ast.h"
#include "engine/template/call.h"
#include "engine/template/loop.h"
#include "engine/template/routines.h"
#include "engine/template/render.h"

static struct value no_attribute(struct value v, struct span name)
{
    return (struct value){
        .kind = VALUE_UNDEFINED, .sub = SUB_ATTRIBUTE_OF, .owner = v.kind, .text = name};
}

/* ---- attributes ------------------------------------------------------------------------------ */

static bool method_attribute(struct render *r, struct value v, struct span name, struct value *out)
{
    const struct routine *x = method_find(v, name);
    if (x == NULL) return true;
    if (x->call == NULL && x->call_any == NULL) {
        *out = value_undefined_hint("access to an attribute that changes its object is unsafe");
        return true;
    }
    struct method *m = render_alloc(r, 1, sizeof(*m));
    if (m == NULL) return false;
    *m = (struct method){v, x};
    *out = (struct value){.kind = VALUE_METHOD, .method = m};
    return true;
}

static bool macro_attribute(struct render *r, const struct macro *m, struct span name,
                            struct value *out)
{
    if (span_is(name, "name")) *out = value_text(m->node->name);
    if (!span_is(name, "arguments")) return true;
    struct value *p = render_alloc(r, m->node->n_parameters, sizeof(*p));
    if (p == NULL) return false;
    size_t n = 0;
    for (const struct parameter *x = m->node->parameters; x != NULL; x = x->next) {
        p[n++] = value_text(r->template->names[x->name]);
    }
    *out = value_tuple(p, n);
    return true;
}

bool own_attribute(struct render *r, struct value v, struct span name, struct value *out)
{
    const struct value *found;
    *out = (struct value){0};
    switch ((enum value_kind)v.kind) {
    case VALUE_NAMESPACE:
        found = dict_find_text(r, v.dict, name);
        if (found != NULL) *out = *found;
        return true;
    case VALUE_LOOP:
        return loop_attribute(r, v.loop, name, out);
    case VALUE_MACRO:
        return macro_attribute(r, v.macro, name, out);
    case VALUE_CYCLER:
        if (span_is(name, "current")) *out = v.cycler->items.p[v.cycler->at];
        break;
    case VALUE_TUPLE:
        if (v.sub == SUB_GROUP && span_is(name, "grouper")) *out = v.seq.p[0];
        if (v.sub == SUB_GROUP && span_is(name, "list")) *out = v.seq.p[1];
        break;
    default:
        break;
    }
    return out->kind != VALUE_ABSENT || method_attribute(r, v, name, out);
}

bool get_attribute(struct render *r, struct value v, struct span name, struct value *out)
{
    if (v.kind == VALUE_UNDEFINED) return render_fail_undefined(r, v);
    if (!own_attribute(r, v, name, out)) return false;
    if (out->kind != VALUE_ABSENT) return true;
    const struct value *item = v.kind == VALUE_DICT ? dict_find_text(r, v.dict, name) : NULL;
    *out = item != NULL ? *item : no_attribute(v, name);
    return true;
}

/* ---- items ----------------------------------------------------------------------------------- */

/* Position index of n, counted from the end when negative; false when outside. */
static bool position(int64_t index, int64_t n, size_t *at)
{
    if (index < 0) index += n;
    *at = (size_t)index;
    return index >= 0 && index < n;
}

static bool char_at(struct render *r, struct span s, int64_t index, struct value *out)
{
    size_t at;
    if (!render_charge_copy(r, 2 * s.n)) return false; /* measured, then walked */
    if (!position(index, (int64_t)utf8_count(s), &at)) return true;
    size_t from = text_offset(s, at), to = from;
    text_next(s, &to);
    *out = value_text(span_slice(s, from, to));
    return true;
}

/* By position, for what has positions; VALUE_ABSENT elsewhere. */
static bool item_at(struct render *r, struct value v, int64_t index, struct value *out)
{
    size_t at;
    switch ((enum value_kind)v.kind) {
    case VALUE_STRING:
        return char_at(r, v.text, index, out);
    case VALUE_LIST:
    case VALUE_TUPLE:
        if (position(index, (int64_t)v.seq.n, &at)) *out = v.seq.p[at];
        return true;
    case VALUE_RANGE:
        if (position(index, (int64_t)v.range->n, &at)) *out = range_item(v.range, at);
        return true;
    default:
        return true;
    }
}

bool get_item(struct render *r, struct value v, struct value index, struct value *out)
{
    int64_t i;
    const struct value *item;
    *out = (struct value){0};
    if (v.kind == VALUE_UNDEFINED) return render_fail_undefined(r, v);
    if (v.kind == VALUE_DICT) {
        item = dict_find(r, v.dict, index);
        if (item != NULL) *out = *item;
    } else if (value_whole(index, &i) && !item_at(r, v, i, out)) {
        return false;
    }
    if (out->kind == VALUE_ABSENT && index.kind == VALUE_STRING &&
        !own_attribute(r, v, index.text, out)) {
        return false;
    }
    if (out->kind != VALUE_ABSENT) return true;
    struct span name;
    if (!value_str(r, index, &name)) return false;
    *out = no_attribute(v, name);
    return true;
}

bool get_path(struct render *r, struct value v, struct value path, struct value *out)
{
    *out = v;
    if (path.kind != VALUE_STRING) return get_item(r, v, path, out);
    struct span rest = path.text;
    for (bool more = true; more;) {
        size_t dot = span_find(rest, span_str("."), 0);
        struct span part = span_slice(rest, 0, dot);
        more = dot != SPAN_NONE;
        if (more) rest = span_slice(rest, dot + 1, rest.n);
        int64_t number = 0;
        size_t digits = 0;
        while (digits < part.n && digits < 18 && ascii_is_digit(part.p[digits])) {
            number = number * 10 + (part.p[digits++] - '0');
        }
        bool whole = part.n > 0 && digits == part.n;
        if (!get_item(r, *out, whole ? value_int(number) : value_text(part), out)) return false;
    }
    return true;
}

/* ---- slices ---------------------------------------------------------------------------------- */

struct stride {
    int64_t start, step;
    size_t n;
};

/* Python's slice.indices(n). */
static struct stride stride_of(const int64_t *from, const int64_t *to, int64_t step, int64_t n)
{
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
    int64_t start = step < 0 ? high : low, stop = step < 0 ? low : high;
    if (from != NULL) {
        start = *from < 0 ? (*from + n < low ? low : *from + n) : (*from > high ? high : *from);
    }
    if (to != NULL) stop = *to < 0 ? (*to + n < low ? low : *to + n) : (*to > high ? high : *to);
    int64_t distance = step < 0 ? start - stop : stop - start;
    uint64_t size = step < 0 ? 0 - (uint64_t)step : (uint64_t)step;
    return (struct stride){start, step,
                           distance <= 0 ? 0 : (size_t)(((uint64_t)distance - 1) / size + 1)};
}

static size_t stride_at(const struct stride *s, size_t i)
{
    return (size_t)((uint64_t)s->start + (uint64_t)s->step * i);
}

static bool slice_seq(struct render *r, struct value v, const struct stride *s, struct value *out)
{
    *out = v;
    out->sub = SUB_NONE;
    out->seq.n = s->n;
    if (s->n == 0 || s->step == 1) {
        out->seq.p = s->n == 0 ? NULL : v.seq.p + s->start;
        return true;
    }
    struct value *p = render_alloc(r, s->n, sizeof(*p));
    if (p == NULL || !render_charge(r, s->n)) return false;
    for (size_t i = 0; i < s->n; i++) {
        p[i] = v.seq.p[stride_at(s, i)];
    }
    out->seq.p = p;
    return true;
}

static bool slice_text(struct render *r, struct span t, const struct stride *s, struct value *out)
{
    if (!render_charge_scan(r, t.n)) return false;
    if (s->n == 0 || s->step == 1) {
        size_t from = s->n == 0 ? 0 : text_offset(t, (size_t)s->start);
        struct span rest = span_slice(t, from, t.n);
        *out = value_text(span_slice(rest, 0, text_offset(rest, s->n)));
        return true;
    }
    uint32_t *codes = render_alloc(r, t.n, sizeof(*codes));
    if (codes == NULL) return false;
    size_t n = 0;
    for (size_t at = 0; at < t.n;) {
        codes[n++] = text_next(t, &at);
    }
    struct text_builder b = {0};
    for (size_t i = 0; i < s->n && !b.failed; i++) {
        text_add_code(r, &b, codes[stride_at(s, i)]);
    }
    *out = value_text(span_of(NULL, 0));
    return text_end(&b, &out->text) && render_charge(r, s->n);
}

static bool slice_range(struct render *r, const struct range *x, const struct stride *s,
                        struct value *out)
{
    struct range *y = render_alloc(r, 1, sizeof(*y));
    if (y == NULL) return false;
    y->start = x->start + x->step * s->start;
    y->step = (int64_t)((uint64_t)x->step * (uint64_t)s->step);
    y->n = s->n;
    y->stop = (int64_t)((uint64_t)y->start + (uint64_t)y->step * s->n);
    *out = (struct value){.kind = VALUE_RANGE, .range = y};
    return true;
}

static bool read_bounds(struct render *r, const struct value bounds[3], int64_t at[3],
                        const int64_t *given[3])
{
    for (int i = 0; i < 3; i++) {
        given[i] = NULL;
        if (bounds[i].kind == VALUE_NONE) continue;
        if (!argument_int(r, bounds[i], "a slice's bound", &at[i])) return false;
        if (at[i] > INT32_MAX) at[i] = INT32_MAX; /* longer than anything here */
        if (at[i] < -INT32_MAX) at[i] = -INT32_MAX;
        given[i] = &at[i];
    }
    return true;
}

bool get_slice(struct render *r, struct value v, const struct value bounds[3], struct value *out)
{
    int64_t at[3] = {0, 0, 1}, n;
    const int64_t *given[3];
    if (v.kind == VALUE_UNDEFINED) return render_fail_undefined(r, v);
    if (v.kind != VALUE_STRING && !value_is_seq(v) && v.kind != VALUE_RANGE) {
        return render_fail(r, "'%s' object cannot be sliced", value_type(v));
    }
    if (!read_bounds(r, bounds, at, given)) return false;
    if (at[2] == 0) return render_fail(r, "slice step cannot be zero");
    if (!value_length(r, v, &n)) return false;
    struct stride s = stride_of(given[0], given[1], at[2], n);
    if (v.kind == VALUE_STRING) return slice_text(r, v.text, &s, out);
    return v.kind == VALUE_RANGE ? slice_range(r, v.range, &s, out) : slice_seq(r, v, &s, out);
}
