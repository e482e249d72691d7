/* engine/sample/stop.h - the text of one sample as it grows: finding stop strings, holding back what is
 * not certain.
 *
 * Bytes go in token by token; out comes text that is certain to belong to the output. Held back are
 *  - the longest end of the text that a stop string could begin with, and
 *  - the first bytes of a character whose last ones have not come.
 * Where tokens begin and end does not matter: the result is a function of the bytes. The stop
 * string that counts is the one whose last byte comes first, and the longest of those. Bytes that
 * are not UTF-8 pass through as they are, so that the pieces put together are exactly the output;
 * who prints them decides what stands for them (JSON: U+FFFD).
 *
 * Thoughts. A stop string is meant for what a client sees as the answer. With stop_text_sleep() the strings
 * sleep from the opening tag, which the prompt may have written, to the closing one and the new
 * lines behind it; an output that does not begin with the tag (white space aside) is answer from its
 * first byte.
 *
 *   LOOKS --the tag is whole--> SLEEPS --closing tag--> TRAILS --no new line--> WATCHES
 *        \--another byte: what was looked at is fed anew-------------------------/
 *
 * A stop_set is read-only once made and may be shared by the samples of a request; a stop_text
 * belongs to the engine thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_STOP_H
#define ENGINE_SAMPLE_STOP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "engine/sample/sampling.h"

/* The stop strings of a request, with the tables that let them be found in one pass. */
struct stop_set;

/* Are these strings taken? Its errors are stop_set_new()'s. */
bool stop_set_check(const char *const *strings, int n, struct error *err);

/* n strings, copied. NULL and ERROR_INVALID_VALUE (naming "stop") for an empty string, too many
 * or too long ones; ERROR_NO_MEMORY. Free with stop_set_free(), which accepts NULL. */
struct stop_set *stop_set_new(const char *const *strings, int n, struct error *err);
/* Accepts NULL. */
void stop_set_free(struct stop_set *set);
/* String i; borrowed. */
struct span stop_set_string(const struct stop_set *set, int i);
/* Bytes of the longest; 0 for the empty set. */
size_t stop_set_longest(const struct stop_set *set);

/* A sample's text: what has not been given out yet, and how far each string is matched. */
struct stop_text {
    const struct stop_set *set; /* borrowed */
    struct buffer held;         /* not given out yet */
    unsigned short *matched;    /* [n] bytes of string i that the text ends with */
    bool include_stop;          /* a stop string found stays in the text */
    enum { STOP_WATCHES, STOP_LOOKS, STOP_SLEEPS, STOP_TRAILS } state;
    struct span open, close; /* the tags; borrowed */
    size_t in_tag;           /* bytes of the tag that is looked for, matched at the text's end */
    size_t looked_at;        /* STOP_LOOKS: bytes at the end of held that may become a tag */
};

/* False and ERROR_NO_MEMORY on failure. End with stop_text_clear(). */
bool stop_text_init(struct stop_text *t, const struct stop_set *set, bool include_stop,
                    struct error *err);
/* Before the first bytes: sleep in thoughts. opened: the prompt ends inside them. */
void stop_text_sleep(struct stop_text *t, struct span open, struct span close, bool opened);
/* Frees its memory. */
void stop_text_clear(struct stop_text *t);

/* More bytes of the output. Returns the number of the stop string that is now complete, or -1.
 * After a stop the held text is final and nothing may be fed. watch: false where stop strings do
 * not count yet (min_tokens): a string must then begin after these bytes. Memory can run out:
 * held.failed. */
int stop_text_feed(struct stop_text *t, struct span bytes, bool watch);

/* Bytes at the front of `held` that are certain now; with `last` (no more will come) all of them.
 * The caller uses them and drops them with buffer_drop(). */
size_t stop_text_ready(const struct stop_text *t, bool last);

#endif
