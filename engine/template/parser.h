/* engine/template/parser.h - tokens to tree, by recursive descent with one token of look-ahead.
 *
 * parser.c reads statements, parse_expr.c expressions; what follows the first declaration is
 * between the two.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_PARSER_H
#define ENGINE_TEMPLATE_PARSER_H

#include "base/error.h"
#include "engine/template/ast.h"
#include "engine/template/lexer.h"

/* Parse t->source (normalised) into t->body and t->names, all in t->arena. */
bool parser_run(struct template *t, struct error *err);

struct parser {
    struct arena *arena;
    struct template *template;
    struct error *err;
    const struct token *at;
    int depth;
    int n_loops;                /* enclosing for blocks within this macro: break is allowed */
    struct macro_frame *macros; /* being read, innermost first */
    int *name_index;            /* hash of names */
    size_t name_slots, names_room;
};

/* What a macro body mentions decides what the macro accepts. */
struct macro_frame {
    struct macro_frame *outer;
    struct macro_node *macro;
};

/* NULL and an error at the current token's line. */
void *parser_fail(struct parser *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Before everything that recurses, which counts p->depth down again: false with the error when it
 * gets too deep. */
bool parser_enter(struct parser *p);
/* A node of this kind in the arena; NULL with the error set. */
struct node *parser_node(struct parser *p, enum node_kind kind, int line);
/* Note that child stands under parent; false when the tree gets too high. child may be NULL: the
 * fault was worded before. */
bool parser_grow(struct parser *p, struct node *parent, const struct node *child);
/* The number of a name; -1: out of memory, or too many. */
int parser_name(struct parser *p, struct span name);

/* Whether the current token is this operator. */
bool parser_is_op(const struct parser *p, const char *op);
/* Whether the current token is this name. */
bool parser_is_name(const struct parser *p, const char *name);
/* Step over this operator if it is the current token; whether it was. */
bool parser_skip_op(struct parser *p, const char *op);
/* Step over this name if it is the current token; whether it was. */
bool parser_skip_name(struct parser *p, const char *name);
/* Step over this operator; false with the error when something else comes. */
bool parser_expect_op(struct parser *p, const char *op);
/* The name at the current token, stepped over; false when there is none. */
bool parser_expect_name(struct parser *p, struct span *name);

/* A whole expression, with if and else. NULL with the error, as the functions below. */
struct node *parse_expression(struct parser *p);
/* Expressions with commas between make a tuple. ends: a name that ends it early, or NULL. */
struct node *parse_tuple(struct parser *p, bool conditional, const char *ends);
/* A target of set, for or with. */
struct node *parse_target(struct parser *p, bool with_namespace, const char *ends);
/* One or more filters, from the name of the first on, applied to `of` (NULL: a block's text). */
struct node *parse_filters(struct parser *p, struct node *of);

#endif
