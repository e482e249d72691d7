/* server/generate/output_form.h - how clients ask for outputs of a form: OpenAI's response_format, vLLM's
 * structured_outputs and its older guided_choice.
 *
 * A choice of strings and any JSON object can be promised (engine/sample/form/form.h). Schemas,
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
/* guided_choice: ["this", "or that"] */
bool output_form_read_choices(const struct field_context *context, const cJSON *value, void *out,
                              struct error *err);

struct engine;
struct sampling_params;

/* Compile what p asks for, once its thoughts are known, into p->engine.form, for whoever then owns p
 * to free. False and *err, naming the client's field, otherwise. */
bool output_form_compile(struct engine *engine, struct sampling_params *p, struct error *err);

#endif
