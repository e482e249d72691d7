/* reward/plan/sexpr.c - see sexpr.h. One pass with a stack of the lists that are open.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/plan/sexpr.h"

#include <assert.h>

#include "base/ascii.h"

struct reader {
    struct span text;
    size_t at;
    struct arena *arena;
    struct error *err;
};

size_t sexpr_name_length(struct span s)
{
    size_t n = 0;
    while (n < s.n && !ascii_is_space(s.p[n]) && s.p[n] != '(' && s.p[n] != ')' && s.p[n] != ';') {
        n++;
    }
    return n;
}

struct span sexpr_lower(struct span name, struct arena *a)
{
    char *p = arena_str(a, name);
    if (p == NULL) return span_of(NULL, 0);
    for (size_t i = 0; i < name.n; i++) {
        p[i] = (char)ascii_lower(p[i]);
    }
    return span_of(p, name.n);
}

static bool fail(const struct reader *r, const char *what)
{
    size_t line = 1;
    for (size_t i = 0; i < r->at && i < r->text.n; i++) {
        line += r->text.p[i] == '\n';
    }
    return error_set(r->err, ERROR_UNPARSABLE, NULL, "%s in line %zu", what, line);
}

static void skip_blank(struct reader *r)
{
    while (r->at < r->text.n) {
        char c = r->text.p[r->at];
        if (c == ';') {
            size_t end = span_find(r->text, span_str("\n"), r->at);
            r->at = end == SPAN_NONE ? r->text.n : end;
        } else if (ascii_is_space(c)) {
            r->at++;
        } else {
            return;
        }
    }
}

static struct sexpr *new_atom(struct reader *r)
{
    size_t n = sexpr_name_length(span_slice(r->text, r->at, r->text.n));
    struct sexpr *e = arena_alloc(r->arena, 1, sizeof(*e));
    if (e == NULL) return NULL;
    e->atom = sexpr_lower(span_slice(r->text, r->at, r->at + n), r->arena);
    r->at += n;
    return e->atom.p == NULL ? NULL : e;
}

/* The lists being read, and where each one's next element goes. */
struct stack {
    struct sexpr **tails[SEXPR_MAX_DEPTH + 1];
    int depth;
};

/* Read one token and put it where it belongs. False: err. */
static bool read_token(struct reader *r, struct stack *s)
{
    struct sexpr *e;
    char c = r->text.p[r->at];
    if (c == ')') {
        if (s->depth == 0) return fail(r, "a parenthesis too many");
        s->depth--;
        r->at++;
        return true;
    }
    if (c == '(') {
        if (s->depth == SEXPR_MAX_DEPTH) return fail(r, "parentheses too deep");
        e = arena_alloc(r->arena, 1, sizeof(*e));
        r->at++;
    } else {
        e = new_atom(r);
    }
    if (e == NULL) return error_set(r->err, ERROR_TOO_LARGE, NULL, "the text is too large");
    assert(s->depth >= 0 && *s->tails[s->depth] == NULL); /* a tail is where nothing stands yet */
    *s->tails[s->depth] = e;
    s->tails[s->depth] = &e->next;
    if (c == '(') s->tails[++s->depth] = &e->first;
    return true;
}

struct sexpr *sexpr_parse(struct span text, struct arena *a, struct error *err)
{
    struct reader r = {.text = text, .arena = a, .err = err};
    struct sexpr *first = NULL;
    struct stack s = {.tails = {&first}};
    if (text.n > SEXPR_MAX_BYTES) {
        error_set(err, ERROR_TOO_LARGE, NULL, "%zu bytes; at most %d", text.n, SEXPR_MAX_BYTES);
        return NULL;
    }
    for (skip_blank(&r); r.at < text.n; skip_blank(&r)) {
        if (!read_token(&r, &s)) return NULL;
    }
    if (s.depth > 0) {
        fail(&r, "a parenthesis is not closed");
        return NULL;
    }
    if (first == NULL || first->next != NULL) {
        error_set(err, ERROR_UNPARSABLE, NULL, "there must be exactly one expression");
        return NULL;
    }
    return first;
}

bool sexpr_is_form(const struct sexpr *e, const char *name)
{
    return sexpr_is_list(e) && sexpr_is_atom(e->first) && span_is(e->first->atom, name);
}

int sexpr_count(const struct sexpr *list)
{
    int n = 0;
    for (const struct sexpr *e = list->first; e != NULL; e = e->next) {
        n++;
    }
    return n;
}

const char *sexpr_text(const struct sexpr *e, struct arena *a)
{
    if (!sexpr_is_atom(e)) return "(...)";
    const char *text = arena_str(a, span_slice(e->atom, 0, 40));
    return text == NULL ? "?" : text;
}
