/* reward/code/json_same.c - JSON texts compared by value, integers exactly.
 *
 * cJSON keeps numbers as doubles, which would make 2^53 equal to 2^53 + 1; so this reads the
 * texts into trees of its own, where a number is its digits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/checker.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"

enum { MAX_DEPTH = 128, MAX_NUMBER = 400 };

enum kind { KIND_NULL, KIND_FALSE, KIND_TRUE, KIND_NUMBER, KIND_TEXT, KIND_LIST, KIND_OBJECT };

struct node {
    enum kind kind;
    struct span text; /* number: as written; text: decoded; member: see key */
    struct span key;  /* of a member of an object */
    struct node *first, *next;
    size_t n; /* children */
};

struct reader {
    struct span text;
    size_t at;
    struct arena *arena;
};

static struct node *read_value(struct reader *r, int depth);

static void skip_space(struct reader *r)
{
    while (r->at < r->text.n && strchr(" \t\n\r", r->text.p[r->at]) != NULL &&
           r->text.p[r->at] != '\0') {
        r->at++;
    }
}

static bool take(struct reader *r, char c)
{
    skip_space(r);
    if (r->at >= r->text.n || r->text.p[r->at] != c) return false;
    r->at++;
    return true;
}

static bool take_word(struct reader *r, const char *word)
{
    struct span rest = span_slice(r->text, r->at, r->text.n);
    if (!span_starts(rest, span_str(word))) return false;
    r->at += strlen(word);
    return true;
}

static struct node *new_node(struct reader *r, enum kind kind)
{
    struct node *v = arena_alloc(r->arena, 1, sizeof(*v));
    if (v != NULL) v->kind = kind;
    return v;
}

/* ---- texts ---------------------------------------------------------------------------------------------- */

static bool read_hex(struct reader *r, uint32_t *out)
{
    *out = 0;
    for (int i = 0; i < 4; i++) {
        if (r->at >= r->text.n || !isxdigit((unsigned char)r->text.p[r->at])) return false;
        int c = tolower((unsigned char)r->text.p[r->at++]);
        *out = *out * 16 + (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

/* After \u: a pair of surrogates is one character; a lone one is kept as three bytes of its own. */
static size_t read_unicode(struct reader *r, char *out)
{
    uint32_t high, low;
    if (!read_hex(r, &high)) return 0;
    size_t back = r->at;
    if (high >= 0xd800 && high < 0xdc00 && take_word(r, "\\u") && read_hex(r, &low) &&
        low >= 0xdc00 && low < 0xe000) {
        return utf8_encode(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), out);
    }
    if (high >= 0xd800 && high < 0xdc00) r->at = back;
    size_t n = utf8_encode(high, out);
    if (n > 0) return n;
    out[0] = (char)(0xe0 | high >> 12);
    out[1] = (char)(0x80 | (high >> 6 & 0x3f));
    out[2] = (char)(0x80 | (high & 0x3f));
    return 3;
}

static size_t read_escape(struct reader *r, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (r->at >= r->text.n) return 0;
    char c = r->text.p[r->at++];
    if (c == 'u') return read_unicode(r, out);
    const char *found = c == '\0' ? NULL : strchr(from, c);
    if (found == NULL) return 0;
    *out = to[found - from];
    return 1;
}

/* The decoded text is never longer than the written one. */
static bool read_text(struct reader *r, struct span *out)
{
    if (!take(r, '"')) return false;
    size_t end = r->at;
    while (end < r->text.n && r->text.p[end] != '"') {
        end += r->text.p[end] == '\\' ? 2 : 1;
    }
    if (end >= r->text.n) return false;
    char *p = arena_alloc(r->arena, end - r->at + 1, 1);
    size_t n = 0;
    if (p == NULL) return false;
    while (r->at < end) {
        char c = r->text.p[r->at++];
        if (c != '\\') {
            p[n++] = c;
            continue;
        }
        size_t k = read_escape(r, p + n);
        if (k == 0) return false;
        n += k;
    }
    *out = span_of(p, n);
    return take(r, '"');
}

/* ---- values ----------------------------------------------------------------------------------------------- */

static struct node *read_number(struct reader *r)
{
    size_t from = r->at;
    if (take_word(r, "NaN") || take_word(r, "Infinity") || take_word(r, "-Infinity") ||
        take_word(r, "nan") || take_word(r, "inf") || take_word(r, "-inf")) {
        struct node *word = new_node(r, KIND_NUMBER);
        if (word != NULL) word->text = span_slice(r->text, from, r->at);
        return word;
    }
    while (r->at < r->text.n && r->text.p[r->at] != '\0' &&
           strchr("0123456789+-.eE", r->text.p[r->at]) != NULL) {
        r->at++;
    }
    struct node *v = r->at == from ? NULL : new_node(r, KIND_NUMBER);
    if (v != NULL) v->text = span_slice(r->text, from, r->at);
    return v;
}

static struct node *read_list(struct reader *r, enum kind kind, char end, int depth)
{
    struct node *list = new_node(r, kind), **link = list == NULL ? NULL : &list->first;
    r->at++;
    if (list == NULL || take(r, end)) return list;
    do {
        struct span key = {NULL, 0};
        if (kind == KIND_OBJECT && (!read_text(r, &key) || !take(r, ':'))) return NULL;
        struct node *v = read_value(r, depth + 1);
        if (v == NULL) return NULL;
        v->key = key;
        *link = v;
        link = &v->next;
        list->n++;
    } while (take(r, ','));
    return take(r, end) ? list : NULL;
}

static struct node *read_value(struct reader *r, int depth)
{
    skip_space(r);
    if (r->at >= r->text.n || depth > MAX_DEPTH) return NULL;
    switch (r->text.p[r->at]) {
    case '[':
        return read_list(r, KIND_LIST, ']', depth);
    case '{':
        return read_list(r, KIND_OBJECT, '}', depth);
    case '"': {
        struct node *v = new_node(r, KIND_TEXT);
        return v != NULL && read_text(r, &v->text) ? v : NULL;
    }
    default:
        if (take_word(r, "null")) return new_node(r, KIND_NULL);
        if (take_word(r, "true")) return new_node(r, KIND_TRUE);
        if (take_word(r, "false")) return new_node(r, KIND_FALSE);
        return read_number(r);
    }
}

static struct node *read_all(struct span text, struct arena *a)
{
    struct reader r = {.text = text, .arena = a};
    struct node *v = read_value(&r, 0);
    skip_space(&r);
    return v != NULL && r.at == text.n ? v : NULL;
}

/* ---- comparing ---------------------------------------------------------------------------------------------- */

static bool is_integer(struct span s)
{
    size_t i = s.n > 0 && s.p[0] == '-';
    if (i == s.n) return false;
    for (; i < s.n; i++) {
        if (!isdigit((unsigned char)s.p[i])) return false;
    }
    return true;
}

static bool to_double(struct span s, double *out)
{
    char text[MAX_NUMBER];
    if (s.n >= sizeof(text)) return false;
    memcpy(text, s.p, s.n);
    text[s.n] = '\0';
    char *end;
    *out = strtod(text, &end);
    return end == text + s.n;
}

/* 0 and -0 are one number. */
static struct span plain_integer(struct span s)
{
    return span_is(s, "-0") ? span_str("0") : s;
}

static bool same_number(struct span x, struct span y, const struct tolerance *t)
{
    double a, b;
    if (is_integer(x) && is_integer(y)) return span_eq(plain_integer(x), plain_integer(y));
    if (!to_double(x, &a) || !to_double(y, &b) || isnan(a) || isnan(b)) return false;
    if (a >= b && a <= b) return true;
    if (t == NULL || !isfinite(a) || !isfinite(b)) return false;
    double gap = fabs(a - b);
    return gap <= t->absolute || gap <= t->relative * fabs(a);
}

static int by_key(const void *x, const void *y)
{
    const struct node *const *a = x, *const *b = y;
    struct span k = (*a)->key, l = (*b)->key;
    size_t n = k.n < l.n ? k.n : l.n;
    int order = n == 0 ? 0 : memcmp(k.p, l.p, n);
    return order != 0 ? order : (k.n > l.n) - (k.n < l.n);
}

static const struct node **sorted_members(const struct node *v, struct arena *a)
{
    const struct node **list = arena_alloc(a, v->n + 1, sizeof(*list));
    size_t n = 0;
    for (const struct node *m = v->first; list != NULL && m != NULL; m = m->next) {
        list[n++] = m;
    }
    if (list != NULL) qsort(list, n, sizeof(*list), by_key);
    return list;
}

static bool same(const struct node *x, const struct node *y, const struct tolerance *t,
                 struct arena *a);

static bool same_members(const struct node *x, const struct node *y, const struct tolerance *t,
                         struct arena *a)
{
    const struct node **p = sorted_members(x, a), **q = sorted_members(y, a);
    if (p == NULL || q == NULL) return false;
    for (size_t i = 0; i < x->n; i++) {
        if (!span_eq(p[i]->key, q[i]->key) || !same(p[i], q[i], t, a)) return false;
    }
    return true;
}

static bool same(const struct node *x, const struct node *y, const struct tolerance *t,
                 struct arena *a)
{
    if (x->kind != y->kind || x->n != y->n) return false;
    if (x->kind == KIND_NUMBER) return same_number(x->text, y->text, t);
    if (x->kind == KIND_TEXT) return span_eq(x->text, y->text);
    if (x->kind == KIND_OBJECT) return same_members(x, y, t, a);
    const struct node *p = x->first, *q = y->first;
    for (; p != NULL; p = p->next, q = q->next) {
        if (!same(p, q, t, a)) return false;
    }
    return true;
}

bool json_same(struct span x, struct span y, const struct tolerance *t, struct arena *a)
{
    struct node *p = read_all(x, a), *q = read_all(y, a);
    return p != NULL && q != NULL && same(p, q, t, a);
}
