/* base/json_tree.c - a scanned text as cJSON's tree, in one block.
 *
 *   block:  root | count, places | the other nodes, in the order of the text | places | texts
 *
 * (1) The block begins with the root, which is marked as a reference: cJSON_Delete(root) therefore
 *     frees the block and visits nothing in it, whatever its size. No other node is marked: a copy
 *     by cJSON_Duplicate() is an ordinary tree of its own.
 * (2) A string's, key's or number's text ends with a NUL and lies in the block; a number's text is
 *     the client's, byte for byte.
 * (3) Neither nodes nor texts outgrow what json_scan() counted.
 * (4) places[i] is where node i stands in the source; node 0 is the root.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/json.h"
#include "base/json_scan.h"
#include "base/mem.h"
#include "base/utf8.h"

static const char NUL_STAND_IN[2] = {(char)0xC0, (char)0x80};

/* Where a value stands in the source: [at, at + n). */
struct place {
    uint32_t at, n;
};

struct block {
    cJSON root;
    size_t n; /* nodes, the root among them */
    struct place *places;
    cJSON rest[];
};

struct builder {
    struct span source;
    size_t at;
    struct block *block;
    size_t n;   /* nodes so far */
    char *text; /* where the next text goes */
    struct error *err;
};

/* Bytes of the block; SIZE_MAX, which nobody has, when they overflow. */
static size_t block_bytes(const struct json_shape *shape)
{
    size_t each = sizeof(cJSON) + sizeof(struct place), bytes;
    bool fits = !__builtin_mul_overflow(shape->values, each, &bytes) &&
                !__builtin_add_overflow(bytes, sizeof(struct block) + shape->text, &bytes);
    return fits ? bytes : SIZE_MAX;
}

static struct block *block_new(const struct json_shape *shape, struct error *err)
{
    size_t bytes = block_bytes(shape);
    struct block *b = bytes < SIZE_MAX ? cJSON_malloc(bytes) : NULL;
    if (b == NULL) {
        error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a JSON text of %zu values",
                  shape->values);
        return NULL;
    }
    b->n = shape->values;
    b->places = (struct place *)(b->rest + shape->values - 1);
    return b;
}

static cJSON *new_node(struct builder *b)
{
    assert(b->n < b->block->n); /* (3) */
    cJSON *node = b->n == 0 ? &b->block->root : &b->block->rest[b->n - 1];
    *node = (cJSON){0};
    b->n++;
    return node;
}

static void skip_space(struct builder *b)
{
    const char *p = b->source.p;
    while (p[b->at] == ' ' || p[b->at] == '\n' || p[b->at] == '\r' || p[b->at] == '\t') {
        b->at++;
    }
}

static uint32_t read_hex(const char *p)
{
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        unit = unit << 4 | (uint32_t)ascii_hex(p[i]);
    }
    return unit;
}

/* The character of the escape \uXXXX whose digits begin at b->at, with the low half of its pair
 * where one follows. Half a pair is no character: U+FFFD. */
static uint32_t read_unicode(struct builder *b)
{
    const char *p = b->source.p + b->at;
    uint32_t c = read_hex(p);
    b->at += 4;
    if (c < 0xD800 || c > 0xDFFF) return c;
    uint32_t low = c < 0xDC00 && p[4] == '\\' && p[5] == 'u' ? read_hex(p + 6) : 0;
    if (low < 0xDC00 || low > 0xDFFF) return 0xFFFD;
    b->at += 6;
    return 0x10000 + ((c - 0xD800) << 10 | (low - 0xDC00));
}

static void read_escape(struct builder *b)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    char c = b->source.p[b->at++];
    if (c == 'u') {
        uint32_t code = read_unicode(b);
        if (code == 0) {
            memcpy(b->text, NUL_STAND_IN, 2);
            b->text += 2;
        } else {
            b->text += utf8_encode(code, b->text);
        }
        return;
    }
    const char *name = strchr(names, c);
    *b->text++ = name == NULL ? c : values[name - names];
}

/* The string at b->at, its quotes and escapes resolved. */
static char *read_string(struct builder *b)
{
    char *start = b->text;
    const char *p = b->source.p;
    for (b->at++; p[b->at] != '"';) {
        size_t plain = b->at;
        while (p[plain] != '"' && p[plain] != '\\') {
            plain++;
        }
        memcpy(b->text, p + b->at, plain - b->at);
        b->text += plain - b->at;
        b->at = plain;
        if (p[b->at] == '\\') {
            b->at++;
            read_escape(b);
        }
    }
    b->at++;
    *b->text++ = '\0';
    return start;
}

/* The double nearest to a number. Up to 15 digits over a power of ten are one rounding
 * of two exact doubles; the rest is strtod's. */
static double read_double(const char *text)
{
    static const double tens[] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                  1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const char *p = text + (text[0] == '-');
    int64_t whole = 0;
    int digits = 0, decimals = 0;
    bool after_point = false;
    for (; ascii_is_digit(*p) || *p == '.'; p++) {
        if (*p == '.') {
            after_point = true;
        } else if (++digits <= 15) {
            whole = whole * 10 + (*p - '0');
            decimals += after_point;
        }
    }
    if (*p != '\0' || digits > 15) return strtod(text, NULL);
    double value = (double)whole / tens[decimals];
    return text[0] == '-' ? -value : value;
}

static void read_number(struct builder *b, cJSON *node)
{
    node->type = cJSON_Number;
    node->valuestring = b->text;
    size_t start = b->at;
    while (b->at < b->source.n &&
           (ascii_is_digit(b->source.p[b->at]) || memchr("+-.eE", b->source.p[b->at], 5) != NULL)) {
        b->at++;
    }
    memcpy(b->text, b->source.p + start, b->at - start);
    b->text += b->at - start;
    *b->text++ = '\0';
    assert(node->valuestring + (b->at - start) + 1 == b->text); /* (2) */
    double d = node->valuedouble = read_double(node->valuestring);
    node->valueint = d >= INT_MAX ? INT_MAX : d <= INT_MIN ? INT_MIN : (int)d;
}

/* The byte at which the key of a member stands. Inside the key every quote has a backslash before
 * it, so the first without one, going back from the closing quote, opens it. */
static size_t key_start(const struct builder *b, const cJSON *member)
{
    const char *p = b->source.p + b->block->places[member - b->block->rest + 1].at - 1;
    while (*p != '"') {
        p--;
    }
    do {
        p--;
    } while (*p != '"' || p[-1] == '\\');
    return (size_t)(p - b->source.p);
}

static bool refuse_twice(const struct builder *b, const cJSON *member)
{
    return error_set(b->err, ERROR_INVALID_VALUE, member->string,
                     "\"%.100s\" stands twice, again at byte %zu", member->string,
                     key_start(b, member));
}

static int by_key(const void *x, const void *y)
{
    const cJSON *a = *(const cJSON *const *)x, *b = *(const cJSON *const *)y;
    int order = strcmp(a->string, b->string);
    return order != 0 ? order : (a > b) - (a < b);
}

/* No key of object, which has n members, stands twice. Few are compared with each other; many are
 * sorted, as a client chooses how many. */
static bool check_many_keys(const struct builder *b, const cJSON *object, size_t n)
{
    const cJSON **sorted = mem_new(n, sizeof(*sorted), b->err), *member, *twice = NULL;
    if (sorted == NULL) return false;
    size_t i = 0;
    cJSON_ArrayForEach(member, object)
    {
        sorted[i++] = member;
    }
    qsort(sorted, n, sizeof(*sorted), by_key);
    for (i = 1; i < n; i++) {
        bool same = strcmp(sorted[i - 1]->string, sorted[i]->string) == 0;
        if (same && (twice == NULL || sorted[i] < twice)) twice = sorted[i];
    }
    free(sorted);
    return twice == NULL || refuse_twice(b, twice);
}

static bool check_keys(const struct builder *b, const cJSON *object, size_t n)
{
    enum { FEW = 12 };
    if (n > FEW) return check_many_keys(b, object, n);
    for (const cJSON *x = object->child; x != NULL; x = x->next) {
        for (const cJSON *y = object->child; y != x; y = y->next) {
            if (strcmp(x->string, y->string) == 0) return refuse_twice(b, x);
        }
    }
    return true;
}

static cJSON *build(struct builder *b);

/* Build the next child of parent, under key (NULL in an array), after last (NULL: the first). */
static cJSON *build_child(struct builder *b, cJSON *parent, cJSON *last, char *key)
{
    skip_space(b);
    cJSON *child = build(b);
    if (child == NULL) return NULL;
    child->string = key;
    child->prev = last;
    *(last == NULL ? &parent->child : &last->next) = child;
    parent->child->prev = child; /* as cJSON keeps it: the first one's prev is the last */
    skip_space(b);
    return child;
}

static bool build_array(struct builder *b, cJSON *node)
{
    node->type = cJSON_Array;
    b->at++;
    skip_space(b);
    cJSON *last = NULL;
    for (size_t i = 0; b->source.p[b->at] != ']'; i++) {
        if (last != NULL) b->at++; /* the comma */
        last = build_child(b, node, last, NULL);
        if (last == NULL) return error_in(b->err, "[%zu]", i);
    }
    b->at++;
    return true;
}

static bool build_object(struct builder *b, cJSON *node)
{
    node->type = cJSON_Object;
    b->at++;
    skip_space(b);
    cJSON *last = NULL;
    size_t n = 0;
    for (; b->source.p[b->at] != '}'; n++) {
        if (last != NULL) b->at++; /* the comma */
        skip_space(b);
        char *key = read_string(b);
        skip_space(b);
        b->at++; /* the colon */
        last = build_child(b, node, last, key);
        if (last == NULL) return error_in(b->err, "%s", key);
    }
    b->at++;
    return check_keys(b, node, n);
}

static bool build_value(struct builder *b, cJSON *node)
{
    switch (b->source.p[b->at]) {
    case '{':
        return build_object(b, node);
    case '[':
        return build_array(b, node);
    case '"':
        node->type = cJSON_String;
        node->valuestring = read_string(b);
        return true;
    case 't':
        node->type = cJSON_True;
        node->valueint = 1;
        b->at += 4;
        return true;
    case 'f':
        node->type = cJSON_False;
        b->at += 5;
        return true;
    case 'n':
        node->type = cJSON_NULL;
        b->at += 4;
        return true;
    default:
        read_number(b, node);
        return true;
    }
}

/* The value at b->at as a node; NULL and the error when a key in it stands twice. */
static cJSON *build(struct builder *b)
{
    struct place *place = &b->block->places[b->n];
    cJSON *node = new_node(b);
    place->at = (uint32_t)b->at;
    if (!build_value(b, node)) return NULL;
    place->n = (uint32_t)b->at - place->at;
    return node;
}

static cJSON *build_tree(struct span text, const struct json_shape *shape, struct error *err)
{
    struct error own = {0};
    struct block *block = block_new(shape, err);
    if (block == NULL) return NULL;
    struct builder b = {.source = span_slice(text, 0, shape->end),
                        .block = block,
                        .text = (char *)(block->places + shape->values),
                        .err = &own};
    const char *room = b.text;
    skip_space(&b);
    bool ok = build(&b) != NULL;
    assert(!ok || b.n == shape->values);            /* (4) */
    assert((size_t)(b.text - room) <= shape->text); /* (3) */
    block->root.type |= cJSON_IsReference;          /* (1) */
    if (ok) return &block->root;
    if (err != NULL) *err = own;
    cJSON_Delete(&block->root);
    return NULL;
}

static bool fits_places(struct span text, struct error *err)
{
    if (text.n <= UINT32_MAX) return true;
    return error_set(err, ERROR_TOO_LARGE, NULL, "a JSON text of %zu bytes; at most %u", text.n,
                     UINT32_MAX);
}

cJSON *json_parse_within(struct span text, struct quota *quota, size_t *bytes, struct error *err)
{
    struct json_shape shape;
    *bytes = 0;
    if (!fits_places(text, err) || !json_scan(text, &shape, err)) return NULL;
    size_t wanted = block_bytes(&shape);
    if (!quota_grow(quota, 0, wanted)) {
        error_set(err, ERROR_NO_MEMORY, NULL, "no memory for a JSON text of %zu values",
                  shape.values);
        return NULL;
    }
    cJSON *root = build_tree(text, &shape, err);
    if (root == NULL) quota_give(quota, wanted);
    if (root != NULL) *bytes = wanted;
    return root;
}

cJSON *json_parse(struct span text, struct error *err)
{
    size_t bytes;
    return json_parse_within(text, NULL, &bytes, err);
}

cJSON *json_parse_front(struct span text, size_t *end, struct error *err)
{
    struct json_shape shape;
    if (!fits_places(text, err) || !json_scan_front(text, &shape, err)) return NULL;
    *end = shape.end;
    return build_tree(text, &shape, err);
}

struct span json_source(const cJSON *root, const cJSON *value, struct span text)
{
    assert((root->type & cJSON_IsReference) != 0); /* (1): a document, not a copy of one */
    const struct block *b = (const struct block *)(const void *)root;
    size_t i = value == root ? 0 : (size_t)(value - b->rest) + 1;
    assert(i < b->n); /* (4) */
    const struct place *at = &b->places[i];
    return span_slice(text, at->at, (size_t)at->at + at->n);
}

/* The bytes of one of a tree's strings, U+0000 restored. */
static struct span true_bytes(const char *string, struct arena *a)
{
    struct span s = span_str(string), stand_in = span_of(NUL_STAND_IN, 2);
    if (memchr(s.p, NUL_STAND_IN[0], s.n) == NULL) return s;
    char *copy = arena_alloc(a, s.n, 1);
    if (copy == NULL) return span_of(NULL, 0);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool nul = span_starts(span_slice(s, i, s.n), stand_in);
        copy[n++] = nul ? '\0' : s.p[i];
        i += nul;
    }
    return span_of(copy, n);
}

struct span json_text(const cJSON *value, struct arena *a)
{
    return cJSON_IsString(value) ? true_bytes(value->valuestring, a) : span_of(NULL, 0);
}

bool json_has_nul(const cJSON *value)
{
    return cJSON_IsString(value) &&
           span_find(span_str(value->valuestring), span_of(NUL_STAND_IN, 2), 0) != SPAN_NONE;
}

struct span json_key(const cJSON *member, struct arena *a)
{
    return true_bytes(member->string, a);
}
