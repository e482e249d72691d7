/* reward/reward.h - the judge: completions in, rewards out. The only header of reward/ that
 * server/ includes.
 *
 * A judge owns the verifier processes. Most verdicts are reached in the thread that asks, in
 * microseconds; what needs real algebra or runs code goes to the worker processes, many items in
 * flight, and the asker hears of it by a callback. No thread ever waits for a slow item, and no
 * item waits behind another client's.
 *
 * Two doors lead in, to the same judging:
 *   judge/sample.h   one completion at a time, as it ends: spans in, structs out
 *   judge/verify.h   a request in JSON: a batch, or a stream of lines
 * and the others' are beside them: their bodies, and programs run for their own sake.
 *
 * Nothing inside reward/ includes this file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_REWARD_H
#define REWARD_REWARD_H

#include "reward/dialects/dialect.h"
#include "reward/dialects/programs.h"
#include "reward/judge/feedback.h"
#include "reward/judge/judge.h"
#include "reward/judge/sample.h"
#include "reward/judge/tables.h"
#include "reward/judge/verify.h"

#endif
