/* engine/sample/form/vocabulary.h - a model's vocabulary as forms see it: the bytes of its tokens, and which
 * of them may come next.
 *
 * The tokens' bytes lie in a few tries, made once when the model is loaded. A mask is found by
 * walking them, leaving out whatever stands below a byte that is refused; where any text may come
 * (slice.h), whole tries are allowed at once without a walk. Masks of states that come again are
 * copied from a bounded cache.
 *
 * Special tokens have no bytes where the output's text skips them, and are then refused outside of
 * thoughts. End tokens are allowed exactly where the output may end.
 *
 * form_mask() and form_accept() may be called by any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_VOCABULARY_H
#define ENGINE_SAMPLE_FORM_VOCABULARY_H

#include <stddef.h>

#include "engine/sample/form/form.h"

struct form_vocabulary;

/* The text of a token in an output; empty for special ones when they are skipped. */
typedef struct span form_text_fn(const void *arg, int id, bool skip_special);

/* For n_vocab tokens, the n_end ones at end_ids ending an output; arg and the texts are borrowed.
 * NULL and ERROR_NO_MEMORY on failure. Free with form_vocabulary_free(), which accepts NULL. */
struct form_vocabulary *form_vocabulary_new(int n_vocab, const int *end_ids, int n_end,
                                            form_text_fn *text, const void *arg, struct error *err);
/* Accepts NULL. */
void form_vocabulary_free(struct form_vocabulary *v);

/* What a thread needs while it makes masks. */
struct form_work {
    struct form_cursor *path;    /* [longest token + 1] */
    struct trie_place *places;   /* likewise */
    struct slice_search *slices; /* likewise owned */
    uint64_t *mask;              /* [n_vocab / 64, rounded up]: bit id % 64 of word id / 64 */
};

/* False and ERROR_NO_MEMORY on failure. End with form_work_clear(). */
bool form_work_init(struct form_work *w, const struct form_vocabulary *v, struct error *err);
/* Frees its memory. */
void form_work_clear(struct form_work *w);

/* w->mask: the tokens that may come after c, whose form is not NULL. skip_special: as the output's
 * text has it. False: the form has failed (form_has_failed), and no token may. */
bool form_mask(struct form_vocabulary *v, const struct form_cursor *c, bool skip_special,
               struct form_work *w);

static inline bool form_mask_has(const struct form_work *w, int id)
{
    return w->mask[id / 64] >> (id % 64) & 1;
}

/* Go on by a token. False when the mask does not have it, or the form has failed; c is then of no more use. An end token
 * leaves c as it is. */
bool form_accept(const struct form_vocabulary *v, struct form_cursor *c, int id, bool skip_special);

/* Where the form leaves one way: the first of the tokens that the way's bytes are, the longest token
 * at each place, at most `room` of them in ids. They are a guess: how the bytes are cut into tokens
 * is the model's to say. Returns how many. */
int form_forced(const struct form_vocabulary *v, const struct form_cursor *c, int *ids, int room);

/* Has a token no text, as special ones when they are skipped? */
bool form_is_silent(const struct form_vocabulary *v, int id, bool skip_special);

/* Masks found in the cache, and masks asked for. For tests and benchmarks. */
void form_vocabulary_counts(struct form_vocabulary *v, uint64_t *found, uint64_t *asked);

#endif
