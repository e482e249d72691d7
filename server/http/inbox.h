/* server/http/inbox.h - work for the loop thread, from any thread.
 *
 * A message is a function and its argument. The receiver takes the whole list under the lock and
 * acts outside it. Posting cannot fail: the message lives inside the sender's own object, so
 * nothing is allocated; it must not be posted again before it was delivered.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVER_HTTP_INBOX_H
#define SERVER_HTTP_INBOX_H

#include <uv.h>

struct message {
    void (*deliver)(struct message *m); /* loop thread; m is free again when it is called */
    struct message *next;               /* inbox's */
};

struct inbox {
    uv_mutex_t lock;
    struct message *first, **last;
};

/* 0, or libuv's error. */
int inbox_init(struct inbox *in); /* 0, or libuv's error */
void inbox_clear(struct inbox *in);

/* Any thread; then wake the loop. */
void inbox_post(struct inbox *in, struct message *m); /* any thread; then wake the loop */
void inbox_deliver(struct inbox *in);                 /* loop thread: oldest first */

#endif
