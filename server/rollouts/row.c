/* server/rollouts/row.c - see row.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/rollouts/row.h"

#include <assert.h>
#include <math.h>
#include <string.h>

const char *const row_ends[ROW_ENDS] = {"stop", "length", "cut", "deadline", "abort"};

static void add_given(struct row *r, const struct strand *s)
{
    for (int i = 0; i < s->n; i++) {
        bool forced = s->forced && i + 1 == s->n;
        bool known = s->logprobs != NULL && !forced;
        r->cells[r->n++] = (struct cell){.id = s->ids[i],
                                         .loss = !forced,
                                         .logprob = known ? s->logprobs[i] : NAN,
                                         .drawn = NAN};
    }
}

/* Sampled tokens of a turn that stay. */
static size_t kept(const struct rollout_turn *t)
{
    if (t->choice == NULL) return 0;
    return t->kept < t->choice->n_records ? t->kept : t->choice->n_records;
}

static void add_turn(struct row *r, const struct rollout_turn *t)
{
    for (size_t i = 0; i < t->said.n; i++) {
        r->cells[r->n++] = (struct cell){.id = t->said.ids[i], .logprob = NAN, .drawn = NAN};
    }
    for (size_t i = 0; i < kept(t); i++) {
        const struct token_record *one = &t->choice->records[i];
        r->cells[r->n++] = (struct cell){.id = one->prob.id,
                                         .loss = true,
                                         .logprob = one->prob.logprob,
                                         .drawn = one->drawn,
                                         .record = one,
                                         .choice = t->choice};
        r->sampled++;
    }
}

struct row row_of(const struct sample *s)
{
    struct row r = {0};
    size_t most = (size_t)s->strand->n;
    assert(s->state == SAMPLE_JUDGED); /* rollout.h (2) */
    for (int i = 0; i < s->n_turns; i++) {
        most += s->turns[i].said.n + kept(&s->turns[i]);
    }
    r.cells = arena_alloc(sample_turn(s)->arena, most + 1, sizeof(*r.cells));
    if (r.cells == NULL) return r;
    for (int i = 0; i < s->n_turns; i++) {
        r.starts[i] = r.n + s->turns[i].said.n;
        if (i == 0) add_given(&r, s->strand);
        add_turn(&r, &s->turns[i]);
    }
    assert(r.n == most);
    return r;
}

struct row_worth row_worth(const struct sample *s)
{
    const struct judge_reply *reply = &sample_turn(s)->judged.reply;
    bool advised = s->group->rollout->ask.advantage.method != ADVANTAGE_NONE &&
                   s->group->error.code == ERROR_NONE;
    struct row_worth w = {s->mask_cause == NULL && reply->has_reward, (double)NAN, (double)NAN};
    if (w.counts) w.reward = reply->reward;
    if (w.counts && advised) w.advantage = reply->advantage;
    return w;
}

enum row_end row_end(const struct sample *s)
{
    const struct choice *c = sample_turn(s)->choice;
    enum row_end end = ROW_STOP;
    if (s->ended_by == NULL && c == NULL) { /* it was given whole */
        return s->strand->end == STRAND_FULL ? ROW_LENGTH : ROW_STOP;
    }
    const char *name = s->ended_by != NULL ? s->ended_by : choice_finish_name(c);
    while (strcmp(row_ends[end], name) != 0) {
        end++;
        assert(end < ROW_ENDS);
    }
    return end;
}

void row_count(struct group *g)
{
    for (int i = 0; i < g->n; i++) {
        const struct sample *s = &g->samples[i];
        for (int k = 0; k < s->n_turns; k++) {
            g->tokens += (int64_t)kept(&s->turns[k]);
        }
    }
    for (int i = 0; i < g->prompt->n_strands; i++) {
        g->cached += g->strands[i]->n_cached;
    }
}
