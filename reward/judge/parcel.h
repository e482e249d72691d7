/* reward/judge/parcel.h - one part of one item on its way to a worker and back.
 *
 *   order    the reward entry (JSON; absent: the hidden accuracy part), the item (JSON without its
 *            completion), and what the model wrote, as it is
 *   answer   status, verdict, value, cause, details, vote, and the error of a FAULT
 *
 * The worker keeps the last entry and the last item it parsed: the samples of a prompt come one
 * after the other, and differ in what was written alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_JUDGE_PARCEL_H
#define REWARD_JUDGE_PARCEL_H

#include "reward/judge/item.h"
#include "reward/judge/spec.h"
#include "reward/workers/service.h"

/* Append an order for the part that spec s asks for; item is its printed JSON. */
void parcel_write(struct buffer *out, const struct spec *s, struct span item,
                  const struct spoken *spoken);

/* An answer taken apart; texts borrow from it. */
struct parcel_answer {
    enum score_status status;
    struct span details;   /* of the part */
    struct reward_out out; /* but for its details; err points to: */
    struct error error;
};

/* False when it makes no sense: r is the row that was asked. */
bool parcel_read(struct span answer, const struct reward *r, struct parcel_answer *a);

/* The service: in a worker. */
worker_service parcel_serve;

#endif
