/* engine/sample/form/ebnf.c - see ebnf.h.
 *
 * A rule ends where the next one begins: at a name before ::= or :. So lines need no attention.
 * What holds no rule stays one expression (struct part), since an expression is read faster than
 * rules are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/ebnf.h"

#include <stdlib.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buffer.h"
#include "base/mem.h"
#include "engine/sample/form/ids.h"
#include "engine/sample/form/pattern.h"

enum { MAX_DEPTH = 200 };

struct name {
    struct span text;
    int rule;
    bool defined;
    size_t used_at; /* first, for the message */
};

struct parser {
    struct grammar *g;
    struct rx_pool *pool;
    struct span text;
    size_t at;
    bool lark;
    int depth;
    struct name *names;
    int n_names, names_room;
    struct ids ids;
    struct error *err;
};

/* A piece of a right side: an expression, or a symbol where rules are in it. */
struct part {
    bool is_symbol;
    rx text;
    int symbol;
};

struct parts {
    struct part *items; /* owned */
    int n, room;
};

static bool refuse(const struct parser *ps, enum error_code code, const char *what)
{
    int line = 1;
    for (size_t i = 0; i < ps->at && i < ps->text.n; i++) {
        line += ps->text.p[i] == '\n';
    }
    return error_set(ps->err, code, "", "%s in line %d of the grammar", what, line);
}

/* ---- characters ------------------------------------------------------------------------------ */

static bool at_text(const struct parser *ps, const char *s)
{
    return span_starts(span_slice(ps->text, ps->at, ps->text.n), span_str(s));
}

static bool take(struct parser *ps, const char *s)
{
    if (!at_text(ps, s)) return false;
    ps->at += strlen(s);
    return true;
}

static bool more(const struct parser *ps)
{
    return ps->at < ps->text.n;
}

static void skip_line(struct parser *ps)
{
    while (more(ps) && ps->text.p[ps->at] != '\n') {
        ps->at++;
    }
}

/* White space and comments. */
static void skip(struct parser *ps)
{
    for (;;) {
        while (more(ps) && ascii_is_space(ps->text.p[ps->at])) {
            ps->at++;
        }
        if (!at_text(ps, "#") && !at_text(ps, "//")) return;
        skip_line(ps);
    }
}

static bool is_name_char(char c)
{
    return ascii_is_letter(c) || ascii_is_digit(c) || c == '_' || c == '-';
}

static struct span take_name(struct parser *ps)
{
    size_t from = ps->at;
    if (ps->lark && (at_text(ps, "?") || at_text(ps, "!")))
        ps->at++; /* how a Lark tree is made: nothing here */
    if (ps->lark) from = ps->at;
    while (more(ps) && is_name_char(ps->text.p[ps->at])) {
        ps->at++;
    }
    return span_slice(ps->text, from, ps->at);
}

/* ::= or, in Lark, : (with a priority before it). */
static bool take_defines(struct parser *ps)
{
    skip(ps);
    if (take(ps, "::=")) return true;
    if (!ps->lark) return false;
    size_t from = ps->at;
    if (take(ps, ".")) {
        while (more(ps) && ascii_is_digit(ps->text.p[ps->at])) {
            ps->at++;
        }
        skip(ps);
    }
    if (take(ps, ":")) return true;
    ps->at = from;
    return false;
}

/* Does a rule begin here? */
static bool at_rule(struct parser *ps)
{
    size_t from = ps->at;
    bool begins = take_name(ps).n > 0 && take_defines(ps);
    ps->at = from;
    return begins;
}

/* ---- names ----------------------------------------------------------------------------------- */

static struct name *name_of(struct parser *ps, struct span text)
{
    uint64_t hash = text.n;
    for (size_t i = 0; i < text.n; i++) {
        hash = ids_mix(hash, (uint8_t)text.p[i]);
    }
    for (int at = -1, id; (id = ids_next(&ps->ids, hash, &at)) >= 0;) {
        if (span_eq(ps->names[id].text, text)) return &ps->names[id];
    }
    if (ps->n_names >= EBNF_MAX_RULES) {
        refuse(ps, ERROR_TOO_LARGE, "too many rules");
        return NULL;
    }
    if (!mem_reserve(&ps->names, ps->n_names + 1, &ps->names_room, sizeof(*ps->names)) ||
        !ids_put(&ps->ids, hash, ps->n_names)) {
        error_set(ps->err, ERROR_NO_MEMORY, "", "out of memory for a grammar");
        return NULL;
    }
    struct name *made = &ps->names[ps->n_names++];
    *made = (struct name){.text = text, .rule = grammar_rule(ps->g), .used_at = ps->at};
    return made;
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static struct part of_text(rx text)
{
    return (struct part){.text = text};
}

static int symbol_of(struct parser *ps, const struct part *part)
{
    return part->is_symbol ? part->symbol : grammar_terminal(ps->g, part->text);
}

/* The end of a piece that `closing` ends, backslashes skipped; false: it isn't closed. */
static bool find_end(struct parser *ps, char closing, size_t *end)
{
    for (size_t i = ps->at; i < ps->text.n; i++) {
        if (ps->text.p[i] == '\\') {
            i++;
        } else if (ps->text.p[i] == closing) {
            *end = i;
            return true;
        } else if (ps->text.p[i] == '\n' && closing != ']') {
            return false;
        }
    }
    return false;
}

/* A piece written as a regular expression of its own. */
static bool add_pattern(struct parser *ps, struct span pattern, bool any_case, struct part *out)
{
    struct error why = {0};
    struct buffer text;
    buffer_init(&text, PATTERN_MAX_BYTES);
    buffer_add_str(&text, any_case ? "(?i)" : "");
    buffer_add_span(&text, pattern);
    rx made = RX_NONE;
    bool fine = pattern_rx(ps->pool, buffer_span(&text), PATTERN_WHOLE, CHARS_PLAIN, &made, &why);
    buffer_clear(&text);
    *out = of_text(made);
    return fine || refuse(ps, why.code, why.message);
}

/* "..." or '...' as a pattern: its characters escaped, its own escapes kept. */
static bool literal(struct parser *ps, char quote, struct part *out)
{
    size_t end;
    struct buffer text;
    if (!find_end(ps, quote, &end)) return refuse(ps, ERROR_INVALID_VALUE, "an unclosed string");
    buffer_init(&text, PATTERN_MAX_BYTES);
    for (size_t i = ps->at; i < end; i++) {
        char c = ps->text.p[i];
        if (c == '\\' && i + 1 < end) {
            buffer_add_char(&text, c);
            c = ps->text.p[++i];
        } else if (strchr("\\^$.|?*+()[]{}/", c) != NULL) {
            buffer_add_char(&text, '\\');
        }
        buffer_add_char(&text, c);
    }
    ps->at = end + 1;
    bool fine = add_pattern(ps, buffer_span(&text), take(ps, "i"), out);
    buffer_clear(&text);
    return fine;
}

static bool character_class(struct parser *ps, struct part *out)
{
    size_t from = ps->at - 1, end;
    if (!find_end(ps, ']', &end)) return refuse(ps, ERROR_INVALID_VALUE, "an unclosed class");
    ps->at = end + 1;
    return add_pattern(ps, span_slice(ps->text, from, ps->at), false, out);
}

/* /.../ with the flags i and s. */
static bool expression(struct parser *ps, struct part *out)
{
    size_t from = ps->at, end;
    if (!find_end(ps, '/', &end))
        return refuse(ps, ERROR_INVALID_VALUE, "an unclosed regular expression");
    ps->at = end + 1;
    return add_pattern(ps, span_slice(ps->text, from, end), take(ps, "i"), out);
}

static bool alternatives(struct parser *ps, struct part *out);

static bool group(struct parser *ps, const char *closing, struct part *out)
{
    if (++ps->depth > MAX_DEPTH)
        return refuse(ps, ERROR_UNSUPPORTED, "groups within groups, too deep,");
    if (!alternatives(ps, out)) return false;
    skip(ps);
    ps->depth--;
    return take(ps, closing) || refuse(ps, ERROR_INVALID_VALUE, "an unclosed group");
}

static bool optional(struct parser *ps, struct part *part)
{
    if (part->is_symbol) {
        part->symbol = grammar_optional(ps->g, part->symbol);
    } else {
        part->text = rx_or(ps->pool, RX_EMPTY, part->text);
    }
    return true;
}

static bool reference(struct parser *ps, struct part *out)
{
    struct name *name = name_of(ps, take_name(ps));
    if (name == NULL) return false;
    *out = (struct part){.is_symbol = true, .symbol = name->rule};
    return true;
}

static bool piece(struct parser *ps, struct part *out)
{
    if (at_text(ps, "(=")) return refuse(ps, ERROR_UNSUPPORTED, "look-ahead");
    if (take(ps, "\"")) return literal(ps, '"', out);
    if (take(ps, "'")) return literal(ps, '\'', out);
    if (take(ps, "(")) return group(ps, ")", out);
    if (take(ps, "/")) return expression(ps, out);
    if (ps->lark && take(ps, "[")) return group(ps, "]", out) && optional(ps, out);
    if (take(ps, "[")) return character_class(ps, out);
    if (take(ps, ".")) {
        *out = of_text(chars_class_rx(ps->pool, CHARS_ANY, CHARS_PLAIN));
        return true;
    }
    if (more(ps) && is_name_char(ps->text.p[ps->at])) return reference(ps, out);
    return refuse(ps, ERROR_INVALID_VALUE, "something that is no part of a rule");
}

/* ---- repetition ------------------------------------------------------------------------------ */

static bool number(struct parser *ps, int *value)
{
    skip(ps);
    if (!more(ps) || !ascii_is_digit(ps->text.p[ps->at])) return false;
    long n = 0;
    while (more(ps) && ascii_is_digit(ps->text.p[ps->at])) {
        n = n * 10 + ps->text.p[ps->at++] - '0';
        if (n > PATTERN_MAX_REPEAT) n = PATTERN_MAX_REPEAT + 1;
    }
    *value = (int)n;
    return true;
}

static bool braces(struct parser *ps, int *min, int *max)
{
    bool has_min = number(ps, min);
    if (!has_min) *min = 0;
    skip(ps);
    *max = *min;
    if (take(ps, ",")) {
        if (!number(ps, max)) *max = RX_UNBOUNDED;
        skip(ps);
    } else if (!has_min) {
        return refuse(ps, ERROR_INVALID_VALUE, "a broken repetition");
    }
    return take(ps, "}") || refuse(ps, ERROR_INVALID_VALUE, "a broken repetition");
}

/* ~m and ~m..n of Lark */
static bool tilde(struct parser *ps, int *min, int *max)
{
    if (!number(ps, min)) return refuse(ps, ERROR_INVALID_VALUE, "a broken repetition");
    *max = *min;
    return !take(ps, "..") || number(ps, max) ||
           refuse(ps, ERROR_INVALID_VALUE, "a broken repetition");
}

/* How many times. */
struct times {
    int min, max;
};

static bool one_repetition(struct parser *ps, struct times *t, bool *found)
{
    size_t before = ps->at;
    *t = (struct times){0, RX_UNBOUNDED};
    *found = true;
    skip(ps);
    if (take(ps, "+")) {
        t->min = 1;
    } else if (take(ps, "{")) {
        if (!braces(ps, &t->min, &t->max)) return false;
    } else if (ps->lark && take(ps, "~")) {
        if (!tilde(ps, &t->min, &t->max)) return false;
    } else if (ps->lark && at_text(ps, "?") && at_rule(ps)) { /* ?rule: of the next line */
        *found = false;
    } else if (take(ps, "?")) {
        t->max = 1;
    } else if (!take(ps, "*")) {
        *found = false;
    }
    if (!*found) ps->at = before;
    if (t->min > PATTERN_MAX_REPEAT || t->max > PATTERN_MAX_REPEAT)
        return refuse(ps, ERROR_TOO_LARGE, "too many repetitions");
    if (t->max != RX_UNBOUNDED && t->min > t->max)
        return refuse(ps, ERROR_INVALID_VALUE, "a repetition from high to low");
    return true;
}

static void repeat(struct parser *ps, struct part *part, struct times t)
{
    if (t.min == 1 && t.max == 1) return;
    if (part->is_symbol) {
        part->symbol = grammar_repeat(ps->g, part->symbol, GRAMMAR_NO_SYMBOL, t.min, t.max);
    } else {
        part->text = rx_repeat(ps->pool, part->text, t.min, t.max);
    }
}

/* One repetition of another is one, where all numbers between are reached (a first of none or one
 * sees to it): a** is a*, and no more work than that. */
static bool join_times(struct times *t, struct times outer)
{
    struct times all = {t->min * outer.min, RX_UNBOUNDED};
    if (t->min > 1) return false;
    if (t->max == 0 || outer.max == 0) {
        all.max = 0;
    } else if (t->max != RX_UNBOUNDED && outer.max != RX_UNBOUNDED) {
        if ((long)t->max * outer.max > PATTERN_MAX_REPEAT) return false;
        all.max = t->max * outer.max;
    }
    *t = all;
    return true;
}

static bool repeated_piece(struct parser *ps, struct part *out)
{
    struct times all = {1, 1}, one;
    bool found;
    if (!piece(ps, out)) return false;
    for (;;) {
        if (!one_repetition(ps, &one, &found)) return false;
        if (found && join_times(&all, one)) continue;
        repeat(ps, out, all);
        if (!found) return true;
        all = one;
    }
}

/* ---- sequences and alternatives -------------------------------------------------------------- */

static bool parts_add(struct parser *ps, struct parts *l, struct part part)
{
    if (l->n > 0 && !part.is_symbol &&
        !l->items[l->n - 1].is_symbol) { /* neighbours are one expression */
        l->items[l->n - 1].text = rx_cat(ps->pool, l->items[l->n - 1].text, part.text);
        return true;
    }
    if (!mem_reserve(&l->items, l->n + 1, &l->room, sizeof(*l->items))) {
        return error_set(ps->err, ERROR_NO_MEMORY, "", "out of memory for a grammar");
    }
    l->items[l->n++] = part;
    return true;
}

static bool ends_sequence(struct parser *ps)
{
    skip(ps);
    if (!more(ps) || at_text(ps, "|") || at_text(ps, ")") || (ps->lark && at_text(ps, "]")))
        return true;
    if (at_text(ps, "%")) return true;
    if (ps->lark && take(ps, "->")) { /* the name of a Lark tree */
        skip(ps);
        take_name(ps);
        return ends_sequence(ps);
    }
    return ps->depth == 0 && at_rule(ps);
}

/* A sequence as a rule of its symbols, or one expression. */
static struct part sequence_part(struct parser *ps, const struct parts *l)
{
    if (l->n == 0) return of_text(RX_EMPTY);
    if (l->n == 1) return l->items[0];
    int rule = grammar_rule(ps->g);
    int *symbols = mem_new((size_t)l->n, sizeof(*symbols), ps->err);
    for (int i = 0; symbols != NULL && i < l->n; i++) {
        symbols[i] = symbol_of(ps, &l->items[i]);
    }
    if (symbols != NULL) grammar_add(ps->g, rule, symbols, l->n);
    free(symbols);
    return (struct part){.is_symbol = true, .symbol = rule};
}

static bool sequence(struct parser *ps, struct part *out)
{
    struct parts l = {0};
    bool fine = true;
    while (fine && !ends_sequence(ps)) {
        struct part part;
        fine = repeated_piece(ps, &part) && parts_add(ps, &l, part);
    }
    *out = fine ? sequence_part(ps, &l) : of_text(RX_NONE);
    free(l.items);
    return fine;
}

static bool alternatives(struct parser *ps, struct part *out)
{
    if (!sequence(ps, out)) return false;
    while (take(ps, "|")) {
        struct part other;
        if (!sequence(ps, &other)) return false;
        if (!out->is_symbol && !other.is_symbol) {
            out->text = rx_or(ps->pool, out->text, other.text);
            continue;
        }
        int rule = grammar_rule(ps->g), a = symbol_of(ps, out), b = symbol_of(ps, &other);
        grammar_add(ps->g, rule, &a, 1);
        grammar_add(ps->g, rule, &b, 1);
        *out = (struct part){.is_symbol = true, .symbol = rule};
    }
    return true;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool one_rule(struct parser *ps)
{
    struct part right;
    struct name *name;
    if (at_text(ps, "%")) return refuse(ps, ERROR_UNSUPPORTED, "a directive (%ignore, %import)");
    struct span text = take_name(ps);
    if (text.n == 0 || !take_defines(ps))
        return refuse(ps, ERROR_INVALID_VALUE, "no rule (name ::= ...)");
    name = name_of(ps, text);
    if (name == NULL) return false;
    if (name->defined) return refuse(ps, ERROR_INVALID_VALUE, "a rule that was defined before");
    name->defined = true;
    int rule = name->rule;
    ps->depth = 0;
    if (!alternatives(ps, &right)) return false;
    int symbol = symbol_of(ps, &right);
    grammar_add(ps->g, rule, &symbol, 1);
    return true;
}

static bool choose_start(struct parser *ps, int *symbol)
{
    static const char *const starts[] = {"root", "start"};
    for (int i = 0; i < ps->n_names; i++) {
        if (ps->names[i].defined) continue;
        ps->at = ps->names[i].used_at;
        return refuse(ps, ERROR_INVALID_VALUE, "a rule that is not defined");
    }
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < ps->n_names; i++) {
            if (!span_is(ps->names[i].text, starts[k])) continue;
            *symbol = ps->names[i].rule;
            return true;
        }
    }
    *symbol = ps->names[0].rule;
    return true;
}

bool ebnf_rule(struct grammar *g, struct span text, int *symbol, struct error *err)
{
    if (text.n > EBNF_MAX_BYTES) {
        return error_set(err, ERROR_TOO_LARGE, "", "a grammar of %zu bytes; at most %d", text.n,
                         EBNF_MAX_BYTES);
    }
    struct parser ps = {.g = g, .pool = grammar_pool(g), .text = text, .err = err};
    ps.lark = span_find(text, span_str("::="), 0) == SPAN_NONE;
    bool fine = true;
    skip(&ps);
    if (!more(&ps)) fine = error_set(err, ERROR_INVALID_VALUE, "", "the grammar is empty");
    while (fine && more(&ps)) {
        fine = one_rule(&ps);
        skip(&ps);
    }
    fine = fine && choose_start(&ps, symbol);
    free(ps.names);
    ids_clear(&ps.ids);
    return fine;
}
