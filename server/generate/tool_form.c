/* server/generate/tool_form.c - see tool_form.h. Writes JSON; `use` says which tools.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/generate/tool_form.h"

#include <stdio.h>
#include <string.h>

#include "base/emit.h"
#include "base/json.h"

/* What is being written. */
struct writer {
    const struct tool_use *use;
    struct buffer *out;
    struct error *err;
};

/* ---- one call ---- */

/* name as it stands in the call. */
static void add_name(const struct writer *w, const char *name, struct buffer *text)
{
    struct buffer quoted;
    if (w->use->format->kind != TOOL_ENVELOPE) {
        buffer_add_str(text, name);
        return;
    }
    buffer_init(&quoted, 8 * TOOL_NAME_BYTES);
    json_print_text(span_str(name), &quoted);
    if (quoted.failed) text->failed = true;
    buffer_add_span(text, span_slice(buffer_span(&quoted), 1, quoted.n - 1));
    buffer_clear(&quoted);
}

/* A name that would end before its end can't be written by families that have no quotes. */
static bool check_name(const struct writer *w, const char *name, int place)
{
    if (w->use->format->kind == TOOL_ENVELOPE || strpbrk(name, " \t\r\n<>[]{}\"") == NULL) {
        return true;
    }
    error_set(w->err, ERROR_UNSUPPORTED, "function.name",
              "a model of the family \"%s\" can't call a tool of this name", w->use->format->name);
    return error_in(w->err, "tools[%d]", place);
}

/* The schema of arguments, which are an object whatever it says. */
static bool emit_parameters(const struct writer *w, const cJSON *parameters, int place)
{
    const cJSON *type = json_get(parameters, "type");
    bool object =
        type == NULL || (cJSON_IsString(type) && strcmp(type->valuestring, "object") == 0);
    if (!object || cJSON_IsFalse(parameters)) {
        error_set(w->err, ERROR_INVALID_VALUE, "function.parameters",
                  "the arguments of a call are an object; the schema's type must say so");
        return error_in(w->err, "tools[%d]", place);
    }
    emit_object(w->out, "json_schema");
    const cJSON *one = cJSON_IsObject(parameters) ? parameters->child : NULL;
    for (; one != NULL; one = one->next) {
        if (type == NULL && strcmp(one->string, "type") == 0) continue; /* null */
        emit_name(w->out, span_str(one->string));
        emit_value(w->out, NULL, one);
    }
    if (type == NULL) emit_str(w->out, "type", "object");
    emit_close(w->out, '}');
    return true;
}

/* Must the arguments of tool i hold its schema? */
static bool is_held(const struct tool_use *use, size_t i)
{
    return use->mode == CALLS_REQUIRED || use->mode == CALLS_NAMED || use->strict[i];
}

static bool emit_content(const struct writer *w, size_t i)
{
    const struct tool_use *use = w->use;
    bool xml = use->format->kind == TOOL_XML, held = is_held(use, i);
    char field[64];
    snprintf(field, sizeof(field), "tools[%d].function.parameters", use->places[i]);
    emit_object(w->out, "content");
    if (xml && !held) {
        emit_str(w->out, "type", "any_text");
    } else {
        emit_str(w->out, "type", xml ? "qwen_xml_parameter" : "json_schema");
        emit_str(w->out, "field", field);
        emit_bool(w->out, "strict", use->strict[i]);
        if (!emit_parameters(w, held ? use->tools[i].parameters : NULL, use->places[i])) {
            return false;
        }
    }
    emit_close(w->out, '}');
    return true;
}

/* {"begin", "content", "end"} of a call of tool i. */
static bool emit_call(const struct writer *w, size_t i)
{
    const struct tool_format *f = w->use->format;
    const char *name = w->use->tools[i].name;
    struct buffer begin;
    if (!check_name(w, name, w->use->places[i])) return false;
    buffer_init(&begin, 16 * TOOL_NAME_BYTES);
    buffer_add_str(&begin, f->before_name);
    add_name(w, name, &begin);
    buffer_add_str(&begin, f->after_name);
    if (begin.failed) w->out->failed = true;
    emit_object(w->out, NULL);
    emit_text(w->out, "begin", buffer_span(&begin));
    buffer_clear(&begin);
    if (!emit_content(w, i)) return false;
    emit_str(w->out, "end", f->after_arguments);
    emit_close(w->out, '}');
    return true;
}

static bool emit_tags(const struct writer *w)
{
    emit_array(w->out, "tags");
    for (size_t i = 0; i < w->use->n; i++) {
        if (!emit_call(w, i)) return false;
    }
    emit_close(w->out, ']');
    return true;
}

/* ---- several ---- */

static void emit_const(const struct writer *w, const char *text)
{
    emit_object(w->out, NULL);
    emit_str(w->out, "type", "const_string");
    emit_str(w->out, "value", text);
    emit_close(w->out, '}');
}

/* One call or several, with what stands between. */
static bool emit_list(const struct writer *w, const char *key)
{
    const struct tool_format *f = w->use->format;
    bool once = w->use->one_call || w->use->mode == CALLS_NAMED || f->between == NULL;
    emit_object(w->out, key);
    emit_str(w->out, "type", "tags_with_separator");
    emit_str(w->out, "separator", f->between == NULL ? "" : f->between);
    emit_bool(w->out, "at_least_one", true);
    emit_bool(w->out, "stop_after_first", once);
    if (!emit_tags(w)) return false;
    emit_close(w->out, '}');
    return true;
}

/* The same as a whole section. */
static bool emit_section(const struct writer *w)
{
    const struct tool_format *f = w->use->format;
    emit_object(w->out, NULL);
    emit_str(w->out, "type", "sequence");
    emit_array(w->out, "elements");
    if (f->may_begin != NULL) {
        emit_object(w->out, NULL);
        emit_str(w->out, "type", "optional");
        emit_object(w->out, "content");
        emit_str(w->out, "type", "const_string");
        emit_str(w->out, "value", f->may_begin);
        emit_close(w->out, '}');
        emit_close(w->out, '}');
    }
    emit_const(w, f->begin);
    if (!emit_list(w, NULL)) return false;
    emit_const(w, f->end);
    emit_close(w->out, ']');
    emit_close(w->out, '}');
    return true;
}

/* ---- calls among free text ---- */

/* Text up to a mark that opens calls, then calls, and so on. alt_open begins no tag here, so it
 * cannot be written. */
static bool emit_triggered(const struct writer *w)
{
    const struct tool_format *f = w->use->format;
    bool section = *f->begin != '\0';
    emit_object(w->out, NULL);
    emit_str(w->out, "type", "triggered_tags");
    emit_array(w->out, "triggers");
    emit_str(w->out, NULL, f->section_open);
    if (f->alt_open != NULL) emit_str(w->out, NULL, f->alt_open);
    emit_close(w->out, ']');
    emit_bool(w->out, "stop_after_first", w->use->one_call);
    if (!section) {
        if (!emit_tags(w)) return false;
    } else {
        emit_array(w->out, "tags");
        emit_object(w->out, NULL);
        emit_str(w->out, "begin", f->begin);
        if (!emit_list(w, "content")) return false;
        emit_str(w->out, "end", f->end);
        emit_close(w->out, '}');
        emit_close(w->out, ']');
    }
    emit_close(w->out, '}');
    return true;
}

/* Calls that need no mark: the answer is calls, or it does not begin as they do. */
static bool emit_from_start(const struct writer *w)
{
    const char *open = w->use->format->section_open;
    struct buffer pattern;
    emit_object(w->out, NULL);
    emit_str(w->out, "type", "or");
    emit_array(w->out, "elements");
    if (!emit_section(w)) return false;
    emit_object(w->out, NULL);
    emit_str(w->out, "type", "sequence");
    emit_array(w->out, "elements");
    emit_const(w, open);
    if (!emit_section(w)) return false;
    emit_close(w->out, ']');
    emit_close(w->out, '}');
    buffer_init(&pattern, 1024);
    buffer_add_str(&pattern, "(?!\\s*(\\{|");
    for (const char *p = open; *p != '\0'; p++) {
        if (strchr("|<>[](){}.*+?^$\\", *p) != NULL) buffer_add_char(&pattern, '\\');
        buffer_add_char(&pattern, *p);
    }
    buffer_add_str(&pattern, "))[\\s\\S]*");
    if (pattern.failed) w->out->failed = true;
    emit_object(w->out, NULL);
    emit_str(w->out, "type", "regex");
    emit_text(w->out, "pattern", buffer_span(&pattern));
    buffer_clear(&pattern);
    emit_close(w->out, '}');
    emit_close(w->out, ']');
    emit_close(w->out, '}');
    return true;
}

/* ---- calls, or an answer of a form ---- */

static bool emit_or_answer(const struct writer *w, const struct sampling_params *p)
{
    emit_object(w->out, NULL);
    emit_str(w->out, "type", "or");
    emit_array(w->out, "elements");
    if (!emit_section(w)) return false;
    emit_object(w->out, NULL);
    emit_str(w->out, "type", "json_schema");
    emit_str(w->out, "field", p->form_field);
    emit_bool(w->out, "strict", p->form.strict);
    if (p->form.type == FORM_SCHEMA) {
        emit_json(w->out, "json_schema", p->form.text);
    } else {
        emit_object(w->out, "json_schema");
        emit_str(w->out, "type", "object");
        emit_close(w->out, '}');
    }
    emit_close(w->out, '}');
    emit_close(w->out, ']');
    emit_close(w->out, '}');
    return true;
}

/* ---- the whole ---- */

static bool emit_form(const struct writer *w, const struct sampling_params *p)
{
    if (w->use->mode != CALLS_AUTO) return emit_section(w);
    if (p->form.type != FORM_NONE) return emit_or_answer(w, p);
    return w->use->format->at_start ? emit_from_start(w) : emit_triggered(w);
}

bool tool_form_set(const struct tool_use *use, struct sampling_params *p, struct arena *a,
                   struct error *err)
{
    struct buffer text;
    struct writer w = {use, &text, err};
    bool forced = use->mode != CALLS_AUTO;
    bool other = p->form.type != FORM_NONE && strncmp(p->form_field, "response_format", 15) != 0;
    if (forced && other) {
        return error_set(err, ERROR_INVALID_VALUE, "tool_choice",
                         "a form is asked for by %s already", p->form_field);
    }
    if (other && use->any_strict) {
        return error_set(err, ERROR_INVALID_VALUE, "tools",
                         "strict tools are a form of the answer; one is asked for by %s already",
                         p->form_field);
    }
    if (other || (!forced && !use->any_strict && p->form.type == FORM_NONE)) return true;
    buffer_init(&text, FORM_KEY_BYTES);
    bool fine = emit_form(&w, p);
    char *kept = fine && !text.failed ? arena_str(a, buffer_span(&text)) : NULL;
    p->form.type = FORM_TAGS;
    p->form.text = span_of(kept, text.n);
    p->form_field = forced ? "tool_choice" : "tools";
    p->form_is_named = true;
    bool too_large = text.failed && !text.no_memory;
    buffer_clear(&text);
    if (!fine) return false;
    if (too_large) return error_set(err, ERROR_TOO_LARGE, "tools", "the tools are too large");
    return kept != NULL || error_set(err, ERROR_NO_MEMORY, NULL, "no memory for the form");
}
