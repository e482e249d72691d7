/* base/tools/format.h - how the families of models write calls of tools.
 *
 * One table for all who need it: serving finds calls in answers by it (calls.h), makes grammars for
 * calls that must be made, and brings old calls into the form that the family's chat template
 * expects; judging counts calls by it. A new family is a row.
 *
 * Calls stand in a section, which many families do without:
 *
 *     section_open  call_open CALL call_close  call_next CALL call_close ...  section_close
 *
 * and white space may stand before each of these marks. What a CALL is, its kind says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_TOOLS_FORMAT_H
#define BASE_TOOLS_FORMAT_H

#include <stdbool.h>

#include "base/span.h"

enum tool_format_kind {
    TOOL_ENVELOPE, /* {"name": "f", "arguments": {...}}; "parameters" is taken for the same */
    TOOL_NAMED,    /* the name, name_end, and the arguments as a JSON object */
    TOOL_XML       /* the name, name_end, and <parameter=key> value </parameter> for each */
};

enum { TOOL_FORMAT_TELLTALES = 2, TOOL_FORMAT_FRAMES = 6 };

struct tool_format {
    const char *name;                             /* as --tool-format has it */
    const char *family;                           /* who writes it so */
    const char *telltales[TOOL_FORMAT_TELLTALES]; /* a template of theirs holds all of these */
    enum tool_format_kind kind;
    bool at_start;       /* the section may also begin with the answer, without section_open */
    bool special;        /* marks are special tokens: an answer's text must show these */
    bool text_arguments; /* the template joins a call's arguments as text */
    bool short_ids;      /* the template wants ids of nine letters and digits */

    /* To read calls. NULL: there is none. */
    const char *section_open, *alt_open; /* alt_open: in place of section_open and call_open */
    const char *call_open, *name_end, *call_next, *call_close, *section_close;
    const char *frames[TOOL_FORMAT_FRAMES]; /* marks outside of calls that are no text */

    /* To write calls that are forced: byte for byte as the family does. */
    const char *begin, *before_name, *after_name, *after_arguments;
    const char *between; /* two calls; NULL: one call is all */
    const char *end;
    const char *may_begin; /* what may stand before begin, or not; NULL: nothing */
    const char *think_open,
        *think_close; /* thoughts that open so end so before calls; NULL: as ever */
};

/* Row i, NULL past the last. */
const struct tool_format *tool_format_at(int i);

/* The row of this name; NULL: there is none. */
const struct tool_format *tool_format_named(struct span name);

/* The row of models with this chat template; of one that tells nothing, "hermes". */
const struct tool_format *tool_format_detect(struct span chat_template);

#endif
