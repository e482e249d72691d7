/* server/routes/control.h - what the dialects of trainers share who pause, resume and abort
 * generations: vLLM's names are in vllm_control.c, SGLang's in sglang_control.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_CONTROL_H
#define SERVER_ROUTES_CONTROL_H

#include <stdbool.h>

#include "server/generate/pause.h"
#include "base/buffer.h"
#include "base/fields.h"

struct exchange;
struct server;

/* A dialect's word for a way of pausing; a name of NULL ends a list. */
struct control_mode {
    const char *name;
    enum pause_mode mode;
};

/* The mode of a word; without a word (p NULL) the first. False names "mode". */
bool control_find_mode(const struct control_mode *modes, struct span word, enum pause_mode *mode,
                       struct error *err);

/* pause_begin(), and PAUSE_ABORT also ends the rollouts that have begun: they would go on to groups that wait
 * for the end of the pause. While the server drains it is refused: nothing would end the pause. */
void control_pause(struct exchange *x, enum pause_mode mode, void (*done)(struct exchange *x));

/* Members of SGLang's /server_info, which vLLM's route of that name has beside its own. */
void sglang_emit_server(const struct server *s, struct buffer *out);

enum { CONTROL_MOST_NAMES = 65536 }; /* of requests, in one body */

/* Abort the requests, of completions and rollouts, that `names` lists (without texts: all).
 * Returns how many there were. */
int control_abort(struct server *s, struct text_list names);

#endif
