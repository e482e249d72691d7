/* engine/batch/deliver.h - what becomes of a chosen token: text, stop conditions, events, the end of a
 * sample.
 *
 * A token that ends its sample is an event like any other; its text (an end or stop token has
 * none unless include_stop) and all that was held back come with it, so EVENT_DONE never brings
 * text.
 *
 * Engine thread only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_DELIVER_H
#define ENGINE_BATCH_DELIVER_H

#include "engine/batch/events.h"
#include "engine/sample/sampler.h"
#include "engine/batch/scheduler.h"

struct deliver {
    struct scheduler *scheduler;
    const struct sampler *sampler;
    /* The text of a token in an output; empty for special ones when they are skipped. */
    struct span (*token_text)(const void *arg, int id, bool skip_special);
    const void *token_text_arg;
    /* Tell the experts of a running sample's tokens in ev, its EVENT_DONE. NULL: the model has none. */
    void (*routes)(const void *arg, const struct sequence *q, struct engine_event *ev);
    const void *routes_arg;
    struct results results; /* what has come about since it was last emptied */
};

/* End a request one of whose outputs its form can't follow any further (form_has_failed). */
void deliver_form_failure(struct deliver *to, struct request *r);

/* Append d->token to q, a running sample, whose form stands at d->form behind it, and end it when that
 * is its last. */
void deliver_token(struct deliver *to, struct sequence *q, const struct draw *d);

/* The prompt of q's request is computed up to n_computed: tell it, unless nobody asks or so much was told
 * before (a preempted prompt is computed again). */
void deliver_progress(struct deliver *to, const struct sequence *q, int n_computed);

/* The prompt's log-probabilities of r are complete, if it asked for them. */
void deliver_prompt(struct deliver *to, struct request *r);

/* The pool of r is complete, if it asked for an embedding. */
void deliver_embedding(struct deliver *to, struct request *r);

/* End every live sample of r for this reason: FINISH_ABORT when cancelled, FINISH_LENGTH when it wanted no tokens. */
void deliver_end(struct deliver *to, struct request *r, enum engine_finish finish);

/* End r as a whole with an error. */
void deliver_failure(struct deliver *to, struct request *r, const struct error *why);

#endif
