/* engine/template/ast.h - the tree of a parsed template.
 *
 * Nodes live in the template's arena and never change. Names of variables are interned: a name id
 * indexes template.names, so that a rendering compares numbers. Lists of nodes are chained by next.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_AST_H
#define ENGINE_TEMPLATE_AST_H

#include "base/arena.h"
#include "base/span.h"
#include "engine/template/value.h"

enum node_kind {
    /* expressions */
    NODE_CONST,    /* constant */
    NODE_NAME,     /* name */
    NODE_ATTR_REF, /* attr with a NODE_NAME: ns.x, as a target of set */
    NODE_TUPLE,    /* items */
    NODE_LIST,     /* items */
    NODE_DICT,     /* items: key, value, key, value... */
    NODE_CONCAT,   /* items */
    NODE_AND,      /* binary */
    NODE_OR,       /* binary */
    NODE_NOT,      /* of */
    NODE_NEGATE,   /* of */
    NODE_PLUS,     /* of */
    NODE_BINARY,   /* binary */
    NODE_COMPARE,  /* compare */
    NODE_COND,     /* branch */
    NODE_ATTR,     /* attr */
    NODE_ITEM,     /* binary: container, index */
    NODE_SLICE,    /* slice: the index of a NODE_ITEM */
    NODE_CALL,     /* call */
    NODE_FILTER,   /* applied */
    NODE_TEST,     /* applied */
    /* statements */
    NODE_TEXT,         /* constant */
    NODE_OUTPUT,       /* items */
    NODE_IF,           /* branch: yes, no are bodies */
    NODE_FOR,          /* loop */
    NODE_SET,          /* set */
    NODE_SET_BLOCK,    /* set */
    NODE_MACRO,        /* macro */
    NODE_CALL_BLOCK,   /* call_block */
    NODE_FILTER_BLOCK, /* filter_block */
    NODE_WITH,         /* with */
    NODE_GENERATION,   /* items: a body with a scope of its own */
    NODE_BREAK,
    NODE_CONTINUE,
};

enum operator{
    OP_ADD,
    OP_SUB,
    OP_MUL,
    OP_DIV,
    OP_FLOOR_DIV,
    OP_MOD,
    OP_POW,
    OP_EQ,
    OP_NE,
    OP_LT,
    OP_LE,
    OP_GT,
    OP_GE,
    OP_IN,
    OP_NOT_IN,
    OPERATORS
};

struct node;
struct routine;

/* Arguments as written: positional, named (name in .keyword of the argument node's wrapper), and
 * the *list and **dict forms. */
struct argument {
    struct argument *next;
    struct span keyword; /* n == 0: positional */
    const struct node *value;
};

struct argument_list {
    struct argument *first;
    size_t n;
    const struct node *star, *star_star; /* or NULL */
};

struct operand {
    struct operand *next;
    enum operator op;
    const struct node *right;
};

struct parameter {
    struct parameter *next;
    int name;
    const struct node *fallback; /* or NULL */
};

struct macro_node {
    struct span name;
    int name_id;
    struct parameter *parameters;
    size_t n_parameters;
    const struct node *body;
    bool uses_caller, uses_varargs, uses_kwargs;
    bool names_caller; /* caller is one of the parameters */
};

struct node {
    enum node_kind kind;
    int line;
    int height; /* of the tree under it */
    struct node *next;
    union {
        struct value constant;
        int name;
        struct node *items;
        const struct node *of;
        struct {
            const struct node *left, *right;
            enum operator op;
        } binary;
        struct {
            const struct node *left;
            struct operand *rest;
        } compare;
        struct {
            const struct node *test, *yes, *no;
            bool elif; /* no is the next NODE_IF of the chain, not a body */
        } branch;
        struct {
            const struct node *of;
            struct span name;
        } attr;
        struct {
            const struct node *from, *to, *step;
        } slice;
        struct {
            const struct node *of;
            struct argument_list arguments;
        } call;
        struct {
            const struct node *of; /* NULL in a filter block: the captured text */
            struct span name;
            const struct routine *row; /* NULL: there is none of that name */
            struct argument_list arguments;
        } applied;
        struct {
            const struct node *target, *iter, *test, *body, *otherwise;
            bool recursive;
        } loop;
        struct {
            const struct node *target, *value, *filter, *body;
        } set;
        struct {
            struct macro_node *macro;
            const struct node *call; /* NODE_CALL_BLOCK */
        } macro;
        struct {
            const struct node *filter, *body;
        } filter_block;
        struct {
            const struct node *targets, *values, *body;
        } with;
    };
};

/* Names the language itself binds: the first ids. */
enum special_name { NAME_LOOP, NAME_CALLER, NAME_VARARGS, NAME_KWARGS, SPECIAL_NAMES };

struct template
{
    struct arena *arena;
    struct span source;
    const struct node *body;
    struct span *names; /* by id */
    int n_names;
};

#endif
