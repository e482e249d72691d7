/* reward/code/workdir.h - the work directory of a run; inside the cell only.
 *
 * It is touched by path only while no program lives: before the run, and after the last process
 * of it has been reaped. Links a program left are never followed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_WORKDIR_H
#define REWARD_CODE_WORKDIR_H

#include "reward/code/walls.h"

/* Fresh and empty, at w->work. False and a reason in error. */
bool workdir_make(struct walls *w, const struct sandbox_limits *l, char *error, size_t room);

/* Write files into it. False and a reason in error. */
bool workdir_lay(const struct walls *w, const struct sandbox_file *files, size_t n, char *error,
                 size_t room);

/* A regular file of at most limit bytes, appended to out. False when it is none. */
bool workdir_fetch(const struct walls *w, const char *name, size_t limit, struct buffer *out);

/* Remove it and all in it. False: something is left. */
bool workdir_clear(const struct walls *w);

/* Is more in it than allowed? For work directories that are no file system of their own. */
bool workdir_exceeds(const struct walls *w, const struct sandbox_limits *l);

/* Could a run still fill it up to its limit? False: the machine's disk is full, by somebody else. */
bool workdir_has_room(const struct walls *w, const struct sandbox_limits *l);

/* Remove a folder and all below it, following no link. False: something is left after that time. */
bool workdir_remove(const char *path, int within_ms);

#endif
