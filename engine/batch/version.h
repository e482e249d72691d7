/* engine/batch/version.h - weights as requests know them: a version of the model.
 *
 * A request lives on the version that served when the engine thread took it in, to its end, unless
 * it is moved to another (scheduler_switch). Several may be alive at once; a step computes one of
 * them (scheduler.h). Whoever made a version owns it and its weights, and may free them once it no
 * longer serves and has no users.
 *
 * What a version is called outlives it: events and answers that speak of it share a label.
 *
 * struct version is the engine thread's, but number and label, which do not change.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_BATCH_VERSION_H
#define ENGINE_BATCH_VERSION_H

#include <stdint.h>

#include "base/digest.h"
#include "base/error.h"
#include "base/span.h"

struct weights; /* engine/forward/weights.h */

enum { VERSION_NAME_BYTES = 257 }; /* with a NUL */

/* What a version is called and what it holds. Constant; any thread. */
struct version_label {
    int owners;              /* atomic */
    uint64_t number;         /* of the push that brought it; 0: loaded at start */
    char sha256[DIGEST_HEX]; /* of all that serves with it (engine/model/content.h) */
    uint64_t fingerprint;    /* of all that its numbers depend on (engine/fingerprint.h) */
    int64_t created;         /* unix seconds: when it began to serve */
    size_t tensors;          /* of sha256 */
    /* of what its push sent: of a part or a change, that alone; "": all */
    char pushed_sha256[DIGEST_HEX];
    size_t pushed_tensors;         /* of pushed_sha256 */
    char name[VERSION_NAME_BYTES]; /* as clients call it */
};

/* A label without a name yet, which the caller owns. NULL and ERROR_NO_MEMORY on failure. */
struct version_label *version_label_new(uint64_t number, struct error *err);
/* One owner more. Accepts NULL, and returns it. */
struct version_label *version_label_share(struct version_label *l);
/* One owner less; the last one frees it. Accepts NULL. */
void version_label_free(struct version_label *l);

struct version {
    uint64_t number;             /* as events carry it; that of the weights loaded at start is 0 */
    struct version_label *label; /* owned; NULL in tests of what needs no name */
    uint64_t content;            /* equal for equal weights only */
    const struct weights *weights;
    int users;     /* live samples */
    uint64_t turn; /* the scheduler's: the plan in which it was last tried; */
    uint64_t cuts; /* and its plans in which not every sample took part */
};

#endif
