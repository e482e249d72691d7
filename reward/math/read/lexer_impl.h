/* reward/math/read/lexer_impl.h - struct lexer and what the files of the lexer share.
 *
 * A scanner takes the text s and the offset i of what it reads, pushes tokens, and gives the offset
 * after it; 0 where it says so when what it knows does not stand there. An error is in l->err, and
 * the loop (lexer_scan) stops at it.
 *
 *   (1) At most `room` tokens are kept, a token a byte: past them the text is too large.
 *   (2) A scanner moves on, and not past the end of s.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_MATH_READ_LEXER_IMPL_H
#define REWARD_MATH_READ_LEXER_IMPL_H

#include "base/ascii.h"
#include "reward/math/read/lexer.h"

struct lexer {
    struct arena *arena;
    struct token *out;
    size_t n, room;
    enum lexer_reading reading;
    int depth;       /* of ( [ \{, where commas separate */
    int env_depth;   /* of \begin */
    bool one_dollar; /* the text holds one $, so it is no delimiter */
    bool space;
    struct error *err;
    const char *base;
    struct token sink; /* where tokens past the limit go */
};

/* The character at s[i], 0 past the end. */
static inline int lexer_at(struct span s, size_t i)
{
    return i < s.n ? (unsigned char)s.p[i] : 0;
}

/* Bytes above ASCII are letters of some script: they make words. */
static inline bool lexer_is_word(int c)
{
    return ascii_is_letter(c) || (c & 0x80) != 0;
}

/* ---- lexer.c --------------------------------------------------------------------------------- */

/* Sets the error "what at byte i" and gives false. */
bool lexer_fail(struct lexer *l, struct span s, size_t i, const char *what);

/* A token of what stands at s[i]; its text is the caller's to set. Never NULL. */
struct token *lexer_push(struct lexer *l, enum token_kind kind, int op, struct span s, size_t i);

/* The kind of the last token; T_END before the first. */
enum token_kind lexer_last_kind(const struct lexer *l);

/* An operand may end with a token of kind k. */
bool lexer_ends_operand(enum token_kind k);

/* The tokens of s, text_depth \text{ around it; false with l->err set. */
bool lexer_scan(struct lexer *l, struct span s, int text_depth);

/* ---- lexer_number.c -------------------------------------------------------------------------- */

/* A decimal number. */
size_t lexer_number(struct lexer *l, struct span s, size_t i);

/* 2A_{16}: digits of a base above ten; 0 when none stand here. */
size_t lexer_large_digits(struct lexer *l, struct span s, size_t i);

/* 0x2A; 0 when it does not stand here. */
size_t lexer_prefixed_digits(struct lexer *l, struct span s, size_t i);

/* lexer_word.c: a run of letters. */
size_t lexer_word(struct lexer *l, struct span s, size_t i);

/* lexer_command.c: what begins with a backslash, text_depth \text{ around it. */
size_t lexer_backslash(struct lexer *l, struct span s, size_t i, int text_depth);

/* lexer_unit.c */

/* A unit may follow: a value stands before, or another unit. */
bool lexer_after_value(const struct lexer *l);

/* 1.2 g/cm^3: a unit may follow the stroke after a letter that follows a number. */
bool lexer_after_unit_stroke(const struct lexer *l);

/* An "in" here is a unit: 5 in, 72 sq in. */
bool lexer_is_inches(const struct lexer *l);

/* \mu before a unit is its prefix: "3 \mu m", "3\,\mu\text{m}". i is after \mu, start before it.
 * The offset after the unit, 0 when none follows. */
size_t lexer_micro_unit(struct lexer *l, struct span s, size_t i, size_t start);

/* Takes an \Omega at s[start] for ohms: it follows a number, also with a k or M between. */
bool lexer_is_ohm(struct lexer *l, struct span s, size_t start);

/* A sign of money belongs to a number after s[i] or before it. */
bool lexer_beside_number(const struct lexer *l, struct span s, size_t i);

/* The offset after a degree sign that stands at s[i], just after ^; 0 when none does. */
size_t lexer_degree_sign(struct span s, size_t i);

#endif
