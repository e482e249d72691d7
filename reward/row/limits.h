/* reward/row/limits.h - every ceiling of the judge in one place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_ROW_LIMITS_H
#define REWARD_ROW_LIMITS_H

enum {
    REWARD_MAX_ITEMS = 100000,      /* of one request, unless the server says otherwise */
    REWARD_MAX_SPECS = 32,          /* rewards in one list */
    REWARD_MAX_LABEL = 64,          /* bytes of "as" */
    REWARD_MAX_GROUP_SIZE = 65536,  /* "group_size" */
    REWARD_MAX_LINE = 16 << 20,     /* bytes of one NDJSON line */
    REWARD_MAX_DETAILS = 64 << 10,  /* bytes of one part's details */
    REWARD_MAX_MESSAGES = 1024,     /* of one prompt */
    REWARD_SCRATCH_BYTES = 64 << 20 /* arena of one item */
};

/* Arena of one job: what it keeps of its items. */
#define REWARD_JOB_BYTES ((size_t)1 << 30)

#endif
