/* engine/batch/version.h - weights as requests know them: a version of the model.
 *
 * A request lives on the version that served when the engine thread took it in, to its end.
 * Several may be alive at once; a step computes one of them (scheduler.h). Whoever made a version
 * owns it and its weights, and may free them once it no longer serves and has no users.
 *
 * Engine thread only, but number and name, which do not change.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_VERSION_H
#define ENGINE_BATCH_VERSION_H

#include <stdint.h>

struct weights; /* engine/forward/weights.h */

struct version {
    uint64_t number;  /* as events carry it; that of the weights loaded at start is 0 */
    const char *name; /* as clients call it */
    uint64_t content; /* equal for equal weights only */
    const struct weights *weights;
    int users;     /* live samples */
    uint64_t turn; /* the scheduler's: the plan in which it was last tried */
};

#endif
