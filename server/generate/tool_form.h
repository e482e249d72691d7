/* server/generate/tool_form.h - the form of an answer that calls tools.
 *
 * It is written as a structural tag (engine/sample/form/tags.h), in the family's own bytes: what a
 * forced call looks like is what the model was trained to write.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_TOOL_FORM_H
#define SERVER_GENERATE_TOOL_FORM_H

#include "server/generate/sampling_params.h"
#include "server/generate/tools.h"

/* Set p->form to what the tools ask for, if they ask for one (tools.h). A response_format may stand
 * beside tools that need not be called: the answer is then of that form, or calls. Any other form is
 * ERROR_INVALID_VALUE "tool_choice". The text is in the arena. */
bool tool_form_set(const struct tool_use *use, struct sampling_params *p, struct arena *a,
                   struct error *err);

#endif
