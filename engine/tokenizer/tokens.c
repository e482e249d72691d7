/* engine/tokenizer/tokens.c - see tokens.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/tokenizer/tokens.h"

#include <stdlib.h>

#include "base/mem.h"

void tokens_clear(struct tokens *t)
{
    free(t->ids);
    *t = (struct tokens){0};
}

bool tokens_push(struct tokens *t, int id, struct error *err)
{
    if (t->n == t->room) {
        size_t room = t->room < 16 ? 16 : t->room * 2;
        int *ids = mem_grow(t->ids, room, sizeof(*ids), err);
        if (ids == NULL) return false;
        t->ids = ids;
        t->room = room;
    }
    t->ids[t->n++] = id;
    return true;
}
