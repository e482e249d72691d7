/* tests/golden/conformance_templates.c - published chat templates, where they are at hand.
 *
 *   conformance_templates [GOLDEN]      default ../shared/golden
 *
 * GOLDEN/templates holds templates of models and golden.jsonl with transformers' renderings, and
 * GOLDEN/<model>/golden.json has chats rendered with the template of hf/tokenizer_config.json.
 * What is not there is skipped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <time.h>

#include "base/file.h"
#include "tests/golden/template_cases.h"

static const char *golden = "../shared/golden";

static bool read_file(const char *path, struct buffer *out)
{
    buffer_init(out, RENDERING_LIMIT);
    return file_read(path, RENDERING_LIMIT, out, NULL);
}

/* "2026-03-14T15:09:26" */
static int64_t read_time(const cJSON *text)
{
    struct tm tm = {0};
    if (text == NULL || strptime(text->valuestring, "%Y-%m-%dT%H:%M:%S", &tm) == NULL) return 0;
    return timegm(&tm);
}

static const char *text_or_null(const cJSON *value)
{
    return cJSON_IsString(value) ? value->valuestring : NULL;
}

static int check_line(const cJSON *row)
{
    char path[4096];
    struct buffer source;
    const cJSON *name = json_get(row, "template");
    snprintf(path, sizeof(path), "%s/templates/%s", golden, name->valuestring);
    assert_true(read_file(path, &source));
    cJSON *context = template_context_new(json_get(row, "messages"), json_get(row, "tools"),
                                          cJSON_IsTrue(json_get(row, "add_generation_prompt")),
                                          text_or_null(json_get(row, "bos_token")),
                                          text_or_null(json_get(row, "eos_token")),
                                          json_get(row, "kwargs"), NULL);
    assert_non_null(context);
    const cJSON *label = json_get(row, "case");
    snprintf(path, sizeof(path), "%s: %s", name->valuestring, label->valuestring);
    bool same = renders_as(path, buffer_span(&source), context, read_time(json_get(row, "now")),
                           json_get(row, "rendered"));
    cJSON_Delete(context);
    buffer_clear(&source);
    return !same;
}

static void published(void **state)
{
    (void)state;
    char path[4096];
    struct buffer lines;
    int bad = 0, n = 0;
    snprintf(path, sizeof(path), "%s/templates/golden.jsonl", golden);
    if (!file_exists(path)) skip();
    assert_true(read_file(path, &lines));
    for (struct span rest = buffer_span(&lines); rest.n > 0; n++) {
        size_t end = span_find(rest, span_str("\n"), 0);
        cJSON *row = json_parse(span_slice(rest, 0, end), NULL);
        assert_non_null(row);
        bad += check_line(row);
        cJSON_Delete(row);
        rest = span_slice(rest, end == SPAN_NONE ? rest.n : end + 1, rest.n);
    }
    buffer_clear(&lines);
    printf("%d renderings\n", n);
    assert_int_equal(bad, 0);
}

/* A special token's text: a string, or an object with content. */
static const char *token_text(const cJSON *config, const char *name)
{
    const cJSON *token = json_get(config, name);
    return text_or_null(cJSON_IsObject(token) ? json_get(token, "content") : token);
}

static cJSON *load(const char *folder, const char *file)
{
    char path[4096];
    struct buffer text;
    snprintf(path, sizeof(path), "%s/%s", folder, file);
    cJSON *json = read_file(path, &text) ? json_parse(buffer_span(&text), NULL) : NULL;
    buffer_clear(&text);
    return json;
}

static int check_model(const char *folder)
{
    cJSON *config = load(folder, "hf/tokenizer_config.json"), *cases = load(folder, "golden.json");
    assert_non_null(config);
    assert_non_null(cases);
    const cJSON *source = json_get(config, "chat_template"), *chat;
    int bad = 0;
    cJSON_ArrayForEach(chat, json_get(cases, "chats"))
    {
        const cJSON *prompt = json_get(chat, "add_generation_prompt");
        cJSON *context = template_context_new(
            json_get(chat, "messages"), NULL, prompt == NULL || cJSON_IsTrue(prompt),
            token_text(config, "bos_token"), token_text(config, "eos_token"), NULL, NULL);
        assert_non_null(context);
        bad += !renders_as(folder, span_str(source->valuestring), context, 0,
                           json_get(chat, "rendered"));
        cJSON_Delete(context);
    }
    cJSON_Delete(config);
    cJSON_Delete(cases);
    return bad;
}

static void models(void **state)
{
    (void)state;
    char pattern[4096];
    glob_t folders = {0};
    int bad = 0;
    snprintf(pattern, sizeof(pattern), "%s/*/hf", golden);
    if (glob(pattern, 0, NULL, &folders) != 0) skip();
    for (size_t i = 0; i < folders.gl_pathc; i++) {
        char *folder = folders.gl_pathv[i];
        folder[strlen(folder) - strlen("/hf")] = '\0';
        bad += check_model(folder);
    }
    globfree(&folders);
    assert_int_equal(bad, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) golden = argv[1];
    const struct CMUnitTest tests[] = {cmocka_unit_test(published), cmocka_unit_test(models)};
    return cmocka_run_group_tests_name("template conformance", tests, NULL, NULL);
}
