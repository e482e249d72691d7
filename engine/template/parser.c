/* engine/template/parser.c - statements, and the tools that both halves of the parser use.
 *
 * A tag is a row of `statements`: a name, and what reads from behind it to before the %}. Whoever
 * opens a body says which tags may end it, and parse_body() stops at the name of such a tag: so
 * elif, else and endif are no statements, and one that stands where nobody waits for it is an
 * unknown tag.
 *
 * A template is a stranger's program, so both its depth and its height are bounded: depth is how
 * far the parser itself recurses, height how far whoever walks the tree will. They differ where
 * one loop of the parser makes a high tree, as in a chain of operators.
 *
 * What is being read is kept on the C stack: n_loops tells whether a break has a loop, and begins
 * at 0 in the body of a macro, which is called from elsewhere; macros are chained from the
 * innermost out, because what a body mentions (caller, varargs, kwargs) decides what its macro
 * accepts.
 *
 * The first fault is worded where it is met, at its line; from there on NULL and false are only
 * passed up. Nodes and names live in the template's arena, so a fault frees nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/template/parser.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "engine/template/limits.h"
#include "engine/template/text.h"

/* ---- tools ----------------------------------------------------------------------------------- */

void *parser_fail(struct parser *p, const char *fmt, ...)
{
    char words[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof(words), fmt, ap);
    va_end(ap);
    if (p->err == NULL || p->err->code == ERROR_NONE) { /* the first fault is the cause */
        error_set(p->err, ERROR_TEMPLATE, "chat_template", "line %d: %s", p->at->line, words);
    }
    return NULL;
}

bool parser_enter(struct parser *p)
{
    if (++p->depth <= TEMPLATE_MAX_HEIGHT) return true;
    return parser_fail(p, "nested deeper than %d levels", TEMPLATE_MAX_HEIGHT) != NULL;
}

struct node *parser_node(struct parser *p, enum node_kind kind, int line)
{
    struct node *n = arena_alloc(p->arena, 1, sizeof(*n));
    if (n == NULL) return parser_fail(p, "the template is too large");
    n->kind = kind;
    n->line = line;
    return n;
}

bool parser_grow(struct parser *p, struct node *parent, const struct node *child)
{
    if (child == NULL) return false;
    if (child->height >= parent->height) parent->height = child->height + 1;
    if (parent->height <= TEMPLATE_MAX_HEIGHT) return true;
    return parser_fail(p, "an expression of more than %d levels", TEMPLATE_MAX_HEIGHT) != NULL;
}

static size_t hash_name(struct span s)
{
    size_t h = 5381;
    for (size_t i = 0; i < s.n; i++) {
        h = h * 33 ^ (unsigned char)s.p[i];
    }
    return h;
}

/* The slot of name, or the free one where it belongs. */
static int *name_slot(const struct parser *p, struct span name)
{
    size_t i = hash_name(name) & (p->name_slots - 1);
    while (p->name_index[i] != 0 && !span_eq(p->template->names[p->name_index[i] - 1], name)) {
        i = (i + 1) & (p->name_slots - 1);
    }
    return &p->name_index[i];
}

static bool grow_names(struct parser *p)
{
    struct template *t = p->template;
    size_t room = p->names_room == 0 ? 64 : p->names_room * 2;
    struct span *names = arena_alloc(p->arena, room, sizeof(*names));
    int *index = arena_alloc(p->arena, room * 2, sizeof(*index));
    if (names == NULL || index == NULL) return parser_fail(p, "the template is too large") != NULL;
    if (t->n_names > 0) memcpy(names, t->names, (size_t)t->n_names * sizeof(*names));
    t->names = names;
    p->names_room = room;
    p->name_index = index;
    p->name_slots = room * 2;
    for (int i = 0; i < t->n_names; i++) {
        *name_slot(p, names[i]) = i + 1;
    }
    return true;
}

int parser_name(struct parser *p, struct span name)
{
    struct template *t = p->template;
    if ((size_t)t->n_names == p->names_room && !grow_names(p)) return -1;
    int *slot = name_slot(p, name);
    if (*slot == 0 && t->n_names == TEMPLATE_MAX_NAMES) {
        parser_fail(p, "more than %d different names", TEMPLATE_MAX_NAMES);
        return -1;
    }
    if (*slot == 0) {
        t->names[t->n_names++] = name;
        *slot = t->n_names;
        assert((size_t)t->n_names <= p->names_room && p->names_room * 2 == p->name_slots);
    }
    return *slot - 1;
}

bool parser_is_op(const struct parser *p, const char *op)
{
    return p->at->kind == TOKEN_OPERATOR && span_is(p->at->text, op);
}

bool parser_is_name(const struct parser *p, const char *name)
{
    return p->at->kind == TOKEN_NAME && span_is(p->at->text, name);
}

bool parser_skip_op(struct parser *p, const char *op)
{
    bool is = parser_is_op(p, op);
    p->at += is;
    return is;
}

bool parser_skip_name(struct parser *p, const char *name)
{
    bool is = parser_is_name(p, name);
    p->at += is;
    return is;
}

bool parser_expect_op(struct parser *p, const char *op)
{
    return parser_skip_op(p, op) || parser_fail(p, "expected '%s'", op) != NULL;
}

bool parser_expect_name(struct parser *p, struct span *name)
{
    if (p->at->kind != TOKEN_NAME) return parser_fail(p, "expected a name") != NULL;
    *name = p->at++->text;
    return true;
}

static bool expect_word(struct parser *p, const char *word)
{
    return parser_skip_name(p, word) || parser_fail(p, "expected '%s'", word) != NULL;
}

static bool expect_block_end(struct parser *p)
{
    if (p->at->kind != TOKEN_BLOCK_END) {
        return parser_fail(p, "expected the end of the tag") != NULL;
    }
    p->at++;
    return true;
}

/* ---- bodies ---------------------------------------------------------------------------------- */

/* Statements up to a tag that is one of ends (NULL-terminated; NULL: up to the end of the
 * template); the parser is left at the tag's name. An empty body is NULL with *ok. */
static struct node *parse_body(struct parser *p, const char *const *ends, bool *ok);

/* The body after a tag's last word: its %} and what follows. */
static struct node *parse_block(struct parser *p, struct node *parent, const char *const *ends,
                                bool *ok)
{
    parser_skip_op(p, ":");
    *ok = expect_block_end(p);
    struct node *body = *ok ? parse_body(p, ends, ok) : NULL;
    for (struct node *n = body; *ok && n != NULL; n = n->next) {
        *ok = parser_grow(p, parent, n);
    }
    return body;
}

/* The same where only one tag may end it, which is stepped over. */
static struct node *parse_whole_block(struct parser *p, struct node *parent, const char *end,
                                      bool *ok)
{
    struct node *body = parse_block(p, parent, (const char *const[]){end, NULL}, ok);
    if (*ok) p->at++;
    return body;
}

/* ---- statements ------------------------------------------------------------------------------ */

static struct node *parse_if(struct parser *p, struct node *n)
{
    struct node *root = n;
    bool ok;
    for (;;) {
        struct node *test = parse_tuple(p, false, NULL);
        if (!parser_grow(p, root, test)) return NULL;
        n->branch.test = test;
        static const char *const ends[] = {"elif", "else", "endif", NULL};
        n->branch.yes = parse_block(p, root, ends, &ok);
        if (!ok) return NULL;
        if (!parser_is_name(p, "elif")) break;
        struct node *next = parser_node(p, NODE_IF, p->at->line);
        if (next == NULL) return NULL;
        p->at++;
        n->branch.no = next;
        n->branch.elif = true;
        n = next;
    }
    if (parser_skip_name(p, "else")) {
        n->branch.no = parse_block(p, root, (const char *const[]){"endif", NULL}, &ok);
        if (!ok) return NULL;
    }
    return expect_word(p, "endif") ? root : NULL;
}

static bool names_loop(const struct node *target)
{
    if (target->kind == NODE_NAME) return target->name == NAME_LOOP;
    if (target->kind != NODE_TUPLE) return false;
    for (const struct node *n = target->items; n != NULL; n = n->next) {
        if (names_loop(n)) return true;
    }
    return false;
}

static bool parse_for_head(struct parser *p, struct node *n)
{
    n->loop.target = parse_target(p, false, "in");
    if (!parser_grow(p, n, n->loop.target)) return false;
    if (names_loop(n->loop.target)) {
        return parser_fail(p, "can't assign to special loop variable in for-loop target") != NULL;
    }
    if (!expect_word(p, "in")) return false;
    n->loop.iter = parse_tuple(p, false, "recursive");
    if (!parser_grow(p, n, n->loop.iter)) return false;
    if (parser_skip_name(p, "if")) {
        n->loop.test = parse_expression(p);
        if (!parser_grow(p, n, n->loop.test)) return false;
    }
    n->loop.recursive = parser_skip_name(p, "recursive");
    return true;
}

static struct node *parse_for(struct parser *p, struct node *n)
{
    bool ok;
    if (!parse_for_head(p, n)) return NULL;
    p->n_loops++;
    n->loop.body = parse_block(p, n, (const char *const[]){"endfor", "else", NULL}, &ok);
    p->n_loops--;
    if (!ok) return NULL;
    if (parser_skip_name(p, "else")) {
        n->loop.otherwise = parse_block(p, n, (const char *const[]){"endfor", NULL}, &ok);
        if (!ok) return NULL;
    }
    return expect_word(p, "endfor") ? n : NULL;
}

static struct node *parse_set(struct parser *p, struct node *n)
{
    bool ok;
    n->set.target = parse_target(p, true, NULL);
    if (!parser_grow(p, n, n->set.target)) return NULL;
    if (parser_skip_op(p, "=")) {
        n->set.value = parse_tuple(p, true, NULL);
        return parser_grow(p, n, n->set.value) ? n : NULL;
    }
    n->kind = NODE_SET_BLOCK;
    if (parser_skip_op(p, "|")) {
        n->set.filter = parse_filters(p, NULL);
        if (!parser_grow(p, n, n->set.filter)) return NULL;
    }
    n->set.body = parse_whole_block(p, n, "endset", &ok);
    return ok ? n : NULL;
}

/* (a, b=default): from ( to ). */
static bool parse_signature(struct parser *p, struct node *n, struct macro_node *m)
{
    struct parameter **tail = &m->parameters;
    bool fallback = false;
    if (!parser_expect_op(p, "(")) return false;
    while (!parser_is_op(p, ")")) {
        struct span name;
        if (m->n_parameters > 0 && !parser_expect_op(p, ",")) return false;
        struct parameter *x = arena_alloc(p->arena, 1, sizeof(*x));
        if (x == NULL) return parser_fail(p, "the template is too large") != NULL;
        if (!parser_expect_name(p, &name)) return false;
        if ((x->name = parser_name(p, name)) < 0) return false;
        if (span_is(name, "caller")) m->names_caller = true;
        if (parser_skip_op(p, "=")) {
            x->fallback = parse_expression(p);
            if (!parser_grow(p, n, x->fallback)) return false;
            fallback = true;
        } else if (fallback) {
            return parser_fail(p, "non-default argument follows default argument") != NULL;
        }
        *tail = x;
        tail = &x->next;
        m->n_parameters++;
    }
    p->at++;
    return true;
}

/* A body that is called: loops outside it do not hold its break. */
static bool parse_macro_body(struct parser *p, struct node *n, struct macro_node *m,
                             const char *end)
{
    struct macro_frame frame = {p->macros, m};
    int n_loops = p->n_loops;
    bool ok;
    p->macros = &frame;
    p->n_loops = 0;
    m->body = parse_whole_block(p, n, end, &ok);
    p->n_loops = n_loops;
    p->macros = frame.outer;
    return ok;
}

static struct macro_node *macro_new(struct parser *p)
{
    struct macro_node *m = arena_alloc(p->arena, 1, sizeof(*m));
    return m != NULL ? m : parser_fail(p, "the template is too large");
}

static struct node *parse_macro(struct parser *p, struct node *n)
{
    struct macro_node *m = macro_new(p);
    n->macro.macro = m;
    if (m == NULL || !parser_expect_name(p, &m->name)) return NULL;
    if ((m->name_id = parser_name(p, m->name)) < 0 || !parse_signature(p, n, m)) return NULL;
    return parse_macro_body(p, n, m, "endmacro") ? n : NULL;
}

static struct node *parse_call_block(struct parser *p, struct node *n)
{
    struct macro_node *m = macro_new(p);
    n->macro.macro = m;
    if (m == NULL) return NULL;
    m->name = span_str("caller");
    if (parser_is_op(p, "(") && !parse_signature(p, n, m)) return NULL;
    n->macro.call = parse_expression(p);
    if (!parser_grow(p, n, n->macro.call)) return NULL;
    if (n->macro.call->kind != NODE_CALL) return parser_fail(p, "expected a call after 'call'");
    return parse_macro_body(p, n, m, "endcall") ? n : NULL;
}

static struct node *parse_generation(struct parser *p, struct node *n)
{
    struct macro_node *m = macro_new(p);
    if (m == NULL || !parse_macro_body(p, n, m, "endgeneration")) return NULL;
    n->macro.macro = m;
    return n;
}

static struct node *parse_filter_block(struct parser *p, struct node *n)
{
    bool ok;
    n->filter_block.filter = parse_filters(p, NULL);
    if (!parser_grow(p, n, n->filter_block.filter)) return NULL;
    n->filter_block.body = parse_whole_block(p, n, "endfilter", &ok);
    return ok ? n : NULL;
}

static struct node *parse_with(struct parser *p, struct node *n)
{
    struct node *targets = NULL, *values = NULL, **target = &targets, **value = &values;
    bool ok;
    while (p->at->kind != TOKEN_BLOCK_END) {
        if (targets != NULL && !parser_expect_op(p, ",")) return NULL;
        struct span name;
        *target = parser_node(p, NODE_NAME, p->at->line);
        if (*target == NULL || !parser_expect_name(p, &name)) return NULL;
        if (((*target)->name = parser_name(p, name)) < 0 || !parser_expect_op(p, "=")) return NULL;
        *value = parse_expression(p);
        if (!parser_grow(p, n, *value)) return NULL;
        target = &(*target)->next;
        value = &(*value)->next;
    }
    n->with.targets = targets;
    n->with.values = values;
    n->with.body = parse_whole_block(p, n, "endwith", &ok);
    return ok ? n : NULL;
}

static struct node *parse_print(struct parser *p, struct node *n)
{
    struct node **tail = &n->items;
    while (p->at->kind != TOKEN_BLOCK_END) {
        if (n->items != NULL && !parser_expect_op(p, ",")) return NULL;
        *tail = parse_expression(p);
        if (!parser_grow(p, n, *tail)) return NULL;
        tail = &(*tail)->next;
    }
    return n;
}

static struct node *parse_jump(struct parser *p, struct node *n)
{
    if (p->n_loops > 0) return n;
    return parser_fail(p, "break or continue outside of a loop");
}

static struct node *refuse(struct parser *p, struct node *n)
{
    (void)n;
    return parser_fail(p, "{%% %.*s %%} is not supported: a chat template stands alone",
                       (int)p->at[-1].text.n, p->at[-1].text.p);
}

static const struct statement {
    const char *name;
    enum node_kind kind;
    struct node *(*parse)(struct parser *p, struct node *n); /* from after the name to before %} */
} statements[] = {
    {"if", NODE_IF, parse_if},
    {"for", NODE_FOR, parse_for},
    {"set", NODE_SET, parse_set},
    {"macro", NODE_MACRO, parse_macro},
    {"call", NODE_CALL_BLOCK, parse_call_block},
    {"filter", NODE_FILTER_BLOCK, parse_filter_block},
    {"with", NODE_WITH, parse_with},
    {"generation", NODE_GENERATION, parse_generation},
    {"break", NODE_BREAK, parse_jump},
    {"continue", NODE_CONTINUE, parse_jump},
    {"print", NODE_OUTPUT, parse_print},
    {"include", NODE_TEXT, refuse},
    {"import", NODE_TEXT, refuse},
    {"from", NODE_TEXT, refuse},
    {"extends", NODE_TEXT, refuse},
    {"block", NODE_TEXT, refuse},
    {"autoescape", NODE_TEXT, refuse},
};

static struct node *parse_statement(struct parser *p)
{
    if (p->at->kind != TOKEN_NAME) return parser_fail(p, "expected the name of a tag");
    struct span name = p->at->text;
    for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
        if (!span_is(name, statements[i].name)) continue;
        struct node *n = parser_node(p, statements[i].kind, p->at->line);
        p->at++;
        if (n == NULL || !parser_enter(p)) return NULL;
        n = statements[i].parse(p, n);
        p->depth--;
        return n != NULL && expect_block_end(p) ? n : NULL;
    }
    return parser_fail(p, "unknown tag '%.*s'", text_excerpt(name), name.p);
}

static struct node *parse_data(struct parser *p)
{
    struct node *n = parser_node(p, NODE_TEXT, p->at->line);
    if (n != NULL) n->constant = value_text(p->at->text);
    p->at++;
    return n;
}

static struct node *parse_variable(struct parser *p)
{
    struct node *n = parser_node(p, NODE_OUTPUT, p->at->line);
    p->at++;
    if (n == NULL) return NULL;
    n->items = parse_tuple(p, true, NULL);
    if (!parser_grow(p, n, n->items)) return NULL;
    if (p->at->kind != TOKEN_VARIABLE_END) {
        return parser_fail(p, "expected the end of the print statement '}}'");
    }
    p->at++;
    return n;
}

static bool is_end(const struct parser *p, const char *const *ends)
{
    for (; ends != NULL && *ends != NULL; ends++) {
        if (parser_is_name(p, *ends)) return true;
    }
    return false;
}

static struct node *parse_body(struct parser *p, const char *const *ends, bool *ok)
{
    struct node *body = NULL, **tail = &body;
    *ok = false;
    while (p->at->kind != TOKEN_EOF) {
        switch (p->at->kind) {
        case TOKEN_DATA:
            *tail = parse_data(p);
            break;
        case TOKEN_VARIABLE_BEGIN:
            *tail = parse_variable(p);
            break;
        default: /* the lexer lets nothing else stand here than a block */
            p->at++;
            if (is_end(p, ends)) {
                *ok = true;
                return body;
            }
            *tail = parse_statement(p);
        }
        if (*tail == NULL) return NULL;
        tail = &(*tail)->next;
    }
    assert(p->at->kind == TOKEN_EOF);
    if (ends != NULL) return parser_fail(p, "the template ends without '%s'", *ends);
    *ok = true;
    return body;
}

bool parser_run(struct template *t, struct error *err)
{
    struct template_tokens tokens;
    if (!lexer_run(t->arena, t->source, &tokens, err)) return false;
    struct error fault = {0};
    struct parser p = {.arena = t->arena, .template = t, .err = &fault, .at = tokens.p};
    static const char *const special[SPECIAL_NAMES] = {
        [NAME_LOOP] = "loop",
        [NAME_CALLER] = "caller",
        [NAME_VARARGS] = "varargs",
        [NAME_KWARGS] = "kwargs",
    };
    bool ok = true;
    for (int i = 0; i < SPECIAL_NAMES; i++) {
        ok = parser_name(&p, span_str(special[i])) == i && ok;
    }
    if (ok) t->body = parse_body(&p, NULL, &ok);
    assert(!ok || (p.depth == 0 && p.n_loops == 0 && p.macros == NULL));
    if (!ok && err != NULL) *err = fault;
    return ok;
}
