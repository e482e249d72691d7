/* engine/template/template.h - chat templates: the Jinja that Hugging Face models ship.
 *
 * A template is parsed once and rendered for every request. What is understood is the language of
 * Jinja2 3.1 as transformers sets it up: the immutable sandbox with trim_blocks, lstrip_blocks,
 * break and continue, {% generation %}, raise_exception, strftime_now and a tojson that is
 * json.dumps without HTML escapes. Values print and compare as Python's do. Not offered, and
 * refused by name: other templates (include, import, extends, block), autoescape, what is random
 * (the filter random, lipsum), and the filters for web pages and debugging (pprint, striptags,
 * urlize, wordwrap).
 *
 * One budget of work bounds the time of a rendering, see limits.h.
 *
 * A number of the context's JSON is what Python's json.loads makes of its text: 1 is an int, 1.0
 * and 1e2 are floats, an int of any size keeps its digits.
 *
 * A difference that cannot be seen in a prompt: what is computed is 64 bits wide, an overflow is an
 * error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_TEMPLATE_TEMPLATE_H
#define ENGINE_TEMPLATE_TEMPLATE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

struct template; /* immutable once parsed: any number of threads may render it at once */

struct template_options {
    int64_t now; /* what strftime_now formats: seconds since 1970 on the clock to be shown (add the
                    offset from UTC to show local time) */
};

/* Parse source (UTF-8, copied). On failure NULL and ERROR_TEMPLATE with the line. Free with
 * template_free(), which accepts NULL. */
struct template *template_new(struct span source, struct error *err);
/* Accepts NULL. */
void template_free(struct template *t);

/* Does the template whose source this is compare content with none, as templates do that print a
 * call's message in another way than an empty text? False also for a source that is no template. */
bool template_asks_for_none(struct span source);

/* The source that t was parsed from, line ends normalised. Borrowed from t. */
struct span template_source(const struct template *t);

/* Render t with the variables in context, a JSON object (see template_context_new), and append the
 * text to out. A name that is no member is undefined; a member that is null is None. On failure
 * false, nothing appended, and ERROR_TEMPLATE: the template's own words when it called
 * raise_exception, else the line and what went wrong there. ERROR_NO_MEMORY is possible. */
bool template_render(const struct template *t, const cJSON *context,
                     const struct template_options *options, struct buffer *out, struct error *err);

/* The context that transformers gives a chat template.
 *   messages  array of objects. As in transformers, a message that carries its reasoning as
 *             reasoning_content, thinking or reasoning shows it as reasoning_content and thinking.
 *   tools     array of tool schemas, or NULL: None
 *   bos, eos  text of the special tokens, or NULL: undefined
 *   kwargs    object of further variables (chat_template_kwargs, documents, ...), or NULL. They
 *             are added last and win over bos and eos, but cannot replace messages, tools or
 *             add_generation_prompt.
 * Everything is copied; free with cJSON_Delete(). NULL and an error that names the field on bad
 * types or when out of memory. */
cJSON *template_context_new(const cJSON *messages, const cJSON *tools, bool add_generation_prompt,
                            const char *bos, const char *eos, const cJSON *kwargs,
                            struct error *err);

#endif
