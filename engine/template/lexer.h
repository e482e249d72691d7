/* engine/template/lexer.h - template text to tokens.
 *
 * Follows Jinja's lexer rule by rule, for the white space between tags is part of the prompt: line
 * ends become \n and one at the end of the source is dropped; {%- and -%} take all white space next
 * to them; trim_blocks takes the newline after %} and #}; lstrip_blocks takes the blanks before
 * {% and {# at the beginning of a line; a + turns the last two off.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_LEXER_H
#define ENGINE_TEMPLATE_LEXER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/span.h"

enum token_kind {
    TOKEN_DATA, /* text: what stands outside the tags */
    TOKEN_BLOCK_BEGIN,
    TOKEN_BLOCK_END,
    TOKEN_VARIABLE_BEGIN,
    TOKEN_VARIABLE_END,
    TOKEN_NAME,
    TOKEN_STRING,   /* text: escapes resolved */
    TOKEN_INT,      /* whole */
    TOKEN_FLOAT,    /* real */
    TOKEN_OPERATOR, /* text */
    TOKEN_EOF,
};

struct token {
    enum token_kind kind;
    int line;
    struct span text;
    int64_t whole;
    double real;
};

struct template_tokens {
    struct token *p; /* the last is TOKEN_EOF */
    size_t n;
};

/* All tokens of source, which has its line ends normalised (lexer_normalise). In a; false and
 * ERROR_TEMPLATE with the line otherwise. */
bool lexer_run(struct arena *a, struct span source, struct template_tokens *out, struct error *err);

/* A copy of source in a with \r\n and \r as \n, and without one newline at its end. */
bool lexer_normalise(struct arena *a, struct span source, struct span *out, struct error *err);

#endif
