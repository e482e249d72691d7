/* server/cli/openapi.c - touchstone openapi: the routes and their fields, for programs or for people.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

#include "server/describe/describe.h"
#include "server/routes/routes.h"

enum { MAX_TEXT = 64 << 20 };

int cli_openapi(int n, char **args)
{
    bool as_markdown = false;
    const struct cli_flag flags[] = {{"--markdown", .on = &as_markdown}, {.name = NULL}};
    static const struct cli_usage usage = {
        .text = "openapi [--markdown]\n\nPrint the OpenAPI 3.1 document that serve answers at "
                "/openapi.json.\n",
        .flag_help = "  --markdown                   as tables for people: docs/fields.md\n"};
    struct cli_settings s;
    struct error err = {0};
    struct buffer out;
    if (!cli_read(&usage, flags, &n, args, &s)) return CLI_USAGE;
    cli_settings_clear(&s);
    buffer_init(&out, MAX_TEXT);
    if (as_markdown) {
        describe_markdown(&routes, &out);
    } else {
        describe_openapi(&routes, &out);
        buffer_add_char(&out, '\n');
    }
    bool fine = !out.failed;
    if (fine) fwrite(out.p, 1, out.n, stdout);
    buffer_clear(&out);
    if (fine) return cli_end_output();
    error_set(&err, ERROR_NO_MEMORY, NULL, "out of memory for the document");
    return cli_fail(&err);
}
