/* base/tools/calls.c - see calls.h. A machine of stages; in each it looks on from where it stopped,
 * so every byte is looked at once, but for those behind an opening mark that opened nothing.
 *
 *   TEXT --section_open--> OPEN --call_open--> NAME, BRACE -> JSON -> CLOSE --call_close--> NEXT
 *    ^                                           '-> PARAMETER <-> TEXT_VALUE -----------'   |
 *    '------------------- no call there: its opening mark is text -------------- no other call'
 *
 * (1) dropped <= done <= looked, and done <= mark while a call is being read.
 * (2) What was given early of a call is the beginning of its arguments.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/tools/calls.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/tools/xml.h"

enum { TEXT, OPEN, NAME, BRACE, JSON, PARAMETER, TEXT_VALUE, CLOSE, NEXT };
enum { MEMBER_OTHER, MEMBER_NAME, MEMBER_ARGUMENTS };
enum { MAX_AT_END = 64 }; /* opening marks that are tried again when no more comes */
static const char PARAMETER_OPEN[] = "<parameter=", PARAMETER_CLOSE[] = "</parameter>";

void tool_calls_init(struct tool_calls *t, const struct tool_calls_wanted *wanted)
{
    *t = (struct tool_calls){.wanted = *wanted, .stage = TEXT};
    buffer_init(&t->held, SIZE_MAX);
    buffer_init(&t->built, (size_t)8 * TOOL_CALL_BYTES);
}

void tool_calls_clear(struct tool_calls *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free(t->items[i].name);
        free(t->items[i].arguments);
    }
    free(t->items);
    buffer_clear(&t->held);
    buffer_clear(&t->built);
}

/* ---- what is held ---- */

static size_t end_of(const struct tool_calls *t)
{
    return t->dropped + t->held.n;
}

static struct span slice(const struct tool_calls *t, size_t from, size_t to)
{
    assert(from >= t->dropped); /* (1) */
    return span_slice(buffer_span(&t->held), from - t->dropped, to - t->dropped);
}

/* All that is held from a place on. */
static struct span rest(const struct tool_calls *t, size_t from)
{
    return slice(t, from, end_of(t));
}

static void give_to(struct tool_calls *t, size_t to, struct buffer *text)
{
    assert(t->done <= to); /* (1) */
    buffer_add_span(text, slice(t, t->done, to));
    t->done = to;
    if (t->looked < to) t->looked = to;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct tool_calls *t)
{
    struct span s = rest(t, t->looked);
    size_t n = 0;
    while (n < s.n && is_space(s.p[n])) {
        n++;
    }
    t->looked += n;
}

/* `to` without the white space before it that a call may take with it. */
static size_t before_space(const struct tool_calls *t, size_t to)
{
    struct span s = slice(t, t->done, to);
    size_t n = s.n;
    while (n > 0 && s.n - n < TOOL_SPACE_BYTES && is_space(s.p[n - 1])) {
        n--;
    }
    return t->done + n;
}

enum found { NO, YES, WAIT };

/* Does a mark stand next, white space aside? Then look on behind it. */
static enum found expect(struct tool_calls *t, const char *mark)
{
    struct span m = span_str(mark);
    skip_space(t);
    struct span s = rest(t, t->looked);
    if (span_starts(s, m)) {
        t->looked += m.n;
        return YES;
    }
    return span_starts(m, s) ? WAIT : NO;
}

/* ---- calls ---- */

static const struct tool *find_tool(const struct tool_calls *t, struct span name)
{
    static const struct tool any = {0};
    for (size_t i = 0; i < t->wanted.n_tools; i++) {
        if (span_is(name, t->wanted.tools[i].name)) return &t->wanted.tools[i];
    }
    return t->wanted.tools == NULL && name.n > 0 ? &any : NULL;
}

static bool grow(struct tool_calls *t)
{
    if (t->n < t->room) return true;
    size_t room = t->room == 0 ? 4 : t->room * 2;
    struct tool_call *grown = mem_grow(t->items, room, sizeof(*grown), NULL);
    if (grown == NULL) return false;
    t->items = grown;
    t->room = room;
    return true;
}

static void append(struct tool_calls *t, struct tool_call *call, struct span more)
{
    size_t need = call->n_arguments + more.n + 1;
    if (need > call->room) {
        char *grown = mem_grow(call->arguments, need * 2, 1, NULL);
        if (grown == NULL) {
            t->failed = true;
            return;
        }
        call->arguments = grown;
        call->room = need * 2;
    }
    if (more.n > 0) memcpy(call->arguments + call->n_arguments, more.p, more.n);
    call->n_arguments += more.n;
    call->arguments[call->n_arguments] = '\0';
}

static bool is_wanted(const struct tool_calls *t)
{
    return t->wanted.most == 0 || t->n_found < t->wanted.most;
}

/* A new item, without arguments. */
static void announce(struct tool_calls *t, struct span name)
{
    struct tool_call made = {.name = mem_text(name, NULL)};
    if (made.name == NULL || !grow(t)) {
        free(made.name);
        t->failed = true;
        return;
    }
    t->items[t->n++] = made;
    t->announced = true;
    append(t, &t->items[t->n - 1], span_of("", 0));
}

/* Arguments so far, where they are wanted early. */
static void show(struct tool_calls *t, struct span name, struct span arguments)
{
    if (!t->wanted.early || !is_wanted(t) || t->n_found >= TOOL_CALLS_MAX) return;
    if (!t->announced) announce(t, name);
    if (t->failed) return;
    struct tool_call *call = &t->items[t->n - 1];
    assert(arguments.n >= call->n_arguments); /* (2) */
    append(t, call, span_slice(arguments, call->n_arguments, arguments.n));
}

/* The call is whole: name and all arguments. */
static void add(struct tool_calls *t, struct span name, struct span arguments)
{
    bool wanted = is_wanted(t);
    if (wanted && !t->announced) announce(t, name);
    t->n_found++;
    if (!wanted || t->failed) return;
    struct tool_call *call = &t->items[t->n - 1];
    struct span shown = span_of(call->arguments, call->n_arguments);
    assert(span_starts(arguments, shown)); /* (2) */
    append(t, call, span_slice(arguments, shown.n, arguments.n));
    call->whole = true;
    t->n_whole++;
}

/* There is no call: what opened one is text, and what follows is looked at anew. */
static bool refuse_to(struct tool_calls *t, size_t to, struct buffer *text)
{
    give_to(t, to, text);
    t->looked = to;
    t->stage = TEXT;
    t->announced = false;
    return true;
}

static bool refuse(struct tool_calls *t, struct buffer *text)
{
    return refuse_to(t, t->mark + t->mark_n, text);
}

/* A call that grows too large: text, as far as it was read. */
static bool is_too_large(const struct tool_calls *t)
{
    return t->looked > t->mark && t->looked - t->mark > TOOL_CALL_BYTES;
}

/* ---- a whole call ---- */

/* SGLang's detector takes `parameters` for `arguments`, and Llama's models write it. */
static bool take_envelope(struct tool_calls *t, struct error *why)
{
    struct span source = slice(t, t->from, t->to);
    cJSON *call = json_parse(source, why);
    const cJSON *name = json_get(call, "name"), *arguments = json_get(call, "arguments");
    const cJSON *parameters = json_get(call, "parameters");
    bool one = arguments == NULL || parameters == NULL;
    if (arguments == NULL) arguments = parameters;
    bool bare = t->mark_n == 0 && arguments == NULL; /* any object with a name */
    bool fits = arguments == NULL || cJSON_IsObject(arguments) || cJSON_IsString(arguments);
    bool ok = cJSON_IsString(name) && !json_has_nul(name) && one && fits && !bare &&
              find_tool(t, span_str(name->valuestring)) != NULL;
    struct span text = arguments == NULL           ? span_str("{}")
                       : cJSON_IsString(arguments) ? span_str(arguments->valuestring)
                                                   : json_source(call, arguments, source);
    if (ok && cJSON_IsString(arguments)) { /* an object, written as text */
        cJSON *object = json_has_nul(arguments) ? NULL : json_parse(text, why);
        ok = cJSON_IsObject(object);
        cJSON_Delete(object);
    }
    if (ok) add(t, span_str(name->valuestring), text);
    cJSON_Delete(call);
    return ok;
}

static bool take_object(struct tool_calls *t, struct span arguments, struct error *why)
{
    cJSON *object = json_parse(arguments, why);
    bool ok = cJSON_IsObject(object);
    if (ok) add(t, slice(t, t->name, t->name_to), arguments);
    cJSON_Delete(object);
    return ok;
}

static bool take_call(struct tool_calls *t)
{
    struct error why = {0};
    bool ok = false;
    if (t->n_found >= TOOL_CALLS_MAX) return false;
    switch (t->wanted.format->kind) {
    case TOOL_ENVELOPE:
        ok = take_envelope(t, &why);
        break;
    case TOOL_NAMED:
        ok = take_object(t, slice(t, t->from, t->to), &why);
        break;
    case TOOL_XML:
        buffer_add_char(&t->built, '}');
        if (t->built.no_memory) t->failed = true;
        ok = !t->built.failed && take_object(t, buffer_span(&t->built), &why);
        break;
    }
    if (why.code == ERROR_NO_MEMORY) t->failed = true;
    return ok;
}

/* The call has ended before `looked`. */
static bool take(struct tool_calls *t, struct buffer *text)
{
    if (!take_call(t)) return refuse(t, text);
    give_to(t, before_space(t, t->mark), text);
    t->done = t->looked;
    t->announced = false;
    const struct tool_format *f = t->wanted.format;
    t->stage = f->call_next != NULL || f->section_close != NULL ? NEXT : TEXT;
    return true;
}

/* ---- outside of calls ---- */

/* The opening marks and what else is no text; NULL past the last. */
static const char *mark_at(const struct tool_format *f, int i)
{
    if (i == 0) return f->section_open;
    if (i == 1 && f->alt_open != NULL) return f->alt_open;
    i -= 1 + (f->alt_open != NULL);
    return i < TOOL_FORMAT_FRAMES ? f->frames[i] : NULL;
}

/* The first mark from `looked` on; the longer of two at one place. */
static const char *find_mark(const struct tool_calls *t, size_t *at)
{
    const char *first = NULL, *mark;
    struct span s = rest(t, t->looked);
    for (int i = 0; (mark = mark_at(t->wanted.format, i)) != NULL; i++) {
        size_t here = span_find(s, span_str(mark), 0);
        if (here == SPAN_NONE) continue;
        bool longer = first != NULL && here + t->looked == *at && strlen(mark) > strlen(first);
        if (first == NULL || here + t->looked < *at || longer) {
            first = mark;
            *at = here + t->looked;
        }
    }
    return first;
}

/* Where the beginning of a mark may stand at the end of what is held; the end: nowhere. */
static size_t find_partial(const struct tool_calls *t)
{
    const char *mark;
    size_t longest = 0;
    struct span s = rest(t, t->looked);
    for (int i = 0; (mark = mark_at(t->wanted.format, i)) != NULL; i++) {
        for (size_t k = strlen(mark) - 1; k > longest; k--) {
            if (span_ends(s, span_of(mark, k))) longest = k;
        }
    }
    return end_of(t) - longest;
}

static void open_call(struct tool_calls *t, size_t at, size_t n, bool by_section)
{
    t->mark = at;
    t->mark_n = n;
    t->looked = at + n;
    t->begun = true;
    t->announced = false;
    t->stage = OPEN;
    if (by_section && t->wanted.format->call_open != NULL) return;
    t->from = t->looked;
    t->stage = t->wanted.format->kind == TOOL_ENVELOPE ? BRACE : NAME;
}

/* Does the answer begin with an object? WAIT: only white space so far. */
static enum found begins_bare(struct tool_calls *t)
{
    if (t->begun || !t->wanted.format->at_start) return NO;
    skip_space(t);
    struct span s = rest(t, t->looked);
    if (s.n == 0) return t->looked - t->done > TOOL_SPACE_BYTES ? NO : WAIT;
    t->begun = true;
    return s.p[0] == '{' ? YES : NO;
}

static bool step_text(struct tool_calls *t, struct buffer *text)
{
    size_t at = 0;
    enum found bare = begins_bare(t);
    if (bare == WAIT) return false;
    if (bare == YES) {
        open_call(t, t->looked, 0, false);
        return true;
    }
    const char *mark = find_mark(t, &at);
    if (mark == NULL) {
        size_t sure = find_partial(t);
        t->looked = sure;
        give_to(t, before_space(t, sure), text);
        return false;
    }
    bool section = mark == t->wanted.format->section_open;
    if (section || mark == t->wanted.format->alt_open) {
        give_to(t, before_space(t, at), text); /* before what is shown early */
        open_call(t, at, strlen(mark), section);
    } else {
        give_to(t, at, text);
        t->done = t->looked = at + strlen(mark);
    }
    return true;
}

/* ---- inside of one ---- */

static bool step_open(struct tool_calls *t, struct buffer *text)
{
    enum found f = expect(t, t->wanted.format->call_open);
    if (f == NO || is_too_large(t)) return refuse(t, text);
    if (f == WAIT) return false;
    t->from = t->looked;
    t->stage = t->wanted.format->kind == TOOL_ENVELOPE ? BRACE : NAME;
    return true;
}

/* The name, behind which harmony says that JSON follows, and Mistral's models may write an id. */
static struct span name_in(struct span s)
{
    static const char *const tails[] = {"json", "<|constrain|>json", "<|constrain|>",
                                        "<|channel|>commentary"};
    size_t id = span_find(s, span_str("[CALL_ID]"), 0);
    s = span_trim(span_slice(s, 0, id == SPAN_NONE ? s.n : id));
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        struct span tail = span_str(tails[i]);
        bool apart = s.n > tail.n && (is_space(s.p[s.n - tail.n - 1]) || tails[i][0] == '<');
        if (apart && span_ends(s, tail)) s = span_trim(span_slice(s, 0, s.n - tail.n));
    }
    return s;
}

static bool step_name(struct tool_calls *t, struct buffer *text)
{
    struct span end = span_str(t->wanted.format->name_end);
    size_t most = t->from + TOOL_NAME_BYTES + end.n;
    size_t at = span_find(slice(t, t->from, most), end, 0);
    if (at == SPAN_NONE) return end_of(t) >= most && refuse(t, text);
    struct span name = name_in(slice(t, t->from, t->from + at));
    t->looked = t->from + at + end.n;
    if (find_tool(t, name) == NULL) return refuse(t, text);
    t->name = t->dropped + (size_t)(name.p - t->held.p);
    t->name_to = t->name + name.n;
    buffer_drop(&t->built, t->built.n);
    buffer_add_char(&t->built, '{');
    t->stage = t->wanted.format->kind == TOOL_XML ? PARAMETER : BRACE;
    return true;
}

static bool step_brace(struct tool_calls *t, struct buffer *text)
{
    skip_space(t);
    if (is_too_large(t)) return refuse_to(t, t->looked, text);
    if (t->looked == end_of(t)) return false;
    t->from = t->looked;
    if (t->wanted.format->kind == TOOL_ENVELOPE) t->name_to = t->name = 0;
    t->value = t->value_to = 0;
    t->member = MEMBER_OTHER;
    json_step_begin(&t->json);
    t->stage = JSON;
    return true;
}

static int member_named(struct span key)
{
    if (span_is(key, "\"name\"")) return MEMBER_NAME;
    bool arguments = span_is(key, "\"arguments\"") || span_is(key, "\"parameters\"");
    return arguments ? MEMBER_ARGUMENTS : MEMBER_OTHER;
}

/* Where name and arguments stand in an envelope, for show_json(). */
static void note_member(struct tool_calls *t, enum json_step_event event, char byte)
{
    switch (event) {
    case JSON_STEP_KEY:
        t->key = t->looked;
        break;
    case JSON_STEP_COLON:
        t->member = member_named(span_trim(slice(t, t->key, t->looked)));
        break;
    case JSON_STEP_VALUE:
        if (t->member == MEMBER_NAME) t->name = t->looked;
        if (t->member == MEMBER_ARGUMENTS && byte == '{' && t->name_to > 0 && t->value == 0) {
            t->value = t->looked;
        }
        break;
    case JSON_STEP_END:
        if (t->member == MEMBER_NAME) t->name_to = t->looked + 1;
        if (t->member == MEMBER_ARGUMENTS && t->value > 0 && t->value_to == 0) {
            t->value_to = t->looked + 1;
        }
        break;
    default:
        break;
    }
}

/* The arguments as far as they have come. */
static void show_json(struct tool_calls *t)
{
    if (!t->wanted.early) return;
    if (t->wanted.format->kind == TOOL_NAMED) {
        show(t, slice(t, t->name, t->name_to), slice(t, t->from, t->looked));
        return;
    }
    if (t->value == 0) return;
    struct span name = slice(t, t->name, t->name_to);
    bool plain = name.n >= 2 && name.p[0] == '"' && memchr(name.p, '\\', name.n) == NULL;
    name = span_slice(name, 1, name.n - 1);
    if (!plain || find_tool(t, name) == NULL) return;
    show(t, name, slice(t, t->value, t->value_to > 0 ? t->value_to : t->looked));
}

static bool step_json(struct tool_calls *t, struct buffer *text)
{
    struct span s = rest(t, t->looked);
    for (size_t i = 0; i < s.n; i++) {
        enum json_step_event event = json_step(&t->json, (unsigned char)s.p[i]);
        if (event == JSON_STEP_BAD) return refuse(t, text);
        note_member(t, event, s.p[i]);
        t->looked++;
        if (is_too_large(t)) return refuse_to(t, t->looked, text);
        if (event == JSON_STEP_WHOLE) {
            t->to = t->looked;
            t->stage = CLOSE;
            show_json(t);
            return true;
        }
    }
    show_json(t);
    return false;
}

static bool step_close(struct tool_calls *t, struct buffer *text)
{
    const char *close = t->wanted.format->call_close;
    enum found f = close == NULL ? YES : expect(t, close);
    if (f == NO) return refuse(t, text);
    return f == YES && take(t, text);
}

/* A parameter, or the call's end. */
static bool step_parameter(struct tool_calls *t, struct buffer *text)
{
    enum found end = expect(t, t->wanted.format->call_close);
    if (end == YES) return take(t, text);
    enum found next = expect(t, PARAMETER_OPEN);
    show(t, slice(t, t->name, t->name_to), buffer_span(&t->built));
    if (is_too_large(t)) return refuse_to(t, t->looked, text);
    if (next == NO && end == NO) return refuse(t, text);
    if (next != YES) return false;
    t->key = t->looked;
    t->key_to = 0;
    t->stage = TEXT_VALUE;
    return true;
}

static bool step_key(struct tool_calls *t, struct buffer *text)
{
    struct span s = slice(t, t->key, t->key + TOOL_NAME_BYTES + 1);
    const char *end = s.n == 0 ? NULL : memchr(s.p, '>', s.n);
    if (end == NULL) return s.n > TOOL_NAME_BYTES && refuse(t, text);
    t->key_to = t->key + (size_t)(end - s.p);
    t->from = t->looked = t->key_to + 1;
    return true;
}

static bool step_text_value(struct tool_calls *t, struct buffer *text)
{
    struct span close = span_str(PARAMETER_CLOSE);
    if (t->key_to == 0) return step_key(t, text);
    size_t at = span_find(rest(t, t->looked), close, 0);
    size_t most = t->mark + TOOL_CALL_BYTES;
    if ((at == SPAN_NONE ? end_of(t) - t->looked : at) > most + close.n - t->looked) {
        return refuse_to(t, most, text);
    }
    if (at == SPAN_NONE) {
        if (end_of(t) >= t->looked + close.n) t->looked = end_of(t) - close.n + 1;
        return false;
    }
    t->to = t->looked + at;
    const struct tool *tool = find_tool(t, slice(t, t->name, t->name_to));
    assert(tool != NULL); /* step_name() has found it */
    tool_xml_add(tool->parameters, slice(t, t->key, t->key_to), slice(t, t->from, t->to),
                 &t->built);
    t->looked = t->to + close.n;
    t->stage = PARAMETER;
    return true;
}

/* Another call of the section, its end, or text. */
static bool step_next(struct tool_calls *t, struct buffer *text)
{
    const struct tool_format *f = t->wanted.format;
    enum found close = f->section_close == NULL ? NO : expect(t, f->section_close);
    enum found next = close == YES || f->call_next == NULL ? NO : expect(t, f->call_next);
    (void)text;
    if (close == YES) {
        t->done = t->looked;
    } else if (next == YES) {
        size_t n = strlen(f->call_next);
        open_call(t, t->looked - n, n, false);
        return true;
    } else if ((next == WAIT || close == WAIT) && t->looked - t->done <= TOOL_SPACE_BYTES) {
        return false;
    }
    t->stage = TEXT;
    t->looked = t->done;
    return true;
}

static bool step(struct tool_calls *t, struct buffer *text)
{
    static bool (*const stages[])(struct tool_calls *, struct buffer *) = {
        [TEXT] = step_text,
        [OPEN] = step_open,
        [NAME] = step_name,
        [BRACE] = step_brace,
        [JSON] = step_json,
        [PARAMETER] = step_parameter,
        [TEXT_VALUE] = step_text_value,
        [CLOSE] = step_close,
        [NEXT] = step_next,
    };
    assert(t->dropped <= t->done && t->done <= t->looked); /* (1) */
    return stages[t->stage](t, text);
}

void tool_calls_feed(struct tool_calls *t, struct span piece, struct buffer *text)
{
    buffer_add_span(&t->held, piece);
    if (t->held.failed) {
        t->failed = true;
        return;
    }
    while (step(t, text)) {
    }
    buffer_drop(&t->held, t->done - t->dropped);
    t->dropped = t->done;
}

/* No more comes: a call that lacks nothing but its closing mark is whole; one of which arguments were given
 * stays as it is; others are none. */
static void settle(struct tool_calls *t, struct buffer *text)
{
    if (t->stage == CLOSE) {
        t->looked = end_of(t);
        take(t, text);
    } else if (t->stage == NEXT) {
        t->stage = TEXT;
        t->looked = t->done;
    } else if (t->announced) { /* said once: not as text, too */
        t->done = t->looked = end_of(t);
        t->stage = TEXT;
        t->announced = false;
    } else {
        refuse(t, text);
    }
}

void tool_calls_end(struct tool_calls *t, struct buffer *text)
{
    for (int i = 0; i < MAX_AT_END; i++) {
        while (step(t, text)) {
        }
        if (t->stage == TEXT) break;
        settle(t, text);
    }
    bool after_call = t->n_found > 0 && span_trim(rest(t, t->done)).n == 0;
    if (after_call) t->done = end_of(t);
    give_to(t, end_of(t), text);
    t->stage = TEXT;
}
