/* engine/template/filters_sequence.c - filters on sequences and mappings.
 *
 * Those that are generators in Jinja (map, select, reject, ...) are lazy iterators here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/access.h"

#include <assert.h>

#include "engine/template/routines.h"
#include "engine/template/iterate.h"
#include "engine/template/limits.h"
#include "engine/template/operators.h"
#include "engine/template/render.h"

/* ---- sort keys ------------------------------------------------------------------------------- */

/* How to find what an item is compared by. */
struct key {
    struct value path;     /* VALUE_ABSENT or None: the item itself */
    struct value fallback; /* for an undefined attribute, unless VALUE_ABSENT or None */
    bool case_sensitive;
};

static bool is_given(struct value v)
{
    return v.kind != VALUE_ABSENT && v.kind != VALUE_NONE;
}

static bool key_of(struct render *r, const struct key *k, struct value item, struct value *out)
{
    *out = item;
    if (is_given(k->path) && !get_path(r, item, k->path, out)) return false;
    if (out->kind == VALUE_UNDEFINED && is_given(k->fallback)) *out = k->fallback;
    if (k->case_sensitive || out->kind != VALUE_STRING) return true;
    const struct value none[ROUTINE_PARAMETERS] = {0};
    return text_method_find(span_str("lower"))->call(r, *out, none, out);
}

/* sort's key is a list, for its attribute may name several with commas. It shows even with one:
 * lists compare by == before <, so items whose keys are all undefined stay as they are. */
static bool keys_of(struct render *r, const struct key *k, struct value item, struct value *out)
{
    struct item_list list = {0};
    struct key one = *k;
    struct span rest = k->path.kind == VALUE_STRING ? k->path.text : span_of(NULL, 0);
    for (bool more = true; more;) {
        size_t comma = span_find(rest, span_str(","), 0);
        struct value v;
        if (k->path.kind == VALUE_STRING) one.path = value_text(span_slice(rest, 0, comma));
        more = comma != SPAN_NONE;
        if (more) rest = span_slice(rest, comma + 1, rest.n);
        if (!key_of(r, &one, item, &v) || !item_list_add(r, &list, v)) return false;
    }
    *out = value_list(list.p, list.n);
    return true;
}

struct keyed {
    struct value key, item;
};

typedef bool key_function(struct render *r, const struct key *k, struct value item,
                          struct value *out);

static bool keyed_items(struct render *r, const struct key *k, key_function *key, struct value self,
                        struct keyed **out, size_t *n)
{
    struct values items;
    if (!value_items(r, self, &items)) return false;
    *out = render_alloc(r, items.n, sizeof(**out));
    if (*out == NULL) return false;
    for (size_t i = 0; i < items.n; i++) {
        (*out)[i].item = items.p[i];
        if (!key(r, k, items.p[i], &(*out)[i].key)) return false;
    }
    *n = items.n;
    return true;
}

/* Merge p[0, half) and p[half, n), each sorted, by way of spare. Equal keys keep their order, also
 * when reversed: Python's sort is stable both ways. */
static bool merge(struct render *r, struct keyed *p, size_t half, size_t n, bool reverse,
                  struct keyed *spare)
{
    size_t i = 0, j = half, to = 0;
    memcpy(spare, p, half * sizeof(*p));
    while (i < half && j < n) {
        bool right;
        bool ok = reverse ? value_less(r, spare[i].key, p[j].key, &right)
                          : value_less(r, p[j].key, spare[i].key, &right);
        if (!ok) return false;
        p[to++] = right ? p[j++] : spare[i++];
    }
    while (i < half) {
        p[to++] = spare[i++];
    }
    return true;
}

static bool sort_keyed(struct render *r, struct keyed *p, size_t n, bool reverse)
{
    struct keyed *spare = render_alloc(r, n, sizeof(*spare));
    if (spare == NULL) return false;
    for (size_t width = 1; width < n; width *= 2) {
        if (!render_charge(r, n)) return false;
        for (size_t at = 0; at + width < n; at += 2 * width) {
            size_t end = n - at < 2 * width ? n - at : 2 * width;
            if (!merge(r, p + at, width, end, reverse, spare)) return false;
        }
    }
    return true;
}

static bool sorted_list(struct render *r, struct keyed *p, size_t n, struct value *out)
{
    struct value *items = render_alloc(r, n, sizeof(*items));
    if (items == NULL) return false;
    for (size_t i = 0; i < n; i++) {
        items[i] = p[i].item;
    }
    *out = value_list(items, n);
    return true;
}

static bool sort(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct key k = {.path = args[2], .case_sensitive = value_truth(args[1])};
    struct keyed *p;
    size_t n;
    return keyed_items(r, &k, keys_of, self, &p, &n) && sort_keyed(r, p, n, value_truth(args[0])) &&
           sorted_list(r, p, n, out);
}

static bool dictsort(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    struct span by = span_str("key");
    if (self.kind == VALUE_UNDEFINED) return render_fail_undefined(r, self);
    if (self.kind != VALUE_DICT) return render_fail(r, "dictsort takes a mapping");
    if (!argument_text(r, args[1], "by", &by)) return false;
    if (!span_is(by, "key") && !span_is(by, "value")) {
        return render_fail(r, "You can only sort by either \"key\" or \"value\"");
    }
    struct key k = {.path = value_int(span_is(by, "value")),
                    .case_sensitive = value_truth(args[0])};
    struct value view = {.kind = VALUE_VIEW, .sub = SUB_ITEMS, .dict = self.dict};
    struct keyed *p;
    size_t n;
    return keyed_items(r, &k, key_of, view, &p, &n) && sort_keyed(r, p, n, value_truth(args[2])) &&
           sorted_list(r, p, n, out);
}

static bool extreme(struct render *r, struct value self, const struct value *args, bool largest,
                    struct value *out)
{
    struct key k = {.path = args[1], .case_sensitive = value_truth(args[0])};
    struct keyed *p;
    size_t n, best = 0;
    if (!keyed_items(r, &k, key_of, self, &p, &n)) return false;
    for (size_t i = 1; i < n; i++) {
        bool better;
        bool ok = largest ? value_less(r, p[best].key, p[i].key, &better)
                          : value_less(r, p[i].key, p[best].key, &better);
        if (!ok) return false;
        if (better) best = i;
    }
    *out = n > 0 ? p[best].item : value_undefined_hint("No aggregated item, sequence was empty.");
    return true;
}

static bool min(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return extreme(r, self, args, false, out);
}

static bool max(struct render *r, struct value self, const struct value *args, struct value *out)
{
    return extreme(r, self, args, true, out);
}

static bool group(struct render *r, const struct key *k, const struct keyed *p, size_t n,
                  struct value *out)
{
    assert(n > 0);
    struct value *items = render_alloc(r, n, sizeof(*items));
    struct value *pair = render_alloc(r, 2, sizeof(*pair));
    struct key shown = *k;
    shown.case_sensitive = true; /* the first item's own key is the group's name */
    if (items == NULL || pair == NULL || !key_of(r, &shown, p[0].item, &pair[0])) return false;
    for (size_t i = 0; i < n; i++) {
        items[i] = p[i].item;
    }
    pair[1] = value_list(items, n);
    *out = value_tuple(pair, 2);
    out->sub = SUB_GROUP;
    return true;
}

static bool groupby(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    struct key k = {args[0], args[1], value_truth(args[2])};
    struct item_list groups = {0};
    struct keyed *p;
    size_t n;
    if (!keyed_items(r, &k, key_of, self, &p, &n) || !sort_keyed(r, p, n, false)) return false;
    for (size_t from = 0, to; from < n; from = to) {
        struct value g;
        bool equal = true;
        for (to = from + 1; to < n; to++) {
            if (!value_equal(r, p[from].key, p[to].key, &equal)) return false;
            if (!equal) break;
        }
        if (!group(r, &k, p + from, to - from, &g) || !item_list_add(r, &groups, g)) return false;
    }
    *out = value_list(groups.p, groups.n);
    return true;
}

/* ---- lazy ones ------------------------------------------------------------------------------- */

struct unique {
    struct key key;
    struct dict *seen;
};

static enum iterator_result next_unique(struct render *r, struct iterator *it, struct value *out)
{
    struct unique *u = it->state;
    for (;;) {
        struct value key;
        enum iterator_result result = iterator_next(r, it->from, out);
        if (result != ITERATOR_ITEM) return result;
        if (!key_of(r, &u->key, *out, &key)) return ITERATOR_FAILED;
        size_t n = u->seen->n;
        if (!dict_set(r, u->seen, key, value_none())) return ITERATOR_FAILED;
        if (u->seen->n > n) return ITERATOR_ITEM;
    }
}

static bool unique(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct unique *u = render_alloc(r, 1, sizeof(*u));
    if (u == NULL || !dict_new(r, 8, &u->seen)) return false;
    u->key = (struct key){.path = args[1], .case_sensitive = value_truth(args[0])};
    return iterator_new(r, self, next_unique, u, out);
}

/* What map, select and their kin do with an item. */
struct lazy {
    struct value path; /* an attribute to look at, or VALUE_ABSENT */
    struct value fallback;
    const struct routine *routine; /* a filter or test, or NULL */
    struct arguments args;
    bool wanted; /* select: the truth that lets an item pass */
};

static bool lazy_apply(struct render *r, const struct lazy *l, struct value item, struct value *out)
{
    *out = item;
    if (l->path.kind != VALUE_ABSENT) {
        struct key k = {l->path, l->fallback, true};
        if (!key_of(r, &k, item, out)) return false;
    }
    return l->routine == NULL || routine_call(r, l->routine, *out, &l->args, out);
}

static enum iterator_result next_mapped(struct render *r, struct iterator *it, struct value *out)
{
    enum iterator_result result = iterator_next(r, it->from, out);
    if (result != ITERATOR_ITEM) return result;
    return lazy_apply(r, it->state, *out, out) ? ITERATOR_ITEM : ITERATOR_FAILED;
}

static enum iterator_result next_selected(struct render *r, struct iterator *it, struct value *out)
{
    const struct lazy *l = it->state;
    for (;;) {
        struct value test;
        enum iterator_result result = iterator_next(r, it->from, out);
        if (result != ITERATOR_ITEM) return result;
        if (!lazy_apply(r, l, *out, &test)) return ITERATOR_FAILED;
        if (value_truth(test) == l->wanted) return ITERATOR_ITEM;
    }
}

/* Jinja's generators look at nothing when their source is falsy: None | select is empty. */
static struct value source(struct value self)
{
    return value_truth(self) ? self : value_list(NULL, 0);
}

static bool no_routine(struct render *r, const char *what, struct value name)
{
    struct span s;
    if (!value_str(r, name, &s)) return false;
    return render_fail(r, "no %s named '%.*s'", what, text_excerpt(s), s.p);
}

static struct arguments drop_positional(const struct arguments *args, size_t n)
{
    struct arguments rest = *args;
    rest.positional = (struct values){args->positional.p + n, args->positional.n - n};
    return rest;
}

static bool map(struct render *r, struct value self, const struct arguments *args,
                struct value *out)
{
    const struct value *attribute = arguments_named(args, "attribute");
    struct lazy *l = render_alloc(r, 1, sizeof(*l));
    if (l == NULL) return false;
    if (args->positional.n == 0 && attribute != NULL) {
        const struct value *other = arguments_named(args, "default");
        if (args->n_named > 1u + (other != NULL)) {
            return render_fail(r, "map: unexpected keyword argument");
        }
        l->path = *attribute;
        if (other != NULL) l->fallback = *other;
        return iterator_new(r, source(self), next_mapped, l, out);
    }
    if (args->positional.n == 0) return render_fail(r, "map requires a filter argument");
    struct value name = args->positional.p[0];
    l->routine = name.kind == VALUE_STRING ? filter_find(name.text) : NULL;
    if (l->routine == NULL) return no_routine(r, "filter", name);
    l->args = drop_positional(args, 1);
    return iterator_new(r, source(self), next_mapped, l, out);
}

static bool choose(struct render *r, struct value self, const struct arguments *args,
                   bool by_attribute, bool wanted, struct value *out)
{
    struct lazy *l = render_alloc(r, 1, sizeof(*l));
    size_t used = by_attribute;
    if (l == NULL) return false;
    if (args->positional.n < used) return render_fail(r, "missing parameter for attribute name");
    if (by_attribute) l->path = args->positional.p[0];
    if (args->positional.n > used) {
        struct value name = args->positional.p[used];
        l->routine = name.kind == VALUE_STRING ? is_test_find(name.text) : NULL;
        if (l->routine == NULL) return no_routine(r, "test", name);
        l->args = drop_positional(args, used + 1);
    }
    l->wanted = wanted;
    return iterator_new(r, source(self), next_selected, l, out);
}

static bool select(struct render *r, struct value self, const struct arguments *args,
                   struct value *out)
{
    return choose(r, self, args, false, true, out);
}

static bool reject(struct render *r, struct value self, const struct arguments *args,
                   struct value *out)
{
    return choose(r, self, args, false, false, out);
}

static bool selectattr(struct render *r, struct value self, const struct arguments *args,
                       struct value *out)
{
    return choose(r, self, args, true, true, out);
}

static bool rejectattr(struct render *r, struct value self, const struct arguments *args,
                       struct value *out)
{
    return choose(r, self, args, true, false, out);
}

static bool as_iterator(struct render *r, struct value v, struct value *out)
{
    struct iterator *it;
    if (!iterate(r, v, &it)) return false;
    *out = (struct value){.kind = VALUE_ITERATOR, .iter = it};
    return true;
}

static bool items(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    if (self.kind == VALUE_UNDEFINED) return as_iterator(r, self, out);
    if (self.kind != VALUE_DICT) return render_fail(r, "Can only get item pairs from a mapping.");
    return as_iterator(r, (struct value){.kind = VALUE_VIEW, .sub = SUB_ITEMS, .dict = self.dict},
                       out);
}

/* The items [from, to) of all, with fill behind up to n, as a list in l. */
static bool add_part(struct render *r, struct item_list *l, struct values all, size_t from,
                     size_t to, size_t n, struct value fill)
{
    struct value *p = render_alloc(r, n, sizeof(*p));
    if (p == NULL || !render_charge(r, n)) return false;
    for (size_t i = 0; i < n; i++) {
        p[i] = i < to - from ? all.p[from + i] : fill;
    }
    return item_list_add(r, l, value_list(p, n));
}

static bool batch(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct values all;
    struct item_list parts = {0};
    int64_t size = 0;
    if (!argument_int(r, args[0], "linecount", &size) || !value_items(r, self, &all)) return false;
    if (size < 1) return render_fail(r, "batch takes a size of at least 1");
    if (size > TEMPLATE_MAX_RANGE) {
        return render_fail(r, "batch takes a size of at most %d", TEMPLATE_MAX_RANGE);
    }
    for (size_t from = 0; from < all.n; from += (size_t)size) {
        size_t to = all.n - from < (size_t)size ? all.n : from + (size_t)size;
        size_t n = is_given(args[1]) ? (size_t)size : to - from;
        if (!add_part(r, &parts, all, from, to, n, args[1])) return false;
    }
    return as_iterator(r, value_list(parts.p, parts.n), out);
}

static bool slice(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct values all;
    struct item_list parts = {0};
    int64_t count = 0;
    if (!argument_int(r, args[0], "slices", &count) || !value_items(r, self, &all)) return false;
    if (count < 1) return render_fail(r, "slice takes a number of at least 1");
    if (count > TEMPLATE_MAX_RANGE) {
        return render_fail(r, "slice takes a number of at most %d", TEMPLATE_MAX_RANGE);
    }
    size_t each = all.n / (size_t)count, longer = all.n % (size_t)count, from = 0;
    for (size_t i = 0; i < (size_t)count; i++) {
        size_t to = from + each + (i < longer);
        bool fill = is_given(args[1]) && i >= longer;
        if (!add_part(r, &parts, all, from, to, to - from + fill, args[1])) return false;
        from = to;
    }
    return as_iterator(r, value_list(parts.p, parts.n), out);
}

static bool reverse(struct render *r, struct value self, const struct value *args,
                    struct value *out)
{
    (void)args;
    struct iterator *it;
    struct values all;
    if (self.kind == VALUE_UNDEFINED) return as_iterator(r, self, out);
    if (self.kind == VALUE_ITERATOR) {
        if (!value_items(r, self, &all)) return false;
        self = value_list(all.p, all.n);
    }
    if (!value_is_iterable(self)) return render_fail(r, "argument must be iterable");
    if (!iterate_reversed(r, self, &it)) return false;
    *out = (struct value){.kind = VALUE_ITERATOR, .iter = it};
    if (self.kind != VALUE_STRING) return true;
    struct text_builder b = {0};
    struct value c;
    while (iterator_next(r, it, &c) == ITERATOR_ITEM) {
        text_add(r, &b, c.text);
    }
    *out = value_text(span_of(NULL, 0));
    return text_end(&b, &out->text) && r->steps > 0;
}

/* ---- the whole sequence ---------------------------------------------------------------------- */

static bool list(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    struct values all;
    if (!value_items(r, self, &all)) return false;
    *out = value_list(all.p, all.n);
    return true;
}

static bool first(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    struct iterator *it;
    if (!iterate(r, self, &it)) return false;
    enum iterator_result result = iterator_next(r, it, out);
    if (result == ITERATOR_END) *out = value_undefined_hint("No first item, sequence was empty.");
    return result != ITERATOR_FAILED;
}

static bool last(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)args;
    struct iterator *it;
    enum iterator_result result = ITERATOR_END;
    if (self.kind != VALUE_UNDEFINED) {
        if (!iterate_reversed(r, self, &it)) return false;
        result = iterator_next(r, it, out);
    }
    if (result == ITERATOR_END) *out = value_undefined_hint("No last item, sequence was empty.");
    return result != ITERATOR_FAILED;
}

static bool join(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct span between = {0};
    struct iterator *it;
    struct value v;
    struct text_builder b = {0};
    enum iterator_result result;
    struct key k = {.path = args[1], .case_sensitive = true};
    if (args[0].kind != VALUE_ABSENT && !value_str(r, args[0], &between)) return false;
    if (!iterate(r, self, &it)) return false;
    for (bool more = false; (result = iterator_next(r, it, &v)) == ITERATOR_ITEM; more = true) {
        if (!key_of(r, &k, v, &v)) return false;
        if (more) text_add(r, &b, between);
        value_print(r, &b, v);
        if (b.failed) return false;
    }
    *out = value_text(span_of(NULL, 0));
    return result == ITERATOR_END && text_end(&b, &out->text);
}

static bool sum(struct render *r, struct value self, const struct value *args, struct value *out)
{
    struct values all;
    struct key k = {.path = args[0], .case_sensitive = true};
    if (!value_items(r, self, &all)) return false;
    *out = args[1].kind == VALUE_ABSENT ? value_int(0) : args[1];
    if (out->kind == VALUE_STRING) return render_fail(r, "sum() can't sum strings");
    for (size_t i = 0; i < all.n; i++) {
        struct value v;
        if (!key_of(r, &k, all.p[i], &v) || !operate(r, OP_ADD, *out, v, out)) return false;
    }
    return true;
}

static const struct routine filters[] = {
    {"batch", batch, {"linecount", "fill_with"}, 1, NULL},
    {"dictsort", dictsort, {"case_sensitive", "by", "reverse"}, 0, NULL},
    {"first", first, {NULL}, 0, NULL},
    {"groupby", groupby, {"attribute", "default", "case_sensitive"}, 1, NULL},
    {"items", items, {NULL}, 0, NULL},
    {"join", join, {"d", "attribute"}, 0, NULL},
    {"last", last, {NULL}, 0, NULL},
    {"list", list, {NULL}, 0, NULL},
    {"map", NULL, {NULL}, 0, map},
    {"max", max, {"case_sensitive", "attribute"}, 0, NULL},
    {"min", min, {"case_sensitive", "attribute"}, 0, NULL},
    {"reject", NULL, {NULL}, 0, reject},
    {"rejectattr", NULL, {NULL}, 0, rejectattr},
    {"reverse", reverse, {NULL}, 0, NULL},
    {"select", NULL, {NULL}, 0, select},
    {"selectattr", NULL, {NULL}, 0, selectattr},
    {"slice", slice, {"slices", "fill_with"}, 1, NULL},
    {"sort", sort, {"reverse", "case_sensitive", "attribute"}, 0, NULL},
    {"sum", sum, {"attribute", "start"}, 0, NULL},
    {"unique", unique, {"case_sensitive", "attribute"}, 0, NULL},
};

const struct routine *sequence_filter_find(struct span name)
{
    return routine_find(filters, sizeof(filters) / sizeof(*filters), name);
}
