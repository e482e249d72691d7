/* engine/batch/version.c - see version.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/version.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

struct version_label *version_label_new(uint64_t number, struct error *err)
{
    struct version_label *l = mem_new(1, sizeof(*l), err);
    if (l == NULL) return NULL;
    l->owners = 1;
    l->number = number;
    return l;
}

struct version_label *version_label_share(struct version_label *l)
{
    if (l != NULL) __atomic_fetch_add(&l->owners, 1, __ATOMIC_RELAXED);
    return l;
}

void version_label_free(struct version_label *l)
{
    if (l == NULL) return;
    int left = __atomic_sub_fetch(&l->owners, 1, __ATOMIC_ACQ_REL);
    assert(left >= 0);
    if (left == 0) free(l);
}
