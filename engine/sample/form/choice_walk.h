/* engine/sample/form/choice_walk.h - one of some strings, read byte by byte.
 *
 * The strings are sorted, so those that begin as the output does lie together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_CHOICE_WALK_H
#define ENGINE_SAMPLE_FORM_CHOICE_WALK_H

#include <stdbool.h>
#include <stdint.h>

/* A plain value: copy it to try a continuation. */
struct choice_walk {
    uint32_t first, last; /* the choices that begin as the output does: [first, last) */
    uint64_t n;           /* bytes of them */
};

/* Before the first byte, of n_choices. */
void choice_walk_begin(struct choice_walk *w, int n_choices);

/* False when no choice goes on so. choices: sorted by bytes, NUL-terminated, the same each time. */
bool choice_walk_feed(struct choice_walk *w, const char *const *choices, unsigned char byte);

/* Is a choice complete? */
bool choice_walk_is_whole(const struct choice_walk *w, const char *const *choices);

#endif
