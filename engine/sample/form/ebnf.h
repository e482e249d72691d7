/* engine/sample/form/ebnf.h - grammars as llama.cpp (GBNF), xgrammar (EBNF) and Lark users write
 * them.
 *
 *     root ::= "yes" | "no" tail          # GBNF, EBNF: begins at root (or at the first rule)
 *     tail ::= [a-z]+ ("," [0-9]{1,3})*
 *
 *     start: "yes" | "no" TAIL            // Lark: begins at start
 *     TAIL: /[a-z]+/
 *
 * Kept of all three: rules, literals with escapes ("..."i and '...' too), classes, . , groups and
 * [optional parts] of Lark, | * + ? {m} {m,} {m,n} ~m..n, comments, /regular expressions/. What
 * is not kept (%import, %ignore, look-ahead of xgrammar, templates) is refused by name and line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_EBNF_H
#define ENGINE_SAMPLE_FORM_EBNF_H

#include "base/error.h"
#include "engine/sample/form/grammar.h"

enum { EBNF_MAX_BYTES = 1 << 20, EBNF_MAX_RULES = 10000 };

/* Add the rules of text to g and give the symbol of the first. ERROR_INVALID_VALUE or
 * ERROR_UNSUPPORTED with the line, ERROR_TOO_LARGE, ERROR_NO_MEMORY; param is empty. */
bool ebnf_rule(struct grammar *g, struct span text, int *symbol, struct error *err);

#endif
