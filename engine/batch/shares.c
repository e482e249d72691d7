/* engine/batch/shares.c - see shares.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/shares.h"

#include <assert.h>
#include <limits.h>
#include <stddef.h>

static const double each_more = 0.5; /* of what a client takes alone, for every other client */

struct share *shares_find(struct shares *s, uint64_t client)
{
    for (int i = 0; i < s->n; i++) {
        if (s->of[i].client == client) return &s->of[i];
    }
    if (s->n == SHARES_CLIENTS) {
        s->overflows = true;
        return NULL;
    }
    s->of[s->n] = (struct share){.client = client, .may_read = INT_MAX};
    return &s->of[s->n++];
}

static int wanted(const struct share *s)
{
    return s->decodes + s->prompts;
}

/* Rows of a step in which nobody has more than so many. */
static double rows_under(const struct shares *s, int most)
{
    double rows = 0;
    for (int i = 0; i < s->n; i++) {
        rows += wanted(&s->of[i]) < most ? wanted(&s->of[i]) : most;
    }
    return rows;
}

/* The most that a client can have where all together have so many, but `least`. */
static int most_for_all(const struct shares *s, int least, int greatest, double rows)
{
    int low = least, high = greatest;
    while (low < high) {
        int middle = low + (high - low + 1) / 2;
        if (rows_under(s, middle) <= rows) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

/* Its rows, between samples that decode and prompts. */
static void cut(struct share *s, int rows)
{
    int half = (rows + 1) / 2;
    s->may_decode = rows - s->prompts > half ? rows - s->prompts : half;
    if (s->may_decode > s->decodes) s->may_decode = s->decodes;
    s->may_read = rows - s->may_decode;
    assert(s->may_decode + s->may_read == rows && s->may_read >= 0);
}

void shares_divide(struct shares *s, double idle_rows)
{
    int least = INT_MAX, greatest = 0, clients = 0;
    for (int i = 0; i < s->n; i++) {
        struct share *one = &s->of[i];
        one->may_decode = one->decodes;
        one->may_read = INT_MAX;
        if (wanted(one) == 0) continue;
        clients++;
        if (wanted(one) < least) least = wanted(one);
        if (wanted(one) > greatest) greatest = wanted(one);
    }
    if (s->overflows || clients < 2 || idle_rows < 0) return;
    double fit = (idle_rows + least) * (1 + each_more * (clients - 1)) - idle_rows;
    if (rows_under(s, greatest) <= fit) return;
    int most = most_for_all(s, least, greatest, fit);
    s->cut = most < greatest;
    for (int i = 0; i < s->n; i++) {
        if (wanted(&s->of[i]) > most) cut(&s->of[i], most);
    }
}

/* Sample k takes part in plan t where k + t crosses a multiple of what one row has to serve. */
bool shares_takes(struct share *s, uint64_t turn)
{
    uint64_t at = (uint64_t)s->seen++ + turn, may = (uint64_t)s->may_decode,
             of = (uint64_t)s->decodes;
    if (may >= of) return true;
    return (at + 1) * may / of > at * may / of;
}
