/* engine/sample/form/choice_walk.c - see choice_walk.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/choice_walk.h"

#include <assert.h>

void choice_walk_begin(struct choice_walk *w, int n_choices)
{
    *w = (struct choice_walk){.last = (uint32_t)n_choices};
}

bool choice_walk_feed(struct choice_walk *w, const char *const *choices, unsigned char byte)
{
    char c = (char)byte;
    assert(w->first < w->last);
    if (byte == '\0') return false;
    while (w->first < w->last && choices[w->first][w->n] != c) {
        w->first++;
    }
    while (w->first < w->last && choices[w->last - 1][w->n] != c) {
        w->last--;
    }
    w->n++;
    return w->first < w->last;
}

bool choice_walk_is_whole(const struct choice_walk *w, const char *const *choices)
{
    return choices[w->first][w->n] == '\0'; /* the shortest sorts first */
}
