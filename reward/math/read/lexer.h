/* reward/math/read/lexer.h - an answer's text as tokens, LaTeX and plain text alike.
 *
 * Spacing, sizing (\left, \big, \,) and dollar signs vanish here; the many spellings of one thing
 * (\tfrac and \frac, \leq, \le and <=, U+2212 and -) become one token. Unicode is rewritten as
 * LaTeX before (lexer_plain), so the scanner sees ASCII only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_LEXER_H
#define REWARD_MATH_READ_LEXER_H

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"
#include "reward/math/tree/expr.h"

enum token_kind {
    T_END,
    T_NUM,
    T_NAME,
    T_CONST,
    T_FUNC,
    T_LG,
    T_PLUS,
    T_MINUS,
    T_TIMES,
    T_DIV,
    T_PM,
    T_POW,
    T_SUB,
    T_BANG,
    T_PERCENT,
    T_DEGREE,
    T_PRIME,
    T_LP,
    T_RP,
    T_LB,
    T_RB,
    T_LSET,
    T_RSET,
    T_LBRACE,
    T_RBRACE,
    T_BAR,
    T_DBAR,
    T_LFLOOR,
    T_RFLOOR,
    T_LCEIL,
    T_RCEIL,
    T_LANGLE,
    T_RANGLE,
    T_COMMA,
    T_SEMI,
    T_AND,
    T_OR,
    T_COLON,
    T_REL,
    T_SETOP,
    T_FRAC,
    T_OVER,
    T_BINOM,
    T_CHOOSE,
    T_SQRT,
    T_MOD,
    T_PMOD,
    T_SUM,
    T_INT,
    T_LIM,
    T_DOTS,
    T_BEGIN,
    T_ENDENV,
    T_AMP,
    T_NEWROW,
    T_TEXT,
    T_OVERLINE,
    T_ACCENT,
    T_BOXED,
    T_EMPTY,
    T_CURRENCY,
    T_DELTA,
    T_IGNORE,
    T_SKIPARG,
    T_KINDS
};

/* What a command of kind T_TEXT makes of its argument: its op. */
enum text_kind { TEXT_WORDS, TEXT_UPRIGHT, TEXT_BLACKBOARD, TEXT_OPERATOR };

/* The op of a T_NAME: a letter or a name, or an operator that is applied to what follows. */
enum name_kind { NAME_PLAIN, NAME_OPERATOR };

struct token {
    uint8_t kind, op;
    bool space;   /* white space stood before it */
    uint32_t pos; /* byte offset in the text */
    struct span text;
    struct num num; /* of T_NUM */
};

/* How a comma between digits is read where the text alone cannot tell. */
enum lexer_reading {
    READ_THOUSANDS,     /* 1,234 is one number; 1,2 are two: the first reading */
    READ_LIST,          /* every plain comma separates */
    READ_DECIMAL_COMMA, /* 1,22 is 1.22 */
};

enum { LEXER_MAX_TOKENS = 6000, LEXER_MAX_BYTES = 1 << 20 };

/* text with Unicode mathematics rewritten as LaTeX and full-width characters as ASCII; text itself
 * when it is ASCII. {NULL, 0} when the arena is full. */
struct span lexer_plain(struct arena *a, struct span text);

/* The tokens of text, a dozen T_END last. NULL and ERROR_UNPARSABLE (with the offset) for what is
 * no mathematics, ERROR_TOO_LARGE past the limits, ERROR_NO_MEMORY when the arena is full. */
struct token *lexer_tokens(struct arena *a, struct span text, enum lexer_reading reading,
                           struct error *err);

#endif
