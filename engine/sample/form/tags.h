/* engine/sample/form/tags.h - structural tags: texts that are free here and of a form there, as
 * xgrammar, vLLM and SGLang write them, and as calls of tools are.
 *
 *     {"type": "structural_tag", "format": FORMAT}
 *     {"type": "structural_tag", "structures": [{"begin", "schema", "end"}], "triggers": [...]}
 *
 * A FORMAT is an object whose type is const_string, any_text, json_schema, qwen_xml_parameter,
 * regex, grammar, sequence, or, optional, plus, star, tag, triggered_tags or tags_with_separator;
 * tags.c's table has the members of each. What is in no table is refused by name.
 *
 * Text before a trigger is free; behind it comes one of the tags that begin with it, to its end. A
 * tag's content ends at the tag's end, not before and not behind. at_least_one: the text begins with
 * a tag; stop_after_first: it ends with it.
 *
 * Beyond xgrammar's, a json_schema may have "strict" (schema.h) and "field": what the client calls
 * it, for errors.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_TAGS_H
#define ENGINE_SAMPLE_FORM_TAGS_H

#include "engine/sample/form/schema.h"

enum { TAGS_MAX = 1024 }; /* elements, tags or triggers of one list */

/* Add the texts to g and give the symbol that derives them. space: of JSON. False: param is the
 * place in the description, or a json_schema's "field". */
bool tags_rule(struct grammar *g, struct span text, enum schema_space space, int *symbol,
               struct error *err);

/* tags_xml.c: the parameters of a call in XML, <parameter=key> value </parameter> for each, in the
 * order of the schema, whose type is object. A string stands as it is, everything else as JSON. */
bool tags_xml_rule(struct grammar *g, const cJSON *schema, const struct schema_options *o,
                   int *symbol, struct error *err);

/* Texts that hold none of n texts. */
rx tags_text_without(struct rx_pool *p, const struct span *texts, int n);

#endif
