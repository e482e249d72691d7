/* engine/template/functions.h - the functions every template finds defined.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_FUNCTIONS_H
#define ENGINE_TEMPLATE_FUNCTIONS_H

#include "engine/template/call.h"

/* NULL when there is none of this name. */
const struct routine *function_find(struct span name);

#endif
