/* engine/sample/form/pattern.c - see pattern.h.
 *
 * Two passes: the text becomes a tree (parse_*), the tree an expression (build).
 *
 * build(node, rest) is "node, and then rest", where rest is everything that follows up to the
 * text's end. With the rest at hand the assertions need no machinery of their own:
 *
 *     $ rest      = rest, if that may be empty: the empty text (wide: or a line end, as Python has it)
 *     (?=a) rest  = (a .*) & rest
 *     (?!a) rest  = not (a .*) & rest
 *     ^ rest      = rest at the text's beginning, nothing elsewhere
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/mem.h"
#include "base/utf8.h"

enum node_kind { N_EMPTY, N_CHARS, N_CAT, N_OR, N_REPEAT, N_BEGIN, N_END, N_AHEAD, N_NOT_AHEAD };

struct node {
    enum node_kind kind;
    bool asserts; /* it holds an assertion: it can't be repeated */
    rx chars;     /* N_CHARS; N_END: the line end that may follow */
    int min, max; /* N_REPEAT */
    struct node **parts;
    int n;
};

enum { MAX_DEPTH = 200, ARENA_BYTES = 32 << 20 };

struct parser {
    struct rx_pool *pool;
    struct arena *arena;
    struct span text;
    size_t at;
    int depth;
    bool fold, dot_all;
    bool wide; /* where the standards differ, the wider texts */
    enum chars_coding coding;
    struct error *err;
};

static bool refuse(struct parser *ps, enum error_code code, const char *what)
{
    return error_set(ps->err, code, "", "%s at byte %zu of the pattern", what, ps->at);
}

static bool more(const struct parser *ps)
{
    return ps->at < ps->text.n;
}

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

/* A node with n parts, which are copied. */
static bool make(struct parser *ps, struct node **out, struct node node, struct node *const *parts,
                 int n)
{
    struct node *made = arena_alloc(ps->arena, 1, sizeof(node));
    node.parts = n == 0 ? NULL : arena_alloc(ps->arena, (size_t)n, sizeof(*parts));
    if (made == NULL || (n > 0 && node.parts == NULL)) {
        return error_set(ps->err, ERROR_TOO_COMPLEX, "", "the pattern is too large");
    }
    node.n = n;
    node.asserts = node.kind >= N_BEGIN;
    for (int i = 0; i < n; i++) {
        node.parts[i] = parts[i];
        node.asserts = node.asserts || parts[i]->asserts;
    }
    *made = node;
    *out = made;
    return true;
}

/* ---- characters ------------------------------------------------------------------------------ */

static int hex_value(char c)
{
    if (ascii_is_digit(c)) return c - '0';
    int letter = c | 32;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static bool hex_digits(struct parser *ps, int n, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < n; i++) {
        int digit = more(ps) ? hex_value(ps->text.p[ps->at]) : -1;
        if (digit < 0) return refuse(ps, ERROR_INVALID_VALUE, "a hexadecimal digit is missing");
        *value = *value * 16 + (uint32_t)digit;
        ps->at++;
    }
    return true;
}

/* \u{1F600} */
static bool braced_hex(struct parser *ps, uint32_t *value)
{
    *value = 0;
    size_t from = ps->at;
    for (; more(ps) && ps->text.p[ps->at] != '}'; ps->at++) {
        int digit = hex_value(ps->text.p[ps->at]);
        if (digit < 0 || ps->at - from >= 6)
            return refuse(ps, ERROR_INVALID_VALUE, "a broken \\u{} escape");
        *value = *value * 16 + (uint32_t)digit;
    }
    if (!take(ps, "}") || ps->at - from < 2 || *value > CHARS_LAST) {
        return refuse(ps, ERROR_INVALID_VALUE, "a broken \\u{} escape");
    }
    return true;
}

static bool unicode_escape(struct parser *ps, uint32_t *value)
{
    if (take(ps, "{")) return braced_hex(ps, value);
    if (!hex_digits(ps, 4, value)) return false;
    if (*value < 0xd800 || *value > 0xdbff || !take(ps, "\\u")) return true;
    uint32_t low;
    if (!hex_digits(ps, 4, &low)) return false;
    if (low < 0xdc00 || low > 0xdfff)
        return refuse(ps, ERROR_INVALID_VALUE, "a broken surrogate pair");
    *value = 0x10000 + ((*value - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* \p{Lu}, \P{L}, \p{gc=Lu}; negated for \P. */
static bool category_escape(struct parser *ps, struct chars *c, bool negated)
{
    size_t from = ps->at;
    if (!take(ps, "{")) return refuse(ps, ERROR_UNSUPPORTED, "\\p without braces");
    size_t start = ps->at;
    while (more(ps) && ps->text.p[ps->at] != '}') {
        ps->at++;
    }
    struct span name = span_slice(ps->text, start, ps->at);
    if (!take(ps, "}")) return refuse(ps, ERROR_INVALID_VALUE, "an unclosed \\p{");
    size_t equals = span_find(name, span_str("="), 0);
    if (equals != SPAN_NONE) name = span_slice(name, equals + 1, name.n);
    static const char *const long_names[][2] = {{"Letter", "L"},
                                                {"Number", "N"},
                                                {"Punctuation", "P"},
                                                {"Symbol", "S"},
                                                {"Separator", "Z"},
                                                {"Mark", "M"},
                                                {"Uppercase_Letter", "Lu"},
                                                {"Lowercase_Letter", "Ll"},
                                                {"Decimal_Number", "Nd"}};
    for (size_t i = 0; i < sizeof(long_names) / sizeof(long_names[0]); i++) {
        if (span_is(name, long_names[i][0])) name = span_str(long_names[i][1]);
    }
    if (chars_add_category(c, name, negated)) return true;
    ps->at = from;
    return refuse(ps, ERROR_UNSUPPORTED, "a \\p{} property that is no general category");
}

static int class_of_letter(char letter)
{
    switch (letter) {
    case 'd':
        return CHARS_DIGIT;
    case 'D':
        return CHARS_NOT_DIGIT;
    case 'w':
        return CHARS_WORD;
    case 'W':
        return CHARS_NOT_WORD;
    case 's':
        return CHARS_SPACE;
    case 'S':
        return CHARS_NOT_SPACE;
    default:
        return -1;
    }
}

/* In a negated class a set has to be as wide as either standard has it: the opposite of the narrow
 * opposite. */
static void add_class(struct chars *c, int which, bool wide)
{
    if (!wide) {
        chars_add_class(c, (enum chars_class)which);
        return;
    }
    static const enum chars_class opposite[] = {
        [CHARS_DIGIT] = CHARS_NOT_DIGIT, [CHARS_NOT_DIGIT] = CHARS_DIGIT,
        [CHARS_WORD] = CHARS_NOT_WORD,   [CHARS_NOT_WORD] = CHARS_WORD,
        [CHARS_SPACE] = CHARS_NOT_SPACE, [CHARS_NOT_SPACE] = CHARS_SPACE};
    struct chars set = {0};
    chars_add_class(&set, opposite[which]);
    chars_add_others(c, &set);
    chars_clear(&set);
}

static bool control_escape(struct parser *ps, char letter, uint32_t *value)
{
    static const char letters[] = "nrtfv0a", values[] = "\n\r\t\f\v\0\a";
    const char *hit = strchr(letters, letter);
    if (hit != NULL && letter != '\0') {
        *value = (uint8_t)values[hit - letters];
        return true;
    }
    if (letter == 'x') return hex_digits(ps, 2, value);
    if (letter == 'u') return unicode_escape(ps, value);
    if (letter == 'c' && more(ps) && ascii_is_letter(ps->text.p[ps->at])) {
        *value = (uint32_t)ps->text.p[ps->at++] & 31;
        return true;
    }
    ps->at -= 2;
    return refuse(ps, ERROR_UNSUPPORTED, "an escape that is not supported");
}

/* After a backslash: one character (*single), or a set that is added to c. */
static bool escape(struct parser *ps, struct chars *c, bool in_class, bool wide, bool *single,
                   uint32_t *value)
{
    if (!more(ps)) return refuse(ps, ERROR_INVALID_VALUE, "a backslash at the end");
    char letter = ps->text.p[ps->at++];
    *single = false;
    if (class_of_letter(letter) >= 0) return add_class(c, class_of_letter(letter), wide), true;
    if (letter == 'p' || letter == 'P') return category_escape(ps, c, letter == 'P');
    *single = true;
    if (letter == 'b' && in_class) {
        *value = '\b';
        return true;
    }
    if ((uint8_t)letter >= 0x80) {
        ps->at--;
        return refuse(ps, ERROR_UNSUPPORTED, "an escape that is not supported");
    }
    if (ascii_is_letter(letter) || letter == '0') return control_escape(ps, letter, value);
    if (ascii_is_digit(letter)) return refuse(ps, ERROR_UNSUPPORTED, "a back-reference");
    *value = (uint8_t)letter;
    return true;
}

static bool one_char(struct parser *ps, uint32_t *value)
{
    size_t n = utf8_decode(span_slice(ps->text, ps->at, ps->text.n), value);
    if (n == 0) return refuse(ps, ERROR_INVALID_VALUE, "invalid UTF-8");
    ps->at += n;
    return true;
}

/* One end of a range, or a set. */
static bool class_atom(struct parser *ps, struct chars *c, bool wide, bool *single, uint32_t *value)
{
    if (take(ps, "\\")) return escape(ps, c, true, wide, single, value);
    *single = true;
    return one_char(ps, value);
}

static bool class_item(struct parser *ps, struct chars *c, bool wide)
{
    bool single, last_single;
    uint32_t low, high;
    if (at_text(ps, "[:") || at_text(ps, "&&") || at_text(ps, "--")) {
        return refuse(ps, ERROR_UNSUPPORTED, "a class within a class");
    }
    if (!class_atom(ps, c, wide, &single, &low)) return false;
    if (!single) return true;
    if (!at_text(ps, "-") || at_text(ps, "-]")) return chars_add(c, low, low), true;
    ps->at++;
    if (!class_atom(ps, c, wide, &last_single, &high)) return false;
    if (!last_single) { /* [a-\d]: the hyphen stands for itself */
        chars_add(c, low, low);
        return chars_add(c, '-', '-'), true;
    }
    if (low > high) return refuse(ps, ERROR_INVALID_VALUE, "a range from high to low");
    return chars_add(c, low, high), true;
}

static bool chars_node(struct parser *ps, struct chars *c, struct node **out)
{
    if (ps->fold) chars_fold_case(c);
    rx chars = chars_rx(ps->pool, c, ps->coding);
    chars_clear(c);
    return make(ps, out, (struct node){.kind = N_CHARS, .chars = chars}, NULL, 0);
}

/* A named class by itself; no letter folds out of one. */
static bool class_node(struct parser *ps, enum chars_class which, struct node **out)
{
    rx chars = chars_class_rx(ps->pool, which, ps->coding);
    return make(ps, out, (struct node){.kind = N_CHARS, .chars = chars}, NULL, 0);
}

/* After [ */
static bool parse_class(struct parser *ps, struct node **out)
{
    struct chars c = {0}, others = {0};
    bool negated = take(ps, "^"), first = true;
    while (more(ps) && (first || ps->text.p[ps->at] != ']')) {
        if (first && at_text(ps, "]")) break; /* ECMA-262: [] is empty, [^] is everything */
        if (!class_item(ps, &c, ps->wide != negated)) return chars_clear(&c), false;
        first = false;
    }
    if (!take(ps, "]")) {
        chars_clear(&c);
        return refuse(ps, ERROR_INVALID_VALUE, "an unclosed class");
    }
    if (!negated) return chars_node(ps, &c, out);
    if (ps->fold) chars_fold_case(&c);
    chars_add_others(&others, &c);
    chars_clear(&c);
    return chars_node(ps, &others, out);
}

/* ---- structure ------------------------------------------------------------------------------- */

static bool parse_or(struct parser *ps, struct node **out);

/* (?<name> and (?P<name> */
static bool skip_name(struct parser *ps)
{
    while (more(ps) && ps->text.p[ps->at] != '>') {
        ps->at++;
    }
    return take(ps, ">") || refuse(ps, ERROR_INVALID_VALUE, "an unclosed group name");
}

/* After ( */
static bool parse_group(struct parser *ps, struct node **out)
{
    enum node_kind kind = N_EMPTY; /* of an assertion */
    if (at_text(ps, "?<=") || at_text(ps, "?<!"))
        return refuse(ps, ERROR_UNSUPPORTED, "look-behind");
    if (take(ps, "?=")) {
        kind = N_AHEAD;
    } else if (take(ps, "?!")) {
        kind = N_NOT_AHEAD;
    } else if (take(ps, "?<") || take(ps, "?P<")) {
        if (!skip_name(ps)) return false;
    } else if (!take(ps, "?:") && at_text(ps, "?")) {
        return refuse(ps, ERROR_UNSUPPORTED, "a group of a kind that is not supported");
    }
    struct node *inner;
    bool wide = ps->wide;
    ps->wide = wide != (kind == N_NOT_AHEAD);
    if (!parse_or(ps, &inner)) return false;
    ps->wide = wide;
    if (!take(ps, ")")) return refuse(ps, ERROR_INVALID_VALUE, "an unclosed group");
    if (kind != N_EMPTY) return make(ps, out, (struct node){.kind = kind}, &inner, 1);
    *out = inner;
    return true;
}

/* A line end, as ECMA-262 and Python both have it, or all else. */
static rx line_end(struct parser *ps, bool others)
{
    struct chars c = {0}, rest = {0};
    chars_add(&c, '\n', '\n');
    chars_add_others(&rest, &c);
    rx chars = chars_rx(ps->pool, others ? &rest : &c, ps->coding);
    chars_clear(&c);
    chars_clear(&rest);
    return chars;
}

static bool dot_node(struct parser *ps, struct node **out)
{
    if (ps->dot_all || !ps->wide) return class_node(ps, ps->dot_all ? CHARS_ANY : CHARS_DOT, out);
    return make(ps, out, (struct node){.kind = N_CHARS, .chars = line_end(ps, true)}, NULL, 0);
}

/* $ */
static bool end_node(struct parser *ps, struct node **out)
{
    rx more = ps->wide ? line_end(ps, false) : RX_NONE;
    return make(ps, out, (struct node){.kind = N_END, .chars = more}, NULL, 0);
}

static bool parse_atom(struct parser *ps, struct node **out)
{
    struct chars c = {0};
    bool single = true;
    uint32_t value = 0;
    if (take(ps, "(")) return parse_group(ps, out);
    if (take(ps, "[")) return parse_class(ps, out);
    if (take(ps, "^")) return make(ps, out, (struct node){.kind = N_BEGIN}, NULL, 0);
    if (take(ps, "$")) return end_node(ps, out);
    if (take(ps, ".")) return dot_node(ps, out);
    if (at_text(ps, "*") || at_text(ps, "+") || at_text(ps, "?")) {
        return refuse(ps, ERROR_INVALID_VALUE, "nothing to repeat");
    }
    if (at_text(ps, "\\A") || at_text(ps, "\\Z") || at_text(ps, "\\z")) {
        ps->at += 2;
        enum node_kind kind = ps->text.p[ps->at - 1] == 'A' ? N_BEGIN : N_END;
        return make(ps, out, (struct node){.kind = kind}, NULL, 0);
    }
    if (at_text(ps, "\\b") || at_text(ps, "\\B"))
        return refuse(ps, ERROR_UNSUPPORTED, "a word border");
    bool fine =
        take(ps, "\\") ? escape(ps, &c, false, ps->wide, &single, &value) : one_char(ps, &value);
    if (!fine) return chars_clear(&c), false;
    if (single) chars_add(&c, value, value);
    return chars_node(ps, &c, out);
}

static bool parse_number(struct parser *ps, int *value)
{
    if (!more(ps) || !ascii_is_digit(ps->text.p[ps->at])) return false;
    long n = 0;
    while (more(ps) && ascii_is_digit(ps->text.p[ps->at])) {
        n = n * 10 + (ps->text.p[ps->at++] - '0');
        if (n > PATTERN_MAX_REPEAT) n = PATTERN_MAX_REPEAT + 1;
    }
    *value = (int)n;
    return true;
}

/* {m}, {m,}, {m,n}, {,n}; false where the brace stands for itself (ECMA-262, Annex B). */
static bool parse_braces(struct parser *ps, int *min, int *max)
{
    size_t from = ps->at;
    if (!take(ps, "{")) return false;
    bool has_min = parse_number(ps, min);
    if (!has_min) *min = 0;
    if (take(ps, ",")) {
        bool has_max = parse_number(ps, max);
        if (!has_max) *max = RX_UNBOUNDED;
        if ((has_min || has_max) && take(ps, "}")) return true;
    } else if (has_min && take(ps, "}")) {
        *max = *min;
        return true;
    }
    ps->at = from;
    return false;
}

static bool parse_repeat(struct parser *ps, struct node **out)
{
    if (!parse_atom(ps, out)) return false;
    for (;;) {
        int min = 0, max = RX_UNBOUNDED;
        if (take(ps, "+")) {
            min = 1;
        } else if (take(ps, "?")) {
            max = 1;
        } else if (!take(ps, "*") && !parse_braces(ps, &min, &max)) {
            return true;
        }
        if (min > PATTERN_MAX_REPEAT || max > PATTERN_MAX_REPEAT) {
            return refuse(ps, ERROR_UNSUPPORTED, "more repetitions than 100000");
        }
        if (max != RX_UNBOUNDED && min > max)
            return refuse(ps, ERROR_INVALID_VALUE, "{m,n} with m > n");
        if ((*out)->asserts) return refuse(ps, ERROR_UNSUPPORTED, "a repeated assertion");
        if (take(ps, "+")) return refuse(ps, ERROR_UNSUPPORTED, "a possessive quantifier");
        take(ps, "?"); /* lazy: the same texts */
        struct node *part = *out;
        if (!make(ps, out, (struct node){.kind = N_REPEAT, .min = min, .max = max}, &part, 1))
            return false;
    }
}

/* Parts that are still being read. */
struct parts {
    struct node **items;
    int n, room;
};

static bool parts_add(struct parser *ps, struct parts *l, struct node *part)
{
    if (l->n == l->room) {
        int room = l->room == 0 ? 8 : 2 * l->room;
        struct node **grown = arena_alloc(ps->arena, (size_t)room, sizeof(*grown));
        if (grown == NULL)
            return error_set(ps->err, ERROR_TOO_COMPLEX, "", "the pattern is too large");
        if (l->n > 0) memcpy(grown, l->items, (size_t)l->n * sizeof(*grown));
        l->items = grown;
        l->room = room;
    }
    l->items[l->n++] = part;
    return true;
}

/* One part is itself; none or several make a node of kind. */
static bool parts_node(struct parser *ps, const struct parts *l, enum node_kind kind,
                       struct node **out)
{
    if (l->n != 1)
        return make(ps, out, (struct node){.kind = l->n == 0 ? N_EMPTY : kind}, l->items, l->n);
    *out = l->items[0];
    return true;
}

static bool parse_cat(struct parser *ps, struct node **out)
{
    struct parts l = {0};
    while (more(ps) && !at_text(ps, "|") && !at_text(ps, ")")) {
        struct node *part;
        if (!parse_repeat(ps, &part) || !parts_add(ps, &l, part)) return false;
    }
    return parts_node(ps, &l, N_CAT, out);
}

static bool parse_or(struct parser *ps, struct node **out)
{
    struct parts l = {0};
    if (++ps->depth > MAX_DEPTH)
        return refuse(ps, ERROR_UNSUPPORTED, "groups within groups, too deep,");
    do {
        struct node *part;
        if (!parse_cat(ps, &part) || !parts_add(ps, &l, part)) return false;
    } while (take(ps, "|"));
    ps->depth--;
    return parts_node(ps, &l, N_OR, out);
}

/* ---- the expression -------------------------------------------------------------------------- */

static rx build(struct rx_pool *p, const struct node *n, rx rest, bool at_start);

/* Does n match the empty text alone, whatever it asserts? What follows then still is at the
 * start. */
static bool is_zero_width(const struct node *n)
{
    if (n->kind == N_CHARS || n->kind == N_REPEAT) return false;
    for (int i = 0; i < n->n && n->kind <= N_OR; i++) {
        if (!is_zero_width(n->parts[i])) return false;
    }
    return true;
}

/* From the last part to the first, each with what follows it. */
static rx build_cat(struct rx_pool *p, const struct node *n, rx rest, bool at_start)
{
    int begin = 0; /* parts that only assert: those after them are at the start too */
    while (at_start && begin < n->n - 1 && is_zero_width(n->parts[begin])) {
        begin++;
    }
    for (int i = n->n - 1; i >= 0; i--) {
        rest = build(p, n->parts[i], rest, at_start && i <= begin);
    }
    return rest;
}

static rx build_or(struct rx_pool *p, const struct node *n, rx rest, bool at_start)
{
    rx *list = mem_new((size_t)n->n, sizeof(*list), NULL), all;
    if (list == NULL) {
        rx_give_up(p);
        return RX_NONE;
    }
    for (int i = 0; i < n->n; i++) {
        list[i] = build(p, n->parts[i], rest, at_start);
    }
    all = rx_any_of(p, list, n->n);
    free(list);
    return all;
}

static rx build(struct rx_pool *p, const struct node *n, rx rest, bool at_start)
{
    rx part;
    switch (n->kind) {
    case N_EMPTY:
        break;
    case N_CHARS:
        return rx_cat(p, n->chars, rest);
    case N_CAT:
        return build_cat(p, n, rest, at_start);
    case N_OR:
        return build_or(p, n, rest, at_start);
    case N_REPEAT: /* holds no assertion */
        part = build(p, n->parts[0], RX_EMPTY, false);
        return rx_cat(p, rx_repeat(p, part, n->min, n->max), rest);
    case N_BEGIN:
        return at_start ? rest : RX_NONE;
    case N_END:
        return rx_and(p, rest, rx_or(p, RX_EMPTY, n->chars));
    case N_AHEAD:
        return rx_and(p, build(p, n->parts[0], RX_ALL, at_start), rest);
    case N_NOT_AHEAD:
        return rx_and(p, rx_not(p, build(p, n->parts[0], RX_ALL, at_start)), rest);
    }
    return rest;
}

/* ^ after something that may be empty would need two cases at once. */
static bool has_late_begin(const struct node *n, bool may_be_start)
{
    if (!n->asserts) return false;
    if (n->kind == N_BEGIN) return !may_be_start;
    for (int i = 0; i < n->n; i++) {
        if (has_late_begin(n->parts[i], may_be_start)) return true;
        if (n->kind == N_CAT) may_be_start = may_be_start && is_zero_width(n->parts[i]);
    }
    return false;
}

static bool parse_flags(struct parser *ps)
{
    for (;;) {
        if (take(ps, "(?i)")) {
            ps->fold = true;
        } else if (take(ps, "(?s)")) {
            ps->dot_all = true;
        } else if (take(ps, "(?is)") || take(ps, "(?si)")) {
            ps->fold = ps->dot_all = true;
        } else {
            return true;
        }
    }
}

static bool parse_whole(struct parser *ps, struct node **out)
{
    if (!utf8_is_valid(ps->text))
        return error_set(ps->err, ERROR_INVALID_VALUE, "", "the pattern is no UTF-8");
    if (!parse_flags(ps) || !parse_or(ps, out)) return false;
    if (more(ps)) return refuse(ps, ERROR_INVALID_VALUE, "a ) without its (");
    if (has_late_begin(*out, true))
        return error_set(ps->err, ERROR_UNSUPPORTED, "", "^ is supported where a match begins");
    return true;
}

/* Any characters before and after; the text is always a text of characters. */
static rx build_search(struct rx_pool *p, const struct node *n, enum pattern_place place,
                       enum chars_coding coding)
{
    rx any = chars_class_rx(p, CHARS_ANY, coding);
    rx texts = rx_repeat(p, any, 0, RX_UNBOUNDED);
    if (place == PATTERN_WHOLE) {
        return n->asserts ? rx_and(p, build(p, n, RX_EMPTY, true), texts)
                          : build(p, n, RX_EMPTY, true);
    }
    rx here = build(p, n, texts, true);
    if (!n->asserts) return rx_cat(p, texts, here);
    rx later = rx_cat(p, rx_cat(p, any, texts), build(p, n, texts, false));
    return rx_and(p, rx_or(p, here, later), texts);
}

bool pattern_rx(struct rx_pool *p, struct span pattern, enum pattern_place place,
                enum chars_coding coding, rx *out, struct error *err)
{
    if (pattern.n > PATTERN_MAX_BYTES) {
        return error_set(err, ERROR_TOO_LARGE, "", "a pattern of %zu bytes; at most %d", pattern.n,
                         PATTERN_MAX_BYTES);
    }
    struct parser ps = {.pool = p,
                        .arena = arena_new(ARENA_BYTES),
                        .text = pattern,
                        .coding = coding,
                        .err = err,
                        .wide = place == PATTERN_ANYWHERE_WIDE};
    if (ps.arena == NULL) return error_set(err, ERROR_NO_MEMORY, "", "no memory for a pattern");
    struct node *n = NULL;
    bool fine = parse_whole(&ps, &n);
    if (fine) *out = build_search(p, n, place, coding);
    arena_free(ps.arena);
    if (fine && rx_failed(p))
        return error_set(err, ERROR_TOO_COMPLEX, "", "the pattern is too large");
    return fine;
}
