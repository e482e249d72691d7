/* engine/batch/speculate.c - see speculate.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/speculate.h"

#include <assert.h>

enum {
    SHORTEST = 2,     /* tokens that must agree before a guess is worth a row */
    LONGEST = 8,      /* an agreement this long is not improved on */
    FIRST_LENGTH = 3, /* tokens of the first guess */
    PAUSE_AFTER = 2,  /* failures in a row */
    LONGEST_PAUSE = 64
};

/* Prompt and output read as one. */
struct text {
    const int *prompt, *output;
    int n_prompt, n;
};

static int at(const struct text *t, int i)
{
    return i < t->n_prompt ? t->prompt[i] : t->output[i - t->n_prompt];
}

/* How many tokens before and including i agree with the end of the text, up to LONGEST. */
static int agreement(const struct text *t, int i)
{
    int n = 0;
    while (n < LONGEST && n <= i && at(t, i - n) == at(t, t->n - 1 - n)) {
        n++;
    }
    return n;
}

/* The last place before the end where the longest agreement ends, or -1. */
static int find(const struct text *t)
{
    int best = SHORTEST - 1, place = -1, last = at(t, t->n - 1);
    for (int i = t->n - 2; i >= 0 && best < LONGEST; i--) {
        if (at(t, i) != last) continue;
        int n = agreement(t, i);
        if (n > best) {
            best = n;
            place = i;
        }
    }
    return place;
}

bool speculate_pauses(struct speculation *s)
{
    if (s->pause == 0) return false;
    s->pause--;
    return true;
}

int speculate_draft(struct speculation *s, const int *prompt, int n_prompt, const int *output,
                    int n_output, int room, int *draft)
{
    const struct text t = {prompt, output, n_prompt, n_prompt + n_output};
    if (speculate_pauses(s)) return 0;
    if (s->length == 0) s->length = FIRST_LENGTH;
    int place = room > 0 ? find(&t) : -1, n = 0;
    while (place >= 0 && n < s->length && n < room && place + 1 + n < t.n) {
        draft[n] = at(&t, place + 1 + n);
        n++;
    }
    return n;
}

void speculate_learn(struct speculation *s, int drafted, int accepted)
{
    assert(accepted >= 0 && accepted <= drafted && drafted <= SPECULATE_MAX);
    if (drafted == 0) return;
    if (accepted == drafted) {
        s->length = s->length * 2 < SPECULATE_MAX ? s->length * 2 : SPECULATE_MAX;
    } else {
        s->length = accepted + 1;
    }
    s->failures = accepted > 0 ? 0 : s->failures + 1;
    if (s->failures < PAUSE_AFTER) return;
    int pause = 1 << (s->failures < 7 ? s->failures : 6);
    s->pause = pause < LONGEST_PAUSE ? pause : LONGEST_PAUSE;
}
