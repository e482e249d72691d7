/* reward/code/cases.c - see cases.h.
 *
 *   list of tests          {"stdin", "stdout"}, {"call", "args", "result"}, {"assert"}, "assert ..."
 *   LiveCodeBench          {"input", "output", "testtype", "metadata": {"func_name"}}; public_test_cases and
 *                          private_test_cases, which may be packed: packed_tests.c
 *   APPS, TACO, verl       {"inputs": [], "outputs": [], "fn_name", "assert_case": []}, also as the JSON text of
 *                          "input_output"
 *   PrimeIntellect         verification_info: {"language", "test_cases": [{"input", "output", "type", "fn_name"}]}
 *   open-r1/codeforces     {"official_tests", "time_limit", "memory_limit", "input_mode", "generated_checker"}
 *   open-r1/ioi            {"id", "grader_files": [[name, text]], "test_names", "test_cases", "score", ...}: ioi.c
 *   HumanEval, EvalPlus    {"prompt", "entry_point", "test"}, {"inputs", "expected", "entry_point"}
 *   MBPP                   {"test_list", "test_setup_code", "test_imports"}
 *   CodeContests           public_tests, private_tests, generated_tests: {"input": [], "output": []}
 *   AceCode                test_cases: ["assert ..."]
 *   KodCode                {"test": "from solution import f ... def test_f(): ..."}
 *   PRIME, verl            the answer is the JSON text of APPS' object
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/cases.h"

#include <math.h>
#include <stdio.h>

#include "base/emit.h"
#include "base/json.h"
#include "base/utf8.h"
#include "reward/code/ioi.h"
#include "reward/code/packed_tests.h"
#include "reward/code/script.h"
#include "reward/row/members.h"

enum { MAX_NESTING = 4 };

/* While reading: what holds for all tests of a list unless one says otherwise. */
struct reading {
    struct arena *arena;
    struct code_tests *out;
    size_t room;
    struct span function; /* tests are calls of it; n 0: they are not */
    bool unwrap;          /* as APPS does */
    bool file_io;         /* input.txt, output.txt */
    struct error *err;
};

static bool read_tests(struct reading *r, const cJSON *v, int nesting);
static bool read_text(struct reading *r, const cJSON *v, int nesting);

static bool wrong(struct reading *r, const char *field, const char *what, const cJSON *v)
{
    return error_set(r->err, ERROR_INVALID_TYPE, field, "%s must be %s, not %s", field, what,
                     json_type_name(v));
}

/* As wrong(), where the caller's path says all. */
static bool wrong_here(struct reading *r, const char *what, const cJSON *v)
{
    return error_set(r->err, ERROR_INVALID_TYPE, NULL, "must be %s, not %s", what,
                     json_type_name(v));
}

static bool no_memory(struct reading *r)
{
    return error_set(r->err, ERROR_TOO_LARGE, NULL, "the tests are too large");
}

static const cJSON *either(const cJSON *object, const char *name, const char *other)
{
    const cJSON *v = json_get(object, name);
    return v != NULL ? v : json_get(object, other);
}

/* ---- values as texts ------------------------------------------------------------------------------------ */

static struct span printed(struct reading *r, const cJSON *v)
{
    struct buffer b;
    buffer_init(&b, 64 << 20);
    json_print(v, &b);
    char *copy = b.failed ? NULL : arena_str(r->arena, buffer_span(&b));
    struct span text = span_of(copy, copy == NULL ? 0 : b.n);
    buffer_clear(&b);
    return text;
}

/* Text as it is; a list of lines joined; a number or truth value as it is written. */
static bool stdio_text(struct reading *r, const char *field, const cJSON *v, struct span *out)
{
    if (v == NULL) {
        *out = span_of(NULL, 0);
        return true;
    }
    if (cJSON_IsString(v)) {
        *out = json_text(v, r->arena);
        return true;
    }
    if (cJSON_IsNumber(v) || cJSON_IsBool(v)) {
        *out = printed(r, v);
        return out->p != NULL || no_memory(r);
    }
    if (!cJSON_IsArray(v)) return wrong(r, field, "a string or a list of lines", v);
    struct buffer b;
    buffer_init(&b, 64 << 20);
    const cJSON *line;
    bool ok = true;
    cJSON_ArrayForEach(line, v)
    {
        struct span text;
        ok = ok && !cJSON_IsArray(line) && stdio_text(r, field, line, &text);
        if (!ok) break;
        if (b.n > 0 || line != v->child) buffer_add_char(&b, '\n');
        buffer_add_span(&b, text);
    }
    char *copy = ok && !b.failed ? arena_str(r->arena, buffer_span(&b)) : NULL;
    *out = span_of(copy, b.n);
    buffer_clear(&b);
    return copy != NULL || (ok ? no_memory(r) : wrong(r, field, "a list of strings", v));
}

/* The value a call is expected to give: JSON, or the text of it. */
static bool value_text(struct reading *r, const cJSON *v, struct span *out)
{
    *out = cJSON_IsString(v) ? json_text(v, r->arena) : printed(r, v);
    return out->p != NULL || no_memory(r);
}

/* Lines of JSON values, as LiveCodeBench writes arguments, to one list. */
static bool list_of_lines(struct reading *r, struct span lines, struct span *out)
{
    struct buffer b;
    buffer_init(&b, 64 << 20);
    emit_array(&b, NULL);
    for (size_t at = 0; at < lines.n;) {
        size_t end = span_find(lines, span_str("\n"), at);
        struct span line = span_trim(span_slice(lines, at, end == SPAN_NONE ? lines.n : end));
        at = end == SPAN_NONE ? lines.n : end + 1;
        if (line.n > 0) emit_json(&b, NULL, line);
    }
    emit_close(&b, ']');
    char *copy = b.failed ? NULL : arena_str(r->arena, buffer_span(&b));
    *out = span_of(copy, b.n);
    buffer_clear(&b);
    return copy != NULL || no_memory(r);
}

static bool arguments(struct reading *r, const cJSON *v, struct span *out)
{
    if (cJSON_IsString(v)) return list_of_lines(r, json_text(v, r->arena), out);
    if (!cJSON_IsArray(v)) return wrong(r, "args", "a list", v);
    return value_text(r, v, out);
}

struct span code_python_text(struct span json, struct arena *a)
{
    char *out = arena_alloc(a, json.n + 1, 1);
    size_t n = 0;
    bool inside = false;
    for (size_t i = 0; out != NULL && i < json.n; i++) {
        char c = json.p[i];
        if (c == '"') inside = !inside;
        if (!inside || c != '\\' || i + 1 >= json.n) {
            out[n++] = c;
            continue;
        }
        unsigned high = 0, low = 0;
        struct span rest = span_slice(json, i, i + 12);
        if (json.p[i + 1] == '/') {
            out[n++] = '/';
            i++;
        } else if (rest.n == 12 && sscanf(rest.p, "\\u%4x\\u%4x", &high, &low) == 2 &&
                   high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
            n += utf8_encode(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), out + n);
            i += 11;
        } else {
            out[n++] = c;
            out[n++] = json.p[++i];
        }
    }
    return span_of(out, n);
}

/* ---- single tests ------------------------------------------------------------------------------------------ */

/* Room for one more; NULL when there are enough already. */
static struct code_case *add(struct reading *r, enum case_kind kind)
{
    struct code_tests *t = r->out;
    if (t->n >= r->room) return NULL;
    struct code_case *c = &t->cases[t->n++];
    *c = (struct code_case){.kind = kind};
    return c;
}

static bool add_stdio(struct reading *r, const cJSON *input, const cJSON *output)
{
    struct code_case *c = add(r, CASE_STDIO);
    if (c == NULL) return true;
    if (r->file_io) c->output_file = "output.txt";
    return stdio_text(r, "input", input, &c->input) &&
           stdio_text(r, "output", output, &c->expected);
}

static bool add_call(struct reading *r, struct span function, const cJSON *args,
                     const cJSON *result)
{
    struct code_case *c = add(r, CASE_CALL);
    if (c == NULL) return true;
    if (result == NULL) {
        return error_set(r->err, ERROR_MISSING_FIELD, "result", "result is missing");
    }
    c->name = function;
    c->unwrap = r->unwrap;
    c->quoted = cJSON_IsString(result);
    return arguments(r, args, &c->body) && value_text(r, result, &c->expected);
}

/* One that says nothing would be passed by any program: it is none. */
static bool add_assert(struct reading *r, const cJSON *v, struct span entry)
{
    if (!cJSON_IsString(v)) return wrong(r, "assert", "a string", v);
    struct span body = json_text(v, r->arena);
    struct code_case *c = script_says_something(body) ? add(r, CASE_ASSERT) : NULL;
    if (c == NULL) return true;
    c->body = body;
    c->name = entry;
    c->weak = true;
    return true;
}

/* {"call", "args", "result"}: a result that is a string is that string, not JSON text of something. */
static bool add_own_call(struct reading *r, const cJSON *test)
{
    const cJSON *name = json_get(test, "call"), *args = json_get(test, "args");
    const cJSON *result = cJSON_GetObjectItemCaseSensitive(test, "result");
    if (!cJSON_IsString(name)) return wrong(r, "call", "a string", name);
    if (!cJSON_IsArray(args)) return wrong(r, "args", "a list", args);
    if (result == NULL) {
        return error_set(r->err, ERROR_MISSING_FIELD, "result", "result is missing");
    }
    struct code_case *c = add(r, CASE_CALL);
    if (c == NULL) return true;
    c->name = json_text(name, r->arena);
    c->body = printed(r, args);
    c->expected = printed(r, result);
    return (c->body.p != NULL && c->expected.p != NULL) || no_memory(r);
}

/* "func_name" of LiveCodeBench's metadata, an object or its text; "fn_name". */
static struct span function_of(struct reading *r, const cJSON *v)
{
    const cJSON *name = either(v, "fn_name", "func_name"), *meta = json_get(v, "metadata");
    if (cJSON_IsString(name)) return json_text(name, r->arena);
    if (cJSON_IsObject(meta)) name = json_get(meta, "func_name");
    if (cJSON_IsString(name)) return json_text(name, r->arena);
    if (!cJSON_IsString(meta)) return span_of(NULL, 0);
    cJSON *parsed = json_parse(json_text(meta, r->arena), NULL);
    name = json_get(parsed, "func_name");
    char *copy = cJSON_IsString(name) ? arena_str(r->arena, span_str(name->valuestring)) : NULL;
    cJSON_Delete(parsed);
    return span_str(copy);
}

static bool text_is(const cJSON *v, const char *text)
{
    return cJSON_IsString(v) && strcmp(v->valuestring, text) == 0;
}

static bool is_file_name(struct reading *r, const char *field, const char *name)
{
    return sandbox_is_file_name(name) ||
           error_set(r->err, ERROR_INVALID_VALUE, field,
                     "%s: \"%.80s\" is no relative path without \"..\"", field, name);
}

/* {name: text}, laid beside the program. */
static bool read_files(struct reading *r, const cJSON *test, struct code_case *c)
{
    const cJSON *f, *files = json_get(test, "files");
    if (files == NULL) return true;
    if (!cJSON_IsObject(files)) return wrong(r, "files", "an object", files);
    if (cJSON_GetArraySize(files) > CODE_MAX_FILES) {
        return error_set(r->err, ERROR_INVALID_VALUE, "files", "%d files; at most %d",
                         cJSON_GetArraySize(files), CODE_MAX_FILES);
    }
    cJSON_ArrayForEach(f, files)
    {
        if (!is_file_name(r, "files", f->string)) return false;
        if (!cJSON_IsString(f)) return wrong(r, "files", "an object of texts", f);
    }
    c->files = files;
    return true;
}

/* What the program writes its output to. */
static bool read_output_file(struct reading *r, const cJSON *test, struct code_case *c)
{
    const cJSON *name = json_get(test, "output_file");
    if (name == NULL) return true;
    if (!cJSON_IsString(name)) return wrong(r, "output_file", "a string", name);
    c->output_file = name->valuestring;
    return is_file_name(r, "output_file", name->valuestring);
}

static bool add_object(struct reading *r, const cJSON *test)
{
    if (json_get(test, "call") != NULL) return add_own_call(r, test);
    if (json_get(test, "assert") != NULL) {
        return add_assert(r, json_get(test, "assert"), span_of(NULL, 0));
    }
    const cJSON *input = either(test, "stdin", "input"), *output = either(test, "stdout", "output");
    const cJSON *type = either(test, "testtype", "type");
    struct span function = function_of(r, test);
    if (function.n == 0) function = r->function;
    if (function.n > 0 && !text_is(type, "stdin") && !text_is(type, "stdin_stdout")) {
        /* PrimeIntellect took them from APPS */
        r->unwrap = r->unwrap || text_is(type, "function_call");
        return add_call(r, function, input, output);
    }
    if (output == NULL) {
        return error_set(r->err, ERROR_MISSING_FIELD, "stdout",
                         "a test needs stdin and stdout, or call, args and result, or assert");
    }
    size_t before = r->out->n;
    if (!add_stdio(r, input, output)) return false;
    if (r->out->n == before) return true;
    struct code_case *c = &r->out->cases[before];
    return read_files(r, test, c) && read_output_file(r, test, c);
}

static bool add_list(struct reading *r, const cJSON *list)
{
    const cJSON *test;
    int i = 0;
    cJSON_ArrayForEach(test, list)
    {
        bool ok = cJSON_IsString(test)   ? add_assert(r, test, span_of(NULL, 0))
                  : cJSON_IsObject(test) ? add_object(r, test)
                                         : wrong_here(r, "an object or a string", test);
        if (!ok) return error_in(r->err, "[%d]", i);
        i++;
    }
    return true;
}

/* ---- datasets' objects ----------------------------------------------------------------------------------------- */

/* APPS, TACO, verl: two lists side by side. */
static bool add_pairs(struct reading *r, const cJSON *inputs, const cJSON *outputs)
{
    if (!cJSON_IsArray(inputs)) return wrong(r, "inputs", "a list", inputs);
    if (!cJSON_IsArray(outputs)) return wrong(r, "outputs", "a list", outputs);
    if (cJSON_GetArraySize(inputs) != cJSON_GetArraySize(outputs)) {
        return error_set(r->err, ERROR_INVALID_VALUE, "outputs", "%d inputs but %d outputs",
                         cJSON_GetArraySize(inputs), cJSON_GetArraySize(outputs));
    }
    const cJSON *input = inputs->child, *output = outputs->child;
    for (int i = 0; input != NULL; input = input->next, output = output->next, i++) {
        bool ok = r->function.n > 0 ? add_call(r, r->function, input, output)
                                    : add_stdio(r, input, output);
        if (!ok) return error_in(r->err, "inputs[%d]", i);
    }
    return true;
}

/* CodeContests' {"seconds", "nanos"}; 0: none. */
static double seconds_of(const cJSON *time)
{
    const cJSON *seconds = json_get(time, "seconds"), *nanos = json_get(time, "nanos");
    double s = cJSON_IsNumber(seconds) ? seconds->valuedouble : 0;
    s += cJSON_IsNumber(nanos) ? nanos->valuedouble / 1e9 : 0;
    return s > 0 ? s : 0;
}

static void read_limits(struct reading *r, const cJSON *v)
{
    const cJSON *time = json_get(v, "time_limit"), *memory = json_get(v, "memory_limit");
    const cJSON *language = json_get(v, "language"), *checker = json_get(v, "generated_checker");
    const cJSON *bytes = json_get(v, "memory_limit_bytes");
    if (cJSON_IsNumber(time) && time->valuedouble > 0) r->out->time_s = time->valuedouble;
    if (cJSON_IsObject(time)) r->out->time_s = seconds_of(time);
    if (cJSON_IsNumber(bytes) && bytes->valuedouble > 0) {
        r->out->memory_mb = ceil(bytes->valuedouble / (1 << 20));
    }
    if (cJSON_IsNumber(memory) && memory->valuedouble > 0) r->out->memory_mb = memory->valuedouble;
    if (cJSON_IsString(language)) {
        const struct language *l = language_find(span_str(language->valuestring));
        if (l != NULL) r->out->language = l;
    }
    if (cJSON_IsString(checker) && checker->valuestring[0] != '\0') {
        r->out->checker = json_text(checker, r->arena);
    }
    if (text_is(json_get(v, "input_mode"), "file")) r->file_io = true;
}

/* [input, output] or {"input", "output"}. */
static bool add_pair(struct reading *r, const cJSON *test)
{
    const cJSON *input = json_get(test, "input"), *output = json_get(test, "output");
    if (cJSON_IsArray(test) && cJSON_GetArraySize(test) == 2) {
        input = cJSON_GetArrayItem(test, 0);
        output = cJSON_GetArrayItem(test, 1);
    }
    if (input == NULL || output == NULL) return wrong_here(r, "an input and an output", test);
    return add_stdio(r, input, output);
}

/* What goes before the program: HumanEval's prompt, or MBPP's imports and set-up. */
static bool read_setup(struct reading *r, const cJSON *v)
{
    struct buffer b;
    const cJSON *line, *imports = json_get(v, "test_imports");
    const cJSON *code = json_get(v, "test_setup_code");
    buffer_init(&b, 1 << 20);
    if (cJSON_IsArray(imports)) {
        cJSON_ArrayForEach(line, imports)
        {
            if (cJSON_IsString(line)) buffer_add_str(&b, line->valuestring);
            buffer_add_char(&b, '\n');
        }
    }
    if (cJSON_IsString(code)) {
        buffer_add_str(&b, code->valuestring);
        buffer_add_char(&b, '\n');
    }
    char *copy = b.n == 0 || b.failed ? NULL : arena_str(r->arena, buffer_span(&b));
    if (copy != NULL) r->out->setup = span_of(copy, b.n);
    bool ok = b.n == 0 || copy != NULL;
    buffer_clear(&b);
    return ok || no_memory(r);
}

static bool read_human_eval(struct reading *r, const cJSON *v)
{
    const cJSON *entry = json_get(v, "entry_point"), *prompt = json_get(v, "prompt");
    r->out->language = language_find(span_str("python"));
    r->out->entry = json_text(entry, r->arena);
    if (cJSON_IsString(prompt)) r->out->setup = json_text(prompt, r->arena);
    const cJSON *test = json_get(v, "test");
    if (r->out->entry.n == 0) {
        return error_set(r->err, ERROR_INVALID_VALUE, "entry_point", "entry_point is empty");
    }
    if (cJSON_IsString(test) && !script_has_check(json_text(test, r->arena))) {
        return error_set(r->err, ERROR_UNSUPPORTED, "test",
                         "test has no check() to call (entry_point says that it is HumanEval's)");
    }
    if (test != NULL) return add_assert(r, test, r->out->entry);
    r->function = r->out->entry;
    return add_pairs(r, json_get(v, "inputs"), either(v, "expected", "outputs"));
}

/* The IOI's tests are pairs of input and output in test_cases, a list beside test_names or an
 * object by name. */
static bool read_ioi(struct reading *r, const cJSON *v)
{
    const cJSON *tests = json_get(v, "test_cases"), *test, *names = json_get(v, "test_names");
    r->out->language = language_find(span_str("cpp"));
    r->out->ioi = ioi_read(v, r->arena, r->err);
    if (r->out->ioi == NULL) return false;
    r->out->memory_mb = ceil(r->out->memory_mb / (1 << 20)); /* the IOI's are bytes */
    if (cJSON_IsObject(tests) && cJSON_IsArray(names)) {
        struct members m = members_sort(tests, r->arena);
        if (m.at == NULL) return no_memory(r);
        cJSON_ArrayForEach(test, names)
        {
            const cJSON *found = cJSON_IsString(test) ? members_find(&m, test->valuestring) : NULL;
            if (!add_pair(r, found)) return error_in(r->err, "test_cases[%zu]", r->out->n);
        }
        return true;
    }
    if (!cJSON_IsArray(tests) && !cJSON_IsObject(tests)) {
        return wrong(r, "test_cases", "a list, or an object beside test_names", tests);
    }
    cJSON_ArrayForEach(test, tests)
    {
        if (!add_pair(r, test)) return error_in(r->err, "test_cases[%zu]", r->out->n);
    }
    return true;
}

/* A script of functions test_...() for pytest. */
static bool read_pytest(struct reading *r, const cJSON *test)
{
    if (!cJSON_IsString(test)) return wrong(r, "test", "a string", test);
    struct span calls;
    size_t before = r->out->n;
    r->out->language = language_find(span_str("python"));
    if (!script_calls(json_text(test, r->arena), r->arena, &calls, r->err)) return false;
    if (!add_assert(r, test, span_of(NULL, 0))) return false;
    if (r->out->n > before) r->out->cases[before].calls = calls;
    return true;
}

static bool in(struct reading *r, bool ok, const char *field)
{
    return ok || error_in(r->err, "%s", field);
}

/* Fields that hold the tests: the first that is there, and where it is one of several that belong
 * together, those as well. */
static const struct {
    const char *name;
    bool joins;
} nested[] = {{"tests", false},
              {"verification_info", false},
              {"input_output", false},
              {"test_cases", false},
              {"official_tests", false},
              {"test_list", false},
              {"public_test_cases", true},
              {"private_test_cases", true},
              {"public_tests", true},
              {"private_tests", true},
              {"generated_tests", true}};

static bool read_nested(struct reading *r, const cJSON *v, int nesting, bool *found)
{
    *found = false;
    for (size_t i = 0; i < sizeof(nested) / sizeof(nested[0]); i++) {
        const cJSON *inner = json_get(v, nested[i].name);
        if (inner == NULL || (*found && !nested[i].joins)) continue;
        *found = true;
        if (!in(r, read_tests(r, inner, nesting + 1), nested[i].name)) return false;
        if (!nested[i].joins) return true;
    }
    return true;
}

static bool is_list_pair(const cJSON *v)
{
    return cJSON_IsArray(json_get(v, "input")) && cJSON_IsArray(json_get(v, "output"));
}

/* Which of its fields says what kind of object it is. */
static bool read_object(struct reading *r, const cJSON *v, int nesting)
{
    bool found;
    read_limits(r, v);
    struct span function = function_of(r, v);
    if (function.n > 0) r->function = function;
    if (cJSON_IsString(json_get(v, "entry_point"))) return read_human_eval(r, v);
    if (json_get(v, "grader_files") != NULL) return read_ioi(r, v);
    if (!read_setup(r, v)) return false;
    const cJSON *asserts = json_get(v, "assert_case"), *inputs = json_get(v, "inputs");
    if (asserts != NULL || inputs != NULL) {
        r->unwrap = r->function.n > 0;
        if (asserts != NULL && !in(r, add_list(r, asserts), "assert_case")) return false;
        return asserts != NULL || add_pairs(r, inputs, json_get(v, "outputs"));
    }
    if (is_list_pair(v)) return add_pairs(r, json_get(v, "input"), json_get(v, "output"));
    bool ok = read_nested(r, v, nesting, &found);
    if (!ok || found) return ok;
    const cJSON *script = json_get(v, "test"), *answer = json_get(v, "answer");
    if (script != NULL) return read_pytest(r, script);
    if (nesting == 0 && cJSON_IsString(answer) && strchr("[{", answer->valuestring[0]) != NULL &&
        answer->valuestring[0] != '\0') {
        return in(r, read_text(r, answer, nesting), "answer");
    }
    return error_set(r->err, ERROR_MISSING_FIELD, "tests", "tests are missing");
}

/* JSON text: its tree must live as long as the tests borrow from it, so strings are copied. */
static bool read_text(struct reading *r, const cJSON *v, int nesting)
{
    struct error why = {0};
    struct span text = json_text(v, r->arena);
    if (packed_tests_are(text) && !packed_tests_open(text, r->arena, &text, r->err)) return false;
    cJSON *parsed = json_parse(text, &why);
    if (parsed == NULL) {
        return error_set(r->err, ERROR_INVALID_JSON, NULL, "the text is no JSON: %.120s",
                         why.message);
    }
    size_t from = r->out->n;
    bool ok = read_tests(r, parsed, nesting + 1);
    for (size_t i = from; ok && i < r->out->n; i++) {
        struct code_case *c = &r->out->cases[i];
        struct span *texts[] = {&c->input, &c->expected, &c->name, &c->body};
        for (int k = 0; ok && k < 4; k++) {
            if (texts[k]->n == 0) continue;
            *texts[k] = span_of(arena_str(r->arena, *texts[k]), texts[k]->n);
            ok = texts[k]->p != NULL || no_memory(r);
        }
        if (c->files != NULL || (c->output_file != NULL && !r->file_io)) {
            ok = error_set(r->err, ERROR_UNSUPPORTED, "files", "files need tests that are no text");
        }
    }
    struct span *shared[] = {&r->out->setup, &r->out->entry, &r->out->checker};
    for (int k = 0; ok && k < 3; k++) {
        if (shared[k]->n == 0) continue;
        *shared[k] = span_of(arena_str(r->arena, *shared[k]), shared[k]->n);
        ok = shared[k]->p != NULL || no_memory(r);
    }
    cJSON_Delete(parsed);
    return ok;
}

static bool read_tests(struct reading *r, const cJSON *v, int nesting)
{
    if (nesting > MAX_NESTING) {
        return error_set(r->err, ERROR_INVALID_VALUE, NULL, "nested too deep");
    }
    if (cJSON_IsString(v)) return read_text(r, v, nesting);
    if (cJSON_IsArray(v)) return add_list(r, v);
    if (cJSON_IsObject(v)) return read_object(r, v, nesting);
    return wrong_here(r, "a list, an object or JSON text", v);
}

bool code_tests_read(const cJSON *item, size_t max, struct arena *a, struct code_tests *out,
                     struct error *err)
{
    struct reading r = {.arena = a, .out = out, .err = err};
    r.room = max > 0 && max < CODE_MAX_TESTS ? max : CODE_MAX_TESTS;
    *out = (struct code_tests){.cases = arena_alloc(a, r.room, sizeof(*out->cases))};
    if (out->cases == NULL) return no_memory(&r);
    if (!read_object(&r, item, 0)) return false;
    return out->n > 0 || error_set(err, ERROR_INVALID_VALUE, "tests", "tests are empty");
}
