/* tests/fuzz/fuzz_json.c - what json_parse() takes is JSON as a validator of another make has it; its
 * places cover the source; numbers and strings come back; the budget is kept.
 *
 * The validator is a table of states for bytes with a stack of brackets, as the grammar is drawn at
 * json.org: nothing of it is shared with the parser's recursive descent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_scan.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- the validator ---- */

enum state {
    VALUE,   /* a value is due */
    FIRST,   /* a value or ] */
    KEY,     /* a key is due */
    KEYS,    /* a key or } */
    COLON,   /* : is due */
    AFTER,   /* a value has ended */
    STRING,  /* within a string */
    ESCAPE,  /* after a backslash */
    HEX,     /* within \uXXXX: `left` digits are due */
    WORD,    /* within true, false, null: `rest` is due */
    MINUS,   /* after - */
    ZERO,    /* after a leading 0 */
    INT,     /* within the digits before the point */
    POINT,   /* after the point */
    FRAC,    /* within the decimals */
    EXP,     /* after e */
    EXPSIGN, /* after e+ */
    EXPINT,  /* within the exponent's digits */
    BAD
};

struct machine {
    enum state s;
    char stack[JSON_MAX_DEPTH];
    int depth, left;
    bool is_key;
    const char *rest;
    size_t values;
};

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static enum state open_bracket(struct machine *m, char c)
{
    if (m->depth == JSON_MAX_DEPTH) return BAD;
    m->stack[m->depth++] = c;
    return c == '[' ? FIRST : KEYS;
}

static enum state close_bracket(struct machine *m, char open)
{
    if (m->depth == 0 || m->stack[m->depth - 1] != open) return BAD;
    m->depth--;
    return AFTER;
}

static enum state begin_value(struct machine *m, int c)
{
    m->values++;
    m->is_key = false;
    if (c == '{' || c == '[') return open_bracket(m, (char)c);
    if (c == '"') return STRING;
    if (c == '-') return MINUS;
    if (c == '0') return ZERO;
    if (c >= '1' && c <= '9') return INT;
    m->rest = c == 't' ? "rue" : c == 'f' ? "alse" : c == 'n' ? "ull" : NULL;
    return m->rest == NULL ? BAD : WORD;
}

static enum state after_value(struct machine *m, int c)
{
    if (is_space(c)) return AFTER;
    if (c == ']') return close_bracket(m, '[');
    if (c == '}') return close_bracket(m, '{');
    if (c != ',' || m->depth == 0) return BAD;
    return m->stack[m->depth - 1] == '[' ? VALUE : KEY;
}

static enum state in_number(struct machine *m, int c)
{
    bool digit = c >= '0' && c <= '9';
    switch (m->s) {
    case MINUS:
        return c == '0' ? ZERO : digit ? INT : BAD;
    case INT:
        if (digit) return INT; /* fall through */
    case ZERO:
        if (digit) return BAD;
        if (c == '.') return POINT;
        break;
    case POINT:
        return digit ? FRAC : BAD;
    case FRAC:
        if (digit) return FRAC;
        break;
    case EXP:
        if (c == '+' || c == '-') return EXPSIGN; /* fall through */
    case EXPSIGN:
        return digit ? EXPINT : BAD;
    default:
        return digit ? EXPINT : after_value(m, c);
    }
    return c == 'e' || c == 'E' ? EXP : after_value(m, c);
}

static enum state in_string(struct machine *m, int c)
{
    if (m->s == HEX) {
        bool hex = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
        return !hex ? BAD : --m->left == 0 ? STRING : HEX;
    }
    if (m->s == ESCAPE) {
        m->left = 4;
        return c == 'u' ? HEX : c != 0 && strchr("\"\\/bfnrt", c) != NULL ? STRING : BAD;
    }
    if (c == '"') return m->is_key ? COLON : AFTER;
    return c < 0x20 ? BAD : c == '\\' ? ESCAPE : STRING;
}

static enum state step(struct machine *m, int c)
{
    switch (m->s) {
    case VALUE:
        return is_space(c) ? VALUE : begin_value(m, c);
    case FIRST:
        return is_space(c) ? FIRST : c == ']' ? close_bracket(m, '[') : begin_value(m, c);
    case KEYS:
        if (c == '}') return close_bracket(m, '{'); /* fall through */
    case KEY:
        m->is_key = true;
        return is_space(c) ? m->s : c == '"' ? STRING : BAD;
    case COLON:
        return is_space(c) ? COLON : c == ':' ? VALUE : BAD;
    case AFTER:
        return after_value(m, c);
    case STRING:
    case ESCAPE:
    case HEX:
        return in_string(m, c);
    case WORD:
        if (c != *m->rest++) return BAD;
        return *m->rest == '\0' ? AFTER : WORD;
    default:
        return in_number(m, c);
    }
}

static bool is_json(struct span text, size_t *values)
{
    struct machine m = {.s = VALUE};
    for (size_t i = 0; i < text.n && m.s != BAD; i++) {
        m.s = step(&m, (unsigned char)text.p[i]);
    }
    *values = m.values;
    bool ended = m.s == AFTER || m.s == ZERO || m.s == INT || m.s == FRAC || m.s == EXPINT;
    return ended && m.depth == 0 && utf8_is_valid(text);
}

/* ---- what a tree must hold ---- */

static void check(const cJSON *root, const cJSON *v, struct span source, struct arena *a)
{
    struct span own = json_source(root, v, source);
    assert(own.n > 0 && own.p >= source.p && own.p + own.n <= source.p + source.n);
    assert(!is_space(own.p[0]) && !is_space(own.p[own.n - 1]));
    if (cJSON_IsNumber(v)) {
        char scratch[JSON_NUMBER_ROOM];
        struct digits d;
        assert(span_eq(json_number(v, scratch), own));
        assert(json_digits(v, scratch, &d));
        double near = strtod(v->valuestring, NULL);
        assert(memcmp(&near, &v->valuedouble, sizeof(near)) == 0);
        int64_t whole;
        if (json_int64(v, &whole)) assert((double)whole == v->valuedouble);
        assert(json_compare(v, v) == 0);
    } else if (cJSON_IsString(v)) {
        assert(own.p[0] == '"' && own.p[own.n - 1] == '"' && json_text(v, a).n + 2 <= own.n);
    } else if (v->child != NULL) {
        const cJSON *child;
        const char *from = own.p;
        cJSON_ArrayForEach(child, v)
        {
            struct span inner = json_source(root, child, source);
            assert(inner.p > from && inner.p + inner.n < own.p + own.n);
            from = inner.p + inner.n - 1;
            check(root, child, source, a);
        }
    }
}

/* The same values, strings byte for byte, numbers digit for digit. */
static void check_same(const cJSON *x, const cJSON *y, struct arena *a)
{
    char r[JSON_NUMBER_ROOM], s[JSON_NUMBER_ROOM];
    assert((x->type & 0xff) == (y->type & 0xff));
    if (cJSON_IsNumber(x)) assert(span_eq(json_number(x, r), json_number(y, s)));
    if (cJSON_IsString(x)) assert(span_eq(json_text(x, a), json_text(y, a)));
    const cJSON *i = x->child, *j = y->child;
    for (; i != NULL && j != NULL; i = i->next, j = j->next) {
        if (cJSON_IsObject(x)) assert(strcmp(i->string, j->string) == 0);
        check_same(i, j, a);
    }
    assert(i == NULL && j == NULL);
}

static void check_tree(const cJSON *root, struct span text)
{
    struct arena *a = arena_new(64 << 20);
    struct buffer out;
    assert(a != NULL);
    check(root, root, text, a);
    buffer_init(&out, 64 << 20);
    assert(json_print(root, &out));
    cJSON *back = json_parse(buffer_span(&out), NULL), *copy = cJSON_Duplicate(root, true);
    assert(back != NULL && copy != NULL);
    check_same(root, back, a);
    check_same(root, copy, a);
    cJSON_Delete(back);
    cJSON_Delete(copy);
    buffer_clear(&out);
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = span_of(data, size);
    struct error err = {0};
    size_t values = 0, end = 0;
    cJSON *root = json_parse(text, &err);
    bool valid = is_json(text, &values);
    if (root == NULL) {
        bool twice = err.code == ERROR_INVALID_VALUE, many = err.code == ERROR_TOO_LARGE;
        assert(err.message[0] != '\0');
        assert(valid ? twice || many : !twice);
        return 0;
    }
    assert(valid);
    struct json_shape shape;
    assert(json_scan(text, &shape, &err) && shape.values == values);
    assert(shape.values <= JSON_FREE_VALUES + size / JSON_BYTES_PER_VALUE);
    check_tree(root, text);
    cJSON_Delete(root);
    cJSON *front = json_parse_front(text, &end, &err);
    assert(front != NULL && end <= size);
    cJSON_Delete(front);
    return 0;
}
