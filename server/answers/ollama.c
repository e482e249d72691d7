/* server/answers/ollama.c - Ollama's: chats and texts, embeddings, and what it tells of models.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/answers/answers.h"

#include "server/answers/rows.h"

static const struct field ollama_head_rows[] = {
    {"model", IS("string"), .doc = "the served model, or the adapter that was named"},
    {"created_at", IS("string"), .doc = "RFC 3339"},
    {"done", IS("boolean"), .doc = "this is the last line"},
    {0},
};
static const struct field ollama_end_rows[] = {
    {"done_reason", MAY("string"), .doc = "stop or length"},
    {"total_duration", MAY("integer"), .doc = "nanoseconds"},
    {"load_duration", MAY("integer"), .doc = "0: it is loaded"},
    {"prompt_eval_count", MAY("integer"), .doc = "tokens of the prompt"},
    {"prompt_eval_duration", MAY("integer"), .doc = "nanoseconds"},
    {"eval_count", MAY("integer"), .doc = "tokens of the reply"},
    {"eval_duration", MAY("integer"), .doc = "nanoseconds"},
    {0},
};
static const struct field said_rows[] = {
    {"role", IS("string"), .doc = "assistant"},
    {"content", IS("string"), .doc = "what is new of the answer"},
    {"thinking", MAY("string"), .doc = "what is new of the thoughts"},
    {"tool_calls", MAY("object[]"), .doc = "calls of tools"},
    {0},
};
static const struct field *const said[] = {said_rows, NULL};
static const struct field chat_row[] = {
    {"message", IS("object"), .members = said, .doc = "what is new"},
    {0},
};
static const struct field generate_rows[] = {
    {"response", IS("string"), .doc = "what is new of the answer"},
    {"thinking", MAY("string"), .doc = "what is new of the thoughts"},
    {0},
};
const struct field *const answer_ollama_chat[] = {ollama_head_rows, chat_row, ollama_end_rows,
                                                  answer_version_rows, NULL};
const struct field *const answer_ollama_generate[] = {ollama_head_rows, generate_rows,
                                                      ollama_end_rows, answer_version_rows, NULL};

static const struct field facts_rows[] = {
    {"parent_model", IS("string"), .doc = "none here"},
    {"format", IS("string"), .doc = "gguf"},
    {"family", IS("string"), .doc = "its architecture"},
    {"families", IS("string[]"), .doc = "the same"},
    {"parameter_size", IS("string"), .doc = "8.0B"},
    {"quantization_level", IS("string"), .doc = "the commonest type of its tensors"},
    {0},
};
static const struct field *const facts[] = {facts_rows, NULL};
static const struct field tag_rows[] = {
    {"name", IS("string"), .doc = "with its tag"},
    {"model", IS("string"), .doc = "the same"},
    {"size", IS("integer"), .doc = "bytes of its tensors"},
    {"digest", IS("string"), .doc = "of what it is"},
    {"details", IS("object"), .members = facts, .doc = "what it is"},
    {"modified_at", MAY("string"), .doc = "RFC 3339, of its file"},
    {"expires_at", MAY("string"), .doc = "never"},
    {"size_vram", MAY("integer"), .doc = "0"},
    {"context_length", MAY("integer"), .doc = "tokens of the context"},
    {0},
};
static const struct field *const tag[] = {tag_rows, NULL};
static const struct field tags_rows[] = {
    {"models", IS("object[]"), .members = tag, .doc = "the served one"},
    {0},
};
const struct field *const answer_ollama_tags[] = {tags_rows, NULL};

static const struct field embed_rows[] = {
    {"model", IS("string"), .doc = "the served model"},
    {"embeddings", IS("array[]"), .doc = "one for each input"},
    {"total_duration", IS("integer"), .doc = "nanoseconds"},
    {"load_duration", IS("integer"), .doc = "0: it is loaded"},
    {"prompt_eval_count", IS("integer"), .doc = "tokens of all inputs"},
    {0},
};
const struct field *const answer_ollama_embed[] = {embed_rows, NULL};

static const struct field embedding_rows[] = {
    {"embedding", IS("number[]"), .doc = "of the prompt"},
    {0},
};
const struct field *const answer_ollama_embedding[] = {embedding_rows, NULL};

static const struct field version_rows[] = {
    {"version", IS("string"), .doc = "the program's"},
    {0},
};
const struct field *const answer_program[] = {version_rows, NULL};

static const struct field show_rows[] = {
    {"modelfile", IS("string"), .doc = "empty"},
    {"parameters", IS("string"), .doc = "empty"},
    {"template", IS("string"), .doc = "in Jinja"},
    {"details", IS("object"), .members = facts, .doc = "of the model"},
    {"model_info", IS("object"), .doc = "architecture, parameters, context"},
    {"capabilities", IS("string[]"), .doc = "completion, tools, thinking"},
    {"modified_at", IS("string"), .doc = "when the file was written"},
    {0},
};
const struct field *const answer_ollama_show[] = {show_rows, NULL};
