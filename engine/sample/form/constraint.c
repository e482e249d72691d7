/* engine/sample/form/constraint.c - see constraint.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/sample/form/constraint.h"

#include <string.h>

void constraint_begin(struct constraint *k, enum output_form form, const char *const *choices,
                      int n_choices, const char *after)
{
    *k = (struct constraint){
        .form = form, .choices = choices, .after = after, .free = after != NULL, .last = n_choices};
    json_walk_begin(&k->json);
}

/* A tag's first byte does not come again inside it, so a mismatch can only begin anew. */
static void look_for_tag(struct constraint *k, char byte)
{
    const char *tag = k->after;
    k->matched = byte == tag[k->matched] ? k->matched + 1 : byte == tag[0];
    if (tag[k->matched] != '\0') return;
    k->free = false;
    k->tagged = true;
}

/* Sorted, so those that go on with byte lie together. */
static bool narrow(struct constraint *k, char byte)
{
    const char *const *choices = k->choices;
    while (k->first < k->last && choices[k->first][k->n] != byte) {
        k->first++;
    }
    while (k->first < k->last && choices[k->last - 1][k->n] != byte) {
        k->last--;
    }
    k->n++;
    return k->first < k->last;
}

static bool feed(struct constraint *k, char byte)
{
    if (k->free) {
        look_for_tag(k, byte);
        return true;
    }
    if (k->tagged && byte == '\n') return true;
    k->tagged = false;
    if (k->form == OUTPUT_JSON) return json_walk_feed(&k->json, (unsigned char)byte);
    return byte != '\0' && narrow(k, byte);
}

bool constraint_feed(struct constraint *k, struct span bytes)
{
    for (size_t i = 0; i < bytes.n; i++) {
        if (!feed(k, bytes.p[i])) return false;
    }
    return true;
}

bool constraint_may_end(const struct constraint *k)
{
    if (k->free) return true;
    if (k->form == OUTPUT_JSON) return json_walk_is_whole(&k->json);
    return k->choices[k->first][k->n] == '\0'; /* the shortest sorts first */
}
