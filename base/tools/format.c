/* base/tools/format.c - see format.h. Rows are looked through in order, so the more particular
 * telltales come first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/tools/format.h"

/* DeepSeek's marks: a full-width bar, and a low block for a blank. */
#define BAR "\xef\xbd\x9c"
#define GAP "\xe2\x96\x81"
#define DEEPSEEK(words) "<" BAR words BAR ">"
#define CALLS_BEGIN DEEPSEEK("tool" GAP "calls" GAP "begin")
#define CALLS_END DEEPSEEK("tool" GAP "calls" GAP "end")
#define CALL_BEGIN DEEPSEEK("tool" GAP "call" GAP "begin")
#define CALL_END DEEPSEEK("tool" GAP "call" GAP "end")
#define CALL_SEP DEEPSEEK("tool" GAP "sep")

static const struct tool_format formats[] = {
    {
        .name = "qwen3_coder",
        .family = "Qwen3-Coder and its like, in XML",
        .telltales = {"<function=", "<parameter="},
        .kind = TOOL_XML,
        .section_open = "<tool_call>",
        .alt_open = "<function=",
        .call_open = "<function=",
        .name_end = ">",
        .call_next = "<function=",
        .call_close = "</function>",
        .section_close = "</tool_call>",
        .begin = "",
        .before_name = "<tool_call>\n<function=",
        .after_name = ">\n",
        .after_arguments = "</function>\n</tool_call>",
        .between = "\n",
        .end = "",
    },
    {
        .name = "hermes",
        .family = "Hermes 2 and 3, Qwen2.5, Qwen3, QwQ, and models whose template tells nothing",
        .telltales = {"<tool_call>", NULL},
        .kind = TOOL_ENVELOPE,
        .section_open = "<tool_call>",
        .call_close = "</tool_call>",
        .begin = "",
        .before_name = "<tool_call>\n{\"name\": \"",
        .after_name = "\", \"arguments\": ",
        .after_arguments = "}\n</tool_call>",
        .between = "\n",
        .end = "",
    },
    {
        .name = "deepseek_v3",
        .family = "DeepSeek V3, R1 and its distilled models",
        .telltales = {CALLS_BEGIN, "```json"},
        .kind = TOOL_NAMED,
        .special = true,
        .text_arguments = true,
        .section_open = CALLS_BEGIN,
        .call_open = CALL_BEGIN "function" CALL_SEP,
        .name_end = "```json",
        .call_next = CALL_BEGIN "function" CALL_SEP,
        .call_close = "```" CALL_END,
        .section_close = CALLS_END,
        .begin = CALLS_BEGIN,
        .before_name = CALL_BEGIN "function" CALL_SEP,
        .after_name = "\n```json\n",
        .after_arguments = "\n```" CALL_END,
        .between = "\n",
        .end = CALLS_END,
    },
    {
        .name = "deepseek_v31",
        .family = "DeepSeek V3.1",
        .telltales = {CALLS_BEGIN, NULL},
        .kind = TOOL_NAMED,
        .special = true,
        .text_arguments = true,
        .section_open = CALLS_BEGIN,
        .call_open = CALL_BEGIN,
        .name_end = CALL_SEP,
        .call_next = CALL_BEGIN,
        .call_close = CALL_END,
        .section_close = CALLS_END,
        .begin = CALLS_BEGIN,
        .before_name = CALL_BEGIN,
        .after_name = CALL_SEP,
        .after_arguments = CALL_END,
        .between = "",
        .end = CALLS_END,
    },
    {
        .name = "mistral_args",
        .family = "Mistral Small 3.2, Magistral, Devstral: [TOOL_CALLS]name[ARGS]{...}",
        .telltales = {"[TOOL_CALLS]", "[ARGS]"},
        .kind = TOOL_NAMED,
        .special = true,
        .short_ids = true,
        .section_open = "[TOOL_CALLS]",
        .name_end = "[ARGS]",
        .call_next = "[TOOL_CALLS]",
        .begin = "",
        .before_name = "[TOOL_CALLS]",
        .after_name = "[ARGS]",
        .after_arguments = "",
        .between = "",
        .end = "",
    },
    {
        .name = "mistral",
        .family = "Mistral 7B v0.3, Nemo, Large: [TOOL_CALLS][{...}, ...]",
        .telltales = {"[TOOL_CALLS]", NULL},
        .kind = TOOL_ENVELOPE,
        .special = true,
        .short_ids = true,
        .section_open = "[TOOL_CALLS]",
        .call_open = "[",
        .call_next = ",",
        .section_close = "]",
        .begin = "[TOOL_CALLS][",
        .before_name = "{\"name\": \"",
        .after_name = "\", \"arguments\": ",
        .after_arguments = "}",
        .between = ", ",
        .end = "]",
    },
    {
        .name = "harmony",
        .family = "gpt-oss: the commentary channel, to=functions.name",
        .telltales = {"<|channel|>", "commentary"},
        .kind = TOOL_NAMED,
        .special = true,
        .section_open = "<|channel|>commentary to=functions.",
        .alt_open = " to=functions.", /* behind <|start|>assistant */
        .name_end = "<|message|>",
        .frames = {"<|start|>assistant", "<|channel|>final<|message|>",
                   "<|channel|>commentary<|message|>", "<|end|>", "<|call|>", "<|return|>"},
        .begin = "",
        .before_name = "<|channel|>commentary to=functions.",
        .after_name = " <|constrain|>json<|message|>",
        .after_arguments = "",
        .end = "",
        .may_begin = "<|start|>assistant",
        .think_open = "<|channel|>analysis<|message|>",
        .think_close = "<|end|>",
    },
    {
        .name = "llama3",
        .family = "Llama 3.1 to 3.3: bare JSON, or JSON behind <|python_tag|>",
        .telltales = {"ipython", "parameters"},
        .kind = TOOL_ENVELOPE,
        .at_start = true,
        .special = true,
        .section_open = "<|python_tag|>",
        .call_next = ";",
        .begin = "",
        .before_name = "{\"name\": \"",
        .after_name = "\", \"parameters\": ",
        .after_arguments = "}",
        .end = "",
    },
};

enum { N_FORMATS = sizeof(formats) / sizeof(formats[0]) };

const struct tool_format *tool_format_at(int i)
{
    return i < 0 || i >= N_FORMATS ? NULL : &formats[i];
}

const struct tool_format *tool_format_named(struct span name)
{
    for (int i = 0; i < N_FORMATS; i++) {
        if (span_is(name, formats[i].name)) return &formats[i];
    }
    return NULL;
}

static bool holds_all(struct span text, const struct tool_format *f)
{
    for (int i = 0; i < TOOL_FORMAT_TELLTALES && f->telltales[i] != NULL; i++) {
        if (span_find(text, span_str(f->telltales[i]), 0) == SPAN_NONE) return false;
    }
    return true;
}

const struct tool_format *tool_format_detect(struct span chat_template)
{
    for (int i = 0; i < N_FORMATS; i++) {
        if (holds_all(chat_template, &formats[i])) return &formats[i];
    }
    return tool_format_named(span_str("hermes"));
}
