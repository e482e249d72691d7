/* engine/template/value.c - what values are: types, truth, identity, dicts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/value.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "engine/template/loop.h"
#include "engine/template/render.h"

enum { DICT_LINEAR = 8, MAX_KEY_DEPTH = 16 };

bool value_whole(struct value v, int64_t *out)
{
    if (v.kind == VALUE_BOOL) *out = v.truth;
    if (v.kind == VALUE_INT) *out = v.whole;
    return v.kind == VALUE_BOOL || v.kind == VALUE_INT;
}

bool value_real(struct value v, double *out)
{
    int64_t i;
    if (v.kind == VALUE_FLOAT) *out = v.real;
    if (v.kind == VALUE_BIG) *out = strtod(v.text.p, NULL);
    if (value_whole(v, &i)) *out = (double)i;
    return value_is_number(v);
}

const char *value_type(struct value v)
{
    static const char *const names[VALUE_KINDS] = {
        [VALUE_ABSENT] = "object",
        [VALUE_UNDEFINED] = "Undefined",
        [VALUE_NONE] = "NoneType",
        [VALUE_BOOL] = "bool",
        [VALUE_INT] = "int",
        [VALUE_BIG] = "int",
        [VALUE_FLOAT] = "float",
        [VALUE_STRING] = "str",
        [VALUE_LIST] = "list",
        [VALUE_TUPLE] = "tuple",
        [VALUE_DICT] = "dict",
        [VALUE_VIEW] = "dict_view",
        [VALUE_RANGE] = "range",
        [VALUE_ITERATOR] = "generator",
        [VALUE_NAMESPACE] = "Namespace",
        [VALUE_LOOP] = "LoopContext",
        [VALUE_CYCLER] = "Cycler",
        [VALUE_JOINER] = "Joiner",
        [VALUE_MACRO] = "Macro",
        [VALUE_FUNCTION] = "function",
        [VALUE_METHOD] = "method",
    };
    return names[v.kind];
}

bool value_truth(struct value v)
{
    switch ((enum value_kind)v.kind) {
    case VALUE_ABSENT:
    case VALUE_UNDEFINED:
    case VALUE_NONE:
        return false;
    case VALUE_BOOL:
        return v.truth;
    case VALUE_INT:
        return v.whole != 0;
    case VALUE_FLOAT:
        return v.real != 0;
    case VALUE_STRING:
        return v.text.n > 0;
    case VALUE_LIST:
    case VALUE_TUPLE:
        return v.seq.n > 0;
    case VALUE_DICT:
    case VALUE_VIEW:
        return v.dict->n > 0;
    case VALUE_RANGE:
        return v.range->n > 0;
    default:
        return true;
    }
}

bool value_same(struct value v, struct value w)
{
    if (v.kind != w.kind) return false;
    switch ((enum value_kind)v.kind) {
    case VALUE_NONE:
        return true;
    case VALUE_BOOL:
        return v.truth == w.truth;
    case VALUE_INT:
        return v.whole == w.whole;
    case VALUE_FLOAT:
        return v.real == w.real;
    case VALUE_STRING:
    case VALUE_BIG:
        return span_eq(v.text, w.text);
    case VALUE_LIST:
    case VALUE_TUPLE:
        return v.seq.p == w.seq.p && v.seq.n == w.seq.n;
    case VALUE_UNDEFINED:
    case VALUE_ABSENT:
        return false;
    default:
        return v.dict == w.dict; /* every other kind is one pointer */
    }
}

struct value range_item(const struct range *r, size_t i)
{
    assert(i < r->n);
    return value_int((int64_t)((uint64_t)r->start + (uint64_t)r->step * (uint64_t)i));
}

/* ---- dicts ----------------------------------------------------------------------------------- */

/* Tuples within tuples, no deeper than a key in earnest: hashing recurses. */
static bool hashable(struct render *r, struct value v, int depth)
{
    if (v.kind == VALUE_LIST || v.kind == VALUE_DICT || v.kind == VALUE_VIEW) return false;
    if (v.kind != VALUE_TUPLE) return true;
    for (size_t i = 0; i < v.seq.n; i++) {
        if (depth == 0 || !render_charge(r, 1) || !hashable(r, v.seq.p[i], depth - 1)) return false;
    }
    return true;
}

bool value_hashable(struct render *r, struct value v)
{
    return hashable(r, v, MAX_KEY_DEPTH);
}

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * HASH_STEP;
    return h ^ h >> 29;
}

static uint64_t hash_text(struct span s)
{
    return mix(hash_bytes(s), s.n);
}

/* Equal values (1, 1.0 and true) have equal hashes. Tuples that share their parts may unfold to any
 * size: out of steps, whatever is hashed by then will do, for the rendering has failed. */
static uint64_t hash_value(struct render *r, struct value v)
{
    double real;
    if (v.kind == VALUE_STRING) {
        return render_charge_scan(r, v.text.n) ? hash_text(v.text) : 0;
    }
    if (value_real(v, &real)) {
        double low = isfinite(real) ? fmod(real, 9007199254740992.0) : 0;
        return mix(1, (uint64_t)(int64_t)low);
    }
    uint64_t h = v.kind;
    for (size_t i = 0; v.kind == VALUE_TUPLE && i < v.seq.n && render_charge(r, 1); i++) {
        h = mix(h, hash_value(r, v.seq.p[i]));
    }
    return h;
}

bool dict_new(struct render *r, size_t room, struct dict **out)
{
    struct dict *d = render_alloc(r, 1, sizeof(*d));
    if (d == NULL) return false;
    d->entries = render_alloc(r, room, sizeof(*d->entries));
    d->room = room == 0 ? 1 : room;
    *out = d;
    return d->entries != NULL;
}

static bool key_equal(struct render *r, struct value a, struct value b)
{
    bool equal = false;
    return value_equal(r, a, b, &equal) && equal;
}

/* The entry with this key, or d->n; *slot where it is or belongs in the index. */
static size_t find(struct render *r, const struct dict *d, struct value key, size_t *slot)
{
    if (d->index == NULL) {
        size_t i = 0;
        while (i < d->n && !key_equal(r, d->entries[i].key, key)) {
            i++;
        }
        return i;
    }
    assert(d->n <= d->room && d->room * 2 <= d->slots); /* a free slot ends each search */
    size_t s = hash_value(r, key) & (d->slots - 1);
    for (; d->index[s] != 0; s = (s + 1) & (d->slots - 1)) {
        size_t i = d->index[s] - 1;
        if (key_equal(r, d->entries[i].key, key)) return i;
    }
    *slot = s;
    return d->n;
}

static bool grow(struct render *r, struct dict *d)
{
    assert(d->n == d->room);
    size_t room = d->room * 2 < DICT_LINEAR ? DICT_LINEAR : d->room * 2;
    struct entry *entries = render_alloc(r, room, sizeof(*entries));
    if (entries == NULL) return false;
    memcpy(entries, d->entries, d->n * sizeof(*entries));
    d->entries = entries;
    d->room = room;
    return true;
}

/* An index at most half full for d->room entries. */
static bool build_index(struct render *r, struct dict *d)
{
    size_t slots = 4 * DICT_LINEAR;
    while (slots < d->room * 2) {
        slots *= 2;
    }
    d->index = render_alloc(r, slots, sizeof(*d->index));
    d->slots = slots;
    if (d->index == NULL) return false;
    for (size_t i = 0; i < d->n; i++) {
        size_t s = hash_value(r, d->entries[i].key) & (slots - 1);
        while (d->index[s] != 0) {
            s = (s + 1) & (slots - 1);
        }
        d->index[s] = (uint32_t)(i + 1);
    }
    return true;
}

bool dict_set(struct render *r, struct dict *d, struct value key, struct value v)
{
    size_t slot = 0;
    if (!value_hashable(r, key)) return render_fail(r, "unhashable type: '%s'", value_type(key));
    size_t i = find(r, d, key, &slot);
    if (i < d->n) {
        d->entries[i].value = v;
        return true;
    }
    if (d->n == d->room && !grow(r, d)) return false;
    d->entries[d->n++] = (struct entry){key, v};
    if (d->index != NULL && d->n * 2 <= d->slots) {
        d->index[slot] = (uint32_t)d->n;
        return true;
    }
    return d->n <= DICT_LINEAR || build_index(r, d);
}

const struct value *dict_find(struct render *r, const struct dict *d, struct value key)
{
    size_t slot;
    if (!value_hashable(r, key)) return NULL;
    size_t i = find(r, d, key, &slot);
    return i < d->n ? &d->entries[i].value : NULL;
}

const struct value *dict_find_text(struct render *r, const struct dict *d, struct span key)
{
    return dict_find(r, d, value_text(key));
}

bool value_length(struct render *r, struct value v, int64_t *n)
{
    switch ((enum value_kind)v.kind) {
    case VALUE_UNDEFINED:
        *n = 0;
        return true;
    case VALUE_STRING:
        *n = (int64_t)utf8_count(v.text);
        return render_charge_copy(r, v.text.n);
    case VALUE_LIST:
    case VALUE_TUPLE:
        *n = (int64_t)v.seq.n;
        return true;
    case VALUE_DICT:
    case VALUE_VIEW:
        *n = (int64_t)v.dict->n;
        return true;
    case VALUE_RANGE:
        *n = (int64_t)v.range->n;
        return true;
    case VALUE_LOOP:
        return loop_length(r, v.loop, n);
    default:
        return render_fail(r, "object of type '%s' has no len()", value_type(v));
    }
}
