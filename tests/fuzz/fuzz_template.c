/* tests/fuzz/fuzz_template.c - any bytes as a chat template, rendered with a small conversation.
 *
 * After a line of "####" the input may hold its own context as JSON. Properties: parsing and
 * rendering fail aloud or not at all, a rendering is valid UTF-8, and a second one is the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/utf8.h"
#include "engine/template/template.h"

static const char conversation[] =
    "{\"messages\": [{\"role\": \"system\", \"content\": \"Be brief.\"},"
    " {\"role\": \"user\", \"content\": \"  What is 6 \\u00d7 7?\\n\"},"
    " {\"role\": \"assistant\", \"content\": null, \"reasoning_content\": \"hm\", \"tool_calls\":"
    " [{\"id\": \"a1\", \"function\": {\"name\": \"mul\", \"arguments\": {\"x\": 6, \"y\": "
    "7.5}}}]},"
    " {\"role\": \"tool\", \"content\": [{\"type\": \"text\", \"text\": \"42\"}]}],"
    " \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"mul\", \"parameters\": {}}}],"
    " \"add_generation_prompt\": true, \"bos_token\": \"<s>\", \"n\": -7, \"f\": 2.5,"
    " \"l\": [3, 1, 2], \"w\": [\"b\", \"A\", \"c\"], \"s\": \"Stra\\u00dfe\", \"d\": {\"k\": [1, "
    "{}]}}";

static void require(bool holds)
{
    if (!holds) abort();
}

static bool render(const struct template *t, const cJSON *context, struct buffer *out)
{
    struct template_options options = {.now = 1773500966};
    struct error err = {0};
    buffer_init(out, 64 << 20);
    bool ok = template_render(t, context, &options, out, &err);
    require(ok == (err.code == ERROR_NONE));
    require(ok || (out->n == 0 && utf8_is_valid(span_str(err.message))));
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span input = span_of(data, size);
    size_t mark = span_find(input, span_str("\n####\n"), 0);
    struct span json = mark == SPAN_NONE ? span_str(conversation)
                                         : span_slice(input, mark + strlen("\n####\n"), input.n);
    struct error err = {0};
    cJSON *context = json_parse(json, NULL);
    struct template *t = template_new(span_slice(input, 0, mark), &err);
    require((t == NULL) == (err.code != ERROR_NONE));
    if (t != NULL && cJSON_IsObject(context)) {
        struct buffer first, second;
        bool ok = render(t, context, &first);
        require(ok == render(t, context, &second));
        require(span_eq(buffer_span(&first), buffer_span(&second)));
        require(utf8_is_valid(buffer_span(&first)));
        buffer_clear(&first);
        buffer_clear(&second);
    }
    template_free(t);
    cJSON_Delete(context);
    return 0;
}
