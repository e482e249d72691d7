/* server/cli/keyboard.h - waiting for a key on a terminal that is set up otherwise than usual (raw,
 * on a page of its own), so that no signal leaves it so: Ctrl-Z gives it back first and takes it
 * again afterwards.
 *
 * One user at a time, on the program's first thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_CLI_KEYBOARD_H
#define SERVER_CLI_KEYBOARD_H

#include <stdint.h>

/* What is waited on, and how the terminal is given back as it was, and taken again. */
struct keyboard {
    int fd; /* keys come from here; -1: from nowhere */
    void (*leave)(void *arg), (*enter)(void *arg);
    void *arg;
};

/* From now on Ctrl-Z (SIGTSTP) waits for keyboard_wait(), unless the program was begun with it ignored. */
void keyboard_begin(void);
/* Ctrl-Z stops the program at once again. */
void keyboard_end(void);

enum keyboard_news { KEYBOARD_KEY, KEYBOARD_TIME, KEYBOARD_SIGNAL };

/* Wait until k's fd can be read (or has ended), or until until_ns on clock_ns(), 0: without end.
 * KEYBOARD_SIGNAL: a signal came, or the program was stopped and goes on; see what the handlers
 * have noted and wait again. */
enum keyboard_news keyboard_wait(const struct keyboard *k, uint64_t until_ns);

/* For handlers of signals: the wait that is going on, or the next one, ends with KEYBOARD_SIGNAL,
 * whichever thread the signal came to. */
void keyboard_wake(void);

#endif
