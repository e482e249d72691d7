/* reward/rules/json_schema.h - does a JSON value satisfy a schema? A bounded part of JSON Schema.
 *
 * Asserted is what forms of outputs keep (engine/sample/form/schema.h), by 2020-12, or by the older
 * draft that a schema names, but read otherwise: a form writes texts of one spelling, a judge reads
 * values of any, in any order, and can compare items with each other. So these are two readers, which
 * the official suite (tests/golden/conformance_forms.c) and tests/fuzz/fuzz_form.c hold together.
 *
 * Asserted: type (with OpenAPI's nullable), enum, const; minimum, maximum, exclusiveMinimum,
 * exclusiveMaximum (draft 4's true as well), multipleOf; minLength, maxLength (code points),
 * pattern; prefixItems, items (a list too), additionalItems, contains with minContains and
 * maxContains, minItems, maxItems, uniqueItems; properties, patternProperties,
 * additionalProperties, unevaluatedProperties (where nothing beside it combines schemas),
 * propertyNames, required, dependentRequired, dependentSchemas, dependencies, minProperties,
 * maxProperties; allOf, anyOf, oneOf, not, if/then/else; $ref within the schema
 * (base/json_reference.h; in drafts 3 to 7 nothing beside it counts); the schemas true and false.
 * Passed over: title, description, default, examples, deprecated, readOnly, writeOnly, format,
 * contentEncoding, contentMediaType, $schema, $id, id, $anchor, $comment, $defs, definitions. Any
 * other keyword is refused when the schema is checked, for a rule that is silently not enforced is a
 * loophole; forms pass over what is no keyword of JSON Schema.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_JSON_SCHEMA_H
#define REWARD_RULES_JSON_SCHEMA_H

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "base/error.h"

/* Keywords known, their values of the right type, patterns sound, references there. The message has the
 * keyword and the JSON pointer of its schema. */
bool json_schema_check(const cJSON *schema, struct error *err);

enum json_schema_result { JSON_SCHEMA_VALID, JSON_SCHEMA_INVALID, JSON_SCHEMA_TOO_HARD };

struct json_schema_fault {
    char path[128];      /* JSON Pointer into the value, cut when long */
    const char *keyword; /* that was not met */
};

/* Check value against a schema that json_schema_check() has passed. TOO_HARD: more than 100,000 steps. */
enum json_schema_result json_schema_validate(const cJSON *schema, const cJSON *value,
                                             struct arena *a, struct json_schema_fault *fault);

#endif
