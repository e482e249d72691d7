/* server/answers/rows.h - how a row of an answer's table is written.
 *
 * Such a row is a struct field whose part for descriptions alone is used: nothing reads an answer by it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ANSWERS_ROWS_H
#define SERVER_ANSWERS_ROWS_H

#include "base/fields.h"

/* A member that is always there, and one that may be missing; of these JSON types ("string|null"). */
#define IS(types) FIELD_VALUE, .required = true, .shape = (types)
#define MAY(types) FIELD_VALUE, .shape = (types)

#endif
