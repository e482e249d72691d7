/* reward/judge/groups.c - see groups.h.
 *
 * Votes: each member whose telling reward extracted an answer has one. Answers of equal text
 * (white space aside) are one class from the start; classes are then joined where the reward's
 * same_vote() finds them equal, each new class against the first answer of each earlier one. Ties
 * go to the class seen first. A group keeps at most MAX_CLASSES classes, so that no group costs
 * more than a few thousand comparisons; what comes after that has no class and no vote.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/judge/groups.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/ascii.h"
#include "base/mem.h"
#include "reward/judge/advantage.h"

enum { MAX_CLASSES = 64 };

/* ---- majority ------------------------------------------------------------------------------------------ */

struct vote_class {
    struct span first; /* the answer that opened it */
    size_t votes;
    enum verdict verdict;
};

struct ballot {
    struct vote_class classes[MAX_CLASSES];
    int n;
};

/* Equal but for white space. */
static bool same_text(struct span a, struct span b)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < a.n && ascii_is_space(a.p[i])) {
            i++;
        }
        while (j < b.n && ascii_is_space(b.p[j])) {
            j++;
        }
        if (i == a.n || j == b.n) return i == a.n && j == b.n;
        if (a.p[i++] != b.p[j++]) return false;
    }
}

bool group_same_vote(struct span a, struct span b, bool (*same)(struct span a, struct span b))
{
    return same_text(a, b) || (same != NULL && same(a, b));
}

static struct vote_class *find_class(struct ballot *b, struct span answer,
                                     bool (*same)(struct span a, struct span b))
{
    for (int i = 0; i < b->n; i++) {
        if (same_text(b->classes[i].first, answer)) return &b->classes[i];
    }
    for (int i = 0; same != NULL && i < b->n; i++) {
        if (same(b->classes[i].first, answer)) return &b->classes[i];
    }
    return NULL;
}

static void cast_vote(struct ballot *b, const struct scored *s, const struct spec *spec,
                      const struct part *p)
{
    assert(p->vote.at + p->vote.n <= s->texts->n || s->texts->failed); /* scored.h (3) */
    struct span answer = span_of(s->texts->p + p->vote.at, p->vote.n);
    struct vote_class *c = find_class(b, answer, spec->reward->same_vote);
    if (c == NULL && b->n < MAX_CLASSES) {
        c = &b->classes[b->n++];
        *c = (struct vote_class){.first = answer, .verdict = p->verdict};
    }
    if (c != NULL) c->votes++;
}

static void elect(struct group_outcome *g, const struct ballot *b)
{
    for (int i = 0; i < b->n; i++) {
        const struct vote_class *c = &b->classes[i];
        if (g->voted && c->votes <= g->votes) continue;
        g->voted = true;
        g->winner = c->first;
        g->votes = c->votes;
        g->winner_verdict = c->verdict;
    }
}

/* ---- one group -------------------------------------------------------------------------------------------- */

static bool all_equal(const double *v, size_t n)
{
    double first = (double)NAN;
    for (size_t i = 0; i < n; i++) {
        if (isnan(v[i])) continue;
        if (isnan(first)) first = v[i];
        if (v[i] != first) return false;
    }
    return true;
}

/* A member's verdict counted, and its vote cast. */
static void count_member(struct group_outcome *g, struct ballot *b, const struct scored *s)
{
    const struct spec *spec = NULL;
    const struct part *p = scored_telling(s, &spec);
    if (p == NULL) return;
    g->judged += p->verdict == VERDICT_CORRECT || p->verdict == VERDICT_INCORRECT;
    g->correct += p->verdict == VERDICT_CORRECT;
    bool heard = !atomic_load(&s->run->cancelled); /* comparing answers may take long */
    if (p->vote.n > 0 && heard) cast_vote(b, s, spec, p);
}

bool group_settle(struct scored *const *members, size_t n, struct group_outcome *out,
                  struct error *err)
{
    struct ballot ballot = {.n = 0};
    double *v = mem_new(n + 1, sizeof(*v), err);
    if (v == NULL) return false;
    *out = (struct group_outcome){.size = n};
    for (size_t i = 0; i < n; i++) {
        v[i] = members[i]->has_reward ? members[i]->reward : (double)NAN;
        count_member(out, &ballot, members[i]);
    }
    struct moments m = moments_of(v, n);
    out->scored = m.count;
    out->mean = m.mean;
    out->std = m.std;
    out->keep = !all_equal(v, n);
    elect(out, &ballot);
    assert(out->correct <= out->judged && out->judged <= n && out->votes <= n);
    for (size_t i = 0; i < n; i++) {
        members[i]->keep = out->keep && members[i]->has_reward;
    }
    free(v);
    return true;
}
