/* tests/golden/test_tokenizers.c - four small tokenizers against what Hugging
 * Face's library makes of the same texts.
 *
 * data/tokenizers/<model>/ are the tokenizer files of golden models (their own chat
 * templates replaced) with cases.json beside them. Together they have: merges as
 * pairs and as strings, ignore_merges, NFC, a Digits step, a sequence of splits,
 * BOS from a template and none. Two of the models are here as GGUF, too, and must
 * give the same ids.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/golden/tokenizer_cases.h"

#define DATA "tests/golden/data/"

static const struct {
    const char *path, *cases;
} rows[] = {
    {DATA "tokenizers/llama-rope3", DATA "tokenizers/llama-rope3/cases.json"},
    {DATA "tokenizers/llama-k256", DATA "tokenizers/llama-k256/cases.json"},
    {DATA "tokenizers/qwen2-bias", DATA "tokenizers/qwen2-bias/cases.json"},
    {DATA "tokenizers/deepseek3-mtp", DATA "tokenizers/deepseek3-mtp/cases.json"},
    {DATA "llama-k256-q4_k_m.gguf", DATA "tokenizers/llama-k256/cases.json"},
    {DATA "qwen2-bias-q4_0.gguf", DATA "tokenizers/qwen2-bias/cases.json"},
};

static void texts_and_chats(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int n = 0;
        cJSON *cases = load_json(rows[i].cases);
        struct tokenizer *t = load_tokenizer(rows[i].path);
        assert_non_null(cases);
        assert_non_null(t);
        bad += check_document(t, rows[i].path, cases, &n);
        assert_true(n > 100); /* the file was not empty */
        cJSON_Delete(cases);
        tokenizer_free(t);
    }
    assert_int_equal(bad, 0);
}

/* BOS, EOS and the end tokens, as the document says. */
static void special_ids(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cJSON *cases = load_json(rows[i].cases);
        struct tokenizer *t = load_tokenizer(rows[i].path);
        assert_non_null(t);
        const cJSON *bos = json_get(cases, "bos_token_id"), *eos = json_get(cases, "eos_token_id");
        if (bos != NULL) assert_int_equal(tokenizer_bos(t), bos->valueint);
        assert_int_equal(tokenizer_add_bos(t), cJSON_IsTrue(json_get(cases, "add_bos")));
        for (const cJSON *one = cJSON_IsArray(eos) ? eos->child : eos; one != NULL;
             one = one->next) {
            if (!cJSON_IsNumber(one)) break;
            assert_true(tokenizer_is_eog(t, one->valueint));
            assert_true(tokenizer_is_special(t, one->valueint));
            if (!cJSON_IsArray(eos)) break;
        }
        int think = tokenizer_find(t, span_str("<think>"));
        assert_true(think >= 0 && !tokenizer_is_special(t, think) && !tokenizer_is_eog(t, think));
        assert_true(tokenizer_chat_template(t).n > 0);
        cJSON_Delete(cases);
        tokenizer_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_and_chats),
        cmocka_unit_test(special_ids),
    };
    return cmocka_run_group_tests_name("tokenizers", tests, NULL, NULL);
}
