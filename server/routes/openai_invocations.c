/* server/routes/openai_invocations.c - POST /invocations: the one path that SageMaker knows, which vLLM
 * serves too. A body with messages is a chat's, any other a completion's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/routes/routes.h"

#include "base/json.h"
#include "server/generate/best_of.h"
#include "server/generate/completion.h"
#include "server/generate/conversation.h"
#include "server/routes/openai.h"

const struct field *const openai_invocations_fields[] = {
    openai_chat_rows,     conversation_rows, openai_completions_rows, openai_completions_shared_rows,
    sampling_params_rows, best_of_rows,      NULL};

static bool prepare(struct completion *c)
{
    if (!completion_parse(c, &c->error)) return false;
    return json_get(c->document, "messages") != NULL ? openai_chat_take(c)
                                                     : openai_completions_take(c);
}

void openai_invocations_handle(struct exchange *x)
{
    struct completion *c = completion_new(x, NULL, "", 0);
    if (c != NULL) completion_run(c, WORK_HEAVY, prepare);
}
