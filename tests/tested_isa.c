/* tests/tested_isa.c - tests on a smaller CPU than this one.
 *
 * Linked into unit and golden tests with the linker's --wrap: where nobody names a set of kernels,
 * the environment's TESTED_ISA does (tests/http/conftest.py gives it to every server). With
 * OPENBLAS_CORETYPE beside it the suite runs as on a machine that has no more.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>

#include "engine/kernels/kernels.h"

const struct kernels *__real_kernels_pick(const char *force, struct error *err);
const struct kernels *__wrap_kernels_pick(const char *force, struct error *err);
const struct kernels *__wrap_kernels_pick(const char *force, struct error *err)
{
    return __real_kernels_pick(force != NULL ? force : getenv("TESTED_ISA"), err);
}
