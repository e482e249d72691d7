/* tests/unit/test_tokenizer_files.c - documents of a Hugging Face folder that are wrong, or that name
 * the end tokens in one file or another.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "tests/unit/tokenizer_documents.h"

/* ---- what is refused, and how it is said ---- */

#define MODEL "'model':{'vocab':{'a':0,'b':1},'merges':[]}"

struct refused {
    const char *name, *tokenizer, *config, *generation, *message;
};

static void check_refused(const struct refused *rows, size_t n)
{
    int bad = 0;
    for (size_t i = 0; i < n; i++) {
        struct error err = {0};
        struct tokenizer *t =
            from_json(rows[i].tokenizer, rows[i].config, rows[i].generation, &err);
        bool known = err.code == ERROR_BAD_FILE || err.code == ERROR_UNSUPPORTED;
        if (t == NULL && known && strstr(err.message, rows[i].message) != NULL) continue;
        printf("%s: code %d, \"%s\", want \"%s\"\n", rows[i].name, (int)err.code, err.message,
               rows[i].message);
        tokenizer_free(t);
        bad++;
    }
    assert_int_equal(bad, 0);
}

static const struct refused refused_models[] = {
    {"no JSON", "{", NULL, NULL, "dir/tokenizer.json: not valid JSON"},
    {"no object", "[]", NULL, NULL, "dir/tokenizer.json: must hold a JSON object"},
    {"no model", "{}", NULL, NULL, "dir/tokenizer.json: model: must be an object"},
    {"no vocab", "{'model':{'merges':[]}}", NULL, NULL, "model.vocab: must be an object"},
    {"no merges", "{'model':{'vocab':{'a':0}}}", NULL, NULL, "model.merges: must be an array"},
    {"empty vocab", "{'model':{'vocab':{},'merges':[]}}", NULL, NULL, "0 tokens"},
    {"other model", "{'model':{'type':'Unigram','vocab':[]}}", NULL, NULL, "model.type: only BPE"},
    {"dropout", "{'model':{'dropout':0.1,'vocab':{'a':0},'merges':[]}}", NULL, NULL,
     "model.dropout"},
    {"affix", "{'model':{'end_of_word_suffix':'</w>','vocab':{'a':0},'merges':[]}}", NULL, NULL,
     "end_of_word_suffix"},
    {"flag is a string", "{'model':{'byte_fallback':'yes'}}", NULL, NULL, "model.byte_fallback"},
};

static void models_are_refused(void **state)
{
    (void)state;
    check_refused(refused_models, sizeof(refused_models) / sizeof(*refused_models));
}

static const struct refused refused_ids[] = {
    {"negative id", "{'model':{'vocab':{'a':-1},'merges':[]}}", NULL, NULL,
     "an id is no integer in range"},
    {"huge id", "{'model':{'vocab':{'a':4000000000},'merges':[]}}", NULL, NULL,
     "an id is no integer in range"},
    {"half an id", "{'model':{'vocab':{'a':0.5},'merges':[]}}", NULL, NULL,
     "an id is no integer in range"},
    {"one id twice", "{'model':{'vocab':{'a':0,'b':0},'merges':[]}}", NULL, NULL,
     "two tokens have the id 0"},
    {"one text twice", "{'added_tokens':[{'id':2,'content':'a'}]," MODEL "}", NULL, NULL,
     "tokens 0 and 2 have the same text"},
    {"merge of one", "{'model':{'vocab':{'a':0},'merges':['a']}}", NULL, NULL,
     "model.merges[0]: a merge must be two tokens"},
    {"merge of three", "{'model':{'vocab':{'a':0},'merges':[['a','a','a']]}}", NULL, NULL,
     "model.merges[0]"},
    {"merge of strangers", "{'model':{'vocab':{'a':0},'merges':['a x']}}", NULL, NULL,
     "a side is no token"},
    {"added token elsewhere", "{'added_tokens':[{'id':0,'content':'x'}]," MODEL "}", NULL, NULL,
     "added_tokens[0].id"},
    {"added token unnamed", "{'added_tokens':[{'id':9}]," MODEL "}", NULL, NULL,
     "added_tokens[0].content"},
};

static void ids_are_refused(void **state)
{
    (void)state;
    check_refused(refused_ids, sizeof(refused_ids) / sizeof(*refused_ids));
}

static const struct refused refused_stages[] = {
    {"unknown normalizer", "{'normalizer':{'type':'BertNormalizer'}," MODEL "}", NULL, NULL,
     "normalizer.type: \"BertNormalizer\" is not supported"},
    {"unknown step",
     "{'pre_tokenizer':{'type':'Sequence','pretokenizers':[{'type':'Digits'},{'type':'Magic'}]}"
     "," MODEL "}",
     NULL, NULL, "pre_tokenizer.pretokenizers[1].type"},
    {"step after ByteLevel",
     "{'pre_tokenizer':{'type':'Sequence','pretokenizers':[{'type':'ByteLevel'},{'type':'"
     "Digits'}]}," MODEL "}",
     NULL, NULL, "pre_tokenizer.pretokenizers[1]"},
    {"bad pattern", "{'pre_tokenizer':{'type':'Split','pattern':{'Regex':'(('}}," MODEL "}", NULL,
     NULL, "pattern \"((\""},
    {"deep sequence",
     "{'normalizer':{'type':'Sequence','normalizers':[{'type':'Sequence','normalizers':[{'type'"
     ":'Sequence','normalizers':[{'type':'Sequence',"
     "'normalizers':[{'type':'Sequence','normalizers':[]}]}]}]}]}," MODEL "}",
     NULL, NULL, "nested too deeply"},
    {"two tokens before the text",
     "{'post_processor':{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'a'}},{'"
     "SpecialToken':{'id':'a'}}],"
     "'special_tokens':{'a':{'ids':[0]}}}," MODEL "}",
     NULL, NULL, "post_processor.single"},
    {"template without ids",
     "{'post_processor':{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'q'}}]}"
     "," MODEL "}",
     NULL, NULL, "post_processor.special_tokens"},
    {"template's id too high",
     "{'post_processor':{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'a'}}],'"
     "special_tokens':{'a':{'ids':[99]}}}," MODEL "}",
     NULL, NULL, "the BOS token is 99; there are 2 tokens"},
};

static void stages_are_refused(void **state)
{
    (void)state;
    check_refused(refused_stages, sizeof(refused_stages) / sizeof(*refused_stages));
}

static const struct refused refused_neighbours[] = {
    {"config is a list", "{" MODEL "}", "[]", NULL,
     "dir/tokenizer_config.json: must hold a JSON object"},
    {"flag of config", "{" MODEL "}", "{'add_bos_token':1}", NULL,
     "dir/tokenizer_config.json: add_bos_token"},
    {"token of config", "{" MODEL "}", "{'eos_token':3}", NULL,
     "dir/tokenizer_config.json: eos_token"},
    {"list of templates holds a number", "{" MODEL "}", "{'chat_template':[1]}", NULL,
     "dir/tokenizer_config.json: chat_template: must be a list of {name, template}"},
    {"list of templates holds a name alone", "{" MODEL "}",
     "{'chat_template':[{'name':'default'}]}", NULL,
     "dir/tokenizer_config.json: chat_template: must be a list of {name, template}"},
    {"template of config", "{" MODEL "}", "{'chat_template':3}", NULL,
     "dir/tokenizer_config.json: chat_template"},
    {"end token too high", "{" MODEL "}", NULL, "{'eos_token_id':[0,7]}",
     "dir/generation_config.json: eos_token_id: is no token"},
    {"end token is a name", "{" MODEL "}", NULL, "{'eos_token_id':'a'}",
     "dir/generation_config.json: eos_token_id"},
};

static void neighbours_are_refused(void **state)
{
    (void)state;
    check_refused(refused_neighbours, sizeof(refused_neighbours) / sizeof(*refused_neighbours));
}

/* ---- end tokens ---- */

/* The model's own configuration names the end tokens where generation_config.json does not. */
static void ends_of_the_model(void **state)
{
    static const struct {
        const char *generation, *model;
        bool first, second;
    } rows[] = {
        {NULL, "{\"eos_token_id\":[0,1]}", true, true},
        {NULL, "{\"eos_token_id\":1}", false, true},
        {NULL, "{\"eos_token_id\":null}", false, false},
        {"{}", "{\"eos_token_id\":1}", false, true},
        {"{\"eos_token_id\":0}", "{\"eos_token_id\":1}", true, false},
    };
    (void)state;
    char *text = quotes("{" MODEL "}");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hf_documents d = {.folder = "dir",
                                 .tokenizer = span_str(text),
                                 .generation = span_str(rows[i].generation),
                                 .model = span_str(rows[i].model)};
        struct tokenizer *t = tokenizer_from_documents(&d, NULL);
        assert_non_null(t);
        if (tokenizer_is_eog(t, 0) != rows[i].first || tokenizer_is_eog(t, 1) != rows[i].second) {
            fail_msg("row %zu: %d %d", i, tokenizer_is_eog(t, 0), tokenizer_is_eog(t, 1));
        }
        tokenizer_free(t);
    }
    free(text);
}

static void missing_folder(void **state)
{
    (void)state;
    struct error err = {0};
    assert_null(tokenizer_from_hf("no/such/folder", &err));
    assert_int_equal(err.code, ERROR_BAD_FILE);
    assert_non_null(strstr(err.message, "no/such/folder/tokenizer.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_are_refused), cmocka_unit_test(ids_are_refused),
        cmocka_unit_test(stages_are_refused), cmocka_unit_test(neighbours_are_refused),
        cmocka_unit_test(ends_of_the_model),  cmocka_unit_test(missing_folder),
    };
    return cmocka_run_group_tests_name("tokenizer files", tests, NULL, NULL);
}
