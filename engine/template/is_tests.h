/* engine/template/is_tests.h - the tests of `x is name`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_IS_TESTS_H
#define ENGINE_TEMPLATE_IS_TESTS_H

#include "engine/template/call.h"

/* NULL when there is no test of this name. A test gives a boolean. */
const struct routine *is_test_find(struct span name);

#endif
