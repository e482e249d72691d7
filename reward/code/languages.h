/* reward/code/languages.h - the languages programs are written in: how to compile and run each.
 *
 * To add one: a row in languages.c. Whether it is installed shows when it is first run.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_LANGUAGES_H
#define REWARD_CODE_LANGUAGES_H

#include <stdbool.h>

#include "base/span.h"

enum { LANGUAGE_MAX_ARGS = 16 };

struct language {
    const char *name;
    const char *aliases;                    /* of fences and requests: words between spaces */
    const char *version;                    /* as Piston lists it; a constant of the table */
    const char *file;                       /* the program's name in the work directory */
    const char *compile[LANGUAGE_MAX_ARGS]; /* argv; none: interpreted */
    const char *product;                    /* what compiling makes, an executable; NULL: none */
    const char *run[LANGUAGE_MAX_ARGS];     /* argv */
    bool warm;         /* run[0] is kept warm (warm.h), run[1] the way it goes */
    bool reserves;     /* its runtime reserves address space by the gigabyte, so only
                                               resident memory can be limited */
    bool python;       /* calls and assertions can be tested */
    const char *probe; /* a program that prints ok */
    const char *needs; /* compile[0] is a shell that calls this; NULL: it is the compiler itself */
    double compile_s;  /* CPU seconds that its compiler may need even for a small program */
};

/* By name or alias, case ignored; NULL when there is none. */
const struct language *language_find(struct span name);

/* argv of compiling main (NULL: the file of the table) and more (NULL-terminated) together; argv
 * has room for `room` and the NULL. What does not fit is left out. */
void language_compile_argv(const struct language *l, const char *main, const char *const *more,
                           const char **argv, size_t room);

/* Is a file of that name one of the language's sources, by its extension? */
bool language_is_source(const struct language *l, const char *name);

/* Is its compiler or interpreter in a folder that programs are searched in? */
bool language_is_installed(const struct language *l);

/* The i-th, or NULL past the end. */
const struct language *language_at(int i);

/* The text of the last closed ``` block whose first word names l, or where no block does of the
 * last without a word (any block when l is NULL); p NULL when there is none. Fences as in
 * CommonMark 4.5: three or more backticks or tildes, closed by as many. *which: its language, or
 * NULL when the word names none. */
struct span language_last_fence(struct span text, const struct language *l,
                                const struct language **which);

#endif
