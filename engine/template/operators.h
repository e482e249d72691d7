/* engine/template/operators.h - + - * / // % ** ~, comparisons and unary minus, as Python has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_OPERATORS_H
#define ENGINE_TEMPLATE_OPERATORS_H

#include "engine/template/ast.h"

/* op is an arithmetic one (OP_ADD to OP_POW). */
bool operate(struct render *r, enum operator op, struct value v, struct value w, struct value *out);

/* The texts of p[0, n) one after another: a ~ b ~ c. */
bool operate_concat(struct render *r, const struct value *p, size_t n, struct value *out);

/* Unary minus (negate) or plus. */
bool operate_sign(struct render *r, bool negate, struct value v, struct value *out);

/* A comparison (OP_EQ to OP_NOT_IN). */
bool operate_compare(struct render *r, enum operator op, struct value v, struct value w, bool *out);

#endif
