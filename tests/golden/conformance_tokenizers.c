/* tests/golden/conformance_tokenizers.c - real vocabularies and every golden model,
 * where they are at hand.
 *
 *   conformance_tokenizers [GOLDEN]      default ../shared/golden
 *
 * GOLDEN/tokenizers holds vocabularies as GGUF with texts and ids from llama.cpp;
 * GOLDEN/<model> golden models with texts and ids from Hugging Face, each read from
 * its folder and from all its GGUF files. With MODEL=<SmolLM2's GGUF> in the
 * environment the prompts of GOLDEN/smollm2 are checked. What is not there is
 * skipped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <stdlib.h>

#include "tests/golden/tokenizer_cases.h"

static const char *golden = "../shared/golden";

static void read_whole(const char *path, struct buffer *out)
{
    buffer_init(out, 1 << 20);
    if (!file_read(path, out->limit, out, NULL)) fail_msg("cannot read %s", path);
}

/* One line of ids, without BOS and without recognising special tokens. */
static size_t parse_line(struct span line, int ids[4096])
{
    size_t n = 0;
    for (size_t at = 0; at < line.n;) {
        int id = 0;
        while (at < line.n && line.p[at] == ' ') {
            at++;
        }
        if (at == line.n) break;
        for (; at < line.n && line.p[at] != ' '; at++) {
            id = id * 10 + (line.p[at] - '0');
        }
        ids[n++] = id;
    }
    return n;
}

static struct span next_part(struct span *rest, const char *separator)
{
    size_t end = span_find(*rest, span_str(separator), 0);
    struct span part = span_slice(*rest, 0, end);
    *rest = span_slice(*rest, end == SPAN_NONE ? rest->n : end + strlen(separator), rest->n);
    return part;
}

static int check_vocabulary(const char *path)
{
    char name[4096];
    struct buffer in, out;
    struct tokenizer *t = load_tokenizer(path);
    assert_non_null(t);
    snprintf(name, sizeof(name), "%s.inp", path);
    read_whole(name, &in);
    snprintf(name, sizeof(name), "%s.out", path);
    read_whole(name, &out);
    struct span texts = buffer_span(&in), lines = buffer_span(&out);
    static int ids[4096];
    int bad = 0, n = 0;
    for (; texts.n > 0; n++) {
        struct span text = next_part(&texts, "\n__ggml_vocab_test__\n");
        size_t k = parse_line(next_part(&lines, "\n"), ids);
        bad += !encodes_as(t, path, text, (struct encode_flags){false, false, 0}, ids, k);
        bad += !decodes_as(t, path, ids, k, false, text);
    }
    assert_int_equal(n, 46);
    buffer_clear(&in);
    buffer_clear(&out);
    tokenizer_free(t);
    return bad;
}

static bool list(const char *pattern, glob_t *out)
{
    char path[4096];
    snprintf(path, sizeof(path), pattern, golden);
    return glob(path, 0, NULL, out) == 0;
}

static void vocabularies(void **state)
{
    (void)state;
    glob_t files = {0};
    int bad = 0;
    if (!list("%s/tokenizers/*.gguf", &files)) skip();
    for (size_t i = 0; i < files.gl_pathc; i++) {
        bad += check_vocabulary(files.gl_pathv[i]);
    }
    globfree(&files);
    assert_int_equal(bad, 0);
}

static int check_model(const char *folder)
{
    char path[4096];
    glob_t files = {0};
    snprintf(path, sizeof(path), "%s/golden.json", folder);
    cJSON *root = load_json(path);
    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/*.gguf", folder);
    glob(path, 0, NULL, &files);
    int bad = 0, n = 0;
    for (size_t i = 0; i <= files.gl_pathc; i++) {
        snprintf(path, sizeof(path), "%s/hf", folder);
        const char *from = i == 0 ? path : files.gl_pathv[i - 1];
        struct tokenizer *t = load_tokenizer(from);
        assert_non_null(t);
        bad += check_document(t, from, root, &n);
        tokenizer_free(t);
    }
    globfree(&files);
    cJSON_Delete(root);
    return bad;
}

static void models(void **state)
{
    (void)state;
    glob_t folders = {0};
    int bad = 0;
    if (!list("%s/*/hf", &folders)) skip();
    for (size_t i = 0; i < folders.gl_pathc; i++) {
        char *folder = folders.gl_pathv[i];
        folder[strlen(folder) - strlen("/hf")] = '\0';
        bad += check_model(folder);
    }
    globfree(&folders);
    assert_int_equal(bad, 0);
}

static void smollm2_prompts(void **state)
{
    (void)state;
    static int ids[4096];
    const char *model = getenv("MODEL");
    char path[4096];
    snprintf(path, sizeof(path), "%s/smollm2/golden.json", golden);
    if (model == NULL || !file_exists(model) || !file_exists(path)) skip();
    cJSON *root = load_json(path);
    struct tokenizer *t = load_tokenizer(model);
    assert_non_null(root);
    assert_non_null(t);
    int bad = 0;
    const cJSON *prompt;
    cJSON_ArrayForEach(prompt, json_get(root, "prompts"))
    {
        size_t n;
        const char *text = json_get(prompt, "text")->valuestring;
        ids_of(json_get(prompt, "ids"), ids, &n);
        bad += !encodes_as(t, model, span_str(text), (struct encode_flags){true, true, 0}, ids, n);
    }
    cJSON_Delete(root);
    tokenizer_free(t);
    assert_int_equal(bad, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1) golden = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vocabularies),
        cmocka_unit_test(models),
        cmocka_unit_test(smollm2_prompts),
    };
    return cmocka_run_group_tests_name("tokenizer conformance", tests, NULL, NULL);
}
