/* reward/code/languages.c - see languages.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/languages.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "reward/rules/fence.h"

/* clang-format off */

/* Java's launchers look for their libraries beside themselves by way of /proc, which no run has. */
#define JAVA_HOME "h=$(readlink -f /usr/bin/java)\nh=${h%/bin/java}\nexport LD_LIBRARY_PATH=\"$h/lib\"\n"

/* A machine for one small program: few threads, no files beside its own. */
#define JVM "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData"
#define JVM_TOOL "-J-XX:+UseSerialGC -J-XX:TieredStopAtLevel=1 -J-XX:-UsePerfData"

/* A public class wants a file of its name; the class that has main() is the one that runs. */
#define BUILD_JAVA \
    JAVA_HOME \
    "public=$(sed -n 's/^[[:space:]]*public [a-z ]*class \\([A-Za-z0-9_]*\\).*/\\1/p' Main.java | head -n 1)\n" \
    "main=$(awk 'match($0, /(class|record|interface|enum) +[A-Za-z0-9_]+/) {split(substr($0, RSTART, RLENGTH), w, / +/); c = w[2]}\n" \
    "            /static +(final +)?void +main/ {print c; exit}' Main.java)\n" \
    "sed -i 's/^[[:space:]]*package .*;//' Main.java\n" \
    "[ \"${public:-Main}\" = Main ] || mv Main.java \"$public.java\"\n" \
    "\"$h/bin/javac\" " JVM_TOOL " -nowarn -encoding UTF-8 -d classes *.java &&\n" \
    "\"$h/bin/jar\" " JVM_TOOL " --create --file program.jar --main-class \"${main:-Main}\" -C classes ."
#define RUN_JAVA JAVA_HOME "exec \"$h/bin/java\" -Xss256m " JVM " -jar program.jar \"$@\""

/* Nothing is fetched, and the cache is the work directory's. */
#define BUILD_GO \
    "GOCACHE=$PWD/cache GOPATH=$PWD/path GOFLAGS=-p=2 GO111MODULE=off GOTOOLCHAIN=local CGO_ENABLED=0 " \
    "go build -o program main.go"

/* Its libraries lie beside the link that it is called by, else it asks /proc. */
#define BUILD_RUST \
    "mkdir -p bin && ln -sf /usr/bin/rustc bin/rustc && ln -sfn /usr/lib lib && " \
    "bin/rustc --sysroot /usr -C opt-level=2 -C codegen-units=1 --edition 2021 -A warnings -o program main.rs"

static const struct language table[] = {
    {.name = "python", .aliases = "python3 py py3 pypy pypy3", .version = "3", .file = "main.py",
     .run = {"python3", "run"}, .warm = true, .python = true, .probe = "print('ok')"},
    {.name = "c", .aliases = "c11 c17 gcc", .version = "17", .file = "main.c",
     .compile = {"gcc", "-O2", "-std=gnu17", "-w", "-o", "program", "main.c", "-lm"},
     .product = "program", .run = {"./program"}, .probe = "#include <stdio.h>\nint main(void){puts(\"ok\");}"},
    {.name = "cpp", .aliases = "c++ c++17 c++20 cpp17 cpp20 g++ cxx cc", .version = "20", .file = "main.cpp",
     .compile = {"g++", "-O2", "-std=gnu++20", "-w", "-o", "program", "main.cpp"},
     .product = "program", .run = {"./program"}, .probe = "#include <iostream>\nint main(){std::cout << \"ok\";}"},
    {.name = "java", .aliases = "java17 java21 jdk", .version = "17", .file = "Main.java",
     .compile = {"sh", "-c", BUILD_JAVA}, .product = "program.jar", .run = {"sh", "-c", RUN_JAVA, "java"},
     .probe = "class A { public static void main(String[] a) { System.out.println(\"ok\"); } }",
     .reserves = true, .needs = "javac", .compile_s = 30},
    {.name = "go", .aliases = "golang", .version = "1.19", .file = "main.go",
     .compile = {"sh", "-c", BUILD_GO}, .product = "program", .run = {"./program"},
     .probe = "package main\nimport \"fmt\"\nfunc main() { fmt.Println(\"ok\") }",
     .reserves = true, .needs = "go", .compile_s = 90},
    {.name = "rust", .aliases = "rs rustc", .version = "1.63", .file = "main.rs",
     .compile = {"sh", "-c", BUILD_RUST},
     .product = "program", .run = {"./program"}, .probe = "fn main() { println!(\"ok\"); }", .needs = "rustc", .compile_s = 30},
    {.name = "bash", .aliases = "sh shell", .version = "5", .file = "main.sh", .run = {"bash", "main.sh"}, .probe = "echo ok"},
    {.name = "javascript", .aliases = "js node nodejs", .version = "18", .file = "main.js", .run = {"node", "main.js"},
     .reserves = true, .probe = "console.log('ok')"},
    {.name = "perl", .aliases = "pl", .version = "5", .file = "main.pl", .run = {"perl", "main.pl"}, .probe = "print 'ok'"},
    {.name = "ruby", .aliases = "rb", .version = "3", .file = "main.rb", .run = {"ruby", "main.rb"}, .probe = "puts 'ok'"},
    {.name = "lua", .aliases = "", .version = "5", .file = "main.lua", .run = {"lua", "main.lua"}, .probe = "print('ok')"},
};
/* clang-format on */

enum { LANGUAGES = sizeof(table) / sizeof(table[0]) };

static bool same_word(struct span a, const char *word, size_t n)
{
    if (a.n != n) return false;
    for (size_t i = 0; i < n; i++) {
        if (tolower((unsigned char)a.p[i]) != word[i]) return false;
    }
    return true;
}

static bool has_alias(const struct language *l, struct span name)
{
    for (const char *p = l->aliases; *p != '\0';) {
        size_t n = strcspn(p, " ");
        if (same_word(name, p, n)) return true;
        p += n + (p[n] == ' ');
    }
    return false;
}

const struct language *language_find(struct span name)
{
    for (int i = 0; name.n > 0 && i < LANGUAGES; i++) {
        const struct language *l = &table[i];
        if (same_word(name, l->name, strlen(l->name)) || has_alias(l, name)) return l;
    }
    return NULL;
}

const struct language *language_at(int i)
{
    return i >= 0 && i < LANGUAGES ? &table[i] : NULL;
}

void language_compile_argv(const struct language *l, const char *main, const char *const *more,
                           const char **argv, size_t room)
{
    size_t n = 0;
    for (size_t i = 0; l->compile[i] != NULL && n < room; i++) {
        bool is_main = main != NULL && strcmp(l->compile[i], l->file) == 0;
        argv[n++] = is_main ? main : l->compile[i];
    }
    for (; *more != NULL && n < room; more++) {
        argv[n++] = *more;
    }
    argv[n] = NULL;
}

bool language_is_source(const struct language *l, const char *name)
{
    const char *own = strrchr(l->file, '.'), *other = strrchr(name, '.');
    return own != NULL && other != NULL && strcmp(own, other) == 0;
}

bool language_is_installed(const struct language *l)
{
    static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin"};
    const char *name = l->needs != NULL        ? l->needs
                       : l->compile[0] != NULL ? l->compile[0]
                                               : l->run[0];
    bool found = false;
    for (size_t i = 0; !found && i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "%s/%s", folders[i], name);
        found = access(path, X_OK) == 0;
    }
    return found;
}

struct span language_last_fence(struct span text, const struct language *l,
                                const struct language **which)
{
    struct span found = {NULL, 0}, unnamed = {NULL, 0};
    struct fence_block block;
    *which = NULL;
    for (size_t at = 0; fence_next(text, &at, &block);) {
        const struct language *own = language_find(block.word);
        if (block.word.n == 0) unnamed = block.content;
        if (l != NULL && own != l) continue;
        found = block.content;
        *which = own;
    }
    return found.p != NULL ? found : unnamed;
}
