/* server/routes/openai.h - what OpenAI's routes share: answering a completion that another route made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_ROUTES_OPENAI_H
#define SERVER_ROUTES_OPENAI_H

#include <stdbool.h>

#include "base/fields.h"

struct completion;

/* Tables of a chat's body and of a text completion's, beside those that all share. */
extern const struct field openai_chat_rows[], openai_completions_rows[],
    openai_completions_shared_rows[];

/* For prepare functions: from here on c is a chat's, or a text completion's, and is prepared as one.
 * False and c->error otherwise. */
bool openai_chat_take(struct completion *c);
/* The same for a text completion. */
bool openai_completions_take(struct completion *c);

#endif
