/* reward/code/languages.c - see languages.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/code/languages.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include "reward/code/python_driver.h"

/* clang-format off */
static const struct language table[] = {
    {"python", "python3 py py3 pypy pypy3", "3", "main.py", {NULL}, NULL,
     {"python3", "-S", "-c", PYTHON_DRIVER_RUN, NULL}, false, true, "print('ok')"},
    {"c", "c11 c17 gcc", "17", "main.c",
     {"gcc", "-O2", "-std=gnu17", "-w", "-o", "program", "main.c", "-lm", NULL}, "program", {"./program", NULL}, false, false,
     "#include <stdio.h>\nint main(void){puts(\"ok\");}"},
    {"cpp", "c++ c++17 c++20 cpp17 cpp20 g++ cxx cc", "20", "main.cpp",
     {"g++", "-O2", "-std=gnu++20", "-w", "-o", "program", "main.cpp", NULL}, "program", {"./program", NULL}, false, false,
     "#include <iostream>\nint main(){std::cout << \"ok\";}"},
    {"bash", "sh shell", "5", "main.sh", {NULL}, NULL, {"bash", "main.sh", NULL}, false, false, "echo ok"},
    {"javascript", "js node nodejs", "18", "main.js", {NULL}, NULL, {"node", "main.js", NULL}, true, false,
     "console.log('ok')"},
    {"perl", "pl", "5", "main.pl", {NULL}, NULL, {"perl", "main.pl", NULL}, false, false, "print 'ok'"},
    {"ruby", "rb", "3", "main.rb", {NULL}, NULL, {"ruby", "main.rb", NULL}, false, false, "puts 'ok'"},
    {"lua", "", "5", "main.lua", {NULL}, NULL, {"lua", "main.lua", NULL}, false, false, "print('ok')"},
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
    const char *name = l->compile[0] != NULL ? l->compile[0] : l->run[0];
    bool found = false;
    for (size_t i = 0; !found && i < sizeof(folders) / sizeof(folders[0]); i++) {
        char path[64];
        snprintf(path, sizeof(path), "%s/%s", folders[i], name);
        found = access(path, X_OK) == 0;
    }
    return found;
}

/* ---- fences ---------------------------------------------------------------------------------------- */

struct fence {
    char mark;
    size_t length;
    struct span info; /* first word after the marks */
};

/* At most three spaces, then three or more of one mark. */
static bool read_fence(struct span line, struct fence *f)
{
    size_t i = 0;
    while (i < line.n && i < 3 && line.p[i] == ' ') {
        i++;
    }
    if (i == line.n || (line.p[i] != '`' && line.p[i] != '~')) return false;
    f->mark = line.p[i];
    size_t from = i;
    while (i < line.n && line.p[i] == f->mark) {
        i++;
    }
    f->length = i - from;
    struct span rest = span_trim(span_slice(line, i, line.n));
    if (f->mark == '`' && span_find(rest, span_str("`"), 0) != SPAN_NONE) return false;
    size_t word = 0;
    while (word < rest.n && !isspace((unsigned char)rest.p[word]) && rest.p[word] != '{' &&
           rest.p[word] != ',') {
        word++;
    }
    f->info = span_slice(rest, 0, word);
    return f->length >= 3;
}

static bool closes(const struct fence *open, const struct fence *f)
{
    return f->mark == open->mark && f->length >= open->length && f->info.n == 0;
}

struct span language_last_fence(struct span text, const struct language *l,
                                const struct language **which)
{
    struct span found = {NULL, 0};
    struct fence open = {0}, f;
    size_t body = 0;
    *which = NULL;
    for (size_t at = 0; at < text.n;) {
        size_t end = span_find(text, span_str("\n"), at);
        size_t next = end == SPAN_NONE ? text.n : end + 1;
        struct span line = span_slice(text, at, end == SPAN_NONE ? text.n : end);
        if (!read_fence(line, &f)) {
            at = next;
            continue;
        }
        if (open.length == 0) {
            open = f;
            body = next;
        } else if (closes(&open, &f)) {
            const struct language *own = language_find(open.info);
            if (l == NULL || own == l) {
                found = span_slice(text, body, at);
                *which = own;
            }
            open.length = 0;
        }
        at = next;
    }
    return found;
}
