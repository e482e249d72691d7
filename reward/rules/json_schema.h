/* reward/rules/json_schema.h - does a JSON value satisfy a schema? A bounded part of JSON Schema 2020-12.
 *
 * Asserted: type, enum, const; minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf;
 * minLength, maxLength (code points), pattern; prefixItems, items, contains, minItems, maxItems,
 * uniqueItems; properties, patternProperties, additionalProperties, propertyNames, required,
 * dependentRequired, minProperties, maxProperties; allOf, anyOf, oneOf, not, if/then/else; $ref
 * within the schema ("#/$defs/x"); and the schemas true and false. Passed over: title,
 * description, default, examples, deprecated, readOnly, writeOnly, format, $schema, $id,
 * $comment, $defs, definitions. Any other keyword is refused when the schema is checked, for a
 * rule that is silently not enforced is a loophole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_RULES_JSON_SCHEMA_H
#define REWARD_RULES_JSON_SCHEMA_H

#include <cjson/cJSON.h>

#include "base/arena.h"
#include "base/error.h"

/* Keywords known, their values of the right type, patterns sound, references there. */
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
