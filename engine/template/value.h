/* engine/template/value.h - the values a template computes with: a small Python.
 *
 * A value is 24 bytes and passed by copy. What it points to lives in the rendering's arena, in the
 * parsed template, or in the context's JSON, and is never changed once made; only a namespace, a
 * cycler, a joiner, a loop and an iterator have state. (The sandbox forbids list.append and its
 * kin, so lists and dicts need no copying: a slice shares its list's items.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_VALUE_H
#define ENGINE_TEMPLATE_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct render;
struct text_builder;
struct value;

enum value_kind {
    VALUE_ABSENT, /* no value at all: an argument not given, a name not bound; never seen by users */
    VALUE_UNDEFINED,
    VALUE_NONE,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_BIG, /* an int beyond 64 bits: carried, printed and compared, not computed with */
    VALUE_FLOAT,
    VALUE_STRING,
    VALUE_LIST,
    VALUE_TUPLE,
    VALUE_DICT,
    VALUE_VIEW, /* dict.keys(), .values(), .items() */
    VALUE_RANGE,
    VALUE_ITERATOR, /* Python's generators and reversed() */
    VALUE_NAMESPACE,
    VALUE_LOOP,
    VALUE_CYCLER,
    VALUE_JOINER,
    VALUE_MACRO,
    VALUE_FUNCTION,
    VALUE_METHOD,
    VALUE_KINDS
};

/* value.sub, by kind */
enum value_sub {
    SUB_NONE,
    SUB_MARKUP, /* a string that escape or safe made */
    SUB_GROUP,  /* a tuple (grouper, list) of groupby */
    SUB_KEYS,   /* views */
    SUB_VALUES,
    SUB_ITEMS,
    SUB_ATTRIBUTE_OF, /* undefined: an attribute that value.owner's type lacks */
    SUB_HINT,         /* undefined: value.text is the whole message */
};

struct values {
    const struct value *p;
    size_t n;
};

struct value {
    uint8_t kind;  /* enum value_kind */
    uint8_t sub;   /* enum value_sub */
    uint8_t owner; /* undefined: the kind whose attribute was asked for */
    union {
        bool truth;        /* VALUE_BOOL */
        int64_t whole;     /* VALUE_INT */
        double real;       /* VALUE_FLOAT */
        struct span text;  /* VALUE_STRING: UTF-8; VALUE_UNDEFINED: the name or the message;
                              VALUE_BIG: its decimal digits, a NUL after them */
        struct values seq; /* VALUE_LIST, VALUE_TUPLE */
        struct dict *dict; /* VALUE_DICT, VALUE_VIEW, VALUE_NAMESPACE */
        const struct range *range;
        struct iterator *iter;
        struct loop *loop;
        struct cycler *cycler;
        struct joiner *joiner;
        const struct macro *macro;
        const struct routine *function;
        const struct method *method;
    };
};

struct entry {
    struct value key, value;
};

/* Keys in the order of their first insertion. Above DICT_LINEAR entries an index of 2^k slots
 * (entry number + 1, 0 when free, linear probing) finds them. */
struct dict {
    struct entry *entries;
    size_t n, room;
    uint32_t *index;
    size_t slots;
};

struct range {
    int64_t start, stop, step;
    size_t n; /* items */
};

struct cycler {
    struct values items;
    size_t at;
};

struct joiner {
    struct value separator;
    bool used;
};

struct method {
    struct value self;
    const struct routine *routine;
};

struct macro {
    const struct macro_node *node;
    struct scope *scope; /* where it was defined */
};

static inline struct value value_none(void)
{
    return (struct value){.kind = VALUE_NONE};
}

static inline struct value value_bool(bool b)
{
    return (struct value){.kind = VALUE_BOOL, .truth = b};
}

static inline struct value value_int(int64_t i)
{
    return (struct value){.kind = VALUE_INT, .whole = i};
}

/* digits: as Python prints the int, a NUL after them. */
static inline struct value value_big(struct span digits)
{
    return (struct value){.kind = VALUE_BIG, .text = digits};
}

static inline struct value value_float(double f)
{
    return (struct value){.kind = VALUE_FLOAT, .real = f};
}

static inline struct value value_text(struct span s)
{
    return (struct value){.kind = VALUE_STRING, .text = s};
}

static inline struct value value_list(const struct value *p, size_t n)
{
    return (struct value){.kind = VALUE_LIST, .seq = {p, n}};
}

static inline struct value value_tuple(const struct value *p, size_t n)
{
    return (struct value){.kind = VALUE_TUPLE, .seq = {p, n}};
}

/* The undefined that a missing variable gives. */
static inline struct value value_undefined(struct span name)
{
    return (struct value){.kind = VALUE_UNDEFINED, .text = name};
}

/* The undefined with a message of its own (static text). */
static inline struct value value_undefined_hint(const char *message)
{
    return (struct value){.kind = VALUE_UNDEFINED, .sub = SUB_HINT, .text = span_str(message)};
}

static inline bool value_is_string(struct value v)
{
    return v.kind == VALUE_STRING;
}

/* bool, int or float */
static inline bool value_is_number(struct value v)
{
    return v.kind == VALUE_BOOL || v.kind == VALUE_INT || v.kind == VALUE_BIG ||
           v.kind == VALUE_FLOAT;
}

static inline bool value_is_seq(struct value v)
{
    return v.kind == VALUE_LIST || v.kind == VALUE_TUPLE;
}

/* int (of 64 bits) or bool: what Python takes for an index; *out its number. */
bool value_whole(struct value v, int64_t *out);

/* A number as a double. False: v is none. */
bool value_real(struct value v, double *out);

/* Python's name of the type: "str", "NoneType", "generator", ... */
const char *value_type(struct value v);

/* Python's bool(v). */
bool value_truth(struct value v);

/* Python's v is w; strings of the same text are the same. */
bool value_same(struct value v, struct value w);

/* Item i < r->n. */
struct value range_item(const struct range *r, size_t i);

/* Everything below may run out of the rendering's memory or steps: false, and the error is set. */

/* An empty dict with room for so many entries, more as they come. */
bool dict_new(struct render *r, size_t room, struct dict **out);

/* d[key] = v; a key that cannot be hashed is an error. */
bool dict_set(struct render *r, struct dict *d, struct value key, struct value v);

/* The value at key, or NULL. An unhashable key is found nowhere. */
const struct value *dict_find(struct render *r, const struct dict *d, struct value key);
/* The value at a string, or NULL. */
const struct value *dict_find_text(struct render *r, const struct dict *d, struct span key);

/* Whether v can be a key of a dict. */
bool value_hashable(struct render *r, struct value v);

/* Python's == . *equal on success. */
bool value_equal(struct render *r, struct value v, struct value w, bool *equal);

/* Python's < on what has an order; a TypeError otherwise. */
bool value_less(struct render *r, struct value v, struct value w, bool *less);

/* Python's needle in haystack. */
bool value_contains(struct render *r, struct value haystack, struct value needle, bool *found);

/* Python's len(v). */
bool value_length(struct render *r, struct value v, int64_t *n);

/* Python's str(v) and repr(v) (print.c). */
bool value_str(struct render *r, struct value v, struct span *out);
/* Python's repr(v). */
bool value_repr(struct render *r, struct value v, struct span *out);
/* Append Python's repr(v). */
void value_print(struct render *r, struct text_builder *b, struct value v);

/* Python's repr of a float: the shortest digits that read back as the same number. */
void value_print_float(struct render *r, struct text_builder *b, double f);

#endif
