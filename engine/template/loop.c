/* engine/template/loop.c - see loop.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/loop.h"

#include <assert.h>

#include "engine/template/eval.h"
#include "engine/template/render.h"

bool loop_new(struct render *r, struct value v, struct loop **out)
{
    struct loop *l = render_alloc(r, 1, sizeof(*l));
    if (l == NULL) return false;
    *l = (struct loop){.index0 = -1, .length = -1};
    *out = l;
    if (!iterate(r, v, &l->from)) return false;
    return v.kind == VALUE_ITERATOR || value_length(r, v, &l->length);
}

enum iterator_result loop_next(struct render *r, struct loop *l, struct value *out)
{
    if (l->at_end) return ITERATOR_END;
    *out = l->after;
    l->after = (struct value){0};
    if (out->kind == VALUE_ABSENT) {
        enum iterator_result result = iterator_next(r, l->from, out);
        if (result != ITERATOR_ITEM) return result;
    }
    assert(l->length < 0 || l->index0 + 1 < l->length);
    l->index0++;
    l->before = l->current;
    l->current = *out;
    return ITERATOR_ITEM;
}

/* The next item in l->after, or l->at_end. */
static bool look_ahead(struct render *r, struct loop *l)
{
    if (l->at_end || l->after.kind != VALUE_ABSENT) return true;
    enum iterator_result result = iterator_next(r, l->from, &l->after);
    if (result == ITERATOR_ITEM) return true;
    l->after = (struct value){0};
    l->at_end = result == ITERATOR_END;
    return l->at_end;
}

bool loop_length(struct render *r, struct loop *l, int64_t *n)
{
    if (l->length < 0) {
        struct value rest = {.kind = VALUE_ITERATOR, .iter = l->from};
        struct values items;
        if (!value_items(r, rest, &items)) return false;
        if (!iterate(r, value_list(items.p, items.n), &l->from)) return false;
        l->length = (int64_t)items.n + l->index0 + 1 + (l->after.kind != VALUE_ABSENT);
    }
    *n = l->length;
    return true;
}

/* ---- attributes ------------------------------------------------------------------------------ */

static bool get_index(struct render *r, struct loop *l, struct value *out)
{
    (void)r;
    *out = value_int(l->index0 + 1);
    return true;
}

static bool get_index0(struct render *r, struct loop *l, struct value *out)
{
    (void)r;
    *out = value_int(l->index0);
    return true;
}

static bool get_first(struct render *r, struct loop *l, struct value *out)
{
    (void)r;
    *out = value_bool(l->index0 == 0);
    return true;
}

static bool get_last(struct render *r, struct loop *l, struct value *out)
{
    if (!look_ahead(r, l)) return false;
    *out = value_bool(l->at_end);
    return true;
}

static bool get_length(struct render *r, struct loop *l, struct value *out)
{
    int64_t n;
    if (!loop_length(r, l, &n)) return false;
    *out = value_int(n);
    return true;
}

static bool get_revindex(struct render *r, struct loop *l, struct value *out)
{
    int64_t n;
    if (!loop_length(r, l, &n)) return false;
    *out = value_int(n - l->index0);
    return true;
}

static bool get_revindex0(struct render *r, struct loop *l, struct value *out)
{
    int64_t n;
    if (!loop_length(r, l, &n)) return false;
    *out = value_int(n - l->index0 - 1);
    return true;
}

static bool get_previtem(struct render *r, struct loop *l, struct value *out)
{
    (void)r;
    *out = l->index0 == 0 ? value_undefined_hint("there is no previous item") : l->before;
    return true;
}

static bool get_nextitem(struct render *r, struct loop *l, struct value *out)
{
    if (!look_ahead(r, l)) return false;
    *out = l->at_end ? value_undefined_hint("there is no next item") : l->after;
    return true;
}

static bool get_depth(struct render *r, struct loop *l, struct value *out)
{
    (void)r;
    *out = value_int(l->depth0 + 1);
    return true;
}

static bool get_depth0(struct render *r, struct loop *l, struct value *out)
{
    (void)r;
    *out = value_int(l->depth0);
    return true;
}

static const struct attribute {
    const char *name;
    bool (*get)(struct render *r, struct loop *l, struct value *out);
} attributes[] = {
    {"index", get_index},       {"index0", get_index0},       {"first", get_first},
    {"last", get_last},         {"length", get_length},       {"revindex", get_revindex},
    {"previtem", get_previtem}, {"revindex0", get_revindex0}, {"nextitem", get_nextitem},
    {"depth", get_depth},       {"depth0", get_depth0},
};

static bool cycle(struct render *r, struct value self, const struct arguments *args,
                  struct value *out)
{
    size_t n = args->positional.n;
    if (n == 0) return render_fail(r, "no items for cycling given");
    *out = args->positional.p[(size_t)self.loop->index0 % n];
    return true;
}

static bool changed(struct render *r, struct value self, const struct arguments *args,
                    struct value *out)
{
    struct value now = value_tuple(args->positional.p, args->positional.n);
    bool equal = false;
    if (self.loop->changed.kind != VALUE_ABSENT &&
        !value_equal(r, self.loop->changed, now, &equal)) {
        return false;
    }
    self.loop->changed = now;
    *out = value_bool(!equal);
    return true;
}

static const struct routine methods[] = {
    {.name = "cycle", .call_any = cycle},
    {.name = "changed", .call_any = changed},
};

bool loop_attribute(struct render *r, struct loop *l, struct span name, struct value *out)
{
    for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
        if (span_is(name, attributes[i].name)) return attributes[i].get(r, l, out);
    }
    const struct routine *x = routine_find(methods, sizeof(methods) / sizeof(*methods), name);
    *out = (struct value){0};
    if (x == NULL) return true;
    struct method *m = render_alloc(r, 1, sizeof(*m));
    if (m == NULL) return false;
    *m = (struct method){{.kind = VALUE_LOOP, .loop = l}, x};
    *out = (struct value){.kind = VALUE_METHOD, .method = m};
    return true;
}

bool loop_call(struct render *r, struct loop *l, const struct arguments *args, struct value *out)
{
    if (!l->node->loop.recursive) {
        return render_fail(r, "the loop must have the 'recursive' marker to be called recursively");
    }
    if (args->positional.n != 1 || args->n_named > 0) {
        return render_fail(r, "loop() takes one argument");
    }
    return for_capture(r, l->scope, l->node, args->positional.p[0], l->depth0 + 1, out);
}
