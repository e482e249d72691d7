/* engine/template/parse_expr.c - expressions: Jinja's grammar with precedence climbing.
 *
 *   or < and < not < comparisons < + - < ~ < * / // % < ** < unary < postfix, filters and tests
 *
 * A comparison chain is one node (a < b < c), a chain of ~ too; everything else associates to the
 * left, ** included, as in Jinja.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/parser.h"

#include <assert.h>

#include "engine/template/routines.h"
#include "engine/template/text.h"

enum level {
    LEVEL_OR,
    LEVEL_AND,
    LEVEL_NOT,
    LEVEL_COMPARE,
    LEVEL_ADD,
    LEVEL_CONCAT,
    LEVEL_MUL,
    LEVEL_POW,
    LEVEL_NONE
};

static const struct infix {
    const char *text;
    bool word;
    enum level level;
    enum operator op;
} infixes[] = {
    {"or", true, LEVEL_OR, 0},           {"and", true, LEVEL_AND, 0},
    {"==", false, LEVEL_COMPARE, OP_EQ}, {"!=", false, LEVEL_COMPARE, OP_NE},
    {"<", false, LEVEL_COMPARE, OP_LT},  {"<=", false, LEVEL_COMPARE, OP_LE},
    {">", false, LEVEL_COMPARE, OP_GT},  {">=", false, LEVEL_COMPARE, OP_GE},
    {"in", true, LEVEL_COMPARE, OP_IN},  {"not", true, LEVEL_COMPARE, OP_NOT_IN},
    {"+", false, LEVEL_ADD, OP_ADD},     {"-", false, LEVEL_ADD, OP_SUB},
    {"~", false, LEVEL_CONCAT, 0},       {"*", false, LEVEL_MUL, OP_MUL},
    {"/", false, LEVEL_MUL, OP_DIV},     {"//", false, LEVEL_MUL, OP_FLOOR_DIV},
    {"%", false, LEVEL_MUL, OP_MOD},     {"**", false, LEVEL_POW, OP_POW},
};

static struct node *parse_binary(struct parser *p, enum level lowest);
static struct node *parse_unary(struct parser *p, bool with_filter);
static struct node *parse_primary(struct parser *p, bool with_namespace);

/* The infix operator at the current token, or NULL. "not" counts only before "in". */
static const struct infix *infix_here(const struct parser *p)
{
    enum token_kind kind = p->at->kind;
    if (kind != TOKEN_NAME && kind != TOKEN_OPERATOR) return NULL;
    for (size_t i = 0; i < sizeof(infixes) / sizeof(*infixes); i++) {
        const struct infix *x = &infixes[i];
        if (x->word != (kind == TOKEN_NAME) || !span_is(p->at->text, x->text)) continue;
        if (x->op == OP_NOT_IN && !(p->at[1].kind == TOKEN_NAME && span_is(p->at[1].text, "in"))) {
            return NULL;
        }
        return x;
    }
    return NULL;
}

static void skip_infix(struct parser *p, const struct infix *x)
{
    p->at += x->op == OP_NOT_IN ? 2 : 1;
}

static struct node *parse_compare(struct parser *p, struct node *left)
{
    struct node *n = parser_node(p, NODE_COMPARE, p->at->line);
    if (n == NULL || !parser_grow(p, n, left)) return NULL;
    n->compare.left = left;
    struct operand **tail = &n->compare.rest;
    for (const struct infix *x; (x = infix_here(p)) != NULL && x->level == LEVEL_COMPARE;) {
        skip_infix(p, x);
        struct node *right = parse_binary(p, LEVEL_ADD);
        struct operand *o = arena_alloc(p->arena, 1, sizeof(*o));
        if (o == NULL) return parser_fail(p, "the template is too large");
        if (!parser_grow(p, n, right)) return NULL;
        o->op = x->op;
        o->right = right;
        *tail = o;
        tail = &o->next;
    }
    return n;
}

static struct node *parse_concat(struct parser *p, struct node *left)
{
    struct node *n = parser_node(p, NODE_CONCAT, p->at->line);
    if (n == NULL || !parser_grow(p, n, left)) return NULL;
    n->items = left;
    struct node *last = left;
    while (parser_skip_op(p, "~")) {
        struct node *item = parse_binary(p, LEVEL_MUL);
        if (!parser_grow(p, n, item)) return NULL;
        last->next = item;
        last = item;
    }
    return n;
}

static struct node *parse_left(struct parser *p, struct node *left, const struct infix *x)
{
    enum node_kind kind = x->level == LEVEL_OR    ? NODE_OR
                          : x->level == LEVEL_AND ? NODE_AND
                                                  : NODE_BINARY;
    struct node *n = parser_node(p, kind, p->at->line);
    if (n == NULL) return NULL;
    skip_infix(p, x);
    struct node *right = parse_binary(p, x->level + 1);
    if (!parser_grow(p, n, left) || !parser_grow(p, n, right)) return NULL;
    n->binary.left = left;
    n->binary.right = right;
    n->binary.op = x->op;
    return n;
}

static struct node *parse_not(struct parser *p)
{
    struct node *n = parser_node(p, NODE_NOT, p->at->line);
    if (n == NULL || !parser_enter(p)) return NULL;
    p->at++;
    struct node *of = parse_binary(p, LEVEL_NOT);
    p->depth--;
    if (!parser_grow(p, n, of)) return NULL;
    n->of = of;
    return n;
}

static struct node *parse_binary(struct parser *p, enum level lowest)
{
    struct node *left =
        lowest <= LEVEL_NOT && parser_is_name(p, "not") ? parse_not(p) : parse_unary(p, true);
    while (left != NULL) {
        const struct infix *x = infix_here(p);
        if (x == NULL || x->level < lowest) break;
        if (x->level == LEVEL_COMPARE) {
            left = parse_compare(p, left);
        } else if (x->level == LEVEL_CONCAT) {
            left = parse_concat(p, left);
        } else {
            left = parse_left(p, left, x);
        }
    }
    return left;
}

/* yes if test else no */
static struct node *parse_conditional(struct parser *p)
{
    struct node *yes = parse_binary(p, LEVEL_OR);
    while (yes != NULL && parser_is_name(p, "if")) {
        struct node *n = parser_node(p, NODE_COND, p->at->line);
        if (n == NULL) return NULL;
        p->at++;
        struct node *test = parse_binary(p, LEVEL_OR);
        if (!parser_grow(p, n, yes) || !parser_grow(p, n, test)) return NULL;
        n->branch.test = test;
        n->branch.yes = yes;
        if (parser_skip_name(p, "else")) {
            n->branch.no = parse_expression(p);
            if (!parser_grow(p, n, n->branch.no)) return NULL;
        }
        yes = n;
    }
    return yes;
}

struct node *parse_expression(struct parser *p)
{
    if (!parser_enter(p)) return NULL;
    struct node *n = parse_conditional(p);
    assert(p->depth > 0);
    p->depth--;
    return n;
}

/* ---- literals and names --------------------------------------------------------------------- */

static struct node *constant(struct parser *p, int line, struct value v)
{
    struct node *n = parser_node(p, NODE_CONST, line);
    if (n != NULL) n->constant = v;
    return n;
}

/* The special names a macro's body may use, wherever in it they stand. */
static void note_macro_name(struct parser *p, struct span name)
{
    for (struct macro_frame *f = p->macros; f != NULL; f = f->outer) {
        if (span_is(name, "caller")) f->macro->uses_caller = true;
        if (span_is(name, "varargs")) f->macro->uses_varargs = true;
        if (span_is(name, "kwargs")) f->macro->uses_kwargs = true;
    }
}

static struct node *parse_name(struct parser *p, bool with_namespace)
{
    struct span name = p->at->text;
    int line = p->at->line;
    p->at++;
    bool yes = span_is(name, "true") || span_is(name, "True");
    if (yes || span_is(name, "false") || span_is(name, "False")) {
        return constant(p, line, value_bool(yes));
    }
    if (span_is(name, "none") || span_is(name, "None")) return constant(p, line, value_none());
    struct node *n = parser_node(p, NODE_NAME, line);
    if (n == NULL) return NULL;
    n->name = parser_name(p, name);
    if (n->name < 0) return NULL;
    note_macro_name(p, name);
    if (!with_namespace || !parser_skip_op(p, ".")) return n;
    struct node *ref = parser_node(p, NODE_ATTR_REF, line);
    if (ref == NULL || !parser_expect_name(p, &ref->attr.name)) return NULL;
    ref->attr.of = n;
    return ref;
}

/* "a" "b" is one string. */
static struct node *parse_string(struct parser *p)
{
    int line = p->at->line;
    struct span text = p->at++->text;
    while (p->at->kind == TOKEN_STRING) {
        struct span more = p->at++->text;
        char *both = arena_alloc(p->arena, text.n + more.n + 1, 1);
        if (both == NULL) return parser_fail(p, "the template is too large");
        if (text.n > 0) memcpy(both, text.p, text.n);
        if (more.n > 0) memcpy(both + text.n, more.p, more.n);
        text = span_of(both, text.n + more.n);
    }
    return constant(p, line, value_text(text));
}

/* Items up to close, with commas between and perhaps at the end; pairs: key: value. */
static struct node *parse_items(struct parser *p, enum node_kind kind, const char *close)
{
    struct node *n = parser_node(p, kind, p->at->line);
    if (n == NULL) return NULL;
    p->at++;
    struct node **tail = &n->items;
    while (!parser_is_op(p, close)) {
        if (n->items != NULL && !parser_expect_op(p, ",")) return NULL;
        if (parser_is_op(p, close)) break;
        for (int i = 0; i < (kind == NODE_DICT ? 2 : 1); i++) {
            if (i == 1 && !parser_expect_op(p, ":")) return NULL;
            *tail = parse_expression(p);
            if (!parser_grow(p, n, *tail)) return NULL;
            tail = &(*tail)->next;
        }
    }
    p->at++;
    return n;
}

static struct node *parse_parentheses(struct parser *p)
{
    int line = p->at++->line;
    if (parser_skip_op(p, ")")) return parser_node(p, NODE_TUPLE, line);
    struct node *n = parse_tuple(p, true, NULL);
    return n != NULL && parser_expect_op(p, ")") ? n : NULL;
}

static struct node *parse_primary(struct parser *p, bool with_namespace)
{
    const struct token *t = p->at;
    switch (t->kind) {
    case TOKEN_NAME:
        return parse_name(p, with_namespace);
    case TOKEN_STRING:
        return parse_string(p);
    case TOKEN_INT:
        p->at++;
        return constant(p, t->line, value_int(t->whole));
    case TOKEN_FLOAT:
        p->at++;
        return constant(p, t->line, value_float(t->real));
    case TOKEN_OPERATOR:
        if (span_is(t->text, "(")) return parse_parentheses(p);
        if (span_is(t->text, "[")) return parse_items(p, NODE_LIST, "]");
        if (span_is(t->text, "{")) return parse_items(p, NODE_DICT, "}");
        return parser_fail(p, "unexpected '%.*s'", text_excerpt(t->text), t->text.p);
    default:
        return parser_fail(p, "expected an expression");
    }
}

/* ---- what follows a primary ---------------------------------------------------------------- */

/* One argument, appended at *tail; *named: one with a keyword came before. */
static bool add_argument(struct parser *p, struct node *parent, struct argument_list *list,
                         struct argument ***tail, bool *named)
{
    struct argument *a = arena_alloc(p->arena, 1, sizeof(*a));
    if (a == NULL) return parser_fail(p, "the template is too large") != NULL;
    if (p->at->kind == TOKEN_NAME && p->at[1].kind == TOKEN_OPERATOR &&
        span_is(p->at[1].text, "=")) {
        a->keyword = p->at->text;
        p->at += 2;
        *named = true;
    } else if (*named || list->star != NULL) {
        return parser_fail(p, "a positional argument after named or * arguments") != NULL;
    }
    struct node *value = parse_expression(p);
    if (!parser_grow(p, parent, value)) return false;
    a->value = value;
    **tail = a;
    *tail = &a->next;
    list->n++;
    return true;
}

/* From ( to ). */
static bool parse_arguments(struct parser *p, struct node *parent, struct argument_list *list)
{
    struct argument **tail = &list->first;
    bool named = false;
    p->at++;
    for (bool first = true; !parser_is_op(p, ")"); first = false) {
        if (!first && !parser_expect_op(p, ",")) return false;
        if (parser_is_op(p, ")")) break;
        bool star = parser_is_op(p, "*"), star_star = parser_is_op(p, "**");
        if (list->star_star != NULL || (list->star != NULL && star)) {
            return parser_fail(p, "invalid syntax for function call expression") != NULL;
        }
        if (star || star_star) {
            p->at++;
            struct node *value = parse_expression(p);
            if (!parser_grow(p, parent, value)) return false;
            *(star ? &list->star : &list->star_star) = value;
        } else if (!add_argument(p, parent, list, &tail, &named)) {
            return false;
        }
    }
    p->at++;
    return true;
}

static struct node *parse_call(struct parser *p, struct node *of)
{
    struct node *n = parser_node(p, NODE_CALL, p->at->line);
    if (n == NULL || !parser_grow(p, n, of)) return NULL;
    n->call.of = of;
    return parse_arguments(p, n, &n->call.arguments) ? n : NULL;
}

static bool ends_subscript(const struct parser *p)
{
    return parser_is_op(p, "]") || parser_is_op(p, ",") || parser_is_op(p, ":");
}

/* An index, or from:to:step with any part left out. */
static struct node *parse_subscript(struct parser *p)
{
    int line = p->at->line;
    struct node *parts[3] = {NULL, NULL, NULL};
    if (!parser_is_op(p, ":")) {
        parts[0] = parse_expression(p);
        if (parts[0] == NULL || !parser_is_op(p, ":")) return parts[0];
    }
    for (int i = 1; i < 3 && parser_skip_op(p, ":"); i++) {
        if (ends_subscript(p)) continue;
        parts[i] = parse_expression(p);
        if (parts[i] == NULL) return NULL;
    }
    struct node *n = parser_node(p, NODE_SLICE, line);
    if (n == NULL) return NULL;
    for (int i = 0; i < 3; i++) {
        if (parts[i] != NULL && !parser_grow(p, n, parts[i])) return NULL;
    }
    n->slice.from = parts[0];
    n->slice.to = parts[1];
    n->slice.step = parts[2];
    return n;
}

static struct node *item_node(struct parser *p, struct node *of, struct node *index, int line)
{
    struct node *n = parser_node(p, NODE_ITEM, line);
    if (n == NULL || !parser_grow(p, n, of) || !parser_grow(p, n, index)) return NULL;
    n->binary.left = of;
    n->binary.right = index;
    return n;
}

static struct node *parse_item(struct parser *p, struct node *of)
{
    int line = p->at++->line;
    struct node *index = parse_subscript(p);
    if (index != NULL && parser_is_op(p, ",")) {
        return parser_fail(p, "a subscript with commas is not supported");
    }
    if (index == NULL || !parser_expect_op(p, "]")) return NULL;
    return item_node(p, of, index, line);
}

static struct node *parse_attribute(struct parser *p, struct node *of)
{
    int line = p->at++->line;
    if (p->at->kind == TOKEN_INT) {
        return item_node(p, of, constant(p, line, value_int(p->at++->whole)), line);
    }
    struct node *n = parser_node(p, NODE_ATTR, line);
    if (n == NULL || !parser_grow(p, n, of)) return NULL;
    if (p->at->kind != TOKEN_NAME) return parser_fail(p, "expected name or number after '.'");
    n->attr.of = of;
    n->attr.name = p->at++->text;
    return n;
}

static struct node *parse_postfix(struct parser *p, struct node *n)
{
    while (n != NULL) {
        if (parser_is_op(p, ".")) {
            n = parse_attribute(p, n);
        } else if (parser_is_op(p, "[")) {
            n = parse_item(p, n);
        } else if (parser_is_op(p, "(")) {
            n = parse_call(p, n);
        } else {
            break;
        }
    }
    return n;
}

struct node *parse_filters(struct parser *p, struct node *of)
{
    do {
        struct node *n = parser_node(p, NODE_FILTER, p->at->line);
        if (n == NULL || (of != NULL && !parser_grow(p, n, of))) return NULL;
        if (!parser_expect_name(p, &n->applied.name)) return NULL;
        n->applied.of = of;
        n->applied.row = filter_find(n->applied.name);
        if (parser_is_op(p, "(") && !parse_arguments(p, n, &n->applied.arguments)) return NULL;
        of = n;
    } while (parser_skip_op(p, "|"));
    return of;
}

/* A test may take one argument without parentheses: x is divisibleby 3. */
static bool parse_bare_argument(struct parser *p, struct node *n)
{
    static const char *const stops[] = {"else", "or", "and"}; /* Jinja's; "if" would be taken */
    enum token_kind kind = p->at->kind;
    bool literal = kind == TOKEN_STRING || kind == TOKEN_INT || kind == TOKEN_FLOAT;
    bool opens = parser_is_op(p, "[") || parser_is_op(p, "{");
    if (!literal && !opens && kind != TOKEN_NAME) return true;
    for (size_t i = 0; i < sizeof(stops) / sizeof(*stops); i++) {
        if (parser_is_name(p, stops[i])) return true;
    }
    if (parser_is_name(p, "is")) {
        return parser_fail(p, "You cannot chain multiple tests with is") != NULL;
    }
    struct argument *a = arena_alloc(p->arena, 1, sizeof(*a));
    if (a == NULL) return parser_fail(p, "the template is too large") != NULL;
    struct node *value = parse_postfix(p, parse_primary(p, false));
    if (!parser_grow(p, n, value)) return false;
    a->value = value;
    n->applied.arguments = (struct argument_list){.first = a, .n = 1};
    return true;
}

/* is [not] name [arguments] */
static struct node *parse_test(struct parser *p, struct node *of)
{
    struct node *n = parser_node(p, NODE_TEST, p->at->line);
    p->at++;
    bool negated = parser_skip_name(p, "not");
    if (n == NULL || !parser_grow(p, n, of)) return NULL;
    if (!parser_expect_name(p, &n->applied.name)) return NULL;
    n->applied.of = of;
    n->applied.row = is_test_find(n->applied.name);
    bool ok = parser_is_op(p, "(") ? parse_arguments(p, n, &n->applied.arguments)
                                   : parse_bare_argument(p, n);
    if (!ok || !negated) return ok ? n : NULL;
    struct node *not = parser_node(p, NODE_NOT, n->line);
    if (not == NULL || !parser_grow(p, not, n)) return NULL;
    not ->of = n;
    return not ;
}

static struct node *parse_filters_and_tests(struct parser *p, struct node *n)
{
    while (n != NULL) {
        if (parser_skip_op(p, "|")) {
            n = parse_filters(p, n);
        } else if (parser_is_name(p, "is")) {
            n = parse_test(p, n);
        } else if (parser_is_op(p, "(")) {
            n = parse_call(p, n);
        } else {
            break;
        }
    }
    return n;
}

static struct node *parse_sign(struct parser *p)
{
    struct node *n = parser_node(p, parser_is_op(p, "-") ? NODE_NEGATE : NODE_PLUS, p->at->line);
    if (n == NULL || !parser_enter(p)) return NULL;
    p->at++;
    struct node *of = parse_unary(p, false);
    p->depth--;
    if (!parser_grow(p, n, of)) return NULL;
    n->of = of;
    return n;
}

static struct node *parse_unary(struct parser *p, bool with_filter)
{
    bool sign = parser_is_op(p, "-") || parser_is_op(p, "+");
    struct node *n = parse_postfix(p, sign ? parse_sign(p) : parse_primary(p, false));
    return with_filter ? parse_filters_and_tests(p, n) : n;
}

/* ---- tuples and targets ---------------------------------------------------------------------- */

static bool ends_tuple(const struct parser *p, const char *ends)
{
    return p->at->kind == TOKEN_VARIABLE_END || p->at->kind == TOKEN_BLOCK_END ||
           parser_is_op(p, ")") || (ends != NULL && parser_is_name(p, ends));
}

enum tuple_part { PART_EXPRESSION, PART_OR, PART_TARGET, PART_NAMESPACE_TARGET };

static struct node *parse_part(struct parser *p, enum tuple_part part)
{
    if (part == PART_EXPRESSION) return parse_expression(p);
    if (part == PART_OR) return parse_binary(p, LEVEL_OR);
    return parse_primary(p, part == PART_NAMESPACE_TARGET);
}

static struct node *parse_parts(struct parser *p, enum tuple_part part, const char *ends)
{
    struct node *tuple = parser_node(p, NODE_TUPLE, p->at->line);
    if (tuple == NULL) return NULL;
    struct node **tail = &tuple->items;
    bool comma = false;
    while (!ends_tuple(p, ends)) {
        *tail = parse_part(p, part);
        if (!parser_grow(p, tuple, *tail)) return NULL;
        tail = &(*tail)->next;
        if (!parser_is_op(p, ",")) break;
        comma = true;
        p->at++;
    }
    if (tuple->items == NULL) return parser_fail(p, "expected an expression");
    return comma ? tuple : tuple->items;
}

struct node *parse_tuple(struct parser *p, bool conditional, const char *ends)
{
    if (!parser_enter(p)) return NULL;
    struct node *n = parse_parts(p, conditional ? PART_EXPRESSION : PART_OR, ends);
    p->depth--;
    return n;
}

static bool can_assign(const struct node *n)
{
    if (n->kind == NODE_NAME || n->kind == NODE_ATTR_REF) return true;
    if (n->kind != NODE_TUPLE) return false;
    for (const struct node *item = n->items; item != NULL; item = item->next) {
        if (!can_assign(item)) return false;
    }
    return true;
}

struct node *parse_target(struct parser *p, bool with_namespace, const char *ends)
{
    if (!parser_enter(p)) return NULL;
    struct node *n = parse_parts(p, with_namespace ? PART_NAMESPACE_TARGET : PART_TARGET, ends);
    p->depth--;
    if (n != NULL && !can_assign(n)) return parser_fail(p, "cannot assign to this");
    return n;
}
