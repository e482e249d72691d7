/* server/cli/config.c - touchstone config: the documented default file, from the table of settings.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server/cli/cli.h"

int cli_config(int n, char **args)
{
    struct cli_settings s;
    static const struct cli_usage usage = {
        .text = "config\n\nPrint the documented default configuration file.\n"};
    if (!cli_read(&usage, NULL, &n, args, &s)) return CLI_USAGE;
    cli_settings_clear(&s);
    cli_settings_print_file(stdout);
    return cli_end_output();
}
