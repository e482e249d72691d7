/* server/cli/main.c - the program: a table of commands.
 *
 * Exit status: 0 for a clean end, 2 for wrong usage, 1 for anything else, always with one clear
 * line on stderr.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "base/mem.h"
#include "server/cli/cli.h"

static const struct command {
    const char *name;
    int (*run)(int n, char **args);
    const char *help;
} commands[] = {
    {"serve", cli_serve, "serve the completions API and /verify over HTTP"},
    {"run", cli_run, "one completion to the terminal, streamed; or a conversation"},
    {"top", cli_top, "a server's figures as they move"},
    {"verify", cli_verify, "judge items of a JSONL file"},
    {"tokenize", cli_tokenize, "texts to token ids and back, a JSON line each"},
    {"template", cli_template, "render chat templates, a JSON line each"},
    {"bench", cli_bench, "measure prompt and decode speed"},
    {"model", cli_model, "what a model file holds"},
    {"key", cli_key, "make an API key and its line for the file of keys"},
    {"openapi", cli_openapi, "print the routes and their fields: OpenAPI, or Markdown"},
    {"config", cli_config, "print the documented default configuration file"},
};

#ifdef __clang__
#define COMPILER "clang"
#else
#define COMPILER "gcc"
#endif

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_usage(FILE *out)
{
    fprintf(out, "usage: touchstone COMMAND [options]\n\n");
    for (int i = 0; i < N_COMMANDS; i++) {
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    }
    fprintf(out, "\ntouchstone help COMMAND lists a command's options; touchstone --version its "
                 "version.\n");
}

static const struct command *find_command(const char *name)
{
    for (int i = 0; i < N_COMMANDS; i++) {
        if (strcmp(name, commands[i].name) == 0) return &commands[i];
    }
    return NULL;
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static int help(const char *about)
{
    static char flag[] = "--help";
    char *args[] = {flag, NULL};
    const struct command *c = about == NULL ? NULL : find_command(about);
    if (c != NULL) return c->run(1, args);
    if (about != NULL && !is_one_of(about, "help", "--help", "-h")) {
        fprintf(stderr, "touchstone: unknown command \"%.60s\"\n\n", about);
        print_usage(stderr);
        return CLI_USAGE;
    }
    print_usage(stdout);
    return cli_end_output();
}

/* What a closed standard stream leaves behind, a file or a socket of ours would take the number of. */
static void open_streams(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0) close(fd);
}

int main(int argc, char **argv)
{
    open_streams();
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow fails a write, as a full disk does */
    const char *name = argc > 1 ? argv[1] : "";
    mem_hook_json();
    judge_begin(argc, argv);
    const struct command *command = find_command(name);
    if (command != NULL) return command->run(argc - 2, argv + 2);
    if (is_one_of(name, "--help", "-h", "help")) return help(argc > 2 ? argv[2] : NULL);
    if (is_one_of(name, "--version", "-v", "-V")) {
        printf("touchstone %s\ncompiled by %s %s\n", TOUCHSTONE_VERSION, COMPILER, __VERSION__);
        return cli_end_output();
    }
    if (argc > 1) fprintf(stderr, "touchstone: unknown command \"%.60s\"\n\n", name);
    print_usage(stderr);
    return CLI_USAGE;
}
