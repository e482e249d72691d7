/* engine/template/methods.h - the methods of Python's types that a template may call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_METHODS_H
#define ENGINE_TEMPLATE_METHODS_H

#include "engine/template/call.h"

/* The method of v with this name, or NULL. One without a function is one the sandbox forbids. */
const struct routine *method_find(struct value v, struct span name);

/* Those of str (methods_text.c). */
const struct routine *text_method_find(struct span name);

#endif
