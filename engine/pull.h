/* engine/pull.h - from one version of a trainer's chain to another, folder by folder.
 *
 *   slime    from the newest whole checkpoint up to the version that is wanted, or from what is there if that is newer,
 *            change by change (slime's sglang patch, weight_sync/local_checkpoint.py)
 *   SkyRL    from what is there, change by change
 *
 * Each step is whole before the next begins: where one is wrong, the checkpoint is what the step
 * before it has made.
 *
 * The keeper's alone (push.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_PULL_H
#define ENGINE_PULL_H

#include <stdbool.h>

#include "base/error.h"

struct staging;

/* Do s->push->pull. False and what checkpoint.h and delta_set.h say, ERROR_NOT_FOUND for a version
 * that is not there, ERROR_BASE_VERSION for one that is older than what is there. Errors name
 * "path" (the chain's folders), "folder" (ours), "base" or "version". */
bool pull_run(struct staging *s, struct error *err);

#endif
