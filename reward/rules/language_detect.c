/* reward/rules/language_detect.c - see language_detect.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "reward/rules/language_detect.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>
#include <textcat.h>
#include <unistd.h>

enum { MIN_BYTES = 40 };

/* What is so near to the best guess is as good. */
static const double LIKELY = 1.01;

static const char FOLDER[] = "/usr/share/libexttextcat/";

/* Its profiles of the languages that the reward knows; names as its own fpdb.conf has them. */
static const char PROFILES[] =
    "en.lm en--utf8\nde.lm de--utf8\nfr.lm fr--utf8\nes.lm es--utf8\npt.lm pt--utf8\n"
    "it.lm it--utf8\nnl.lm nl--utf8\npl.lm pl--utf8\nvi.lm vi--utf8\ntr.lm tr--utf8\n"
    "id.lm id--utf8\nru.lm ru--utf8\nuk.lm uk--utf8\nbg.lm bg--utf8\nel.lm el--utf8\n"
    "zh-Hans.lm zh--utf8\nzh-Hant.lm zh--utf8\nja.lm ja--utf8\nko.lm ko--utf8\n"
    "ar.lm ar--utf8\nfa.lm fa--utf8\nhe.lm he--utf8\nhi.lm hi--utf8\nth.lm th--utf8\n";

/* Of a verifier process, which has one thread. */
static struct {
    void *handle; /* keeps the text at hand in itself */
    candidate_t *candidates;
} detector;

/* The library reads its list of profiles from a file. */
static void open_profiles(void)
{
    char path[40];
    int fd = memfd_create("profiles", MFD_CLOEXEC);
    if (fd < 0) return;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (write(fd, PROFILES, sizeof(PROFILES) - 1) == (ssize_t)sizeof(PROFILES) - 1) {
        detector.handle = special_textcat_Init(path, FOLDER);
    }
    close(fd);
    if (detector.handle == NULL) return;
    textcat_SetProperty(detector.handle, TCPROP_MINIMUM_DOCUMENT_SIZE, MIN_BYTES);
    detector.candidates = textcat_GetClassifyFullOutput(detector.handle);
}

bool language_detect_is_there(struct error *err)
{
    char path[sizeof(FOLDER) + 40];
    for (struct span rest = span_str(PROFILES), line; rest.n > 0;) {
        line = span_slice(rest, 0, span_find(rest, span_str(" "), 0));
        snprintf(path, sizeof(path), "%s%.*s", FOLDER, (int)line.n, line.p);
        if (access(path, R_OK) != 0) {
            return error_set(err, ERROR_NOT_AVAILABLE, NULL,
                             "the language profiles of libexttextcat are not in %s", FOLDER);
        }
        rest = span_slice(rest, span_find(rest, span_str("\n"), 0) + 1, rest.n);
    }
    return true;
}

bool language_detect_open(void)
{
    if (detector.candidates == NULL) open_profiles();
    return detector.candidates != NULL;
}

enum language_guess language_detect(struct span text, const char *language)
{
    assert(detector.candidates != NULL);
    int n = textcat_ClassifyFull(detector.handle, text.p, text.n, detector.candidates);
    enum language_guess guess = n > 0 ? GUESS_OTHER : GUESS_NONE;
    for (int i = 0; i < n; i++) { /* best first; a score is a distance */
        const candidate_t *c = &detector.candidates[i];
        bool likely = c->score <= detector.candidates[0].score * LIKELY;
        if (likely && strncmp(c->name, language, 2) == 0) guess = GUESS_SAME;
    }
    return guess;
}
