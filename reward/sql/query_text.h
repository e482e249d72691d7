/* reward/sql/query_text.h - a query in a response, and what its text says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_SQL_QUERY_TEXT_H
#define REWARD_SQL_QUERY_TEXT_H

#include <stdbool.h>

#include "base/span.h"

/* The query of a response, the text after the thinking: the last closed ``` block of SQL, or where
 * there is none the last without a language, either looked for in the last <answer>, <solution> or
 * <sql> first; else what that block holds; else the text itself where it begins with SELECT, WITH
 * or VALUES. White space around is cut. p NULL: there is none. */
struct span query_find(struct span text);

/* Does the query order its rows: does ORDER BY stand in it outside of brackets, texts and comments? */
bool query_is_ordered(struct span query);

#endif
