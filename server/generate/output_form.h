/* server/generate/output_form.h - how clients ask for outputs of a form: OpenAI's response_format,
 * vLLM's structured_outputs and its older guided_choice.
 *
 * JSON Schemas, regular expressions, grammars, choices, structural tags and any JSON object
 * (engine/sample/form/form.h). A request asks for one form; what cannot be kept of it is refused by
 * name, never passed over.
 *
 * Readers for FIELD_READ rows; out is the struct sampling_params.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_GENERATE_OUTPUT_FORM_H
#define SERVER_GENERATE_OUTPUT_FORM_H

#include "base/fields.h"

/* {"type": "text" | "json_object" | "json_schema" | "structural_tag", "json_schema": {"schema",
 * "strict"}} */
bool output_form_read_response_format(const struct field_context *context, const cJSON *value,
                                      void *out, struct error *err);
/* One of {"json": schema}, {"regex"}, {"grammar"}, {"choice": [...]}, {"json_object": true}: its
 * tables, and its reader. */
extern const struct field *const output_form_members[];
bool output_form_read_structured(const struct field_context *context, const cJSON *value, void *out,
                                 struct error *err);
/* guided_choice: ["this", "or that"] */
bool output_form_read_choices(const struct field_context *context, const cJSON *value, void *out,
                              struct error *err);

/* Fields that are a form by themselves: vLLM's older names, SGLang's, llama-server's. */
bool output_form_read_guided_json(const struct field_context *context, const cJSON *value,
                                  void *out, struct error *err);
bool output_form_read_guided_regex(const struct field_context *context, const cJSON *value,
                                   void *out, struct error *err);
bool output_form_read_guided_grammar(const struct field_context *context, const cJSON *value,
                                     void *out, struct error *err);
bool output_form_read_sglang_schema(const struct field_context *context, const cJSON *value,
                                    void *out, struct error *err);
bool output_form_read_sglang_regex(const struct field_context *context, const cJSON *value,
                                   void *out, struct error *err);
bool output_form_read_sglang_ebnf(const struct field_context *context, const cJSON *value,
                                  void *out, struct error *err);
bool output_form_read_sglang_tags(const struct field_context *context, const cJSON *value,
                                  void *out, struct error *err);
/* The same without their struct, as SGLang's OpenAI routes have them. */
bool output_form_read_regex(const struct field_context *context, const cJSON *value, void *out,
                            struct error *err);
bool output_form_read_ebnf(const struct field_context *context, const cJSON *value, void *out,
                           struct error *err);
bool output_form_read_llama_schema(const struct field_context *context, const cJSON *value,
                                   void *out, struct error *err);
bool output_form_read_llama_grammar(const struct field_context *context, const cJSON *value,
                                    void *out, struct error *err);

/* Ollama's format: a schema; and {"type": "object"}, which it calls "json". */
bool output_form_read_format(const struct field_context *context, const cJSON *value, void *out,
                             struct error *err);
bool output_form_read_any_object(const struct field_context *context, const cJSON *value, void *out,
                                 struct error *err);

struct engine;
struct sampling_params;

/* {"type": "text" | "json_object" | "json_schema", "schema", "strict", "name", "description"}: Anthropic's
 * output_config.format and text.format of OpenAI's Responses. The client's names of it and of its
 * schema are static; errors are relative to value. */
bool output_form_read_flat(const struct field_context *context, const cJSON *value,
                           const char *field, const char *schema_field, struct sampling_params *p,
                           struct error *err);

/* Compile what p asks for, once its thoughts are known, into p->engine.form, for whoever then owns p
 * to free. False and *err, naming the client's field, otherwise. */
bool output_form_compile(struct engine *engine, struct sampling_params *p, struct error *err);

#endif
