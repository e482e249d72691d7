/* engine/kernels/pick.c - which set of kernels this CPU gets. Compiled without ISA flags.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "engine/kernels/kernels.h"

static const struct kernels *const sets[] = {&kernels_generic, &kernels_avx2, &kernels_avxvnni,
                                             &kernels_avx512vnni};
enum { N_SETS = sizeof(sets) / sizeof(sets[0]) };

const struct kernels *kernels_at(int i)
{
    return i >= 0 && i < N_SETS ? sets[i] : NULL;
}

static void usable_names(char *names, size_t size)
{
    size_t n = 0;
    names[0] = '\0';
    for (int i = 0; i < N_SETS && n < size; i++) {
        if (!sets[i]->usable()) continue;
        n += (size_t)snprintf(names + n, size - n, "%s%s", n == 0 ? "" : ", ", sets[i]->name);
    }
}

const struct kernels *kernels_pick(const char *force, struct error *err)
{
    for (int i = N_SETS - 1; i >= 0; i--) {
        if (force != NULL && strcmp(force, sets[i]->name) != 0) continue;
        if (sets[i]->usable()) return sets[i];
    }
    char names[128];
    usable_names(names, sizeof(names));
    error_set(err, ERROR_INVALID_VALUE, "isa",
              "isa \"%s\" is not usable here; known to this CPU: %s", force, names);
    return NULL;
}
