/* reward/code/sandboxes.h - the sandboxes of one worker process: opened when first needed, used
 * again for every item, as many side by side as there are processors.
 *
 * They are process-wide because a worker serves one item at a time and lives for many.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_SANDBOXES_H
#define REWARD_CODE_SANDBOXES_H

#include "reward/code/sandbox.h"

enum { SANDBOXES_MAX = 8 };

/* How sandboxes are opened in this process and those forked from it; call before the first. */
void sandboxes_configure(const struct sandbox_options *o);

/* How many may be open at once: one a processor, and not more than there is room for. */
size_t sandboxes_most(void);

/* Up to `wanted` open sandboxes at *list, at least one; 0 and err when there can be none. */
size_t sandboxes_get(size_t wanted, struct sandbox ***list, struct error *err);

/* Between items: wait until fd has something to read or has hung up. A cell that ends meanwhile is reaped:
 * an idle worker keeps no dead process. */
void sandboxes_wait(int fd);

/* Do the walls suffice here? Removes what dead servers' sandboxes have left, opens a sandbox and
 * closes it again; its layers, and the error when not. The answer is kept for the process and
 * those forked from it. */
bool sandboxes_probe(struct sandbox_layers *layers, struct error *err);

/* Has that been asked in this process or one it was forked from? */
bool sandboxes_probed(void);

#endif
