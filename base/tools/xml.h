/* base/tools/xml.h - the arguments of a call whose parameters are written as plain text.
 *
 * <parameter=city>Paris</parameter> tells no type: the tool's schema does. A text that reads as JSON
 * of a type that the parameter may have is that value; any other is a string.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_TOOLS_XML_H
#define BASE_TOOLS_XML_H

#include <cjson/cJSON.h>

#include "base/buffer.h"
#include "base/span.h"

/* Append a member, key and value, to the object that out has begun. text is as it stands between
 * the tags: one new line at either end belongs to these. parameters: the tool's schema, or NULL. */
void tool_xml_add(const cJSON *parameters, struct span key, struct span text, struct buffer *out);

#endif
