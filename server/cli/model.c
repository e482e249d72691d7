/* server/cli/model.c - touchstone model: what a model file holds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

enum { MAX_TEXT = 64 << 20 };

int cli_model(int n, char **args)
{
    bool as_json = false;
    const struct cli_flag flags[] = {{"--json", .on = &as_json}, {.name = NULL}};
    struct cli_settings s;
    static const struct cli_usage usage = {
        .text = "model [--json] PATH\n\nWhat a GGUF file or Hugging Face folder holds.\n",
        .flag_help = "  --json                       print one JSON object\n",
        .operands = 1,
        .one_more = "one PATH expected"};
    if (!cli_read(&usage, flags, &n, args, &s)) return CLI_USAGE;
    const char *path = n == 1 ? args[0] : s.engine.model_path;
    struct error err = {0};
    struct buffer text;
    buffer_init(&text, MAX_TEXT);
    int status = CLI_OK;
    if (path == NULL) {
        fprintf(stderr, "touchstone: one PATH expected (see touchstone model --help)\n");
        status = CLI_USAGE;
    } else if (!engine_describe(path, as_json, &text, &err)) {
        status = cli_fail(&err);
    } else {
        fwrite(text.p, 1, text.n, stdout);
        status = cli_end_output();
    }
    buffer_clear(&text);
    cli_settings_clear(&s);
    return status;
}
