/* engine/batch/admit.c - which of the samples that wait begin, in their order; see scheduler_impl.h for what holds.
 *
 * One begins when there is a slot for it, and blocks for all its tokens beside what the running ones will still take.
 * It begins behind what the prefix cache knows of its tokens; while somebody computes more of them, it is passed over.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine/batch/scheduler_impl.h"

#include <assert.h>

int admit_blocks(int n_tokens)
{
    return (n_tokens + KV_BLOCK - 1) / KV_BLOCK;
}

int admit_promised(const struct scheduler *s)
{
    int n = 0;
    for (const struct sequence *q = s->running.first; q != NULL; q = q->next) {
        int computed = kv_cache_tokens(s->kv, q->kv) + q->n_run;
        n += admit_blocks(sequence_length(q)) - admit_blocks(computed) + 1;
    }
    return n;
}

/* Tokens that two samples have in common at their beginning, whole blocks only. */
static int common(const struct sequence *a, const struct sequence *b, int n)
{
    int same = 0;
    while (same < n) {
        int na, nb;
        const int *pa = sequence_tokens(a, same, &na), *pb = sequence_tokens(b, same, &nb);
        int here = na < nb ? na : nb;
        if (here > n - same) here = n - same;
        for (int i = 0; i < here; i++) {
            if (pa[i] != pb[i]) return (same + i) / KV_BLOCK * KV_BLOCK;
        }
        same += here;
    }
    return same / KV_BLOCK * KV_BLOCK;
}

/* A running sample is about to compute blocks that q, which has found `found` tokens, could share. */
static bool worth_waiting(const struct scheduler *s, const struct sequence *q, int found)
{
    if (!s->o.prefix_cache || request_wants_prompt(q->request)) return false;
    for (const struct sequence *o = s->running.first; o != NULL; o = o->next) {
        int lo = sequence_length(o), lq = sequence_length(q) - 1;
        bool same = space_equal(&o->request->space, &q->request->space);
        if (!same || scheduler_pending(s, o) <= 1) continue;
        if (common(o, q, lo < lq ? lo : lq) > found) return true;
    }
    return false;
}

/* Attach what the cache knows of q's tokens; the last one is always computed, for its logits. */
static int find_prefix(struct scheduler *s, const struct sequence *q, int slot)
{
    int tokens[KV_BLOCK], n = 0;
    if (request_wants_prompt(q->request)) return 0;
    while (n + KV_BLOCK < sequence_length(q)) {
        sequence_copy(q, n, KV_BLOCK, tokens);
        if (!kv_cache_match(s->kv, slot, tokens)) break;
        n += KV_BLOCK;
    }
    return n;
}

static void admit(struct scheduler *s, struct sequence *q, int slot, int found)
{
    scheduler_run(s, q, slot);
    assert(q->request->leader == NULL); /* scheduler_impl.h (3) */
    if (found < q->request->n_prompt) q->request->leader = q;
    if (q->n_cached < 0) {
        q->n_cached = found < q->request->n_prompt ? found : q->request->n_prompt;
        s->cached_tokens += (uint64_t)found;
    }
}

enum admission { ADMITTED, FOLLOWS, SHARES, FULL };

static enum admission try_admit(struct scheduler *s, struct sequence *q)
{
    if (q->request->leader != NULL) return FOLLOWS; /* will be forked */
    int slot = kv_cache_open(s->kv, &q->request->space);
    if (slot < 0) return FULL;
    int found = find_prefix(s, q, slot);
    if (worth_waiting(s, q, found)) {
        kv_cache_close(s->kv, slot);
        return SHARES;
    }
    int need = admit_blocks(sequence_length(q) + 1) - admit_blocks(found);
    if (s->running.n > 0 && need + admit_promised(s) > kv_cache_available(s->kv)) {
        kv_cache_close(s->kv, slot);
        return FULL;
    }
    admit(s, q, slot, found);
    return ADMITTED;
}

void admit_waiting(struct scheduler *s)
{
    struct sequence *next;
    int skips = 0;
    for (struct sequence *q = s->waiting.first; q != NULL && s->budget > 0; q = next) {
        if (q->request->version != s->version) return; /* its turn comes: nobody overtakes it */
        next = q->next;
        if (s->beside && !plan_is_beside(s, q->request)) continue;
        enum admission a = try_admit(s, q);
        if (a == FULL || (a == SHARES && ++skips == MAX_SKIPS)) return;
        if (a == ADMITTED) plan_prefill(s, q, next != NULL);
    }
}
