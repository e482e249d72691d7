/* engine/template/methods.c - the methods of list, tuple, dict and cycler.
 *
 * Rows without a function are the methods that change their object: the sandbox makes them
 * undefined, and so hides a dict's key of that name from x.name, as Jinja does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/routines.h"

#include <math.h>

#include "engine/template/render.h"

/* ---- list and tuple -------------------------------------------------------------------------- */

static bool seq_count(struct render *r, struct value self, const struct value *args,
                      struct value *out)
{
    *out = value_int(0);
    for (size_t i = 0; i < self.seq.n; i++) {
        bool equal;
        if (!value_equal(r, self.seq.p[i], args[0], &equal) || !render_charge(r, 1)) return false;
        out->whole += equal;
    }
    return true;
}

static bool seq_index(struct render *r, struct value self, const struct value *args,
                      struct value *out)
{
    int64_t n = (int64_t)self.seq.n, start = 0, end = n;
    if (!argument_int(r, args[1], "start", &start) || !argument_int(r, args[2], "end", &end)) {
        return false;
    }
    if (start < 0) start = start + n < 0 ? 0 : start + n;
    if (end < 0) end += n;
    for (int64_t i = start; i < end && i < n; i++) {
        bool equal;
        if (!value_equal(r, self.seq.p[i], args[0], &equal) || !render_charge(r, 1)) return false;
        *out = value_int(i);
        if (equal) return true;
    }
    return render_fail(r, "the value is not in the %s", value_type(self));
}

/* A copy cannot be told from the original: nothing changes either. */
static bool copy(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)r, (void)args;
    *out = self;
    return true;
}

static const struct routine list_methods[] = {
    {"append", NULL, {NULL}, 0, NULL}, {"clear", NULL, {NULL}, 0, NULL},
    {"copy", copy, {NULL}, 0, NULL},   {"count", seq_count, {"value"}, 1, NULL},
    {"extend", NULL, {NULL}, 0, NULL}, {"index", seq_index, {"value", "start", "stop"}, 1, NULL},
    {"insert", NULL, {NULL}, 0, NULL}, {"pop", NULL, {NULL}, 0, NULL},
    {"remove", NULL, {NULL}, 0, NULL}, {"reverse", NULL, {NULL}, 0, NULL},
    {"sort", NULL, {NULL}, 0, NULL},
};

static const struct routine tuple_methods[] = {
    {"count", seq_count, {"value"}, 1, NULL},
    {"index", seq_index, {"value", "start", "stop"}, 1, NULL},
};

/* ---- dict ------------------------------------------------------------------------------------ */

static bool dict_get(struct render *r, struct value self, const struct value *args,
                     struct value *out)
{
    if (!value_hashable(r, args[0])) {
        return render_fail(r, "unhashable type: '%s'", value_type(args[0]));
    }
    const struct value *v = dict_find(r, self.dict, args[0]);
    *out = v != NULL ? *v : args[1].kind != VALUE_ABSENT ? args[1] : value_none();
    return true;
}

static bool view(struct value self, enum value_sub sub, struct value *out)
{
    *out = (struct value){.kind = VALUE_VIEW, .sub = (uint8_t)sub, .dict = self.dict};
    return true;
}

static bool dict_keys(struct render *r, struct value self, const struct value *args,
                      struct value *out)
{
    (void)r, (void)args;
    return view(self, SUB_KEYS, out);
}

static bool dict_values(struct render *r, struct value self, const struct value *args,
                        struct value *out)
{
    (void)r, (void)args;
    return view(self, SUB_VALUES, out);
}

static bool dict_items(struct render *r, struct value self, const struct value *args,
                       struct value *out)
{
    (void)r, (void)args;
    return view(self, SUB_ITEMS, out);
}

static const struct routine dict_methods[] = {
    {"clear", NULL, {NULL}, 0, NULL},
    {"copy", copy, {NULL}, 0, NULL},
    {"get", dict_get, {"key", "default"}, 1, NULL},
    {"items", dict_items, {NULL}, 0, NULL},
    {"keys", dict_keys, {NULL}, 0, NULL},
    {"pop", NULL, {NULL}, 0, NULL},
    {"popitem", NULL, {NULL}, 0, NULL},
    {"setdefault", NULL, {NULL}, 0, NULL},
    {"update", NULL, {NULL}, 0, NULL},
    {"values", dict_values, {NULL}, 0, NULL},
};

/* ---- others ---------------------------------------------------------------------------------- */

static bool cycler_next(struct render *r, struct value self, const struct value *args,
                        struct value *out)
{
    (void)r, (void)args;
    struct cycler *c = self.cycler;
    *out = c->items.p[c->at];
    c->at = (c->at + 1) % c->items.n;
    return true;
}

static bool cycler_reset(struct render *r, struct value self, const struct value *args,
                         struct value *out)
{
    (void)r, (void)args;
    self.cycler->at = 0;
    *out = value_none();
    return true;
}

static const struct routine cycler_methods[] = {
    {"next", cycler_next, {NULL}, 0, NULL},
    {"reset", cycler_reset, {NULL}, 0, NULL},
};

static bool is_integer(struct render *r, struct value self, const struct value *args,
                       struct value *out)
{
    (void)r, (void)args;
    *out = value_bool(isfinite(self.real) && floor(self.real) == self.real);
    return true;
}

static const struct routine float_methods[] = {
    {"is_integer", is_integer, {NULL}, 0, NULL},
};

static const struct table {
    const struct routine *rows;
    size_t n;
} tables[VALUE_KINDS] = {
    [VALUE_LIST] = {list_methods, sizeof(list_methods) / sizeof(*list_methods)},
    [VALUE_TUPLE] = {tuple_methods, sizeof(tuple_methods) / sizeof(*tuple_methods)},
    [VALUE_DICT] = {dict_methods, sizeof(dict_methods) / sizeof(*dict_methods)},
    [VALUE_CYCLER] = {cycler_methods, sizeof(cycler_methods) / sizeof(*cycler_methods)},
    [VALUE_FLOAT] = {float_methods, sizeof(float_methods) / sizeof(*float_methods)},
};

const struct routine *method_find(struct value v, struct span name)
{
    if (v.kind == VALUE_STRING) return text_method_find(name);
    return routine_find(tables[v.kind].rows, tables[v.kind].n, name);
}
