/* engine/sample/form/form_store.h - the forms that were asked for lately: an equal one is the same one.
 *
 * So a form that comes with every request is compiled once, and finds the masks that were made for
 * it. At most FORM_STORE forms are kept, the one unused longest going first; one that has grown past
 * FORM_STORE_BYTES by what its reader learnt is made anew when it is asked for. Any thread.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_SAMPLE_FORM_FORM_STORE_H
#define ENGINE_SAMPLE_FORM_FORM_STORE_H

#include "engine/sample/form/form.h"

enum { FORM_STORE = 64, FORM_STORE_BYTES = 8 << 20 }; /* forms; bytes of the largest one kept */

struct form_store;

/* NULL and ERROR_NO_MEMORY on failure. Free with form_store_free(), which accepts NULL; forms that others
 * own live on. */
struct form_store *form_store_new(struct error *err);
/* One owner less of each form kept. Accepts NULL. */
void form_store_free(struct form_store *s);

/* The form of source: known, or compiled now. The caller is one owner of it (form_free()). NULL
 * and the fault as form_new(). */
struct form *form_store_get(struct form_store *s, const struct form_source *source,
                            struct error *err);

#endif
