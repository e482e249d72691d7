/* reward/judge/tally.c - see tally.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/tally.h"

#include <assert.h>
#include <string.h>

#include "reward/judge/scored.h"

static const struct {
    enum verdict verdict;
    const char *word;
} verdicts[TALLY_VERDICTS] = {{VERDICT_CORRECT, "correct"},
                              {VERDICT_INCORRECT, "incorrect"},
                              {VERDICT_CANNOT, "cannot_judge"}};

/* Is this the row of the cause? A free one becomes it. Equal literals of two files may lie in two
 * places. */
static bool claim(struct tally_row *row, const char *cause)
{
    const char *there = NULL;
    if (atomic_compare_exchange_strong(&row->cause, &there, cause)) return true;
    return there == cause || strcmp(there, cause) == 0;
}

static void add(struct tally_row rows[TALLY_CAUSES], const char *cause)
{
    for (int i = 0; i < TALLY_CAUSES; i++) {
        if (!claim(&rows[i], cause)) continue;
        atomic_fetch_add(&rows[i].n, 1);
        return;
    }
}

void tally_add(struct tally *t, const struct scored *s)
{
    for (int k = 0; s->error == NULL && k < s->specs->n; k++) {
        const struct part *p = &s->parts[k];
        enum verdict verdict = p->state == PART_NONE ? VERDICT_CANNOT : p->verdict;
        for (int v = 0; v < TALLY_VERDICTS; v++) {
            if (verdict == verdicts[v].verdict) add(t->rows[v], p->cause == NULL ? "" : p->cause);
        }
    }
}

size_t tally_get(struct tally *t, struct judge_verdict out[JUDGE_VERDICTS])
{
    size_t n = 0;
    for (int v = 0; v < TALLY_VERDICTS; v++) {
        for (int i = 0; i < TALLY_CAUSES; i++) {
            const char *cause = atomic_load(&t->rows[v][i].cause);
            if (cause == NULL) break;
            assert(n < JUDGE_VERDICTS);
            out[n++] =
                (struct judge_verdict){verdicts[v].word, cause, atomic_load(&t->rows[v][i].n)};
        }
    }
    return n;
}
