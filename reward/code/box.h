/* reward/code/box.h - the folder that holds a cell's work directories, where the cell has no file
 * system of its own.
 *
 * A box belongs to whoever holds its lock: the two processes of a cell, which share one
 * descriptor. The kernel lets go of it when the last of them is gone, however that went; so a box
 * that can be locked is nobody's, and box_sweep() removes it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef REWARD_CODE_BOX_H
#define REWARD_CODE_BOX_H

#include <stdbool.h>
#include <stddef.h>

/* Users nobody else is, which cells become where the server is root: a range below nobody's. */
enum { BOX_FIRST_USER = 64100, BOX_USERS = 1200 };

/* Make a box and lock it for as long as this process or one forked from it lives. False: no place. */
bool box_make(char *path, size_t room);

/* Remove a box that this process has locked. False: something is left, for the next box_sweep(). */
bool box_remove(const char *path);

/* Remove the boxes of dead cells: those of this process's user, and, as root, of all users of cells. */
void box_sweep(void);

/* As root: become one of those users, which no living cell is. True when this process is one now. */
bool box_become_user(void);

#endif
