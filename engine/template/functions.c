/* engine/template/functions.c - see routines.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/routines.h"

#include "base/utf8.h"
#include "engine/template/iterate.h"
#include "engine/template/limits.h"
#include "engine/template/render.h"

static bool range(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)self;
    int64_t at[3] = {0, 0, 1};
    struct range *x = render_alloc(r, 1, sizeof(*x));
    if (x == NULL) return false;
    for (int i = 0; i < 3; i++) {
        if (!argument_int(r, args[i], "a range's bound", &at[i])) return false;
    }
    if (args[1].kind == VALUE_ABSENT) {
        at[1] = at[0];
        at[0] = 0;
    }
    if (at[2] == 0) return render_fail(r, "range() arg 3 must not be zero");
    *x = (struct range){.start = at[0], .stop = at[1], .step = at[2]};
    bool up = at[2] > 0;
    if (up ? at[1] > at[0] : at[1] < at[0]) {
        uint64_t distance =
            up ? (uint64_t)at[1] - (uint64_t)at[0] : (uint64_t)at[0] - (uint64_t)at[1];
        uint64_t step = up ? (uint64_t)at[2] : 0 - (uint64_t)at[2];
        x->n = (size_t)((distance - 1) / step + 1);
    }
    if (x->n > TEMPLATE_MAX_RANGE) {
        return render_fail(r, "Range too big. The sandbox blocks ranges larger than %d.",
                           TEMPLATE_MAX_RANGE);
    }
    *out = (struct value){.kind = VALUE_RANGE, .range = x};
    return true;
}

static bool add_pairs(struct render *r, struct dict *d, struct value pairs)
{
    struct values all, pair;
    if (pairs.kind == VALUE_DICT) {
        pairs = (struct value){.kind = VALUE_VIEW, .sub = SUB_ITEMS, .dict = pairs.dict};
    }
    if (!value_items(r, pairs, &all)) return false;
    for (size_t i = 0; i < all.n; i++) {
        if (!value_items(r, all.p[i], &pair)) return false;
        if (pair.n != 2) return render_fail(r, "dict() takes pairs");
        if (!dict_set(r, d, pair.p[0], pair.p[1])) return false;
    }
    return true;
}

/* dict(mapping or pairs, name=value...) */
static bool make_dict(struct render *r, const struct arguments *args, struct dict **out)
{
    if (args->positional.n > 1) return render_fail(r, "expected at most 1 argument");
    if (!dict_new(r, args->n_named, out)) return false;
    if (args->positional.n == 1 && !add_pairs(r, *out, args->positional.p[0])) return false;
    for (size_t i = 0; i < args->n_named; i++) {
        if (!dict_set(r, *out, value_text(args->named[i].name), args->named[i].value)) return false;
    }
    return true;
}

static bool dict(struct render *r, struct value self, const struct arguments *args,
                 struct value *out)
{
    (void)self;
    *out = (struct value){.kind = VALUE_DICT};
    return make_dict(r, args, &out->dict);
}

static bool namespace(struct render *r, struct value self, const struct arguments *args,
                      struct value *out)
{
    (void)self;
    *out = (struct value){.kind = VALUE_NAMESPACE};
    if (!make_dict(r, args, &out->dict)) return false;
    for (size_t i = 0; i < out->dict->n; i++) {
        struct value key = out->dict->entries[i].key;
        if (key.kind == VALUE_STRING && key.text.n > 0 && key.text.p[0] == '_') {
            return render_fail(r, "a namespace cannot store names that begin with _");
        }
    }
    return true;
}

static bool cycler(struct render *r, struct value self, const struct arguments *args,
                   struct value *out)
{
    (void)self;
    if (args->positional.n == 0) return render_fail(r, "at least one item has to be provided");
    struct cycler *c = render_alloc(r, 1, sizeof(*c));
    if (c == NULL) return false;
    c->items = args->positional;
    *out = (struct value){.kind = VALUE_CYCLER, .cycler = c};
    return true;
}

static bool joiner(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)self;
    struct joiner *j = render_alloc(r, 1, sizeof(*j));
    if (j == NULL) return false;
    j->separator = args[0].kind == VALUE_ABSENT ? value_text(span_str(", ")) : args[0];
    *out = (struct value){.kind = VALUE_JOINER, .joiner = j};
    return true;
}

static bool raise_exception(struct render *r, struct value self, const struct value *args,
                            struct value *out)
{
    (void)self, (void)out;
    struct span s;
    if (!value_str(r, args[0], &s)) return false;
    if (r->err == NULL || r->err->code != ERROR_NONE) return false;
    size_t n = utf8_valid_prefix(span_slice(s, 0, sizeof(r->err->message) - 1));
    return error_set(r->err, ERROR_TEMPLATE, "messages", "%.*s", (int)n, s.p == NULL ? "" : s.p);
}

static bool strftime_now(struct render *r, struct value self, const struct value *args,
                         struct value *out)
{
    (void)self;
    struct span format = {0};
    struct text_builder b = {0};
    if (!argument_text(r, args[0], "strftime_now's format", &format)) return false;
    if (!strftime_add(r, &b, format, r->options->now)) return false;
    *out = value_text(span_of(NULL, 0));
    return text_end(&b, &out->text);
}

static bool lipsum(struct render *r, struct value self, const struct value *args, struct value *out)
{
    (void)self, (void)args, (void)out;
    return render_fail(r, "lipsum is not supported: its text is random");
}

static const struct routine functions[] = {
    {"cycler", NULL, {NULL}, 0, cycler},
    {"dict", NULL, {NULL}, 0, dict},
    {"joiner", joiner, {"sep"}, 0, NULL},
    {"lipsum", lipsum, {"n", "html", "min", "max"}, 0, NULL},
    {"namespace", NULL, {NULL}, 0, namespace},
    {"raise_exception", raise_exception, {"message"}, 1, NULL},
    {"range", range, {"start", "stop", "step"}, 1, NULL},
    {"strftime_now", strftime_now, {"format"}, 1, NULL},
};

const struct routine *function_find(struct span name)
{
    return routine_find(functions, sizeof(functions) / sizeof(*functions), name);
}
