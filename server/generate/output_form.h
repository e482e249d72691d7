/* server/generate/output_form.h - how clients ask for outputs of a form: OpenAI's response_format, vLLM's
 * structured_outputs and its older guided_choice.
 *
 * A choice of strings and any JSON object can be promised (engine/sample/form/constraint.h). Schemas,
 * patterns and grammars cannot, and are refused by name.
 *
 * Readers for FIELD_READ rows; out is the struct sampling_params.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_OUTPUT_FORM_H
#define SERVER_GENERATE_OUTPUT_FORM_H

#include "server/http/fields.h"

/* {"type": "text" | "json_object"} */
bool output_form_read_response_format(const struct field_context *context, const cJSON *value,
                                      void *out, struct error *err);
/* {"choice": [...]} or {"json_object": true} */
bool output_form_read_structured(const struct field_context *context, const cJSON *value, void *out,
                                 struct error *err);
/* ["this", "or that"] */
bool output_form_read_choices(const struct field_context *context, const cJSON *value, void *out,
                              struct error *err);

#endif
